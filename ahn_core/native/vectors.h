// Vectors of 16 numbers and what is computed with them, on one thread. Written with the vector extensions of GCC and
// Clang, so it compiles for any processor they know.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

typedef float Floats __attribute__((vector_size(64)));  // 16 of them
typedef int32_t Ints __attribute__((vector_size(64)));
typedef int8_t Bytes __attribute__((vector_size(16)));
constexpr int kLanes = 16;

inline Floats load(const float* p) { Floats v; std::memcpy(&v, p, sizeof v); return v; }
inline void store(float* p, Floats v) { std::memcpy(p, &v, sizeof v); }
inline Floats fill(float x) { return x - Floats{}; }
inline Floats load(const int8_t* p) {
#if defined(__AVX512F__)
    // What the lines below compile to elsewhere; GCC 12 takes the vector apart instead, number by number.
    return (Floats)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#elif defined(__AVX2__)
    Floats v;
    for (int i = 0; i < 2; ++i) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + 8 * i));
        _mm256_storeu_ps(reinterpret_cast<float*>(&v) + 8 * i, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)));
    }
    return v;
#else
    typedef int16_t Shorts __attribute__((vector_size(32)));
    Bytes bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    return __builtin_convertvector(__builtin_convertvector(__builtin_convertvector(bytes, Shorts), Ints), Floats);
#endif
}

inline float sum(Floats v) {
    typedef float Half __attribute__((vector_size(32)));
    typedef float Quarter __attribute__((vector_size(16)));
    Half low, high;
    std::memcpy(&low, &v, sizeof low);
    std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
    low += high;
    Quarter a, b;
    std::memcpy(&a, &low, sizeof a);
    std::memcpy(&b, reinterpret_cast<const char*>(&low) + sizeof a, sizeof b);
    a += b;
    return (a[0] + a[2]) + (a[1] + a[3]);
}

template <class Weight>
inline float dot(const Weight* w, const float* x, int64_t n) {
    Floats a{}, b{}, c{}, d{};  // four chains: one would wait for its own additions
    int64_t i = 0;
    for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
        a += load(w + i) * load(x + i);
        b += load(w + i + kLanes) * load(x + i + kLanes);
        c += load(w + i + 2 * kLanes) * load(x + i + 2 * kLanes);
        d += load(w + i + 3 * kLanes) * load(x + i + 3 * kLanes);
    }
    for (; i + kLanes <= n; i += kLanes) a += load(w + i) * load(x + i);
    float rest = 0;
    for (; i < n; ++i) rest += static_cast<float>(w[i]) * x[i];
    return sum((a + b) + (c + d)) + rest;
}

// e^x to about one unit in the last place, for x <= 0; below -87 it is 0.
inline Floats exponential(Floats x) {
    const Ints vanishes = x < -87.0f;
    x = vanishes ? fill(-87.0f) : x;
    const Floats scaled = x * 1.44269504f - 0.5f;
    const Ints n = __builtin_convertvector(scaled, Ints);  // to zero, that is to the nearest for x <= 0
    const Floats whole = __builtin_convertvector(n, Floats);
    const Floats r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    Floats p = fill(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const Ints bits = (n + 127) << 23;
    Floats power;
    std::memcpy(&power, &bits, sizeof power);
    return vanishes ? Floats{} : p * power;
}

inline float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }
inline float silu(float x) { return x * sigmoid(x); }
void silu(float* x, int64_t n) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        const Floats v = load(x + i), e = exponential(v < 0.0f ? v : -v);
        store(x + i, v * (v < 0.0f ? e : fill(1.0f)) / (1.0f + e));
    }
    for (; i < n; ++i) x[i] = silu(x[i]);
}
inline float softplus(float x) { return x > 20.0f ? x : std::log1p(std::exp(x)); }
inline float from_bfloat16(uint16_t bits) {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
}

void rms_norm(const float* x, const float* weight, float* y, int64_t n, double eps) {
    const float scale = 1.0f / std::sqrt(dot(x, x, n) / static_cast<float>(n) + static_cast<float>(eps));
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] * scale * weight[i];
}

// Each product rounded by itself, as torch's operations do: sinks that were rotated here and sinks that torch rotates
// again while reading are then the same to the last bit.
#if defined(__clang__)
#define AHN_NO_CONTRACTION
#else
#define AHN_NO_CONTRACTION __attribute__((optimize("fp-contract=off")))
#endif

// Rotate one head; `direction` -1 turns it back.
AHN_NO_CONTRACTION void rotate(const float* x, const float* cos, const float* sin, float direction, float* y, int64_t size) {
#if defined(__clang__)
#pragma clang fp contract(off)
#endif
    const int64_t half = size / 2;
    int64_t i = 0;
    for (; i + kLanes <= half; i += kLanes) {
        Floats low, high, c, s, c_high, s_high;  // by memcpy: functions with another attribute are not inlined here
        std::memcpy(&low, x + i, sizeof low);
        std::memcpy(&high, x + half + i, sizeof high);
        std::memcpy(&c, cos + i, sizeof c);
        std::memcpy(&s, sin + i, sizeof s);
        std::memcpy(&c_high, cos + half + i, sizeof c_high);
        std::memcpy(&s_high, sin + half + i, sizeof s_high);
        const Floats turned = low * c - direction * high * s;
        high = high * c_high + direction * low * s_high;
        std::memcpy(y + i, &turned, sizeof turned);
        std::memcpy(y + half + i, &high, sizeof high);
    }
    for (; i < half; ++i) {
        y[i] = x[i] * cos[i] - direction * x[half + i] * sin[i];
        y[half + i] = x[half + i] * cos[half + i] + direction * x[i] * sin[half + i];
    }
}

void unit_vector(const float* x, float* y, int64_t n, double eps, float scale) {
    scale /= std::sqrt(dot(x, x, n) + static_cast<float>(eps));
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] * scale;
}

}  // namespace
