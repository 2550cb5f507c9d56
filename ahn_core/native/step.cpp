// One decoding step of the whole model on a CPU: what DecoderLayer.step computes, in one pass of a few threads.
//
// A token touches every weight once, so it should take as long as reading them from memory does. Called one by one,
// torch's operations start and end a parallel region each, a dozen times a layer; here the threads stay in one region
// and meet at a barrier where one needs what the others have computed. Activations are float32 throughout.
//
// compiled.py builds this file and describes the tables; tests/ahn_core/test_compiled.py holds it against the plain
// step. It is written with the vector extensions of GCC and Clang, so it compiles for any processor they know.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

typedef float Floats __attribute__((vector_size(64)));  // 16 of them
typedef int32_t Ints __attribute__((vector_size(64)));
typedef int8_t Bytes __attribute__((vector_size(16)));
constexpr int kLanes = 16;
constexpr int kKeyBlock = 64;  // keys whose scores are turned into weights together

// ------------------------------------------------------------------ tables, filled by compiled.py: 8 bytes a field

struct Linear {
    const void* weight;    // [rows, columns] int8 or float32
    const uint16_t* scale; // [rows] bfloat16 for int8, else null
    const float* bias;     // [rows] or null
    int64_t rows, columns;
};

struct LayerWeights {
    Linear qkv, out, gate_up, down;
    Linear beta, decay, output_gate;  // [H, hidden] each; weight null where the cell has none
    const float *input_norm, *post_norm, *q_norm, *k_norm;  // the last two may be null
    const float *A_log, *dt_bias, *memory_norm, *memory_out;  // memory_out [H, D, D]
};

struct LayerMemory {
    float *keys, *values;  // [Hkv, rows, D]
    float* raw_sinks;      // [Hkv, S, D] or null
    float* gates;          // [W, gate_count, H] or null
    float* state;          // [H, D, D] or null
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

// ------------------------------------------------------------------ small vectors

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

inline float row(const Linear& map, const float* x, int64_t r) {
    float y = map.scale
        ? dot(static_cast<const int8_t*>(map.weight) + r * map.columns, x, map.columns) * from_bfloat16(map.scale[r])
        : dot(static_cast<const float*>(map.weight) + r * map.columns, x, map.columns);
    return map.bias ? y + map.bias[r] : y;
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
    for (int64_t i = 0; i < half; ++i) {
        y[i] = x[i] * cos[i] - direction * x[half + i] * sin[i];
        y[half + i] = x[half + i] * cos[half + i] + direction * x[i] * sin[half + i];
    }
}

void unit_vector(const float* x, float* y, int64_t n, double eps, float scale) {
    scale /= std::sqrt(dot(x, x, n) + static_cast<float>(eps));
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] * scale;
}

// ------------------------------------------------------------------ threads

class Barrier {
public:
    explicit Barrier(int count) : count_(count) {}
    void wait() {
        const int64_t round = round_.load(std::memory_order_acquire);
        if (waiting_.fetch_add(1, std::memory_order_acq_rel) == count_ - 1) {
            waiting_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            return;
        }
        // Spinning for longer would take the processor from whoever the others wait for.
        for (int tries = 0; round_.load(std::memory_order_acquire) == round; ++tries)
            if (tries < 2000) pause(); else std::this_thread::yield();
    }

private:
    static void pause() {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }
    const int count_;
    alignas(64) std::atomic<int> waiting_{0};
    alignas(64) std::atomic<int64_t> round_{0};
};

struct Range { int64_t first, last; };

class Team {
public:
    explicit Team(int size) : size_(size), barrier_(size) {
        for (int i = 1; i < size; ++i) threads_.emplace_back([this, i] { serve(i); });
    }
    ~Team() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            task_ = nullptr;
            ++job_;
        }
        wake_.notify_all();
        for (auto& thread : threads_) thread.join();
    }
    int size() const { return size_; }
    void meet() { barrier_.wait(); }
    // `count` things in pieces of a multiple of `unit`.
    Range share(int member, int64_t count, int64_t unit = 1) const {
        const int64_t units = (count + unit - 1) / unit;
        return {std::min(count, units * member / size_ * unit), std::min(count, units * (member + 1) / size_ * unit)};
    }
    template <class Work>
    void run(Work work) {
        std::lock_guard<std::mutex> alone(running_);
        {
            std::lock_guard<std::mutex> lock(mutex_);
            argument_ = &work;
            task_ = [](void* argument, int member) { (*static_cast<Work*>(argument))(member); };
            ++job_;
        }
        if (size_ > 1) wake_.notify_all();
        work(0);
        meet();  // `work` must outlive the others' calls
    }

