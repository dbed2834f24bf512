# What rows.pyx uses of C: the kernels, the driver's object, the dynamic linker.

from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint64_t

from lowlevel.native cimport load_format, wide_int


cdef extern from "decimal.h" nogil:
    wide_int decimal_most(unsigned precision)


cdef extern from "source_value.h" nogil:
    ctypedef enum source_reader:
        READ_INT1
        READ_INT2
        READ_INT4
        READ_INT8
        READ_BIT
        READ_REAL
        READ_FLOAT
        READ_MONEY4
        READ_MONEY
        READ_NUMERIC
        READ_DATETIME4
        READ_DATETIME
        READ_DATE
        READ_TIME
        READ_DATETIME2
        READ_DATETIMEOFFSET
        READ_GUID
        READ_TEXT
        READ_UTF16
        READ_BYTES
    ctypedef struct source_column:
        source_reader reader
        bint nullable
        size_t width
        int64_t lowest
        int64_t highest
        wide_int most
        unsigned precision
        unsigned scale
    size_t source_value_size(source_reader reader)


cdef extern from "source_rows.h" nogil:
    const int64_t ANY_DAY
    ctypedef int (*of_process)(void *process) noexcept nogil
    ctypedef int (*of_column)(void *process, int column) noexcept nogil
    ctypedef char *(*text_of_column)(void *process, int column) noexcept nogil
    ctypedef uint8_t *(*octets_of_column)(void *process, int column) noexcept nogil
    ctypedef struct db_library:
        of_process cancel
        of_process column_count
        text_of_column column_name
        of_column column_type
        of_column column_size
        of_process next_row
        octets_of_column value
        of_column value_size
        of_process descriptor
    ctypedef struct source_rows:
        const db_library *library
        void *process
        const int *severity
        int least_severity
        const source_column *columns
        int column_count
        int day_column
        bint has_row
        int64_t row_count
    ctypedef struct native_rows:
        const load_format *format
        int key
        uint8_t *out
        size_t capacity
        size_t enough
        size_t used
        int64_t row_count
        uint64_t checksum
        int64_t refused_key
        bint has_refused_key
        int refused
    ctypedef enum source_event:
        SOURCE_ROW
        SOURCE_ENOUGH
        SOURCE_NEXT_DAY
        SOURCE_END
        SOURCE_MESSAGE
        SOURCE_FAILED
        SOURCE_REFUSED
        SOURCE_SENSELESS
    source_event source_advance(source_rows *rows)
    source_event source_day(const source_rows *rows, int64_t *day)
    source_event source_take(source_rows *rows, int64_t day, native_rows *into)


cdef extern from "pymssql_connection.h":
    ctypedef struct pymssql_connection:
        bint connected
        int query_timeout
        void *process
        int message_number
        int message_severity
        int last_results
        int column_count
        char *message_text
        PyObject *column_names


cdef extern from "<dlfcn.h>" nogil:
    const int RTLD_LAZY
    const int RTLD_NOLOAD
    void *dlopen(const char *path, int mode)
    void *dlsym(void *library, const char *name)
    int dlclose(void *library)
