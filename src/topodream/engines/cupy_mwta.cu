// MWTA on a GPU; equations as in docs/model.md.
//
// Without a trace a step changes the rows of a few winners. So the drives of AHEAD samples are
// computed at once, by the whole device (mwta_drives), and one block of threads for each map then
// learns them in turn (mwta_learn), computing again the drives of rows that changed meanwhile.
//
// With a trace many units stay active and their rows change at every step. Each step is then four
// launches, of which all but the competition use the whole device: trace_drive (which also makes
// the last step's changes, while it has the row), trace_compete, reconstruct, trace_account.

// The settings of map number `map`, whole numbers and others, by the places that the host defines.
#define WHOLE(name) whole[map * N_WHOLE + name]
#define SETTING(name) settings[map * N_SETTINGS + name]

// ---------------------------------------------------------------- competition

// The place of a unit on a ring of n: places before the first one and after the last go on there.
__device__ __forceinline__ int around(int place, int n) {
    return place < 0 ? place + n : (place < n ? place : place - n);
}

// Equation 2. A neighbourhood's sum is one along rows, then one along columns of those. It is cut
// at the border, or goes on at the opposite one (`wraps`; the grid is no smaller than it then).
// The scores are each thread's own to read: others need a barrier first.
__device__ void score_units(
    const real* drive, const real* gain, real* across, real* score,
    int rows, int cols, int radius, int heard_rows, int heard_cols, bool wraps)
{
    for (int i = threadIdx.x; i < heard_rows * cols; i += blockDim.x) {
        const int y = i / cols, x = i % cols;
        const int first = wraps ? x - radius : max(x - radius, 0);
        const int last = wraps ? x + radius : min(x + radius, heard_cols - 1);
        real sum = 0;
        for (int j = first; j <= last; ++j) sum += drive[y * cols + around(j, cols)];
        across[i] = sum;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < rows * cols; i += blockDim.x) {
        const int y = i / cols, x = i % cols;
        const int first = wraps ? y - radius : max(y - radius, 0);
        const int last = wraps ? y + radius : min(y + radius, heard_rows - 1);
        real sum = 0;
        for (int j = first; j <= last; ++j) sum += across[around(j, rows) * cols + x];
        if (y < heard_rows && x < heard_cols) sum -= drive[i];
        const real total = drive[i] + gain[i] * sum;
        // What is no number comes last; such a step is not learnt in any case.
        score[i] = total == total ? total : -1 / (real)0;
    }
}

// Equations 3 and 4: the winners, best first, and their answers. Scores of winners are lost.
__device__ void choose_winners(
    const real* drive, real* score, int* winners, real* answers,
    int n_units, int n_winners, bool excited, BestRoom room)
{
    Best own = best_of_own(score, n_units);
    for (int r = 0; r < n_winners; ++r) {
        const Best best = block_best(own, room, r);
        if (best.unit % blockDim.x == threadIdx.x) {
            winners[r] = best.unit;
            answers[r] = excited ? best.score : drive[best.unit];
            score[best.unit] = (real)nan("");
            own = best_of_own(score, n_units);
        }
    }
    __syncthreads();
}

__device__ __forceinline__ real clipped(real weight, real least, real most) {
    return weight > most ? most : (weight < least ? least : weight);
}

// ---------------------------------------------------------------- without a trace

