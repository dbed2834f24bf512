"""Mail through SMTP: one message, to the first server that takes it.

Certificates are checked, by the authorities of the system or those that
``SSL_CERT_FILE`` names. Where a server does not offer the security that is configured,
it gets neither password nor mail. User, password and addresses are ASCII.
"""

from __future__ import annotations

import base64
import binascii
import copy
import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import localtime, parseaddr
from functools import partial

from pipelines.config import SmtpAddress
from pipelines.errors import PermanentError, ShardlineError, TransientError
from pipelines.mail.bounded_smtp import connect_bounded
from pipelines.network import Address, LongAnswerError, look_up
from pipelines.runtime import finish_within
from pipelines.text import visible

logger = logging.getLogger(__name__)

TEMPORARY = range(400, 500)
"""Replies of SMTP that ask to try again later (RFC 5321, 4.2.1)."""

OK = 250

_READY = 220

FROM_SERVER = (UnicodeDecodeError, binascii.Error)
"""What smtplib meets in replies, and not in what it sends."""

_LOGIN = range(530, 540)
"""Replies about who logs in and how (RFC 4954, 6)."""


def send_mail(
    addresses: Sequence[SmtpAddress], message: EmailMessage, deadline: float
) -> None:
    """Send a message through the first server that takes it.

    A recipient whom the server refuses is told in the log, as long as there is another.
    A message is sent twice if an answer is lost; it has the same Message-ID then.

    Args:
        addresses: Servers in the order to try; each has an equal share of the time.
        message: With a Subject and a Message-ID; From, To and Date are put in here.
        deadline: When to give up, of `time.monotonic`.

    Raises:
        TransientError: No server took it; one of them may later.
        PermanentError: No server took it, and somebody must act first.
    """
    faults: list[ShardlineError] = []
    for tried, address in enumerate(addresses):
        share = (deadline - time.monotonic()) / (len(addresses) - tried)
        mail = _addressed(message, address)
        octets = mail.as_bytes(
            policy=mail.policy.clone(linesep="\r\n", cte_type="7bit")
        )
        work = partial(_hand_over, address, octets)
        fault = _converse(address, share, work)
        if fault is None:
            return
        faults.append(fault)
    raise _all_of(faults)


def check_server(address: SmtpAddress, seconds: float = 10) -> str:
    """Greet a server, encrypt and log in as for a mail; nothing is sent.

    Returns:
        What was found, in one line.

    Raises:
        TransientError: It cannot be reached, or is not well.
        PermanentError: An option is wrong.
    """
    if fault := _converse(address, seconds, _ask_for_nothing):
        raise fault
    return f"{_where(address)} would send to {', '.join(address.recipients)}"


def mail_domain(sender: str) -> str:
    """The domain that the Message-IDs of a sender's mails are of."""
    return parseaddr(sender)[1].partition("@")[2] or "shardline.invalid"


def _ask_for_nothing(server: smtplib.SMTP) -> None:
    code, reply = server.noop()
    if code != OK:
        raise smtplib.SMTPResponseException(code, reply)


def _addressed(message: EmailMessage, address: SmtpAddress) -> EmailMessage:
    mail = copy.copy(message)
    for header in ("From", "To", "Date"):
        # Gives the copy a list of headers of its own, too.
        del mail[header]
    mail["From"] = visible(address.sender)
    mail["To"] = visible(", ".join(address.recipients))
    mail["Date"] = localtime()
    return mail


def _hand_over(address: SmtpAddress, mail: bytes, server: smtplib.SMTP) -> None:
    # Not send_message, which puts a > before each line that begins with "From ".
    refused = server.sendmail(
        parseaddr(address.sender)[1],
        [parseaddr(recipient)[1] for recipient in address.recipients],
        mail,
    )
    for recipient, (code, reply) in refused.items():
        cause = _masked(f"{code} {_text(reply)}", address)
        logger.warning("%s refused %s: %s", _where(address), recipient, cause)


def _converse(
    address: SmtpAddress, seconds: float, work: Callable[[smtplib.SMTP], None]
) -> ShardlineError | None:
    """Do some work with a server, at the first address of its name where that goes.

    Returns:
        What went wrong, with no secret in it. It is returned because what smtplib
        raises may hold the password, and would hang on to an error that is raised while
        that is handled.
    """
    end = time.monotonic() + seconds
    places = look_up(address.host, address.port)
    fault: ShardlineError | None = None
    for tried, at in enumerate(places):
        share = (end - time.monotonic()) / (len(places) - tried)
        fault = _converse_at(at, address, share, work)
        if not isinstance(fault, TransientError):
            break
    return fault


def _converse_at(
    at: Address,
    address: SmtpAddress,
    seconds: float,
    work: Callable[[smtplib.SMTP], None],
) -> ShardlineError | None:
    def session() -> ShardlineError | None:
        try:
            with _connected(at, address, seconds) as server:
                work(server)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - smtplib believes what a server says
            return _fault(error, address)
        return None

    try:
        return finish_within(seconds, session)
    except TimeoutError:
        return _late(address)


