from .clear import ClearBatch, Holdings, clear_batches, delete_days, read_holdings
from .connection import (
    Connection,
    connect_warehouse,
    kept_warehouses,
    log_in_warehouse,
)
from .copy import copy_rows, copy_statement
from .errors import DuplicateKeyError, MissingRelationError
from .loaded_days import LoadedDays, read_loaded_days
from .marker_cache import cached_markers
from .markers import Marker, Markers, MarkersFound, SourceDay
from .replace import STAGING, replace_rows
from .rows import RowCount, count_rows, moved_rows, partition_values
from .schema import NAME_OCTETS, create_tables, staging_statement

__all__ = [
    "ClearBatch",
    "Connection",
    "DuplicateKeyError",
    "Holdings",
    "LoadedDays",
    "Marker",
    "Markers",
    "MarkersFound",
    "MissingRelationError",
    "NAME_OCTETS",
    "RowCount",
    "STAGING",
    "SourceDay",
    "cached_markers",
    "clear_batches",
    "connect_warehouse",
    "copy_rows",
    "copy_statement",
    "count_rows",
    "create_tables",
    "delete_days",
    "kept_warehouses",
    "log_in_warehouse",
    "moved_rows",
    "partition_values",
    "read_holdings",
    "read_loaded_days",
    "replace_rows",
    "staging_statement",
]
