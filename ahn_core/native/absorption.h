// Many tokens absorbed into a layer's memory one by one and read after each: what MemoryCell.absorb_and_read computes,
// a chunk of tokens at a time (recurrence.py gives the equations), all in float32.
//
// Within a chunk that starts from the state S the rows actually written, u, solve (I + A) u = beta (v - exp(G) k S),
// where A_ij = beta_i exp(G_i - G_j) k_i . k_j for j < i. Columns of the state, one for each number of a value, do not
// touch each other, so each thread carries some columns of a head through all chunks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "team.h"
#include "vectors.h"

namespace {

struct Absorption {
    const float *q, *keys, *values;  // [H, n, D], [Hkv, n, D], [Hkv, n, D] with strides
    const float* gates;              // [n, gate_count, H] to write with
    const float* open;               // [n, H] output gate before its silu
    const float *norm, *map;         // [D], or [H * D] of Mamba2; o_proj [H, D, D]
    const float* state;              // [H, D, D] before
    float* new_state;                // [H, D, D] after
    float* out;                      // [H, n, D] what the memory adds
    int64_t heads, kv_heads, count, size, cell;
    int64_t q_head_stride, q_row_stride, key_head_stride, key_row_stride, value_head_stride, value_row_stride;
    double unit_eps, norm_eps;
};

// Rows and vectors of a tile whose sums stay in registers.
#if defined(__AVX512F__)
constexpr int kTileRows = 8, kTileVectors = 2;
#else
constexpr int kTileRows = 4, kTileVectors = 1;
#endif

// c (+ or -)= a b for `rows` rows of c and kTileVectors vectors: a(i, k) = a[i * row + k * inner], b [k, stride].
template <int kRows, int kVectors>
inline void product_tile(const float* a, int64_t row, int64_t inner, const float* b, int64_t b_stride, float* c,
                         int64_t c_stride, int64_t depth, float sign, bool add) {
    Floats sums[kRows][kVectors];
    for (auto& of_row : sums)
        for (auto& s : of_row) s = Floats{};
    for (int64_t k = 0; k < depth; ++k) {
        Floats right[kVectors];
        for (int n = 0; n < kVectors; ++n) right[n] = load(b + k * b_stride + n * kLanes);
        for (int i = 0; i < kRows; ++i) {
            const float left = a[i * row + k * inner];
            for (int n = 0; n < kVectors; ++n) sums[i][n] += right[n] * left;
        }
    }
    for (int i = 0; i < kRows; ++i)
        for (int n = 0; n < kVectors; ++n) {
            float* to = c + i * c_stride + n * kLanes;
            store(to, (add ? load(to) : Floats{}) + sums[i][n] * sign);
        }
}

// c [rows, columns] (+ or -)= a [rows, depth] b [depth, columns]; columns a multiple of kLanes. `lower`: row i of a
// is zero beyond column i, so less is read.
inline void product(const float* a, int64_t row, int64_t inner, const float* b, int64_t b_stride, float* c,
                    int64_t c_stride, int64_t rows, int64_t columns, int64_t depth, float sign, bool add,
                    bool lower = false) {
    for (int64_t i = 0; i < rows; i += kTileRows) {
        const int64_t tall = std::min<int64_t>(kTileRows, rows - i);
        const int64_t deep = lower ? std::min(depth, i + tall) : depth;
        const float* left = a + i * row;
        int64_t j = 0;
        if (tall == kTileRows)
            for (; j + kTileVectors * kLanes <= columns; j += kTileVectors * kLanes)
                product_tile<kTileRows, kTileVectors>(left, row, inner, b + j, b_stride, c + i * c_stride + j, c_stride,
                                                      deep, sign, add);
        for (; j < columns; j += kLanes)
            for (int64_t r = 0; r < tall; ++r)
                product_tile<1, 1>(left + r * row, row, inner, b + j, b_stride, c + (i + r) * c_stride + j, c_stride,
                                   deep, sign, add);
    }
}

class Absorbing : public Phases {
public:
    explicit Absorbing(const Absorption& a)
        : Phases({a.kv_heads * chunks(a), a.heads * (a.size / kColumns), tiles(a)}), a_(a),
          group_(a.heads / a.kv_heads), gate_count_(a.cell == 0 ? 1 : 2), keys_(numbers(a.kv_heads * padded(a) * a.size)),
          queries_(numbers(a.heads * padded(a) * a.size)), decay_(numbers(a.heads * padded(a))),
          inside_(numbers(a.heads * padded(a) * kChunk)), system_(numbers(a.heads * padded(a) * kChunk)),
          read_(numbers(a.heads * padded(a) * a.size)) {}

