/* Values as db-lib gives them, on their way to NATIVE.
 *
 * The layouts are those of db-lib's own structures (FreeTDS, sybdb.h), in the host's
 * byte order but where it is said.
 */
#ifndef LOWLEVEL_SOURCE_VALUE_H
#define LOWLEVEL_SOURCE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decimal.h"

/* What a value is to db-lib. */
typedef enum {
    READ_INT1, /* without a sign */
    READ_INT2,
    READ_INT4,
    READ_INT8,
    READ_BIT,
    READ_REAL,
    READ_FLOAT,
    READ_MONEY4,
    READ_MONEY,
    READ_NUMERIC,
    READ_DATETIME4,
    READ_DATETIME,
    READ_DATE,
    READ_TIME,
    READ_DATETIME2,
    READ_DATETIMEOFFSET,
    READ_GUID,
    READ_TEXT,  /* UTF-8 */
    READ_UTF16, /* the same of octets of UTF-16 */
    READ_BYTES,
} source_reader;

/* A column: what comes, and what is made of it. */
typedef struct {
    source_reader reader;
    bool nullable;
    size_t width;    /* octets of the NATIVE value; of text and bytes, the most */
    int64_t lowest;  /* of integers */
    int64_t highest;
    wide_int most;   /* of decimals: the greatest magnitude */
    unsigned precision;
    unsigned scale;
} source_column;

typedef enum {
    VALUE_READ,
    VALUE_REFUSED,   /* the column cannot hold it */
    VALUE_SENSELESS, /* no SQL Server sends it */
} value_outcome;

/* Octets that db-lib has for a value of a fixed size; 0 for text and bytes. */
size_t source_value_size(source_reader reader);

/* An integer of any size, widened. */
bool source_integer(const source_column *column, const uint8_t *data, int64_t *value);

/* A moment of any type without a time zone, in microseconds from 2000-01-01. */
bool source_moment(const source_column *column, const uint8_t *data, int64_t *micros);

/* Writes `width` octets of NATIVE for a value of a fixed size. `out` has room for
 * LARGEST_FIXED. */
value_outcome source_fixed(const source_column *column, const uint8_t *data,
                           uint8_t *out);

#endif