private:
    void serve(int member) {
        int64_t done = 0;
        for (;;) {
            void (*task)(void*, int);
            void* argument;
            {
                std::unique_lock<std::mutex> lock(mutex_);
                wake_.wait(lock, [&] { return job_ != done; });
                done = job_;
                task = task_;
                argument = argument_;
            }
            if (!task) return;
            task(argument, member);
            meet();
        }
    }
    const int size_;
    Barrier barrier_;
    std::vector<std::thread> threads_;
    std::mutex running_, mutex_;
    std::condition_variable wake_;
    void (*task_)(void*, int) = nullptr;
    void* argument_ = nullptr;
    int64_t job_ = 0;
};

// ------------------------------------------------------------------ one step

class Decoding {
public:
    Decoding(Team& team, const Model& model, const LayerWeights* weights, const LayerMemory* memories, const Step& step)
        : team_(team), m_(model), weights_(weights), memories_(memories), s_(step), width_(m_.heads * m_.size),
          group_(m_.heads / m_.kv_heads), qkv_((m_.heads + 2 * m_.kv_heads) * m_.size), attended_(width_),
          activated_(m_.intermediate), read_(width_), gates_(3 * m_.heads),
          partial_(static_cast<size_t>(team.size()) * m_.heads * (m_.size + 2)) {}

    void run() {
        team_.run([this](int member) { work(member); });
    }

private:
    // What a thread computes for itself, because that is quicker than to wait for another one.
    struct Own {
        std::vector<float> hidden, q, raw_q, k, raw_k, evicted_k, evicted_v, evicted_gates, normed;
    };

    void work(int member) {
        Own own;
        own.hidden.resize(m_.hidden);
        own.q.resize(width_);
        own.raw_q.resize(width_);
        own.k.resize(m_.kv_heads * m_.size);
        own.raw_k.resize(m_.kv_heads * m_.size);
        own.normed.resize(width_);
        own.evicted_k.resize(own.k.size());
        own.evicted_v.resize(own.k.size());
        own.evicted_gates.resize(2 * m_.heads);
        for (int64_t i = 0; i < m_.layers; ++i) layer(member, weights_[i], memories_[i], s_.outputs + 2 * width_ * i, own);
        rms_norm(s_.x, m_.final_norm, own.hidden.data(), m_.hidden, m_.norm_eps);
        team_.meet();
        if (member == 0) std::copy(own.hidden.begin(), own.hidden.end(), s_.x);
    }

    void layer(int member, const LayerWeights& w, const LayerMemory& memory, float* outputs, Own& own) {
        rms_norm(s_.x, w.input_norm, own.hidden.data(), m_.hidden, m_.norm_eps);
        project(member, w, memory, own);
        if (absorbs(memory)) take_evicted(memory, own);
        team_.meet();
        place(w, own);
        remember_token(member, w, memory, own);
        attend(member, memory, own);
        if (absorbs(memory)) absorb(member, memory, own);
        team_.meet();
        combine(member, w, memory, outputs, own);
        team_.meet();
        Range mine = team_.share(member, m_.hidden);
        for (int64_t r = mine.first; r < mine.last; ++r) s_.x[r] += row(w.out, attended_.data(), r);
        team_.meet();
        rms_norm(s_.x, w.post_norm, own.hidden.data(), m_.hidden, m_.norm_eps);
        mine = team_.share(member, m_.intermediate);
        for (int64_t r = mine.first; r < mine.last; ++r)
            activated_[r] = row(w.gate_up, own.hidden.data(), r);
        silu(&activated_[0] + mine.first, mine.last - mine.first);
        for (int64_t r = mine.first; r < mine.last; ++r)
            activated_[r] *= row(w.gate_up, own.hidden.data(), m_.intermediate + r);
        team_.meet();
        mine = team_.share(member, m_.hidden);
        for (int64_t r = mine.first; r < mine.last; ++r) s_.x[r] += row(w.down, activated_.data(), r);
        team_.meet();
    }