    static bool fits(int64_t size) { return size % kColumns == 0; }

private:
    enum Part { kPrepare, kCarry, kGive };
    static constexpr int64_t kChunk = 64;    // tokens a chunk
    static constexpr int64_t kColumns = 32;  // of the state, a unit
    static constexpr int64_t kTile = 32;     // tokens a unit of the last phase

    static int64_t chunks(const Absorption& a) { return (a.count + kChunk - 1) / kChunk; }
    static int64_t padded(const Absorption& a) { return chunks(a) * kChunk; }
    static int64_t tiles(const Absorption& a) { return (a.count + kTile - 1) / kTile; }
    static std::unique_ptr<float[]> numbers(int64_t count) { return std::unique_ptr<float[]>(new float[count]); }
    int64_t length(int64_t chunk) const { return std::min(kChunk, a_.count - chunk * kChunk); }

    struct Scratch : Own {
        std::vector<float> transposed;  // [D, kChunk] keys of a chunk
        std::vector<float> products;    // [kChunk, kChunk] of keys with each other
        std::vector<float> state;       // [D, kColumns]
        std::vector<float> rows;        // [kChunk, kColumns] written, and then what is left of them at the chunk's end
        std::vector<float> heads;       // [H, kTile, D] normed
    };
    std::unique_ptr<Own> make_own() const override {
        auto own = std::make_unique<Scratch>();
        own->transposed.resize(a_.size * kChunk);
        own->products.resize(kChunk * kChunk);
        own->state.resize(a_.size * kColumns);
        own->rows.resize(kChunk * kColumns);
        own->heads.resize(a_.heads * kTile * a_.size);
        return own;
    }

    void run(size_t phase, int64_t unit, Own& private_) override {
        Scratch& own = static_cast<Scratch&>(private_);
        const int64_t parts = a_.size / kColumns;
        if (phase == kPrepare) prepare_chunk(unit / chunks(a_), unit % chunks(a_), own);
        else if (phase == kCarry) carry(unit / parts, unit % parts * kColumns, own);
        else give(unit, own);
    }

    float log_decay(int64_t h, int64_t t) const { return a_.cell == 0 ? 0.0f : a_.gates[t * gate_count_ * a_.heads + h]; }
    float beta(int64_t h, int64_t t) const { return a_.gates[(t * gate_count_ + gate_count_ - 1) * a_.heads + h]; }

