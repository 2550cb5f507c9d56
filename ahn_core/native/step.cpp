// One decoding step of the whole model on a CPU: what DecoderLayer.step computes, in one pass of a few threads. And, in
// the headers, the parts of reading many tokens that torch computes slowly.
//
// A token touches every weight once, so it should take as long as reading them from memory does. Called one by one,
// torch's operations start and end a parallel region each, a dozen times a layer; here the threads stay together
// and wait for each other where one needs what the others have computed. Activations are float32 throughout.
//
// build.py compiles this file, decoder.py fills its tables, and tests/ahn_core/test_native.py holds it against the plain
// step.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "absorption.h"
#include "attention.h"
#include "between.h"
#include "products.h"
#include "team.h"
#include "vectors.h"

namespace {

constexpr int kKeyBlock = 64;  // keys whose scores are turned into weights together

// ------------------------------------------------------------------ tables, filled by decoder.py: 8 bytes a field

struct LayerWeights {
    Linear qkv, out, gate_up, down;
    Linear beta, decay, output_gate;  // [H, hidden] each; not there where the cell has none
    const float *input_norm, *post_norm, *q_norm, *k_norm;  // the last two may be null
    const float *A_log, *dt_bias, *memory_norm, *memory_out;  // memory_out [H, D, D]
};

struct LayerMemory {
    float *keys, *values;  // [Hkv, rows, D]
    float* raw_sinks;      // [Hkv, S, D] or null
    float* gates;          // [W, gate_count, H] or null
    float* state;          // [H, D, D] or null
    double scale;          // of what the memory adds
};

struct Model {
    int64_t layers, hidden, intermediate, heads, kv_heads, size;
    int64_t cell;  // 0 DeltaNet, 1 GatedDeltaNet, 2 Mamba2
    int64_t memory_rope;
    double norm_eps, qk_eps, memory_eps, unit_eps;
    const float* final_norm;
};

struct Step {
    int64_t row, slot, seen;  // slot -1: the token is a sink
    int64_t rows, sinks;      // strides of the buffers
    const float *cos, *sin;   // [D]
    const float *evicted_cos, *evicted_sin;  // null: nothing leaves the window, or there is no memory
    float* x;        // [hidden] in: embedding; out: final normed state
    float* outputs;  // [layers, 2, H * D]: what window and memory added
};

// ------------------------------------------------------------------ one step

class Decoding : public Phases {
public:
    Decoding(const Team& team, const Model& model, const LayerWeights* weights, const LayerMemory* memories,
             const Step& step)
        : Phases(plan(team, model, memories[0], step)), team_(team.size()), m_(model), weights_(weights),
          memories_(memories), s_(step), width_(m_.heads * m_.size), group_(m_.heads / m_.kv_heads),
          spans_(spans(step.seen)), qkv_((m_.heads + 2 * m_.kv_heads) * m_.size), attended_(width_),
          activated_(m_.intermediate), read_(width_), gates_(3 * m_.heads), evicted_k_(m_.kv_heads * m_.size),
          evicted_v_(evicted_k_.size()), evicted_gates_(2 * m_.heads),
          partial_(static_cast<size_t>(spans_) * m_.heads * (m_.size + 2)) {}

private:
    enum Part { kProject, kMix, kCombine, kOut, kExpand, kDown, kParts };

    struct Scratch : Own {
        std::vector<float> hidden, q, raw_q, k, raw_k, normed, product;
        Operand operand;  // of this phase's product
    };

    std::unique_ptr<Own> make_own() const override {
        auto own = std::make_unique<Scratch>();
        own->hidden.resize(m_.hidden);
        own->q.resize(width_);
        own->raw_q.resize(width_);
        own->normed.resize(width_);
        own->product.resize(std::max(m_.hidden, m_.intermediate));
        own->k.resize(m_.kv_heads * m_.size);
        own->raw_k.resize(m_.kv_heads * m_.size);
        return own;
    }

