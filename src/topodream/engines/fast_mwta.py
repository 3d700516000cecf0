"""MWTA on a CPU: the same steps as the reference, without the work that changes nothing.

What takes the reference its time, and what is done about it:

- *Drives.* Those of a block of samples are computed ahead, in tiles of some rows of W and some
  samples, so that each number that comes from memory is used several times. Those of the
  few units that changed since are computed again. Chunks of pixels that are zero in all samples
  of a tile are left out. All of it adds up in the order of :mod:`topodream.engines.products`, so
  that no bit depends on where a block or a tile begins.
- *Neighbourhoods.* All sums over a square come from a few shifted additions of the whole sheet.
- *Winners* are found in one pass. *Updates* touch the rows of active units only, and of those
  that a trace has left almost no activity only the ones that it can still change.

No sum is reordered by the compiler: the same bytes come out on every machine.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from topodream.arrays import Bytes, Floats, Integers
from topodream.engines import LARGEST_ERROR, Tally, levels
from topodream.engines.jit import has_wide_registers, in_calls, kernel
from topodream.engines.products import (
    BYTES_PER_CHUNK,
    ROWS_OF_ONE,
    TILE_ROWS,
    TILE_SAMPLES,
    is_lit,
    multiply_tile,
)
from topodream.grid import Grid
from topodream.models import mwta
from topodream.models.mwta import Lateral, Mwta
from topodream.models.prototypes import LEAST_RECONSTRUCTION, least_weight
from topodream.settings.config import Experiment

# Samples whose drives are computed ahead: for more of them more drives are computed again, for
# fewer the weights are loaded more often, which takes little time where a cache holds them all.
SAMPLES_AHEAD = 30 if has_wide_registers() else 12
SAMPLES_AHEAD_IN_CACHE, BYTES_IN_CACHE = 10, 2 * 2**20
# Steps between two looks for units whose trace has faded.
FORGET_EVERY = 8
# How often progress can be told: a multiple of all of these, so that no block is cut short, and
# that it changes nothing.
STEPS_PER_CALL = 480
UNITS_AT_A_TIME = 64

# Unsigned, so that compiled code need not ask whether an index counts from the end.
Numbers = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]


class Chunks(NamedTuple):
    """The chunks of pixels to add up, by their numbers: row i has ``length[i]`` of them."""

    number: Numbers
    length: Integers


class Block(NamedTuple):
    """Some samples, and the drives they evoke.

    ``samples`` (n_samples, n_chunks * numbers in a chunk), zeros behind their pixels, and
    ``drives`` (n_samples, n_units or more) have rows for a last tile of fewer samples.
    ``of_sample`` and ``of_tile`` list the chunks that are not zero in a sample, in any sample of a
    tile; or all, once ``leaves_out`` (one flag) is false.
    """

    samples: Floats
    leaves_out: Flags
    of_sample: Chunks
    of_tile: Chunks
    drives: Floats


class Sheet(NamedTuple):
    """The grid with a border of zeros, laid out row by row, and room to sum over it.

    A row of the sheet takes ``stride`` places: its units, and as many zeros as a window
    reaches across. So a window that leaves a row finds zeros, and all windows of the sheet
    are the same few shifts of one array. On a torus a window finds the units of the opposite
    border there: they are laid out once more, on either side of a row.
    """

    wraps: bool
    rows: int
    cols: int
    heard_rows: int  # units beyond these pass nothing on, see grid.sources
    heard_cols: int
    down: int  # how far a window reaches
    across: int
    stride: int
    gain: Floats
    heard: Floats
    row_sums: Floats
    sums: Floats
    room: Floats


class Rule(NamedTuple):
    """The settings that a step needs, in the map's dtype."""

    n_winners: int
    excited: bool
    fades: bool
    trace: Any
    rate: Any
    error_clip: Any
    clips_weights: bool
    weight_clip: Any
    floor: Any  # least reconstruction
    least_weight: Any
    least_change: Any  # relative; less than this can't change a weight
    most: Any  # largest finite number
    negligible: Any  # share in a reconstruction that is lost in the floor's rounding


