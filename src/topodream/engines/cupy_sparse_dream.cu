// SparseDream on a GPU; equations as in docs/model.md.
//
// A step is six launches: dream_drive, dream_respond, reconstruct, dream_account, dream_predict,
// dream_excite. A row's warp makes the last step's changes while it has the row to read: those of
// prototypes in dream_drive, those of inhibition in dream_respond, and what equation 11 makes of a
// row of excitation. One launch of these two at the end of an epoch, with `step` behind its last,
// makes the changes that are still due.

// The settings of map number `map`, whole numbers and others, by the places that the host defines.
#define WHOLE(name) whole[map * N_WHOLE + name]
#define SETTING(name) settings[map * N_SETTINGS + name]

__device__ __forceinline__ real sigmoid(real x) { return 1 / (1 + exp(-x)); }

// ---------------------------------------------------------------- whom a unit may excite

struct Window {
    int top, left, width, size;
};

__device__ Window window_of(int unit, int rows, int cols, int reach_rows, int reach_cols) {
    const int y = unit / cols, x = unit % cols;
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

// Make the changes of the step before to the prototypes (equations 7, 12 and 13), then compute the
// drives of this step's sample. A warp for each unit.
// Grid: units by warps, maps. Shared memory: a sample and its factors.
extern "C" __global__ void __launch_bounds__(256, 1) dream_drive(
    real* weights,         // (maps, units, inputs)
    const byte* pixels,    // (samples, inputs)
    const int* order,      // (maps, steps)
    const real* activity,  // (maps, units): of the step before
    const real* factor,    // (maps, inputs): of the step before
    real* drive,           // (maps, units)
    const int* whole,      // (maps, N_WHOLE)
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
    if (step > 0) {
        const real a = activity[(long long)map * n_units + unit];
        const bool prunes = (step - 1) % PRUNE_EVERY == 0;
        real squares = 0;
        for (int j = lane(); j < n_inputs; j += 32) {
            const real weight = row[j] * (1 + a * factors[j]);
            row[j] = weight;
            squares += weight * weight;
        }
        real norm = 1;
        if (WHOLE(UNIT_NORM)) norm = sqrt(warp_sum(squares));
        if (norm == 0) norm = 1;
        if (WHOLE(UNIT_NORM) || prunes) {
            for (int j = lane(); j < n_inputs; j += 32) {
                const real weight = row[j] / norm;
                row[j] = !prunes || weight > (real)PRUNE_LEVEL ? weight : 0;
            }
        }
    }
    if (step < n_steps) {
        const real driven = row_drive(row, sample, n_inputs);
        if (lane() == 0) drive[(long long)map * n_units + unit] = driven;
    }
}

// From the reconstruction to the factors of learning, and what is counted. Grid: maps.
// Shared memory: a value and a unit for each of 2 x MOST_WARPS.
extern "C" __global__ void __launch_bounds__(512, 1) dream_account(
    const real* seen,        // (maps, chunks, inputs)
    const byte* pixels,      // (samples, inputs)
    const int* order,        // (maps, steps)
    const int* whole,        // (maps, N_WHOLE)
    const real* settings,    // (maps, N_SETTINGS)
    const real* activity,    // (maps, units)
    real* factor,            // (maps, inputs)
    int* done,               // (maps)
    double* error_sum,       // (maps)
    double* last_error,      // (maps)
    int* wins,               // (maps, units)
    double* activity_sum,    // (maps, units)
    int n_units, int n_inputs, int n_chunks, int n_steps, int step)
{
    DYNAMIC_SHARED(shared);
    real* room = (real*)shared;
    int* room_for_units = (int*)(room + 2 * MOST_WARPS);
    const int map = blockIdx.x;
    if (done[map] < step) return;
    const int chosen = order[(long long)map * n_steps + step];
    const real error = error_of_chunks(
        seen + (long long)map * n_chunks * n_inputs, pixels + (long long)chosen * n_inputs,
        factor + (long long)map * n_inputs, n_chunks, n_inputs,
        SETTING(LEARNING_RATE), 1 / (real)0, room);
    if (threadIdx.x == 0) last_error[map] = error;
    if (!(error <= LARGEST_ERROR)) return;
    const real* a = activity + (long long)map * n_units;
    const Best best = block_best(best_of_own(a, n_units), BestRoom{room, room_for_units}, 0);
    for (int i = threadIdx.x; i < n_units; i += blockDim.x) {
        activity_sum[(long long)map * n_units + i] += a[i];
    }
    if (threadIdx.x == 0) {
        if (best.score != 0) wins[(long long)map * n_units + best.unit] += 1;
        if (step % WHOLE(MEASURE_EVERY) == 0) error_sum[map] += error;
        done[map] = step + 1;
    }
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
// a unit hear the others and answer (1 to 3), and move its threshold (8). A warp for each unit.
// Grid: units by warps, maps.
extern "C" __global__ void __launch_bounds__(256, 1) dream_respond(
    const real* drive,        // (maps, units)
    const real* before,       // (maps, units): activity of the step before
    real* activity,           // (maps, units)
    real* response,           // (maps, units)
    real* excitation,         // (maps, units, units)
    real* global_inhibition,  // (maps, units, units)
    real* column_inhibition,  // (maps, units, units)
    real* thresholds,         // (maps, units)
    const int* whole,         // (maps, N_WHOLE)
    const real* settings,     // (maps, N_SETTINGS)
    const int* done,          // (maps)
    int rows, int cols, int n_steps, int step)
{
    const int map = blockIdx.y, unit = blockIdx.x * n_warps() + warp(), n_units = rows * cols;
    if (done[map] < step || unit >= n_units) return;
    const real* p = drive + (long long)map * n_units;
    const real* a = before + (long long)map * n_units;
    const long long row = ((long long)map * n_units + unit) * n_units;
    const bool learns = step > 0, shows = step < n_steps;
    const real own = learns ? a[unit] : 0;
    real lateral = 0;

    real* excites = excitation + row;
    const Window window =
        window_of(unit, rows, cols, WHOLE(REACH_ROWS), WHOLE(REACH_COLS));
    if (learns && WHOLE(RULE) != FIXED) {
        keep_within(excites, window, unit, cols, WHOLE(UNIFORM), SETTING(LIMIT), SETTING(BUDGET));
    }
    if (shows) {
        for (int k = lane(); k < window.size; k += 32) {
            const int other = unit_in(window, k, unit, cols);
            if (other >= 0) lateral += excites[other] * p[other];
        }
    }

    real* inhibits = global_inhibition + row;
    for (int j = lane(); j < n_units; j += 32) {
        real weight = inhibits[j];
        if (learns) {
            weight += SETTING(GLOBAL_RATE) * (own * a[j] - SETTING(SQUARED_SPARSITY));
            if (j == unit || (WHOLE(SPARES) && is_in(window, j, unit, cols))) weight = 0;
            inhibits[j] = weight;
        }
        if (shows) lateral -= weight * p[j];
    }

    real* in_column = column_inhibition + row;
    for (int y = lane(); y < rows; y += 32) {
        const int j = y * cols + unit % cols;
        real weight = in_column[j];
        if (learns) {
            weight += SETTING(COLUMN_RATE) * (own * a[j] - SETTING(SQUARED_SPARSITY));
            in_column[j] = weight;
        }
        if (shows && WHOLE(COLUMN_ACTS)) lateral -= weight * p[j];
    }

    if (!shows) return;
    lateral = warp_sum(lateral);
    if (lane() == 0) {
        const long long i = (long long)map * n_units + unit;
        const real answer = sigmoid(p[unit] + lateral - thresholds[i]);
        response[i] = sigmoid(p[unit] - thresholds[i]);
        activity[i] = answer;
        thresholds[i] += SETTING(THRESHOLD_RATE) * (answer - SETTING(SPARSITY));
    }
}

// How far excitation failed to predict what was heard of a unit (equation 9, reconstruct). A warp
// for each unit. Grid: units by warps, maps.
extern "C" __global__ void __launch_bounds__(256, 1) dream_predict(
    const real* activity,    // (maps, units)
    const real* response,    // (maps, units)
    const real* excitation,  // (maps, units, units)
    real* surprise,          // (maps, units)
    const int* whole,        // (maps, N_WHOLE)
    const int* done,         // (maps)
    int rows, int cols, int step)
{
    const int map = blockIdx.y, unit = blockIdx.x * n_warps() + warp(), n_units = rows * cols;
    if (done[map] <= step || unit >= n_units || WHOLE(RULE) != RECONSTRUCT) return;
    const real* heard = (WHOLE(HEARS_ACTIVITY) ? activity : response) + (long long)map * n_units;
    const real* excites = excitation + (long long)map * n_units * n_units;
    const Window window =
        window_of(unit, rows, cols, WHOLE(REACH_ROWS), WHOLE(REACH_COLS));
    real predicted = 0;
    for (int k = lane(); k < window.size; k += 32) {
        const int other = unit_in(window, k, unit, cols);
        if (other >= 0) predicted += heard[other] * excites[(long long)other * n_units + unit];
    }
    predicted = warp_sum(predicted);
    if (lane() == 0) {
        const real no_clip = 1 / (real)0;
        surprise[(long long)map * n_units + unit] =
            factor_of(heard[unit] - predicted, predicted, 1, no_clip);
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

// Learn excitation (equation 9), and make it the same both ways where it is to be (10). A warp for
// each unit changes its pairs with units of larger numbers. Grid: units by warps, maps.
extern "C" __global__ void __launch_bounds__(256, 1) dream_excite(
    const real* activity,  // (maps, units)
    const real* response,  // (maps, units)
    const real* surprise,  // (maps, units)
    real* excitation,      // (maps, units, units)
    const int* whole,      // (maps, N_WHOLE)
    const real* settings,  // (maps, N_SETTINGS)
    const int* done,       // (maps)
    int rows, int cols, int step)
{
    const int map = blockIdx.y, unit = blockIdx.x * n_warps() + warp(), n_units = rows * cols;
    const int rule = WHOLE(RULE);
    if (done[map] <= step || unit >= n_units || rule == FIXED) return;
    const real* heard = (WHOLE(HEARS_ACTIVITY) ? activity : response) + (long long)map * n_units;
    const real* surprises = surprise + (long long)map * n_units;
    real* excites = excitation + (long long)map * n_units * n_units;
    const Window window =
        window_of(unit, rows, cols, WHOLE(REACH_ROWS), WHOLE(REACH_COLS));
    for (int k = lane(); k < window.size; k += 32) {
        const int other = unit_in(window, k, unit, cols);
        if (other <= unit) continue;
        real* one = excites + (long long)unit * n_units + other;
        real* reverse = excites + (long long)other * n_units + unit;
        const real rate = SETTING(EXCITATION_RATE), own = heard[unit], others = heard[other];
        real there, back;
        if (rule == RECONSTRUCT) {
            there = multiplied(*one, 1 + rate * (own * surprises[other]));
            back = multiplied(*reverse, 1 + rate * (others * surprises[unit]));
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
