/* Decimal numbers as Vertica's NUMERIC: an unscaled integer of whole 8-octet words. */
#ifndef LOWLEVEL_DECIMAL_H
#define LOWLEVEL_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "row.h"

/* SQL Server's most; 10^38 fits 127 bits. */
#define MOST_DIGITS 38

__extension__ typedef __int128 wide_int;

/* Octets of a NUMERIC of that precision: a word for each 19 digits begun. */
static inline size_t numeric_size(unsigned precision)
{
    return (precision / 19 + 1) * 8;
}

/* Reads what str() writes of a decimal.Decimal: sign, digits, point, exponent.
 *
 * Answers whether it is a number that a NUMERIC(precision, scale) holds exactly;
 * then `unscaled` is the number times 10^scale.
 */
bool decimal_parse(const char *text, size_t length, unsigned precision, unsigned scale,
                   wide_int *unscaled);

/* The greatest magnitude of so many digits. */
wide_int decimal_most(unsigned precision);

/* Moves a number from one scale to another; false if that is not exact, or its
 * magnitude is more than `most`. */
bool decimal_rescale(wide_int digits, unsigned given, unsigned scale, wide_int most,
                     wide_int *unscaled);

/* Writes the words, the most significant first, each little-endian. */
static inline void numeric_store(uint8_t *at, wide_int unscaled, size_t size)
{
    uint64_t words[3] = {(uint64_t)unscaled, (uint64_t)(unscaled >> 64),
                         unscaled < 0 ? UINT64_MAX : 0};
    for (size_t word = size / 8; word > 0; word--, at += 8)
        store64(at, words[word - 1]);
}

#endif
