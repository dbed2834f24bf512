# cython: boundscheck=False, wraparound=False
"""Rows from under pymssql, straight into Vertica's NATIVE format, without the GIL.

pymssql connects, logs in, runs the statement and keeps what the server says of errors.
Its library has db-lib in it, with its functions exported, and its connection has the
pointer that they take. What is not as it was in the versions that are known is refused,
before anything is called.
"""

import datetime
import os
import re
import stat
from decimal import Decimal
from pathlib import Path

import pymssql
from pymssql import _mssql

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport PyObject

from lowlevel.columns import RANGES, VARIABLE_KINDS, check_columns, native_width
from lowlevel.errors import EncodeError, refusal

from lowlevel.native cimport NativeEncoder


# The versions whose rows have been compared with their tuples.
SERIES = "2.4."

# The fields of pymssql's connection, as pymssql_connection.h has them.
FIELDS = (
    "bint _connected", "int _rows_affected", "int _query_timeout", "char *_charset",
    "int _max_query_size", "bool use_datetime2", "DBPROCESS *dbproc",
    "int last_msg_no", "int last_msg_severity", "int last_msg_state",
    "int last_msg_line", "int last_dbresults", "int num_columns",
    "bint debug_queries", "char *last_msg_str", "char *last_msg_srv",
    "char *last_msg_proc", "tuple column_names", "tuple column_types",
    "object msghandler",
)

# By kind of column: db-lib's types that it takes, and how their values are read.
INTEGERS = {48: READ_INT1, 52: READ_INT2, 56: READ_INT4, 127: READ_INT8}
READERS = {
    **dict.fromkeys(RANGES, INTEGERS),
    "bit": {50: READ_BIT},
    "float": {59: READ_REAL, 62: READ_FLOAT},
    "decimal": {60: READ_MONEY, 122: READ_MONEY4, 106: READ_NUMERIC, 108: READ_NUMERIC},
    "date": {40: READ_DATE},
    "time": {41: READ_TIME},
    "datetime2": {58: READ_DATETIME4, 61: READ_DATETIME, 42: READ_DATETIME2},
    "datetimeoffset": {43: READ_DATETIMEOFFSET},
    "uniqueidentifier": {36: READ_GUID},
    "varchar": dict.fromkeys((35, 39, 47), READ_TEXT),
    "varbinary": dict.fromkeys((34, 37, 45), READ_BYTES),
}
UTF16 = {**READERS, "varchar": dict.fromkeys((34, 37, 45), READ_UTF16)}

EPOCH = datetime.date(2000, 1, 1)
STAND_INS = {"decimal": Decimal(0), "float": 0.0}


class UnknownDriverError(Exception):
    """See rows.pyi."""


class SenselessAnswerError(Exception):
    """See rows.pyi."""


def check_count(came, said):
    """See rows.pyi."""
    if said == -1:
        raise SenselessAnswerError(f"{came} rows came, and how many is not said")
    if said != came:
        raise SenselessAnswerError(f"{came} rows came, and {said} are said to have")


@cython.final
cdef class DriverLibrary:
    """See rows.pyi, where the types stand too."""

    cdef db_library functions
    cdef void *handle

    def __cinit__(self):
        check_layout()
        self.handle = dlopen(os.fsencode(_mssql.__file__), RTLD_LAZY | RTLD_NOLOAD)
        if self.handle == NULL:
            raise UnknownDriverError("pymssql's library is not found")
        self.functions.cancel = <of_process>self.find(b"dbcancel")
        self.functions.column_count = <of_process>self.find(b"dbnumcols")
        self.functions.column_name = <text_of_column>self.find(b"dbcolname")
        self.functions.column_type = <of_column>self.find(b"dbcoltype")
        self.functions.column_size = <of_column>self.find(b"dbcollen")
        self.functions.next_row = <of_process>self.find(b"dbnextrow")
        self.functions.value = <octets_of_column>self.find(b"dbdata")
        self.functions.value_size = <of_column>self.find(b"dbdatlen")
        self.functions.descriptor = <of_process>self.find(b"dbiordesc")

    def __dealloc__(self):
        if self.handle != NULL:
            dlclose(self.handle)

    def packet_octets(self, cursor):
        """See rows.pyi."""
        connection = cursor.connection._conn
        if type(connection) is not _mssql.MSSQLConnection:
            raise UnknownDriverError("the connection is none of pymssql's own")
        state = <pymssql_connection *><PyObject *>connection
        if not connection.connected or state.process == NULL:
            raise UnknownDriverError("pymssql's connection is not open")
        return (<of_process>self.find(b"dbgetpacket"))(state.process)

    cdef void *find(self, bytes name) except NULL:
        cdef void *found = dlsym(self.handle, name)
        if found == NULL:
            raise UnknownDriverError(f"pymssql's library has no {name.decode()}")
        return found


