"""A COPY's messages are ours: what goes wrong with them is the warehouse's."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import repeat

import pytest

from pipelines.errors import PermanentError, TransientError
from pipelines.warehouse import connect_warehouse, copy_rows
from tests.fuzz.vertica import message
from tests.kit.project import Project
from tests.kit.relay import Relay

COPY_IN = b"G"
SHUT_DOWN = message(b"E", b"SFATAL\0C57V01\0Mit is shut down\0\0")
NOTICE = message(b"N", b"SNOTICE\0C00000\0Msoon\0\0")
STATEMENT = "COPY {} FROM STDIN DELIMITER ',' ABORT ON ERROR NO COMMIT"


@pytest.fixture
def statement(project: Project) -> str:
    table = f"{project.schema}.copied"
    project.on_warehouse(f"CREATE SCHEMA {project.schema}")
    project.on_warehouse(f"CREATE TABLE {table} (a INT)")
    return STATEMENT.format(table)


def test_a_view_of_a_buffer_is_sent_before_that_is_written_anew(
    project: Project, statement: str
) -> None:
    def batches() -> Iterator[memoryview]:
        buffer = bytearray(4)
        for number in range(1_000, 1_500):
            buffer[:] = b"%d" % number
            yield memoryview(buffer)
            buffer[:] = b"\n\0\0\0"
            yield memoryview(buffer)[:1]

    with connect_warehouse(project.warehouse) as connection:
        assert copy_rows(connection, statement, batches()) == 500


def test_a_warehouse_that_is_lost_in_mid_copy_is_no_lost_source(
    project: Project, statement: str
) -> None:
    with connect_warehouse(project.warehouse) as connection:

        def batches() -> Iterator[bytes]:
            yield b"1\n"
            connection._raw.socket.shutdown(socket.SHUT_RDWR)
            yield b"2\n"
            pytest.fail("read on after the warehouse was lost")

        with pytest.raises(TransientError, match="connection to Vertica"):
            copy_rows(connection, statement, batches())


@pytest.mark.parametrize("last_words", [SHUT_DOWN, NOTICE + SHUT_DOWN])
def test_what_vertica_says_before_it_hangs_up_is_told(
    project: Project, statement: str, last_words: bytes
) -> None:
    def alter(_: bytes, answer: bytes) -> Iterator[bytes]:
        if not answer.startswith(COPY_IN):
            yield answer
            return
        yield answer + last_words
        raise ConnectionError  # which ends both ways

    options = project.warehouse
    with Relay(options.host, options.port, alter) as relay:
        there = options.model_copy(update={"host": "127.0.0.1", "port": relay.port})
        with (
            connect_warehouse(there) as connection,
            pytest.raises(TransientError, match="it is shut down") as caught,
        ):
            copy_rows(connection, statement, repeat(b"1\n"))
    assert caught.value.code == "57V01"


def test_a_source_that_fails_in_mid_copy_is_no_lost_warehouse(
    project: Project, statement: str
) -> None:
    failure = PermanentError("the source")

    def batches() -> Iterator[bytes]:
        yield b"1\n"
        raise failure

    with connect_warehouse(project.warehouse) as connection:
        with pytest.raises(PermanentError) as caught:
            copy_rows(connection, statement, batches())
        assert caught.value is failure
        assert connection.one_row("SELECT 1", int) == [1]
