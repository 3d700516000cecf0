// Runs CUDA kernels on a CPU, for tests: a fiber for each thread of a block, blocks one after
// another, all of it on one thread of the operating system.
//
// Modelled: indices, barriers of blocks and warps, shuffles, dynamic shared memory (poisoned, and
// guarded at its end), flushing of float denormals. Threads run in an order that is a parameter,
// and so do blocks. Errors: deadlocks, barriers that threads reach at different lines, shuffles
// from threads that have ended, writes behind the end of shared memory.
//
// With ThreadSanitizer (RACES) every fiber is a thread to it, ordered by barriers alone; blocks of
// a launch are not ordered at all.
//
// Not modelled: masks other than whole warps, atomics, static shared memory, memory fences,
// caches, anything about time.
#pragma once

#include <math.h>
#include <stddef.h>  // no more than that: it is compiled with every text

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
    unsigned size() const { return x * y * z; }
};

namespace cuda_on_cpu {

dim3 thread_index();
dim3 block_index();
dim3 block_size();
dim3 grid_size();
int thread_number();  // within the block
void* shared_memory();

void block_barrier(const char* where);
void warp_barrier(const char* where);
// Give `value` to the other threads of the warp, and get that of the thread number `source`.
void exchange(void* value, int n_bytes, int source, const char* where);

struct Options {
    dim3 grid, block;
    size_t shared_bytes;
    unsigned order;  // of threads and blocks: 0 ascending, 1 descending, others: shuffled by it
    bool flush;      // denormals to zero
};
// Run the kernel that `run` calls. False: see error().
bool launch_any(const Options& options, void (*run)(const void* kernel), const void* kernel);
const char* error();

template <class Kernel>
bool launch(const Options& options, const Kernel& kernel) {
    return launch_any(options, [](const void* one) { (*(const Kernel*)one)(); }, &kernel);
}

template <class T>
T exchanged(T value, int source, const char* where) {
    exchange(&value, sizeof(T), source, where);
    return value;
}

}  // namespace cuda_on_cpu

template <class T>
T min(T a, T b) {
    return b < a ? b : a;
}
template <class T>
T max(T a, T b) {
    return a < b ? b : a;
}

#define threadIdx (cuda_on_cpu::thread_index())
#define blockIdx (cuda_on_cpu::block_index())
#define blockDim (cuda_on_cpu::block_size())
#define gridDim (cuda_on_cpu::grid_size())

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define DYNAMIC_SHARED(name) double* name = (double*)cuda_on_cpu::shared_memory()

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define HERE __FILE__ ":" TEXT(__LINE__)
#define __syncthreads() cuda_on_cpu::block_barrier(HERE)
#define __syncwarp() cuda_on_cpu::warp_barrier(HERE)
#define __shfl_xor_sync(mask, value, apart) \
    cuda_on_cpu::exchanged(value, cuda_on_cpu::thread_number() ^ (apart), HERE)
#define __shfl_sync(mask, value, lane) \
    cuda_on_cpu::exchanged(value, (cuda_on_cpu::thread_number() & ~31) | ((lane) & 31), HERE)
