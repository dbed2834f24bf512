/* Reads the values of Python objects that pymssql gives, without calling Python.
 *
 * Types must be exact: a subclass may hold more than would be written (a pandas
 * Timestamp has nanoseconds) or less than it shows (a bool is an int).
 * Each reader answers whether the object holds a value that can be stored.
 */
#ifndef LOWLEVEL_PYVALUES_H
#define LOWLEVEL_PYVALUES_H

#include <Python.h>

#include <datetime.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <structmember.h>

#include "decimal.h"
#include "row.h"

#if PYLONG_BITS_IN_DIGIT != 30
#error "the digits of int are read as 30 bits each"
#endif

/* The magnitude of an int: little-endian digits of 30 bits. */
typedef struct {
    const digit *digits;
    size_t count;
    bool negative;
} int_parts;

static inline int_parts int_take_apart(PyObject *object)
{
#if PY_VERSION_HEX < 0x030C0000
    Py_ssize_t size = Py_SIZE(object);
    return (int_parts){((PyLongObject *)object)->ob_digit,
                       (size_t)(size < 0 ? -size : size), size < 0};
#elif PY_VERSION_HEX < 0x030E0000
    /* lv_tag: the sign in bits 0 and 1, where 2 is negative; the count from bit 3. */
    const _PyLongValue *value = &((PyLongObject *)object)->long_value;
    return (int_parts){value->ob_digit, value->lv_tag >> 3, (value->lv_tag & 3) == 2};
#else
#error "how this Python lays out an int is not known"
#endif
}

static inline uint64_t int_digit(int_parts parts, size_t index)
{
    return index < parts.count ? parts.digits[index] : 0;
}

