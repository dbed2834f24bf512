"""What a module of one's own derives its tasks from, and Luigi's own command runs.

`luigi --module pipelines.tasks LoadTable --table payments --date 2019-03-14`

To import this is to have failures recorded: where Luigi's command starts the run, no
code of ours does.
"""

from __future__ import annotations

from pipelines.events import register
from pipelines.load import (
    CreateTarget,
    DayEnded,
    LoadDay,
    LoadShard,
    LoadTable,
    LoadTableShard,
)
from pipelines.load_days import LoadDays

__all__ = [
    "CreateTarget",
    "DayEnded",
    "LoadDay",
    "LoadDays",
    "LoadShard",
    "LoadTable",
    "LoadTableShard",
]


register()
