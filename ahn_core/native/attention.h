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

// Keys or values, [Hkv, rows, D], whose heads lie `stride` numbers apart.
struct Rows {
    const float* first;
    int64_t stride;
    const float* at(int64_t head, int64_t row, int64_t size) const { return first + head * stride + row * size; }
};

struct Attention {
    const float* q;                                // [Hkv, G, R, D] with strides
    Rows sink_keys, sink_values, keys, values;     // seen one after the other
    const float* mask;                             // [R, sinks + others] to add to the scores, or null
    float* out;                                    // [Hkv, G, R, D]
    int64_t kv_heads, group, rows, sinks, seen, size;  // `seen` includes the sinks
    int64_t q_kv_stride, q_group_stride, q_row_stride;
};

#if defined(__AVX512BF16__)

class BlockAttention : public Phases {
public:
    explicit BlockAttention(const Attention& a)
        : Phases({a.kv_heads * blocks(a) + (a.mask ? blocks(a) : 0), a.kv_heads * tiles(a)}), a_(a),
          keys_(a.kv_heads * blocks(a) * kBlock * a.size), values_(keys_.size()),
          sights_(a.rows * blocks(a), kWhole) {}

private:
    static constexpr int kBlock = 64;  // keys a step
    static constexpr int kRows = 4;    // queries whose sums are in registers together
    static constexpr int kTile = 32;   // queries a unit
    static constexpr int kVectors = 4; // of 16 keys, or of 16 columns
    static constexpr float kSlack = 8.0f;  // powers of two a score may exceed the base of its row's weights by
    static constexpr float kLog2e = 1.44269504f;
    enum Sight : uint8_t { kHidden, kPartial, kWhole };  // what a query sees of a block of keys

    static int64_t blocks(const Attention& a) { return (a.seen + kBlock - 1) / kBlock; }
    static int64_t tiles(const Attention& a) { return (a.group * a.rows + kTile - 1) / kTile; }

    struct Scratch : Own {
        std::vector<uint32_t> q;        // [kTile, D / 2] pairs
        std::vector<float> out;         // [kTile, D]
        alignas(64) float scores[kRows][kBlock];
        alignas(64) uint32_t weights[kRows][kBlock / 2];
        alignas(64) Floats total[kTile];  // lane by lane
        float base[kTile];                // of a row's weights, 2^(score - base); -inf: it has seen no key yet
    };
    std::unique_ptr<Own> make_own() const override {
        auto own = std::make_unique<Scratch>();
        own->q.resize(kTile * a_.size / 2);
        own->out.resize(kTile * a_.size);
        return own;
    }

