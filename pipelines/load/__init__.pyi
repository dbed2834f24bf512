from .attempts import Transfer, load_with_retries
from .encoding import DayEncoders
from .replacement import is_replaced
from .shared_findings import once_a_run
from .source_reads import ask_warehouse, read_with_retries, source_markers
from .transfer import load_missing_days, reload_days
from .transfer_watcher import TransferWatcher
from .undated import describe_undated, undated_of_shard

__all__ = [
    "DayEncoders",
    "Transfer",
    "TransferWatcher",
    "ask_warehouse",
    "describe_undated",
    "is_replaced",
    "load_missing_days",
    "load_with_retries",
    "once_a_run",
    "read_with_retries",
    "reload_days",
    "source_markers",
    "undated_of_shard",
]
