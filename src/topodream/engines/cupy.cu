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

#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(name) extern __shared__ double name[]
#endif
// Kernels have at most so many threads in a block, and want as many registers as one block can
// have: `__launch_bounds__(threads, 1)`.
#define WHOLE_WARP 0xffffffffu
#define MOST_WARPS 32

typedef REAL real;
typedef unsigned char byte;

__device__ __forceinline__ int lane() { return threadIdx.x % 32; }
__device__ __forceinline__ int warp() { return threadIdx.x / 32; }
__device__ __forceinline__ int n_warps() { return blockDim.x / 32; }

// ---------------------------------------------------------------- sums

// Give every lane the sum of all lanes' values.
__device__ __forceinline__ real warp_sum(real value) {
    for (int apart = 16; apart > 0; apart /= 2) {
        value += __shfl_xor_sync(WHOLE_WARP, value, apart);
    }
    return value;
}

// Give every thread of the block the sum of all threads' values; `room` is for MOST_WARPS of them.
__device__ real block_sum(real value, real* room) {
    value = warp_sum(value);
    if (lane() == 0) room[warp()] = value;
    __syncthreads();
    real total = 0;
    for (int w = 0; w < n_warps(); ++w) total += room[w];
    __syncthreads();  // from here on room may be written again
    return total;
}

// ---------------------------------------------------------------- the largest

struct Best {
    real score;
    int unit;  // -1: none
};

// Of equal scores the smaller number is better.
__device__ __forceinline__ Best better(Best one, Best other) {
    if (other.unit < 0) return one;
    if (one.unit < 0 || other.score > one.score) return other;
    return other.score == one.score && other.unit < one.unit ? other : one;
}

__device__ __forceinline__ Best warp_best(Best best) {
    for (int apart = 16; apart > 0; apart /= 2) {
        Best other;
        other.score = __shfl_xor_sync(WHOLE_WARP, best.score, apart);
        other.unit = __shfl_xor_sync(WHOLE_WARP, best.unit, apart);
        best = better(best, other);
    }
    return best;
}

// Room for the best of each warp, twice: who is late to read one round's finds the next round's
// beside them. So a round takes one barrier.
struct BestRoom {
    real* scores;  // 2 x MOST_WARPS
    int* units;    // 2 x MOST_WARPS
};

// Give every thread the best of all; `round` counts the calls.
__device__ Best block_best(Best best, BestRoom room, int round) {
    real* scores = room.scores + round % 2 * MOST_WARPS;
    int* units = room.units + round % 2 * MOST_WARPS;
    best = warp_best(best);
    if (lane() == 0) {
        scores[warp()] = best.score;
        units[warp()] = best.unit;
    }
    __syncthreads();
    best.unit = -1;
    if (lane() < n_warps()) {
        best.score = scores[lane()];
        best.unit = units[lane()];
    }
    return warp_best(best);
}

// The best of the thread's own units: every blockDim.x-th. Scores that are no number don't count.
__device__ Best best_of_own(const real* score, int n_units) {
    Best best = {0, -1};
    for (int i = threadIdx.x; i < n_units; i += blockDim.x) {
        if (score[i] == score[i] && (best.unit < 0 || score[i] > best.score)) {
            best.score = score[i];
            best.unit = i;
        }
    }
    return best;
}

// ---------------------------------------------------------------- samples, rows of weights

__device__ __forceinline__ real value_of(byte pixel) { return (real)pixel / (real)255; }

__device__ void load_sample(const byte* pixels, real* sample, int n_inputs) {
    for (int j = threadIdx.x; j < n_inputs; j += blockDim.x) sample[j] = value_of(pixels[j]);
}

// A unit's drive, by one warp: equation 1 of both models. (mwta_drives adds up in the same order.)
__device__ __forceinline__ real row_drive(const real* row, const real* sample, int n_inputs) {
    real drive = 0;
    for (int j = lane(); j < n_inputs; j += 32) drive += row[j] * sample[j];
    return warp_sum(drive);
}

// A weight times a factor, but if it isn't 0 at least the smallest normal number (prototypes.py):
// smaller floats are flushed to 0 by CuPy's choice of options, and could not come back from there.
__device__ __forceinline__ real multiplied(real weight, real factor) {
    const real changed = weight * factor, least = (real)LEAST_WEIGHT;
    return fabs(changed) < least && weight != 0 ? copysign(least, changed) : changed;
}

// Load what row_drive and a change of rows need, the sample of this step and the factors of the
// one before, for as far as there are such steps.
__device__ void load_step(
    const byte* pixels, const int* order, const real* factor, real* sample, real* factors,
    int n_inputs, int n_steps, int step)
{
    if (step < n_steps) load_sample(pixels + (long long)order[step] * n_inputs, sample, n_inputs);
    if (step > 0) {
        for (int j = threadIdx.x; j < n_inputs; j += blockDim.x) factors[j] = factor[j];
    }
    __syncthreads();
}

// ---------------------------------------------------------------- reconstruction

// A sample as a chunk of CHUNK units sees it: what all chunks see, added up, is W^T a.
// Grid: chunks, columns by 32, maps. Shared memory: 32 values for each warp.
extern "C" __global__ void __launch_bounds__(256, 1) reconstruct(
    const real* weights,   // (maps, units, inputs)
    const real* activity,  // (maps, units)
    real* seen,            // (maps, chunks, inputs)
    const int* done,       // (maps)
    int n_units, int n_inputs, int step)
{
    DYNAMIC_SHARED(shared);
    real* sums = (real*)shared;
    const int map = blockIdx.z, chunk = blockIdx.x, j = blockIdx.y * 32 + lane();
    if (done[map] < step) return;
    const real* a = activity + (long long)map * n_units;
    const real* w = weights + (long long)map * n_units * n_inputs;
    const int end = min((chunk + 1) * CHUNK, n_units);
    // A sum for each of eight units in turn, whatever the number of warps.
    for (int part = warp(); part < 8; part += n_warps()) {
        real sum = 0;
        for (int i = chunk * CHUNK + part; i < end; i += 8) {
            if (j < n_inputs && a[i] != 0) sum += a[i] * w[(long long)i * n_inputs + j];
        }
        sums[part * 32 + lane()] = sum;
    }
    __syncthreads();
    if (warp() == 0 && j < n_inputs) {
        real total = 0;
        for (int part = 0; part < 8; ++part) total += sums[part * 32 + lane()];
        seen[((long long)map * gridDim.x + chunk) * n_inputs + j] = total;
    }
}

// From a reconstruction to `factor`, the rate times the relative error. By one pixel.
__device__ __forceinline__ real factor_of(real error, real reconstruction, real rate, real clip) {
    // Comparisons and not fmin: what is no number has to stay so.
    error = error > clip ? clip : (error < -clip ? -clip : error);
    const real least = (real)LEAST_RECONSTRUCTION;
    return rate * error / (reconstruction < least ? least : reconstruction);
}

// Add up what the chunks saw; give every thread the mean squared error, and write the factors.
__device__ real error_of_chunks(
    const real* seen, const byte* pixels, real* factor, int n_chunks, int n_inputs,
    real rate, real clip, real* room)
{
    real squares = 0;
    for (int j = threadIdx.x; j < n_inputs; j += blockDim.x) {
        real reconstruction = 0;
        for (int c = 0; c < n_chunks; ++c) reconstruction += seen[(long long)c * n_inputs + j];
        const real error = value_of(pixels[j]) - reconstruction;
        squares += error * error;
        factor[j] = factor_of(error, reconstruction, rate, clip);
    }
    return block_sum(squares, room) / n_inputs;
}
