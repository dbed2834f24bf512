"""The load as a well-known tutorial does it: pandas, CSV in memory, ``cursor.copy``.

Written anew from what the tutorial does, with its order of steps and its options: the
day is read into a DataFrame, constants and a hash are added as columns, `to_csv` fills
a StringIO, and vertica-python sends that. Statements that could not run as published
are corrected; nothing is made slower.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from io import StringIO
from typing import Any

import pandas as pd
import pymssql
import vertica_python

from benchmarks.loads import Place
from benchmarks.product import ETL_ID, HOST, LOGIN, SHARD
from sandbox.options import USER, WAREHOUSE

COLUMNS = ("id", "start_time", "end_time", "type", "data")
ADDED = ("etl_source", "etl_id", "hash_id")
TARGET = "tutorial.orders"
QUERY = """\
SELECT id, start_time, end_time, type, data FROM dbo.Orders
WHERE CONVERT(DATE, start_time) = %(day)s
"""
COPY = f"""\
COPY {TARGET} ({", ".join((*COLUMNS, *ADDED))})
FROM STDIN DELIMITER '|' ENCLOSED '"' NULL 'NUL' ABORT ON ERROR
"""


def load(place: Place) -> int:
    """Load a day of orders; returns how many rows were sent."""
    with closing(_mssql(place)) as source:
        frame = read(source, place.day)
    add_columns(frame)
    text = to_csv(frame)
    with connect_vertica(place) as connection:
        connection.cursor().copy(COPY, text)
    return len(frame)


def read(connection: Any, day: date) -> pd.DataFrame:  # noqa: ANN401 - any DBAPI's
    """Read a day into a frame."""
    with warnings.catch_warnings():
        # pandas would rather be given SQLAlchemy's connections.
        warnings.simplefilter("ignore", UserWarning)
        return pd.read_sql_query(QUERY, connection, params={"day": day.isoformat()})


def add_columns(frame: pd.DataFrame) -> None:
    """Add what the load itself says of each row."""
    frame["etl_source"] = SHARD.name
    frame["etl_id"] = ETL_ID
    frame["hash_id"] = pd.util.hash_pandas_object(frame[["etl_source", "id"]])


def to_csv(frame: pd.DataFrame) -> StringIO:
    """All of it as CSV, in memory."""
    text = StringIO()
    frame.to_csv(
        text,
        sep="|",
        na_rep="NUL",
        index=False,
        header=False,
        float_format="%.8f",
        quoting=csv.QUOTE_MINIMAL,
        doublequote=False,
        escapechar="\\",
    )
    text.seek(0)
    return text


def fetch(place: Place) -> tuple[Any, list[Any]]:
    """How the driver describes the query's result, and its rows."""
    with closing(_mssql(place)) as source:
        cursor = source.cursor()
        cursor.execute(QUERY, {"day": place.day.isoformat()})
        return cursor.description, cursor.fetchall()


def _mssql(place: Place) -> pymssql.Connection:
    return pymssql.connect(
        server=HOST,
        port=str(place.mssql_port),
        user=USER,
        password=LOGIN.get_secret_value(),
        database=SHARD.database,
        encryption="require" if place.authorities else "off",
    )


@contextmanager
def connect_vertica(place: Place) -> Iterator[vertica_python.Connection]:
    """A connection as the tutorial makes it, closed at the end."""
    connection = vertica_python.connect(
        host=HOST,
        port=place.vertica_port,
        user=USER,
        password=LOGIN.get_secret_value(),
        database=WAREHOUSE,
        tlsmode="require" if place.authorities else "disable",
        autocommit=True,
    )
    with closing(connection):
        yield connection
