// What lies between a layer's products while many tokens are read: norms, rotation, activation and residuals, each in
// one pass over bfloat16 products of 8-bit weights, where torch's operations take two to five. Sums are float32.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "team.h"
#include "vectors.h"

namespace {

struct Between {
    const uint16_t *y, *scale;  // a product [rows, width] in bfloat16, and the scales [width] of its weight or null
    const float* bias;          // [width] or null
    const float* x;             // the residual stream, [rows, columns]
    const float* norm;          // [columns] or null
    float* out;                 // [rows, columns] or null
    uint16_t* rounded;          // [rows, columns] in bfloat16, or null
    int64_t rows, columns;
    double eps;
};

struct Projection {
    const uint16_t *y, *scale;      // [rows, (H + 2 Hkv) * D] in bfloat16, and its scales or null
    const float* bias;              // or null
    const float *q_norm, *k_norm;   // [D] or null
    const float *cos, *sin;         // [rows, D]
    float *raw, *turned, *values;   // [H + Hkv, rows, D] twice and [Hkv, rows, D]
    int64_t rows, heads, kv_heads, size;
    double eps;
};

#if defined(__AVX512BF16__)

inline Floats load(const uint16_t* p) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return (Floats)_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
inline void store(uint16_t* p, Floats v) {
    const __m256bh bits = _mm512_cvtneps_pbh((__m512)v);
    std::memcpy(p, &bits, sizeof bits);
}

// 16 numbers of a product as they are meant.
inline Floats scaled(const uint16_t* y, const uint16_t* scale, const float* bias, int64_t i) {
    const Floats v = scale ? load(y + i) * load(scale + i) : load(y + i);
    return bias ? v + load(bias + i) : v;
}

inline Floats silu(Floats v) {
    const Floats e = exponential(v < 0.0f ? v : -v);
    return v * (v < 0.0f ? e : fill(1.0f)) / (1.0f + e);
}

// Rows that have nothing to do with each other, shared by the threads.
template <class Work>
class ByRows : public Phases {
public:
    ByRows(int team, int64_t rows, Work work)
        : Phases({pieces(team, rows)}), pieces_(pieces(team, rows)), rows_(rows), work_(std::move(work)) {}

private:
    void run(size_t, int64_t unit, Own&) override {
        const Range mine = share(unit, pieces_, rows_);
        for (int64_t r = mine.first; r < mine.last; ++r) work_(r);
    }
    const int64_t pieces_, rows_;
    const Work work_;
};

template <class Work>
void by_rows(void* team, int64_t rows, Work work) {
    Team& all = *static_cast<Team*>(team);
    all.run(std::make_shared<ByRows<Work>>(all.size(), rows, std::move(work)));
}

inline void normalise(const Between& b, const float* x, int64_t r, bool keeps) {
    const int64_t n = b.columns;
    const float scale = 1.0f / std::sqrt(dot(x, x, n) / static_cast<float>(n) + static_cast<float>(b.eps));
    for (int64_t i = 0; i < n; i += kLanes) {
        const Floats v = load(x + i) * scale * load(b.norm + i);
        store(b.rounded + r * n + i, v);
        if (keeps) store(b.out + r * n + i, v);
    }
}

// rounded, and out if it is asked for: x, normed.
void norm(void* team, const Between& b) {
    by_rows(team, b.rows, [b](int64_t r) { normalise(b, b.x + r * b.columns, r, b.out != nullptr); });
}

// out: x + y. rounded, if there is a norm: that, normed.
void add(void* team, const Between& b) {
    by_rows(team, b.rows, [b](int64_t r) {
        const int64_t n = b.columns;
        float* out = b.out + r * n;
        for (int64_t i = 0; i < n; i += kLanes) store(out + i, load(b.x + r * n + i) + scaled(b.y + r * n, b.scale, b.bias, i));
        if (b.norm) normalise(b, out, r, false);
    });
}

// rounded: silu(y) * y's second half.
void gate(void* team, const Between& b) {
    by_rows(team, b.rows, [b](int64_t r) {
        const int64_t n = b.columns;
        const uint16_t* y = b.y + r * 2 * n;
        for (int64_t i = 0; i < n; i += kLanes)
            store(b.rounded + r * n + i, silu(scaled(y, b.scale, b.bias, i)) * scaled(y, b.scale, b.bias, n + i));
    });
}

// Queries, keys and values heads first; queries and keys before and after rotation.
void split(void* team, const Projection& p) {
    by_rows(team, p.rows, [p](int64_t r) {
        const int64_t size = p.size, turning = p.heads + p.kv_heads;
        const uint16_t* y = p.y + r * (turning + p.kv_heads) * size;
        for (int64_t h = 0; h < turning + p.kv_heads; ++h) {
            float* to = h < turning ? p.raw + (h * p.rows + r) * size : p.values + ((h - turning) * p.rows + r) * size;
            for (int64_t i = 0; i < size; i += kLanes) store(to + i, scaled(y, p.scale, p.bias, h * size + i));
            if (h >= turning) continue;
            if (const float* weight = h < p.heads ? p.q_norm : p.k_norm) rms_norm(to, weight, to, size, p.eps);
            rotate(to, p.cos + r * size, p.sin + r * size, 1.0f, p.turned + (h * p.rows + r) * size, size);
        }
    });
}

#endif

}  // namespace