    // What does not depend on the state: unit keys and queries, and their products within a chunk.
    void prepare_chunk(int64_t g, int64_t chunk, Scratch& own) {
        const int64_t size = a_.size, first = chunk * kChunk, rows = length(chunk);
        float* keys = &keys_[(g * padded(a_) + first) * size];
        for (int64_t t = 0; t < rows; ++t)
            unit_vector(a_.keys + g * a_.key_head_stride + (first + t) * a_.key_row_stride, keys + t * size, size,
                        a_.unit_eps, 1.0f);
        std::fill(keys + rows * size, keys + kChunk * size, 0.0f);
        for (int64_t t = 0; t < kChunk; ++t)
            for (int64_t i = 0; i < size; ++i) own.transposed[i * kChunk + t] = keys[t * size + i];
        if (a_.cell != 2) lower_product(keys, rows, own.products.data(), own);
        for (int64_t h = g * group_; h < (g + 1) * group_; ++h) {
            const int64_t at = h * padded(a_) + first;
            float *queries = &queries_[at * size], *decay = &decay_[at], *inside = &inside_[at * kChunk];
            const float scale = a_.cell == 2 ? 1.0f : 1.0f / std::sqrt(static_cast<float>(size));
            float total = 0;
            for (int64_t t = 0; t < rows; ++t) {
                unit_vector(a_.q + h * a_.q_head_stride + (first + t) * a_.q_row_stride, queries + t * size, size,
                            a_.unit_eps, scale);
                decay[t] = total += log_decay(h, first + t);
            }
            std::fill(decay + rows, decay + kChunk, total);
            lower_product(queries, rows, inside, own);
            float* system = a_.cell == 2 ? nullptr : &system_[at * kChunk];
            for (int64_t i = 0; i < rows; ++i) {
                const float strength = beta(h, first + i);
                for (int64_t j = 0; j < kChunk; j += kLanes) {
                    // Beyond the diagonal this would be more than 1, and is not read.
                    const Floats since = decay[i] - load(decay + j);
                    const Floats kept = a_.cell == 0 ? fill(1.0f) : exponential(since > 0.0f ? Floats{} : since);
                    store(inside + i * kChunk + j, load(inside + i * kChunk + j) * kept);
                    if (system) store(system + i * kChunk + j, load(&own.products[i * kChunk + j]) * kept * strength);
                }
                std::fill(inside + i * kChunk + i + 1, inside + (i + 1) * kChunk, 0.0f);
            }
        }
    }

    // c [rows, kChunk] = x [rows, D] keys^T up to the diagonal, and up to a vector's end beyond it.
    void lower_product(const float* x, int64_t rows, float* c, const Scratch& own) const {
        for (int64_t i = 0; i < rows; i += kTileRows) {
            const int64_t tall = std::min<int64_t>(kTileRows, rows - i);
            const int64_t wide = (i + tall + kLanes - 1) / kLanes * kLanes;
            product(x + i * a_.size, a_.size, 1, own.transposed.data(), kChunk, c + i * kChunk, kChunk, tall, wide, a_.size,
                    1.0f, false);
            for (int64_t r = i; r < i + tall; ++r) std::fill(c + r * kChunk + wide, c + (r + 1) * kChunk, 0.0f);
        }
    }

    // Some columns of one head's state through all chunks.
    void carry(int64_t h, int64_t column, Scratch& own) {
        const int64_t size = a_.size, g = h / group_;
        float *state = own.state.data(), *rows = own.rows.data();
        for (int64_t k = 0; k < size; ++k)
            std::copy_n(a_.state + (h * size + k) * size + column, kColumns, state + k * kColumns);
        for (int64_t chunk = 0; chunk < chunks(a_); ++chunk) {
            const int64_t first = chunk * kChunk, count = length(chunk), at = h * padded(a_) + first;
            const float *keys = &keys_[(g * padded(a_) + first) * size], *decay = &decay_[at];
            if (a_.cell != 2) product(keys, size, 1, state, kColumns, rows, kColumns, count, kColumns, size, 1.0f, false);
            for (int64_t t = 0; t < count; ++t) {
                const float *value = a_.values + g * a_.value_head_stride + (first + t) * a_.value_row_stride + column;
                const float strength = beta(h, first + t), since = std::exp(decay[t]);
                float* row = rows + t * kColumns;
                for (int64_t i = 0; i < kColumns; i += kLanes) {
                    const Floats known = a_.cell == 2 ? Floats{} : load(row + i) * since;
                    store(row + i, (load(value + i) - known) * strength);
                }
            }
            if (a_.cell != 2) solve(&system_[at * kChunk], rows, count);

            float* out = &read_[at * size + column];
            product(&queries_[at * size], size, 1, state, kColumns, out, size, count, kColumns, size, 1.0f, false);
            if (a_.cell != 0)
                for (int64_t t = 0; t < count; ++t) scale(out + t * size, std::exp(decay[t]));
            product(&inside_[at * kChunk], kChunk, 1, rows, kColumns, out, size, count, kColumns, count, 1.0f, true, true);

            const float end = decay[count - 1];
            if (a_.cell != 0) {
                for (int64_t t = 0; t < count; ++t) scale(rows + t * kColumns, std::exp(end - decay[t]));
                for (int64_t k = 0; k < size; ++k) scale(state + k * kColumns, std::exp(end));
            }
            product(keys, 1, size, rows, kColumns, state, kColumns, size, kColumns, count, 1.0f, true);
        }
        for (int64_t k = 0; k < size; ++k)
            std::copy_n(state + k * kColumns, kColumns, a_.new_state + (h * size + k) * size + column);
    }

