"""luigid, seen from a run: where it is, and patience with it while it is away."""

from __future__ import annotations

import json
import logging
import time
from typing import Any
from urllib.parse import urlsplit

import luigi.configuration
import luigi.interface
from luigi.rpc import RemoteScheduler, RPCError
from luigi.task_status import DISABLED, DONE, FAILED, PENDING
from tenacity import RetryCallState, Retrying, stop_after_delay, wait_fixed

from pipelines.errors import TransientError
from pipelines.runtime import mask_secrets, why_unreachable

logger = logging.getLogger(__name__)

OPTIONS = (
    "default-scheduler-host",
    "default-scheduler-url",
    "default_scheduler_host",
    "default_scheduler_url",
    "scheduler_host",
    "scheduler_url",
)
"""Options of Luigi's [core], old and new, that say where luigid is."""

STEP = "check [core] in luigi.cfg and that luigid is up, or use --local-scheduler"

WAIT = 2.0
"""Seconds between two attempts at a request."""

UNIMPORTANT = {
    "ping",
    "set_task_progress_percentage",
    "set_task_status_message",
}
"""Requests that are not repeated. Luigi forks no task during a ping, and the others
come again with newer words."""

NEVER_DISABLED = {"retry_count": 999_999_999, "disable_hard_timeout": 999_999_999}
"""The run itself repeats what fails, a finite number of times. Were luigid to count,
it would refuse a task for a day, to the next runs, too."""


def is_luigid_named() -> bool:
    """Whether the configuration says where luigid is."""
    core = luigi.configuration.get_config()
    return any(core.has_option("core", name) for name in OPTIONS)


def address() -> tuple[str, int]:
    """Host and port."""
    core = luigi.interface.core()
    url = urlsplit(core.scheduler_url)
    return url.hostname or core.scheduler_host, url.port or core.scheduler_port


def check_luigid(patience: float) -> None:
    """Ask whether it is there: Luigi itself would try for minutes, and say little.

    Args:
        patience: Seconds that it may be away.

    Raises:
        TransientError: It cannot be reached.
    """
    host, port = address()
    end = time.monotonic() + patience
    while unreachable := why_unreachable(host, port):
        if time.monotonic() >= end:
            raise TransientError(
                f"luigid {host}:{port} cannot be reached: {unreachable}", step=STEP
            )
        time.sleep(min(WAIT, max(0.0, end - time.monotonic())))


def luigid_gone() -> TransientError:
    """What an RPCError means; Luigi's own text may have a password in its URL."""
    host, port = address()
    unreachable = why_unreachable(host, port)
    why = f"cannot be reached: {unreachable}" if unreachable else "did not answer"
    return TransientError(f"luigid {host}:{port} went away: it {why}", step=STEP)


def log_in_one_line() -> None:
    """Have Luigi say in one line, without a traceback, that luigid is away."""
    logging.getLogger("luigi-interface").addFilter(_WITHOUT_TRACEBACK)


class _WithoutTraceback(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, RPCError):
            record.msg, record.args, record.exc_info = str(luigid_gone()), (), None
        elif isinstance(error, OSError):
            record.msg, record.args = mask_secrets(record.getMessage()), ()
            record.exc_info = None
        return True


_WITHOUT_TRACEBACK = _WithoutTraceback()


class PatientScheduler:
    """Luigi's remote scheduler for one run of a worker.

    It outlasts a luigid that is away for a while, has none of the run's tasks disabled,
    and can give back what the run did not finish.
    """

    def __init__(self, url: str, patience: float) -> None:
        """Connect when first asked.

        Args:
            url: Where luigid is.
            patience: Seconds that it may be away.
        """
        self._remote: Any = _Remote(url, patience)
        self._hasty: Any = _Remote(url, 0)
        self._disabled: set[str] | None = None
        self._running: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever Luigi asks
        """Any other request."""
        return getattr(self._hasty if name in UNIMPORTANT else self._remote, name)

    def add_task(self, **task: Any) -> Any:  # noqa: ANN401 - as Luigi sends it
        """Tell of a task, or of its new status."""
        if task["status"] == PENDING and task["task_id"] in self._were_disabled():
            self._remote.re_enable_task(task["task_id"])
        if task["status"] in (DONE, FAILED):
            self._running.pop(task["task_id"], None)
        return self._remote.add_task(**{**task, "retry_policy_dict": NEVER_DISABLED})

    def get_work(self, **asked: Any) -> Any:  # noqa: ANN401 - as luigid answers
        """Ask for the next task."""
        work = self._remote.get_work(**asked)
        if work["task_id"] is not None:
            self._running[work["task_id"]] = asked["worker"]
        return work

    def give_back(self, why: str) -> None:
        """Have other runs take what this one had begun: never raises for luigid."""
        try:
            for task_id, worker in list(self._running.items()):
                text = {"task_id": task_id, "worker": worker, "expl": json.dumps(why)}
                self._hasty.add_task(
                    **text, status=FAILED, retry_policy_dict=NEVER_DISABLED
                )
        except RPCError:
            logger.info("luigid keeps what was running until it misses this run")

    def _were_disabled(self) -> set[str]:
        """What luigid refuses since an earlier run, of Luigi's own or another's."""
        if self._disabled is None:
            self._disabled = set(self._remote.task_list(DISABLED, "", limit=False))
        return self._disabled


class _Remote(RemoteScheduler):
    def __init__(self, url: str, patience: float) -> None:
        super().__init__(url)
        self._patience = patience
        self._is_away = False

    def _get_retryer(self) -> Retrying:
        return Retrying(
            wait=wait_fixed(min(WAIT, self._patience / 4)),
            stop=stop_after_delay(self._patience),
            reraise=True,
            after=self._note,
        )

    def _note(self, _state: RetryCallState) -> None:
        if self._patience and not self._is_away:
            host, port = address()
            logger.warning(
                "luigid %s:%d does not answer; it is asked again for %g seconds",
                *(host, port, self._patience),
            )
        self._is_away = True
