"""SparseDream on a CPU: the same steps as the reference, with less to read and write.

What takes the reference its time, and what is done about it:

- *Prototypes.* A pixel that is zero in the sample shrinks by the same factor in all of a
  unit's weights, 1 - rate * activity, unless its reconstruction is below the floor. So each
  unit has a scale, and a step multiplies that and touches only the other pixels' weights:
  ``weights = (columns * scale).T``. That a reconstruction is above the floor is most often
  known without computing it: one unit of some activity and some weight there is enough.
- *Excitation* and *column inhibition* reach a few units each. They are kept as planes: one
  for each place a neighbour can be in, with the weight of that neighbour for every unit.
- *Global inhibition* is read once a step: the change of the last step is made on the way.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from topodream.arrays import Bytes, Floats, Integers
from topodream.engines import LARGEST_ERROR, Tally, levels
from topodream.engines.jit import in_calls, kernel
from topodream.grid import Grid
from topodream.models import sparse_dream
from topodream.models.prototypes import LEAST_RECONSTRUCTION, least_weight
from topodream.models.sparse_dream import SparseDream
from topodream.settings.config import Experiment

STEPS_PER_CALL = 250
RECONSTRUCT, HEBBIAN, OJA, FIXED = range(len(sparse_dream.RULES))
LEAST_NORMAL = 2.0**-126  # of float32


class Planes(NamedTuple):
    """Lateral weights between units and the neighbours in the same place relative to them.

    ``weights[p, i]`` (n_planes, n_units) is what unit i hears of unit ``i + shift[p]``; 0
    where there is no such neighbour. ``opposite[p]`` is the plane of the shift ``-shift[p]``.
    """

    shift: Integers
    opposite: Integers
    exists: Floats
    weights: Floats


class Rule(NamedTuple):
    """The settings that a step needs, in the map's dtype."""

    rate: Any
    sparsity: Any
    threshold_rate: Any
    excitation_rate: Any
    hears_activity: bool
    excitation_rule: int  # its place in sparse_dream.RULES
    symmetric: bool
    uniform: bool
    limit: Any  # of a weight of excitation; infinite where there is none
    budget: Any  # of the sum of a unit's; the same
    spares: bool  # whether inhibition spares those that excite each other
    global_rate: Any
    column_rate: Any
    column_acts: bool
    unit_norm: bool
    measure_every: int
    prune_every: int
    prune_level: Any
    floor: Any  # least reconstruction
    least_share: float  # activity times weight at the last _prune, to be above the floor now
    least_weight: Any
    least_change: Any  # relative; less than this can't change a weight


class Work(NamedTuple):
    """What a step reads and writes; see the module's text for ``columns`` and ``scale``."""

    columns: Floats
    scale: Floats
    thresholds: Floats
    inhibits: Floats
    listed: npt.NDArray[np.uint32]  # pixels: those that are not zero, then others
    single: npt.NDArray[np.float32]  # room for a value per unit
    exponent: Bytes  # (n_units, n_inputs): of weights after the last _prune
    dead: npt.NDArray[np.bool_]  # (n_inputs,): pixels for which no unit has any weight
    covered: npt.NDArray[np.bool_]
    sample: Floats
    drive: Floats
    lateral: Floats
    response: Floats
    activity: Floats
    share: Floats
    gain: Floats
    wins: Integers
    activity_sum: Floats


# ------------------------------------------------------------------ responding


@kernel(reassociate=True)
def _gather(pixels: Bytes, levels: Floats, work: Work) -> int:
    """Take in a sample; return how many of its pixels, listed in ``listed``, are not zero."""
    n = 0
    for j in range(pixels.size):
        work.sample[j] = levels[pixels[j]]
        # Written in any case, and written over by the next: quicker than a branch.
        work.listed[n] = j
        n += pixels[j] != 0
    return n


@kernel(reassociate=True)
def _drive(work: Work, n_pixels: int) -> None:
    """Compute each unit's drive from the pixels that are not zero, four at a time."""
    drive, listed = work.drive, work.listed
    drive[:] = 0
    whole = n_pixels - n_pixels % 4
    for q in range(0, whole, 4):
        c0, v0 = work.columns[listed[q]], work.sample[listed[q]]
        c1, v1 = work.columns[listed[q + 1]], work.sample[listed[q + 1]]
        c2, v2 = work.columns[listed[q + 2]], work.sample[listed[q + 2]]
        c3, v3 = work.columns[listed[q + 3]], work.sample[listed[q + 3]]
        for i in range(drive.size):
            drive[i] += c0[i] * v0 + c1[i] * v1 + c2[i] * v2 + c3[i] * v3
    for q in range(whole, n_pixels):
        c0, v0 = work.columns[listed[q]], work.sample[listed[q]]
        for i in range(drive.size):
            drive[i] += c0[i] * v0
    for i in range(drive.size):
        drive[i] *= work.scale[i]


