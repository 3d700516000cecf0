// SparseDream on a GPU; equations as in docs/model.md.
//
// A step has PHASES, each of which needs what all units did in the one before. A launch is either
// all phases of many steps, by one block of threads for each map, or a single phase of one step, by
// many blocks for each map. One block is quicker where it can read a map in the time that a few
// launches take.
//
// A row's warp makes the last step's changes while it has the row to read: those of prototypes in
// `drive`, those of inhibition and what equation 11 makes of a row of excitation in `respond`. A
// launch of these two at the end of an epoch, with a step behind its last, makes the changes that
// are still due.

// ---------------------------------------------------------------- a map

// One map: its settings, its state, and what its phases leave to each other.
struct Map {
    const int* whole;         // (N_WHOLE)
    const real* settings;     // (N_SETTINGS)
    int rows, cols, n_units, n_vectors, step;
    bool learns, shows;       // whether there is a step before, and this one
    real* weights;            // (units, inputs)
    real* excitation;         // (units, units)
    real* global_inhibition;  // (units, units)
    real* column_inhibition;  // (units, units)
    real* thresholds;         // (units)
    real* drive;              // (units)
    real* before;             // (units): activity of the step before
    real* activity;           // (units)
    real* response;           // (units)
    real* surprise;           // (units)
    real* seen;               // (chunks, inputs)
    real* sample;             // (inputs)
    real* factor;             // (inputs): of the step before
};

// Its settings, whole numbers and others, by the places that the host defines.
#define WHOLE(name) map.whole[name]
#define SETTING(name) map.settings[name]

__device__ __forceinline__ real sigmoid(real x) { return 1 / (1 + exp(-x)); }

// ---------------------------------------------------------------- whom a unit may excite

struct Window {
    int top, left, width, size;
};

__device__ Window window_of(const Map& map, int unit) {
    const int rows = map.rows, cols = map.cols, y = unit / cols, x = unit % cols;
    const int reach_rows = WHOLE(REACH_ROWS), reach_cols = WHOLE(REACH_COLS);
    Window window;
    window.top = max(y - reach_rows, 0);
    window.left = max(x - reach_cols, 0);
    window.width = min(x + reach_cols, cols - 1) - window.left + 1;
    window.size = (min(y + reach_rows, rows - 1) - window.top + 1) * window.width;
    return window;
}

// The unit at a place of the window; -1 if it is in the same column as the window's own unit.
__device__ __forceinline__ int unit_in(Window window, int place, int unit, int cols) {
    const int x = window.left + place % window.width;
    return x == unit % cols ? -1 : (window.top + place / window.width) * cols + x;
}

// Whether unit_in finds a unit at one of the window's places.
__device__ __forceinline__ bool is_in(Window window, int other, int unit, int cols) {
    const int y = other / cols - window.top, x = other % cols - window.left;
    const bool inside = y >= 0 && y * window.width < window.size && x >= 0 && x < window.width;
    return inside && other % cols != unit % cols;
}

// ---------------------------------------------------------------- prototypes

// Make the changes of the step before to a unit's prototype (equations 7, 12 and 13), then compute
// its drive by this step's sample. By the unit's warp.
__device__ void drive(const Map& map, int unit) {
    const int n_vectors = map.n_vectors;
    Vector* row = (Vector*)map.weights + (long long)unit * n_vectors;
    const Vector* sample = (const Vector*)map.sample;
    const Vector* factors = (const Vector*)map.factor;
    const bool normed = WHOLE(UNIT_NORM), prunes = map.learns && (map.step - 1) % PRUNE_EVERY == 0;
    const bool is_changed_again = map.learns && (normed || prunes);
    const real a = map.learns ? map.before[unit] : 0;
    real driven = 0, squares = 0;
    for_each(row, n_vectors, map.learns, [&](Vector& weights, int q) {
        if (map.learns) {
            const Vector factor = factors[q];
#pragma unroll
            for (int c = 0; c < WIDTH; ++c) weights.of[c] *= 1 + a * factor.of[c];
        }
        if (is_changed_again) {
            squares = with_products(squares, weights, weights);
        } else if (map.shows) {
            driven = with_products(driven, weights, sample[q]);
        }
    });
    if (is_changed_again) {
        real norm = 1;
        if (normed) norm = sqrt(warp_sum(squares));
        if (norm == 0) norm = 1;
        for (int q = lane(); q < n_vectors; q += 32) {
            Vector some = row[q];
#pragma unroll
            for (int c = 0; c < WIDTH; ++c) {
                const real weight = some.of[c] / norm;
                some.of[c] = !prunes || weight > (real)PRUNE_LEVEL ? weight : 0;
            }
            row[q] = some;
            if (map.shows) driven = with_products(driven, some, sample[q]);
        }
    }
    if (!map.shows) return;
    driven = warp_sum(driven);
    if (lane() == 0) map.drive[unit] = driven;
}

