// Products with weights of 4, 5, 6 or 8 bits in groups that share a scale; grouped.py is the plain form of all of it.
//
// A record has 16 rows of 32 columns, cut into 8 slices of 4 columns; a slice is 64 bytes, 4 for each row, in the order
// of columns 0, 2, 1, 3, so that its even bytes are two neighbours and its odd bytes two more. First the lower 4 bits:
// slices 0 to 3 in the lower halves of 256 bytes, slices 4 to 7 in the upper ones. Then, for each further bit, 64 bits a
// slice (8 bits are stored as bytes instead, slice after slice). Then 16 scales in float16 for each group of columns (16
// columns with 6 bits, else 32), and as many smallest values, where a format has them.
//
// Activations are rounded to 16 bits, 32 of them with one scale, which leaves an error of 2^-16 of the largest: sums of
// a group are whole numbers then, and exact. Activations of 8 bits would be no faster: memory is what a product waits for.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "vectors.h"

namespace {

constexpr int kTile = 16;   // rows of a record
constexpr int kGroup = 32;  // columns of a record
constexpr int kSlice = 64;  // bytes of 4 columns

struct Grouped {
    const uint8_t* packed;  // [tiles, groups, record]
    int64_t rows, columns;
    int64_t bits;    // 4, 5, 6 or 8
    int64_t affine;  // with 4 and 5 bits: scale * q + smallest; else scale * (q - 2^(bits - 1))
};

// ------------------------------------------------------------------ activations

struct Rounded {
    std::vector<int16_t> x;      // [groups * 32]
    std::vector<float> scale;    // [groups]
    std::vector<int32_t> sums;   // [groups, 2]: of 16 each