    // Spans of keys that are attended to apart; they follow from the number of keys alone, so that every kind of cache
    // and any number of threads add up in the same order.
    static int64_t span(int64_t seen) { return ((seen + 7) / 8 + kKeyBlock - 1) / kKeyBlock * kKeyBlock; }
    static int64_t spans(int64_t seen) { return (seen + span(seen) - 1) / span(seen); }
    static bool absorbs(const LayerMemory& memory, const Step& step) { return memory.state && step.evicted_cos; }

    static std::vector<int64_t> plan(const Team& team, const Model& m, const LayerMemory& memory, const Step& step) {
        int64_t layer[kParts];
        layer[kProject] = product_units(team.size(), (m.heads + 2 * m.kv_heads) * m.size) + 1;
        layer[kMix] = m.kv_heads * spans(step.seen) + 1 + (absorbs(memory, step) ? m.heads : 0);
        layer[kCombine] = m.heads;
        layer[kOut] = layer[kDown] = product_units(team.size(), m.hidden);
        layer[kExpand] = product_units(team.size(), m.intermediate);
        std::vector<int64_t> units;
        for (int64_t i = 0; i < m.layers; ++i) units.insert(units.end(), layer, layer + kParts);
        units.push_back(1);  // the final norm
        return units;
    }

    void prepare(size_t phase, Own& private_) override {
        Scratch& own = static_cast<Scratch&>(private_);
        const size_t i = phase / kParts;
        if (i == static_cast<size_t>(m_.layers)) return;
        const LayerWeights& w = weights_[i];
        switch (phase % kParts) {
            case kProject: take_normed(w.input_norm, w.qkv, own); break;
            case kMix: place(w, own); break;
            case kCombine: if (absorbs(memories_[i], s_)) normalise_read(w, own); break;
            case kOut: own.operand.take(w.out, attended_.data()); break;
            case kExpand: take_normed(w.post_norm, w.gate_up, own); break;
            default: own.operand.take(w.down, activated_.data());
        }
    }

    void run(size_t phase, int64_t unit, Own& private_) override {
        Scratch& own = static_cast<Scratch&>(private_);
        const size_t i = phase / kParts;
        if (i == static_cast<size_t>(m_.layers)) {
            rms_norm(s_.x, m_.final_norm, s_.x, m_.hidden, m_.norm_eps);
            return;
        }
        const LayerWeights& w = weights_[i];
        const LayerMemory& memory = memories_[i];
        switch (phase % kParts) {
            case kProject: project(unit, w, memory, own); break;
            case kMix: mix(unit, w, memory, own); break;
            case kCombine: combine(unit, w, memory, s_.outputs + 2 * width_ * i, own); break;
            case kOut: add_product(unit, w.out, own); break;
            case kExpand: expand(unit, w, own); break;
            default: add_product(unit, w.down, own);
        }
    }

    void take_normed(const float* norm, const Linear& map, Scratch& own) {
        rms_norm(s_.x, norm, own.hidden.data(), m_.hidden, m_.norm_eps);
        own.operand.take(map, own.hidden.data());
    }

    // Queries, keys and values; the first unit has the memory's gates of this token, and of the one that leaves.
    void project(int64_t unit, const LayerWeights& w, const LayerMemory& memory, const Scratch& own) {
        if (unit > 0) {
            const Range mine = product_share(unit - 1, team_, w.qkv.rows);
            multiply(w.qkv, own.operand, mine, &qkv_[0] + mine.first);
            return;
        }
        if (!memory.state) return;
        const Linear* maps[] = {&w.beta, &w.decay, &w.output_gate};  // float32 all of them
        for (int i = 0; i < 3; ++i)
            if (maps[i]->is_there()) multiply(*maps[i], own.operand, {0, m_.heads}, &gates_[i * m_.heads]);
        if (absorbs(memory, s_)) take_evicted(memory);
    }

