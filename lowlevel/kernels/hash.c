#include "hash.h"

#include <string.h>

static inline uint64_t load64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint32_t load32(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

#define PRIME1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME3 UINT64_C(0x165667B19E3779F9)
#define PRIME4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME5 UINT64_C(0x27D4EB2F165667C5)

static inline uint64_t lane_round(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * PRIME2, 31) * PRIME1;
}

static inline uint64_t merge_lane(uint64_t hash, uint64_t lane)
{
    return (hash ^ lane_round(0, lane)) * PRIME1 + PRIME4;
}

/* Consumes whole stripes of 32 octets and moves `*data` past them. */
static inline uint64_t stripes(const uint8_t **data, size_t count, uint64_t seed)
{
    uint64_t a = seed + PRIME1 + PRIME2;
    uint64_t b = seed + PRIME2;
    uint64_t c = seed;
    uint64_t d = seed - PRIME1;
    const uint8_t *at = *data;
    for (; count > 0; count--, at += 32) {
        a = lane_round(a, load64(at));
        b = lane_round(b, load64(at + 8));
        c = lane_round(c, load64(at + 16));
        d = lane_round(d, load64(at + 24));
    }
    *data = at;
    uint64_t hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    hash = merge_lane(hash, a);
    hash = merge_lane(hash, b);
    hash = merge_lane(hash, c);
    return merge_lane(hash, d);
}

uint64_t xxh64(const uint8_t *data, size_t length, uint64_t seed)
{
    size_t whole = length / 32;
    size_t rest = length % 32;
    uint64_t hash = whole > 0 ? stripes(&data, whole, seed) : seed + PRIME5;
    hash += length;
    for (; rest >= 8; rest -= 8, data += 8)
        hash = rotate(hash ^ lane_round(0, load64(data)), 27) * PRIME1 + PRIME4;
    if (rest >= 4) {
        hash = rotate(hash ^ load32(data) * PRIME1, 23) * PRIME2 + PRIME3;
        data += 4;
        rest -= 4;
    }
    for (; rest > 0; rest--, data++)
        hash = rotate(hash ^ *data * PRIME5, 11) * PRIME1;
    hash = (hash ^ (hash >> 33)) * PRIME2;
    hash = (hash ^ (hash >> 29)) * PRIME3;
    return hash ^ (hash >> 32);
}

static inline void sip_rounds(uint64_t v[4], int count)
{
    for (; count > 0; count--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static inline void sip_absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
}

uint64_t siphash24(const uint8_t *data, size_t length, uint64_t k0, uint64_t k1)
{
    uint64_t v[4] = {
        k0 ^ UINT64_C(0x736F6D6570736575),
        k1 ^ UINT64_C(0x646F72616E646F6D),
        k0 ^ UINT64_C(0x6C7967656E657261),
        k1 ^ UINT64_C(0x7465646279746573),
    };
    uint64_t last = (uint64_t)length << 56;
    for (; length >= 8; length -= 8, data += 8)
        sip_absorb(v, load64(data));
    for (size_t i = 0; i < length; i++)
        last |= (uint64_t)data[i] << (8 * i);
    sip_absorb(v, last);
    v[2] ^= 0xFF;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* pandas' default hash_key, "0123456789123456", as two words. */
#define PANDAS_KEY0 UINT64_C(0x3736353433323130)
#define PANDAS_KEY1 UINT64_C(0x3635343332313938)
#define PANDAS_START UINT64_C(0x345678)

uint64_t hash_id_start(const uint8_t *source, size_t length)
{
    uint64_t hash = mix64(siphash24(source, length, PANDAS_KEY0, PANDAS_KEY1));
    return (PANDAS_START ^ hash) * HASH_FIRST_MULTIPLIER;
}