@kernel(reassociate=True)
def _hear(planes: Planes, sign: Any, drive: Floats, lateral: Floats) -> None:
    """Add what each unit hears of its neighbours' drives."""
    n = drive.size
    for p in range(planes.shift.size):
        shift = planes.shift[p]
        first, last = max(0, -shift), min(n, n - shift)
        weights, to = planes.weights[p, first:last], lateral[first:last]
        heard = drive[first + shift : last + shift]
        for i in range(to.size):
            to[i] += sign * weights[i] * heard[i]


@kernel(reassociate=True)
def _inhibit_all(work: Work, rule: Rule, first: bool) -> None:
    """Make the last step's change of global inhibition, and let it act: equations 4 and 3.

    The ``first`` step has none to make. Inhibition lies transposed here: row i holds how unit
    i inhibits the others. Two rows at a time store what the others hear half as often.
    """
    activity, drive, lateral = work.activity, work.drive, work.lateral
    n, zero = drive.size, drive.dtype.type(0)
    rate = zero if first else rule.global_rate
    constant = rate * rule.sparsity * rule.sparsity
    for i in range(0, n, 2):
        other = min(i + 1, n - 1)
        row0, drive0, factor0 = work.inhibits[i], drive[i], rate * activity[i]
        row1, drive1, factor1 = work.inhibits[other], drive[other], rate * activity[other]
        if other == i:  # the last of an odd number: alone
            for k in range(n):
                row0[k] += factor0 * activity[k] - constant
                lateral[k] -= row0[k] * drive0
            lateral[i] += row0[i] * drive0
        else:
            for k in range(n):
                row0[k] += factor0 * activity[k] - constant
                row1[k] += factor1 * activity[k] - constant
                lateral[k] -= row0[k] * drive0 + row1[k] * drive1
            lateral[i] += row0[i] * drive0
            lateral[other] += row1[other] * drive1
            row1[other] = 0
        row0[i] = 0


@kernel(reassociate=True)
def _spare(work: Work, excitation: Planes) -> None:
    """Take back how units inhibit those that they may excite, after :func:`_inhibit_all`."""
    for p in range(excitation.shift.size):
        for i in range(work.drive.size):
            if excitation.exists[p, i] != 0:
                k = i + excitation.shift[p]
                work.lateral[k] += work.inhibits[i, k] * work.drive[i]
                work.inhibits[i, k] = 0


@kernel(reassociate=True)
def _squash(values: Floats) -> None:
    """Replace values by their sigmoid."""
    one = values.dtype.type(1)
    for i in range(values.size):
        values[i] = one / (one + np.exp(-values[i]))


@kernel(reassociate=True)
def _respond(work: Work, excitation: Planes, columns: Planes, rule: Rule, first: bool) -> None:
    """Compute the drive response and the activity: equations 2 and 3."""
    one = work.scale.dtype.type(1)
    work.lateral[:] = work.drive
    _hear(excitation, one, work.drive, work.lateral)
    if rule.column_acts:
        _hear(columns, -one, work.drive, work.lateral)
    _inhibit_all(work, rule, first)
    if rule.spares:
        _spare(work, excitation)
    for i in range(work.drive.size):
        work.activity[i] = work.lateral[i] - work.thresholds[i]
        work.response[i] = work.drive[i] - work.thresholds[i]
    _squash(work.activity)
    if not rule.hears_activity:
        _squash(work.response)


# ------------------------------------------------------------------ learning


