#include "source_value.h"

#include <math.h>
#include <string.h>

#include "row.h"

#define DAYS_1900_TO_2000 36524
#define FIRST_DAY (-730119) /* 0001-01-01, from 2000-01-01 */
#define LAST_DAY 2921939    /* 9999-12-31 */
#define DAY_TICKS INT64_C(864000000000) /* of 100 ns */

/* DBDATETIMEALL, in which db-lib has every type of 100 ns. */
typedef struct {
    uint64_t ticks; /* since midnight */
    int32_t days;   /* since 1900-01-01 */
    int16_t offset;
    uint16_t flags;
} datetime_all;

/* DBNUMERIC: the sign, then the magnitude, its most significant octet first. */
typedef struct {
    uint8_t precision;
    uint8_t scale;
    uint8_t sign;
    uint8_t magnitude[32];
} numeric;

static const uint8_t numeric_octets[MOST_DIGITS + 1] = {
    0, 1,  1,  2,  2,  3,  3,  3,  4,  4,  5,  5,  5,  6,  6,  7,  7,  8,  8, 8,
    9, 9,  10, 10, 10, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 15, 16, 16};

size_t source_value_size(source_reader reader)
{
    switch (reader) {
    case READ_INT1:
    case READ_BIT:
        return 1;
    case READ_INT2:
        return 2;
    case READ_INT4:
    case READ_REAL:
    case READ_MONEY4:
    case READ_DATETIME4:
        return 4;
    case READ_INT8:
    case READ_FLOAT:
    case READ_MONEY:
    case READ_DATETIME:
        return 8;
    case READ_NUMERIC:
        return sizeof(numeric);
    case READ_DATE:
    case READ_TIME:
    case READ_DATETIME2:
    case READ_DATETIMEOFFSET:
        return sizeof(datetime_all);
    case READ_GUID:
        return UUID_SIZE;
    case READ_TEXT:
    case READ_UTF16:
    case READ_BYTES:
        return 0;
    }
    return 0;
}

#define LOAD(type, name, data) \
    type name;                 \
    memcpy(&name, data, sizeof name)

bool source_integer(const source_column *column, const uint8_t *data, int64_t *value)
{
    if (column->reader == READ_INT1) {
        *value = data[0];
    } else if (column->reader == READ_INT2) {
        LOAD(int16_t, number, data);
        *value = number;
    } else if (column->reader == READ_INT4) {
        LOAD(int32_t, number, data);
        *value = number;
    } else {
        LOAD(int64_t, number, data);
        *value = number;
    }
    return column->lowest <= *value && *value <= column->highest;
}

/* A number of 10^-scale as the column has it. */
static value_outcome store_decimal(const source_column *column, wide_int digits,
                                   unsigned scale, uint8_t *out)
{
    if (!decimal_rescale(digits, scale, column->scale, column->most, &digits))
        return VALUE_REFUSED;
    numeric_store(out, digits, column->width);
    return VALUE_READ;
}

static value_outcome store_numeric(const source_column *column, const uint8_t *data,
                                   uint8_t *out)
{
    LOAD(numeric, given, data);
    if (given.precision < 1 || given.precision > MOST_DIGITS ||
        given.scale > given.precision)
        return VALUE_SENSELESS;
    size_t size = numeric_octets[given.precision];
    if (given.magnitude[0] > 0x7F && size == sizeof(wide_int))
        return VALUE_REFUSED;
    wide_int digits = 0;
    for (size_t at = 0; at < size; at++)
        digits = digits << 8 | given.magnitude[at];
    return store_decimal(column, given.sign ? -digits : digits, given.scale, out);
}

static value_outcome store_money(const source_column *column, const uint8_t *data,
                                 uint8_t *out)
{
    LOAD(int32_t, high, data);
    LOAD(uint32_t, low, data + sizeof high);
    return store_decimal(column, (wide_int)high * (INT64_C(1) << 32) + low, 4, out);
}

static value_outcome store_float(double number, uint8_t *out)
{
    memcpy(out, &number, sizeof number);
    return isfinite(number) ? VALUE_READ : VALUE_REFUSED;
}

static inline bool is_day(int64_t days)
{
    return FIRST_DAY <= days && days <= LAST_DAY;
}

bool source_moment(const source_column *column, const uint8_t *data, int64_t *micros)
{
    int64_t days, time;
    if (column->reader == READ_DATETIME4) {
        LOAD(uint16_t, day, data);
        LOAD(uint16_t, minutes, data + sizeof day);
        days = day;
        time = minutes * INT64_C(60000000);
    } else if (column->reader == READ_DATETIME) {
        LOAD(int32_t, day, data);
        LOAD(uint32_t, ticks, data + sizeof day);
        days = day;
        /* Of 1/300 s each, rounded to milliseconds as SQL Server shows them. */
        time = ticks / 300 * INT64_C(1000000) +
               (ticks % 300 * 1000 + 150) / 300 * INT64_C(1000);
    } else {
        LOAD(datetime_all, given, data);
        if (given.ticks >= DAY_TICKS)
            return false;
        days = given.days;
        time = (int64_t)(given.ticks / 10);
    }
    days -= DAYS_1900_TO_2000;
    if (!is_day(days) || time >= DAY_MICROS)
        return false;
    *micros = days * DAY_MICROS + time;
    return true;
}

static value_outcome store_date(const uint8_t *data, uint8_t *out)
{
    LOAD(datetime_all, given, data);
    int64_t days = (int64_t)given.days - DAYS_1900_TO_2000;
    store64(out, (uint64_t)days);
    return is_day(days) ? VALUE_READ : VALUE_SENSELESS;
}

static value_outcome store_time(const uint8_t *data, uint8_t *out)
{
    LOAD(datetime_all, given, data);
    store64(out, given.ticks / 10);
    return given.ticks < DAY_TICKS ? VALUE_READ : VALUE_SENSELESS;
}

value_outcome source_fixed(const source_column *column, const uint8_t *data,
                           uint8_t *out)
{
    int64_t number;
    switch (column->reader) {
    case READ_INT1:
    case READ_INT2:
    case READ_INT4:
    case READ_INT8:
        if (!source_integer(column, data, &number))
            return VALUE_REFUSED;
        store64(out, (uint64_t)number); /* the room is there; width counts */
        return VALUE_READ;
    case READ_BIT:
        out[0] = data[0] != 0;
        return VALUE_READ;
    case READ_REAL: {
        LOAD(float, real, data);
        return store_float(real, out);
    }
    case READ_FLOAT: {
        LOAD(double, real, data);
        return store_float(real, out);
    }
    case READ_MONEY4: {
        LOAD(int32_t, money, data);
        return store_decimal(column, money, 4, out);
    }
    case READ_MONEY:
        return store_money(column, data, out);
    case READ_NUMERIC:
        return store_numeric(column, data, out);
    case READ_DATE:
        return store_date(data, out);
    case READ_TIME:
        return store_time(data, out);
    case READ_DATETIME4:
    case READ_DATETIME:
    case READ_DATETIME2:
    case READ_DATETIMEOFFSET: /* db-lib has it in UTC */
        if (!source_moment(column, data, &number))
            return VALUE_SENSELESS;
        store64(out, (uint64_t)number);
        return VALUE_READ;
    case READ_GUID:
        guid_store(out, data);
        return VALUE_READ;
    case READ_TEXT:
    case READ_UTF16:
    case READ_BYTES:
        break;
    }
    return VALUE_SENSELESS;
}