    bool absorbs(const LayerMemory& memory) const { return memory.state && s_.evicted_cos; }

    // Queries, keys and values, and the memory's gates of this token.
    void project(int member, const LayerWeights& w, const LayerMemory& memory, const Own& own) {
        const Range mine = team_.share(member, w.qkv.rows);
        for (int64_t r = mine.first; r < mine.last; ++r) qkv_[r] = row(w.qkv, own.hidden.data(), r);
        if (!memory.state) return;
        const Linear* maps[] = {&w.beta, &w.decay, &w.output_gate};
        const Range heads = team_.share(member, m_.heads);
        for (int i = 0; i < 3; ++i)
            if (maps[i]->weight)
                for (int64_t h = heads.first; h < heads.last; ++h)
                    gates_[i * m_.heads + h] = row(*maps[i], own.hidden.data(), h);
    }

    // The token that leaves the window, before the new one takes its row.
    void take_evicted(const LayerMemory& memory, Own& own) {
        const int64_t size = m_.size, gate_count = m_.cell == 0 ? 1 : 2;
        std::vector<float>& turned = own.raw_k;
        for (int64_t g = 0; g < m_.kv_heads; ++g) {
            const float* key = memory.keys + (g * s_.rows + s_.row) * size;
            if (m_.memory_rope)
                std::copy(key, key + size, &turned[g * size]);
            else
                rotate(key, s_.evicted_cos, s_.evicted_sin, -1.0f, &turned[g * size], size);
            unit_vector(&turned[g * size], &own.evicted_k[g * size], size, m_.unit_eps, 1.0f);
            const float* value = memory.values + (g * s_.rows + s_.row) * size;
            std::copy(value, value + size, &own.evicted_v[g * size]);
        }
        const float* waiting = memory.gates + s_.slot * gate_count * m_.heads;
        std::copy(waiting, waiting + gate_count * m_.heads, own.evicted_gates.data());
    }

