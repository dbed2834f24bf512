from .column_check import ColumnCheck, compare_columns
from .connection import SourceConnection, connect_source, log_in_source
from .errors import LostLinkError
from .extract import SourceRow, count_undated, extract_rows

__all__ = [
    "LostLinkError",
    "ColumnCheck",
    "SourceConnection",
    "SourceRow",
    "compare_columns",
    "connect_source",
    "count_undated",
    "extract_rows",
    "log_in_source",
]
