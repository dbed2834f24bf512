#include "decimal.h"

/* The exponent after E, at most a few digits since the text is a Decimal's. */
static bool exponent_parse(const char *at, const char *end, long *exponent)
{
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || end - at > 6)
        return false;
    long value = 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        value = value * 10 + (*at - '0');
    }
    *exponent = negative ? -value : value;
    return true;
}

/* Moves the point; false if digits are lost, or there are more than `most`. */
static bool shifted(wide_int digits, long places, wide_int most, wide_int *out)
{
    for (; places > 0 && digits != 0; places--) {
        if (digits > most / 10)
            return false;
        digits *= 10;
    }
    for (; places < 0 && digits != 0; places++) {
        if (digits % 10 != 0)
            return false;
        digits /= 10;
    }
    *out = digits;
    return digits <= most;
}

wide_int decimal_most(unsigned precision)
{
    wide_int most = 1;
    for (unsigned digit = 0; digit < precision; digit++)
        most *= 10;
    return most - 1;
}

bool decimal_rescale(wide_int digits, unsigned given, unsigned scale, wide_int most,
                     wide_int *unscaled)
{
    bool negative = digits < 0;
    wide_int whole = negative ? -digits : digits;
    if (!shifted(whole, (long)scale - (long)given, most, &whole))
        return false;
    *unscaled = negative ? -whole : whole;
    return true;
}

bool decimal_parse(const char *text, size_t length, unsigned precision, unsigned scale,
                   wide_int *unscaled)
{
    const char *at = text, *end = text + length;
    bool negative = at < end && *at == '-';
    if (negative)
        at++;
    wide_int digits = 0;
    size_t count = 0, after_point = 0;
    bool point = false;
    for (; at < end && *at != 'E'; at++) {
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        if (*at < '0' || *at > '9')
            return false;
        if (digits != 0 || *at != '0')
            count++;
        if (count > MOST_DIGITS)
            return false;
        digits = digits * 10 + (*at - '0');
        after_point += point;
    }
    long exponent = 0;
    if (at < end && !exponent_parse(at + 1, end, &exponent))
        return false;
    wide_int whole;
    if (!shifted(digits, exponent + (long)scale - (long)after_point,
                 decimal_most(precision), &whole))
        return false;
    *unscaled = negative ? -whole : whole;
    return true;
}
