from .alarm_clock import alarms
from .console import print_json, print_line, say, say_exactly, warn
from .container_init import become_init_if_first
from .exit_codes import ExitCode, exit_code_of
from .failure_lines import failure_log, is_lasting, lines_to_print, note_failure
from .known_errors import LATER, ErrorTable, KnownErrors, Verdict
from .logs import (
    LOG_FORMATS,
    LOG_FORMAT_VARIABLE,
    clean_log_records,
    is_json,
    log_context,
    set_up_logging,
    set_verbosity,
)
from .memory_limit import limit_memory
from .processes.errors import (
    BusyPoolError,
    ClosedPoolError,
    DeadProcessError,
    DefectiveCallError,
    LargeResultError,
    LateCallError,
)
from .processes.pool import PoolFigures, ProcessPool
from .progress_report import PROGRESS_VARIABLE, ProgressFile, telling_progress
from .retries import RunRetries, ask_with_retries, retrying, run_retries
from .run_ledger import LedgerEntry, ledger
from .shared_records import SharedRecords
from .signals import GRACE, Stop, die_with_parent, stopper
from .time_limit import TimeLimit, ask_before_the_end, cut_after, finish_within
from .uncaught import log_uncaught

__all__ = [
    "BusyPoolError",
    "ClosedPoolError",
    "DeadProcessError",
    "DefectiveCallError",
    "ErrorTable",
    "ExitCode",
    "GRACE",
    "KnownErrors",
    "LATER",
    "LOG_FORMATS",
    "LOG_FORMAT_VARIABLE",
    "LargeResultError",
    "LateCallError",
    "LedgerEntry",
    "PROGRESS_VARIABLE",
    "PoolFigures",
    "ProcessPool",
    "ProgressFile",
    "RunRetries",
    "SharedRecords",
    "Stop",
    "TimeLimit",
    "Verdict",
    "alarms",
    "ask_before_the_end",
    "ask_with_retries",
    "become_init_if_first",
    "clean_log_records",
    "cut_after",
    "die_with_parent",
    "exit_code_of",
    "failure_log",
    "finish_within",
    "is_json",
    "is_lasting",
    "ledger",
    "limit_memory",
    "lines_to_print",
    "log_context",
    "log_uncaught",
    "note_failure",
    "print_json",
    "print_line",
    "retrying",
    "run_retries",
    "say",
    "say_exactly",
    "set_up_logging",
    "set_verbosity",
    "stopper",
    "telling_progress",
    "warn",
]
