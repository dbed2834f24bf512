"""The client of a running sandbox's control channel: one line of JSON each way.

A request is `{"operation": name, ...arguments}`, its answer `{"result": value}` or
`{"error": one line, "kind": the exception's class}`. The channel is on loopback
only, and takes whoever knows the token in the addresses file. What a client held goes
on when that client goes away.
"""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from sandbox.faults import SandboxError
from sandbox.fill.requests import Filled
from sandbox.holds import Action, Caught, Failure, Rule, Verdict, When
from sandbox.smtp.control import SmtpControl
from sandbox.statements import Statement
from sandbox.telegram.control import TelegramControl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from sandbox.addresses import ControlAddress
    from sandbox.fill.requests import CsvFill, Days

# Longer than anything asked of a sandbox but `wait`, which brings its own deadline.
_ANSWER_TIMEOUT = 600.0


class ControlError(SandboxError):
    """The sandbox refused a request, or is gone; the message is one line.

    Attributes:
        kind: The class of what was raised in the sandbox, `""` when it is gone.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        """Keep the message and the kind of fault."""
        super().__init__(message)
        self.kind = kind


class Control:
    """One connection to a sandbox's control channel. Thread-safe, one call at a time.

    Every method raises ControlError when the sandbox refuses or is gone.

    Attributes:
        telegram: What concerns the Bot API alone.
        smtp: What concerns the mail server alone.
    """

    def __init__(self, address: ControlAddress) -> None:
        """Connect.

        Args:
            address: Host, port and token, as in the addresses file under `control`.

        Raises:
            ControlError: Nothing listens there, or what does has another token.
        """
        self._lock = threading.Lock()
        host, port, token = address
        try:
            self._socket = socket.create_connection((host, port), timeout=10)
        except OSError as error:
            raise ControlError(
                f"no sandbox at {host}:{port}: {error};"
                " start one with `python -m sandbox serve`"
            ) from None
        self._answers = self._socket.makefile("rb")
        try:
            self._ask({"token": token}, timeout=10)
        except ControlError:
            self.close()
            raise ControlError(
                f"what listens at {host}:{port} does not take this token: it is another"
                " sandbox than the one whose addresses were read"
            ) from None
        self.telegram = TelegramControl(self)
        self.smtp = SmtpControl(self)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Go away; the holds set here are removed by the sandbox."""
        self._answers.close()
        self._socket.close()

    def hold(  # noqa: PLR0913 - the fields of a Rule, named at the call
        self,
        statement: str,
        *,
        when: When = "before",
        action: Action = "hold",
        server: str = "*",
        database: str | None = None,
        client_pid: int | None = None,
        skip: int = 0,
        times: int = 1,
        failure: Failure | None = None,
    ) -> int:
        """Set a hold and return its id; see `sandbox.holds.Rule` for the arguments."""
        rule = Rule(
            statement,
            when=when,
            action=action,
            server=server,
            database=database,
            client_pid=client_pid,
            skip=skip,
            times=times,
            failure=failure or Failure(),
        )
        return int(self.call("hold", rule=asdict(rule)))

    def remove(self, hold: int) -> None:
        """Take a hold away; what it holds goes on."""
        self.call("remove", hold=hold)

    def wait(self, hold: int, *, count: int = 1, timeout: float = 30.0) -> list[Caught]:
        """Return what a hold has caught once that is at least `count`.

        Args:
            hold: Its id.
            count: How many catches to wait for.
            timeout: Deadline in seconds.

        Raises:
            TimeoutError: Fewer were caught in time.
        """
        try:
            answer = self._ask(
                {"operation": "wait", "hold": hold, "count": count, "timeout": timeout},
                timeout=timeout + 10,
            )
        except ControlError as error:
            if error.kind == "TimeoutError":
                raise TimeoutError(str(error)) from None
            raise
        return [_caught(one) for one in answer]

    def release(
        self,
        verdict: Verdict = "go",
        *,
        hold: int | None = None,
        caught: int | None = None,
        failure: Failure | None = None,
    ) -> int:
        """Let held connections go, kill them or fail them; return how many they were.

        Args:
            verdict: `go`, `kill` or `fail`.
            hold: Those of this hold only.
            caught: The one with this `Caught.id` only.
            failure: What `fail` answers with; by default what the hold was set with.
        """
        return int(
            self.call(
                "release",
                verdict=verdict,
                hold=hold,
                caught=caught,
                failure=asdict(failure) if failure else None,
            )
        )

    def holds(self) -> dict[int, Rule]:
        """Return the holds that are set, everybody's, by id."""
        answer = self.call("holds")
        return {
            int(one): Rule(**{**rule, "failure": Failure(**rule["failure"])})
            for one, rule in answer.items()
        }

    def held(self) -> list[Caught]:
        """Return the connections that are held now."""
        return [_caught(one) for one in self.call("held")]

    def start_log(self) -> None:
        """Begin to note the statements that reach the servers, from none."""
        self.call("start_log")

    def stop_log(self) -> None:
        """Note no more statements."""
        self.call("stop_log")

    def statements(self) -> list[Statement]:
        """Return the statements noted since `start_log`, oldest first."""
        return [Statement(**one) for one in self.call("statements")]

    def create_database(self, server: str, name: str) -> None:
        """Make an empty database of that name on a SQL Server."""
        self.call("create_database", server=server, name=name)

    def fill_samples(self, table: str, days: Days, *, rows: int, seed: int) -> Filled:
        """Fill a table of every shard with made-up rows; see `sandbox.fill.samples`."""
        first, last = days.first.isoformat(), days.last.isoformat()
        asked = {"table": table, "first": first, "last": last}
        return Filled(**self.call("fill_samples", **asked, rows=rows, seed=seed))

    def fill_csv(self, fill: CsvFill) -> Filled:
        """Fill shards from a CSV file; see `sandbox.fill.from_csv`."""
        return Filled(**self.call("fill_csv", **asdict(fill)))

    def ping(self) -> None:
        """Return if the sandbox answers."""
        self.call("ping")

    def stop(self) -> None:
        """Stop the sandbox."""
        self.call("stop")

    def call(self, operation: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        """Ask for any operation by name, as the methods above do."""
        return self._ask({"operation": operation, **arguments}, timeout=_ANSWER_TIMEOUT)

    def _ask(self, request: Mapping[str, object], *, timeout: float) -> Any:  # noqa: ANN401 - JSON
        line = json.dumps(request).encode() + b"\n"
        try:
            with self._lock:
                self._socket.settimeout(timeout)
                self._socket.sendall(line)
                answer = self._answers.readline()
        except (OSError, ValueError) as error:
            raise ControlError(f"the sandbox does not answer: {error}") from None
        if not answer.endswith(b"\n"):
            raise ControlError("the sandbox is gone: it was stopped, or it crashed")
        decoded = json.loads(answer)
        if "error" in decoded:
            raise ControlError(decoded["error"], decoded["kind"])
        return decoded["result"]


def _caught(fields: Mapping[str, Any]) -> Caught:
    return Caught(**{**fields, "failure": Failure(**fields["failure"])})
