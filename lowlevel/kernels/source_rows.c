#include "source_rows.h"

#include "hash.h"
#include "text.h"

/* What dbnextrow answers. */
#define REG_ROW (-1)
#define NO_MORE_ROWS (-2)
#define FAIL 0

static inline bool has_failed(const source_rows *rows)
{
    return *rows->severity >= rows->least_severity;
}

source_event source_advance(source_rows *rows)
{
    if (rows->has_row)
        return SOURCE_ROW;
    int answer = rows->library->next_row(rows->process);
    if (answer == FAIL)
        return SOURCE_FAILED;
    /* A late error comes with the end, or even with a row. */
    if (has_failed(rows))
        return SOURCE_MESSAGE;
    if (answer == NO_MORE_ROWS)
        return SOURCE_END;
    if (answer != REG_ROW)
        return SOURCE_SENSELESS;
    rows->has_row = true;
    rows->row_count++;
    return SOURCE_ROW;
}

static inline const uint8_t *value_of(const source_rows *rows, int column)
{
    return rows->library->value(rows->process, column + 1);
}

source_event source_day(const source_rows *rows, int64_t *day)
{
    const source_column *column = &rows->columns[rows->day_column];
    const uint8_t *data = value_of(rows, rows->day_column);
    int64_t micros;
    if (data == NULL && has_failed(rows))
        return SOURCE_FAILED;
    if (data == NULL || !source_moment(column, data, &micros))
        return SOURCE_SENSELESS;
    *day = micros / DAY_MICROS - (micros % DAY_MICROS < 0);
    return SOURCE_ROW;
}

/* A row on its way: what has been written of it, and where it must end. */
typedef struct {
    uint8_t *at;
    size_t spare; /* octets for text and bytes */
    int64_t key;
} open_row;

/* Writes text or bytes as they are. */
static source_event take_plain(const source_column *column, const uint8_t *data,
                               size_t *size, open_row *row)
{
    if (column->reader == READ_TEXT && !utf8_valid(data, *size))
        return SOURCE_SENSELESS;
    if (*size > column->width)
        return SOURCE_REFUSED;
    if (*size > row->spare)
        return SOURCE_ENOUGH;
    memcpy(row->at + sizeof(uint32_t), data, *size);
    return SOURCE_ROW;
}

/* Writes UTF-16 as UTF-8; `size` is then that of what is written. */
static source_event take_utf16(const source_column *column, const uint8_t *data,
                               size_t *size, open_row *row)
{
    size_t units = *size / 2;
    if (*size % 2 != 0)
        return SOURCE_SENSELESS;
    /* Measured only where it might not fit, which is seldom. */
    if (units * UTF8_PER_UNIT > row->spare || units * UTF8_PER_UNIT > column->width) {
        *size = utf16_measure(data, units);
        if (*size > column->width)
            return SOURCE_REFUSED;
        if (*size > row->spare)
            return SOURCE_ENOUGH;
    }
    *size = utf16_to_utf8(data, units, row->at + sizeof(uint32_t));
    return *size == NO_TEXT ? SOURCE_REFUSED : SOURCE_ROW;
}

/* Writes text or bytes after their length. */
static source_event take_octets(const source_rows *rows, int index, const uint8_t *data,
                                open_row *row)
{
    const source_column *column = &rows->columns[index];
    int given = rows->library->value_size(rows->process, index + 1);
    if (given < 0)
        return has_failed(rows) ? SOURCE_FAILED : SOURCE_SENSELESS;
    size_t size = (size_t)given;
    source_event event = column->reader == READ_UTF16
                             ? take_utf16(column, data, &size, row)
                             : take_plain(column, data, &size, row);
    if (event == SOURCE_ROW) {
        row->spare -= size;
        store32(row->at, (uint32_t)size);
        row->at += sizeof(uint32_t) + size;
    }
    return event;
}

static source_event take_fixed(const source_column *column, const uint8_t *data,
                               open_row *row)
{
    switch (source_fixed(column, data, row->at)) {
    case VALUE_READ:
        row->at += column->width;
        return SOURCE_ROW;
    case VALUE_REFUSED:
        return SOURCE_REFUSED;
    case VALUE_SENSELESS:
        break;
    }
    return SOURCE_SENSELESS;
}

/* The key of a row that is refused, for its error. */
static void note_key(const source_rows *rows, native_rows *into)
{
    const uint8_t *data = value_of(rows, into->key);
    into->has_refused_key =
        data != NULL &&
        source_integer(&rows->columns[into->key], data, &into->refused_key);
}

static source_event take_values(const source_rows *rows, native_rows *into,
                                uint8_t *bitmap, open_row *row)
{
    for (int index = 0; index < rows->column_count; index++) {
        const source_column *column = &rows->columns[index];
        const uint8_t *data = value_of(rows, index);
        source_event event = SOURCE_ROW;
        if (data == NULL) {
            /* So is every value of a row whose link was lost after it had come. */
            if (has_failed(rows))
                event = SOURCE_FAILED;
            else if (!column->nullable)
                event = SOURCE_REFUSED;
            bitmap[index / 8] |= (uint8_t)(0x80 >> (index % 8));
        } else if (column->reader >= READ_TEXT) {
            event = take_octets(rows, index, data, row);
        } else {
            event = take_fixed(column, data, row);
            if (index == into->key && event == SOURCE_ROW)
                source_integer(column, data, &row->key);
        }
        if (event != SOURCE_ROW) {
            into->refused = index;
            if (event == SOURCE_REFUSED)
                note_key(rows, into);
            return event;
        }
    }
    return SOURCE_ROW;
}

/* Takes the row that has come, or leaves it where it is. */
static source_event take_row(source_rows *rows, native_rows *into)
{
    const load_format *format = into->format;
    size_t room = finished_extra(format) + format->bitmap_size +
                  (size_t)rows->column_count * LARGEST_FIXED;
    if (into->capacity - into->used < room)
        return SOURCE_ENOUGH;
    uint8_t *start = into->out + into->used;
    uint8_t *bitmap = start + sizeof(uint32_t);
    uint8_t *values = bitmap + format->bitmap_size;
    open_row row = {values, into->capacity - into->used - room, 0};
    memset(bitmap, 0, format->bitmap_size);
    source_event event = take_values(rows, into, bitmap, &row);
    if (event != SOURCE_ROW)
        return event;
    into->checksum +=
        staged_row_hash(bitmap, format->bitmap_size, (size_t)(row.at - values));
    memcpy(row.at, format->constants, format->constants_size);
    row.at += format->constants_size;
    store64(row.at, (uint64_t)hash_id_finish(format->hash_start, row.key));
    row.at += INT_SIZE;
    store32(start, (uint32_t)(row.at - values));
    into->used = (size_t)(row.at - into->out);
    into->row_count++;
    rows->has_row = false;
    return SOURCE_ROW;
}

source_event source_take(source_rows *rows, int64_t day, native_rows *into)
{
    while (into->used < into->enough) {
        source_event event = source_advance(rows);
        int64_t found;
        if (event == SOURCE_ROW && day != ANY_DAY) {
            event = source_day(rows, &found);
            if (event == SOURCE_ROW && found != day)
                event = SOURCE_NEXT_DAY;
        }
        if (event == SOURCE_ROW)
            event = take_row(rows, into);
        if (event != SOURCE_ROW)
            return event;
    }
    return SOURCE_ENOUGH;
}
