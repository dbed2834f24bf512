# cython: boundscheck=False, wraparound=False
"""Vertica NATIVE rows, with their hashes, from the rows that pymssql gives.

Two passes a batch: the first reads Python objects into a buffer that is kept from
batch to batch, the second runs without the GIL. docs/formats.md has the layout.
"""

import decimal
import uuid

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.list cimport PyList_AsTuple
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.string cimport memcpy, memset

from lowlevel.columns import (
    MOST_OCTETS,
    RANGES,
    VARIABLE_KINDS,
    WIDTHS,
    check_columns,
    native_header,
)
from lowlevel.errors import EncodeError, refusal


cdef dict WRITERS = {
    "bit": BIT,
    "datetime2": DATETIME2,
    "uniqueidentifier": UNIQUEIDENTIFIER,
    "varchar": VARCHAR,
    "varbinary": VARBINARY,
    "decimal": DECIMAL,
    "float": FLOAT,
    "date": DATE,
    "time": TIME,
    "datetimeoffset": DATETIMEOFFSET,
}

datetime_ready()
cdef PyTypeObject *DECIMAL_TYPE = <PyTypeObject *>decimal.Decimal
cdef PyTypeObject *UUID = <PyTypeObject *>uuid.UUID
cdef Py_ssize_t UUID_INT = object_slot_offset(<PyObject *>uuid.UUID.__dict__["int"])
if UUID_INT < 0:
    raise ImportError("uuid.UUID keeps its value in no slot here")


cdef Field field_of(object column, bint is_key):
    cdef Field field
    field.writer = WRITERS.get(column.kind, INTEGER)
    field.nullable = column.nullable and not is_key
    field.precision, field.scale = column.width, column.scale
    if field.writer == DECIMAL:
        field.width = numeric_size(field.precision)
    elif column.kind in VARIABLE_KINDS:
        field.width = column.width
    else:
        field.width = WIDTHS[column.kind]
    field.lowest, field.highest = RANGES.get(column.kind, (0, 0))
    return field


