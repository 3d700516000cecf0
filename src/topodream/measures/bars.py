"""Which of the bars that samples are made of units have found (Foldiak 1990)."""

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats
from topodream.measures.measure import Measure, Shown, Subject, Values, measured
from topodream.measures.sampling import spread
from topodream.models.prototypes import drive
from topodream.traits import BARS

# A unit stands for a bar if its answers correlate with the bar's presence by more than this. It
# can't for two: squared correlations with what is independent add up to 1 at most.
FOUND_ABOVE = 0.8
# Training samples that stand for all, as prototypes.
SAMPLES = 1000


def correlations(answers: Floats, bars: npt.NDArray[np.bool_]) -> Floats:
    """Return how units' answers correlate with bars: (n_units, n_bars).

    0 where a unit always answers alike, or a bar is in all samples or in none.

    Parameters
    ----------
    answers : (n_samples, n_units)
    bars : (n_samples, n_bars)
        Which are there.
    """
    one, other = (values - values.mean(axis=0, dtype=float) for values in (answers, bars))
    together = one.T @ other
    lengths = np.outer(np.linalg.norm(one, axis=0), np.linalg.norm(other, axis=0))
    told: Floats = np.divide(together, lengths, out=np.zeros_like(together), where=lengths > 0)
    return told


def found(correlations: Floats) -> npt.NDArray[np.bool_]:
    """Return which bars have a unit that stands for them: (n_bars,)."""
    stands: npt.NDArray[np.bool_] = correlations.max(axis=0) > FOUND_ABOVE
    return stands


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "bars_found",
        "bars found",
        "share of bars that have a unit whose answers correlate with them above 0.8",
        ".1%",
        better="higher",
        null="bars_found_samples",
    ),
    Measure(
        "bars_found_samples",
        "bars found by samples",
        "the same for the drives of as many training samples in place of prototypes",
        ".1%",
    ),
    group="coding",
    needs=(BARS,),
)
def _bars_found(subject: Subject) -> Values:
    stands = found(correlations(subject.responses.fresh, _bars(subject.shown)))
    # As many samples, drawn at random: each bar is missed by all of them, or it is found.
    missed = (1 - subject.shown.once(_share_of_samples)) ** subject.grid.n_units
    return {
        "bars_found": float(np.mean(stands)),
        "bars_found_samples": float(np.mean(1 - missed)),
    }


def _bars(shown: Shown) -> npt.NDArray[np.bool_]:
    """Return which bars the held-out samples have that are used."""
    bars = shown.data.held_out.bars
    assert bars is not None  # noqa: S101
    return bars[: len(shown.samples)]


def _share_of_samples(shown: Shown) -> Floats:
    """Return of each bar which share of training samples would stand for it: (n_bars,)."""
    prototypes = shown.train[spread(len(shown.train), SAMPLES)]
    answers = drive(prototypes, shown.samples[:])
    share: Floats = np.mean(correlations(answers, _bars(shown)) > FOUND_ABOVE, axis=0)
    return share
