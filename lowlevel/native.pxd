# What native.pyx uses of C, and what rows.pyx uses of native.pyx.

cimport cython
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "hash.h" nogil:
    uint64_t hash_id_start(const uint8_t *source, size_t length)
    int64_t hash_id_finish(uint64_t start, int64_t key)
    int64_t c_storable_hash "storable_hash"(uint64_t hash)


cdef extern from "row.h" nogil:
    const size_t STAGED_HEAD_SIZE
    const size_t LARGEST_FIXED
    ctypedef struct octets:
        uint8_t *data
        size_t used
    ctypedef struct staged_head:
        int64_t key
        uint32_t length
    ctypedef struct load_format:
        size_t bitmap_size
        const uint8_t *constants
        size_t constants_size
        uint64_t hash_start
    bint octets_reserve(octets *buffer, size_t more)
    void octets_free(octets *buffer)
    void staged_head_store(uint8_t *at, staged_head head)
    void store32(uint8_t *at, uint32_t word)
    void store64(uint8_t *at, uint64_t word)
    size_t finished_extra(const load_format *format)
    uint64_t staged_row_hash(const uint8_t *bitmap, size_t bitmap_size, size_t values)
    uint64_t rows_finish(const load_format *format, const uint8_t *staged,
                         size_t count, uint8_t *out)


cdef extern from "decimal.h" nogil:
    ctypedef struct wide_int:
        pass
    size_t numeric_size(unsigned precision)
    void numeric_store(uint8_t *at, wide_int unscaled, size_t size)


cdef extern from "pyvalues.h":
    bint read_int(PyObject *value, int64_t *out)
    bint read_bool(PyObject *value, uint8_t *out)
    bint datetime_ready() except False
    bint read_datetime(PyObject *value, int64_t *out)
    int read_datetimeoffset(PyObject *value, int64_t *out) except -1
    bint read_date(PyObject *value, int64_t *out)
    bint read_time(PyObject *value, int64_t *out)
    bint read_float(PyObject *value, double *out)
    int read_decimal(PyObject *value, PyTypeObject *type, unsigned precision,
                     unsigned scale, wide_int *out) except -1
    const char *read_bytes(PyObject *value, Py_ssize_t *size)
    bint read_uuid(PyObject *value, PyTypeObject *type, Py_ssize_t slot, uint8_t *out)
    Py_ssize_t object_slot_offset(PyObject *descriptor)


cdef extern from "Python.h":
    PyObject *Py_None
    const char *PyUnicode_AsUTF8AndSize(PyObject *text, Py_ssize_t *size)
    bint PyErr_ExceptionMatches(object)
    void PyErr_Clear()
    bint PyList_Check(PyObject *)
    bint PyTuple_Check(PyObject *)
    PyObject **PySequence_Fast_ITEMS(PyObject *)
    Py_ssize_t PySequence_Fast_GET_SIZE(PyObject *)


cdef enum Writer:
    INTEGER
    BIT
    DATETIME2
    UNIQUEIDENTIFIER
    VARCHAR
    VARBINARY
    DECIMAL
    FLOAT
    DATE
    TIME
    DATETIMEOFFSET

cdef struct Field:
    Writer writer
    bint nullable
    Py_ssize_t width     # octets of the value; of text and bytes, the most of them
    unsigned precision   # of DECIMAL
    unsigned scale
    int64_t lowest       # of INTEGER
    int64_t highest


# What Staging.stage returns beside the index of the column it refuses.
cdef enum:
    STAGED = -1
    RAISED = -2


@cython.final
cdef class Staging:
    cdef tuple columns
    cdef Field *fields
    cdef Py_ssize_t count
    cdef Py_ssize_t key          # index of the key's column, -1 for none
    cdef size_t bitmap_size      # covers the etl columns too
    cdef size_t room             # octets of a row without its text and bytes
    cdef octets buffer

    cdef Py_ssize_t stage(self, PyObject **values) except RAISED
    cdef int add(self, row, int64_t number) except -1
    cdef int refuse(self, row, Py_ssize_t index, int64_t number) except -1


cdef class NativeEncoder:
    cdef readonly bytes header
    cdef readonly int64_t rows
    cdef readonly uint64_t checksum
    cdef Staging staging
    cdef bytes constants
    cdef load_format format
    cdef bint busy

    cdef bytes encode_rows(self, tuple rows)
