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
