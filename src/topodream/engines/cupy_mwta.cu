// MWTA on a GPU; equations as in docs/model.md.
//
// A step changes the rows of units that are active: of its winners or, with a trace, of those that
// won not long ago. So the drives of AHEAD samples are computed at once, by the whole device
// (mwta_drives), and one block of threads for each map then learns them in turn (mwta_learn),
// computing again the drives of rows that changed meanwhile.
//
// The block lists the units that have won since the drives were computed or, with a trace, are
// still active from before. What is known of them lies by their places in that list.

// The settings of map number `map`, whole numbers and others, by the places that the host defines.
#define WHOLE(name) whole[map * N_WHOLE + name]
#define SETTING(name) settings[map * N_SETTINGS + name]

// ---------------------------------------------------------------- drives

// The drives of AHEAD samples, a warp for UNITS_PER_WARP units.
// Shared memory: 32 vectors of every sample. Grid: units by warps, maps.
extern "C" __global__ void __launch_bounds__(256, 1) mwta_drives(
    const real* weights,  // (maps, units, inputs)
    const byte* pixels,   // (samples, inputs)
    const real* levels,   // (256)
    const int* order,     // (maps, steps)
    real* drives,         // (maps, AHEAD, units)
    const int* done,      // (maps)
    int n_units, int n_vectors, int n_steps, int first, int count)
{
    DYNAMIC_SHARED(shared);
    Vector* tile = (Vector*)shared;  // (AHEAD, 32)
    const int map = blockIdx.y, own = (blockIdx.x * n_warps() + warp()) * UNITS_PER_WARP;
    if (done[map] < first) return;
    const int* chosen = order + (long long)map * n_steps + first;
    const Vector* rows = (const Vector*)weights + ((long long)map * n_units + own) * n_vectors;
    const int n_own = min(n_units - own, UNITS_PER_WARP);
    real sums[UNITS_PER_WARP][AHEAD];
#pragma unroll
    for (int u = 0; u < UNITS_PER_WARP; ++u) {
#pragma unroll
        for (int s = 0; s < AHEAD; ++s) sums[u][s] = 0;
    }
    for (int start = 0; start < n_vectors; start += 32) {
        const int q = start + lane();
        Vector weight[UNITS_PER_WARP];
#pragma unroll
        for (int u = 0; u < UNITS_PER_WARP; ++u) {
            if (u < n_own && q < n_vectors) weight[u] = rows[(long long)u * n_vectors + q];
        }
        __syncthreads();  // the former tile has been read
        for (int s = warp(); s < count; s += n_warps()) {
            if (q >= n_vectors) continue;
            const Bytes* bytes = (const Bytes*)pixels + (long long)chosen[s] * n_vectors;
            tile[s * 32 + lane()] = values_of(bytes[q], levels);
        }
        __syncthreads();
        if (q >= n_vectors) continue;
#pragma unroll
        for (int s = 0; s < AHEAD; ++s) {
            if (s >= count) continue;
            const Vector values = tile[s * 32 + lane()];
#pragma unroll
            for (int u = 0; u < UNITS_PER_WARP; ++u) {
                if (u < n_own) sums[u][s] = with_products(sums[u][s], weight[u], values);
            }
        }
    }
#pragma unroll
    for (int u = 0; u < UNITS_PER_WARP; ++u) {
        // warp_sum of every sample: as soon as two lanes hold the same, each goes on with half
        // of the samples. In the end each has one.
#pragma unroll
        for (int apart = 16; apart > 0; apart /= 2) {
            const bool is_upper = lane() & apart;
#pragma unroll
            for (int s = 0; s < (apart < AHEAD ? apart : AHEAD); ++s) {
                if (apart < AHEAD) {
                    const real given = is_upper ? sums[u][s] : sums[u][s + apart];
                    const real kept = is_upper ? sums[u][s + apart] : sums[u][s];
                    sums[u][s] = kept + __shfl_xor_sync(WHOLE_WARP, given, apart);
                } else {
                    sums[u][s] += __shfl_xor_sync(WHOLE_WARP, sums[u][s], apart);
                }
            }
        }
        if (lane() < count && u < n_own) {
            drives[((long long)map * AHEAD + lane()) * n_units + own + u] = sums[u][0];
        }
    }
}

// ---------------------------------------------------------------- competition

