// What the kernels of both models share. Plain CUDA C++ without includes: NVRTC compiles it for a
// device and, for the tests, g++ for a CPU. The host puts a model's own file behind this one and
// defines REAL (float or double), its LEAST_WEIGHT, the constants in capitals, and the places of
// settings.
//
// Several maps of the same shape are trained side by side: a map's number is part of the grid, and
// the first axis of every array. No result depends on how many there are, nor on how many threads
// compute it, but for the last digits of the errors that are reported: every sum that a state
// depends on is added up in an order of its own.
//
// A map that diverges stops: `done`, its steps so far, then stays behind the step that is due, by
// which every kernel knows that it has nothing to do for it.
//
// `__launch_bounds__(threads, 1)`: the most threads of a block, and that a processor need not have
// room for a second one. So its threads may have more registers.
//
// Rows of inputs are longer than there are inputs: filled up with zeros to whole vectors of 16
// bytes, which a thread reads at once. A sample is 0 there, so weights stay 0.

#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(name) extern __align__(16) __shared__ double name[]
#endif
#define WHOLE_WARP 0xffffffffu
#define MOST_WARPS 32

typedef REAL real;
typedef unsigned char byte;

// Numbers of a vector, and vectors that a thread asks for before it needs the first.
#define WIDTH (16 / (int)sizeof(real))
#define AT_ONCE 4

struct alignas(16) Vector {
    real of[WIDTH];
};
struct alignas(WIDTH) Bytes {
    byte of[WIDTH];
};

__device__ __forceinline__ int lane() { return threadIdx.x % 32; }
__device__ __forceinline__ int warp() { return threadIdx.x / 32; }
__device__ __forceinline__ int n_warps() { return blockDim.x / 32; }

// ---------------------------------------------------------------- sums

// Give every lane the sum of all lanes' values.
__device__ __forceinline__ real warp_sum(real value) {
#pragma unroll
    for (int apart = 16; apart > 0; apart /= 2) {
        value += __shfl_xor_sync(WHOLE_WARP, value, apart);
    }
    return value;
}

__device__ __forceinline__ real warp_largest(real value) {
#pragma unroll
    for (int apart = 16; apart > 0; apart /= 2) {
        const real other = __shfl_xor_sync(WHOLE_WARP, value, apart);
        value = other > value ? other : value;
    }
    return value;
}

struct Extent {
    real sum, largest;
};

// Give every thread of the block the sum of all threads' values, and the largest of all their `other`
// ones, which are 0 or more. `room`, of 2 x MOST_WARPS, is free again behind the next barrier.
__device__ Extent block_extent(real value, real other, real* room) {
    value = warp_sum(value);
    other = warp_largest(other);
    if (lane() == 0) {
        room[warp()] = value;
        room[MOST_WARPS + warp()] = other;
    }
    __syncthreads();
    const bool is_there = lane() < n_warps();
    Extent of_all;
    of_all.sum = warp_sum(is_there ? room[lane()] : 0);
    of_all.largest = warp_largest(is_there ? room[MOST_WARPS + lane()] : 0);
    return of_all;
}

// ---------------------------------------------------------------- the largest

struct Best {
    real score;
    int unit;  // -1: none
};

// Of equal scores the smaller number is better. Without a branch, at which threads of a warp would part.
__device__ __forceinline__ Best better(Best one, Best other) {
    const bool wins = (other.score > one.score) | (one.unit < 0) |
                      ((other.score == one.score) & (other.unit < one.unit));
    const bool is_taken = (other.unit >= 0) & wins;
    return {is_taken ? other.score : one.score, is_taken ? other.unit : one.unit};
}

// Give every lane the best of all lanes.
__device__ __forceinline__ Best warp_best(Best best) {
#pragma unroll
    for (int apart = 16; apart > 0; apart /= 2) {
        Best other;
        other.score = __shfl_xor_sync(WHOLE_WARP, best.score, apart);
        other.unit = __shfl_xor_sync(WHOLE_WARP, best.unit, apart);
        best = better(best, other);
    }
    return best;
}

// The best of each warp of a block.
struct Heads {
    real* score;  // (MOST_WARPS)
    int* unit;    // (MOST_WARPS)
};

__device__ __forceinline__ void write_head(Heads heads, Best of_lane) {
    const Best best = warp_best(of_lane);
    if (lane() == 0) {
        heads.score[warp()] = best.score;
        heads.unit[warp()] = best.unit;
    }
}

// The best of warp number `lane`, if there is one. What was written is there behind a barrier.
__device__ __forceinline__ Best head_of_lane(Heads heads) {
    Best head = {0, -1};
    if (lane() < n_warps()) {
        head.score = heads.score[lane()];
        head.unit = heads.unit[lane()];
    }
    return head;
}

