/* The two hashes that a loaded row carries: hash_id and the row hash.
 *
 * docs/formats.md publishes both definitions. Nothing here knows of Python.
 */
#ifndef LOWLEVEL_HASH_H
#define LOWLEVEL_HASH_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "these kernels store and read integers as the host does: little-endian only"
#endif

/* XXH64 of `length` octets. Source: the xxHash specification, version 0.2. */
uint64_t xxh64(const uint8_t *data, size_t length, uint64_t seed);

/* SipHash-2-4 of `length` octets. Source: Aumasson and Bernstein, 2012. */
uint64_t siphash24(const uint8_t *data, size_t length, uint64_t k0, uint64_t k1);

/* The part of hash_id that only the source's name (UTF-8) decides. */
uint64_t hash_id_start(const uint8_t *source, size_t length);

/* SplitMix64's finaliser, which pandas applies to every value it hashes. */
static inline uint64_t mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* Vertica's INT cannot hold -2^63 (it means NULL): its neighbour stands for it. */
static inline int64_t storable_hash(uint64_t hash)
{
    if (hash == UINT64_C(1) << 63)
        hash += 1;
    return (int64_t)hash;
}

/* pandas' combination of two hashes: after the first column, then the second. */
#define HASH_FIRST_MULTIPLIER UINT64_C(1000003)
#define HASH_SECOND_MULTIPLIER (HASH_FIRST_MULTIPLIER + 82520 + 2 * 2)

static inline int64_t hash_id_finish(uint64_t start, int64_t key)
{
    uint64_t combined = (start ^ mix64((uint64_t)key)) * HASH_SECOND_MULTIPLIER;
    return storable_hash(combined + 97531);
}

#endif
