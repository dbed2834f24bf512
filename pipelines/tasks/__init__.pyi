from .base import PrecheckedTask, WatchedTask
from .class_lookup import (
    about_loads,
    day_task,
    own_class,
    shard_task,
    task_name,
)
from .event_handlers import (
    EXIT_CODES,
    LATE_AFTER,
    begin_in_parent,
    register_handlers,
)
from .load import CreateTarget, DayEnded, LoadDay, LoadShard, LoadTable, LoadTableShard
from .load_days import LoadDays
from .luigid import (
    ForeignTaskError,
    PatientScheduler,
    check_luigid,
    is_luigid_named,
    luigid_gone,
)
from .reload_days import recheck_of, reload_of

__all__ = [
    "EXIT_CODES",
    "LATE_AFTER",
    "CreateTarget",
    "DayEnded",
    "ForeignTaskError",
    "LoadDay",
    "LoadDays",
    "LoadShard",
    "LoadTable",
    "LoadTableShard",
    "PatientScheduler",
    "PrecheckedTask",
    "WatchedTask",
    "about_loads",
    "begin_in_parent",
    "check_luigid",
    "day_task",
    "is_luigid_named",
    "luigid_gone",
    "own_class",
    "recheck_of",
    "register_handlers",
    "reload_of",
    "shard_task",
    "task_name",
]
