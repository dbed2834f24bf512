"""The test's side of the sandbox's mail server: what goes wrong, and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.holds import Failure
from sandbox.smtp.mailbox import Mail

if TYPE_CHECKING:
    from sandbox.control import Control
    from sandbox.threaded_server import Outage

_SERVER = "smtp"
_ALL = 1_000_000


class SmtpControl:
    """Reach it as `Control.smtp`; every method raises ControlError as there."""

    def __init__(self, control: Control) -> None:
        """Ask through an open connection."""
        self._control = control

    def mails(self) -> list[Mail]:
        """Return the mails that were accepted, oldest first."""
        return [Mail.from_fields(one) for one in self._control.call("smtp.mails")]

    def clear(self) -> None:
        """Forget the mails; files stay."""
        self._control.call("smtp.clear")

    def demand(self, *, login: bool = False, tls: bool = False) -> None:
        """Take mails only from who logged in, or only after STARTTLS."""
        self._control.call("smtp.demand", login=login, tls=tls)

    def refuse(
        self,
        command: str = "RCPT",
        *,
        code: int = 550,
        text: str = "5.1.1 No such user here",
        times: int = _ALL,
    ) -> int:
        """Answer commands with an error.

        Args:
            command: A regular expression that the beginning of `MAIL FROM:<address>`,
                `RCPT TO:<address>` or `DATA` (the mail's end) must match.
            code: 5xx for good, 4xx for now.
            text: What follows it.
            times: How many commands.

        Returns:
            The id of the hold that does it, for `Control.remove`.
        """
        return self._control.hold(
            f"^{command}",
            action="fail",
            server=_SERVER,
            times=times,
            failure=Failure(text, number=code),
        )

    def lose_answers(self, *, times: int = 1) -> int:
        """Accept mails and cut the connection in place of the last 250.

        Returns:
            The id of the hold that does it, for `Control.wait`.
        """
        return self._control.hold(
            "^DATA", when="after", action="kill", server=_SERVER, times=times
        )

    def down(self, outage: Outage = "refuse") -> None:
        """Close all connections, and refuse new ones, or close them at once."""
        self._control.call("smtp.down", outage=outage)

    def up(self) -> None:
        """Serve again, on the same port."""
        self._control.call("smtp.up")
