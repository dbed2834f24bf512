/* Text as a source may give it, on its way to UTF-8. */
#ifndef LOWLEVEL_TEXT_H
#define LOWLEVEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the octets are UTF-8 as RFC 3629 has it. */
bool utf8_valid(const uint8_t *text, size_t size);

/* UTF-16 has at most so many octets of UTF-8 for each unit. */
#define UTF8_PER_UNIT 3

/* What half a surrogate pair makes of a text. */
#define NO_TEXT SIZE_MAX

/* Octets of UTF-8 that little-endian UTF-16 becomes, or NO_TEXT. */
size_t utf16_measure(const uint8_t *text, size_t units);

/* Writes them. `out` has room for UTF8_PER_UNIT octets a unit, or for as many as were
 * measured. Returns their number, or NO_TEXT. */
size_t utf16_to_utf8(const uint8_t *text, size_t units, uint8_t *out);

#endif
