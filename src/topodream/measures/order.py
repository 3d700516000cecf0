"""Whether the map is one: whether units that are near on the grid like what is alike."""

import itertools
import math

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices, Integers
from topodream.blocks import blocks
from topodream.data.samples import Vectors
from topodream.grid import Grid, Period, shorter_way
from topodream.measures.measure import Measure, Shown, Subject, Values, measured
from topodream.measures.sampling import SEED, shuffled, spread

RANDOM_PAIRS = 20_000
# Pairs at a time, and numbers of one of each: their prototypes stay in the processor's cache.
BLOCK, BLOCK_NUMBERS = 200, 2**18
# Prototypes are alike where they are more similar than this share of random pairs.
ALIKE = 0.95
SHUFFLES = 20
# Trustworthiness compares each sample with every other one.
TRUST_SAMPLES = 1000
TRUST_NEIGHBOURS = 10
# How far apart units are compared, and the gain of neighbours below which there is no order.
FARTHEST = 10
NO_ORDER = 0.05

Pairs = tuple[Indices, Indices]
Kept = npt.NDArray[np.bool_]
NO_PAIRS: Pairs = (np.empty(0, np.intp), np.empty(0, np.intp))


# ------------------------------------------------------------------ pairs of prototypes


def directions(weights: Floats, *, centred: bool) -> Floats:
    """Return prototypes scaled to length 1, constant (or zero) ones as 0: (n_units, n_inputs).

    With ``centred`` each one's mean is taken off before, so that products of two are their
    Pearson correlation; without, their cosine. Constant is what varies by no more than
    rounding.
    """
    dtype = np.result_type(weights, float) if centred else weights.dtype
    unit: Floats = np.zeros(weights.shape, dtype)
    for rows in blocks(weights.shape):
        _direct(weights[rows], unit[rows], centred)
    return unit


def _direct(weights: Floats, unit: Floats, centred: bool) -> None:
    """Write the directions of prototypes into ``unit``, which is 0."""
    floor = np.zeros((len(weights), 1))
    if centred:
        floor = 1e-7 * np.linalg.norm(weights, axis=1, keepdims=True)
        weights = weights - weights.mean(axis=1, keepdims=True, dtype=float)
    norms = np.linalg.norm(weights, axis=1, keepdims=True)
    np.divide(weights, norms, out=unit, where=norms > floor)


def similarities(unit: Floats, pairs: Pairs) -> Floats:
    """Return the product of pairs of directions, (n_pairs,): their correlation or cosine.

    A pair that is there several times, in whatever order, is computed once.
    """
    n_units, n_inputs = unit.shape
    numbers = np.minimum(*pairs) * n_units + np.maximum(*pairs)
    different, places = np.unique(numbers, return_inverse=True)
    one, other = np.divmod(different, n_units)
    parts = blocks((len(different), n_inputs), min(BLOCK * n_inputs, BLOCK_NUMBERS))
    products = [np.einsum("pi,pi->p", unit[one[p]], unit[other[p]]) for p in parts]
    return np.concatenate(products)[places] if products else np.array([])


def pairs_apart(grid: Grid, rows: int, cols: int) -> Pairs:
    """Return every pair of units whose second is ``rows`` below and ``cols`` right of its first.

    >>> pairs_apart(Grid(2, 3), 0, 2)
    (array([0, 3]), array([2, 5]))
    """
    numbers = grid.sheet(np.arange(grid.n_units))
    if grid.period is not None:
        return numbers.ravel(), np.roll(numbers, (-rows, -cols), (0, 1)).ravel()
    first = numbers[: max(grid.rows - rows, 0), : max(grid.cols - cols, 0)]
    return first.ravel(), numbers[rows:, cols:].ravel()


def neighbour_pairs(grid: Grid) -> Pairs:
    """Return every pair of units that touch along a row or a column.

    >>> neighbour_pairs(Grid(2, 2))
    (array([0, 2, 0, 1]), array([1, 3, 2, 3]))
    """
    return _joined(pairs_apart(grid, 0, 1), pairs_apart(grid, 1, 0))


def random_pairs(n_units: int, n_pairs: int, rng: np.random.Generator) -> Pairs:
    """Draw pairs of two different units, with repetition."""
    one = rng.integers(n_units, size=n_pairs)
    return one, (one + rng.integers(1, n_units, size=n_pairs)) % n_units


def some_pairs(grid: Grid) -> Pairs:
    """Return RANDOM_PAIRS of two different units, the same ones for every measure."""
    if grid.n_units == 1:
        return NO_PAIRS
    return random_pairs(grid.n_units, RANDOM_PAIRS, np.random.default_rng(SEED))


def among(pairs: Pairs, kept: Kept) -> Pairs:
    """Return those pairs of which both units are kept."""
    both = kept[pairs[0]] & kept[pairs[1]]
    return pairs[0][both], pairs[1][both]