@cython.final
cdef class Staging:
    """Rows of a source as NATIVE values, each after its key, in a reused buffer."""

    def __cinit__(self, columns, key):
        self.columns = tuple(columns)
        check_columns(self.columns, key)
        self.count = len(self.columns)
        self.fields = <Field *>PyMem_Calloc(self.count, sizeof(Field))
        if self.fields == NULL:
            raise MemoryError
        self.key = -1
        for index, column in enumerate(self.columns):
            if key is not None and column.name == key:
                self.key = index
            self.fields[index] = field_of(column, index == self.key)
        self.bitmap_size = (self.count + 3 + 7) // 8
        self.room = STAGED_HEAD_SIZE + self.bitmap_size + self.count * LARGEST_FIXED

    def __dealloc__(self):
        PyMem_Free(self.fields)
        octets_free(&self.buffer)

    cdef Py_ssize_t stage(self, PyObject **values) except RAISED:
        """Add a row of `count` values; STAGED, or the index of what is refused."""
        cdef size_t at = STAGED_HEAD_SIZE + self.bitmap_size
        cdef staged_head head
        cdef uint8_t *row
        cdef PyObject *value
        cdef Field *field
        cdef Py_ssize_t index, size
        cdef const char *text
        cdef int64_t number
        cdef double real
        cdef wide_int unscaled
        if not octets_reserve(&self.buffer, self.room):
            raise MemoryError
        row = self.buffer.data + self.buffer.used
        head.key = 0
        memset(row + STAGED_HEAD_SIZE, 0, self.bitmap_size)
        for index in range(self.count):
            field = &self.fields[index]
            value = values[index]
            if value == Py_None:
                if not field.nullable:
                    return index
                row[STAGED_HEAD_SIZE + index // 8] |= 0x80 >> (index % 8)
            elif field.writer == INTEGER:
                if not read_int(value, &number):
                    return index
                if not field.lowest <= number <= field.highest:
                    return index
                store64(row + at, <uint64_t>number)  # the room is there; width counts
                at += field.width
                if index == self.key:
                    head.key = number
            elif field.writer == DATETIME2:
                if not read_datetime(value, &number):
                    return index
                store64(row + at, <uint64_t>number)
                at += field.width
            elif field.writer == UNIQUEIDENTIFIER:
                if not read_uuid(value, UUID, UUID_INT, row + at):
                    return index
                at += field.width
            elif field.writer == BIT:
                if not read_bool(value, row + at):
                    return index
                at += field.width
            elif field.writer == FLOAT:
                if not read_float(value, &real):
                    return index
                memcpy(row + at, &real, sizeof(double))
                at += field.width
            elif field.writer == DECIMAL:
                if not read_decimal(
                    value, DECIMAL_TYPE, field.precision, field.scale, &unscaled
                ):
                    return index
                numeric_store(row + at, unscaled, field.width)
                at += field.width
            elif field.writer == DATE:
                if not read_date(value, &number):
                    return index
                store64(row + at, <uint64_t>number)
                at += field.width
            elif field.writer == TIME:
                if not read_time(value, &number):
                    return index
                store64(row + at, <uint64_t>number)
                at += field.width
            elif field.writer == DATETIMEOFFSET:
                if not read_datetimeoffset(value, &number):
                    return index
                store64(row + at, <uint64_t>number)
                at += field.width
            else:
                if field.writer == VARCHAR:
                    text = text_of(value, &size)
                else:
                    text = read_bytes(value, &size)
                if text == NULL or size > field.width:
                    return index
                if not octets_reserve(&self.buffer, at + size + self.room):
                    raise MemoryError
                row = self.buffer.data + self.buffer.used
                store32(row + at, <uint32_t>size)
                memcpy(row + at + sizeof(uint32_t), text, size)
                at += sizeof(uint32_t) + size
        head.length = <uint32_t>(at - STAGED_HEAD_SIZE - self.bitmap_size)
        staged_head_store(row, head)
        self.buffer.used += at
        return STAGED

    cdef int add(self, row, int64_t number) except -1:
        """Add a row, of which `number` is its index for an error.

        A time zone's `utcoffset` is Python, and may change a list that it can reach;
        so values are read from a tuple, which holds on to them.
        """
        cdef Py_ssize_t index
        if PyList_Check(<PyObject *>row):
            row = PyList_AsTuple(row)
        cdef PyObject *sequence = <PyObject *>row
        if not PyTuple_Check(sequence):
            reason = f"a row is a tuple or a list, not {type(row).__name__}"
            raise EncodeError(number, "", reason)
        if PySequence_Fast_GET_SIZE(sequence) != self.count:
            reason = f"{len(row)} values for {self.count} columns"
            raise EncodeError(number, "", reason)
        index = self.stage(PySequence_Fast_ITEMS(sequence))
        if index != STAGED:
            self.refuse(row, index, number)
        return 0

    cdef int refuse(self, row, Py_ssize_t index, int64_t number) except -1:
        column = self.columns[index]
        key = None
        cdef int64_t found
        if self.key >= 0:
            value = row[self.key]
            if read_int(<PyObject *>value, &found):
                key = found
        raise EncodeError(number, column.name, refusal(column, row[index]), key)


cdef const char *text_of(PyObject *value, Py_ssize_t *size) except? NULL:
    """UTF-8 of an exact str; NULL without an error for what has none."""
    cdef const char *text
    if type(<object>value) is not str:
        return NULL
    text = PyUnicode_AsUTF8AndSize(value, size)
    if text == NULL and PyErr_ExceptionMatches(UnicodeEncodeError):
        PyErr_Clear()
    return text


cdef class NativeEncoder:
    """See native.pyi, where the types stand too."""

    def __cinit__(self, columns, *, str key not None, str source not None, etl_id):
        lowest, highest = RANGES["bigint"]
        if type(etl_id) is not int or not lowest <= etl_id <= highest:
            raise ValueError(f"etl_id is an integer from {lowest} to {highest}")
        self.staging = Staging(columns, key)
        self.header = native_header(self.staging.columns)
        name = utf8_name(source)
        self.constants = (
            len(name).to_bytes(4, "little") + name
            + etl_id.to_bytes(8, "little", signed=True)
        )
        self.format.bitmap_size = self.staging.bitmap_size
        self.format.constants = <const uint8_t *>PyBytes_AS_STRING(self.constants)
        self.format.constants_size = len(self.constants)
        self.format.hash_start = hash_start(name)

    def encode(self, rows):
        """See native.pyi."""
        if self.busy:
            raise RuntimeError("another thread is encoding with this encoder")
        self.busy = True
        self.staging.buffer.used = 0
        try:
            return self.encode_rows(rows if type(rows) is tuple else tuple(rows))
        finally:
            self.busy = False

    cdef bytes encode_rows(self, tuple rows):
        cdef PyObject **items = PySequence_Fast_ITEMS(<PyObject *>rows)
        cdef size_t count = len(rows)
        cdef size_t index, size
        cdef uint64_t total
        cdef uint8_t *out
        for index in range(count):
            self.staging.add(<object>items[index], self.rows + <int64_t>index)
        size = self.staging.buffer.used - count * STAGED_HEAD_SIZE
        size += count * finished_extra(&self.format)
        native = PyBytes_FromStringAndSize(NULL, size)
        out = <uint8_t *>PyBytes_AS_STRING(native)
        with nogil:
            total = rows_finish(&self.format, self.staging.buffer.data, count, out)
        self.rows += count
        self.checksum = (self.checksum + total) % (<uint64_t>1 << 63)
        return native


cdef bytes utf8_name(str source):
    cdef bytes name
    try:
        name = source.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the source's name is no Unicode text: {error}") from None
    if len(name) > MOST_OCTETS:
        raise ValueError(f"the source's name has more than {MOST_OCTETS} octets")
    return name


cdef uint64_t hash_start(bytes name):
    return hash_id_start(<const uint8_t *>PyBytes_AS_STRING(name), len(name))


def hash_id(str source not None, int64_t key):
    """See native.pyi."""
    return hash_id_finish(hash_start(utf8_name(source)), key)


def storable_hash(uint64_t hash):
    """See native.pyi."""
    return c_storable_hash(hash)


def row_hash(columns, row):
    """See native.pyi."""
    cdef Staging staging = Staging(columns, None)
    staging.add(row, 0)
    return staged_row_hash(
        staging.buffer.data + STAGED_HEAD_SIZE,
        staging.bitmap_size,
        staging.buffer.used - STAGED_HEAD_SIZE - staging.bitmap_size,
    )