// The drives of AHEAD samples, a warp for each unit. Shared memory: AHEAD x TILE values.
// Grid: units by warps, maps.
extern "C" __global__ void __launch_bounds__(256, 1) mwta_drives(
    const real* weights,  // (maps, units, inputs)
    const byte* pixels,   // (samples, inputs)
    const int* order,     // (maps, steps)
    real* drives,         // (maps, AHEAD, units)
    const int* done,      // (maps)
    int n_units, int n_inputs, int n_steps, int first, int count)
{
    DYNAMIC_SHARED(shared);
    real* tile = (real*)shared;  // (AHEAD, TILE): some inputs of every sample
    const int map = blockIdx.y, unit = blockIdx.x * n_warps() + warp();
    if (done[map] < first) return;
    const int* chosen = order + (long long)map * n_steps + first;
    const real* row = weights + ((long long)map * n_units + unit) * n_inputs;
    real sums[AHEAD];
    for (int s = 0; s < AHEAD; ++s) sums[s] = 0;
    for (int start = 0; start < n_inputs; start += TILE) {
        __syncthreads();  // the former tile has been read
        for (int p = threadIdx.x; p < AHEAD * TILE; p += blockDim.x) {
            const int s = p / TILE, j = start + p % TILE;
            const bool is_there = s < count && j < n_inputs;
            tile[p] = is_there ? value_of(pixels[(long long)chosen[s] * n_inputs + j]) : 0;
        }
        __syncthreads();
        for (int j = lane(); j < TILE && start + j < n_inputs && unit < n_units; j += 32) {
            const real weight = row[start + j];
#pragma unroll
            for (int s = 0; s < AHEAD; ++s) sums[s] += weight * tile[s * TILE + j];
        }
    }
#pragma unroll
    for (int s = 0; s < AHEAD; ++s) {
        const real drive = warp_sum(sums[s]);
        if (lane() == 0 && s < count && unit < n_units) {
            drives[((long long)map * AHEAD + s) * n_units + unit] = drive;
        }
    }
}

// Learn `count` samples in turn, one block of threads for each map. Grid: maps.
// Scratch memory, shared or outside: see scratch_bytes in cupy_mwta.py.
extern "C" __global__ void __launch_bounds__(512, 1) mwta_learn(
    real* weights,           // (maps, units, inputs)
    const byte* pixels,      // (samples, inputs)
    const int* order,        // (maps, steps)
    const real* drives,      // (maps, AHEAD, units)
    const real* gain,        // (maps, units)
    const int* whole,        // (maps, N_WHOLE)
    const real* settings,    // (maps, N_SETTINGS)
    real* activity,          // (maps, units): of the last step
    int* done,               // (maps)
    double* error_sum,       // (maps)
    double* last_error,      // (maps)
    int* wins,               // (maps, units)
    double* activity_sum,    // (maps, units)
    double* outside,         // (maps, outside_size), if the scratch memory is there
    long long outside_size,  // 0: it is shared memory
    int most_winners, int rows, int cols, int n_inputs, int n_steps, int first, int count)
{
    DYNAMIC_SHARED(shared);
    const int map = blockIdx.x, n_units = rows * cols;
    if (done[map] < first) return;

    real* drive = (real*)(outside_size > 0 ? outside + map * outside_size : shared);
    real* across = drive + n_units;
    real* score = across + n_units;
    real* sample = score + n_units;
    real* factor = sample + n_inputs;
    real* answers = factor + n_inputs;
    real* room = answers + most_winners;
    int* winners = (int*)(room + 2 * MOST_WARPS);
    int* room_for_units = winners + most_winners;
    int* changed = room_for_units + 2 * MOST_WARPS;  // units whose drives are out of date
    int* is_changed = changed + n_units;
    int* n_changed = is_changed + n_units;

    real* w = weights + (long long)map * n_units * n_inputs;
    const int n_winners = WHOLE(N_WINNERS);

    for (int i = threadIdx.x; i < n_units; i += blockDim.x) is_changed[i] = 0;
    if (threadIdx.x == 0) *n_changed = 0;
    for (int t = 0; t < count; ++t) {
        const int chosen = order[(long long)map * n_steps + first + t];
        const real* ahead = drives + ((long long)map * AHEAD + t) * n_units;
        for (int i = threadIdx.x; i < n_units; i += blockDim.x) drive[i] = ahead[i];
        load_sample(pixels + (long long)chosen * n_inputs, sample, n_inputs);
        __syncthreads();
        for (int c = warp(); c < *n_changed; c += n_warps()) {
            const int unit = changed[c];
            const real again = row_drive(w + (long long)unit * n_inputs, sample, n_inputs);
            if (lane() == 0) drive[unit] = again;
        }
        __syncthreads();
        score_units(drive, gain + (long long)map * n_units, across, score, rows, cols,
                    WHOLE(RADIUS), WHOLE(HEARD_ROWS), WHOLE(HEARD_COLS), WHOLE(WRAPS));
        choose_winners(drive, score, winners, answers, n_units, n_winners, WHOLE(EXCITED),
                       BestRoom{room, room_for_units});

        // Equation 6, and what equation 7 needs of each pixel.
        real squares = 0;
        for (int j = threadIdx.x; j < n_inputs; j += blockDim.x) {
            real reconstruction = 0;
            for (int r = 0; r < n_winners; ++r) {
                reconstruction += answers[r] * w[(long long)winners[r] * n_inputs + j];
            }
            const real error = sample[j] - reconstruction;
            squares += error * error;
            factor[j] = factor_of(error, reconstruction, SETTING(RATE), SETTING(ERROR_CLIP));
        }
        const real error = block_sum(squares, room) / n_inputs;
        if (threadIdx.x == 0) last_error[map] = error;
        if (!(error <= LARGEST_ERROR)) return;  // the same in every thread

        // Equations 7 and 8. A thread changes the columns whose factors it knows.
        for (int j = threadIdx.x; j < n_inputs; j += blockDim.x) {
            for (int r = 0; r < n_winners; ++r) {
                if (answers[r] == 0) continue;
                real* weight = w + (long long)winners[r] * n_inputs + j;
                *weight = clipped(multiplied(*weight, 1 + answers[r] * factor[j]),
                                  SETTING(CLIP_BELOW), SETTING(CLIP_ABOVE));
            }
        }
        for (int r = threadIdx.x; r < n_winners; r += blockDim.x) {
            wins[(long long)map * n_units + winners[r]] += answers[r] != 0;
            activity_sum[(long long)map * n_units + winners[r]] += answers[r];
        }
        if (threadIdx.x == 0) {
            for (int r = 0; r < n_winners; ++r) {
                if (is_changed[winners[r]] || answers[r] == 0) continue;
                is_changed[winners[r]] = 1;
                changed[*n_changed] = winners[r];
                *n_changed += 1;
            }
            error_sum[map] += error;
            done[map] = first + t + 1;
        }
        // No barrier: until the next sample's first one threads touch only what they alone do.
    }
    real* a = activity + (long long)map * n_units;
    for (int i = threadIdx.x; i < n_units; i += blockDim.x) a[i] = 0;
    __syncthreads();
    for (int r = threadIdx.x; r < n_winners; r += blockDim.x) a[winners[r]] = answers[r];
}

