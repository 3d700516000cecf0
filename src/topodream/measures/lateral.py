"""What learnt lateral weights are like, and what they do.

Axes of lateral weights: (n_units, n_units), row i is what unit i hears.
"""

import numpy as np

from topodream.arrays import Floats
from topodream.blocks import blocks
from topodream.measures.measure import Measure, Subject, Values, measured
from topodream.models.prototypes import drive
from topodream.traits import COLUMN_INHIBITION, GLOBAL_INHIBITION, LEARNT_EXCITATION


def asymmetry(excitation: Floats) -> float | None:
    """Return |E - E^T| / |E + E^T| (Frobenius norms): 0 symmetric, 1 one-way throughout."""
    both = float(np.linalg.norm(excitation + excitation.T))
    return float(np.linalg.norm(excitation - excitation.T)) / both if both else None


def heard(activity: Floats, drives: Floats, excitation: Floats) -> Floats:
    """Return what excites each unit while it is active: (n_units, n_units).

    Entry (i, j) is what unit j adds to the input of unit i, E_ij p_j, weighted with i's
    activity, mean over samples; on the diagonal is i's own drive p_i.

    Parameters
    ----------
    activity, drives : (n_samples, n_units)
    excitation : (n_units, n_units)
    """
    together = activity.T.astype(float) @ drives / len(activity)
    own = np.diag(np.diag(together))
    return own + excitation * together


def dominated(inputs: Floats) -> float:
    """Return the share of units that hear more of a single other unit than of their sample.

    Parameters
    ----------
    inputs : (n_units, n_units)
        See :func:`heard`.
    """
    own = np.diag(inputs)
    others = inputs - np.diag(own)
    return float(np.mean(others.max(axis=1) > own))


def lateral_share(inputs: Floats) -> float | None:
    """Return the share of what excites active units that comes from other units."""
    total = float(inputs.sum())
    return 1 - float(np.trace(inputs)) / total if total else None


def excitation_measures(
    excitation: Floats, start: Floats | None, activity: Floats, drives: Floats
) -> dict[str, float | None]:
    """Return what lateral excitation is like and what it does.

    Parameters
    ----------
    excitation : (n_units, n_units)
    start : (n_units, n_units) or None
        That which training started from.
    activity, drives : (n_samples, n_units)
        What samples evoke.
    """
    excitation = excitation.astype(float)
    balanced = (excitation + excitation.T) / 2
    inputs = heard(activity, drives, excitation)
    return {
        "excitation_asymmetry": asymmetry(excitation),
        "excitation_asymmetry_start": None if start is None else asymmetry(start.astype(float)),
        "lateral_share": lateral_share(inputs),
        "dominated_units": dominated(inputs),
        "dominated_units_balanced": dominated(heard(activity, drives, balanced)),
    }


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "excitation_asymmetry",
        "asymmetry of excitation",
        "0 if units excite each other alike, 1 if only one of each pair excites the other",
        ".2f",
        null="excitation_asymmetry_start",
    ),
    Measure(
        "excitation_asymmetry_start",
        "asymmetry at the start",
        "the same for the weights that training started from",
        ".2f",
    ),
    Measure(
        "lateral_share",
        "share of lateral input",
        "share of what excites active units that comes from other units, not from the sample",
        ".1%",
    ),
    Measure(
        "dominated_units",
        "dominated units",
        "share of units that hear more of a single other unit than of the sample",
        ".0%",
        better="lower",
        null="dominated_units_balanced",
    ),
    Measure(
        "dominated_units_balanced",
        "dominated units, balanced",
        "the same if each pair of units excited each other alike",
        ".0%",
    ),
    group="lateral weights",
    needs=(LEARNT_EXCITATION,),
)
def _excitation(subject: Subject) -> Values:
    first, samples = subject.model.trained.snapshots[0], subject.samples
    start = first.arrays["excitation"] if first.epoch == 0 else None
    drives = [drive(subject.weights, samples[rows]) for rows in blocks(samples.shape)]
    return excitation_measures(
        subject.arrays["excitation"], start, subject.responses.activity, np.concatenate(drives)
    )


@measured(
    Measure(
        "global_inhibition_max",
        "largest global inhibition",
        "the largest of all weights of global inhibition",
        ".2f",
    ),
    group="lateral weights",
    needs=(GLOBAL_INHIBITION,),
)
def _global_inhibition(subject: Subject) -> Values:
    return {"global_inhibition_max": float(subject.arrays["global_inhibition"].max())}


@measured(
    Measure(
        "column_inhibition_diagonal",
        "self-inhibition",
        "mean weight with which column inhibition makes a unit inhibit itself",
        ".3f",
    ),
    group="lateral weights",
    needs=(COLUMN_INHIBITION,),
)
def _column_inhibition(subject: Subject) -> Values:
    diagonal = np.diag(subject.arrays["column_inhibition"])
    return {"column_inhibition_diagonal": float(diagonal.mean())}
