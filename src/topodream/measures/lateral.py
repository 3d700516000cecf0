"""What SparseDream's lateral weights are like, and what they do.

Axes of lateral weights: (n_units, n_units), row i is what unit i hears.
"""

import numpy as np

from topodream.grid import Floats
from topodream.models.sparse_dream import State


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


def lateral_measures(
    state: State, start: Floats | None, activity: Floats, drives: Floats
) -> dict[str, float | None]:
    """Return what lateral weights are like and what they do.

    Parameters
    ----------
    state : State
    start : (n_units, n_units) or None
        The excitation that training started from.
    activity, drives : (n_samples, n_units)
        What samples evoke.
    """
    excitation = state.excitation.astype(float)
    balanced = (excitation + excitation.T) / 2
    inputs = heard(activity, drives, excitation)
    return {
        "excitation_asymmetry": asymmetry(excitation),
        "excitation_asymmetry_start": None if start is None else asymmetry(start.astype(float)),
        "lateral_share": lateral_share(inputs),
        "dominated_units": dominated(inputs),
        "dominated_units_balanced": dominated(heard(activity, drives, balanced)),
        "global_inhibition_max": float(state.global_inhibition.max()),
        "column_inhibition_diagonal": float(np.diag(state.column_inhibition).mean()),
    }