// What a chunk of CHUNK units sees of a vector of pixels: added up over all chunks it is W^T a.
// By one thread.
__device__ void see(const Map& map, int chunk, int q) {
    const int first = chunk * CHUNK, n_vectors = map.n_vectors;
    const Vector* columns = (const Vector*)map.weights + (long long)first * n_vectors + q;
    ((Vector*)map.seen)[(long long)chunk * n_vectors + q] =
        seen_of(columns, nullptr, map.activity + first, min(CHUNK, map.n_units - first), 0, 1,
                n_vectors);
}

// ---------------------------------------------------------------- between units

// Even out what a unit hears, and keep it within limits (equation 11). By the unit's warp.
__device__ void keep_within(
    real* excites, Window window, int unit, int cols, bool uniform, real limit, real budget)
{
    const real no_limit = 1 / (real)0;
    if (!uniform && limit == no_limit && budget == no_limit) return;
    real norm = 0, total = 0;
    if (uniform) {
        real squares = 0;
        for (int k = lane(); k < window.size; k += 32) {
            const int other = unit_in(window, k, unit, cols);
            if (other >= 0) squares += excites[other] * excites[other];
        }
        norm = sqrt(warp_sum(squares));
    }
    for (int k = lane(); k < window.size; k += 32) {
        const int other = unit_in(window, k, unit, cols);
        if (other < 0) continue;
        real weight = uniform ? norm : excites[other];
        weight = weight > limit ? limit : weight;
        excites[other] = weight;
        total += weight;
    }
    total = warp_sum(total);
    if (!(total > budget)) return;
    for (int k = lane(); k < window.size; k += 32) {
        const int other = unit_in(window, k, unit, cols);
        if (other >= 0) excites[other] *= budget / total;
    }
}

// Make the last step's changes of inhibition, and those of equation 11 (4, 5 and 11); then let
// a unit hear the others and answer (1 to 3), and move its threshold (8). By the unit's warp.
__device__ void respond(const Map& map, int unit) {
    const int n_units = map.n_units, cols = map.cols;
    const real* p = map.drive;
    const real* a = map.before;
    const long long row = (long long)unit * n_units;
    const real own = map.learns ? a[unit] : 0;
    real lateral = 0;

    real* excites = map.excitation + row;
    const Window window = window_of(map, unit);
    if (map.learns && WHOLE(RULE) != FIXED) {
        keep_within(excites, window, unit, cols, WHOLE(UNIFORM), SETTING(LIMIT), SETTING(BUDGET));
    }
    if (map.shows) {
        for (int k = lane(); k < window.size; k += 32) {
            const int other = unit_in(window, k, unit, cols);
            if (other >= 0) lateral += excites[other] * p[other];
        }
    }

    real* inhibits = map.global_inhibition + row;
    for_each(inhibits, n_units, map.learns, [&](real& weight, int j) {
        if (map.learns) {
            const bool spares = WHOLE(SPARES) && is_in(window, j, unit, cols);
            weight += SETTING(GLOBAL_RATE) * (own * a[j] - SETTING(SQUARED_SPARSITY));
            if (j == unit || spares) weight = 0;
        }
        if (map.shows) lateral -= weight * p[j];
    });

    real* in_column = map.column_inhibition + row;
    for (int y = lane(); y < map.rows; y += 32) {
        const int j = y * cols + unit % cols;
        real weight = in_column[j];
        if (map.learns) {
            weight += SETTING(COLUMN_RATE) * (own * a[j] - SETTING(SQUARED_SPARSITY));
            in_column[j] = weight;
        }
        if (map.shows && WHOLE(COLUMN_ACTS)) lateral -= weight * p[j];
    }

    if (!map.shows) return;
    lateral = warp_sum(lateral);
    if (lane() == 0) {
        const real threshold = map.thresholds[unit];
        const real answer = sigmoid(p[unit] + lateral - threshold);
        map.response[unit] = sigmoid(p[unit] - threshold);
        map.activity[unit] = answer;
        map.thresholds[unit] = threshold + SETTING(THRESHOLD_RATE) * (answer - SETTING(SPARSITY));
    }
}