// The place of a unit on a ring of n: places before the first one and after the last go on there.
__device__ __forceinline__ int around(int place, int n) {
    return place < 0 ? place + n : (place < n ? place : place - n);
}

// The sum of values within a radius of a place, `stride` apart. It is cut at the border, behind the
// last one that is heard, or goes on at the opposite one (`wraps`; no window is larger then).
__device__ __forceinline__ real window_sum(
    const real* values, int place, int radius, int n_heard, int stride, bool wraps)
{
    const int first = place - radius, last = place + radius;
    real sum = 0;
    if (wraps) {
        for (int j = first; j <= last; ++j) sum += values[around(j, n_heard) * stride];
    } else {
        const real* end = values + min(last, n_heard - 1) * stride;
        for (const real* value = values + max(first, 0) * stride; value <= end; value += stride) {
            sum += *value;
        }
    }
    return sum;
}

struct Sheet {
    int rows, cols, heard_rows, heard_cols, radius;
    bool wraps;
};

// Equation 2; give every warp's best unit. A neighbourhood's sum is one along rows, then one along
// columns of those. A thread's units are blockDim.x apart.
__device__ void score_units(
    Sheet sheet, const real* drive, const real* gain, real* across, real* score, Heads heads)
{
    const int rows = sheet.rows, cols = sheet.cols;
    const int down = blockDim.x / cols, right = blockDim.x % cols;
    const int top = threadIdx.x / cols, left = threadIdx.x % cols;
    for (int i = threadIdx.x, x = left; i < sheet.heard_rows * cols; i += blockDim.x) {
        across[i] =
            window_sum(drive + i - x, x, sheet.radius, sheet.heard_cols, 1, sheet.wraps);
        x += right;
        if (x >= cols) x -= cols;
    }
    __syncthreads();
    Best best = {0, -1};
    for (int i = threadIdx.x, y = top, x = left; i < rows * cols; i += blockDim.x) {
        real sum = window_sum(across + x, y, sheet.radius, sheet.heard_rows, cols, sheet.wraps);
        if (y < sheet.heard_rows && x < sheet.heard_cols) sum -= drive[i];
        const real total = drive[i] + gain[i] * sum;
        // What is no number comes last; such a step is not learnt in any case.
        const real rank = total == total ? total : -1 / (real)0;
        score[i] = rank;
        best = better(best, {rank, i});
        y += down, x += right;
        if (x >= cols) x -= cols, ++y;
    }
    write_head(heads, best);
}

// Equations 3 and 4: the winners, best first, and their answers, by one warp. When a warp's best
// unit has won, its next best takes its place. Scores of winners are lost.
__device__ void choose_winners(
    const real* drive, real* score, int* winners, real* answers,
    int n_units, int n_winners, bool excited, Heads heads)
{
    Best head = head_of_lane(heads);
    for (int r = 0; r < n_winners; ++r) {
        const Best best = warp_best(head);
        __syncwarp();  // the scores have been read
        if (lane() == 0) {
            winners[r] = best.unit;
            answers[r] = excited ? best.score : drive[best.unit];
            score[best.unit] = (real)nan("");
        }
        if (r == n_winners - 1) break;
        __syncwarp();
        const int owner = best.unit % blockDim.x / 32;
        const Best next = warp_best(best_from(score, owner * 32 + lane(), blockDim.x, n_units));
        if (lane() == owner) head = next;
    }
}

// ---------------------------------------------------------------- the list of units

struct Listed {
    int* count;
    int* unit;      // from here on (room for most of them)
    int* is_stale;  // whether its drive is out of date
    int* n_wins;
    double* total;  // of its activity
    real* share;    // its activity: with a trace alone
    int* place;     // (units): where in the list it is, or -1
};