class Work(NamedTuple):
    """What a step reads and writes.

    ``weights`` (n_units, length of a block's samples) have zeros behind those of pixels, as have
    ``reconstruction`` and ``factor``. ``active`` and ``changed`` are lists of units, of length
    ``lengths[0]`` and ``[1]``: those with activity, and those whose drives are out of date.
    ``units`` lists all, the last one some times more.
    """

    weights: Floats
    units: Numbers
    activity: Floats
    fresh: Floats
    score: Floats
    winners: Numbers
    active: Numbers
    is_active: Flags
    changed: Numbers
    is_changed: Flags
    lengths: Integers
    reconstruction: Floats
    factor: Floats
    wins: Integers
    activity_sum: Floats


# ------------------------------------------------------------------ drives


@kernel()
def _show(pixels: Bytes, chosen: Integers, levels: Floats, block: Block) -> None:
    """Copy samples into a block, and list their chunks."""
    for b in range(chosen.size):
        row, sample = pixels[chosen[b]], block.samples[b]
        for j in range(row.size):
            sample[j] = levels[row[j]]
        _list_chunks(block, b, b + 1, block.of_sample, b)


@kernel()
def _list_chunks(block: Block, first: int, last: int, chunks: Chunks, row: int) -> None:
    """List the chunks to add up for some samples of a block: those that are lit in any of them."""
    n, number = 0, chunks.number[row]
    for c in range(number.size):
        counts = not block.leaves_out[0]
        for b in range(first, last):
            counts |= is_lit(block.samples, b, c)
        # Written in any case, and written over by the next: quicker than a branch.
        number[n] = c
        n += counts
    chunks.length[row] = n


@kernel()
def _drive(work: Work, block: Block, n_samples: int) -> None:
    """Compute the drives that a block's samples evoke, tile by tile: equation 1.

    While a row of tiles is computed, the rows of weights of the next are fetched.
    """
    n_tiles = (n_samples + TILE_SAMPLES - 1) // TILE_SAMPLES
    for tile in range(n_tiles):
        first = tile * TILE_SAMPLES
        last = min(first + TILE_SAMPLES, n_samples)
        _list_chunks(block, first, last, block.of_tile, tile)
    chunks = block.of_tile
    for i in range(0, work.activity.size, TILE_ROWS):
        for tile in range(n_tiles):
            first, soon = tile * TILE_SAMPLES, work.units[i + TILE_ROWS + tile % TILE_ROWS]
            multiply_tile(
                TILE_ROWS, TILE_SAMPLES, work.weights, work.units[i:], block.samples[first:],
                chunks.number[tile], chunks.length[tile], block.drives[first:], soon,
            )  # fmt: skip


@kernel()
def _drive_changed(work: Work, block: Block, b: int) -> None:
    """Compute the drives of units that changed since the block's were."""
    changed, n, chunks = work.changed, work.lengths[1], block.of_sample
    for t in range(n, n + ROWS_OF_ONE):  # there is room for a whole last tile
        changed[t] = changed[n - 1]
    for t in range(0, n, ROWS_OF_ONE):
        multiply_tile(
            ROWS_OF_ONE, 1, work.weights, changed[t:], block.samples[b:],
            chunks.number[b], chunks.length[b], block.drives[b:], changed[t],
        )  # fmt: skip


# ------------------------------------------------------------------ competition


@kernel()
def _add(one: Floats, other: Floats, total: Floats) -> None:
    for i in range(other.size):
        total[i] = one[i] + other[i]


@kernel()
def _window_sums(values: Floats, step: int, length: int, room: Floats, sums: Floats) -> None:
    """Set ``sums[i]`` to the sum of ``length`` values from i on, ``step`` apart.

    Sums of 1, 2, 4... values are each two of the shorter ones, and every length is made of
    those: time grows with the logarithm of the length. Nothing is subtracted, unlike in a
    running sum, in which one huge value leaves its rounding error to all that follow.
    """
    doubled, width, covered = values, 1, 0
    so_far = values
    while True:
        if length & width:
            if covered == 0:
                so_far = doubled
            else:
                _add(so_far, doubled[covered * step :], sums)
                so_far = sums
            covered += width
        if covered == length:
            break
        # Into other room than it comes from: so several places can be added at a time.
        wider = (room[0] if width & 0x55555555 else room[1])[: values.size]
        _add(doubled, doubled[width * step :], wider)
        doubled = wider
        width *= 2
    if length & (length - 1) == 0:  # a power of 2 is none but doubled
        sums[:] = so_far