    // The two memories, beside each other: keys and values for one span and one key-value head, or one head's state.
    void mix(int64_t unit, const LayerWeights& w, const LayerMemory& memory, Scratch& own) {
        const int64_t attending = m_.kv_heads * spans_;
        if (unit < attending) {
            remember_token(unit / spans_, unit % spans_, memory, own);
            attend(unit / spans_, unit % spans_, memory, own);
        } else if (unit == attending) {
            remember_gates(w, memory);
        } else {
            absorb(unit - attending - 1, memory, own);
        }
    }

    void add_product(int64_t unit, const Linear& map, Scratch& own) {
        const Range mine = product_share(unit, team_, m_.hidden);
        multiply(map, own.operand, mine, own.product.data());
        for (int64_t r = mine.first; r < mine.last; ++r) s_.x[r] += own.product[r - mine.first];
    }

    void expand(int64_t unit, const LayerWeights& w, Scratch& own) {
        const Range mine = product_share(unit, team_, m_.intermediate);
        float* gate = &activated_[0] + mine.first;
        multiply(w.gate_up, own.operand, mine, gate);
        silu(gate, mine.last - mine.first);
        multiply(w.gate_up, own.operand, {m_.intermediate + mine.first, m_.intermediate + mine.last}, own.product.data());
        for (int64_t i = 0; i < mine.last - mine.first; ++i) gate[i] *= own.product[i];
    }

    // The token that leaves the window, before the new one takes its row.
    void take_evicted(const LayerMemory& memory) {
        const int64_t size = m_.size, gate_count = m_.cell == 0 ? 1 : 2;
        std::vector<float> turned(size);
        for (int64_t g = 0; g < m_.kv_heads; ++g) {
            const float* key = memory.keys + (g * s_.rows + s_.row) * size;
            if (m_.memory_rope) std::copy(key, key + size, turned.begin());
            else rotate(key, s_.evicted_cos, s_.evicted_sin, -1.0f, turned.data(), size);
            unit_vector(turned.data(), &evicted_k_[g * size], size, m_.unit_eps, 1.0f);
            const float* value = memory.values + (g * s_.rows + s_.row) * size;
            std::copy(value, value + size, &evicted_v_[g * size]);
        }
        const float* waiting = memory.gates + s_.slot * gate_count * m_.heads;
        std::copy(waiting, waiting + gate_count * m_.heads, evicted_gates_.begin());
    }

    // Norms and rotation of this token's queries and keys.
    void place(const LayerWeights& w, Scratch& own) {
        const int64_t size = m_.size;
        for (int64_t h = 0; h < m_.heads + m_.kv_heads; ++h) {
            const bool is_query = h < m_.heads;
            float* raw = is_query ? &own.raw_q[h * size] : &own.raw_k[(h - m_.heads) * size];
            float* turned = is_query ? &own.q[h * size] : &own.k[(h - m_.heads) * size];
            const float* norm = is_query ? w.q_norm : w.k_norm;
            if (norm) rms_norm(&qkv_[h * size], norm, raw, size, m_.qk_eps);
            else std::copy(&qkv_[h * size], &qkv_[h * size] + size, raw);
            rotate(raw, s_.cos, s_.sin, 1.0f, turned, size);
        }
    }

    // Write the token into sinks or ring, where its row is in this span.
    void remember_token(int64_t g, int64_t part, const LayerMemory& memory, const Scratch& own) {
        const int64_t size = m_.size, at = (g * s_.rows + s_.row) * size;
        if (s_.row / span(s_.seen) != part) return;
        std::copy(&own.k[g * size], &own.k[g * size] + size, memory.keys + at);
        const float* value = &qkv_[(m_.heads + m_.kv_heads + g) * size];
        std::copy(value, value + size, memory.values + at);
        if (s_.slot < 0 && memory.raw_sinks)
            std::copy(&own.raw_k[g * size], &own.raw_k[g * size] + size, memory.raw_sinks + (g * s_.sinks + s_.row) * size);
    }

