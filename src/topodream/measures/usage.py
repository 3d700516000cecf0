"""How evenly units are used."""

import numpy as np

from topodream.arrays import Floats, Integers
from topodream.grid import Grid
from topodream.measures.measure import Measure, Subject, Values, last, measured
from topodream.measures.sampling import SEED, spread

# Samples that sparseness is taken of.
SPARSENESS_SAMPLES = 1000


def dead_share(wins: Integers) -> float:
    """Return the share of units that never won."""
    return float(np.mean(wins == 0))


def gini(wins: Integers) -> float | None:
    """Return the Gini coefficient of wins: 0 if all units win alike, 1 - 1/n if one wins all.

    >>> gini(np.array([1, 1, 1, 1])), gini(np.array([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    total, n = int(wins.sum()), len(wins)
    if not total:
        return None
    weight = 2 * np.arange(1, n + 1) - n - 1
    return float(np.sum(weight * np.sort(wins)) / (n * total))


def entropy(wins: Integers) -> float | None:
    """Return the entropy of wins over that of equal ones: 1 if all win alike, 0 if one wins all.

    >>> entropy(np.array([4, 4, 0, 0]))
    0.5
    """
    total = int(wins.sum())
    if not total or len(wins) == 1:
        return None
    shares = wins[wins > 0] / total
    return float(-np.sum(shares * np.log(shares)) / np.log(len(wins))) + 0.0


def largest_share(wins: Integers) -> float | None:
    """Return the share of all wins that the most frequent winner has."""
    total = int(wins.sum())
    return int(wins.max()) / total if total else None


def usage(wins: Integers) -> dict[str, float | None]:
    """Return how unequal wins are, and how unequal those of equal units would be by chance.

    By chance: as many wins, each of any unit with the same probability.

    Parameters
    ----------
    wins : (n_units,)
    """
    n = len(wins)
    dealt = np.random.default_rng(SEED).multinomial(int(wins.sum()), np.full(n, 1 / n))
    return {
        "usage_gini": gini(wins),
        "usage_gini_chance": gini(dealt),
        "usage_entropy": entropy(wins),
        "usage_entropy_chance": entropy(dealt),
        "most_wins_share": largest_share(wins),
        "most_wins_share_chance": largest_share(dealt),
    }


def border_wins(wins: Integers, grid: Grid) -> float | None:
    """Return the mean wins of units at the grid's border over that of all: 1 without an edge.

    None where nobody won, where all units are at the border, or where there is none.
    """
    if grid.period is not None:
        return None
    border = np.ones((grid.rows, grid.cols), bool)
    border[1:-1, 1:-1] = False
    if border.all() or not wins.any():
        return None
    return float(grid.sheet(wins)[border].mean() / wins.mean())


def sparseness(activity: Floats, axis: int) -> float | None:
    """Return the mean sparseness of activity: 0 if all answer alike, 1 if a single one does.

    (1 - a) / (1 - 1/n) with a = mean(r)^2 / mean(r^2) (Treves and Rolls 1991; Vinje and Gallant
    2000), mean over what answers at all.

    Parameters
    ----------
    activity : (n_samples, n_units)
    axis : {0, 1}
        0: over samples for each unit (lifetime); 1: over units for each sample (population).
    """
    n = activity.shape[axis]
    mean, square = activity.mean(axis, dtype=float), np.square(activity, dtype=float).mean(axis)
    answers = square > 0
    if n == 1 or not answers.any():
        return None
    return float(np.mean((1 - mean[answers] ** 2 / square[answers]) / (1 - 1 / n)))


def sparsenesses(fresh: Floats) -> dict[str, float | None]:
    """Return lifetime and population sparseness, and those of answers dealt out at random.

    For lifetime each sample's answers are dealt to units at random, which makes units equal;
    for population each unit's answers are dealt to samples, which makes units independent.

    Parameters
    ----------
    fresh : (n_samples, n_units)
        Activity without a trace; at most SPARSENESS_SAMPLES are used, evenly spread.
    """
    some = fresh[spread(len(fresh), SPARSENESS_SAMPLES)]
    rng = np.random.default_rng(SEED)
    return {
        "lifetime_sparseness": sparseness(some, 0),
        "lifetime_sparseness_shuffled": sparseness(rng.permuted(some, axis=1), 0),
        "population_sparseness": sparseness(some, 1),
        "population_sparseness_shuffled": sparseness(rng.permuted(some, axis=0), 1),
    }


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "dead_in_training",
        "dead units, training",
        "share of units that won nothing in the last epoch",
        ".1%",
        better="lower",
    ),
    Measure(
        "dead_held_out",
        "dead units, held out",
        "share of units that win no held-out sample; grows as samples get fewer",
        ".1%",
        better="lower",
        null="dead_in_training",
    ),
    group="usage",
)
def _dead(subject: Subject) -> Values:
    by_epoch = [dead_share(wins) for wins in subject.model.trained.history.wins]
    return {
        "dead_in_training": last(by_epoch),
        "dead_held_out": dead_share(subject.responses.wins),
    }


@measured(
    Measure(
        "usage_gini",
        "inequality of wins (Gini)",
        "0 if all units win alike in the last epoch, near 1 if one wins all",
        ".2f",
        better="lower",
        null="usage_gini_chance",
    ),
    Measure(
        "usage_gini_chance",
        "inequality of wins, chance",
        "the same if units were equal and wins a matter of chance",
        ".2f",
    ),
    Measure(
        "usage_entropy",
        "entropy of wins",
        "1 if all units win alike in the last epoch, 0 if one wins all",
        ".3f",
        better="higher",
        null="usage_entropy_chance",
    ),
    Measure(
        "usage_entropy_chance",
        "entropy of wins, chance",
        "the same if units were equal and wins a matter of chance",
        ".3f",
    ),
    Measure(
        "most_wins_share",
        "share of the top winner",
        "share of all wins of the last epoch that the most frequent winner has",
        ".2%",
        null="most_wins_share_chance",
    ),
    Measure(
        "most_wins_share_chance",
        "share of the top winner, chance",
        "the same if units were equal and wins a matter of chance",
        ".2%",
    ),
    group="usage",
)
def _usage(subject: Subject) -> Values:
    return usage(subject.wins)


@measured(
    Measure(
        "border_wins",
        "wins at the border",
        "mean wins of units at the grid's border over those of all; 1 without an edge effect",
        ".2f",
    ),
    group="usage",
)
def _border_wins(subject: Subject) -> Values:
    return {"border_wins": border_wins(subject.wins, subject.grid)}


@measured(
    Measure(
        "total_activity",
        "total activity",
        "sum of activity over all units, mean over held-out samples",
        ".2f",
    ),
    group="usage",
)
def _total_activity(subject: Subject) -> Values:
    return {"total_activity": float(subject.responses.activity.sum(axis=1).mean())}


@measured(
    Measure(
        "lifetime_sparseness",
        "lifetime sparseness",
        "1 if a unit answers to a single sample, 0 if to all alike; mean over units",
        ".4f",
        null="lifetime_sparseness_shuffled",
    ),
    Measure(
        "lifetime_sparseness_shuffled",
        "lifetime sparseness, shuffled",
        "the same with each sample's answers dealt to units at random",
        ".4f",
    ),
    Measure(
        "population_sparseness",
        "population sparseness",
        "1 if a single unit answers to a sample, 0 if all do alike; mean over samples",
        ".4f",
        null="population_sparseness_shuffled",
    ),
    Measure(
        "population_sparseness_shuffled",
        "population sparseness, shuffled",
        "the same with each unit's answers dealt to samples at random",
        ".4f",
    ),
    group="usage",
)
def _sparsenesses(subject: Subject) -> Values:
    return sparsenesses(subject.responses.fresh)
