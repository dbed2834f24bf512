"""Luigi's worker, with processes that live for the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import luigi
from luigi.task_register import Register
from luigi.worker import ContextManagedTaskProcess, TaskStatusReporter, Worker

from pipelines.runs.worker_pool import WorkerPool, WorkerProcess
from pipelines.runtime import RunRetries, run_retries
from pipelines.tasks import PatientScheduler


class PooledWorker(Worker):
    """One whose tasks are done by some processes, which stay when it ends."""

    def __init__(self, pool: WorkerPool, **how: object) -> None:
        """Make one.

        Args:
            pool: Who does the tasks, where there is more than one at a time.
            how: What Luigi's worker is told.
        """
        super().__init__(**how)
        self._pool = pool
        self._task_result_queue.close()
        self._task_result_queue = pool  # type: ignore[assignment]

    def _create_task_process(self, task: luigi.Task) -> object:
        process = super()._create_task_process(task)
        if not process.use_multiprocessing:
            return process
        return PooledTask(process, self._order(process), self._pool)

    def _order(self, process: ContextManagedTaskProcess) -> TaskOrder:
        reporter = process.status_reporter
        if not isinstance(self._scheduler, PatientScheduler):
            # What a child told its copy of this process's scheduler, nobody heard.
            reporter = TaskStatusReporter(
                *(_Unheard(), process.task.task_id, process.worker_id),
                reporter.scheduler_messages,
            )
        return TaskOrder(
            context=process.context,
            task=process.task,
            worker_id=process.worker_id,
            reporter=reporter,
            checks={
                "check_unfulfilled_deps": process.check_unfulfilled_deps,
                "check_complete_on_run": process.check_complete_on_run,
                "task_completion_cache": process.task_completion_cache,
            },
            retries=run_retries(),
        )


@dataclass(frozen=True)
class TaskOrder:
    """A task, as one of the processes does it.

    Attributes:
        context: What `[worker] task_process_context` names.
        task: The task.
        worker_id: The worker, as luigid knows it.
        reporter: Who is told how the task goes on.
        checks: What Luigi looks at before and after.
        retries: How the run goes on if it fails.
    """

    context: str | None
    task: luigi.Task
    worker_id: str
    reporter: TaskStatusReporter
    checks: dict[str, Any]
    retries: RunRetries

    def __call__(self) -> object:
        """Do it; what Luigi's worker takes from its queue."""
        vars(run_retries()).update(vars(self.retries))
        results: list[object] = []
        ContextManagedTaskProcess(
            *(self.context, self.task, self.worker_id, _Results(results)),
            *(self.reporter,),
            use_multiprocessing=True,
            **self.checks,
        ).run()
        # Luigi keeps every task that it has asked for another one.
        Register.clear_instance_cache()
        return results[-1]


@dataclass(frozen=True)
class _Results:
    found: list[object]

    def put(self, result: object) -> None:
        self.found.append(result)


class _Unheard:
    """A scheduler that nobody asks."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever Luigi tells it
        if name.startswith("__"):
            raise AttributeError(name)
        return self._ignore

    def _ignore(self, *_told: object, **_more: object) -> None:
        """Do nothing."""


class PooledTask:
    """A task that runs in one of the processes: what Luigi asks its own of.

    Attributes:
        task: The task.
        status_reporter: Who is told how it goes on.
        worker_timeout: How many seconds it may take; 0 if any.
        timeout_time: When they are over.
    """

    use_multiprocessing = True

    def __init__(
        self,
        like: ContextManagedTaskProcess,
        order: TaskOrder,
        pool: WorkerPool,
    ) -> None:
        """Prepare.

        Args:
            like: What Luigi would fork.
            order: The same, for one of the processes.
            pool: The processes.
        """
        self.task = like.task
        self.status_reporter = like.status_reporter
        self.worker_timeout = like.worker_timeout
        self.timeout_time = like.timeout_time
        self._order = order
        self._pool = pool
        self._process: WorkerProcess | None = None

    def start(self) -> None:
        """Begin."""
        self._process = self._pool.begin(self._order)

    def is_alive(self) -> bool:
        """Whether it has begun, and its process has not ended without a result."""
        return self._process is not None and self._process.is_alive()

    def terminate(self) -> None:
        """End it with its process."""
        if self._process is not None:
            self._process.terminate()

    @property
    def exitcode(self) -> int | None:
        """How its process ended, if it did."""
        return None if self._process is None else self._process.exitcode