    void remember_gates(const LayerWeights& w, const LayerMemory& memory) {
        if (!memory.gates || s_.slot < 0) return;
        float* waiting = memory.gates + s_.slot * (m_.cell == 0 ? 1 : 2) * m_.heads;
        for (int64_t h = 0; h < m_.heads; ++h) {
            const float beta = gates_[h], decay = gates_[m_.heads + h];
            if (m_.cell == 0) {
                waiting[h] = sigmoid(beta);
                continue;
            }
            const float dt = softplus((m_.cell == 1 ? decay : beta) + w.dt_bias[h]);
            waiting[h] = -std::exp(w.A_log[h]) * dt;
            waiting[m_.heads + h] = m_.cell == 1 ? sigmoid(beta) : dt;
        }
    }

    // One span of one key-value head: for each query head the largest score, the sum of weights, the weighted values.
    void attend(int64_t g, int64_t part, const LayerMemory& memory, const Scratch& own) {
        const int64_t size = m_.size;
        const Range rows{part * span(s_.seen), std::min(s_.seen, (part + 1) * span(s_.seen))};
        const float scale = 1.0f / std::sqrt(static_cast<float>(size));
        alignas(64) float scores[kKeyBlock];
        const float *keys = memory.keys + g * s_.rows * size, *values = memory.values + g * s_.rows * size;
        for (int64_t h = g * group_; h < (g + 1) * group_; ++h) {
            float* p = partial(part, h);
            p[0] = -INFINITY;
            std::fill(p + 1, p + 2 + size, 0.0f);
        }
        for (int64_t first = rows.first; first < rows.last; first += kKeyBlock) {
            const int64_t count = std::min<int64_t>(kKeyBlock, rows.last - first);
            for (int64_t h = g * group_; h < (g + 1) * group_; ++h) {
                float* p = partial(part, h);
                float largest = p[0];
                for (int64_t j = 0; j < count; ++j) {
                    scores[j] = dot(keys + (first + j) * size, &own.q[h * size], size) * scale;
                    largest = std::max(largest, scores[j]);
                }
                for (int64_t j = count; j < kKeyBlock; ++j) scores[j] = -INFINITY;
                Floats total{};
                for (int64_t j = 0; j < kKeyBlock; j += kLanes) {
                    const Floats weight = exponential(load(scores + j) - largest);
                    total += weight;
                    store(scores + j, weight);
                }
                const float kept = std::exp(p[0] - largest);  // of what was summed with a smaller maximum
                p[0] = largest;
                p[1] = p[1] * kept + sum(total);
                add_weighted(values + first * size, scores, count, kept, p + 2);
            }
        }
    }

    // y = y * kept + weights [count] @ values [count, D]
    void add_weighted(const float* values, const float* weights, int64_t count, float kept, float* y) const {
        const int64_t size = m_.size;
        int64_t i = 0;
        for (; i + 4 * kLanes <= size; i += 4 * kLanes) {
            Floats a = load(y + i) * kept, b = load(y + i + kLanes) * kept;
            Floats c = load(y + i + 2 * kLanes) * kept, d = load(y + i + 3 * kLanes) * kept;
            for (int64_t j = 0; j < count; ++j) {
                const float* v = values + j * size + i;
                a += load(v) * weights[j];
                b += load(v + kLanes) * weights[j];
                c += load(v + 2 * kLanes) * weights[j];
                d += load(v + 3 * kLanes) * weights[j];
            }
            store(y + i, a);
            store(y + i + kLanes, b);
            store(y + i + 2 * kLanes, c);
            store(y + i + 3 * kLanes, d);
        }
        for (; i < size; ++i) {
            float total = y[i] * kept;
            for (int64_t j = 0; j < count; ++j) total += weights[j] * values[j * size + i];
            y[i] = total;
        }
    }

