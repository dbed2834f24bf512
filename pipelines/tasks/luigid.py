"""luigid, seen from a run: where it is, and patience with it while it is away."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import luigi.configuration
import luigi.interface
import luigi.rpc
from luigi.rpc import RemoteScheduler, RequestsFetcher, RPCError
from luigi.task_status import DISABLED, DONE, FAILED, PENDING
from tenacity import RetryCallState, Retrying, stop_after_delay, wait_fixed

from pipelines.errors import ConfigurationError, PermanentError, TransientError
from pipelines.network import BoundedSession, why_unreachable
from pipelines.runtime import clean_log_records, failure_log
from pipelines.tasks.base import explained
from pipelines.text import known_secrets, mask_secrets

logger = logging.getLogger(__name__)

OPTIONS = (
    "default-scheduler-host",
    "default-scheduler-port",
    "default-scheduler-url",
    "default_scheduler_host",
    "default_scheduler_port",
    "default_scheduler_url",
    "scheduler_host",
    "scheduler_port",
    "scheduler_url",
)
"""Options of Luigi's [core], old and new, that say where luigid is."""

PORTS = {"http": 80, "https": 443}
"""The port of a URL that names none."""

STEP = "check [core] in luigi.cfg and that luigid is up, or use --local-scheduler"

ANSWER_OCTETS = 64 << 20
"""Most octets of an answer: of a long run, luigid lists all tasks."""

WAIT = 2.0
"""Seconds between two attempts at a request."""

UNIMPORTANT = {
    "ping",
    "set_task_progress_percentage",
    "set_task_status_message",
}
"""Requests that are not repeated. Luigi forks no task during a ping, and the others
come again with newer words."""

Kind = type | UnionType

WORK: Mapping[str, Kind] = {
    "task_id": str | None,
    "running_tasks": list,
    "n_pending_tasks": int,
    "n_unique_pending": int,
}
"""What Luigi's worker reads of an answer to a request for work."""

NEVER_DISABLED = {"retry_count": 999_999_999, "disable_hard_timeout": 999_999_999}
"""The run itself repeats what fails, a finite number of times. Were luigid to count,
it would refuse a task for a day, to the next runs, too."""


def is_luigid_named() -> bool:
    """Whether the configuration says where luigid is, and not to do without it."""
    config = luigi.configuration.get_config()
    is_named = any(config.has_option("core", name) for name in OPTIONS)
    return is_named and not luigi.interface.core().local_scheduler


@dataclass(frozen=True)
class SchedulerAddress:
    """Where luigid is.

    Attributes:
        url: Its URL.
        host: Its host.
        port: Its port.
        proxy: Through which proxy of the environment it is asked, or "".
    """

    url: str
    host: str
    port: int
    proxy: str

    @classmethod
    def find(cls) -> SchedulerAddress:
        """The one that [core] names.

        Raises:
            ConfigurationError: Its URL is not one of HTTP.
        """
        core = luigi.interface.core()
        url = core.scheduler_url
        url = url or f"http://{core.scheduler_host}:{core.scheduler_port}/"
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise _wrong(url) from None
        if not parts.hostname:
            raise _wrong(url)
        proxy = _proxy_of(url)
        for login in (parts, urlsplit(proxy)):
            known_secrets().add(login.password or "", login.username or "")
            known_secrets().add(unquote(login.password or ""), login.username or "")
        return cls(url, parts.hostname, port, proxy)

    def __str__(self) -> str:
        """Host and port, and the proxy."""
        direct = f"luigid {self.host}:{self.port}"
        if not self.proxy:
            return direct
        return f"{direct} (through the proxy {mask_secrets(self.proxy)})"

    @property
    def step(self) -> str:
        """What to do when it does not answer."""
        if self.proxy:
            return f"name {self.host} in NO_PROXY if it needs no proxy; {STEP}"
        return STEP

    def why_unreachable(self) -> OSError | None:
        """Why it, or its proxy, cannot be connected to; None if it can."""
        if not self.proxy:
            return why_unreachable(self.host, self.port)
        proxy = urlsplit(self.proxy)
        return why_unreachable(
            proxy.hostname or "", proxy.port or PORTS.get(proxy.scheme, 80)
        )


