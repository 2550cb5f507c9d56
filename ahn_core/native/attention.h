// Attention of many queries over the same keys, its products in bfloat16 as the processor multiplies it (AVX-512 BF16).
// Scores, softmax and sums are float32; queries, keys, values and softmax weights are rounded.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "team.h"
#include "vectors.h"

namespace {

struct Attention {
    const float *q, *keys, *values;  // [Hkv, G, R, D] with strides, [Hkv, N, D], [Hkv, N, D]
    const float* mask;               // [R, N] to add to the scores, or null
    float* out;                      // [Hkv, G, R, D]
    int64_t kv_heads, group, rows, seen, size;
    int64_t q_kv_stride, q_group_stride, q_row_stride;
};

#if defined(__AVX512BF16__)

class BlockAttention : public Phases {
public:
    explicit BlockAttention(const Attention& a)
        : Phases({a.kv_heads * blocks(a), a.kv_heads * tiles(a)}), a_(a),
          keys_(a.kv_heads * blocks(a) * kBlock * a.size), values_(keys_.size()) {}

private:
    static constexpr int kBlock = 64;  // keys a step
    static constexpr int kRows = 4;    // queries whose sums are in registers together
    static constexpr int kTile = 32;   // queries a unit
    static constexpr int kVectors = 4; // of 16 keys, or of 16 columns

    static int64_t blocks(const Attention& a) { return (a.seen + kBlock - 1) / kBlock; }
    static int64_t tiles(const Attention& a) { return (a.group * a.rows + kTile - 1) / kTile; }

    struct Scratch : Own {
        std::vector<uint32_t> q;        // [kTile, D / 2] pairs
        std::vector<float> out;         // [kTile, D]
        alignas(64) float scores[kRows][kBlock];
        alignas(64) uint32_t weights[kRows][kBlock / 2];
        float largest[kTile], total[kTile];
    };
    std::unique_ptr<Own> make_own() const override {
        auto own = std::make_unique<Scratch>();
        own->q.resize(kTile * a_.size / 2);
        own->out.resize(kTile * a_.size);
        return own;
    }

    void run(size_t phase, int64_t unit, Own& own) override {
        if (phase == 0) pack(unit / blocks(a_), unit % blocks(a_));
        else attend(unit / tiles(a_), unit % tiles(a_), static_cast<Scratch&>(own));
    }

    static uint16_t rounded(float x) {
        uint32_t bits;
        std::memcpy(&bits, &x, sizeof bits);
        return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }

    // One block of keys as [D / 2, 64 keys, 2] and of values as [32, D, 2]: pairs that are multiplied together.
    void pack(int64_t g, int64_t block) {
        const int64_t size = a_.size, first = block * kBlock, count = std::min<int64_t>(kBlock, a_.seen - first);
        uint16_t* k = &keys_[(g * blocks(a_) + block) * kBlock * size];
        uint16_t* v = &values_[(g * blocks(a_) + block) * kBlock * size];
        if (count < kBlock) {
            std::fill(k, k + kBlock * size, 0);
            std::fill(v, v + kBlock * size, 0);
        }
        for (int64_t j = 0; j < count; ++j) {
            const float* key = a_.keys + (g * a_.seen + first + j) * size;
            for (int64_t i = 0; i < size; i += 2) {
                k[(i / 2 * kBlock + j) * 2] = rounded(key[i]);
                k[(i / 2 * kBlock + j) * 2 + 1] = rounded(key[i + 1]);
            }
            const float* value = a_.values + (g * a_.seen + first + j) * size;
            uint16_t* to = v + j / 2 * size * 2 + j % 2;
            for (int64_t i = 0; i < size; ++i) to[2 * i] = rounded(value[i]);
        }
    }

    void attend(int64_t g, int64_t tile, Scratch& own) {
        const int64_t size = a_.size, first = tile * kTile, count = std::min<int64_t>(kTile, a_.group * a_.rows - first);
        const float scale = 1.0f / std::sqrt(static_cast<float>(size));
        std::fill(own.q.begin(), own.q.end(), 0);
        std::fill(own.out.begin(), own.out.end(), 0.0f);
        std::fill(own.largest, own.largest + kTile, -INFINITY);
        std::fill(own.total, own.total + kTile, 0.0f);
        for (int64_t r = 0; r < count; ++r) {
            const int64_t head = (first + r) / a_.rows, row = (first + r) % a_.rows;
            const float* q = a_.q + g * a_.q_kv_stride + head * a_.q_group_stride + row * a_.q_row_stride;
            for (int64_t i = 0; i < size / 2; ++i)
                own.q[r * size / 2 + i] = rounded(q[2 * i] * scale) | static_cast<uint32_t>(rounded(q[2 * i + 1] * scale)) << 16;
        }
        for (int64_t block = 0; block < blocks(a_); ++block)
            for (int64_t r = 0; r < count; r += kRows) {
                if (!visible(block, first, r, count)) continue;
                score(g, block, r, own);
                if (weigh(block, first, r, count, own)) add_values(g, block, r, own);
            }
        for (int64_t r = 0; r < count; ++r)
            for (int64_t i = 0; i < size; ++i)
                a_.out[(g * a_.group * a_.rows + first + r) * size + i] = own.out[r * size + i] / own.total[r];
    }

    static __m512bh pairs(const void* p) { return (__m512bh)_mm512_loadu_si512(p); }
    static __m512bh repeated(uint32_t pair) { return (__m512bh)_mm512_set1_epi32(static_cast<int>(pair)); }