// List the units that were active before, but for those of which no trace is left: where its
// share in a reconstruction is lost in the rounding of the least one that counts. (Why that changes
// nothing: _forget_faded in fast_mwta.py.) Behind it others need a barrier.
__device__ void take_up(
    Listed listed, const int* before, int n_before, const real* activity, const real* weights,
    int n_vectors)
{
    const real negligible = (real)EPSILON / 4 * (real)LEAST_RECONSTRUCTION;
    for (int k = warp(); k < n_before; k += n_warps()) {
        const int unit = before[k];
        const real a = fabs(activity[unit]);
        bool stays = true;
        if (a <= 64 * negligible) {  // else not worth looking at the weights
            const real* row = weights + (long long)unit * n_vectors * WIDTH;
            real largest = (real)LEAST_RECONSTRUCTION;
            for (int j = lane(); j < n_vectors * WIDTH; j += 32) {
                const real weight = fabs(row[j]);
                largest = weight > largest ? weight : largest;
            }
            stays = a * warp_largest(largest) > negligible;
        }
        if (lane() == 0) listed.is_stale[k] = stays;  // for now: whether it stays
    }
    __syncthreads();
    for (int k = threadIdx.x; k < n_before; k += blockDim.x) {
        int n_staying = 0;
        for (int other = 0; other < k; ++other) n_staying += listed.is_stale[other];
        const bool stays = listed.is_stale[k];
        if (stays) {
            listed.unit[n_staying] = before[k];
            listed.share[n_staying] = activity[before[k]];
            listed.place[before[k]] = n_staying;
        }
        if (k == n_before - 1) *listed.count = n_staying + stays;
    }
    __syncthreads();
    for (int k = threadIdx.x; k < *listed.count; k += blockDim.x) {
        listed.is_stale[k] = listed.n_wins[k] = 0;
        listed.total[k] = 0;
    }
}

// Put winners into the list that are not in it. By one thread.
__device__ void list_winners(
    Listed listed, const int* winners, const real* answers, int n_winners, bool fades, real trace)
{
    int n_listed = *listed.count;
    for (int r = 0; r < n_winners; ++r) {
        if (listed.place[winners[r]] >= 0) continue;
        listed.place[winners[r]] = n_listed;
        listed.unit[n_listed] = winners[r];
        listed.is_stale[n_listed] = listed.n_wins[n_listed] = 0;
        listed.total[n_listed] = 0;
        if (fades) listed.share[n_listed] = trace * answers[r];  // equation 5, from 0
        ++n_listed;
    }
    *listed.count = n_listed;
}

// What a unit answers as a winner; 0 if it is none.
__device__ __forceinline__ real answer_of(
    int unit, const int* winners, const real* answers, int n_winners)
{
    real answer = 0;
    for (int r = 0; r < n_winners; ++r) {
        if (winners[r] == unit) answer = answers[r];
    }
    return answer;
}

// ---------------------------------------------------------------- learning

// What some units show of one column.
__device__ __forceinline__ real seen_by(
    const Vector* w, const int* units, const real* shares, int n, int column, int length)
{
    const real* weights = (const real*)w + column;
    real sum = 0;
    for (int start = 0; start < n; start += 2 * WIDTH) {
        real some[2 * WIDTH];
#pragma unroll
        for (int u = 0; u < 2 * WIDTH; ++u) {
            if (start + u < n) some[u] = weights[(long long)units[start + u] * length];
        }
#pragma unroll
        for (int u = 0; u < 2 * WIDTH; ++u) {
            if (start + u < n) sum += shares[start + u] * some[u];
        }
    }
    return sum;
}

__device__ __forceinline__ real clipped(real weight, real least, real most) {
    return weight > most ? most : (weight < least ? least : weight);
}

// Change a unit's weights if it `learns` (equations 7 and 8), and give its drive by a sample if that
// `shows`. By one warp.
__device__ __forceinline__ real change_and_drive(
    Vector* row, int n_vectors, bool learns, real share, const Vector* factors, real clip_below,
    real clip_above, bool shows, const Vector* sample)
{
    real drive = 0;
    for_each(row, n_vectors, learns, [&](Vector& weights, int q) {
        if (learns) {
            const Vector factor = factors[q];
#pragma unroll
            for (int c = 0; c < WIDTH; ++c) {
                weights.of[c] = clipped(multiplied(weights.of[c], 1 + share * factor.of[c]),
                                        clip_below, clip_above);
            }
        }
        if (shows) drive = with_products(drive, weights, sample[q]);
    });
    return warp_sum(drive);
}