def _wrong(url: str) -> ConfigurationError:
    return ConfigurationError(
        f"[core] scheduler_url: {mask_secrets(url)!r} is not where a luigid can be",
        step="write http://HOST:PORT or https://HOST:PORT",
    )


def _proxy_of(url: str) -> str:
    """The proxy that whatever Luigi asks with takes from the environment."""
    if luigi.rpc.HAS_REQUESTS:
        from requests.utils import get_environ_proxies, select_proxy  # noqa: PLC0415

        return select_proxy(url, get_environ_proxies(url, no_proxy=None)) or ""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return ""
    return getproxies().get(parts.scheme, "")


def check_luigid(patience: float) -> None:
    """Ask whether it is there: Luigi itself would try for minutes, and say little.

    Args:
        patience: Seconds that it may be away.

    Raises:
        TransientError: It cannot be reached.
        ConfigurationError: It cannot be anywhere.
    """
    luigid = SchedulerAddress.find()
    end = time.monotonic() + patience
    while unreachable := luigid.why_unreachable():
        if time.monotonic() >= end:
            raise TransientError(
                f"{luigid} cannot be reached: {unreachable}", step=luigid.step
            )
        time.sleep(min(WAIT, max(0.0, end - time.monotonic())))
    if luigid.proxy:
        # Only an answer tells whether the proxy lets through.
        remote: Any = _Remote(luigid.url, 0)
        try:
            remote.is_paused()
        except RPCError:
            raise luigid_gone() from None


def luigid_gone() -> TransientError:
    """What an RPCError means; Luigi's own text may have a password in its URL."""
    try:
        luigid = SchedulerAddress.find()
    except ConfigurationError as error:  # plain `luigi` may know a way there
        return TransientError(f"luigid went away: {error.cause}", step=STEP)
    unreachable = luigid.why_unreachable()
    why = f"cannot be reached: {unreachable}" if unreachable else "did not answer"
    return TransientError(f"{luigid} went away: it {why}", step=luigid.step)


def log_in_one_line() -> None:
    """Have Luigi say in one line, without a traceback, that luigid is away."""
    clean_log_records()
    logging.getLogger("luigi-interface").addFilter(_WITHOUT_TRACEBACK)


class _WithoutTraceback(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, RPCError):
            record.msg, record.args = str(luigid_gone()), ()
        if isinstance(error, RPCError | OSError):
            record.exc_info = record.exc_text = None
        return True


_WITHOUT_TRACEBACK = _WithoutTraceback()


class ForeignTaskError(PermanentError):
    """luigid gave a run what is none of its tasks."""