// How far excitation failed to predict what was heard of a unit (equation 9, reconstruct). By the
// unit's warp.
__device__ void predict(const Map& map, int unit) {
    const real* heard = WHOLE(HEARS_ACTIVITY) ? map.activity : map.response;
    const Window window = window_of(map, unit);
    real predicted = 0;
    for (int k = lane(); k < window.size; k += 32) {
        const int other = unit_in(window, k, unit, map.cols);
        if (other < 0) continue;
        predicted += heard[other] * map.excitation[(long long)other * map.n_units + unit];
    }
    predicted = warp_sum(predicted);
    if (lane() == 0) {
        const real no_clip = 1 / (real)0;
        map.surprise[unit] = factor_of(heard[unit] - predicted, predicted, 1, no_clip);
    }
}

// A weight after a unit has learnt to hear another one, by the rules that add (equation 9).
__device__ __forceinline__ real associated(
    real weight, real own, real other, bool hebbian, real rate, real squared_sparsity)
{
    if (hebbian) {
        weight += rate * (own * other - squared_sparsity);
    } else {
        weight += rate * own * (other - own * weight);
    }
    return weight < 0 ? 0 : weight;
}

// Learn excitation (equation 9), and make it the same both ways where it is to be (10). A unit's
// warp changes its pairs with units of larger numbers.
__device__ void excite(const Map& map, int unit) {
    const int rule = WHOLE(RULE), n_units = map.n_units;
    const real* heard = WHOLE(HEARS_ACTIVITY) ? map.activity : map.response;
    const Window window = window_of(map, unit);
    for (int k = lane(); k < window.size; k += 32) {
        const int other = unit_in(window, k, unit, map.cols);
        if (other <= unit) continue;
        real* one = map.excitation + (long long)unit * n_units + other;
        real* reverse = map.excitation + (long long)other * n_units + unit;
        const real rate = SETTING(EXCITATION_RATE), own = heard[unit], others = heard[other];
        real there, back;
        if (rule == RECONSTRUCT) {
            there = multiplied(*one, 1 + rate * (own * map.surprise[other]));
            back = multiplied(*reverse, 1 + rate * (others * map.surprise[unit]));
        } else {
            const real s_squared = SETTING(SQUARED_SPARSITY);
            there = associated(*one, own, others, rule == HEBBIAN, rate, s_squared);
            back = associated(*reverse, others, own, rule == HEBBIAN, rate, s_squared);
        }
        if (WHOLE(SYMMETRIC)) there = back = (real)0.5 * (there + back);
        *one = there;
        *reverse = back;
    }
}

// ---------------------------------------------------------------- steps

// Copy numbers, by all threads of the block.
__device__ void copy(const real* from, real* to, int n) {
    for (int i = threadIdx.x; i < n; i += blockDim.x) to[i] = from[i];
}

// Where an array lies meanwhile: outside or, where KEEPS, in the next place in shared memory, with a
// copy of what it has so far, if anything. (The compiler has to know which of them it is: shared
// memory is read by other instructions.)
__device__ __forceinline__ real* kept(real* outside, bool has_values, int n, real*& room) {
    real* const here = KEEPS ? room : outside;
    room += n;
    if (KEEPS && has_values) copy(outside, here, n);
    return here;
}