@kernel(reassociate=True)
def _list_doubtful(work: Work, rule: Rule, n_pixels: int, measure: bool) -> int:
    """List, behind the pixels that are not zero, those that may be below the floor.

    Where one unit's activity times its weight is above the floor, the sum of all is. Most
    often the most active unit is enough. Where the error is to be measured, all are listed.
    Returns how many pixels are listed.
    """
    covered, sample = work.covered, work.sample
    for j in range(covered.size):
        covered[j] = (work.dead[j] and not measure) or sample[j] != 0
    if not measure and rule.least_share > 0:
        best = work.activity.argmax()
        for i in range(-1, work.activity.size):
            unit = best if i < 0 else i
            if work.activity[unit] > LEAST_NORMAL:
                share = math.log2(rule.least_share / work.activity[unit])
                needed = np.uint8(min(math.ceil(share) + 127, 255))
                exponent = work.exponent[unit]
                for j in range(covered.size):
                    covered[j] |= exponent[j] >= needed
                if covered.all():
                    return n_pixels
    n = n_pixels
    for j in range(covered.size):
        work.listed[n] = j
        n += not covered[j]
    return n


@kernel(reassociate=True)
def _scale_units(work: Work, rule: Rule) -> bool:
    """Begin a change of the prototypes by what all pixels have in common: equation 7.

    With x = rate * activity and f = error / reconstruction a weight's factor is
    1 + x f = (1 - x) (1 + x / (1 - x) (1 + f)). The first of the two goes into the scale, the
    second into the columns. Returns whether any x / (1 - x) is large enough to change a
    weight of which 1 + f is at most 1: 1 + x is exactly 1 while x is at most eps / 4.
    """
    largest, one = work.gain.dtype.type(0), work.gain.dtype.type(1)
    for i in range(work.scale.size):
        x = rule.rate * work.activity[i]
        work.share[i] = work.scale[i] * work.activity[i]
        work.gain[i] = x / (one - x)
        work.scale[i] *= one - x
        largest = max(largest, work.gain[i])
    can_change: bool = largest > rule.least_change
    return can_change


@kernel(reassociate=True)
def _learn_pixels(work: Work, rule: Rule, n_pixels: int) -> Any:
    """Draw the pixels that are not zero, and change their weights, four at a time.

    Equations 6 and 7. Returns the sum of squared errors.
    """
    listed, sample, share, gain = work.listed, work.sample, work.share, work.gain
    zero, one, floor = share.dtype.type(0), share.dtype.type(1), rule.floor
    total = zero
    for q in range(0, n_pixels - 3, 4):
        j0, j1, j2, j3 = listed[q], listed[q + 1], listed[q + 2], listed[q + 3]
        c0, c1, c2, c3 = work.columns[j0], work.columns[j1], work.columns[j2], work.columns[j3]
        r0, r1, r2, r3 = zero, zero, zero, zero
        for i in range(share.size):
            r0 += c0[i] * share[i]
            r1 += c1[i] * share[i]
            r2 += c2[i] * share[i]
            r3 += c3[i] * share[i]
        e0, e1, e2, e3 = sample[j0] - r0, sample[j1] - r1, sample[j2] - r2, sample[j3] - r3
        f0, f1 = one + e0 / max(r0, floor), one + e1 / max(r1, floor)
        f2, f3 = one + e2 / max(r2, floor), one + e3 / max(r3, floor)
        for i in range(share.size):
            c0[i] *= one + gain[i] * f0
            c1[i] *= one + gain[i] * f1
            c2[i] *= one + gain[i] * f2
            c3[i] *= one + gain[i] * f3
        total += e0 * e0 + e1 * e1 + e2 * e2 + e3 * e3
    return total + _learn_listed(work, rule, n_pixels - n_pixels % 4, n_pixels, True)


@kernel(reassociate=True)
def _learn_listed(work: Work, rule: Rule, first: int, last: int, can_change: bool) -> Any:
    """Draw listed pixels one by one, and change their weights where that is needed.

    A pixel that is zero needs no change where its reconstruction r is above the floor, and
    so its own divisor: f is -1. Where r is below, 1 + f is between 0 and 1.
    """
    share, gain = work.share, work.gain
    zero, one = share.dtype.type(0), share.dtype.type(1)
    total = zero
    for q in range(first, last):
        column, v, r = work.columns[work.listed[q]], work.sample[work.listed[q]], zero
        for i in range(share.size):
            r += column[i] * share[i]
        total += (v - r) ** 2
        if v != 0 or (r < rule.floor and can_change):
            factor = one + (v - r) / max(r, rule.floor)
            for i in range(share.size):
                column[i] *= one + gain[i] * factor
    return total