    // Norms and rotation of this token's queries and keys.
    void place(const LayerWeights& w, Own& own) {
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

    // Write the token into sinks or ring: the thread that will read the row does.
    void remember_token(int member, const LayerWeights& w, const LayerMemory& memory, const Own& own) {
        const int64_t size = m_.size;
        const Range rows = team_.share(member, s_.seen, kKeyBlock);
        if (s_.row >= rows.first && s_.row < rows.last)
            for (int64_t g = 0; g < m_.kv_heads; ++g) {
                const int64_t at = (g * s_.rows + s_.row) * size;
                std::copy(&own.k[g * size], &own.k[g * size] + size, memory.keys + at);
                const float* value = &qkv_[(m_.heads + m_.kv_heads + g) * size];
                std::copy(value, value + size, memory.values + at);
                if (s_.slot < 0 && memory.raw_sinks)
                    std::copy(&own.raw_k[g * size], &own.raw_k[g * size] + size,
                              memory.raw_sinks + (g * s_.sinks + s_.row) * size);
            }
        if (member != 0 || !memory.gates || s_.slot < 0) return;
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

    // This thread's rows of the keys: for each head the largest score, the sum of weights and the weighted values.
    void attend(int member, const LayerMemory& memory, const Own& own) {
        const int64_t size = m_.size;
        const Range rows = team_.share(member, s_.seen, kKeyBlock);
        const float scale = 1.0f / std::sqrt(static_cast<float>(size));
        alignas(64) float scores[kKeyBlock];
        for (int64_t g = 0; g < m_.kv_heads; ++g) {
            const float *keys = memory.keys + g * s_.rows * size, *values = memory.values + g * s_.rows * size;
            for (int64_t h = g * group_; h < (g + 1) * group_; ++h) {
                float* p = partial(member, h);
                p[0] = -INFINITY;
                std::fill(p + 1, p + 2 + size, 0.0f);
            }
            for (int64_t first = rows.first; first < rows.last; first += kKeyBlock) {
                const int64_t count = std::min<int64_t>(kKeyBlock, rows.last - first);
                for (int64_t h = g * group_; h < (g + 1) * group_; ++h) {
                    float* p = partial(member, h);
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

    // Absorb the evicted token and read the state with this token's query. Columns of the state, one for each number
    // of a value, do not touch each other: each thread has its own.
    void absorb(int member, const LayerMemory& memory, Own& own) {
        const int64_t size = m_.size, blocks = (size + kLanes - 1) / kLanes;
        const Range mine = team_.share(member, m_.heads * blocks);
        std::vector<float>& query = own.normed;
        for (int64_t unit = mine.first; unit < mine.last; ++unit) {
            const int64_t h = unit / blocks, first = unit % blocks * kLanes, count = std::min<int64_t>(kLanes, size - first);
            if (unit == mine.first || first == 0) {
                const float scale = m_.cell == 2 ? 1.0f : 1.0f / std::sqrt(static_cast<float>(size));
                unit_vector(&(m_.memory_rope ? own.q : own.raw_q)[h * size], query.data(), size, m_.unit_eps, scale);
            }
            const float* key = &own.evicted_k[h / group_ * size];
            const float* value = &own.evicted_v[h / group_ * size + first];
            const float decay = m_.cell == 0 ? 1.0f : std::exp(own.evicted_gates[h]);
            const float beta = own.evicted_gates[(m_.cell == 0 ? 0 : m_.heads) + h];
            float* state = memory.state + h * size * size + first;
            float* result = &read_[h * size + first];
            if (count == kLanes) absorb_columns(state, key, query.data(), load(value), decay, beta, result);
            else absorb_few(state, key, query.data(), value, count, decay, beta, result);
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

    // Window and memory, each finished, and their sum.
    void combine(int member, const LayerWeights& w, const LayerMemory& memory, float* outputs, Own& own) {
        const int64_t size = m_.size, blocks = (size + kLanes - 1) / kLanes;
        const bool remembers = absorbs(memory);
        if (remembers) normalise_read(w, own);
        const Range mine = team_.share(member, m_.heads * blocks);
        for (int64_t unit = mine.first; unit < mine.last; ++unit) {
            const int64_t h = unit / blocks, first = unit % blocks * kLanes, count = std::min<int64_t>(kLanes, size - first);
            float *window = outputs + h * size + first, *added = window + width_, *attended = &attended_[h * size + first];
            merge(h, first, count, window);
            std::copy(window, window + count, attended);
            if (!remembers) continue;
            multiply_columns(w.memory_out + h * size * size + first, &own.normed[h * size], count, added);
            for (int64_t i = 0; i < count; ++i) attended[i] += added[i];
        }
    }

    // The threads' parts of the attention, each with its own largest score, as one.
    void merge(int64_t h, int64_t first, int64_t count, float* window) {
        float largest = -INFINITY, total = 0;
        for (int t = 0; t < team_.size(); ++t) largest = std::max(largest, partial(t, h)[0]);
        std::fill(window, window + count, 0.0f);
        for (int t = 0; t < team_.size(); ++t) {
            const float* p = partial(t, h);
            const float kept = std::exp(p[0] - largest);
            total += kept * p[1];
            for (int64_t i = 0; i < count; ++i) window[i] += kept * p[2 + first + i];
        }
        for (int64_t i = 0; i < count; ++i) window[i] /= total;
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

    void normalise_read(const LayerWeights& w, Own& own) {
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

    float* partial(int member, int64_t head) { return &partial_[(member * m_.heads + head) * (m_.size + 2)]; }

    Team& team_;
    const Model& m_;
    const LayerWeights* weights_;
    const LayerMemory* memories_;
    const Step& s_;
    const int64_t width_, group_;
    // Shared by the threads, each number written by one of them between two barriers.
    std::vector<float> qkv_, attended_, activated_, read_, gates_, partial_;
};

}  // namespace

extern "C" {

void* ahn_team(int32_t size) { return new Team(std::max(1, size)); }
void ahn_disband(void* team) { delete static_cast<Team*>(team); }

void ahn_step(void* team, const Model* model, const LayerWeights* weights, const LayerMemory* memories, const Step* step) {
    Decoding(*static_cast<Team*>(team), *model, weights, memories, *step).run();
}

// y [rows] = map x
void ahn_linear(void* team, const Linear* map, const float* x, float* y) {
    Team& all = *static_cast<Team*>(team);
    all.run([&](int member) {
        const Range mine = all.share(member, map->rows);
        for (int64_t r = mine.first; r < mine.last; ++r) y[r] = row(*map, x, r);
    });
}
}