// Run the phases from `first_phase` to the one before `end_phase`, of `count` steps. Several phases or
// steps must have one block for each map: blocks don't wait for each other. So must ACCOUNT.
// Grid: any number of blocks, maps.
// Shared memory: see shared_bytes in cupy_sparse_dream.py. Where it KEEPS them, all arrays but
// prototypes and what chunks saw lie there meanwhile.
extern "C" __global__ void __launch_bounds__(512, 1) dream_learn(
    real* weights,            // (maps, units, inputs)
    real* excitation,         // (maps, units, units)
    real* global_inhibition,  // (maps, units, units)
    real* column_inhibition,  // (maps, units, units)
    real* thresholds,         // (maps, units)
    const byte* pixels,       // (samples, inputs)
    const real* levels,       // (256)
    const int* order,         // (maps, steps)
    const int* whole,         // (maps, N_WHOLE)
    const real* settings,     // (maps, N_SETTINGS)
    real* drives,             // (maps, units)
    real* activity,           // (2, maps, units): of even steps, of odd ones
    real* response,           // (maps, units)
    real* surprise,           // (maps, units)
    real* seen,               // (maps, chunks, inputs)
    real* factor,             // (maps, inputs)
    int* done,                // (maps)
    double* error_sum,        // (maps)
    double* last_error,       // (maps)
    int* wins,                // (maps, units)
    double* activity_sum,     // (maps, units)
    int rows, int cols, int n_inputs, int n_vectors, int n_chunks, int n_steps, int first, int count,
    int first_phase, int end_phase)
{
    DYNAMIC_SHARED(shared);
    const int number = blockIdx.y, n_units = rows * cols, length = n_vectors * WIDTH;
    int n_done = done[number];
    if (n_done < first) return;

    real* const sample = (real*)shared;
    real* const factors = sample + length;
    real* const values = factors + length;  // of bytes
    real* const room = values + 256;
    Heads heads;
    heads.score = room + 2 * MOST_WARPS;
    heads.unit = (int*)(heads.score + MOST_WARPS);
    int* const wins_here = heads.unit + MOST_WARPS;
    double* const activity_here = (double*)(wins_here + n_units + n_units % 2);
    real* rest = (real*)(activity_here + n_units);

    const long long of_units = (long long)number * n_units, of_pairs = of_units * n_units;
    const int n_pairs = KEEPS ? n_units * n_units : 0;  // else an int may be too small
    const bool goes_on = first > 0;
    real* const factors_outside = factor + (long long)number * length;
    real* const activity_outside = activity + of_units;
    const long long to_odd = (long long)gridDim.y * n_units;
    Map map;
    map.whole = whole + number * N_WHOLE;
    map.settings = settings + number * N_SETTINGS;
    map.rows = rows, map.cols = cols, map.n_units = n_units, map.n_vectors = n_vectors;
    map.weights = weights + of_units * length;
    map.seen = seen + (long long)number * n_chunks * length;
    map.sample = sample, map.factor = factors;
    map.excitation = kept(excitation + of_pairs, true, n_pairs, rest);
    map.global_inhibition = kept(global_inhibition + of_pairs, true, n_pairs, rest);
    map.column_inhibition = kept(column_inhibition + of_pairs, true, n_pairs, rest);
    map.thresholds = kept(thresholds + of_units, true, n_units, rest);
    map.drive = kept(drives + of_units, false, n_units, rest);
    map.response = kept(response + of_units, false, n_units, rest);
    map.surprise = kept(surprise + of_units, false, n_units, rest);
    // In the end each holds the activity of one of the last two steps; only one is needed.
    real* const even = kept(activity_outside, goes_on && first % 2 == 1, n_units, rest);
    real* const odd = kept(activity_outside + to_odd, goes_on && first % 2 == 0, n_units, rest);
    int* const won = KEEPS ? wins_here : wins + of_units;
    double* const active = KEEPS ? activity_here : activity_sum + of_units;
    for (int i = threadIdx.x; KEEPS && i < n_units; i += blockDim.x) won[i] = 0, active[i] = 0;
    if (KEEPS && goes_on) copy(factors_outside, factors, length);
    for (int v = threadIdx.x; v < 256; v += blockDim.x) values[v] = levels[v];
    __syncthreads();

    // The first of this block's units and columns, and how far it is to the next.
    const int own = blockIdx.x * n_warps() + warp(), to_next = gridDim.x * n_warps();
    const int own_thread = blockIdx.x * blockDim.x + threadIdx.x;
    const int n_threads = gridDim.x * blockDim.x;
    double errors = 0;
    real error = 0;
    bool is_sound = true;
    for (int step = first; step < first + count && is_sound; ++step) {
        map.step = step, map.learns = step > 0, map.shows = step < n_steps;
        map.activity = step % 2 ? odd : even;
        map.before = step % 2 ? even : odd;
        for (int phase = first_phase; phase < end_phase; ++phase) {
            if (phase == DRIVE || phase == ACCOUNT) {
                if (map.shows && (phase == DRIVE || first_phase == ACCOUNT)) {
                    const int chosen = order[(long long)number * n_steps + step];
                    load_sample(pixels + (long long)chosen * length, values, sample, n_vectors, 0);
                }
                if (phase == DRIVE && !KEEPS && map.learns) copy(factors_outside, factors, length);
                __syncthreads();
            }
            if (phase == DRIVE) {
                for (int unit = own; unit < n_units; unit += to_next) drive(map, unit);
            } else if (phase == RESPOND) {
                for (int unit = own; unit < n_units; unit += to_next) respond(map, unit);
            } else if (phase == SEE) {
                for (int p = own_thread; p < n_chunks * n_vectors; p += n_threads) {
                    see(map, p / n_vectors, p % n_vectors);
                }
                for (int unit = own; WHOLE(RULE) == RECONSTRUCT && unit < n_units; unit += to_next) {
                    predict(map, unit);
                }
            } else if (phase == ACCOUNT) {
                // What chunks saw: from there to the factors of learning, and what is counted.
                real* const made = KEEPS ? factors : factors_outside;
                real squares = 0;
                for (int j = threadIdx.x; j < length; j += blockDim.x) {
                    real reconstruction = 0;
#pragma unroll 8
                    for (int c = 0; c < n_chunks; ++c) {
                        reconstruction += map.seen[(long long)c * length + j];
                    }
                    const real missing = sample[j] - reconstruction, no_clip = 1 / (real)0;
                    squares += missing * missing;
                    made[j] = factor_of(missing, reconstruction, SETTING(LEARNING_RATE), no_clip);
                }
                write_head(heads, best_from(map.activity, threadIdx.x, blockDim.x, n_units));
                error = block_extent(squares, 0, room).sum / n_inputs;
                is_sound = error <= LARGEST_ERROR;
                if (!is_sound) break;  // the same in every thread
                n_done = step + 1;
                if (step % WHOLE(MEASURE_EVERY) == 0) errors += error;
                for (int i = threadIdx.x; i < n_units; i += blockDim.x) {
                    active[i] += map.activity[i];
                }
                if (warp() == 0) {
                    const Best best = warp_best(head_of_lane(heads));
                    if (lane() == 0 && best.score != 0) won[best.unit] += 1;
                }
            } else if (phase == EXCITE && n_done > step && WHOLE(RULE) != FIXED) {
                for (int unit = own; unit < n_units; unit += to_next) excite(map, unit);
            }
            if (end_phase - first_phase > 1) {
                __syncthreads();  // what it did is there for the next
            }
        }
    }

    if (first_phase <= ACCOUNT && ACCOUNT < end_phase && threadIdx.x == 0) {
        last_error[number] = error;
        error_sum[number] += errors;
        done[number] = n_done;
    }
    if (!KEEPS) return;
    copy(map.excitation, excitation + of_pairs, n_pairs);
    copy(map.global_inhibition, global_inhibition + of_pairs, n_pairs);
    copy(map.column_inhibition, column_inhibition + of_pairs, n_pairs);
    copy(map.thresholds, thresholds + of_units, n_units);
    copy((first + count) % 2 ? even : odd, activity_outside + ((first + count) % 2 ? 0 : to_odd),
         n_units);
    copy(factors, factors_outside, length);
    for (int i = threadIdx.x; i < n_units; i += blockDim.x) {
        wins[of_units + i] += won[i];
        activity_sum[of_units + i] += active[i];
    }
}
