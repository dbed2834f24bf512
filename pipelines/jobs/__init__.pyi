from .job import ATTEMPTS, Job, JobState, Priority, Progress, Result, Wish
from .memory_queue import MemoryJobQueue
from .queue import Heard, JobError, JobFilter, JobQueue, QueueFigures
from .sql_queue import SqlJobQueue

__all__ = [
    "ATTEMPTS",
    "Heard",
    "Job",
    "JobError",
    "JobFilter",
    "JobQueue",
    "JobState",
    "MemoryJobQueue",
    "Priority",
    "Progress",
    "QueueFigures",
    "Result",
    "SqlJobQueue",
    "Wish",
]