    void round(const float* from, int64_t n) {
        typedef int16_t Shorts __attribute__((vector_size(32)));
        const int64_t groups = (n + kGroup - 1) / kGroup;
        x.resize(groups * kGroup);
        scale.resize(groups);
        sums.resize(2 * groups);
        for (int64_t g = 0; g < groups; ++g) {
            alignas(64) float last[kGroup] = {};
            const float* v = from + g * kGroup;
            if ((g + 1) * kGroup > n) {
                std::copy(v, from + n, last);
                v = last;
            }
            const Floats a = load(v), b = load(v + kLanes);
            const Floats size_a = a < 0.0f ? -a : a, size_b = b < 0.0f ? -b : b;
            const Floats larger = size_a > size_b ? size_a : size_b;
            float largest = 0;
            for (int i = 0; i < kLanes; ++i) largest = std::max(largest, larger[i]);
            const float inverse = largest > 1e-30f ? 32767.0f / largest : 0.0f;  // smaller ones would overflow
            scale[g] = largest / 32767.0f;
            for (int half = 0; half < 2; ++half) {
                const Floats scaled = (half ? b : a) * inverse;
                const Ints whole = __builtin_convertvector(scaled + (scaled < 0.0f ? fill(-0.5f) : fill(0.5f)), Ints);
                const Shorts narrow = __builtin_convertvector(whole, Shorts);
                std::memcpy(&x[g * kGroup + half * kLanes], &narrow, sizeof narrow);
                int32_t sum = 0;
                for (int i = 0; i < kLanes; ++i) sum += whole[i];
                sums[2 * g + half] = sum;
            }
        }
    }
};

// ------------------------------------------------------------------ what differs from processor to processor

typedef uint32_t Words __attribute__((vector_size(64)));

#if defined(__AVX512BW__)

typedef __m512i Slice;
struct Sums { __m512i even, odd; };

inline Slice load_slice(const uint8_t* p) { return _mm512_loadu_si512(p); }
inline Slice lower(Slice s) { return _mm512_and_si512(s, _mm512_set1_epi8(0x0f)); }
inline Slice upper(Slice s) { return lower(_mm512_srli_epi16(s, 4)); }
inline Slice add_bit(Slice s, const uint8_t* bits, int value) {
    uint64_t mask;
    std::memcpy(&mask, bits, sizeof mask);
    return _mm512_mask_add_epi8(s, mask, s, _mm512_set1_epi8(static_cast<char>(value)));
}
inline __m512i add_pairs(__m512i sum, __m512i w, const int16_t* x) {
    int32_t pair;
    std::memcpy(&pair, x, sizeof pair);
#if defined(__AVX512VNNI__)
    return _mm512_dpwssd_epi32(sum, w, _mm512_set1_epi32(pair));
#else
    return _mm512_add_epi32(sum, _mm512_madd_epi16(w, _mm512_set1_epi32(pair)));
#endif
}
inline void add_slice(Sums& sums, Slice s, const int16_t* x) {
    sums.even = add_pairs(sums.even, _mm512_and_si512(s, _mm512_set1_epi16(0x00ff)), x);
    sums.odd = add_pairs(sums.odd, _mm512_srli_epi16(s, 8), x + 2);
}
inline Ints total(const Sums& sums) { return (Ints)_mm512_add_epi32(sums.even, sums.odd); }
// 4 slices by rows: row r has its 16 columns at 64 * (r % 4) + 16 * (r / 4).
inline void store_rows(uint8_t* to, const Slice* s) {
    const __m512i a = _mm512_unpacklo_epi32(s[0], s[1]), b = _mm512_unpacklo_epi32(s[2], s[3]);
    const __m512i c = _mm512_unpackhi_epi32(s[0], s[1]), d = _mm512_unpackhi_epi32(s[2], s[3]);
    _mm512_storeu_si512(to, _mm512_unpacklo_epi64(a, b));
    _mm512_storeu_si512(to + 64, _mm512_unpackhi_epi64(a, b));
    _mm512_storeu_si512(to + 128, _mm512_unpacklo_epi64(c, d));
    _mm512_storeu_si512(to + 192, _mm512_unpackhi_epi64(c, d));
}

#elif defined(__AVX2__)

struct Slice { __m256i half[2]; };
struct Sums { __m256i half[2]; };

inline Slice load_slice(const uint8_t* p) {
    const __m256i* at = reinterpret_cast<const __m256i*>(p);
    return {{_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)}};
}
inline __m256i lower(__m256i s) { return _mm256_and_si256(s, _mm256_set1_epi8(0x0f)); }
inline Slice lower(Slice s) { return {{lower(s.half[0]), lower(s.half[1])}}; }
inline Slice upper(Slice s) {
    return {{lower(_mm256_srli_epi16(s.half[0], 4)), lower(_mm256_srli_epi16(s.half[1], 4))}};
}
inline Slice add_bit(Slice s, const uint8_t* bits, int value) {
    const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i each = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
    for (int i = 0; i < 2; ++i) {
        int32_t mask;
        std::memcpy(&mask, bits + 4 * i, sizeof mask);
        const __m256i mine = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(mask), spread), each);
        const __m256i set = _mm256_cmpeq_epi8(mine, each);
        s.half[i] = _mm256_or_si256(s.half[i], _mm256_and_si256(set, _mm256_set1_epi8(static_cast<char>(value))));
    }
    return s;
}
inline __m256i add_pairs(__m256i sum, __m256i w, const int16_t* x) {
    int32_t pair;
    std::memcpy(&pair, x, sizeof pair);
#if defined(__AVXVNNI__)
    return _mm256_dpwssd_avx_epi32(sum, w, _mm256_set1_epi32(pair));
#else
    return _mm256_add_epi32(sum, _mm256_madd_epi16(w, _mm256_set1_epi32(pair)));
#endif
}
inline void add_slice(Sums& sums, Slice s, const int16_t* x) {
    for (int i = 0; i < 2; ++i) {
        sums.half[i] = add_pairs(sums.half[i], _mm256_and_si256(s.half[i], _mm256_set1_epi16(0x00ff)), x);
        sums.half[i] = add_pairs(sums.half[i], _mm256_srli_epi16(s.half[i], 8), x + 2);
    }
}
inline Ints total(const Sums& sums) {
    Ints all;
    std::memcpy(&all, sums.half, sizeof all);
    return all;
}
// 4 slices by rows: row r has its 16 columns at 64 * (r % 4) + 16 * (r / 4).
inline void store_rows(uint8_t* to, const Slice* s) {
    for (int i = 0; i < 2; ++i) {
        const __m256i s0 = s[0].half[i], s1 = s[1].half[i], s2 = s[2].half[i], s3 = s[3].half[i];
        const __m256i a = _mm256_unpacklo_epi32(s0, s1), b = _mm256_unpacklo_epi32(s2, s3);
        const __m256i c = _mm256_unpackhi_epi32(s0, s1), d = _mm256_unpackhi_epi32(s2, s3);
        const __m256i rows[] = {_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b), _mm256_unpacklo_epi64(c, d),
                                _mm256_unpackhi_epi64(c, d)};
        for (int k = 0; k < 4; ++k) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 64 * k + 32 * i), rows[k]);
    }
}

#else  // any other: a row's four bytes are one number

typedef Words Slice;
struct Sums { Ints all; };

