#include "row.h"

#include <stdlib.h>

#include "hash.h"

#define SMALLEST_CAPACITY ((size_t)1 << 16)

bool octets_grow(octets *buffer, size_t more)
{
    if (more > SIZE_MAX / 2 - buffer->used)
        return false;
    size_t needed = buffer->used + more;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : SMALLEST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void octets_free(octets *buffer)
{
    free(buffer->data);
    *buffer = (octets){0};
}

/* Days from 0001-01-01 to 2000-01-01, and days before each month of a common year. */
#define DAYS_TO_2000 730119
static const int16_t days_before_month[12] = {0,   31,  59,  90,  120, 151,
                                              181, 212, 243, 273, 304, 334};

int64_t timestamp_micros(int year, int month, int day, int hour, int minute,
                         int second, int micros)
{
    int past = year - 1;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    int64_t days = past * 365 + past / 4 - past / 100 + past / 400;
    days += days_before_month[month - 1] + (leap && month > 2) + day - 1;
    int seconds = (hour * 60 + minute) * 60 + second;
    return ((days - DAYS_TO_2000) * 86400 + seconds) * 1000000 + micros;
}

/* XOR of the bitmap's 8-octet words, the last one padded with zeros. */
static inline uint64_t bitmap_seed(const uint8_t *bitmap, size_t size)
{
    uint64_t seed = 0;
    for (size_t i = 0; i < size; i++)
        seed ^= (uint64_t)bitmap[i] << (8 * (i % 8));
    return seed;
}

uint64_t row_hash(const uint8_t *bitmap, size_t bitmap_size, size_t values_size)
{
    return xxh64(bitmap + bitmap_size, values_size, bitmap_seed(bitmap, bitmap_size));
}

uint64_t rows_finish(const load_format *format, const uint8_t *staged, size_t count,
                     uint8_t *out)
{
    uint64_t sum = 0;
    size_t extra = finished_extra(format) - sizeof(uint32_t);
    for (; count > 0; count--) {
        staged_head head = staged_head_load(staged);
        staged += STAGED_HEAD_SIZE;
        sum += row_hash(staged, format->bitmap_size, head.length);

        uint32_t length = (uint32_t)(head.length + extra);
        memcpy(out, &length, sizeof length);
        out += sizeof length;
        size_t size = format->bitmap_size + head.length;
        memcpy(out, staged, size);
        staged += size;
        out += size;
        memcpy(out, format->constants, format->constants_size);
        out += format->constants_size;
        store64(out, (uint64_t)hash_id_finish(format->hash_start, head.key));
        out += INT_SIZE;
    }
    return sum;
}
