"""Foldiak's net on a CPU: the same steps as the reference, compiled.

What takes the reference its time is to settle: some sixty times a step it computes what inhibits each
unit, and a sigmoid. Here rows are added up, a unit's effect on all others at a time, which the
compiler does for several at once without reordering a sum; prototypes lie transposed for the same
reason, and pixels that are zero are left out. Activity is 0 or 1: of the same activity the same
is learnt as by the reference, to the bit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from topodream.arrays import Bytes, Floats, Indices, Integers
from topodream.engines import LARGEST_ERROR, Tally, levels
from topodream.engines.jit import in_calls, kernel
from topodream.models import foldiak
from topodream.models.foldiak import Foldiak
from topodream.settings.config import Experiment

STEPS_PER_CALL = 250


class Rule(NamedTuple):
    """The settings that a step needs, in the map's dtype."""

    rate: Any
    sparsity: Any
    sparsity_squared: Any
    inhibition_rate: Any
    threshold_rate: Any
    warm_up_rate: Any
    gain: Any
    dt: Any
    steps: int
    tolerance: Any
    active_above: Any


class Work(NamedTuple):
    """What a step reads and writes: the state, ``columns`` being its weights transposed, and room."""

    columns: Floats
    inhibition: Floats
    thresholds: Floats
    warm_up: Floats
    sample: Floats
    drive: Floats
    heard: Floats
    outputs: Floats
    activity: Floats
    active: Indices
    wins: Integers


@kernel()
def _drive(pixels: Bytes, levels: Floats, work: Work) -> None:
    """Take in a sample; compute the drives: equation 1."""
    sample, drive = work.sample, work.drive
    drive[:] = 0
    for j in range(pixels.size):
        sample[j] = levels[pixels[j]]
        if pixels[j] != 0:
            column = work.columns[j]
            for i in range(drive.size):
                drive[i] += sample[j] * column[i]


@kernel()
def _settle(work: Work, rule: Rule) -> None:
    """Compute what outputs settle to: equation 2. Inhibition is symmetric: its rows are columns."""
    drive, heard, outputs, one = work.drive, work.heard, work.outputs, work.drive.dtype.type(1)
    outputs[:] = 0
    for _ in range(rule.steps):
        heard[:] = 0
        for k in range(heard.size):
            row, output = work.inhibition[k], outputs[k]
            for i in range(heard.size):
                heard[i] += output * row[i]
        largest = drive.dtype.type(0)
        for i in range(drive.size):
            towards = one / (one + np.exp(-rule.gain * (drive[i] - heard[i] - work.thresholds[i])))
            change = rule.dt * (towards - outputs[i])
            outputs[i] += change
            largest = max(largest, abs(change))
        if largest < rule.tolerance:
            break


@kernel()
def _activate(work: Work, rule: Rule) -> int:
    """Set activity, list units that are active, return how many: equation 3."""
    n = 0
    for i in range(work.outputs.size):
        is_active = work.outputs[i] > rule.active_above
        work.activity[i] = is_active
        work.wins[i] += is_active
        work.active[n] = i  # written in any case, and written over by the next
        n += is_active
    return n


@kernel()
def _error(work: Work, n_active: int) -> Any:
    """Return the mean squared error of the reconstruction."""
    total = work.sample.dtype.type(0)
    for j in range(work.sample.size):
        error = work.sample[j]
        for t in range(n_active):
            error -= work.columns[j, work.active[t]]
        total += error * error
    return total / work.sample.size


@kernel()
def _inhibit(work: Work, rule: Rule) -> None:
    """Change inhibition: equation 4."""
    zero = work.activity.dtype.type(0)
    for i in range(work.activity.size):
        row, activity = work.inhibition[i], work.activity[i]
        for k in range(row.size):
            together = activity * work.activity[k] - rule.sparsity_squared
            row[k] = max(row[k] + rule.inhibition_rate * together, zero)
        row[i] = 0


@kernel()
def _learn_sample(work: Work, rule: Rule, n_active: int) -> None:
    """Move prototypes of active units towards the sample: equation 5."""
    for j in range(work.sample.size):
        for t in range(n_active):
            i = work.active[t]
            work.columns[j, i] += rule.rate * (work.sample[j] - work.columns[j, i])


@kernel()
def _learn_steps(
    pixels: Bytes, order: Integers, levels: Floats, work: Work, rule: Rule, largest_error: float
) -> tuple[int, float, float]:
    """Learn samples in turn; return steps done, their summed error, the last one."""
    total, error = 0.0, 0.0
    for t in range(order.size):
        _drive(pixels[order[t]], levels, work)
        _settle(work, rule)
        n_active = _activate(work, rule)
        error = _error(work, n_active)
        if not error <= largest_error:
            return t, total, error
        total += error
        threshold_rate = rule.threshold_rate
        if work.warm_up[0] > 0:
            work.warm_up[0] -= 1
            threshold_rate = rule.warm_up_rate
        else:
            _inhibit(work, rule)
            _learn_sample(work, rule, n_active)
        for i in range(work.activity.size):
            work.thresholds[i] += threshold_rate * (work.activity[i] - rule.sparsity)
    return order.size, total, error


class FastFoldiak:
    """Shows samples to the kernels above, some at a time."""

    def __init__(self, experiment: Experiment, state: foldiak.State, pixels: Bytes) -> None:
        self.state = state
        self._pixels, self._levels = pixels, levels(experiment.dtype)
        self._rule = _rule(experiment.settings, np.dtype(experiment.dtype).type)

    def advance(
        self, order: Integers, tick: Callable[[int], object], thorough: bool = False
    ) -> Tally:
        """Show an epoch's samples; see :class:`topodream.engines.Engine`."""
        work = _work(self.state)

        def learn(some: Integers, _first: int) -> tuple[int, float, float]:
            return _learn_steps(self._pixels, some, self._levels, work, self._rule, LARGEST_ERROR)

        steps, squared_error, error = in_calls(order, STEPS_PER_CALL, learn, tick)
        self.state.weights[...] = work.columns.T
        # A unit that is active answers with 1.
        return Tally(steps, steps, squared_error, work.wins, work.wins.astype(float), error)


def _rule(settings: Foldiak, number: type[Any]) -> Rule:
    thresholds, settling = settings.thresholds, settings.settling
    return Rule(
        rate=number(settings.learning_rate),
        sparsity=number(settings.sparsity),
        sparsity_squared=number(settings.sparsity**2),
        inhibition_rate=number(settings.inhibition_rate),
        threshold_rate=number(thresholds.rate),
        warm_up_rate=number(thresholds.warm_up_rate),
        gain=number(settling.gain),
        dt=number(settling.dt),
        steps=settling.steps,
        tolerance=number(settling.tolerance),
        active_above=number(foldiak.ACTIVE_ABOVE),
    )


def _work(state: foldiak.State) -> Work:
    n_units, n_inputs = state.weights.shape
    drive, heard, outputs, activity = np.zeros((4, n_units), state.weights.dtype)
    return Work(
        columns=np.ascontiguousarray(state.weights.T),
        inhibition=state.global_inhibition,
        thresholds=state.thresholds,
        warm_up=state.warm_up,
        sample=np.zeros(n_inputs, state.weights.dtype),
        drive=drive,
        heard=heard,
        outputs=outputs,
        activity=activity,
        active=np.zeros(n_units + 1, np.intp),
        wins=np.zeros(n_units, np.int64),
    )
