"""Matching pursuit: a sample as the sum of a few atoms, chosen one after another.

Mallat and Zhang, *Matching pursuits with time-frequency dictionaries*, 1993; with coefficients that
are fitted anew at each step and not below 0, Bruckstein, Elad and Zibulevsky, *On the uniqueness of
nonnegative sparse solutions to underdetermined systems of equations*, 2008.
"""

import numpy as np
import scipy.optimize

from topodream.arrays import Floats, Indices


def matching_pursuit(
    samples: Floats, atoms: Floats, n_steps: int, *, signed: bool = False, refit: bool = False
) -> Floats:
    """Return how much of each atom is in each sample: (n_samples, n_atoms), few of them not 0.

    Each step takes the atom that is most like what is left of a sample, and as much of it as
    leaves least.

    Parameters
    ----------
    samples : (n_samples, n_inputs)
    atoms : (n_atoms, n_inputs)
        Of length 1, or 0: those are never taken.
    n_steps : int
        At most so many atoms describe a sample; an atom can be taken twice.
    signed : bool
        Whether coefficients may be below 0. If not, a sample takes no more atoms once all would
        have to be subtracted.
    refit : bool
        Whether each step fits the coefficients of all that was taken anew, none of them below 0.

    Examples
    --------
    >>> matching_pursuit(np.array([[3.0, -2.0]]), np.eye(2), 2)
    array([[3., 0.]])
    >>> matching_pursuit(np.array([[3.0, -2.0]]), np.eye(2), 2, signed=True)
    array([[ 3., -2.]])
    """
    if signed and refit:
        raise ValueError("coefficients that are fitted anew are not below 0")
    rows, rest = np.arange(len(samples)), samples
    coefficients = np.zeros((len(samples), len(atoms)), samples.dtype)
    taken = np.empty((len(samples), 0), np.intp)
    for _ in range(n_steps):
        likeness = rest @ atoms.T
        best = (np.abs(likeness) if signed else likeness).argmax(axis=1)
        taken = np.column_stack([taken, best])
        if refit:
            coefficients = nonnegative(samples, atoms, taken)
        else:
            gain = likeness[rows, best]
            coefficients[rows, best] += gain if signed else np.maximum(gain, 0)
        rest = samples - coefficients @ atoms
    return coefficients


def nonnegative(samples: Floats, atoms: Floats, taken: Indices) -> Floats:
    """Return the coefficients, none below 0, that leave least of each sample: (n_samples, n_atoms).

    By SciPy's non-negative least squares.

    Parameters
    ----------
    samples : (n_samples, n_inputs)
    atoms : (n_atoms, n_inputs)
    taken : (n_samples, n_taken)
        The atoms that each sample may use; one can stand there twice.
    """
    coefficients = np.zeros((len(samples), len(atoms)), samples.dtype)
    for sample, own, some in zip(samples, coefficients, taken, strict=True):
        some = np.unique(some)
        own[some] = scipy.optimize.nnls(atoms[some].T.astype(float), sample.astype(float))[0]
    return coefficients