// The best of units from one on, so many apart. Scores that are no number don't count.
__device__ __forceinline__ Best best_from(const real* score, int first, int apart, int n_units) {
    Best best = {0, -1};
    for (int i = first; i < n_units; i += apart) {
        const real here = score[i];
        best = better(best, {here, here == here ? i : -1});
    }
    return best;
}

// ---------------------------------------------------------------- samples, rows of weights

// `levels` has the value of each byte: to divide takes longer than to look it up.
__device__ __forceinline__ Vector values_of(Bytes bytes, const real* levels) {
    Vector values;
#pragma unroll
    for (int c = 0; c < WIDTH; ++c) values.of[c] = levels[bytes.of[c]];
    return values;
}

// Load a sample, by the block's threads from number `first` on; the others don't call it.
__device__ void load_sample(
    const byte* pixels, const real* levels, real* sample, int n_vectors, int first)
{
    for (int q = threadIdx.x - first; q < n_vectors; q += blockDim.x - first) {
        ((Vector*)sample)[q] = values_of(((const Bytes*)pixels)[q], levels);
    }
}

// Add to a drive what a vector of weights adds.
__device__ __forceinline__ real with_products(real drive, Vector weights, Vector values) {
#pragma unroll
    for (int c = 0; c < WIDTH; ++c) drive += weights.of[c] * values.of[c];
    return drive;
}

// A unit's drive, by one warp: equation 1 of both models. Whatever else computes one adds up in the
// same order: a lane its vectors, 32 apart, then lanes as in warp_sum.
__device__ __forceinline__ real row_drive(const real* row, const real* sample, int n_vectors) {
    real drive = 0;
#pragma unroll 4
    for (int q = lane(); q < n_vectors; q += 32) {
        drive = with_products(drive, ((const Vector*)row)[q], ((const Vector*)sample)[q]);
    }
    return warp_sum(drive);
}

// A weight times a factor, but if it isn't 0 at least the smallest normal number (prototypes.py):
// smaller floats are flushed to 0 by CuPy's choice of options, and could not come back from there.
__device__ __forceinline__ real multiplied(real weight, real factor) {
    const real changed = weight * factor, least = (real)LEAST_WEIGHT;
    return fabs(changed) < least && weight != 0 ? copysign(least, changed) : changed;
}

// Let `change` have each item of a row, numbers or vectors, with its place, and write back what it made
// of them if it `writes`. By one warp; a lane asks for several before it needs the first.
template <class Item, class Change>
__device__ __forceinline__ void for_each(Item* row, int n, bool writes, Change change) {
    for (int start = lane(); start < n; start += 32 * AT_ONCE) {
        Item some[AT_ONCE];
#pragma unroll
        for (int u = 0; u < AT_ONCE; ++u) {
            const int q = start + 32 * u;
            if (q < n) some[u] = row[q];
        }
#pragma unroll
        for (int u = 0; u < AT_ONCE; ++u) {
            const int q = start + 32 * u;
            if (q >= n) continue;
            change(some[u], q);
            if (writes) row[q] = some[u];
        }
    }
}

// ---------------------------------------------------------------- reconstruction

// Add what units from one on, so many apart, show of some columns, up to the n-th of a list;
// without a list they are the units 0 to n - 1.
__device__ __forceinline__ Vector seen_of(
    const Vector* columns, const int* units, const real* shares, int n, int first, int apart,
    int n_vectors)
{
    Vector sum;
#pragma unroll
    for (int c = 0; c < WIDTH; ++c) sum.of[c] = 0;
    for (int start = first; start < n; start += AT_ONCE * apart) {
        Vector some[AT_ONCE];
#pragma unroll
        for (int u = 0; u < AT_ONCE; ++u) {
            const int k = start + u * apart;
            if (k < n) some[u] = columns[(long long)(units ? units[k] : k) * n_vectors];
        }
#pragma unroll
        for (int u = 0; u < AT_ONCE; ++u) {
            const int k = start + u * apart;
            if (k >= n) continue;
            const real share = shares[k];
#pragma unroll
            for (int c = 0; c < WIDTH; ++c) sum.of[c] += share * some[u].of[c];
        }
    }
    return sum;
}

// From a reconstruction to `factor`, the rate times the relative error. By one pixel.
__device__ __forceinline__ real factor_of(real error, real reconstruction, real rate, real clip) {
    // Comparisons and not fmin: what is no number has to stay so.
    error = error > clip ? clip : (error < -clip ? -clip : error);
    const real least = (real)LEAST_RECONSTRUCTION;
    return rate * error / (reconstruction < least ? least : reconstruction);
}