    void run(size_t phase, int64_t unit, Own& own) override {
        const int64_t packs = a_.kv_heads * blocks(a_);
        if (phase == 1) attend(unit / tiles(a_), unit % tiles(a_), static_cast<Scratch&>(own));
        else if (unit < packs) pack(unit / blocks(a_), unit % blocks(a_));
        else look(unit - packs);
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
            const int64_t row = first + j;
            const bool is_sink = row < a_.sinks;
            const float* key = is_sink ? a_.sink_keys.at(g, row, size) : a_.keys.at(g, row - a_.sinks, size);
            for (int64_t i = 0; i < size; i += 2) {
                k[(i / 2 * kBlock + j) * 2] = rounded(key[i]);
                k[(i / 2 * kBlock + j) * 2 + 1] = rounded(key[i + 1]);
            }
            const float* value = is_sink ? a_.sink_values.at(g, row, size) : a_.values.at(g, row - a_.sinks, size);
            uint16_t* to = v + j / 2 * size * 2 + j % 2;
            for (int64_t i = 0; i < size; ++i) to[2 * i] = rounded(value[i]);
        }
    }

    // What each query sees of one block.
    void look(int64_t block) {
        const int64_t key = block * kBlock, keys = std::min<int64_t>(kBlock, a_.seen - key);
        for (int64_t row = 0; row < a_.rows; ++row) {
            const float* mask = a_.mask + row * a_.seen + key;
            int64_t hidden = 0, plain = 0;
            for (int64_t n = 0; n < keys; ++n) {
                hidden += mask[n] == -INFINITY;
                plain += mask[n] == 0.0f;
            }
            sights_[row * blocks(a_) + block] = hidden == keys ? kHidden : plain == keys ? kWhole : kPartial;
        }
    }
    Sight sight(int64_t query, int64_t block) const {
        return static_cast<Sight>(sights_[query % a_.rows * blocks(a_) + block]);
    }

    void attend(int64_t g, int64_t tile, Scratch& own) {
        const int64_t size = a_.size, first = tile * kTile, count = std::min<int64_t>(kTile, a_.group * a_.rows - first);
        const float scale = kLog2e / std::sqrt(static_cast<float>(size));
        std::fill(own.q.begin(), own.q.end(), 0);
        std::fill(own.out.begin(), own.out.end(), 0.0f);
        std::fill(own.base, own.base + kTile, -INFINITY);
        std::fill(own.total, own.total + kTile, Floats{});
        for (int64_t r = 0; r < count; ++r) {
            const int64_t head = (first + r) / a_.rows, row = (first + r) % a_.rows;
            const float* q = a_.q + g * a_.q_kv_stride + head * a_.q_group_stride + row * a_.q_row_stride;
            for (int64_t i = 0; i < size / 2; ++i)
                own.q[r * size / 2 + i] = rounded(q[2 * i] * scale) | static_cast<uint32_t>(rounded(q[2 * i + 1] * scale)) << 16;
        }
        for (int64_t block = 0; block < blocks(a_); ++block)
            for (int64_t r = 0; r < count; r += kRows) {
                bool sees = false;
                for (int64_t j = r; j < std::min(r + kRows, count); ++j) sees |= sight(first + j, block) != kHidden;
                if (!sees) continue;
                score(g, block, r, own);
                weigh(block, first, r, count, own);
                add_values(g, block, r, own);
            }
        for (int64_t r = 0; r < count; ++r) {
            const float total = sum(own.total[r]);
            float* out = a_.out + (g * a_.group * a_.rows + first + r) * size;
            for (int64_t i = 0; i < size; i += kLanes) store(out + i, load(&own.out[r * size + i]) / total);
        }
    }

    static __m512bh pairs(const void* p) { return (__m512bh)_mm512_loadu_si512(p); }
    static __m512bh repeated(uint32_t pair) { return (__m512bh)_mm512_set1_epi32(static_cast<int>(pair)); }

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

    // 2^x to 3e-6 of it, far less than a weight's rounding; 0 below -150.
    static __m512 power_of_two(__m512 x) {
        x = _mm512_max_ps(x, _mm512_set1_ps(-200.0f));
        const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        const Floats f = (Floats)_mm512_sub_ps(x, whole);
        Floats p = fill(9.5701013e-3f);
        p = p * f + 5.5917859e-2f;
        p = p * f + 0.24024744f;
        p = p * f + 0.69312179f;
        p = p * f + 0.99999928f;
        return _mm512_scalef_ps((__m512)p, whole);
    }

    // Softmax weights of four queries. Only a score far above a row's base moves it, so that seldom anything summed so
    // far has to be scaled anew.
    void weigh(int64_t block, int64_t first, int64_t r, int64_t count, Scratch& own) const {
        const int64_t key = block * kBlock, keys = std::min<int64_t>(kBlock, a_.seen - key);
        for (int j = 0; j < kRows; ++j) {
            float* scores = own.scores[j];
            if (r + j < count && sight(first + r + j, block) != kWhole) {
                const float* mask = a_.mask + (first + r + j) % a_.rows * a_.seen + key;
                for (int64_t n = 0; n < keys; ++n) scores[n] += mask[n] * kLog2e;
            }
            for (int64_t n = keys; n < kBlock; ++n) scores[n] = -INFINITY;
            __m512 s[kVectors];
            for (int n = 0; n < kVectors; ++n) s[n] = _mm512_load_ps(scores + n * kLanes);
            const __m512 top = _mm512_max_ps(_mm512_max_ps(s[0], s[1]), _mm512_max_ps(s[2], s[3]));
            if (_mm512_cmp_ps_mask(top, _mm512_set1_ps(own.base[r + j] + kSlack), _CMP_GT_OQ))
                move_base(r + j, _mm512_reduce_max_ps(top), own);
            const __m512 base = _mm512_set1_ps(own.base[r + j] == -INFINITY ? 0.0f : own.base[r + j]);
            for (int n = 0; n < kVectors; n += 2) {
                const __m512 low = power_of_two(_mm512_sub_ps(s[n], base));
                const __m512 high = power_of_two(_mm512_sub_ps(s[n + 1], base));
                own.total[r + j] += (Floats)_mm512_add_ps(low, high);
                const __m512bh both = _mm512_cvtne2ps_pbh(high, low);
                std::memcpy(&own.weights[j][n * kLanes / 2], &both, sizeof both);
            }
        }
    }

    void move_base(int64_t r, float base, Scratch& own) const {
        const float kept = std::exp2(own.base[r] - base);  // 0 where nothing was seen
        own.base[r] = base;
        own.total[r] *= kept;
        float* out = &own.out[r * a_.size];
        for (int64_t i = 0; i < a_.size; i += kLanes) store(out + i, load(out + i) * kept);
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
    std::vector<uint8_t> sights_;  // [R, blocks]
};

#endif

}  // namespace
