from .attempts import Transfer, load_with_retries
from .source_reads import ask_warehouse, read_with_retries, source_markers
from .transfer import TransferWatcher, load_missing_days, reload_days

__all__ = [
    "Transfer",
    "ask_warehouse",
    "TransferWatcher",
    "load_missing_days",
    "load_with_retries",
    "read_with_retries",
    "reload_days",
    "source_markers",
]
