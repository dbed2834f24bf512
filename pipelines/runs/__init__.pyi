from .backfill import begin_run, do_work, recheck_range, run_range
from .backfill_work import Load, Purpose, Recheck, Reload, Work, find_work
from .luigi_configuration import check_luigi_options
from .luigi_run import LuigiOptions
from .metrics import publish_metrics
from .range_report import RangeReport
from .refresh import RefreshRequest, run_refresh

__all__ = [
    "Load",
    "LuigiOptions",
    "Purpose",
    "RangeReport",
    "Recheck",
    "RefreshRequest",
    "Reload",
    "Work",
    "begin_run",
    "check_luigi_options",
    "do_work",
    "find_work",
    "publish_metrics",
    "recheck_range",
    "run_range",
    "run_refresh",
]
