/* Two check sums: CRC-32 with its usual tables for eight bytes at once, and SipHash-2-4. */

#include <stddef.h>
#include <stdint.h>

/* The entry of a table for a byte is the sum, without carry, of those for its bits. */
#define ENTRY(n, a, b, c, d, e, f, g, h)                                                                                \
    (((n) & 1 ? a : 0u) ^ ((n) & 2 ? b : 0u) ^ ((n) & 4 ? c : 0u) ^ ((n) & 8 ? d : 0u) ^ ((n) & 16 ? e : 0u) ^          \
     ((n) & 32 ? f : 0u) ^ ((n) & 64 ? g : 0u) ^ ((n) & 128 ? h : 0u))
#define FOUR(n, ...) ENTRY(n, __VA_ARGS__), ENTRY(n + 1, __VA_ARGS__), ENTRY(n + 2, __VA_ARGS__), ENTRY(n + 3, __VA_ARGS__)
#define MORE(n, ...) FOUR(n, __VA_ARGS__), FOUR(n + 4, __VA_ARGS__), FOUR(n + 8, __VA_ARGS__), FOUR(n + 12, __VA_ARGS__)
#define MOST(n, ...) MORE(n, __VA_ARGS__), MORE(n + 16, __VA_ARGS__), MORE(n + 32, __VA_ARGS__), MORE(n + 48, __VA_ARGS__)
#define TABLE(...) \
    { MOST(0, __VA_ARGS__), MOST(64, __VA_ARGS__), MOST(128, __VA_ARGS__), MOST(192, __VA_ARGS__) }

static const uint32_t TABLES[8][256] = {
    TABLE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
    TABLE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
    TABLE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
    TABLE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
    TABLE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
    TABLE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
    TABLE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
    TABLE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
};

static uint32_t four(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

uint32_t sums_crc32(const uint8_t *bytes, size_t count) {
    uint32_t sum = ~0u;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint32_t low = four(bytes) ^ sum, high = four(bytes + 4);
        sum = TABLES[7][low & 255] ^ TABLES[6][low >> 8 & 255] ^ TABLES[5][low >> 16 & 255] ^ TABLES[4][low >> 24] ^
              TABLES[3][high & 255] ^ TABLES[2][high >> 8 & 255] ^ TABLES[1][high >> 16 & 255] ^ TABLES[0][high >> 24];
    }
    for (; count > 0; bytes++, count--) {
        sum = sum >> 8 ^ TABLES[0][(sum ^ *bytes) & 255];
    }
    return ~sum;
}

#define ROTATE(x, by) ((x) << (by) | (x) >> (64 - (by)))

static void rounds(uint64_t *v, int count) {
    for (; count > 0; count--) {
        v[0] += v[1], v[1] = ROTATE(v[1], 13) ^ v[0], v[0] = ROTATE(v[0], 32);
        v[2] += v[3], v[3] = ROTATE(v[3], 16) ^ v[2];
        v[0] += v[3], v[3] = ROTATE(v[3], 21) ^ v[0];
        v[2] += v[1], v[1] = ROTATE(v[1], 17) ^ v[2], v[2] = ROTATE(v[2], 32);
    }
}

uint64_t sums_siphash(const uint8_t *bytes, size_t count) {
    uint64_t v[4] = {0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573};
    uint64_t last = (uint64_t)count << 56;
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word = four(bytes) | (uint64_t)four(bytes + 4) << 32;
        v[3] ^= word, rounds(v, 2), v[0] ^= word;
    }
    for (size_t at = 0; at < count; at++) {
        last |= (uint64_t)bytes[at] << 8 * at;
    }
    v[3] ^= last, rounds(v, 2), v[0] ^= last;
    v[2] ^= 0xff, rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
