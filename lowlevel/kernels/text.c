#include "text.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static inline bool continues(uint8_t octet)
{
    return (octet & 0xC0) == 0x80;
}

/* Octets of the character that starts at `at`; 0 if it is none. */
static size_t character_size(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    if (first < 0xE0)
        return left >= 2 && continues(at[1]) ? 2 : 0;
    /* The second octet tells what is overlong, half a surrogate pair or too great. */
    if (first < 0xF0) {
        uint8_t lowest = first == 0xE0 ? 0xA0 : 0x80;
        uint8_t highest = first == 0xED ? 0x9F : 0xBF;
        return left >= 3 && at[1] >= lowest && at[1] <= highest && continues(at[2])
                   ? 3
                   : 0;
    }
    uint8_t lowest = first == 0xF0 ? 0x90 : 0x80;
    uint8_t highest = first == 0xF4 ? 0x8F : 0xBF;
    return left >= 4 && at[1] >= lowest && at[1] <= highest && continues(at[2]) &&
                   continues(at[3])
               ? 4
               : 0;
}

bool utf8_valid(const uint8_t *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint64_t word;
        if (size - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if ((word & HIGH_BITS) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t step = character_size(text + at, size - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

/* The bits that no ASCII has, of four units. */
#define NOT_ASCII UINT64_C(0xFF80FF80FF80FF80)
#define AT_ONCE (sizeof(uint64_t) / sizeof(uint16_t))

static inline uint16_t unit_at(const uint8_t *text, size_t index)
{
    uint16_t unit;
    memcpy(&unit, text + index * sizeof unit, sizeof unit);
    return unit;
}

static inline bool are_ascii(const uint8_t *text, size_t index)
{
    uint64_t four;
    memcpy(&four, text + index * sizeof(uint16_t), sizeof four);
    return (four & NOT_ASCII) == 0;
}

static inline bool is_high_half(uint16_t unit)
{
    return (unit & 0xFC00) == 0xD800;
}

static inline bool is_low_half(uint16_t unit)
{
    return (unit & 0xFC00) == 0xDC00;
}

/* Whether a pair begins there whose other half follows. */
static inline bool is_pair(const uint8_t *text, size_t index, size_t units)
{
    return is_high_half(unit_at(text, index)) && index + 1 < units &&
           is_low_half(unit_at(text, index + 1));
}

size_t utf16_measure(const uint8_t *text, size_t units)
{
    size_t size = 0;
    for (size_t at = 0; at < units; at++) {
        uint16_t unit = unit_at(text, at);
        if (unit < 0x80) {
            size += 1;
        } else if (unit < 0x800) {
            size += 2;
        } else if ((unit & 0xF800) != 0xD800) {
            size += 3;
        } else if (is_pair(text, at, units)) {
            size += 4;
            at++;
        } else {
            return NO_TEXT;
        }
    }
    return size;
}

size_t utf16_to_utf8(const uint8_t *text, size_t units, uint8_t *out)
{
    uint8_t *start = out;
    size_t at = 0;
    while (at < units) {
        if (units - at >= AT_ONCE && are_ascii(text, at)) {
            for (size_t i = 0; i < AT_ONCE; i++)
                *out++ = text[(at + i) * sizeof(uint16_t)];
            at += AT_ONCE;
            continue;
        }
        uint32_t code = unit_at(text, at);
        if (code < 0x80) {
            *out++ = (uint8_t)code;
        } else if (code < 0x800) {
            *out++ = (uint8_t)(0xC0 | code >> 6);
            *out++ = (uint8_t)(0x80 | (code & 0x3F));
        } else if ((code & 0xF800) != 0xD800) {
            *out++ = (uint8_t)(0xE0 | code >> 12);
            *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
            *out++ = (uint8_t)(0x80 | (code & 0x3F));
        } else if (is_pair(text, at, units)) {
            code = 0x10000 + ((code & 0x3FF) << 10) + (unit_at(text, ++at) & 0x3FF);
            *out++ = (uint8_t)(0xF0 | code >> 18);
            *out++ = (uint8_t)(0x80 | (code >> 12 & 0x3F));
            *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
            *out++ = (uint8_t)(0x80 | (code & 0x3F));
        } else {
            return NO_TEXT;
        }
        at++;
    }
    return (size_t)(out - start);
}