@kernel(reassociate=True)
def _inhibit_columns(columns: Planes, work: Work, rule: Rule) -> None:
    """Change column inhibition: equation 5."""
    n, constant = work.activity.size, rule.column_rate * rule.sparsity * rule.sparsity
    for p in range(columns.shift.size):
        shift = columns.shift[p]
        first, last = max(0, -shift), min(n, n - shift)
        weights, own = columns.weights[p, first:last], work.activity[first:last]
        other = work.activity[first + shift : last + shift]
        for i in range(weights.size):
            weights[i] += rule.column_rate * own[i] * other[i] - constant


@kernel(reassociate=True)
def _excite(planes: Planes, heard: Floats, room: Floats, rule: Rule) -> None:
    """Change excitation: equations 9 to 11. ``room`` is for a value per unit."""
    if rule.excitation_rule == FIXED:
        return
    if rule.excitation_rule == RECONSTRUCT:
        _predict(planes, heard, room, rule)
    else:
        _associate(planes, heard, rule)
    if rule.symmetric:
        _make_symmetric(planes)
    if rule.uniform:
        _make_uniform(planes, room)
    if rule.limit < np.inf:
        for p in range(planes.shift.size):
            for i in range(heard.size):
                planes.weights[p, i] = min(planes.weights[p, i], rule.limit)
    if rule.budget < np.inf:
        _keep_to_budget(planes, room, rule)


@kernel(reassociate=True)
def _associate(planes: Planes, heard: Floats, rule: Rule) -> None:
    """Change excitation by the rules that add: equation 9, hebbian and oja."""
    n, zero = heard.size, heard.dtype.type(0)
    constant = rule.excitation_rate * rule.sparsity * rule.sparsity
    for p in range(planes.shift.size):
        shift = planes.shift[p]
        first, last = max(0, -shift), min(n, n - shift)
        weights, own = planes.weights[p, first:last], heard[first:last]
        exists, other = planes.exists[p, first:last], heard[first + shift : last + shift]
        if rule.excitation_rule == HEBBIAN:
            for i in range(weights.size):
                change = rule.excitation_rate * own[i] * other[i] - constant
                weights[i] = exists[i] * max(weights[i] + change, zero)
        else:
            for i in range(weights.size):
                change = rule.excitation_rate * own[i] * (other[i] - own[i] * weights[i])
                weights[i] = exists[i] * max(weights[i] + change, zero)


@kernel(reassociate=True)
def _keep_to_budget(planes: Planes, total: Floats, rule: Rule) -> None:
    total[:] = 0
    for p in range(planes.shift.size):
        for i in range(total.size):
            total[i] += planes.weights[p, i]
    for i in range(total.size):
        total[i] = rule.budget / max(total[i], rule.budget)
    for p in range(planes.shift.size):
        for i in range(total.size):
            planes.weights[p, i] *= total[i]


@kernel(reassociate=True)
def _predict(planes: Planes, heard: Floats, surprise: Floats, rule: Rule) -> None:
    """Change excitation by how well units predict each other: equation 9, reconstruct."""
    n, least = heard.size, rule.least_weight
    one = heard.dtype.type(1)
    surprise[:] = 0
    for p in range(planes.shift.size):
        shift = planes.shift[p]
        first, last = max(0, -shift), min(n, n - shift)
        weights, own = planes.weights[p, first:last], heard[first:last]
        to = surprise[first + shift : last + shift]
        for i in range(weights.size):
            to[i] += weights[i] * own[i]
    for i in range(n):
        error = heard[i] - surprise[i]
        surprise[i] = rule.excitation_rate * error / max(surprise[i], rule.floor)
    for p in range(planes.shift.size):
        shift = planes.shift[p]
        first, last = max(0, -shift), min(n, n - shift)
        weights, own = planes.weights[p, first:last], heard[first:last]
        other = surprise[first + shift : last + shift]
        for i in range(weights.size):
            changed = weights[i] * (one + own[i] * other[i])
            faded = (abs(changed) < least) & (weights[i] != 0)
            weights[i] = np.copysign(least, changed) if faded else changed


@kernel(reassociate=True)
def _make_symmetric(planes: Planes) -> None:
    half = planes.weights.dtype.type(0.5)
    n = planes.weights.shape[1]
    for p in range(planes.shift.size):
        shift = planes.shift[p]
        if shift > 0:
            there = planes.weights[p, : n - shift]
            back = planes.weights[planes.opposite[p], shift:]
            for i in range(there.size):
                mean = half * (there[i] + back[i])
                there[i] = mean
                back[i] = mean