class PatientScheduler:
    """Luigi's remote scheduler for one run of a worker.

    It outlasts a luigid that is away for a while, has none of the run's tasks disabled,
    and can give back what the run did not finish. It takes nothing that the run did not
    add: whoever reaches luigid could name any module, which Luigi would import and run.
    """

    def __init__(self, url: str, patience: float) -> None:
        """Connect when first asked.

        Args:
            url: Where luigid is.
            patience: Seconds that it may be away.
        """
        self._address = url, patience
        self._remote: Any = _Remote(url, patience)
        self._hasty: Any = _Remote(url, 0)
        self._disabled: set[str] | None = None
        self._added: set[str] = set()
        self._running: dict[str, str] = {}
        self._is_paused = False

    def __reduce__(self) -> tuple[Callable[..., PatientScheduler], tuple[str, float]]:
        """In another process it is that process's own, which keeps its connection."""
        return _scheduler_of_process, self._address

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever Luigi asks
        """Any other request."""
        return getattr(self._hasty if name in UNIMPORTANT else self._remote, name)

    def add_task(self, **task: Any) -> Any:  # noqa: ANN401 - as Luigi sends it
        """Tell of a task, or of its new status."""
        if task["status"] == PENDING and task["task_id"] in self._were_disabled():
            self._remote.re_enable_task(task["task_id"])
        self._added.add(task["task_id"])
        if task["status"] in (DONE, FAILED):
            self._running.pop(task["task_id"], None)
        return self._remote.add_task(**{**task, "retry_policy_dict": NEVER_DISABLED})

    def announce_scheduling_failure(self, **told: Any) -> Any:  # noqa: ANN401 - the same
        """Tell of what could not be scheduled, which luigid may mail."""
        text = explained(told["expl"])
        return self._remote.announce_scheduling_failure(**{**told, "expl": text})

    def get_work(self, **asked: Any) -> Any:  # noqa: ANN401 - as luigid answers
        """Ask for the next task.

        Raises:
            ForeignTaskError: It is none of this run's.
        """
        work = _checked(self._remote.get_work(**asked), WORK)
        if work["task_id"] is None and "batch_id" not in work:
            if not self._running:  # then the run ends with that
                self._tell_of_a_pause()
            return work
        if work["task_id"] not in self._added:
            raise ForeignTaskError(
                f"{SchedulerAddress.find()} gives this run"
                f" {work['task_id'] or 'a batch of tasks'!r}, which"
                " it did not add; it was not run",
                step="see who else can reach luigid, and run it again",
            )
        self._running[work["task_id"]] = asked["worker"]
        return work

    def ping(self, **asked: Any) -> Any:  # noqa: ANN401 - as luigid answers
        """Tell that the run is there; what luigid asks for then, if it can be that."""
        answer = self._hasty.ping(**asked)
        return _checked(answer, {"rpc_messages": list}) if answer else None

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

    def _tell_of_a_pause(self) -> None:
        """Say once if nothing is to be had since somebody paused luigid."""
        if self._is_paused:
            return
        if _checked(self._remote.is_paused(), {"paused": bool})["paused"]:
            self._is_paused = True
            failure_log().add(
                f"{SchedulerAddress.find()} is paused and gives nothing to do; let it"
                " go on from its page, and run it again"
            )

    def _were_disabled(self) -> set[str]:
        """What luigid refuses since an earlier run, of Luigi's own or another's."""
        if self._disabled is None:
            listed = self._remote.task_list(DISABLED, "", limit=False)
            self._disabled = set(_checked(listed, {}))
        return self._disabled


@cache
def _scheduler_of_process(url: str, patience: float) -> PatientScheduler:
    return PatientScheduler(url, patience)


def _checked(answer: Any, kinds: Mapping[str, Kind]) -> Any:  # noqa: ANN401 - JSON
    """An answer, if it has such values by these names.

    Raises:
        RPCError: It has not, and so is not luigid's.
    """
    if isinstance(answer, dict) and all(
        isinstance(answer.get(name), kind) for name, kind in kinds.items()
    ):
        return answer
    raise RPCError("luigid did not answer")


class _Fetcher(RequestsFetcher):
    """Asks luigid, whose answers have an end, come in time and lead nowhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.session = BoundedSession(ANSWER_OCTETS)

    def check_pid(self) -> None:
        if self.process_id != os.getpid():
            self.__init__()  # type: ignore[misc]

    def fetch(self, full_url: str, body: dict[str, str], timeout: float) -> str:
        self.check_pid()
        answer = self.session.ask(full_url, data=body, timeout=timeout)
        answer.raise_for_status()
        text: str = answer.content.decode()
        return text


class _Remote(RemoteScheduler):
    def __init__(self, url: str, patience: float) -> None:
        super().__init__(url)
        self._fetcher = _Fetcher()
        self._patience = patience
        self._is_away = False

    def _get_retryer(self) -> Retrying:
        return Retrying(
            wait=wait_fixed(min(WAIT, self._patience / 4)),
            stop=stop_after_delay(self._patience),
            reraise=True,
            after=self._note,
        )

    def _request(self, *asked: Any, **how: Any) -> Any:  # noqa: ANN401 - as Luigi asks
        """An answer that is not luigid's, such as a proxy's page, is none."""
        try:
            return super()._request(*asked, **how)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise RPCError("luigid did not answer", error) from error

    def _note(self, _state: RetryCallState) -> None:
        if self._patience and not self._is_away:
            logger.warning(
                "%s does not answer; it is asked again for %g seconds",
                *(SchedulerAddress.find(), self._patience),
            )
        self._is_away = True
