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

/* XOR of the bitmap's 8-octet words, the last one padded with zeros. */
static inline uint64_t bitmap_seed(const uint8_t *bitmap, size_t size)
{
    uint64_t seed = 0;
    for (size_t i = 0; i < size; i++)
        seed ^= (uint64_t)bitmap[i] << (8 * (i % 8));
    return seed;
}

uint64_t staged_row_hash(const uint8_t *bitmap, size_t bitmap_size, size_t values_size)
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
        sum += staged_row_hash(staged, format->bitmap_size, head.length);

        store32(out, (uint32_t)(head.length + extra));
        out += sizeof(uint32_t);
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
