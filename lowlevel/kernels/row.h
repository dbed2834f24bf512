/* Rows of Vertica's NATIVE format, in two steps.
 *
 * The face stages each row: the key, then the source's columns in NATIVE form.
 * `rows_finish` then needs no Python object: it hashes the staged rows and lays
 * them out with the columns that every load adds. docs/formats.md has the layout.
 */
#ifndef LOWLEVEL_ROW_H
#define LOWLEVEL_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Octets that grow and are kept for the next use. */
typedef struct {
    uint8_t *data;
    size_t used;
    size_t capacity;
} octets;

/* Makes room for `more` octets after `used`; false when memory is out. */
bool octets_grow(octets *buffer, size_t more);

static inline bool octets_reserve(octets *buffer, size_t more)
{
    return buffer->capacity - buffer->used >= more || octets_grow(buffer, more);
}

void octets_free(octets *buffer);

/* What a staged row starts with; the null bitmap and the values follow it. */
typedef struct {
    int64_t key;
    uint32_t length; /* octets of the values, without the bitmap */
} staged_head;

/* Octets a staged_head takes in the buffer (it is stored without padding). */
#define STAGED_HEAD_SIZE 12

static inline void staged_head_store(uint8_t *at, staged_head head)
{
    memcpy(at, &head.key, sizeof head.key);
    memcpy(at + sizeof head.key, &head.length, sizeof head.length);
}

static inline staged_head staged_head_load(const uint8_t *at)
{
    staged_head head;
    memcpy(&head.key, at, sizeof head.key);
    memcpy(&head.length, at + sizeof head.key, sizeof head.length);
    return head;
}

/* What is the same for every row of a load. */
typedef struct {
    size_t bitmap_size;        /* octets of a row's null bitmap, etl columns included */
    const uint8_t *constants;  /* the values of etl_source and etl_id */
    size_t constants_size;
    uint64_t hash_start;       /* hash_id_start of the source's name */
} load_format;

/* Octets that a finished row has more than its bitmap and source values. */
static inline size_t finished_extra(const load_format *format)
{
    return sizeof(uint32_t) + format->constants_size + sizeof(int64_t);
}

/* Octets of a NATIVE value. */
#define INT_SIZE 8
#define UUID_SIZE 16
#define LARGEST_FIXED 24 /* NUMERIC(38) */

static inline void store32(uint8_t *at, uint32_t word)
{
    memcpy(at, &word, sizeof word);
}

static inline void store64(uint8_t *at, uint64_t word)
{
    memcpy(at, &word, sizeof word);
}

/* Writes a UUID, most significant octet first, of the octets that SQL Server has: in
 * its first three parts, of 4, 2 and 2 octets, the least significant comes first. */
static inline void guid_store(uint8_t *at, const uint8_t *guid)
{
    static const uint8_t order[8] = {3, 2, 1, 0, 5, 4, 7, 6};
    for (size_t i = 0; i < sizeof order; i++)
        at[i] = guid[order[i]];
    memcpy(at + sizeof order, guid + sizeof order, UUID_SIZE - sizeof order);
}

/* Days from 0000-03-01 to 2000-01-01, in the calendar of days_to. */
#define DAYS_TO_2000 730425

/* Days from 2000-01-01 to a day of the proleptic Gregorian calendar.
 *
 * Years start in March here, so that the leap day is the last: months then begin
 * (153 * month - 457) / 5 days after the year for month 3 to 14.
 */
static inline int64_t days_to(int year, int month, int day)
{
    if (month < 3) {
        year -= 1;
        month += 12;
    }
    unsigned century = (unsigned)year / 100;
    unsigned days = (unsigned)year * 1461 / 4 - century + century / 4;
    days += (153 * (unsigned)month - 457) / 5 + (unsigned)day - 1;
    return (int64_t)days - DAYS_TO_2000;
}

/* Microseconds from midnight to a time of day. */
static inline int64_t micros_of(int hour, int minute, int second, int micros)
{
    return (int64_t)((hour * 60 + minute) * 60 + second) * 1000000 + micros;
}

#define DAY_MICROS INT64_C(86400000000)

/* The row hash of one staged row; its values follow its bitmap. */
uint64_t staged_row_hash(const uint8_t *bitmap, size_t bitmap_size, size_t values_size);

/* Lays `count` staged rows out as NATIVE rows in `out`, which has room for the staged
 * octets less the heads plus finished_extra for each row.
 * Returns the sum of their row hashes modulo 2^64.
 */
uint64_t rows_finish(const load_format *format, const uint8_t *staged, size_t count,
                     uint8_t *out);

#endif
