"""Remote procedure calls: which procedure a request names ([MS-TDS] 2.2.6.6)."""

from __future__ import annotations

import struct

from sandbox.tds.packets import ProtocolError

_BY_NUMBER = 0xFFFF
_NAMES = {
    1: "sp_cursor",
    2: "sp_cursoropen",
    3: "sp_cursorprepare",
    4: "sp_cursorexecute",
    5: "sp_cursorprepexec",
    6: "sp_cursorunprepare",
    7: "sp_cursorfetch",
    8: "sp_cursoroption",
    9: "sp_cursorclose",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    14: "sp_prepexecrpc",
    15: "sp_unprepare",
}


def procedure_name(request: bytes) -> str:
    """The name at the head of a request.

    Args:
        request: Its payload, after ALL_HEADERS.

    Raises:
        ProtocolError: There is none.
    """
    try:
        (length,) = struct.unpack_from("<H", request)
        if length == _BY_NUMBER:
            (number,) = struct.unpack_from("<H", request, 2)
            return _NAMES.get(number, f"number {number}")
        if 2 + 2 * length > len(request):
            raise ProtocolError("a procedure's name ends too early")
        return request[2 : 2 + 2 * length].decode("utf-16-le")
    except (struct.error, UnicodeDecodeError) as error:
        raise ProtocolError("a procedure call without a name") from error