def _mean(unit: Floats, pairs: Pairs) -> float:
    """Return the mean similarity of pairs, NaN where there are none."""
    return float(similarities(unit, pairs).mean()) if len(pairs[0]) else math.nan


# ------------------------------------------------------------------ likeness on the grid


def smoothness(weights: Floats, grid: Grid, kept: Kept) -> dict[str, float]:
    """Return the mean correlation of neighbouring prototypes and of random pairs.

    A map without order has the same value for both: their difference is what order adds.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    grid : Grid
    kept : (n_units,) bool
        Units that count; so in all functions on prototypes here.

    Returns
    -------
    dict
        NaN where there are no pairs.
    """
    unit = directions(weights, centred=True)
    neighbours = _mean(unit, among(neighbour_pairs(grid), kept))
    others = _mean(unit, among(some_pairs(grid), kept))
    return {
        "neighbour_correlation": neighbours,
        "random_correlation": others,
        "correlation_gain": neighbours - others,
    }


def reaches(weights: Floats, grid: Grid, kept: Kept) -> dict[str, float | None]:
    """Return how far over the grid likeness of prototypes reaches, in units.

    See :func:`half_way` and :func:`integral_scale`; docs/measures.md has the formulas.
    """
    unit = directions(weights, centred=True)
    level = _mean(unit, among(some_pairs(grid), kept))
    rows = [among(pairs_apart(grid, 0, d), kept) for d in _distances(grid, grid.cols)]
    cols = [among(pairs_apart(grid, d, 0), kept) for d in _distances(grid, grid.rows)]
    either = [_joined(*pairs) for pairs in itertools.zip_longest(rows, cols, fillvalue=NO_PAIRS)]
    along_both, along_rows, along_cols = (
        np.array([_mean(unit, pairs) - level for pairs in group]) for group in (either, rows, cols)
    )
    return {
        "order_range": half_way(along_both),
        "row_reach": integral_scale(along_rows / (1 - level)),
        "column_reach": integral_scale(along_cols / (1 - level)),
    }


def _distances(grid: Grid, length: int) -> range:
    """Return how far apart units of a line are, up to FARTHEST: on a torus up to half way round."""
    farthest = length - 1 if grid.period is None else length // 2
    return range(1, min(FARTHEST, farthest) + 1)


def _joined(some: Pairs, others: Pairs) -> Pairs:
    return np.concatenate([some[0], others[0]]), np.concatenate([some[1], others[1]])


def half_way(likeness: Floats) -> float | None:
    """Return where values for distances 1, 2, ... first fall to half of the first one.

    Between whole distances they are interpolated. None where there is nothing to halve, the
    first being below NO_ORDER, or where they don't fall that far.

    >>> half_way(np.array([0.8, 0.6, 0.2]))
    2.5
    """
    if not len(likeness) or not likeness[0] >= NO_ORDER:
        return None
    half = likeness[0] / 2
    below = np.flatnonzero(likeness <= half)
    if not len(below):
        return None
    after = int(below[0])
    before = likeness[after - 1]
    return float(after + (before - half) / (before - likeness[after]))


def integral_scale(likeness: Floats) -> float | None:
    """Return the sum of values for distances 1, 2, ... up to the first that isn't above 0.

    Like the integral scale of turbulence (Tennekes and Lumley 1972, section 2.3). None where
    there are no values.

    >>> integral_scale(np.array([0.5, 0.25, -0.125, 0.25]))
    0.75
    """
    if not len(likeness) or math.isnan(likeness[0]):
        return None
    return float(likeness[np.logical_and.accumulate(likeness > 0)].sum())


def cosines(weights: Floats, grid: Grid, kept: Kept) -> dict[str, float]:
    """Return the mean cosine of prototypes next to each other, and of random pairs.

    NaN where there are no pairs.
    """
    unit = directions(weights, centred=False)
    return {
        "row_cosine": _mean(unit, among(pairs_apart(grid, 0, 1), kept)),
        "column_cosine": _mean(unit, among(pairs_apart(grid, 1, 0), kept)),
        "random_cosine": _mean(unit, among(some_pairs(grid), kept)),
    }


def line_lengths(weights: Floats, grid: Grid, kept: Kept) -> dict[str, float | None]:
    """Return the mean length of lines of like units, for the map and for it shuffled.

    A line is a longest run of units along a row of which each is alike the next: their
    prototypes' cosine is above that of ALIKE of all random pairs. A unit that is alike
    neither neighbour, or doesn't count, is a line of length 1; a row of a torus all of whose
    units are alike is one line.
    """
    some = among(some_pairs(grid), kept)
    if grid.cols == 1 or not len(some[0]):
        return {"line_length": None, "line_length_shuffled": None}
    unit = directions(weights, centred=False)
    threshold = float(np.quantile(similarities(unit, some), ALIKE))
    unit[~kept] = 0
    rng = np.random.default_rng(SEED)
    orders = [rng.permutation(grid.n_units) for _ in range(SHUFFLES)]
    chance = [line_length(unit, grid, threshold, order) for order in orders]
    return {
        "line_length": line_length(unit, grid, threshold),
        "line_length_shuffled": float(np.mean(chance)),
    }