@kernel()
def _sum_rows(drive: Floats, sheet: Sheet) -> None:
    """Set ``row_sums`` to the sums of windows along rows, within the border."""
    # The sheet lies `across` places into the array, below `down` rows of zeros: the window
    # of the unit at row y, column x begins at place y * stride + x.
    centre = sheet.across + sheet.down * sheet.stride
    for y in range(sheet.heard_rows):
        units = drive[y * sheet.cols :]
        heard = sheet.heard[centre + y * sheet.stride :]
        for x in range(sheet.heard_cols):
            heard[x] = units[x]
    _window_sums(sheet.heard, 1, 2 * sheet.across + 1, sheet.room, sheet.row_sums)


@kernel()
def _sum_rows_around(drive: Floats, sheet: Sheet) -> None:
    """Set ``row_sums`` on a torus, where a row goes on with its other end, and rows do too."""
    cols, across = sheet.cols, sheet.across
    above, of_units = sheet.down * sheet.stride, sheet.rows * sheet.stride
    for y in range(sheet.rows):
        units, heard = drive[y * cols :], sheet.heard[above + y * sheet.stride :]
        for x in range(cols):
            heard[across + x] = units[x]
        for x in range(across):
            heard[x] = units[cols - across + x]
            heard[across + cols + x] = units[x]
    heard, sums = sheet.heard[above : above + of_units], sheet.row_sums[above:]
    _window_sums(heard, 1, 2 * across + 1, sheet.room, sums[:of_units])
    sheet.row_sums[:above] = sums[of_units - above : of_units]
    sums[of_units : of_units + above] = sums[:above]


@kernel()
def _score(drive: Floats, sheet: Sheet, score: Floats) -> None:
    """Add to each drive its neighbours' share: equation 2."""
    if sheet.wraps:
        _sum_rows_around(drive, sheet)
    else:
        _sum_rows(drive, sheet)
    _window_sums(sheet.row_sums, sheet.stride, 2 * sheet.down + 1, sheet.room, sheet.sums)
    centre = sheet.across + sheet.down * sheet.stride
    for y in range(sheet.rows):
        first, place = y * sheet.cols, y * sheet.stride
        units, gain, scores = drive[first:], sheet.gain[first:], score[first:]
        heard, sums = sheet.heard[centre + place :], sheet.sums[place:]
        for x in range(sheet.cols):
            scores[x] = units[x] + gain[x] * (sums[x] - heard[x])


@kernel()
def _insert(score: Floats, winners: Numbers, place: int, unit: int) -> None:
    """Put a unit into the sorted list, whose ``place`` is free, behind all of equal score."""
    while place > 0 and score[winners[place - 1]] < score[unit]:
        winners[place] = winners[place - 1]
        place -= 1
    winners[place] = unit


@kernel()
def _choose_winners(score: Floats, winners: Numbers) -> None:
    """List the units of largest score, best first; of equal ones the smaller number first."""
    for unit in range(winners.size):
        _insert(score, winners, unit, unit)
    last = winners.size - 1
    least = score[winners[last]]
    for first in range(winners.size, score.size, UNITS_AT_A_TIME):
        some = score[first : first + UNITS_AT_A_TIME]
        # Most often there is none: many comparisons at a time, and no branch for each.
        n_larger = 0
        for i in range(some.size):
            n_larger += some[i] > least
        if n_larger > 0:
            for i in range(some.size):
                if some[i] > least:
                    _insert(score, winners, last, first + i)
                    least = score[winners[last]]


