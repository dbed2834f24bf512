from __future__ import annotations

import threading

import pymssql
import pytest

from tests.kit.tds_server import Run, Server, number_of, rows_of

TAKE = """
DECLARE @result int;
EXEC @result = sp_getapplock @Resource = %s, @LockMode = 'Exclusive',
    @LockOwner = 'Session', @LockTimeout = {timeout};
SELECT @result"""
GIVE = """
DECLARE @result int;
EXEC @result = sp_releaseapplock @Resource = %s, @LockOwner = 'Session';
SELECT @result"""


def test_an_application_lock_is_one_sessions_at_a_time(
    server: Server, run: Run
) -> None:
    assert run(TAKE.format(timeout=0), ("mine",)) == [(0,)]
    assert run(TAKE.format(timeout=0), ("mine",)) == [(0,)]
    with server.cursor() as other:
        assert rows_of(other, TAKE.format(timeout=0), ("mine",)) == [(-1,)]
        assert rows_of(other, TAKE.format(timeout=0), ("another",)) == [(0,)]
        assert rows_of(other, GIVE, ("mine",)) == [(-999,)]
    assert run(GIVE, ("mine",)) == [(0,)]
    found: list[object] = []

    def wait() -> None:
        with server.cursor() as waiting:
            found.extend(rows_of(waiting, TAKE.format(timeout=10_000), ("mine",)))

    thread = threading.Thread(target=wait)
    thread.start()
    assert run(GIVE, ("mine",)) == [(0,)]
    thread.join(10)
    assert found in ([(0,)], [(1,)])  # as it came before or after the release


def test_a_closed_session_gives_its_locks_back(server: Server, run: Run) -> None:
    with server.cursor() as other:
        rows_of(other, TAKE.format(timeout=0), ("left",))
    assert run(TAKE.format(timeout=10_000), ("left",)) in ([(0,)], [(1,)])


def test_sp_executesql_takes_parameters_by_place_and_name(run: Run) -> None:
    call = "EXEC sp_executesql N'SELECT @a, @b', N'@a int, @b nvarchar(9)', "
    assert run(call + "1, N'x'") == [(1, "x")]
    assert run(call + "@b = N'y', @a = 2") == [(2, "y")]
    with pytest.raises(pymssql.Error) as failed:
        run(call + "1")
    assert number_of(failed) == 8178