    static void scale(float* x, float by) {
        for (int64_t i = 0; i < kColumns; i += kLanes) store(x + i, load(x + i) * by);
    }

    // (I + A) u = rows in place, A strictly lower: a few rows are solved one after the other, and then leave the rest.
    static void solve(const float* system, float* rows, int64_t count) {
        for (int64_t i = 0; i < count; i += kTileRows) {
            const int64_t tall = std::min<int64_t>(kTileRows, count - i);
            if (i)
                product(system + i * kChunk, kChunk, 1, rows, kColumns, rows + i * kColumns, kColumns, tall, kColumns, i,
                        -1.0f, true);
            for (int64_t r = i + 1; r < i + tall; ++r)
                for (int64_t n = 0; n < kColumns; n += kLanes) {
                    Floats value = load(rows + r * kColumns + n);
                    for (int64_t j = i; j < r; ++j) value -= load(rows + j * kColumns + n) * system[r * kChunk + j];
                    store(rows + r * kColumns + n, value);
                }
        }
    }

    // Norm, output gate and output map of some tokens.
    void give(int64_t tile, Scratch& own) {
        const int64_t size = a_.size, width = a_.heads * size, first = tile * kTile;
        const int64_t count = std::min(kTile, a_.count - first);
        for (int64_t t = 0; t < count; ++t) {
            float squares = 0;
            for (int64_t h = 0; h < a_.heads; ++h) {
                const float *from = &read_[(h * padded(a_) + first + t) * size], open = silu(a_.open[(first + t) * a_.heads + h]);
                float* to = &own.heads[(h * kTile + t) * size];
                if (a_.cell != 2) rms_norm(from, a_.norm, to, size, a_.norm_eps);
                else std::copy_n(from, size, to);
                for (int64_t i = 0; i < size; ++i) to[i] *= open;
                if (a_.cell == 2) squares += dot(to, to, size);
            }
            if (a_.cell != 2) continue;
            const float scale = 1.0f / std::sqrt(squares / static_cast<float>(width) + static_cast<float>(a_.norm_eps));
            for (int64_t h = 0; h < a_.heads; ++h) {
                float* to = &own.heads[(h * kTile + t) * size];
                for (int64_t i = 0; i < size; ++i) to[i] *= scale * a_.norm[h * size + i];
            }
        }
        for (int64_t h = 0; h < a_.heads; ++h)
            product(&own.heads[h * kTile * size], size, 1, a_.map + h * size * size, size,
                    a_.out + (h * a_.count + first) * size, size, count, size, size, 1.0f, false);
    }

    const Absorption a_;
    const int64_t group_, gate_count_;
    // Written in one phase and read in later ones, heads first, tokens padded to whole chunks. Not filled with zeros
    // first, as a vector would be: megabytes a layer.
    const std::unique_ptr<float[]> keys_, queries_, decay_, inside_, system_, read_;
};

}  // namespace