// Learn `count` samples in turn, one block of threads for each map. Grid: maps.
// Scratch memory, shared or outside: see scratch_bytes in cupy_mwta.py. The compiler has to know
// which of them it is: shared memory is read by other instructions.
extern "C" __global__ void __launch_bounds__(512, 1) mwta_learn(
    real* weights,           // (maps, units, inputs)
    const byte* pixels,      // (samples, inputs)
    const real* levels,      // (256)
    const int* order,        // (maps, steps)
    const real* drives,      // (maps, AHEAD, units)
    const real* gain,        // (maps, units)
    const int* whole,        // (maps, N_WHOLE)
    const real* settings,    // (maps, N_SETTINGS)
    real* activity,          // (maps, units): of the last step
    int* active,             // (maps, units): the units that have a trace, in the list's order
    int* n_active,           // (maps)
    int* done,               // (maps)
    double* error_sum,       // (maps)
    double* last_error,      // (maps)
    int* wins,               // (maps, units)
    double* activity_sum,    // (maps, units)
    double* outside,         // (maps, outside_size): scratch memory, if IS_OUTSIDE
    long long outside_size, int most_winners, int most_listed, int rows, int cols,
    int n_inputs, int n_vectors, int n_steps, int first, int count)
{
    DYNAMIC_SHARED(shared);
    const int map = blockIdx.x, n_units = rows * cols, length = n_vectors * WIDTH;
    if (done[map] < first) return;
    const int n_winners = WHOLE(N_WINNERS);
    const bool fades = WHOLE(FADES), is_excited = WHOLE(EXCITED);
    const real rate = SETTING(RATE), trace = SETTING(TRACE), error_clip = SETTING(ERROR_CLIP);
    const real clip_below = SETTING(CLIP_BELOW), clip_above = SETTING(CLIP_ABOVE);
    const Sheet sheet = {rows, cols, WHOLE(HEARD_ROWS), WHOLE(HEARD_COLS), WHOLE(RADIUS),
                         WHOLE(WRAPS) != 0};

    Listed listed;
    real* sample = (real*)(IS_OUTSIDE ? outside + map * outside_size : shared);
    real* next_sample = sample + length;
    real* factor = next_sample + length;
    real* seen = factor + length;
    listed.total = (double*)(seen + (fades ? PARTS * length : 0));
    real* drive = (real*)(listed.total + most_listed);
    real* across = drive + n_units;  // then the drives of the next sample
    real* score = across + n_units;
    real* values = score + n_units;  // of bytes
    real* answers = values + 256;
    real* room = answers + most_winners;
    Heads heads;
    heads.score = room + 2 * MOST_WARPS;
    listed.share = heads.score + MOST_WARPS;
    heads.unit = (int*)(listed.share + (fades ? most_listed : 0));
    int* winners = heads.unit + MOST_WARPS;
    int* chosen = winners + most_winners;
    listed.place = chosen + AHEAD;
    listed.unit = listed.place + n_units;
    listed.is_stale = listed.unit + most_listed;
    listed.n_wins = listed.is_stale + most_listed;
    listed.count = listed.n_wins + most_listed;

    Vector* w = (Vector*)weights + (long long)map * n_units * n_vectors;
    real* a = activity + (long long)map * n_units;
    const real* ahead = drives + (long long)map * AHEAD * n_units;
    const real* gains = gain + (long long)map * n_units;

    for (int i = threadIdx.x; i < n_units; i += blockDim.x) {
        listed.place[i] = -1;
        drive[i] = ahead[i];
    }
    for (int v = threadIdx.x; v < 256; v += blockDim.x) values[v] = levels[v];
    for (int t = threadIdx.x; t < count; t += blockDim.x) {
        chosen[t] = order[(long long)map * n_steps + first + t];
    }
    if (threadIdx.x == 0) *listed.count = 0;
    __syncthreads();
    if (fades) {
        const int* before = active + (long long)map * n_units;
        take_up(listed, before, n_active[map], a, (const real*)w, n_vectors);
    }
    load_sample(pixels + (long long)chosen[0] * length, values, sample, n_vectors, 0);

    // Whose rows are seen, and learn: the winners, or all in the list.
    const int* units = fades ? listed.unit : winners;
    const real* shares = fades ? listed.share : answers;
    int n_shares = n_winners, n_done = 0;
    double errors = 0;
    real error = 0;
    for (; n_done < count; ++n_done) {
        __syncthreads();  // the sample and its drives, rows and the list are there
        const int n_before = *listed.count;
        score_units(sheet, drive, gains, across, score, heads);
        __syncthreads();
        // One warp lets units compete. Meanwhile the others fetch the next sample, and its drives as
        // far as they are known.
        const bool goes_on = n_done + 1 < count;
        const int spared = n_warps() > 1 ? 32 : 0;
        if (warp() == 0) {
            choose_winners(drive, score, winners, answers, n_units, n_winners, is_excited,
                           heads);
        }
        if (goes_on && threadIdx.x >= spared) {
            const real* next = ahead + (long long)(n_done + 1) * n_units;
            for (int i = threadIdx.x - spared; i < n_units; i += blockDim.x - spared) {
                across[i] = next[i];
            }
            const byte* bytes = pixels + (long long)chosen[n_done + 1] * length;
            load_sample(bytes, values, next_sample, n_vectors, spared);
        }
        __syncthreads();
        if (threadIdx.x == blockDim.x - 1) {  // the first ones see to traces
            list_winners(listed, winners, answers, n_winners, fades, trace);
        }
        if (fades) {  // equation 5
            for (int k = threadIdx.x; k < n_before; k += blockDim.x) {
                const real fresh = answer_of(listed.unit[k], winners, answers, n_winners);
                listed.share[k] += trace * (fresh - listed.share[k]);
            }
            __syncthreads();
            n_shares = *listed.count;
        }

        // Equation 6, and what equation 7 needs of each pixel. The shares of many units are added
        // up in PARTS.
        const bool in_parts = fades && n_shares > PARTS;
        if (in_parts) {
            for (int p = threadIdx.x; p < PARTS * n_vectors; p += blockDim.x) {
                const int part = p / n_vectors;
                ((Vector*)seen)[p] = seen_of(w + (p - part * n_vectors), units, shares, n_shares,
                                             part, PARTS, n_vectors);
            }
            __syncthreads();
        }
        real squares = 0, largest = 0;
        for (int j = threadIdx.x; j < length; j += blockDim.x) {
            real reconstruction = 0;
            if (in_parts) {
#pragma unroll
                for (int p = 0; p < PARTS; ++p) reconstruction += seen[p * length + j];
            } else {
                reconstruction = seen_by(w, units, shares, n_shares, j, length);
            }
            const real missing = sample[j] - reconstruction;
            squares += missing * missing;
            factor[j] = factor_of(missing, reconstruction, rate, error_clip);
            largest = fabs(factor[j]) > largest ? fabs(factor[j]) : largest;
        }
        const Extent extent = block_extent(squares, largest, room);
        error = extent.sum / n_inputs;
        if (!(error <= LARGEST_ERROR)) break;  // the same in every thread
        errors += error;

        // Change rows, and compute the next drives of those that have changed since `ahead`.
        const int n_listed = *listed.count;
        for (int k = warp(); k < n_listed; k += n_warps()) {
            const int unit = listed.unit[k];
            const real fresh = answer_of(unit, winners, answers, n_winners);
            const real share = fades ? listed.share[k] : fresh;
            if (lane() == 0) {
                listed.n_wins[k] += fresh != 0;
                listed.total[k] += share;
            }
            // Below 1 floats lie EPSILON / 2 apart: 1 + x is exactly 1 while |x| is so small.
            const bool is_lost = fades && fabs(share) * extent.largest <= (real)EPSILON / 4;
            const bool learns = share != 0 && !is_lost;
            if (!learns && !(goes_on && listed.is_stale[k])) continue;
            const real next = change_and_drive(
                w + (long long)unit * n_vectors, n_vectors, learns, share, (const Vector*)factor,
                clip_below, clip_above, goes_on, (const Vector*)next_sample);
            if (lane() != 0) continue;
            if (goes_on) across[unit] = next;
            if (learns) listed.is_stale[k] = 1;
        }
        real* const former = drive;
        drive = across;
        across = former;
        real* const former_sample = sample;
        sample = next_sample;
        next_sample = former_sample;
    }

    for (int i = threadIdx.x; i < n_units; i += blockDim.x) a[i] = 0;
    if (threadIdx.x == 0) {
        last_error[map] = error;
        error_sum[map] += errors;
        done[map] = first + n_done;
        n_active[map] = *listed.count;
    }
    __syncthreads();
    for (int k = threadIdx.x; k < *listed.count; k += blockDim.x) {
        const long long unit = (long long)map * n_units + listed.unit[k];
        wins[unit] += listed.n_wins[k];
        activity_sum[unit] += listed.total[k];
        if (fades) active[(long long)map * n_units + k] = listed.unit[k];
    }
    for (int k = threadIdx.x; k < n_shares; k += blockDim.x) a[units[k]] = shares[k];
}
