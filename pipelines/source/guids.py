"""Whether a server's uniqueidentifiers can be read as octets.

The driver makes a UUID object of each one, which takes it longer than all the other
columns of a row. Their octets come as they are.
"""

from __future__ import annotations

import logging
import uuid

import pymssql

from pipelines.errors import PermanentError
from pipelines.source.ask import ask
from pipelines.templates import Dialect, render

logger = logging.getLogger(__name__)

_KNOWN = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")


def come_as_octets(connection: pymssql.Connection) -> bool:
    """Ask for a known uniqueidentifier as binary(16), and look at the octets' order.

    SQL Server stores the first three parts with the least significant octet first
    (its documentation of uniqueidentifier), as `uuid.UUID.bytes_le`. What speaks its
    protocol may do otherwise, or not know the conversion: then the driver reads them.

    Raises:
        TransientError: The connection was lost.
    """
    try:
        sql = render("known_guid", Dialect.SQL_SERVER, guid=str(_KNOWN))
        answer = ask(connection, sql, 1)
    except PermanentError as error:
        logger.info("uniqueidentifiers are read by the driver: %s", error.cause)
        return False
    return answer == [(_KNOWN.bytes_le,)]
