"""Whether an address of a connection answers, found out by using it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from pipelines.alerts import TelegramChannel
from pipelines.config import Server, SmtpAddress, TelegramAddress, Warehouse
from pipelines.errors import ShardlineError, one_line
from pipelines.mail import check_server
from pipelines.source import granted_packet_octets, log_in_source, why_tuples
from pipelines.warehouse import log_in_warehouse

Address: TypeAlias = Warehouse | Server | SmtpAddress | TelegramAddress

AT_A_TIME = 32
"""Most addresses that are checked at a time."""

PATIENCE = 15.0
"""Seconds that a mail server or Telegram has for all of its answers."""


@dataclass(frozen=True)
class Answer:
    """What came of one check.

    Attributes:
        ok: Whether the address answered as it should.
        told: The server's version, or what is wrong, in one line.
        seconds: How long it took.
    """

    ok: bool
    told: str
    seconds: float


def check_connections(addresses: Sequence[Address]) -> Iterator[Answer]:
    """Check addresses, many at a time; the answers come in their order.

    Each check has a process of its own: the driver of SQL Server keeps the last
    error of all its logins in one place. Whichever ends its process takes those beside
    it along, so these are checked again, one by one.
    """
    if not addresses:
        return
    with _pool(min(len(addresses), AT_A_TIME)) as pool:
        answers = [_begin(pool, address) for address in addresses]
        for address, answer in zip(addresses, answers, strict=True):
            try:
                yield answer.result()
            except BrokenProcessPool:
                yield _check_alone(address)


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, multiprocessing.get_context("fork"))


def _begin(pool: ProcessPoolExecutor, address: Address) -> Future[Answer]:
    try:
        return pool.submit(check, address)
    except BrokenProcessPool as error:  # by one of those before
        broken: Future[Answer] = Future()
        broken.set_exception(error)
        return broken


def _check_alone(address: Address) -> Answer:
    began = time.monotonic()
    with _pool(1) as pool:
        try:
            return pool.submit(check, address).result()
        except BrokenProcessPool:
            told = "the process that asked it was killed, or crashed in the driver"
            return Answer(ok=False, told=told, seconds=time.monotonic() - began)


def check(address: Address) -> Answer:
    """Log in at an address and ask it something."""
    began = time.monotonic()
    try:
        told = _ask(address)
    except ShardlineError as error:
        return Answer(ok=False, told=str(error), seconds=time.monotonic() - began)
    except Exception as error:  # noqa: BLE001 - the others are to be told all the same
        told = one_line(
            f"{type(error).__name__}: {error}; this may be a defect of shardline"
        )
        return Answer(ok=False, told=told, seconds=time.monotonic() - began)
    return Answer(ok=True, told=one_line(told), seconds=time.monotonic() - began)


def _ask(address: Address) -> str:
    match address:
        case Warehouse():
            return _vertica(address)
        case Server():
            return _sql_server(address)
        case SmtpAddress():
            return check_server(address, PATIENCE)
        case TelegramAddress():
            return TelegramChannel(address).check(PATIENCE)
        case _:
            assert_never(address)


def _vertica(address: Warehouse) -> str:
    patience = {"connection_timeout": address.login_timeout}
    options = address.model_copy(update=patience)
    with closing(log_in_warehouse(options, autocommit=True)) as connection:
        _, version = connection.one_row("SELECT 1, VERSION()", int, str)
        return str(version)


def _sql_server(address: Server) -> str:
    options = address.model_copy(update={"timeout": address.login_timeout})
    with (
        log_in_source(options) as connection,
        connection.answering(options.timeout) as cursor,
    ):
        cursor.execute("SELECT @@VERSION")
        ((version,),) = cursor.fetchall()
        granted = granted_packet_octets(cursor)
    facts = [str(version)]
    if granted:
        asked = address.packet_octets
        other = "" if granted == asked else f" instead of {asked}"
        facts.append(f"packets of {granted} octets{other}")
    if why := why_tuples():
        facts.append(f"rows are read as tuples: {why}")
    return "; ".join(facts)
