"""MWTA as the notebook computes it: every matrix dense, every row updated, float64.

An oracle that shares nothing with the package: the lateral matrix is written out unit by
unit, and each step is done with whole matrices.
"""

import numpy as np


def lateral_matrix(rows, cols, lateral):
    """L (n_units, n_units): the weight of unit j's drive in unit i's score."""
    last_row, last_col = (rows - 1, cols - 1) if lateral.edge == "notebook" else (rows, cols)
    matrix = np.zeros((rows * cols, rows * cols))
    for i in range(rows * cols):
        for j in range(rows * cols):
            (y, x), (v, u) = divmod(i, cols), divmod(j, cols)
            near = max(abs(y - v), abs(x - u)) <= lateral.radius
            if near and i != j and v < last_row and u < last_col:
                matrix[i, j] = lateral.strength
    if lateral.row_norm is not None:
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        matrix = lateral.row_norm * matrix / np.where(norms > 0, norms, 1)
    return matrix


def run(weights, samples, matrix, settings):
    """Train on samples in turn; return the weights and the winners of every step, sorted."""
    w, o, chosen = weights.copy(), np.zeros((len(weights), 1)), []
    for sample in samples:
        v = sample.reshape(-1, 1)
        p = w @ v
        c = p + matrix @ p
        winners = np.argsort(c, axis=0)[-settings.n_winners :]
        mask = np.zeros_like(p)
        mask[winners] = 1
        new = mask * (c if settings.activation == "excited" else p)
        o = new if settings.trace is None else o + settings.trace * (new - o)
        r = w.T @ o
        e = v - r
        if settings.error_clip is not None:
            e = np.clip(e, -settings.error_clip, settings.error_clip)
        w = w + w * o * (e / np.maximum(r, 1e-10)).T * settings.learning_rate
        if settings.weight_clip is not None:
            w = np.clip(w, 0, settings.weight_clip)
        chosen.append(np.sort(winners.ravel()))
    return w, np.array(chosen)