@kernel()
def _respond(drive: Floats, rule: Rule, work: Work) -> None:
    """Let the winners answer: equations 4 and 5."""
    n = work.lengths[0]
    if not rule.fades:
        for t in range(n):
            work.activity[work.active[t]] = 0
        n = 0
    for unit in work.winners:
        answer = work.score[unit] if rule.excited else drive[unit]
        if answer != 0:
            work.wins[unit] += 1
        work.fresh[unit] = answer
        if not (rule.fades and work.is_active[unit]):
            work.is_active[unit] = True
            work.active[n] = unit
            n += 1
    for t in range(n):
        unit = work.active[t]
        before, now = work.activity[unit], work.fresh[unit]
        work.activity[unit] = before + rule.trace * (now - before) if rule.fades else now
        work.activity_sum[unit] += work.activity[unit]
    for unit in work.winners:
        work.fresh[unit] = 0
    work.lengths[0] = n


@kernel()
def _forget_faded(rule: Rule, work: Work) -> None:
    """Take units off the active ones whose trace is lost in rounding wherever it is added.

    A share in a reconstruction r of less than half a unit in the last place of the floor
    1e-10 is rounded away where r is above the floor. Where r is below, the floor stands in
    for it in equation 7, and the error moves by less than its own rounding (v > 0) or leads
    to a factor that is rounded to 1 (v = 0). What may change is the order in which shares are
    added up: a unit that wins again is the last of the list then.
    """
    n = 0
    for t in range(work.lengths[0]):
        unit = work.active[t]
        activity = abs(work.activity[unit])
        if activity <= 64 * rule.negligible:  # else not worth looking at the weights
            largest = rule.floor
            for weight in work.weights[unit]:
                largest = max(largest, abs(weight))
            if activity * largest <= rule.negligible:
                work.activity[unit] = 0
                work.is_active[unit] = False
                continue
        work.active[n] = unit
        n += 1
    work.lengths[0] = n


# ------------------------------------------------------------------ learning


@kernel()
def _reconstruct(work: Work) -> None:
    """Draw the sample as active units see it, the last to become active first: equation 6."""
    reconstruction, units, n = work.reconstruction, work.active, work.lengths[0]
    reconstruction[:] = 0
    t = n - 1
    while t >= 3:
        w0, a0 = work.weights[units[t]], work.activity[units[t]]
        w1, a1 = work.weights[units[t - 1]], work.activity[units[t - 1]]
        w2, a2 = work.weights[units[t - 2]], work.activity[units[t - 2]]
        w3, a3 = work.weights[units[t - 3]], work.activity[units[t - 3]]
        for j in range(reconstruction.size):
            total = reconstruction[j] + a0 * w0[j] + a1 * w1[j]
            reconstruction[j] = total + a2 * w2[j] + a3 * w3[j]
        t -= 4
    while t >= 0:
        w0, a0 = work.weights[units[t]], work.activity[units[t]]
        for j in range(reconstruction.size):
            reconstruction[j] += a0 * w0[j]
        t -= 1


@kernel()
def _squared_error(sample: Floats, reconstruction: Floats, n_inputs: int) -> float:
    """Return the mean squared error; four sums, as one has to wait for itself."""
    zero = sample.dtype.type(0)
    s0, s1, s2, s3 = zero, zero, zero, zero
    whole = sample.size - sample.size % 4
    for j in range(0, whole, 4):
        s0 += (sample[j] - reconstruction[j]) ** 2
        s1 += (sample[j + 1] - reconstruction[j + 1]) ** 2
        s2 += (sample[j + 2] - reconstruction[j + 2]) ** 2
        s3 += (sample[j + 3] - reconstruction[j + 3]) ** 2
    for j in range(whole, sample.size):
        s0 += (sample[j] - reconstruction[j]) ** 2
    return float(s0 + s1 + s2 + s3) / n_inputs


