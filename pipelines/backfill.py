"""Runs the loads of a range of days through Luigi, slice by slice.

What Luigi's scheduler takes for each task grows with the number of tasks it has, so it
gets some at a time; and consecutive days of a shard are one task, one extract and one
COPY. From the markers is told how it went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import batched

import luigi
from luigi.execution_summary import LuigiStatusCode
from luigi.task_register import Register

from pipelines import database, failures, history
from pipelines.alerts.events import about_each, tell_all
from pipelines.alerts.outbox import Event
from pipelines.catalog import Shard, Table
from pipelines.days import is_ready, ready_at
from pipelines.errors import NotReadyError, ShardlineError
from pipelines.grouping import Group, groups
from pipelines.load_days import LoadDays
from pipelines.reload_days import RecheckDays, reload_of
from pipelines.runner import (
    ExitCode,
    How,
    begin,
    build_patiently,
    exit_code_for,
)
from pipelines.settings import Settings
from pipelines.spans import Span
from pipelines.table_tasks import task_class
from pipelines.warehouse.markers import Day, Marker
from pipelines.warehouse.memo import memo
