/* Text as a source may give it, on its way to UTF-8. */
#ifndef LOWLEVEL_TEXT_H
#define LOWLEVEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the octets are UTF-8 as RFC 3629 has it. */
bool utf8_valid(const uint8_t *text, size_t size);

#endif