def line_length(unit: Floats, grid: Grid, threshold: float, order: Indices | None = None) -> float:
    """Return the mean number of units in a line, see :func:`line_lengths`.

    Parameters
    ----------
    unit : (n_units, n_inputs)
        Prototypes of length 1.
    grid : Grid
    threshold : float
    order : (n_units,), optional
        The unit that stands at each place of the grid, where they are shuffled.
    """
    one, other = pairs_apart(grid, 0, 1)
    if order is not None:
        one, other = order[one], order[other]
    joints = (similarities(unit, (one, other)) > threshold).reshape(grid.rows, -1).sum(axis=1)
    # Every joint makes two lines one, but the one that closes a ring.
    n_lines = int(np.maximum(grid.cols - joints, 1).sum())
    return grid.n_units / n_lines


# ------------------------------------------------------------------ samples on the grid


def topographic_errors(best: Indices, grid: Grid) -> dict[str, float | None]:
    """Return how often first and second winner don't touch, for the map and by chance.

    Chance is exact: the mean over all ways to shuffle the units, which makes of two winners
    any two units.

    Parameters
    ----------
    best : (n_samples, 2 or more)
        First and second winner, of samples whose winners are clear, see ``ranked`` and
        ``clear`` of :class:`topodream.measures.responses.Responses`.
    grid : Grid
    """
    if grid.n_units == 1 or not len(best):
        return {"topographic_error": None, "topographic_error_shuffled": None}
    apart = grid.apart(best[:, 0], best[:, 1]).max(axis=1)
    shifts = [(0, 1), (1, 0), (1, 1), (1, 1)]  # two diagonals, with as many pairs each
    touching = sum(len(pairs_apart(grid, *shift)[0]) for shift in shifts)
    all_pairs = grid.n_units * (grid.n_units - 1) / 2
    return {
        "topographic_error": float(np.mean(apart > 1)),
        "topographic_error_shuffled": 1 - touching / all_pairs,
    }


def trust(ranks: Integers, best: Indices, grid: Grid) -> dict[str, float | None]:
    """Return the trustworthiness of the map, and of the map with its units shuffled.

    Shuffled, samples with the same winner stay together, so that it is above 1/2.

    Parameters
    ----------
    ranks : (n_chosen, n_chosen)
        Of samples, see :func:`ranks_of_others`.
    best : (n_samples, ...)
        Their winners, the first one first.
    grid : Grid
    """
    chosen = spread(len(best), TRUST_SAMPLES)
    if len(chosen) <= 2 * TRUST_NEIGHBOURS or grid.n_units == 1:
        return {"trustworthiness": None, "trustworthiness_shuffled": None}
    # Samples of one winner lie on one point: less than half a unit's jitter breaks the ties.
    jitter = np.random.default_rng(SEED).uniform(-0.01, 0.01, (len(chosen), 2))
    winners = best[chosen, 0]

    def of(units: Indices) -> float:
        places = np.stack(np.divmod(units, grid.cols), axis=1) + jitter
        return trustworthiness(ranks, places, TRUST_NEIGHBOURS, grid.period)

    return {
        "trustworthiness": of(winners),
        "trustworthiness_shuffled": of(shuffled(grid.n_units)[winners]),
    }


def ranks_of_others(samples: Floats | Vectors) -> Integers:
    """Return of each sample which rank others have by their distance from it, from 1 on.

    Parameters
    ----------
    samples : (n_samples, n_inputs)
        At most TRUST_SAMPLES of them are chosen, evenly spread.

    Returns
    -------
    (n_chosen, n_chosen)
        Row by row; a sample is the last of its own.
    """
    samples = samples[spread(len(samples), TRUST_SAMPLES)]
    # In the precision of the samples, so that those that are equally far stay so.
    apart = np.sqrt(squared_distances(samples).astype(samples.dtype))
    np.fill_diagonal(apart, np.inf)
    ranks = np.empty(apart.shape, np.int64)
    np.put_along_axis(ranks, apart.argsort(axis=1), np.arange(1, len(ranks) + 1)[None], axis=1)
    return ranks


def squared_distances(points: Floats) -> Floats:
    """Return the squared Euclidean distance of every two points: (n_points, n_points)."""
    wide = points.astype(float)
    lengths = np.einsum("pi,pi->p", wide, wide)
    apart: Floats = np.maximum(-2 * (wide @ wide.T) + lengths[:, None] + lengths, 0)
    return apart