@kernel()
def _learn(sample: Floats, rule: Rule, work: Work) -> bool:
    """Change the weights of active units: equations 6 to 8; return whether all are finite."""
    # Typed: with a plain 1, float32 would be computed in float64.
    one = work.factor.dtype.type(1)
    factor, clip, least = work.factor, rule.error_clip, rule.least_weight
    for j in range(factor.size):
        r = work.reconstruction[j]
        e = sample[j] - r
        e = clip if e > clip else (-clip if e < -clip else e)
        factor[j] = rule.rate * e / (rule.floor if r < rule.floor else r)
    largest = rule.floor
    if rule.fades:
        for j in range(factor.size):
            largest = max(largest, abs(factor[j]))
    all_finite = True
    for t in range(work.lengths[0]):
        unit = work.active[t]
        row, activity = work.weights[unit], work.activity[unit]
        # Below 1 floats lie eps / 2 apart: 1 + x is exactly 1 while |x| is at most eps / 4.
        # Where that holds for the largest factor, no bit of the row would change.
        if rule.fades and abs(activity) * largest <= rule.least_change:
            continue
        for j in range(row.size):
            changed = row[j] * (one + activity * factor[j])
            faded = (abs(changed) < least) & (row[j] != 0)
            row[j] = np.copysign(least, changed) if faded else changed
            all_finite &= abs(changed) <= rule.most
        if rule.clips_weights:
            for j in range(row.size):
                w = row[j]
                row[j] = rule.weight_clip if w > rule.weight_clip else (0 if w < 0 else w)
        if not work.is_changed[unit]:
            work.is_changed[unit] = True
            work.changed[work.lengths[1]] = unit
            work.lengths[1] += 1
    return all_finite


@kernel()
def _learn_steps(
    pixels: Bytes,
    order: Integers,
    levels: Floats,
    block: Block,
    sheet: Sheet,
    rule: Rule,
    work: Work,
    largest_error: float,
) -> tuple[int, float, float]:
    """Learn samples in turn; return steps done, their summed error, the last one."""
    total, error = 0.0, 0.0
    for first in range(0, order.size, block.of_sample.length.size):
        chosen = order[first : first + block.of_sample.length.size]
        _show(pixels, chosen, levels, block)
        _drive(work, block, chosen.size)
        for b in range(chosen.size):
            sample, drive = block.samples[b], block.drives[b]
            if rule.fades and (first + b) % FORGET_EVERY == 0:
                _forget_faded(rule, work)
            _drive_changed(work, block, b)
            _score(drive, sheet, work.score)
            _choose_winners(work.score, work.winners)
            _respond(drive, rule, work)
            _reconstruct(work)
            error = _squared_error(sample, work.reconstruction, pixels.shape[1])
            if not error <= largest_error:
                return first + b, total, error
            total += error
            all_finite = _learn(sample, rule, work)
            if not all_finite and block.leaves_out[0]:
                # 0 times that weight is no longer 0: from now on all is added up.
                block.leaves_out[0] = False
                _show(pixels, chosen, levels, block)
        for t in range(work.lengths[1]):
            work.is_changed[work.changed[t]] = False
        work.lengths[1] = 0
    return order.size, total, error


# ------------------------------------------------------------------ engine


class FastMwta:
    """Keeps the weights in rows of whole chunks, and shows samples to the kernels above."""

    def __init__(self, experiment: Experiment, state: mwta.State, pixels: Bytes) -> None:
        settings: Mwta = experiment.settings
        self._pixels, self._levels = pixels, levels(experiment.dtype)
        n_units, n_inputs = state.weights.shape
        self._weights = _aligned(n_units, n_inputs, experiment.dtype)
        self._weights[:, :n_inputs] = state.weights
        state.weights = self._weights[:, :n_inputs]
        self.state = state
        self._block = _room_for_a_block(n_units, n_inputs, experiment.dtype)
        self._block.leaves_out[0] = np.isfinite(state.weights).all()
        self._sheet = _sheet(settings.lateral, experiment.grid, experiment.dtype)
        self._rule = _rule(settings, np.dtype(experiment.dtype))

    def advance(
        self,
        order: Integers,
        tick: Callable[[int], object],
        thorough: bool = False,
    ) -> Tally:
        """Show an epoch's samples; see :class:`topodream.engines.Engine`."""
        work = _work(self._weights, self.state, self._rule)

        def learn(some: Integers, _first: int) -> tuple[int, float, float]:
            return _learn_steps(
                self._pixels, some, self._levels, self._block, self._sheet, self._rule, work,
                LARGEST_ERROR,
            )  # fmt: skip

        steps, squared_error, error = in_calls(order, STEPS_PER_CALL, learn, tick)
        return Tally(steps, steps, squared_error, work.wins, work.activity_sum, error)


