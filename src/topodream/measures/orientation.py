"""Which orientation units prefer, and whether the map is one of orientations.

An orientation turns back into itself after half a circle. So a preference is a complex number whose
angle is twice the orientation's, and whose length says how selective the unit is.
"""

import math

import numpy as np

from topodream.arrays import Complex, Floats, Integers
from topodream.blocks import blocks
from topodream.form import Form
from topodream.grid import Grid
from topodream.measures.measure import Measure, Shown, Subject, Values, measured
from topodream.measures.order import SHUFFLES, Kept, Pairs, among, neighbour_pairs, some_pairs
from topodream.measures.sampling import SEED
from topodream.traits import SIGNED

# Of the gratings that units are shown.
N_ORIENTATIONS = 16
LEAST_FREQUENCY, FREQUENCY_STEP = 1.0, 0.5
# Above that selectivity a unit is oriented.
ORIENTED = 0.3
# What images without contrast answer for their rounding, as a part of their length.
ROUNDING = 1e-5
# Images of white noise, to compare with.
N_NOISE = 1000


# ------------------------------------------------------------------ of units


def gratings(height: int, width: int, frequency: float) -> Floats:
    """Return gratings of a frequency, of mean 0 and length 1.

    Parameters
    ----------
    height, width : int
        In pixels.
    frequency : float
        In cycles per shorter side.

    Returns
    -------
    (2, N_ORIENTATIONS, height * width)
        Cosines and sines, whose phase is that of the middle. Orientation ``k`` is that of the bars,
        pi k / N_ORIENTATIONS anticlockwise from lying ones.
    """
    angles = np.pi * np.arange(N_ORIENTATIONS)[:, None, None] / N_ORIENTATIONS
    down = (np.arange(height) - (height - 1) / 2)[:, None]
    right = np.arange(width) - (width - 1) / 2
    # Across the bars: rows are counted downwards.
    across = np.sin(angles) * right + np.cos(angles) * down
    phases = (2 * np.pi * frequency / min(height, width) * across).reshape(N_ORIENTATIONS, -1)
    waves = np.stack([np.cos(phases), np.sin(phases)])
    waves -= waves.mean(axis=-1, keepdims=True)
    scaled: Floats = waves / np.linalg.norm(waves, axis=-1, keepdims=True)
    return scaled


def frequencies(height: int, width: int) -> Floats:
    """Return the frequencies of gratings: those that so many pixels can show.

    >>> frequencies(6, 8)
    array([1. , 1.5, 2. , 2.5])
    """
    return np.arange(LEAST_FREQUENCY, min(height, width) / 2, FREQUENCY_STEP)


def tuning(images: Floats, frequency: float) -> Floats:
    """Return the amplitude R with which images answer to gratings, at their best phase.

    As a complex cell of two simple ones does (Adelson and Bergen 1985).

    Parameters
    ----------
    images : (n_images, height, width)
    frequency : float
        In cycles per shorter side.

    Returns
    -------
    (n_images, N_ORIENTATIONS)
    """
    waves = gratings(images.shape[1], images.shape[2], frequency).astype(images.dtype)
    flat = images.reshape(len(images), -1)
    amplitudes: Floats = np.hypot(*(flat @ each.T for each in waves))
    return amplitudes


def preferences(weights: Floats, form: Form) -> Complex:
    """Return which orientation prototypes prefer, at the frequency of their largest amplitude.

    The mean direction of doubled angles, weighted by amplitude (Swindale 1998): z = sum R exp(2 i
    theta) / sum R. :func:`angles` has the orientation, the absolute value is the selectivity.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    form : Form
        Theirs. What counts is their brightness.

    Returns
    -------
    (n_units,)
        0 for prototypes without any, or any finite, contrast.
    """
    found = np.zeros(len(weights), complex)
    for rows in blocks(weights.shape):
        found[rows] = _preferences(form.brightness(weights[rows]))
    return found


def _preferences(images: Floats) -> Complex:
    best: Floats = np.zeros((len(images), N_ORIENTATIONS), images.dtype)
    for frequency in frequencies(*images.shape[1:]):
        amplitudes = tuning(images, frequency)
        better = amplitudes.max(axis=1) > best.max(axis=1)
        best[better] = amplitudes[better]
    turned = np.exp(2j * np.pi * np.arange(N_ORIENTATIONS) / N_ORIENTATIONS)
    total = best.sum(axis=1, dtype=float)
    known = np.isfinite(total) & (total > ROUNDING * np.linalg.norm(images, axis=(1, 2)))
    vectors: Complex = np.divide(
        best @ turned, total, out=np.zeros(len(best), complex), where=known
    )
    return vectors


def angles(preferred: Complex) -> Floats:
    """Return the orientations that are preferred: radians in [0, pi), 0 of lying bars."""
    turned: Floats = np.angle(preferred) / 2 % np.pi
    # What is below 0 by less than rounding would be pi.
    return np.where(turned < np.pi, turned, 0)


def oriented(preferred: Complex) -> Kept:
    """Return which units are oriented."""
    return np.abs(preferred) > ORIENTED


# ------------------------------------------------------------------ of maps