/* An int of -2^63+1 to 2^63-1, the range of Vertica's INT. */
static inline bool read_int(PyObject *object, int64_t *value)
{
    if (!PyLong_CheckExact(object))
        return false;
    int_parts parts = int_take_apart(object);
    uint64_t magnitude = 0;
    if (parts.count > 3 || (parts.count == 3 && parts.digits[2] > 7))
        return false;
    for (size_t i = parts.count; i > 0; i--)
        magnitude = magnitude << 30 | parts.digits[i - 1];
    *value = parts.negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

static inline bool read_bool(PyObject *object, uint8_t *value)
{
    *value = object == Py_True;
    return PyBool_Check(object);
}

/* Imports the C interface of datetime; needed once before read_datetime. */
static inline bool datetime_ready(void)
{
    PyDateTime_IMPORT;
    return PyDateTimeAPI != NULL;
}

static inline int64_t datetime_micros(PyObject *object)
{
    return days_to(PyDateTime_GET_YEAR(object), PyDateTime_GET_MONTH(object),
                   PyDateTime_GET_DAY(object)) *
               DAY_MICROS +
           micros_of(PyDateTime_DATE_GET_HOUR(object),
                     PyDateTime_DATE_GET_MINUTE(object),
                     PyDateTime_DATE_GET_SECOND(object),
                     PyDateTime_DATE_GET_MICROSECOND(object));
}

/* A datetime without time zone, in microseconds from 2000-01-01. */
static inline bool read_datetime(PyObject *object, int64_t *value)
{
    if (!PyDateTime_CheckExact(object) ||
        PyDateTime_DATE_GET_TZINFO(object) != Py_None)
        return false;
    *value = datetime_micros(object);
    return true;
}

/* A datetime with a time zone, in microseconds from 2000-01-01 00:00 UTC.
 *
 * Answers 1 if it is one, 0 if not, -1 if its time zone raised an exception.
 */
static inline int read_datetimeoffset(PyObject *object, int64_t *value)
{
    if (!PyDateTime_CheckExact(object))
        return 0;
    PyObject *offset = PyObject_CallMethod(object, "utcoffset", NULL);
    if (offset == NULL)
        return -1;
    bool known = PyDelta_Check(offset);
    if (known)
        *value = datetime_micros(object) -
                 (PyDateTime_DELTA_GET_DAYS(offset) * DAY_MICROS +
                  PyDateTime_DELTA_GET_SECONDS(offset) * INT64_C(1000000) +
                  PyDateTime_DELTA_GET_MICROSECONDS(offset));
    Py_DECREF(offset);
    return known;
}

/* A date, in days from 2000-01-01. */
static inline bool read_date(PyObject *object, int64_t *value)
{
    if (!PyDate_CheckExact(object))
        return false;
    *value = days_to(PyDateTime_GET_YEAR(object), PyDateTime_GET_MONTH(object),
                     PyDateTime_GET_DAY(object));
    return true;
}

/* A time of day without time zone, in microseconds from midnight. */
static inline bool read_time(PyObject *object, int64_t *value)
{
    if (!PyTime_CheckExact(object) || PyDateTime_TIME_GET_TZINFO(object) != Py_None)
        return false;
    *value = micros_of(PyDateTime_TIME_GET_HOUR(object),
                       PyDateTime_TIME_GET_MINUTE(object),
                       PyDateTime_TIME_GET_SECOND(object),
                       PyDateTime_TIME_GET_MICROSECOND(object));
    return true;
}

/* A finite float: a NaN may be NULL to Vertica, and SQL Server has neither. */
static inline bool read_float(PyObject *object, double *value)
{
    if (!PyFloat_CheckExact(object))
        return false;
    *value = PyFloat_AS_DOUBLE(object);
    return isfinite(*value);
}

/* The octets of a bytes object; NULL for any other. */
static inline const char *read_bytes(PyObject *object, Py_ssize_t *size)
{
    if (!PyBytes_CheckExact(object))
        return NULL;
    *size = PyBytes_GET_SIZE(object);
    return PyBytes_AS_STRING(object);
}

/* A decimal.Decimal that a NUMERIC(precision, scale) holds exactly.
 *
 * How one is laid out is the interpreter's own affair, so it is read from its text.
 * Answers 1 if it is one, 0 if not, -1 if an exception was raised.
 */
static inline int read_decimal(PyObject *object, PyTypeObject *type, unsigned precision,
                               unsigned scale, wide_int *value)
{
    if (!Py_IS_TYPE(object, type))
        return 0;
    PyObject *text = PyObject_Str(object);
    if (text == NULL)
        return -1;
    Py_ssize_t size;
    const char *octets = PyUnicode_AsUTF8AndSize(text, &size);
    int held = octets == NULL
                   ? -1
                   : decimal_parse(octets, (size_t)size, precision, scale, value);
    Py_DECREF(text);
    return held;
}

/* Where instances of uuid.UUID keep their `int` slot; -1 if it is no such slot. */
static inline Py_ssize_t object_slot_offset(PyObject *descriptor)
{
    if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type))
        return -1;
    const PyMemberDef *member = ((PyMemberDescrObject *)descriptor)->d_member;
    return member->type == T_OBJECT_EX ? member->offset : -1;
}

/* The 16 octets of a uuid.UUID, most significant first. */
static inline bool read_uuid(PyObject *object, PyTypeObject *type, Py_ssize_t slot,
                             uint8_t octets[UUID_SIZE])
{
    if (!Py_IS_TYPE(object, type))
        return false;
    PyObject *number;
    memcpy(&number, (const char *)object + slot, sizeof number);
    if (number == NULL || !PyLong_CheckExact(number))
        return false;
    int_parts parts = int_take_apart(number);
    if (parts.negative || parts.count > 5)
        return false;
    uint64_t middle = int_digit(parts, 2);
    uint64_t top = int_digit(parts, 4);
    if (top > 0xFF)
        return false;
    uint64_t high = middle >> 4 | int_digit(parts, 3) << 26 | top << 56;
    uint64_t low = int_digit(parts, 0) | int_digit(parts, 1) << 30 | middle << 60;
    store64(octets, __builtin_bswap64(high));
    store64(octets + 8, __builtin_bswap64(low));
    return true;
}

#endif
