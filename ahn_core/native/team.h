// A few threads that work through phases of independent units together.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace {

struct Range { int64_t first, last; };

inline Range share(int64_t unit, int64_t units, int64_t count) {
    return {count * unit / units, count * (unit + 1) / units};
}

// Pieces to cut many rows into: several for each thread, so that one that is held up leaves little to wait for.
inline int64_t pieces(int team, int64_t rows) { return std::min<int64_t>(rows, team == 1 ? 1 : 4 * team); }

// Work in phases of independent units: a phase begins when all units of the one before are done. Whoever is free takes
// the next unit. A thread that the system keeps waiting so holds up nobody, unless in the middle of a unit, and it
// touches nothing but these counters unless it has one.
class Phases {
public:
    explicit Phases(std::vector<int64_t> units) : units_(std::move(units)), counters_(units_.size()) {}
    virtual ~Phases() = default;

    void work() {
        const std::unique_ptr<Own> own = make_own();
        for (size_t phase = 0; phase < units_.size(); ++phase) {
            Counters& c = counters_[phase];
            bool prepared = false;
            for (int64_t unit; (unit = c.taken.fetch_add(1, std::memory_order_acq_rel)) < units_[phase];) {
                if (!prepared) prepare(phase, *own);
                prepared = true;
                run(phase, unit, *own);
                c.done.fetch_add(1, std::memory_order_acq_rel);
            }
            // Spinning for longer would take the processor from whoever has the last unit.
            for (int tries = 0; c.done.load(std::memory_order_acquire) < units_[phase]; ++tries)
                if (tries < 2000) pause(); else std::this_thread::yield();
        }
    }

protected:
    // What a thread computes for itself, because that is quicker than to wait for another one.
    struct Own { virtual ~Own() = default; };
    virtual std::unique_ptr<Own> make_own() const { return nullptr; }
    virtual void prepare(size_t, Own&) {}
    virtual void run(size_t phase, int64_t unit, Own& own) = 0;

private:
    static void pause() {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }
    struct alignas(64) Counters { std::atomic<int64_t> taken{0}, done{0}; };
    const std::vector<int64_t> units_;
    std::vector<Counters> counters_;
};

// The calling thread and its helpers. A helper that is late finds the work done, and goes on to the next.
class Team {
public:
    explicit Team(int size) : size_(size) {
        for (int i = 1; i < size; ++i) threads_.emplace_back([this] { serve(); });
    }
    ~Team() {
        post(nullptr);
        for (auto& thread : threads_) thread.join();
    }
    int size() const { return size_; }
    void run(const std::shared_ptr<Phases>& job) {
        std::lock_guard<std::mutex> alone(running_);
        if (size_ > 1) post(job);
        job->work();
    }

private:
    void post(const std::shared_ptr<Phases>& job) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            job_ = job;
            ++posted_;
        }
        wake_.notify_all();
    }
    void serve() {
        int64_t seen = 0;
        for (;;) {
            std::shared_ptr<Phases> job;
            {
                std::unique_lock<std::mutex> lock(mutex_);
                wake_.wait(lock, [&] { return posted_ != seen; });
                seen = posted_;
                job = job_;
            }
            if (!job) return;
            job->work();
        }
    }
    const int size_;
    std::vector<std::thread> threads_;
    std::mutex running_, mutex_;
    std::condition_variable wake_;
    std::shared_ptr<Phases> job_;
    int64_t posted_ = 0;
};

}  // namespace