// ---------------------------------------------------------------- with a trace

// Make the changes of the step before, if there was one (equations 7 and 8), then compute the
// drives of this step's sample, unless it is only about those. A warp for each unit.
// Grid: units by warps, maps. Shared memory: a sample and its factors.
extern "C" __global__ void __launch_bounds__(256, 1) trace_drive(
    real* weights,         // (maps, units, inputs)
    const byte* pixels,    // (samples, inputs)
    const int* order,      // (maps, steps)
    const real* activity,  // (maps, units): of the step before
    const real* factor,    // (maps, inputs): of the step before
    real* drive,           // (maps, units)
    const real* settings,  // (maps, N_SETTINGS)
    const int* done,       // (maps)
    int n_units, int n_inputs, int n_steps, int step)
{
    DYNAMIC_SHARED(shared);
    real* sample = (real*)shared;
    real* factors = sample + n_inputs;
    const int map = blockIdx.y, unit = blockIdx.x * n_warps() + warp();
    if (done[map] < step) return;
    load_step(pixels, order + (long long)map * n_steps, factor + (long long)map * n_inputs,
              sample, factors, n_inputs, n_steps, step);
    if (unit >= n_units) return;
    real* row = weights + ((long long)map * n_units + unit) * n_inputs;
    const real a = activity[(long long)map * n_units + unit];
    if (step > 0 && a != 0) {
        for (int j = lane(); j < n_inputs; j += 32) {
            row[j] = clipped(multiplied(row[j], 1 + a * factors[j]),
                             SETTING(CLIP_BELOW), SETTING(CLIP_ABOVE));
        }
    }
    if (step < n_steps) {
        const real driven = row_drive(row, sample, n_inputs);
        if (lane() == 0) drive[(long long)map * n_units + unit] = driven;
    }
}