    // Whether one of four queries sees a key of the block.
    bool visible(int64_t block, int64_t first, int64_t r, int64_t count) const {
        if (!a_.mask) return true;
        const int64_t key = block * kBlock, keys = std::min<int64_t>(kBlock, a_.seen - key);
        for (int64_t j = r; j < std::min(r + kRows, count); ++j) {
            const float* mask = a_.mask + (first + j) % a_.rows * a_.seen + key;
            // Its ends first: what is hidden are the keys before and after a band.
            if (mask[0] != -INFINITY || mask[keys - 1] != -INFINITY) return true;
            for (int64_t n = 0; n < keys; ++n)
                if (mask[n] != -INFINITY) return true;
        }
        return false;
    }

    // Scores of four queries for one block.
    void score(int64_t g, int64_t block, int64_t r, Scratch& own) const {
        const int64_t half = a_.size / 2;
        const uint16_t* k = &keys_[(g * blocks(a_) + block) * kBlock * a_.size];
        __m512 sums[kRows][kVectors];
        for (auto& of_row : sums)
            for (auto& s : of_row) s = _mm512_setzero_ps();
        for (int64_t i = 0; i < half; ++i) {
            __m512bh key[kVectors];
            for (int n = 0; n < kVectors; ++n) key[n] = pairs(k + (i * kBlock + n * kLanes) * 2);
            for (int j = 0; j < kRows; ++j) {
                const __m512bh q = repeated(own.q[(r + j) * half + i]);
                for (int n = 0; n < kVectors; ++n) sums[j][n] = _mm512_dpbf16_ps(sums[j][n], key[n], q);
            }
        }
        for (int j = 0; j < kRows; ++j)
            for (int n = 0; n < kVectors; ++n) _mm512_store_ps(own.scores[j] + n * kLanes, sums[j][n]);
    }

    // Softmax weights of four queries, relative to the largest score so far; false where none of them sees a key.
    bool weigh(int64_t block, int64_t first, int64_t r, int64_t count, Scratch& own) const {
        const int64_t key = block * kBlock, keys = std::min<int64_t>(kBlock, a_.seen - key);
        bool sees = false;
        for (int j = 0; j < kRows; ++j) {
            float* scores = own.scores[j];
            for (int64_t n = keys; n < kBlock; ++n) scores[n] = -INFINITY;
            if (a_.mask && r + j < count) {
                const float* mask = a_.mask + (first + r + j) % a_.rows * a_.seen + key;
                if (keys == kBlock)
                    for (int n = 0; n < kBlock; n += kLanes) store(scores + n, load(scores + n) + load(mask + n));
                else
                    for (int64_t n = 0; n < keys; ++n) scores[n] += mask[n];
            }
            __m512 top = _mm512_load_ps(scores);
            for (int n = 1; n < kVectors; ++n) top = _mm512_max_ps(top, _mm512_load_ps(scores + n * kLanes));
            const float before = own.largest[r + j], now = std::max(before, _mm512_reduce_max_ps(top));
            const float base = now == -INFINITY ? 0.0f : now, kept = now == before ? 1.0f : std::exp(before - base);
            sees |= now != -INFINITY;
            Floats total{};
            for (int n = 0; n < kVectors; n += 2) {
                const Floats low = exponential(load(scores + n * kLanes) - base);
                const Floats high = exponential(load(scores + (n + 1) * kLanes) - base);
                total += low + high;
                const __m512bh both = _mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
                std::memcpy(&own.weights[j][n * kLanes / 2], &both, sizeof both);
            }
            own.largest[r + j] = now;
            own.total[r + j] = own.total[r + j] * kept + sum(total);
            if (kept == 1.0f) continue;
            float* out = &own.out[(r + j) * a_.size];
            for (int64_t i = 0; i < a_.size; i += kLanes) store(out + i, load(out + i) * kept);
        }
        return sees;
    }

    // out += weights @ values, 64 columns at a time.
    void add_values(int64_t g, int64_t block, int64_t r, Scratch& own) const {
        const int64_t size = a_.size;
        const uint16_t* v = &values_[(g * blocks(a_) + block) * kBlock * size];
        for (int64_t i = 0; i < size; i += kVectors * kLanes) {
            __m512 sums[kRows][kVectors];
            for (int j = 0; j < kRows; ++j)
                for (int n = 0; n < kVectors; ++n) sums[j][n] = _mm512_loadu_ps(&own.out[(r + j) * size + i + n * kLanes]);
            for (int p = 0; p < kBlock / 2; ++p) {
                __m512bh value[kVectors];
                for (int n = 0; n < kVectors; ++n) value[n] = pairs(v + (p * size + i + n * kLanes) * 2);
                for (int j = 0; j < kRows; ++j) {
                    const __m512bh weight = repeated(own.weights[j][p]);
                    for (int n = 0; n < kVectors; ++n) sums[j][n] = _mm512_dpbf16_ps(sums[j][n], value[n], weight);
                }
            }
            for (int j = 0; j < kRows; ++j)
                for (int n = 0; n < kVectors; ++n) _mm512_storeu_ps(&own.out[(r + j) * size + i + n * kLanes], sums[j][n]);
        }
    }

    const Attention a_;
    std::vector<uint16_t> keys_, values_;
};

#endif

}  // namespace