def mean_turn(preferred: Complex, pairs: Pairs) -> float:
    """Return by how many degrees the axes of pairs differ in the mean, at most 90; NaN of no pairs.

    Parameters
    ----------
    preferred : (n_units,)
        Of twice the angle of each axis.
    pairs : Pairs
    """
    if not len(pairs[0]):
        return math.nan
    turned = np.angle(preferred[pairs[0]] * preferred[pairs[1]].conj())
    return float(np.degrees(np.abs(turned).mean())) / 2


def fours(preferred: Complex, grid: Grid) -> Complex:
    """Return all four units that touch: anticlockwise from the upper left one, as one sees them.

    Returns
    -------
    (4, rows - 1, cols - 1), on a torus (4, rows, cols)
    """
    sheet = grid.sheet(preferred)
    if grid.period is not None:
        sheet = np.pad(sheet, ((0, 1), (0, 1)), mode="wrap")
    return np.stack([sheet[:-1, :-1], sheet[1:, :-1], sheet[1:, 1:], sheet[:-1, 1:]])


def windings(preferred: Complex, grid: Grid) -> Integers:
    """Return how preferred orientations turn round each four units that touch.

    Round a pinwheel all orientations are met once: 1 if they turn as the way round them does, -1
    if against it.

    Parameters
    ----------
    preferred : (n_units,)
        0 for units without a preference: round them nothing turns.
    grid : Grid

    Returns
    -------
    (rows - 1, cols - 1), on a torus (rows, cols)
        By the upper left of the four: -1, 0 or 1.
    """
    units = fours(preferred, grid)
    turned = np.angle(np.roll(units, -1, axis=0) * units.conj()).sum(axis=0)
    whole: Integers = np.rint(turned / (2 * np.pi)).astype(np.int64)
    return np.where(np.all(units != 0, axis=0), whole, 0)


def pinwheel_share(preferred: Complex, grid: Grid) -> float:
    """Return the share of four units that touch round which orientations turn; NaN of none.

    Of units that have nothing to do with each other it is 1/3. Those without a preference don't count.
    """
    n_fours = np.count_nonzero(np.all(fours(preferred, grid) != 0, axis=0))
    n_pinwheels = np.count_nonzero(windings(preferred, grid))
    return float(n_pinwheels / n_fours) if n_fours else math.nan


def pinwheels(preferred: Complex, grid: Grid) -> dict[str, float]:
    """Return the share of pinwheels, for the map and for it shuffled."""
    rng = np.random.default_rng(SEED)
    chance = [pinwheel_share(rng.permutation(preferred), grid) for _ in range(SHUFFLES)]
    return {
        "pinwheels": pinwheel_share(preferred, grid),
        "pinwheels_shuffled": float(np.mean(chance)),
    }


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "selectivity",
        "orientation selectivity",
        "how much better its best orientation drives a unit than others: 0 to 1; mean over units",
        ".2f",
        null="selectivity_noise",
    ),
    Measure(
        "selectivity_noise",
        "orientation selectivity of noise",
        "the same for white noise: what prototypes are before they learn",
        ".2f",
    ),
    Measure(
        "oriented",
        "oriented units",
        "share of units of a selectivity above 0.3",
        ".1%",
        null="oriented_noise",
    ),
    Measure("oriented_noise", "oriented, of noise", "the same for white noise", ".1%"),
    Measure(
        "orientation_difference",
        "orientation difference, degrees",
        "how much preferred orientations of adjacent oriented units differ: 0 to 90",
        ".0f",
        better="lower",
        null="orientation_difference_random",
    ),
    Measure(
        "orientation_difference_random",
        "orientation difference of random pairs",
        "the same for random pairs of oriented units; 45 where all orientations are as frequent",
        ".0f",
    ),
    Measure(
        "pinwheels",
        "pinwheels",
        "share of four units that touch round which all orientations are met",
        ".2f",
        better="lower",
        null="pinwheels_shuffled",
    ),
    Measure(
        "pinwheels_shuffled",
        "pinwheels, shuffled",
        "the same with the map's units shuffled; about 1/3",
        ".2f",
    ),
    group="orientation",
    needs=(SIGNED,),
)
def _orientations(subject: Subject) -> Values:
    grid = subject.grid
    preferred = preferences(subject.weights, subject.model.form) * subject.kept
    tuned = oriented(preferred)
    noise = subject.shown.once(_noise)
    return {
        "selectivity": float(np.abs(preferred).mean()),
        "selectivity_noise": float(np.abs(noise).mean()),
        "oriented": float(tuned.mean()),
        "oriented_noise": float(oriented(noise).mean()),
        "orientation_difference": mean_turn(preferred, among(neighbour_pairs(grid), tuned)),
        "orientation_difference_random": mean_turn(preferred, among(some_pairs(grid), tuned)),
        **pinwheels(preferred, grid),
    }


def _noise(shown: Shown) -> Complex:
    """Return the preferences of white noise of the form of samples."""
    height, width = shown.data.form.height, shown.data.form.width
    values = np.random.default_rng(SEED).standard_normal((N_NOISE, height * width))
    return preferences(values, Form(height, width))