@kernel(reassociate=True)
def _make_uniform(planes: Planes, norms: Floats) -> None:
    norms[:] = 0
    for p in range(planes.shift.size):
        for i in range(norms.size):
            norms[i] += planes.weights[p, i] ** 2
    for i in range(norms.size):
        norms[i] = np.sqrt(norms[i])
    for p in range(planes.shift.size):
        for i in range(norms.size):
            planes.weights[p, i] = planes.exists[p, i] * norms[i]


@kernel(reassociate=True)
def _normalise(work: Work) -> None:
    """Divide every prototype by its L2 norm, unless that is 0: equation 12."""
    one = work.scale.dtype.type(1)
    norms = work.share
    norms[:] = 0
    for j in range(work.columns.shape[0]):
        column = work.columns[j]
        for i in range(norms.size):
            norms[i] += column[i] * column[i]
    # Of the columns alone: the scale, which is part of the norm too, falls out.
    for i in range(norms.size):
        work.scale[i] = one if norms[i] == 0 else one / np.sqrt(norms[i])


@kernel(reassociate=True)
def _prune(work: Work, rule: Rule) -> None:
    """Set weights to 0 that are not above the level: equation 13. The scale goes into them.

    Notes how large weights are, as exponents of 2 with 127 added: bits 23 to 30 of a float32.
    """
    bits = work.single.view(np.int32)
    for j in range(work.columns.shape[0]):
        column = work.columns[j]
        for i in range(column.size):
            weight = column[i] * work.scale[i]
            column[i] = weight if weight > rule.prune_level else 0
            work.single[i] = column[i]
        work.dead[j] = not column.any()
        for i in range(column.size):
            work.exponent[i, j] = bits[i] >> 23
    work.scale[:] = 1


@kernel(reassociate=True)
def _learn_steps(
    pixels: Bytes,
    order: Integers,
    first_step: int,
    levels: Floats,
    work: Work,
    excitation: Planes,
    columns: Planes,
    rule: Rule,
    largest_error: float,
) -> tuple[int, float, float]:
    """Learn samples in turn; return steps done, their summed error, the last one."""
    total, error = 0.0, 0.0
    for t in range(order.size):
        step = first_step + t
        n_pixels = _gather(pixels[order[t]], levels, work)
        _drive(work, n_pixels)
        _respond(work, excitation, columns, rule, step == 0)
        measure = step % rule.measure_every == 0
        n_listed = _list_doubtful(work, rule, n_pixels, measure)
        can_change = _scale_units(work, rule)
        error = _learn_pixels(work, rule, n_pixels)
        error += _learn_listed(work, rule, n_pixels, n_listed, can_change)
        error /= work.sample.size
        if not error <= largest_error:
            return t, total, error
        if measure:
            total += error
        _inhibit_columns(columns, work, rule)
        best = 0
        for i in range(work.activity.size):
            activity = work.activity[i]
            work.thresholds[i] += rule.threshold_rate * (activity - rule.sparsity)
            work.activity_sum[i] += activity
            if activity > work.activity[best]:
                best = i
        if work.activity[best] != 0:
            work.wins[best] += 1
        heard = work.activity if rule.hears_activity else work.response
        _excite(excitation, heard, work.lateral, rule)
        if rule.unit_norm:
            _normalise(work)
        if step % rule.prune_every == 0:
            _prune(work, rule)
    return order.size, total, error


# ------------------------------------------------------------------ engine


