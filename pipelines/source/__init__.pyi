from .column_check import ColumnCheck, compare_columns
from .connection import connect_source, log_in_source
from .errors import LostLinkError, source_errors
from .extract import SourceRow, count_undated, extract_rows

__all__ = [
    "LostLinkError",
    "ColumnCheck",
    "SourceRow",
    "compare_columns",
    "connect_source",
    "count_undated",
    "extract_rows",
    "log_in_source",
    "source_errors",
]