def squared_distances_round(places: Floats, period: Period) -> Floats:
    """Return the squared distance of every two places of a map: (n_places, n_places)."""
    if period is None:
        return squared_distances(places)
    apart: Floats = shorter_way(np.abs(places[:, None] - places), period)
    squared: Floats = np.einsum("pqi,pqi->pq", apart, apart)
    return squared


def trustworthiness(
    ranks: Integers, places: Floats, n_neighbours: int, period: Period = None
) -> float:
    """Return whether what is near on a map is near by ranks too: 1 if all is.

    Venna and Kaski 2001.

    Parameters
    ----------
    ranks : (n_samples, n_samples)
        See :func:`ranks_of_others`.
    places : (n_samples, 2)
        Where samples are on the map.
    n_neighbours : int
        Less than half as many as samples.
    period : Period
        That of the map's grid.
    """
    n = len(ranks)
    apart = squared_distances_round(places, period)
    np.fill_diagonal(apart, np.inf)
    near = np.argpartition(apart, n_neighbours - 1, axis=1)[:, :n_neighbours]
    beyond = np.maximum(np.take_along_axis(ranks, near, axis=1) - n_neighbours, 0)
    return 1 - int(beyond.sum()) * (2 / (n * n_neighbours * (2 * n - 3 * n_neighbours - 1)))


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "neighbour_correlation",
        "correlation of neighbours",
        "mean correlation of prototypes of adjacent units",
        ".2f",
        better="higher",
        null="random_correlation",
    ),
    Measure(
        "random_correlation",
        "correlation of random pairs",
        "the same for random pairs of units: what no order would give",
        ".2f",
    ),
    Measure(
        "correlation_gain",
        "gain in correlation",
        "correlation of neighbours less that of random pairs; 0 without order",
        ".2f",
        better="higher",
    ),
    group="order",
)
def _smoothness(subject: Subject) -> Values:
    return smoothness(subject.weights, subject.grid, subject.kept)


@measured(
    Measure(
        "order_range",
        "range of order, units",
        "how many units apart the gain in correlation is down to half that of neighbours",
        ".1f",
    ),
    Measure(
        "row_reach",
        "reach of likeness along rows, units",
        "likeness of prototypes summed over their distance in a row; 0 without order",
        ".2f",
    ),
    Measure(
        "column_reach", "reach of likeness along columns, units", "the same along columns", ".2f"
    ),
    group="order",
)
def _reaches(subject: Subject) -> Values:
    return reaches(subject.weights, subject.grid, subject.kept)


@measured(
    Measure(
        "row_cosine",
        "cosine along rows",
        "mean cosine of prototypes of units next to each other in a row",
        ".2f",
        null="random_cosine",
    ),
    Measure(
        "column_cosine",
        "cosine along columns",
        "the same for units next to each other in a column",
        ".2f",
        null="random_cosine",
    ),
    Measure(
        "random_cosine",
        "cosine of random pairs",
        "the same for random pairs of units: what no order would give",
        ".2f",
    ),
    group="order",
)
def _cosines(subject: Subject) -> Values:
    return cosines(subject.weights, subject.grid, subject.kept)


@measured(
    Measure(
        "line_length",
        "length of lines, units",
        "mean length of runs of like units along a row",
        ".2f",
        null="line_length_shuffled",
    ),
    Measure(
        "line_length_shuffled",
        "length of lines, shuffled",
        "the same with the map's units shuffled",
        ".2f",
    ),
    group="order",
)
def _line_lengths(subject: Subject) -> Values:
    return line_lengths(subject.weights, subject.grid, subject.kept)


@measured(
    Measure(
        "topographic_error",
        "topographic error",
        "share of samples whose first and second winner don't touch (8 neighbours)",
        ".1%",
        better="lower",
        null="topographic_error_shuffled",
    ),
    Measure(
        "topographic_error_shuffled",
        "topographic error, shuffled",
        "the same with the map's units shuffled, mean over all ways to do so",
        ".1%",
    ),
    group="order",
)
def _topographic_errors(subject: Subject) -> Values:
    responses = subject.responses
    return topographic_errors(responses.ranked[responses.clear], subject.grid)


@measured(
    Measure(
        "trustworthiness",
        "trustworthiness",
        "whether samples that win near each other are alike: 1 if all are",
        ".2f",
        better="higher",
        null="trustworthiness_shuffled",
    ),
    Measure(
        "trustworthiness_shuffled",
        "trustworthiness, shuffled",
        "the same with the map's units shuffled",
        ".2f",
    ),
    group="order",
)
def _trust(subject: Subject) -> Values:
    ranks = subject.shown.once(_ranks)
    return trust(ranks, subject.responses.ranked, subject.grid)


def _ranks(shown: Shown) -> Integers:
    return ranks_of_others(shown.samples)