inline Slice load_slice(const uint8_t* p) { Slice s; std::memcpy(&s, p, sizeof s); return s; }
inline Slice lower(Slice s) { return s & 0x0f0f0f0fu; }
inline Slice upper(Slice s) { return lower(s >> 4); }
inline Slice add_bit(Slice s, const uint8_t* bits, int value) {
    uint64_t mask;
    std::memcpy(&mask, bits, sizeof mask);
    for (int r = 0; r < kTile; ++r) {
        const uint32_t four = static_cast<uint32_t>(mask >> (4 * r)) & 15u;
        s[r] |= static_cast<uint32_t>(value) * ((four * 0x00204081u) & 0x01010101u);
    }
    return s;
}
inline void add_slice(Sums& sums, Slice s, const int16_t* x) {
    sums.all += (Ints)(s & 255u) * static_cast<int32_t>(x[0]) + (Ints)((s >> 16) & 255u) * static_cast<int32_t>(x[1]) +
                (Ints)((s >> 8) & 255u) * static_cast<int32_t>(x[2]) + (Ints)(s >> 24) * static_cast<int32_t>(x[3]);
}
inline Ints total(const Sums& sums) { return sums.all; }
// 4 slices by rows: row r has its 16 columns at 64 * (r % 4) + 16 * (r / 4).
inline void store_rows(uint8_t* to, const Slice* s) {
    for (int r = 0; r < kTile; ++r)
        for (int i = 0; i < 4; ++i) {
            const uint32_t four = s[i][r];
            std::memcpy(to + 64 * (r % 4) + 16 * (r / 4) + 4 * i, &four, sizeof four);
        }
}

#endif

// 16 numbers of float16.
inline Floats load_halves(const uint8_t* p) {
#if defined(__AVX512F__)
    return (Floats)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#else
    Floats v;
#if defined(__F16C__)
    for (int i = 0; i < 2; ++i) {
        const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
        _mm256_storeu_ps(reinterpret_cast<float*>(&v) + 8 * i, _mm256_cvtph_ps(halves));
    }
#elif defined(__aarch64__)
    __fp16 halves[kLanes];
    std::memcpy(halves, p, sizeof halves);
    for (int i = 0; i < kLanes; ++i) v[i] = static_cast<float>(halves[i]);
#else
    uint16_t halves[kLanes];
    std::memcpy(halves, p, sizeof halves);
    for (int i = 0; i < kLanes; ++i) {
        // Exponent and fraction in their places in float32, whose exponents are 112 larger; infinity does not occur.
        const uint32_t placed = (halves[i] & 0x7fffu) << 13;
        float size;
        std::memcpy(&size, &placed, sizeof size);
        size *= 5.192296858534828e33f;  // 2^112
        v[i] = halves[i] & 0x8000u ? -size : size;
    }
#endif
    return v;
#endif
}

// ------------------------------------------------------------------ products

template <int kBits, bool kAffine, bool kHalves>
struct Format {
    static constexpr int kScales = kHalves ? 2 : 1;
    static constexpr int64_t kRecord = kSlice * kBits + kScales * 2 * kTile * (kAffine ? 2 : 1);
    static constexpr int kOffset = kAffine ? 0 : 1 << (kBits - 1);

    // 4 columns of 16 rows: slice i, and slice i + 4.
    static void slices(const uint8_t* record, int i, Slice& first, Slice& second) {
        if constexpr (kBits == 8) {
            first = load_slice(record + kSlice * i);
            second = load_slice(record + kSlice * (i + 4));
        } else {
            const Slice both = load_slice(record + kSlice * i);
            first = lower(both);
            second = upper(both);
            for (int bit = 4; bit < kBits; ++bit) {
                first = add_bit(first, record + kSlice * bit + 8 * i, 1 << bit);
                second = add_bit(second, record + kSlice * bit + 8 * (i + 4), 1 << bit);
            }
        }
    }
    static Floats scale(const uint8_t* record, int half) { return load_halves(record + kSlice * kBits + 2 * kTile * half); }
    static Floats smallest(const uint8_t* record, int half) {
        return load_halves(record + kSlice * kBits + 2 * kTile * (kScales + half));
    }

    static Floats dot(const uint8_t* tile, int64_t groups, const Rounded& x) {
        Floats y{};
        for (int64_t g = 0; g < groups; ++g) {
            const uint8_t* record = tile + g * kRecord;
            const int16_t* mine = &x.x[g * kGroup];
            Sums sums[2] = {};
            for (int i = 0; i < 4; ++i) {
                Slice first, second;
                slices(record, i, first, second);
                add_slice(sums[0], first, mine + 4 * i);
                add_slice(sums[kHalves ? 1 : 0], second, mine + 4 * (i + 4));
            }
            for (int half = 0; half < kScales; ++half) {
                const int32_t sum = kHalves ? x.sums[2 * g + half] : x.sums[2 * g] + x.sums[2 * g + 1];
                const Ints whole = total(sums[half]) - kOffset * sum;
                y += __builtin_convertvector(whole, Floats) * (scale(record, half) * x.scale[g]);
                if constexpr (kAffine) y += smallest(record, half) * (x.scale[g] * static_cast<float>(sum));
            }
        }
        return y;
    }

