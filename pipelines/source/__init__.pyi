from .column_check import compare_columns
from .connection import connect_source, log_in_source
from .errors import source_errors
from .extract import SourceRow, extract_rows

__all__ = [
    "SourceRow",
    "compare_columns",
    "connect_source",
    "extract_rows",
    "log_in_source",
    "source_errors",
]