// Equations 2 to 5: who wins, and what it leaves of the activity before. Grid: maps.
// Scratch memory, shared or outside: see scratch_bytes in cupy_mwta.py.
extern "C" __global__ void __launch_bounds__(512, 1) trace_compete(
    const real* drive,       // (maps, units)
    const real* gain,        // (maps, units)
    const int* whole,        // (maps, N_WHOLE)
    const real* settings,    // (maps, N_SETTINGS)
    real* activity,          // (maps, units)
    int* winners,            // (maps, most_winners): -1 for one whose answer is 0
    const int* done,         // (maps)
    double* outside,         // (maps, outside_size), if the scratch memory is there
    long long outside_size,  // 0: it is shared memory
    int most_winners, int rows, int cols, int step)
{
    DYNAMIC_SHARED(shared);
    const int map = blockIdx.x, n_units = rows * cols;
    if (done[map] < step) return;

    real* across = (real*)(outside_size > 0 ? outside + map * outside_size : shared);
    real* score = across + n_units;
    real* fresh = score + n_units;
    real* answers = fresh + n_units;
    real* room = answers + most_winners;
    int* chosen = (int*)(room + 2 * MOST_WARPS);
    int* room_for_units = chosen + most_winners;

    const real* driven = drive + (long long)map * n_units;
    real* a = activity + (long long)map * n_units;
    const int n_winners = WHOLE(N_WINNERS);
    for (int i = threadIdx.x; i < n_units; i += blockDim.x) fresh[i] = 0;
    score_units(driven, gain + (long long)map * n_units, across, score, rows, cols,
                WHOLE(RADIUS), WHOLE(HEARD_ROWS), WHOLE(HEARD_COLS), WHOLE(WRAPS));
    choose_winners(driven, score, chosen, answers, n_units, n_winners, WHOLE(EXCITED),
                   BestRoom{room, room_for_units});
    for (int r = threadIdx.x; r < n_winners; r += blockDim.x) {
        fresh[chosen[r]] = answers[r];
        winners[map * most_winners + r] = answers[r] != 0 ? chosen[r] : -1;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < n_units; i += blockDim.x) {
        a[i] += SETTING(TRACE) * (fresh[i] - a[i]);
    }
}

// From the reconstruction to the factors of learning, and what is counted. Grid: maps.
// Shared memory: MOST_WARPS values.
extern "C" __global__ void __launch_bounds__(512, 1) trace_account(
    const real* seen,        // (maps, chunks, inputs)
    const byte* pixels,      // (samples, inputs)
    const int* order,        // (maps, steps)
    const int* whole,        // (maps, N_WHOLE)
    const real* settings,    // (maps, N_SETTINGS)
    const real* activity,    // (maps, units)
    const int* winners,      // (maps, most_winners)
    real* factor,            // (maps, inputs)
    int* done,               // (maps)
    double* error_sum,       // (maps)
    double* last_error,      // (maps)
    int* wins,               // (maps, units)
    double* activity_sum,    // (maps, units)
    int most_winners, int n_units, int n_inputs, int n_chunks, int n_steps, int step)
{
    DYNAMIC_SHARED(shared);
    const int map = blockIdx.x;
    if (done[map] < step) return;
    const int chosen = order[(long long)map * n_steps + step];
    const real error = error_of_chunks(
        seen + (long long)map * n_chunks * n_inputs, pixels + (long long)chosen * n_inputs,
        factor + (long long)map * n_inputs, n_chunks, n_inputs,
        SETTING(RATE), SETTING(ERROR_CLIP), (real*)shared);
    if (threadIdx.x == 0) last_error[map] = error;
    if (!(error <= LARGEST_ERROR)) return;
    for (int i = threadIdx.x; i < n_units; i += blockDim.x) {
        activity_sum[(long long)map * n_units + i] += activity[(long long)map * n_units + i];
    }
    for (int r = threadIdx.x; r < WHOLE(N_WINNERS); r += blockDim.x) {
        const int winner = winners[map * most_winners + r];
        if (winner >= 0) wins[(long long)map * n_units + winner] += 1;
    }
    if (threadIdx.x == 0) {
        error_sum[map] += error;
        done[map] = step + 1;
    }
}
