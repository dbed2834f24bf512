from __future__ import annotations

import hashlib
import re
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest
from vertica_python import errors

from sandbox.vertica.server import VerticaServer

if TYPE_CHECKING:
    from sandbox.vertica.startup import Method
    from tests.kit.vertica_client import Client, Vertica


@pytest.mark.parametrize("method", ["cleartext", "md5", "sha512"])
def test_each_way_to_ask_for_a_password_lets_the_right_one_in(
    vertica: Vertica, method: Method
) -> None:
    server = VerticaServer(
        vertica.engine, vertica.holds, name="v", logins={"é": "pä"}, method=method
    )
    host, port = server.start()
    asked = {"host": host, "port": port, "user": "é"}
    connection = vertica.connect(**asked, password="pä")
    connection.close()
    said = vertica.refuse(**asked, password="wrong")
    assert "Invalid username or password" in said
    server.stop()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "wrong"}, "FATAL.*Invalid username or password.*28000"),
        ({"password": ""}, "FATAL.*Invalid username or password.*28000"),
        ({"user": "nobody"}, "FATAL.*Invalid username or password.*28000"),
        ({"database": "nowhere"}, 'FATAL.*Database "nowhere" does not exist.*3D000'),
    ],
)
def test_a_refused_login_says_why_and_closes(
    vertica: Vertica, wrong: dict[str, Any], said: str
) -> None:
    assert re.search(said, vertica.refuse(**wrong))


def test_load_balancing_is_refused_and_login_goes_on(vertica: Vertica) -> None:
    with pytest.warns(UserWarning, match="Load balancing requested but not supported"):
        connection = vertica.connect(connection_load_balance=True)
    assert not connection.ssl()


@pytest.mark.parametrize("tlsmode", ["prefer", "require"])
def test_all_that_is_said_is_encrypted_for_a_client_that_asks(
    vertica: Vertica, tlsmode: str
) -> None:
    connection = vertica.connect(tlsmode=tlsmode)
    assert connection.ssl()
    cursor = connection.cursor()
    cursor.execute("CREATE LOCAL TEMP TABLE t (v VARCHAR(20)) ON COMMIT PRESERVE ROWS")
    cursor.copy("COPY t FROM STDIN", "\n".join(f"ж{at}" for at in range(20_000)))
    cursor.execute("SELECT v FROM t")
    assert sorted(cursor.fetchall()) == sorted([f"ж{at}"] for at in range(20_000))


def test_a_client_that_verifies_refuses_the_certificate(vertica: Vertica) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in vertica.refuse(tlsmode="verify-ca")


def test_the_server_tells_its_settings(vertica: Vertica) -> None:
    connection = vertica.connect()
    assert connection.parameters["protocol_version"] == 3 << 16 | 11
    assert connection.parameters["request_complex_types"] == "off"
    assert connection.parameters["standard_conforming_strings"] == "on"
    assert not connection.autocommit
    assert vertica.connect(autocommit=True).autocommit


def test_an_unknown_protocol_is_refused(vertica: Vertica) -> None:
    with socket.create_connection((vertica.host, vertica.port)) as raw:
        raw.sendall(struct.pack("!II", 8, 2 << 16))
        answer = raw.makefile("rb").read()
    assert answer.startswith(b"E")
    assert b"Unsupported frontend protocol 2.0" in answer


@pytest.mark.parametrize(
    "sent",
    [
        b"\0\0\0\0",
        b"\0\0\0\4",
        b"\0\0\0\5\0",
        struct.pack("!II", 12, 3 << 16) + b"user",
        struct.pack("!II", 15, 3 << 16) + b"user\0\xff\0",
        struct.pack("!II", 8, 80877102),
    ],
)
def test_a_startup_packet_that_is_none_ends_the_connection_only(
    vertica: Vertica, sent: bytes
) -> None:
    with socket.create_connection((vertica.host, vertica.port)) as raw:
        raw.sendall(sent)
        answer = raw.makefile("rb").read()
    assert answer[:1] in {b"", b"E"}
    assert vertica.connect().cursor().execute("SELECT 1").fetchall() == [[1]]


@pytest.mark.parametrize("length", [0, 3])
def test_a_message_shorter_than_its_length_ends_the_connection_only(
    vertica: Vertica, client: Client, length: int
) -> None:
    broken = vertica.connect()
    broken.socket.sendall(b"Q" + struct.pack("!I", length))
    with pytest.raises(errors.ConnectionError):
        broken.cursor().execute("SELECT 1")
    assert client.run("SELECT 1") == [[1]]


def test_a_client_of_an_older_protocol_gets_its_own_version(vertica: Vertica) -> None:
    with socket.create_connection((vertica.host, vertica.port)) as raw:
        body = struct.pack("!I", 3 << 16 | 5) + b"user\0dbadmin\0database\0\0\0"
        raw.sendall(struct.pack("!I", len(body) + 4) + body)
        stream = raw.makefile("rb")
        _, length, code = struct.unpack("!cII", stream.read(9))
        salt, user_salt = stream.read(4), stream.read(length - 12)[4:]
        assert code == 65536 + 512
        inner = hashlib.sha512(b"secret" + user_salt).hexdigest().encode()
        answer = b"sha512" + hashlib.sha512(inner + salt).hexdigest().encode() + b"\0"
        raw.sendall(b"p" + struct.pack("!I", len(answer) + 4) + answer)
        assert stream.read(9) == b"R" + struct.pack("!II", 8, 0)
        assert stream.read(1) == b"S"
        (length,) = struct.unpack("!I", stream.read(4))
        told = stream.read(length - 4)
    assert told == b"protocol_version\0" + str(3 << 16 | 5).encode() + b"\0"


def test_sessions_are_listed_with_what_their_clients_told(
    vertica: Vertica, client: Client
) -> None:
    labelled = vertica.connect(session_label="the loader")
    rows = client.run(
        "SELECT user_name, client_label, client_type FROM v_monitor.sessions "
        "WHERE client_label = 'the loader'"
    )
    assert rows == [["dbadmin", "the loader", "vertica-python"]]
    labelled.close()
    own = client.run("SELECT session_id FROM v_monitor.current_session")
    assert own == client.run("SELECT CURRENT_SESSION()")


def test_stopping_the_server_ends_its_connections(vertica: Vertica) -> None:
    server = VerticaServer(vertica.engine, vertica.holds, name="v", logins={"u": "p"})
    host, port = server.start()
    connection = vertica.connect(host=host, port=port, user="u", password="p")
    server.stop()
    with pytest.raises(errors.ConnectionError):
        connection.cursor().execute("SELECT 1")
    with pytest.raises(errors.ConnectionError):
        connection.close()
    assert vertica.refuse(host=host, port=port, user="u", password="p")


def test_clients_that_leave_at_once_take_nobody_with_them(vertica: Vertica) -> None:
    at_once = struct.pack("ii", 1, 0)  # a reset, not a goodbye
    for _ in range(100):
        with socket.create_connection((vertica.host, vertica.port)) as hasty:
            hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    cursor = vertica.connect().cursor()
    assert cursor.execute("SELECT 1").fetchall() == [[1]]