    // Absorb the evicted token into one head's state and read it with this token's query, some columns at a time:
    // columns of the state, one for each number of a value, do not touch each other.
    void absorb(int64_t h, const LayerMemory& memory, Scratch& own) {
        const int64_t size = m_.size;
        float* query = own.normed.data();
        const float scale = m_.cell == 2 ? 1.0f : 1.0f / std::sqrt(static_cast<float>(size));
        unit_vector(&(m_.memory_rope ? own.q : own.raw_q)[h * size], query, size, m_.unit_eps, scale);
        const float* key = &evicted_k_[h / group_ * size];
        const float decay = m_.cell == 0 ? 1.0f : std::exp(evicted_gates_[h]);
        const float beta = evicted_gates_[(m_.cell == 0 ? 0 : m_.heads) + h];
        for (int64_t first = 0; first < size; first += kLanes) {
            const int64_t count = std::min<int64_t>(kLanes, size - first);
            const float* value = &evicted_v_[h / group_ * size + first];
            float* state = memory.state + h * size * size + first;
            float* result = &read_[h * size + first];
            if (count == kLanes) absorb_columns(state, key, query, load(value), decay, beta, result);
            else absorb_few(state, key, query, value, count, decay, beta, result);
        }
    }

    void absorb_columns(float* state, const float* key, const float* query, Floats value, float decay, float beta,
                        float* result) const {
        const int64_t size = m_.size;
        Floats written = value;
        if (m_.cell != 2) {
            Floats a{}, b{};
            int64_t k = 0;
            for (; k + 2 <= size; k += 2) {
                a += load(state + k * size) * key[k];
                b += load(state + (k + 1) * size) * key[k + 1];
            }
            for (; k < size; ++k) a += load(state + k * size) * key[k];
            written -= (a + b) * decay;
        }
        written *= beta;
        Floats a{}, b{};
        for (int64_t k = 0; k < size; ++k) {
            const Floats updated = load(state + k * size) * decay + written * key[k];
            store(state + k * size, updated);
            (k % 2 ? b : a) += updated * query[k];
        }
        store(result, a + b);
    }

    void absorb_few(float* state, const float* key, const float* query, const float* value, int64_t count, float decay,
                    float beta, float* result) const {
        const int64_t size = m_.size;
        for (int64_t i = 0; i < count; ++i) {
            float written = value[i], total = 0;
            if (m_.cell != 2)
                for (int64_t k = 0; k < size; ++k) written -= decay * state[k * size + i] * key[k];
            written *= beta;
            for (int64_t k = 0; k < size; ++k) {
                state[k * size + i] = state[k * size + i] * decay + written * key[k];
                total += state[k * size + i] * query[k];
            }
            result[i] = total;
        }
    }

    // Window and memory of one head, each finished, and their sum.
    void combine(int64_t h, const LayerWeights& w, const LayerMemory& memory, float* outputs, Scratch& own) {
        const int64_t size = m_.size;
        float *window = outputs + h * size, *added = window + width_, *attended = &attended_[h * size];
        merge(h, window);
        std::copy(window, window + size, attended);
        if (!absorbs(memory, s_)) return;
        for (int64_t first = 0; first < size; first += kLanes)
            multiply_columns(w.memory_out + h * size * size + first, &own.normed[h * size],
                             std::min<int64_t>(kLanes, size - first), added + first);
        const float scale = static_cast<float>(memory.scale);
        for (int64_t i = 0; i < size; ++i) attended[i] += added[i] *= scale;
    }

    // The spans' parts of the attention, each with its own largest score, as one.
    void merge(int64_t h, float* window) {
        float largest = -INFINITY, total = 0;
        for (int64_t t = 0; t < spans_; ++t) largest = std::max(largest, partial(t, h)[0]);
        std::fill(window, window + m_.size, 0.0f);
        for (int64_t t = 0; t < spans_; ++t) {
            const float* p = partial(t, h);
            const float kept = std::exp(p[0] - largest);
            total += kept * p[1];
            for (int64_t i = 0; i < m_.size; ++i) window[i] += kept * p[2 + i];
        }
        for (int64_t i = 0; i < m_.size; ++i) window[i] /= total;
    }

