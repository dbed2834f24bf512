from .child import JOB_VARIABLE
from .job import ATTEMPTS, Job, JobState, Priority, Progress, Result, Wish
from .memory_queue import MemoryJobQueue
from .metrics import serve_figures
from .queue import Heard, JobError, JobFilter, JobQueue, QueueFigures
from .sql_queue import SqlJobQueue
from .timing import Timing
from .worker import OUR_COMMAND, Worker

__all__ = [
    "ATTEMPTS",
    "Heard",
    "JOB_VARIABLE",
    "Job",
    "JobError",
    "JobFilter",
    "JobQueue",
    "JobState",
    "MemoryJobQueue",
    "OUR_COMMAND",
    "Priority",
    "Progress",
    "QueueFigures",
    "Result",
    "SqlJobQueue",
    "Timing",
    "Wish",
    "Worker",
    "serve_figures",
]