    // Rows first ... last - 1 of a tile as they are meant; `write(row, column, 16 numbers)`.
    template <class Write>
    static void unpack(const uint8_t* tile, int64_t groups, int first, int last, Write write) {
        for (int64_t g = 0; g < groups; ++g) {
            const uint8_t* record = tile + g * kRecord;
            Slice parts[2][4];
            for (int i = 0; i < 4; ++i) {
                slices(record, i, parts[0][i], parts[1][i]);
                put_in_order(parts[0][i]);
                put_in_order(parts[1][i]);
            }
            alignas(64) int8_t bytes[2][4 * kSlice];
            for (int half = 0; half < 2; ++half) store_rows(reinterpret_cast<uint8_t*>(bytes[half]), parts[half]);
            alignas(64) float scales[2][kTile], least[2][kTile];
            for (int half = 0; half < kScales; ++half) {
                // Bytes are read as signed numbers, so those of 8 bits are stored 128 too low.
                constexpr float base = kBits == 8 ? 128.0f : 0.0f;
                const Floats d = scale(record, half);
                store(scales[half], d);
                store(least[half], kAffine ? smallest(record, half) + base * d : (base - kOffset) * d);
            }
            for (int r = first; r < last; ++r) {
                for (int half = 0; half < 2; ++half) {
                    const int own = kHalves ? half : 0;
                    const Floats q = load(bytes[half] + 64 * (r % 4) + 16 * (r / 4));
                    write(r, g * kGroup + half * kLanes, q * scales[own][r] + least[own][r]);
                }
            }
        }
    }

private:
    static void put_in_order(Slice& s) {
        Words w;
        std::memcpy(&w, &s, sizeof w);
        w = (w & 0xff0000ffu) | ((w >> 8) & 0x0000ff00u) | ((w << 8) & 0x00ff0000u);
        if constexpr (kBits == 8) w ^= 0x80808080u;
        std::memcpy(&s, &w, sizeof w);
    }
};

// Calls `use` with the format of these weights.
template <class Use>
void with_format(const Grouped& w, Use use) {
    switch (2 * w.bits + w.affine) {
        case 8: return use(Format<4, false, false>{});
        case 9: return use(Format<4, true, false>{});
        case 10: return use(Format<5, false, false>{});
        case 11: return use(Format<5, true, false>{});
        case 12: return use(Format<6, false, true>{});
        default: return use(Format<8, false, false>{});
    }
}

inline int64_t groups(const Grouped& w) { return (w.columns + kGroup - 1) / kGroup; }

// y [last - first] = rows first ... last - 1 by x
inline void multiply(const Grouped& w, const Rounded& x, int64_t first, int64_t last, float* y) {
    with_format(w, [&](auto format) {
        using F = decltype(format);
        for (int64_t tile = first / kTile; tile * kTile < last; ++tile) {
            const Floats all = F::dot(w.packed + tile * groups(w) * F::kRecord, groups(w), x);
            const int64_t from = std::max(first, tile * kTile), to = std::min(last, (tile + 1) * kTile);
            if (to - from == kTile) store(y + from - first, all);
            else for (int64_t r = from; r < to; ++r) y[r - first] = all[r - tile * kTile];
        }
    });
}

template <class Number, class Vector>
inline void put_some(Number* to, const Vector& v, int64_t count) {
    if (count == kLanes) std::memcpy(to, &v, sizeof v);
    else std::memcpy(to, &v, count * sizeof(Number));
}
inline void put(float* to, Floats v, int64_t count) { put_some(to, v, count); }
inline void put(uint16_t* to, Floats v, int64_t count) {
#if defined(__AVX512BF16__)
    put_some(to, _mm512_cvtneps_pbh((__m512)v), count);
#else
    typedef uint16_t Halves __attribute__((vector_size(32)));
    Words bits;
    std::memcpy(&bits, &v, sizeof bits);
    const Halves rounded = __builtin_convertvector((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16, Halves);
    put_some(to, rounded, count);
#endif
}

// Rows first ... last - 1 into y [last - first, columns], float32 or bfloat16.
template <class Number>
void unpack(const Grouped& w, int64_t first, int64_t last, Number* y) {
    with_format(w, [&](auto format) {
        using F = decltype(format);
        for (int64_t tile = first / kTile; tile * kTile < last; ++tile) {
            const int64_t from = std::max(first, tile * kTile), to = std::min(last, (tile + 1) * kTile);
            F::unpack(w.packed + tile * groups(w) * F::kRecord, groups(w), static_cast<int>(from - tile * kTile),
                      static_cast<int>(to - tile * kTile), [&](int r, int64_t column, Floats v) {
                          if (column >= w.columns) return;
                          Number* to = y + (tile * kTile + r - first) * w.columns + column;
                          put(to, v, std::min<int64_t>(kLanes, w.columns - column));
                      });
        }
    });
}

}  // namespace