    // y [count] = x [D] @ map [D, D], some of its columns
    void multiply_columns(const float* map, const float* x, int64_t count, float* y) const {
        const int64_t size = m_.size;
        if (count == kLanes) {
            Floats a{}, b{};
            for (int64_t k = 0; k < size; ++k) (k % 2 ? b : a) += load(map + k * size) * x[k];
            store(y, a + b);
            return;
        }
        for (int64_t i = 0; i < count; ++i) {
            y[i] = 0;
            for (int64_t k = 0; k < size; ++k) y[i] += map[k * size + i] * x[k];
        }
    }

    void normalise_read(const LayerWeights& w, Scratch& own) {
        const int64_t size = m_.size;
        const float* gate = &gates_[2 * m_.heads];
        for (int64_t h = 0; h < m_.heads; ++h) {
            float *from = &read_[h * size], *to = &own.normed[h * size];
            const float open = silu(gate[h]);
            if (m_.cell != 2) rms_norm(from, w.memory_norm, to, size, m_.memory_eps);
            else std::copy(from, from + size, to);
            for (int64_t i = 0; i < size; ++i) to[i] *= open;
        }
        if (m_.cell == 2) rms_norm(own.normed.data(), w.memory_norm, own.normed.data(), width_, m_.memory_eps);
    }

    float* partial(int64_t part, int64_t head) { return &partial_[(part * m_.heads + head) * (m_.size + 2)]; }

    const int team_;
    const Model m_;
    const LayerWeights* weights_;
    const LayerMemory* memories_;
    const Step s_;
    const int64_t width_, group_, spans_;
    // Shared by the threads, each number written in one phase and read in later ones.
    std::vector<float> qkv_, attended_, activated_, read_, gates_, evicted_k_, evicted_v_, evicted_gates_, partial_;
};

}  // namespace

extern "C" {

void* ahn_team(int32_t size) { return new Team(std::max(1, size)); }
void ahn_disband(void* team) { delete static_cast<Team*>(team); }

void ahn_step(void* team, const Model* model, const LayerWeights* weights, const LayerMemory* memories, const Step* step) {
    Team& all = *static_cast<Team*>(team);
    all.run(std::make_shared<Decoding>(all, *model, weights, memories, *step));
}

// Whether ahn_attend can be called.
int32_t ahn_attends() {
#if defined(__AVX512BF16__)
    return 1;
#else
    return 0;
#endif
}

void ahn_attend(void* team, const Attention* attention) {
#if defined(__AVX512BF16__)
    static_cast<Team*>(team)->run(std::make_shared<BlockAttention>(*attention));
#else
    (void)team, (void)attention;
#endif
}

// With ahn_attends: what lies between the products of a layer.
#if defined(__AVX512BF16__)
void ahn_norm(void* team, const Between* work) { norm(team, *work); }
void ahn_add(void* team, const Between* work) { add(team, *work); }
void ahn_gate(void* team, const Between* work) { gate(team, *work); }
void ahn_split(void* team, const Projection* work) { split(team, *work); }
#endif

// Whether ahn_absorb can be called for heads of this size.
int32_t ahn_absorbs(int64_t size) { return Absorbing::fits(size); }

void ahn_absorb(void* team, const Absorption* absorption) {
    static_cast<Team*>(team)->run(std::make_shared<Absorbing>(*absorption));
}

// y [count, rows] = x [count, columns] map^T
void ahn_linear(void* team, const Linear* map, const float* x, int64_t count, float* y) {
    Team& all = *static_cast<Team*>(team);
    all.run(std::make_shared<Product>(all.size(), *map, x, count, y));
}

// Weights in groups as they are meant.
void ahn_unpack(void* team, const Unpacking* work) {
    Team& all = *static_cast<Team*>(team);
    all.run(std::make_shared<Unpack>(all.size(), *work));
}
}