@contextmanager
def _connected(
    at: Address, address: SmtpAddress, seconds: float
) -> Iterator[smtplib.SMTP]:
    """A server that has been greeted and logged in to."""
    context = ssl.create_default_context()
    server = connect_bounded(seconds, context if address.security == "tls" else None)
    # What the certificate must have; smtplib would take the address for it.
    server._host = at.host  # type: ignore[attr-defined] # noqa: SLF001
    try:
        code, reply = server.connect(at.ip, at.port)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, reply)
        if address.security == "starttls":
            server.starttls(context=context)
        server.ehlo_or_helo_if_needed()
        if address.user:
            server.login(address.user, address.password.get_secret_value())
        yield server
        # Said without waiting for the answer: what was sent is with the server.
        with suppress(smtplib.SMTPException, OSError):
            server.putcmd("quit")
    finally:
        server.close()


def _fault(error: Exception, address: SmtpAddress) -> ShardlineError:
    """What an exception of smtplib means to people."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = error.recipients.values()
        # One that may be taken later makes it worth another try.
        code, reply = min(replies, key=lambda pair: pair[0] not in TEMPORARY)
        return _replied(code, _text(reply), address)
    if isinstance(error, smtplib.SMTPResponseException):
        return _replied(error.smtp_code, _text(error.smtp_error), address)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return _disconnected(error.__context__, address)
    if isinstance(error, smtplib.SMTPException):
        # Said by smtplib itself: the server lacks STARTTLS, a kind of login or UTF-8.
        return PermanentError(
            f"not possible there: {_masked(str(error), address)}",
            step="correct security and user of the smtp connection",
            where=_where(address),
        )
    if isinstance(error, OSError):
        return _unreachable(error, address)
    if isinstance(error, ValueError) and not isinstance(error, FROM_SERVER):
        return PermanentError(
            "the user, the password or an address has characters that SMTP cannot"
            " carry",
            step="correct the smtp connection",
            where=_where(address),
        )
    return _no_mail_server(
        f"it does not answer as a mail server does ({type(error).__name__})", address
    )


def _disconnected(why: BaseException | None, address: SmtpAddress) -> TransientError:
    """What a lost connection means: smtplib makes one of all that fails in reading."""
    if isinstance(why, TimeoutError):
        return _late(address)
    if isinstance(why, LongAnswerError):
        return _no_mail_server(str(why), address)
    return TransientError("the connection was lost", where=_where(address))


def _no_mail_server(why: str, address: SmtpAddress) -> TransientError:
    return TransientError(
        why, step="check host and port of the smtp connection", where=_where(address)
    )


def _unreachable(error: OSError, address: SmtpAddress) -> ShardlineError:
    where = _where(address)
    if isinstance(error, TimeoutError):
        return _late(address)
    if isinstance(error, ssl.SSLCertVerificationError):
        return PermanentError(
            f"its certificate is not to be trusted: {error.verify_message}",
            step="correct host of the smtp connection, or name the certificate's"
            " authority in SSL_CERT_FILE",
            where=where,
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return PermanentError(
            f"no TLS there: {error.reason}",
            step="correct port and security of the smtp connection",
            where=where,
        )
    why = error.strerror or type(error).__name__
    return TransientError(f"cannot be reached: {why}", where=where)


def _replied(code: int, reply: str, address: SmtpAddress) -> ShardlineError:
    cause = _masked(f"{code} {reply}".rstrip(), address)
    if code < 0:  # smtplib's: what came was no reply of SMTP
        return _no_mail_server("it does not answer as a mail server does", address)
    if code in TEMPORARY:
        return TransientError(f"not now: {cause}", where=_where(address))
    options = "user and password" if code in _LOGIN else "sender and recipients"
    return PermanentError(
        f"refused: {cause}",
        step=f"correct {options} of the smtp connection",
        where=_where(address),
    )


def _late(address: SmtpAddress) -> TransientError:
    return TransientError("no answer in time", where=_where(address))


def _all_of(faults: Sequence[ShardlineError]) -> ShardlineError:
    """One error for those of all the servers."""
    if not faults:
        return PermanentError(
            "there is no server to send mail through", step="add an smtp connection"
        )
    if len(faults) == 1:
        return faults[0]
    passing = any(isinstance(fault, TransientError) for fault in faults)
    kind = TransientError if passing else PermanentError
    return kind("no server took the mail: " + "; ".join(map(str, faults)))


def _where(address: SmtpAddress) -> str:
    return f"smtp {address.host}:{address.port}"


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


def _masked(message: str, address: SmtpAddress) -> str:
    """A server's words without the password, which it may repeat as it was sent."""
    password = address.password.get_secret_value()
    if not password:
        return message
    sent = [password, f"\0{address.user}\0{password}"]
    encoded = [base64.b64encode(text.encode()).decode() for text in sent]
    for form in (*encoded, password):
        message = message.replace(form, "***")
    return message
