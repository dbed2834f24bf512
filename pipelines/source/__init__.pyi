from .column_check import ColumnCheck, compare_columns
from .connection import SourceConnection, connect_source, kept_sources, log_in_source
from .driver_rows import granted_packet_octets, why_tuples
from .errors import LostLinkError
from .extract import (
    Octets,
    SourceRow,
    count_undated,
    extract_encoded,
    extract_rows,
)

__all__ = [
    "LostLinkError",
    "ColumnCheck",
    "Octets",
    "SourceConnection",
    "SourceRow",
    "compare_columns",
    "connect_source",
    "count_undated",
    "extract_encoded",
    "extract_rows",
    "granted_packet_octets",
    "kept_sources",
    "log_in_source",
    "why_tuples",
]
