// Calls the kernels for somebody else: `remote.py` sends the function, all memory it touches and where pointers stand in
// it, and gets the memory back. Numbers are 64 bits, little-endian, over standard input and output.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

// The kernels, by name; those that this processor does not have are null.
#define KERNEL(name) extern "C" void name() __attribute__((weak));
#include "kernels.inc"
#undef KERNEL

namespace {

typedef uint64_t (*Kernel)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
struct Named { const char* name; void (*kernel)(); };
const Named kKernels[] = {
#define KERNEL(name) {#name, &name},
#include "kernels.inc"
#undef KERNEL
};

struct Region { uint64_t address, size; unsigned char* here; };

void read_bytes(void* to, size_t count) {
    if (count && std::fread(to, 1, count, stdin) != count) std::exit(0);  // the other side is done
}
uint64_t read_number() { uint64_t n; read_bytes(&n, sizeof n); return n; }
void write_bytes(const void* from, size_t count) {
    if (count && std::fwrite(from, 1, count, stdout) != count) std::exit(1);
}

uint64_t translated(const std::vector<Region>& regions, uint64_t address) {
    for (const Region& r : regions)
        if (address >= r.address && address < r.address + r.size)
            return reinterpret_cast<uint64_t>(r.here) + (address - r.address);
    std::fprintf(stderr, "no region holds an address\n");
    std::exit(2);
}

}  // namespace

int main() {
    for (;;) {
        std::string name(read_number(), ' ');
        read_bytes(&name[0], name.size());
        std::vector<Region> regions(read_number());
        for (Region& r : regions) {
            r.address = read_number();
            r.size = read_number();
            // Nothing beyond the end that happens to be there: a kernel that reads too far is to be seen.
            if (posix_memalign(reinterpret_cast<void**>(&r.here), 64, r.size + 64)) return 3;
            std::memset(r.here + r.size, 0xff, 64);
            read_bytes(r.here, r.size);
        }
        for (uint64_t n = read_number(); n > 0; --n) {
            Region& r = regions[read_number()];
            const uint64_t offset = read_number();
            uint64_t pointer;
            std::memcpy(&pointer, r.here + offset, sizeof pointer);
            pointer = translated(regions, pointer);
            std::memcpy(r.here + offset, &pointer, sizeof pointer);
        }
        uint64_t arguments[6] = {};
        for (uint64_t i = 0, n = read_number(); i < n; ++i) {
            const bool is_address = read_number();
            const uint64_t value = read_number();
            arguments[i] = is_address ? translated(regions, value) : value;
        }
        void (*kernel)() = nullptr;
        for (const Named& k : kKernels)
            if (name == k.name) kernel = k.kernel;
        const uint64_t found = kernel != nullptr;
        uint64_t result = 0;
        if (kernel) {
            const auto call = reinterpret_cast<Kernel>(kernel);
            result = call(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
        }
        for (const Region& r : regions)
            for (int i = 0; i < 64; ++i)
                if (r.here[r.size + i] != 0xff) return 4;  // somebody wrote beyond the end
        write_bytes(&found, sizeof found);
        write_bytes(&result, sizeof result);
        for (const Region& r : regions) {
            write_bytes(r.here, r.size);
            std::free(r.here);
        }
        std::fflush(stdout);
    }
}