class FastSparseDream:
    """Keeps the state in the shapes that the kernels above want, from epoch to epoch."""

    def __init__(
        self,
        experiment: Experiment,
        state: sparse_dream.State,
        pixels: Bytes,
    ) -> None:
        settings: SparseDream = experiment.settings
        grid = experiment.grid
        self.state = state
        self._pixels, self._levels = pixels, levels(experiment.dtype)
        self._rule = _rule(settings, grid, np.dtype(experiment.dtype).type)
        may_excite = sparse_dream.may_excite(grid, settings.excitation)
        self._excitation = _planes(may_excite, state.excitation)
        self._column_inhibition = _planes(sparse_dream.share_column(grid), state.column_inhibition)

    def advance(
        self, order: Integers, tick: Callable[[int], object], thorough: bool = False
    ) -> Tally:
        """Show an epoch's samples; see :class:`topodream.engines.Engine`."""
        work, rule = _work(self.state), self._rule
        if thorough:
            rule = rule._replace(measure_every=1)

        def learn(some: Integers, first: int) -> tuple[int, float, float]:
            return _learn_steps(
                self._pixels, some, first, self._levels, work, self._excitation,
                self._column_inhibition, rule, LARGEST_ERROR,
            )  # fmt: skip

        steps, squared_error, error = in_calls(order, STEPS_PER_CALL, learn, tick)
        self._give_back(work)
        measured = -(-steps // rule.measure_every)
        return Tally(steps, measured, squared_error, work.wins, work.activity_sum, error)

    def _give_back(self, work: Work) -> None:
        """Write what was learnt into the state, the last change of inhibition included."""
        work.drive[:] = 0
        _inhibit_all(work, self._rule, False)
        if self._rule.spares:
            _spare(work, self._excitation)
        self.state.global_inhibition[...] = work.inhibits.T
        self.state.weights[...] = (work.columns * work.scale).T
        _unfold(self._excitation, self.state.excitation)
        _unfold(self._column_inhibition, self.state.column_inhibition)


def _planes(exists: sparse_dream.Mask, matrix: Floats) -> Planes:
    """Lay out the entries of a matrix (n_units, n_units) that exist, by their shift."""
    to, heard = np.nonzero(exists)
    shift, plane = np.unique(heard - to, return_inverse=True)
    weights = np.zeros((2, len(shift), len(matrix)), matrix.dtype)
    weights[0, plane, to] = 1
    weights[1, plane, to] = matrix[to, heard]
    # Sorted, and as many up as down: the opposite shift has the mirrored place.
    return Planes(shift, np.arange(len(shift))[::-1].copy(), weights[0], weights[1])


def _unfold(planes: Planes, matrix: Floats) -> None:
    """Write planes back into the matrix they were laid out from."""
    plane, to = np.nonzero(planes.exists)
    matrix[to, to + planes.shift[plane]] = planes.weights[plane, to]


def _rule(settings: SparseDream, grid: Grid, number: type[Any]) -> Rule:
    excitation, column = settings.excitation, settings.column_inhibition
    # A step shrinks a weight by 1 - rate at most; divided by norms, by any factor.
    shrunk = 0 if settings.unit_norm else (1 - settings.learning_rate) ** sparse_dream.PRUNE_EVERY
    return Rule(
        rate=number(settings.learning_rate),
        sparsity=number(settings.sparsity),
        threshold_rate=number(settings.threshold_rate),
        excitation_rate=number(excitation.rate),
        hears_activity=excitation.learns_from == "activity",
        excitation_rule=sparse_dream.RULES.index(excitation.rule),
        symmetric=excitation.symmetric,
        uniform=excitation.uniform,
        limit=number(np.inf if excitation.limit is None else excitation.limit),
        budget=number(np.inf if excitation.budget is None else excitation.budget),
        spares=settings.global_inhibition.spares_excited_pairs,
        global_rate=number(settings.global_inhibition.rate),
        column_rate=number(column.rate / grid.rows),
        column_acts=column.acts,
        unit_norm=settings.unit_norm,
        measure_every=sparse_dream.MEASURE_EVERY,
        prune_every=sparse_dream.PRUNE_EVERY,
        prune_level=number(sparse_dream.PRUNE_LEVEL),
        floor=number(LEAST_RECONSTRUCTION),
        # With some room for rounding.
        least_share=1.01 * LEAST_RECONSTRUCTION / shrunk if shrunk > 0 else 0.0,
        least_weight=number(least_weight(np.dtype(number))),
        least_change=number(np.finfo(number).eps / 4),
    )


def _work(state: sparse_dream.State) -> Work:
    n_units, n_inputs = state.weights.shape
    dtype = state.weights.dtype
    drive, lateral, response, activity, share, gain = np.zeros((6, n_units), dtype)
    return Work(
        columns=np.ascontiguousarray(state.weights.T),
        scale=np.ones(n_units, dtype),
        thresholds=state.thresholds,
        inhibits=np.ascontiguousarray(state.global_inhibition.T),
        listed=np.zeros(n_inputs + 1, np.uint32),
        single=np.zeros(n_units, np.float32),
        exponent=np.zeros(state.weights.shape, np.uint8),
        dead=np.zeros(n_inputs, np.bool_),
        covered=np.zeros(n_inputs, np.bool_),
        sample=np.zeros(n_inputs, dtype),
        drive=drive,
        lateral=lateral,
        response=response,
        activity=activity,
        share=share,
        gain=gain,
        wins=np.zeros(n_units, np.int64),
        activity_sum=np.zeros(n_units),
    )
