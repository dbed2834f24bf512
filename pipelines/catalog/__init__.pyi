from .batches import BatchSize, in_batches
from .columns import LONG_OCTETS, OCTETS_PER_UNIT
from .day_ranges import Bounds, DayRange, consecutive_days, group_days
from .days import (
    ONE_DAY,
    day_not_over,
    day_ready_at,
    half_open,
    is_day_ready,
    last_day_over,
)
from .partitions import Partition, Span
from .reports import LIVE, Report, read_reports
from .tables import (
    ALL_TABLES,
    Catalog,
    MAX_NAME_LENGTH,
    Shard,
    Table,
    describe_faults,
    pool_name,
    read_catalog,
    split_target,
    unknown_name,
)

__all__ = [
    "ALL_TABLES",
    "BatchSize",
    "Bounds",
    "Catalog",
    "DayRange",
    "LIVE",
    "LONG_OCTETS",
    "MAX_NAME_LENGTH",
    "OCTETS_PER_UNIT",
    "ONE_DAY",
    "Partition",
    "Report",
    "Shard",
    "Span",
    "Table",
    "consecutive_days",
    "day_not_over",
    "day_ready_at",
    "describe_faults",
    "group_days",
    "half_open",
    "in_batches",
    "is_day_ready",
    "last_day_over",
    "pool_name",
    "read_catalog",
    "read_reports",
    "split_target",
    "unknown_name",
]