cdef int check_layout() except -1:
    if not pymssql.__version__.startswith(SERIES):
        raise UnknownDriverError(f"pymssql {pymssql.__version__} is not {SERIES}x")
    size = _mssql.MSSQLConnection.__basicsize__
    if size != sizeof(pymssql_connection):
        raise UnknownDriverError(
            f"a connection of pymssql {pymssql.__version__} has {size} octets, not"
            f" {sizeof(pymssql_connection)}"
        )
    try:
        text = Path(_mssql.__file__).with_name("_mssql.pxd").read_text("utf-8")
    except (OSError, ValueError):
        raise UnknownDriverError(
            f"pymssql {pymssql.__version__} comes without its _mssql.pxd"
        ) from None
    if declared_fields(text) != FIELDS:
        raise UnknownDriverError(
            f"a connection of pymssql {pymssql.__version__} has other fields"
        )
    return 0


def declared_fields(text):
    """The fields of the connection in a _mssql.pxd."""
    _, _, rest = text.partition("cdef class MSSQLConnection:")
    body, _, _ = rest.partition("\ncdef class ")
    found = re.findall(r"^ +cdef (?:public )?(\w+ +\*?\w+)$", body, re.MULTILINE)
    return tuple(" ".join(field.split()) for field in found)


@cython.final
cdef class SourceRows:
    """See rows.pyi."""

    cdef DriverLibrary library
    cdef object cursor
    cdef object connection        # pymssql's own, beneath the cursor's
    cdef pymssql_connection *state
    cdef object names             # what pymssql has made of this statement's answer
    cdef tuple columns
    cdef source_column *readers
    cdef source_rows rows
    cdef bytearray buffer
    cdef bint ended
    cdef bint busy

    def __cinit__(
        self,
        DriverLibrary library not None,
        cursor,
        columns,
        *,
        str day_column,
        bint text_as_utf16=False,
    ):
        self.library = library
        self.cursor = cursor
        self.connection = cursor.connection._conn
        if type(self.connection) is not _mssql.MSSQLConnection:
            raise UnknownDriverError("the connection is none of pymssql's own")
        self.state = <pymssql_connection *><PyObject *>self.connection
        self.columns = tuple(columns)
        check_columns(self.columns, None)
        self.check_state()
        self.names = <object>self.state.column_names
        self.rows.library = &library.functions
        self.rows.process = self.state.process
        self.rows.severity = &self.state.message_severity
        self.rows.least_severity = _mssql.min_error_severity
        self.rows.column_count = <int>len(self.columns)
        self.rows.day_column = self.index_of_day(day_column)
        self.check_process()
        self.readers = <source_column *>PyMem_Calloc(
            len(self.columns), sizeof(source_column)
        )
        if self.readers == NULL:
            raise MemoryError
        self.rows.columns = self.readers
        for index, column in enumerate(self.columns):
            readers = UTF16 if text_as_utf16 else READERS
            self.readers[index] = self.reader_of(index, column, readers[column.kind])
        self.buffer = bytearray()

    def __dealloc__(self):
        PyMem_Free(self.readers)

    cdef int index_of_day(self, str name) except -1:
        for index, column in enumerate(self.columns):
            if column.name == name and column.kind == "datetime2":
                return index
        raise ValueError(f"no column {name!r} gives a row its day")

    @property
    def came(self):
        """See rows.pyi."""
        return self.rows.row_count

    cdef int check_state(self) except -1:
        """Compare the object's fields with what pymssql itself says of them."""
        header = self.cursor.description or ()
        if not (
            self.state.process != NULL
            and self.state.connected == self.connection.connected
            and self.state.query_timeout == self.connection.query_timeout
            and self.state.column_count == len(header)
            and self.state.last_results == 1
        ):
            raise UnknownDriverError("pymssql's connection is not as it should be")
        if len(header) != len(self.columns):
            raise UnknownDriverError(
                f"the server sends {len(header)} columns, not {len(self.columns)}"
            )
        return 0

    cdef int check_process(self) except -1:
        """Compare what db-lib says with what pymssql says, now that it is called."""
        cdef db_library *library = &self.library.functions
        cdef char *name
        if library.column_count(self.rows.process) != self.rows.column_count:
            raise UnknownDriverError("db-lib has another number of columns")
        for index, (expected, *_) in enumerate(self.cursor.description):
            name = library.column_name(self.rows.process, index + 1)
            if name == NULL or <bytes>name != expected.encode():
                raise UnknownDriverError("db-lib has other columns")
        try:
            mode = os.fstat(library.descriptor(self.rows.process)).st_mode
        except OSError:
            mode = 0
        if not stat.S_ISSOCK(mode):
            raise UnknownDriverError("db-lib's connection is no socket")
        return 0

    cdef source_column reader_of(self, int index, column, readers) except *:
        cdef source_column made
        cdef int given = self.library.functions.column_type(
            self.rows.process, index + 1
        )
        cdef int size = self.library.functions.column_size(self.rows.process, index + 1)
        reader = readers.get(given)
        if reader is None:
            raise UnknownDriverError(
                f"column {column.name!r}: {column.kind} is not read from type {given}"
            )
        made.reader = reader
        made.nullable = column.nullable
        made.width = (
            column.width if column.kind in VARIABLE_KINDS else native_width(column)
        )
        made.lowest, made.highest = RANGES.get(column.kind, (0, 0))
        made.precision, made.scale = column.width, column.scale
        made.most = decimal_most(column.width if column.kind == "decimal" else 0)
        # No more is read than a row has room for. Of a number db-lib tells what is sent,
        # and has room for the whole structure.
        if made.reader != READ_NUMERIC and size < <int>source_value_size(made.reader):
            raise UnknownDriverError(
                f"column {column.name!r}: type {given} has {size} octets"
            )
        return made

    def day(self):
        """See rows.pyi."""
        cdef source_event event
        cdef int64_t day = 0
        self.begin()
        try:
            if self.ended:
                return None
            with nogil:
                event = source_advance(&self.rows)
                if event == SOURCE_ROW:
                    event = source_day(&self.rows, &day)
            PyErr_CheckSignals()
            if event == SOURCE_END:
                self.end()
                return None
            if event != SOURCE_ROW:
                self.fail(event)
            return EPOCH + datetime.timedelta(day)
        finally:
            self.busy = False

    def take(self, NativeEncoder encoder not None, size_t octets, day=None):
        """See rows.pyi."""
        cdef native_rows into
        cdef source_event event = SOURCE_ENOUGH
        cdef int64_t only = ANY_DAY if day is None else (day - EPOCH).days
        if octets == 0:
            raise ValueError("no row has so few octets")
        if encoder.staging.columns != self.columns:
            raise ValueError("the encoder has other columns than the rows")
        if encoder.busy:
            raise RuntimeError("another thread is encoding with this encoder")
        self.begin()
        encoder.busy = True
        try:
            into.format = &encoder.format
            into.key = <int>encoder.staging.key
            into.enough = octets
            into.used = 0
            into.row_count = 0
            into.checksum = 0
            into.refused = 0
            into.has_refused_key = False
            self.readers[into.key].nullable = False
            self.fit(octets)
            while not self.ended and event == SOURCE_ENOUGH and into.used == 0:
                into.out = <uint8_t *>PyByteArray_AS_STRING(self.buffer)
                into.capacity = len(self.buffer)
                with nogil:
                    event = source_take(&self.rows, only, &into)
                PyErr_CheckSignals()
                if event == SOURCE_ENOUGH and into.used == 0:
                    # One row, and there is no room for it.
                    self.buffer = bytearray_of(2 * into.capacity)
            if event == SOURCE_END:
                self.end()
            elif event == SOURCE_REFUSED:
                self.refuse(encoder.rows, &into)
            elif event != SOURCE_ENOUGH and event != SOURCE_NEXT_DAY:
                self.fail(event)
            encoder.rows += into.row_count
            encoder.checksum = (encoder.checksum + into.checksum) % (<uint64_t>1 << 63)
            return memoryview(self.buffer)[:into.used]
        finally:
            self.busy = encoder.busy = False

    cdef int begin(self) except -1:
        if self.busy:
            raise RuntimeError("another thread is reading these rows")
        # pymssql frees it when it closes the connection.
        if self.rows.process != self.state.process or not self.state.connected:
            raise pymssql.InterfaceError("Connection is closed.")
        # pymssql makes them anew for each answer; ours are kept, so no others are there.
        if not self.ended and self.state.column_names != <PyObject *>self.names:
            raise pymssql.InterfaceError("The connection has been used otherwise.")
        self.busy = True
        return 0

    cdef int fit(self, size_t octets) except -1:
        """Have a buffer in which so many octets, and a usual row more, find room."""
        cdef size_t most = octets + octets // 4 + 4096
        if not octets <= <size_t>len(self.buffer) <= 2 * most:
            self.buffer = bytearray_of(most)
        return 0

    cdef int end(self) except -1:
        """Have pymssql see the end, too, and hold the answer against what it says."""
        self.ended = True
        is_more = self.cursor.fetchone() is not None
        check_count(self.rows.row_count, self.connection.rows_affected)
        if is_more or self.cursor.nextset():  # which raises what comes after the end
            raise SenselessAnswerError("more came than was asked for")
        return 0

    cdef int refuse(self, int64_t before, native_rows *into) except -1:
        column = self.columns[into.refused]
        key = into.refused_key if into.has_refused_key else None
        reason = refusal(column, self.refused_value(column, into.refused))
        raise EncodeError(before + into.row_count, column.name, reason, key)

    cdef object refused_value(self, column, int index):
        """A value that is refused for the same reason."""
        cdef const char *data = <const char *>self.library.functions.value(
            self.rows.process, index + 1
        )
        if data == NULL:
            return None
        if column.kind not in VARIABLE_KINDS:
            return STAND_INS.get(column.kind, 0)
        value = data[:self.library.functions.value_size(self.rows.process, index + 1)]
        if self.readers[index].reader == READ_UTF16:
            return value.decode("utf-16-le", "surrogatepass")
        return value.decode() if self.readers[index].reader == READ_TEXT else value

    cdef int fail(self, source_event event) except -1:
        """Raise what pymssql would raise, and leave it as that would."""
        if event == SOURCE_SENSELESS:
            raise SenselessAnswerError("a value is none of SQL Server's")
        if event == SOURCE_FAILED:
            # First, for it is now that db-lib tells of a link that is dead.
            with nogil:
                self.library.functions.cancel(self.rows.process)
            PyErr_CheckSignals()
        number = self.state.message_number
        text = <bytes>self.state.message_text or b"Unknown error"
        try:
            self.connection.cancel()
        except _mssql.MSSQLException:
            pass  # of a link that is dead there is nothing to cancel
        self.ended = True
        raise pymssql.OperationalError(number, text)


cdef bytearray bytearray_of(size_t octets):
    """One whose octets are not written before they are used."""
    return PyByteArray_FromStringAndSize(NULL, octets)
