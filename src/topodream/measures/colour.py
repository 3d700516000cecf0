"""Which units prefer colours, which colours these tell apart, and whether they gather on the map.

A unit of opponent colours tells two opposite ones apart, such as red and green: its hue is an axis,
which turns back into itself after half a circle. As of orientations, it is kept as a complex number
of twice its angle.
"""

import math

import numpy as np

from topodream.arrays import Complex, Floats
from topodream.blocks import NUMBERS, blocks
from topodream.data.samples import Vectors
from topodream.form import Form
from topodream.grid import Grid
from topodream.measures.measure import Measure, Shown, Subject, Values, measured
from topodream.measures.order import Kept, Pairs, among, neighbour_pairs, some_pairs
from topodream.measures.orientation import mean_turn
from topodream.traits import OPPONENT

# A unit is coloured where colours have more than that share of its energy.
COLOURED = 0.5


# ------------------------------------------------------------------ of units


def colour_shares(weights: Floats | Vectors, form: Form) -> Floats:
    """Return which share of a prototype's energy its colours have: 0 where all is brightness.

    Parameters
    ----------
    weights : (n_units, n_inputs)
        Or samples.
    form : Form
        Of opponent colours.

    Returns
    -------
    (n_units,)
        sum (a^2 + b^2) / sum (L^2 + a^2 + b^2) over pixels, of brightness L, red against green a, and
        blue against yellow b; NaN for a prototype without any, or any finite, contrast.
    """
    shares = np.empty(len(weights))
    for rows in blocks(weights.shape, NUMBERS // 4):
        energy = np.square(form.images(weights[rows]), dtype=float).sum(axis=(1, 2))
        total = energy.sum(axis=1)
        known = np.isfinite(total) & (total > 0)
        nothing = np.full(len(total), np.nan)
        shares[rows] = np.divide(energy[:, 1:].sum(axis=1), total, out=nothing, where=known)
    return shares


def hues(weights: Floats, form: Form) -> Complex:
    """Return between which colours prototypes tell apart: the axis along which their pixels lie.

    Of pixels h = a + ib, of red against green and blue against yellow, it is the mean of doubled
    angles weighted by energy, sum h^2 / sum |h|^2: half its angle is that of the axis, the principal
    one of all (a, b), which 0 sets from green to red and a quarter turn from yellow to blue; its
    length is 1 where all lie on it.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    form : Form
        Of opponent colours.

    Returns
    -------
    (n_units,)
        0 for prototypes without any, or any finite, colour.
    """
    found = np.zeros(len(weights), complex)
    for rows in blocks(weights.shape, NUMBERS // 4):
        images = form.images(weights[rows]).astype(float)
        pixels = (images[..., 1] + 1j * images[..., 2]).reshape(len(images), -1)
        energy = np.square(np.abs(pixels)).sum(axis=1)
        known = np.isfinite(energy) & (energy > 0)
        nothing = np.zeros(len(energy), complex)
        found[rows] = np.divide(np.square(pixels).sum(axis=1), energy, out=nothing, where=known)
    return found


def coloured(shares: Floats) -> Kept:
    """Return which units are coloured."""
    return shares > COLOURED


# ------------------------------------------------------------------ of maps


def moran(values: Floats, pairs: Pairs) -> float:
    """Return Moran's I: how much values of pairs vary together, over how much all vary.

    Moran 1950. 1 where pairs are equal, about 0 where they have nothing to do with each other.

    Parameters
    ----------
    values : (n_units,)
        NaN of units that don't count.
    pairs : Pairs

    Returns
    -------
    float
        NaN where there are no pairs, or no differences.
    """
    known = np.isfinite(values)
    one, other = among(pairs, known)
    if not len(one) or not np.ptp(values[known]) > 0:
        return math.nan
    apart = values - values[known].mean()
    return float(np.mean(apart[one] * apart[other]) / np.mean(apart[known] ** 2))


def hue_differences(weights: Floats, form: Form, grid: Grid, kept: Kept) -> dict[str, float]:
    """Return the mean difference of hue axes in degrees of neighbours, and of random pairs.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    form : Form
    grid : Grid
    kept : (n_units,) bool
        Units that count.
    """
    axes = hues(weights, form)
    pairs = {"hue_difference": neighbour_pairs(grid), "hue_difference_random": some_pairs(grid)}
    return {name: mean_turn(axes, among(some, kept)) for name, some in pairs.items()}


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "colour_share",
        "colour of prototypes",
        "share of a prototype's energy that is colour, not brightness; mean over units",
        ".2f",
        null="colour_share_samples",
    ),
    Measure("colour_share_samples", "colour of samples", "the same for held-out samples", ".2f"),
    Measure(
        "coloured_units",
        "coloured units",
        "share of prototypes that are colour for more than half of their energy",
        ".1%",
        null="coloured_samples",
    ),
    Measure("coloured_samples", "coloured samples", "the same for held-out samples", ".1%"),
    Measure(
        "colour_clustering",
        "clustering of colour",
        "how alike adjacent units are in their share of colour (Moran's I); 0 without order",
        ".2f",
        better="higher",
    ),
    Measure(
        "hue_difference",
        "hue difference, degrees",
        "how much the hue axes of adjacent coloured units differ: 0 to 90",
        ".0f",
        better="lower",
        null="hue_difference_random",
    ),
    Measure(
        "hue_difference_random",
        "hue difference of random pairs",
        "the same for random pairs of coloured units",
        ".0f",
    ),
    group="colour",
    needs=(OPPONENT,),
)
def _colours(subject: Subject) -> Values:
    weights, form, grid = subject.weights, subject.model.form, subject.grid
    shares = np.where(subject.kept, colour_shares(weights, form), np.nan)
    of_samples = subject.shown.once(_shares_of_samples)
    return {
        "colour_share": _mean(shares),
        "colour_share_samples": _mean(of_samples),
        "coloured_units": float(coloured(shares).mean()),
        "coloured_samples": float(coloured(of_samples).mean()),
        "colour_clustering": moran(shares, neighbour_pairs(grid)),
        **hue_differences(weights, form, grid, coloured(shares)),
    }


def _mean(shares: Floats) -> float:
    """Return the mean of those that are known."""
    known = shares[np.isfinite(shares)]
    return float(known.mean()) if len(known) else math.nan


def _shares_of_samples(shown: Shown) -> Floats:
    return colour_shares(shown.samples, shown.data.form)