def _aligned(rows: int, length: int, dtype: str) -> Floats:
    """Return zeros, at least (rows, length): rows of whole chunks, each on a line of the cache.

    A vector that lies across two lines takes twice as long to load.
    """
    chunk = BYTES_PER_CHUNK // np.dtype(dtype).itemsize
    stride = -(-length // chunk) * chunk
    room = np.empty(rows * stride + chunk, dtype)
    room[:] = 0
    first = -room.ctypes.data % BYTES_PER_CHUNK // room.itemsize
    return room[first : first + rows * stride].reshape(rows, stride)


def _room_for_a_block(n_units: int, n_inputs: int, dtype: str) -> Block:
    n_bytes = n_units * n_inputs * np.dtype(dtype).itemsize
    n_samples = SAMPLES_AHEAD_IN_CACHE if n_bytes <= BYTES_IN_CACHE else SAMPLES_AHEAD
    samples = _aligned(n_samples + TILE_SAMPLES, n_inputs, dtype)
    n_chunks = samples[0].nbytes // BYTES_PER_CHUNK
    of_sample, of_tile = (
        Chunks(np.zeros((n_samples, n_chunks), np.uint32), np.zeros(n_samples, np.int64))
        for _ in range(2)
    )
    return Block(
        samples=samples,
        leaves_out=np.ones(1, np.bool_),
        of_sample=of_sample,
        of_tile=of_tile,
        drives=_aligned(n_samples + TILE_SAMPLES, n_units, dtype),
    )


def _sheet(lateral: Lateral, grid: Grid, dtype: str) -> Sheet:
    unheard = 1 if lateral.edge == "notebook" else 0
    wraps = lateral.edge == "wrap"
    # Beyond the grid there is nothing to reach; a torus is no smaller than a neighbourhood.
    down, across = min(lateral.radius, grid.rows - 1), min(lateral.radius, grid.cols - 1)
    stride = grid.cols + (2 * across if wraps else across)
    places = across + (grid.rows + 2 * down) * stride
    heard, row_sums, sums = np.zeros((3, places), dtype)
    return Sheet(
        wraps,
        grid.rows,
        grid.cols,
        grid.rows - unheard,
        grid.cols - unheard,
        down,
        across,
        stride,
        mwta.lateral_gain(lateral, grid, dtype),
        heard,
        row_sums,
        sums,
        np.zeros((2, places), dtype),
    )


def _rule(settings: Mwta, dtype: np.dtype[Any]) -> Rule:
    number, eps = dtype.type, np.finfo(dtype).eps
    return Rule(
        n_winners=settings.n_winners,
        excited=settings.activation == "excited",
        fades=settings.trace is not None,
        trace=number(1 if settings.trace is None else settings.trace),
        rate=number(settings.learning_rate),
        error_clip=number(np.inf if settings.error_clip is None else settings.error_clip),
        clips_weights=settings.weight_clip is not None,
        weight_clip=number(np.inf if settings.weight_clip is None else settings.weight_clip),
        floor=number(LEAST_RECONSTRUCTION),
        least_weight=number(least_weight(dtype)),
        least_change=number(eps / 4),
        most=np.finfo(dtype).max,
        negligible=number(eps / 4 * LEAST_RECONSTRUCTION),
    )


def _work(weights: Floats, state: mwta.State, rule: Rule) -> Work:
    n_units, length = weights.shape
    dtype = weights.dtype
    numbers = np.arange(n_units + 2 * TILE_ROWS, dtype=np.uint32)
    active = np.flatnonzero(state.activity)
    units = np.zeros((2, n_units + ROWS_OF_ONE), np.uint32)
    units[0, : len(active)] = active
    reconstruction, factor = np.zeros((2, length), dtype)
    return Work(
        weights=weights,
        units=np.minimum(numbers, n_units - 1),
        activity=state.activity,
        fresh=np.zeros(n_units, dtype),
        score=np.zeros(n_units, dtype),
        winners=np.zeros(rule.n_winners, np.uint32),
        active=units[0],
        is_active=state.activity != 0,
        changed=units[1],
        is_changed=np.zeros(n_units, np.bool_),
        lengths=np.array([len(active), 0]),
        reconstruction=reconstruction,
        factor=factor,
        wins=np.zeros(n_units, np.int64),
        activity_sum=np.zeros(n_units),
    )
