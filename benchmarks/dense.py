"""Both models as the notebooks compute them: every matrix dense, every row updated.

An oracle for the tests, and what the benchmark compares with. It shares nothing with the
package: lateral matrices are written out unit by unit, each step is done with whole matrices.
"""

import numpy as np


def lateral_matrix(rows, cols, lateral):
    """L (n_units, n_units): the weight of unit j's drive in unit i's score."""
    last_row, last_col = (rows - 1, cols - 1) if lateral.edge == "notebook" else (rows, cols)
    matrix = np.zeros((rows * cols, rows * cols))
    for i in range(rows * cols):
        y, x = divmod(i, cols)
        ys, xs = (np.arange(place - lateral.radius, place + lateral.radius + 1) for place in (y, x))
        if lateral.edge == "wrap":
            ys, xs = ys % rows, xs % cols
        else:
            ys = ys[(ys >= 0) & (ys < last_row)]
            xs = xs[(xs >= 0) & (xs < last_col)]
        matrix[i].reshape(rows, cols)[np.ix_(ys, xs)] = lateral.strength
        matrix[i, i] = 0
    if lateral.row_sum is not None:
        sums = matrix.sum(axis=1, keepdims=True)
        matrix = lateral.row_sum * matrix / np.where(sums > 0, sums, 1)
    if lateral.row_norm is not None:
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        matrix = lateral.row_norm * matrix / np.where(norms > 0, norms, 1)
    return matrix


def run_mwta(weights, samples, matrix, settings):
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
        w += w * o * (e / np.maximum(r, 1e-10)).T * settings.learning_rate
        if settings.weight_clip is not None:
            w = np.clip(w, 0, settings.weight_clip)
        chosen.append(np.sort(winners.ravel()))
    return w, np.array(chosen)


def dream_masks(rows, cols, reach_rows, reach_cols):
    """Which pairs excite each other, and which are of one column: (n_units, n_units) each."""
    excites, column = np.zeros((2, rows * cols, rows, cols))
    for i in range(rows * cols):
        y, x = divmod(i, cols)
        near = slice(max(0, y - reach_rows), y + reach_rows + 1)
        excites[i, near, max(0, x - reach_cols) : x + reach_cols + 1] = 1
        excites[i, :, x] = 0
        column[i, :, x] = 1
    return excites.reshape(rows * cols, -1), column.reshape(rows * cols, -1)


def sigmoid(x):
    """Return the logistic function of x."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def run_sparse_dream(state, samples, rows, cols, settings):
    """Train on samples in turn; return (w, E, G, M, t) and the activity of every step.

    ``state`` is (w, E, G, M, t), t as a vector.
    """
    w, ex, g, m, t = (part.copy() for part in state)
    t = t.reshape(-1, 1)
    reach = settings.excitation
    ex_mask, m_mask = dream_masks(rows, cols, reach.reach_rows, reach.reach_cols)
    sp, zeta = settings.sparsity, settings.column_inhibition.rate / rows
    active = []
    for i, sample in enumerate(samples):
        v = sample.reshape(-1, 1)
        w_v = w @ v
        ff = sigmoid(w_v - t)
        lateral = ex - g - m if settings.column_inhibition.acts else ex - g
        o = sigmoid(w_v + lateral @ w_v - t)
        o_o = o * o.T - sp * sp
        g += o_o * settings.global_inhibition.rate
        np.fill_diagonal(g, 0)
        if settings.global_inhibition.spares_excited_pairs:
            g *= 1 - ex_mask
        m += o_o * zeta
        m *= m_mask
        r = w.T @ o
        e = v - r
        w += w * o * (e / np.maximum(r, 1e-10)).T * settings.learning_rate
        t += (o - sp) * settings.threshold_rate
        y = o if reach.learns_from == "activity" else ff
        if reach.rule == "reconstruct":
            q = ex.T @ y
            ex += ex * y * ((y - q) / np.maximum(q, 1e-10)).T * reach.rate
        elif reach.rule == "hebbian":
            ex = ex_mask * np.maximum(ex + (y * y.T - sp * sp) * reach.rate, 0)
        elif reach.rule == "oja":
            ex = ex_mask * np.maximum(ex + y * (y.T - y * ex) * reach.rate, 0)
        if reach.symmetric:
            ex = 0.5 * (ex + ex.T)
        if reach.uniform:
            ex = ex_mask * np.linalg.norm(ex, axis=1).reshape(-1, 1)
        if reach.limit is not None:
            ex = np.minimum(ex, reach.limit)
        if reach.budget is not None:
            ex = ex / np.maximum(ex.sum(axis=1).reshape(-1, 1) / reach.budget, 1)
        if settings.unit_norm:
            w /= np.linalg.norm(w, axis=1).reshape(-1, 1)
        if i % 100 == 0:
            w = np.where(w > 1e-10, w, 0.0)
        active.append(o.ravel())
    return (w, ex, g, m, t.ravel()), np.array(active)
