"""Training steps per second: engines, the notebooks' arithmetic, two trainings at once.

A contestant prepares turns of so many steps; what it returns does the steps, and is timed.
Contestants take turns, round after round, and a ratio is the median of the ratios of single
rounds: what slows the machine down for a while then slows down both sides of a ratio.
"""

import copy
import dataclasses
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import dense
import numpy as np
import numpy.typing as npt

from topodream import engines
from topodream.arrays import Bytes, Floats
from topodream.gpu_check import SAMPLES
from topodream.models.model import State
from topodream.models.mwta import Mwta
from topodream.settings.config import Experiment
from topodream.training import states
from topodream.training.loop import sample_order

Contestant = Callable[[int], Callable[[], object]]

# The experiments that are measured, and the steps per second that the notebooks printed for them.
NOTEBOOK = {
    "excited-20": 2100,
    "digits-competition": 1430,
    "competition-50": 1375,
    "competition-80": 730,
    "competition-100": 400,
    "trace-40": 1450,
    "dream-symmetric": 1200,
}
SAMPLES_PER_PRODUCT = 32
# With 10,000 units a dense step takes a tenth of a second.
LEAST_STEPS = 10


@dataclass(frozen=True)
class Inputs:
    """What a map is shown: what it is called, which samples, how many inputs, and its grid's edge."""

    name: str
    samples: str  # of gpu_check.SAMPLES
    n_inputs: int
    edge: str = "notebook"


# From few lit inputs to all: of digits, of the two signs of filtered images, of grain.
DENSITIES = (
    Inputs("digits, 28 x 28", "digits", 28 * 28),
    Inputs("ON and OFF, 12 x 12", "ON and OFF", 2 * 12 * 12),
    Inputs("the same, on a torus", "ON and OFF", 2 * 12 * 12, "wrap"),
    Inputs("ON and OFF, 12 x 12, colour", "ON and OFF", 2 * 12 * 12 * 3),
    Inputs("ON and OFF, 28 x 28", "ON and OFF", 2 * 28 * 28),
    Inputs("grey, 32 x 32", "grain", 32 * 32),
    Inputs("colour, 32 x 32", "grain", 32 * 32 * 3),
)


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes
    ----------
    rounds : int
        Turns that each contestant takes.
    turn : float
        How long a turn is to last, seconds.
    warm_up : int or None
        Steps that a fast engine trains before; None: an epoch.
    """

    rounds: int
    turn: float
    warm_up: int | None = None


@dataclass(frozen=True)
class Spread:
    """Some numbers, in short."""

    median: float
    least: float
    most: float


def spread(values: list[float]) -> Spread:
    """Return the median of some numbers, the least and the most."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(above: list[float], below: list[float]) -> Spread:
    """Return the spread of the ratios round by round, not the ratio of medians."""
    return spread([a / b for a, b in zip(above, below, strict=True)])


# ------------------------------------------------------------------ contestants


class Training:
    """A training whose turns all go on from the same map: later steps can be dearer or cheaper."""

    def __init__(self, experiment: Experiment, pixels: Bytes, state: State) -> None:
        self.state = state
        self._experiment, self._pixels = experiment, pixels
        self.last = state  # after the latest turn
        self._rng = np.random.default_rng(experiment.seed)

    def prepare(self, steps: int) -> Callable[[], None]:
        """Return a function that trains as in an epoch of so many steps, once."""
        experiment, state = self._experiment, copy.deepcopy(self.state)
        state.begin_epoch()
        engine = engines.create(experiment, state, self._pixels)
        order = sample_order(len(self._pixels), steps, experiment.order, self._rng)

        def train() -> None:
            tally = engine.advance(order, lambda _: None)
            self.last = engine.state
            if tally.steps < steps:
                raise RuntimeError(f"{experiment.name} diverged: its speed would mean nothing")

        return train


def warm(experiment: Experiment, pixels: Bytes, dtype: str, effort: Effort) -> Training:
    """Return a training on the fast engine, compiled and past its first steps.

    Weights that fade away make steps cheaper, and the first epoch sees to that; with the start
    weights an engine would be measured where training spends little of its time.
    """
    experiment = dataclasses.replace(experiment, engine="fast", dtype=dtype)
    rng = np.random.default_rng(experiment.seed)
    training = Training(experiment, pixels, states.start(experiment, pixels.shape[1], rng))
    training.prepare(effort.warm_up or experiment.steps_per_epoch)()
    training.state = training.last
    return training


def dense_arithmetic(experiment: Experiment, pixels: Bytes, state: State) -> Contestant:
    """Return the notebooks' arithmetic; every turn of it too starts from the same map."""
    grid, settings = experiment.grid, experiment.settings
    rng = np.random.default_rng(experiment.seed)

    def samples(steps: int) -> npt.NDArray[np.float64]:
        return pixels[sample_order(len(pixels), steps, experiment.order, rng)] / 255.0

    if isinstance(settings, Mwta):
        matrix = dense.lateral_matrix(grid.rows, grid.cols, settings.lateral)
        return lambda steps: partial(
            dense.run_mwta, state.weights, samples(steps), matrix, settings
        )
    parts = tuple(state.arrays.values())
    return lambda steps: partial(
        dense.run_sparse_dream, parts, samples(steps), grid.rows, grid.cols, settings
    )


def contestants(experiment: Experiment, pixels: Bytes, effort: Effort) -> dict[str, Contestant]:
    """Return what is compared on one experiment, all on a map that has been trained a while."""
    fast = {dtype: warm(experiment, pixels, dtype, effort) for dtype in ("float32", "float64")}
    reference = dataclasses.replace(experiment, engine="reference", dtype="float32")
    return {
        "dense": dense_arithmetic(experiment, pixels, fast["float64"].state),
        "fast float32": fast["float32"].prepare,
        "reference": Training(reference, pixels, fast["float32"].state).prepare,
        "fast float64": fast["float64"].prepare,
    }


def bare_product(weights: Floats) -> Contestant:
    """Return a product of the weights by some samples at a time, by BLAS; it learns nothing."""
    samples = np.random.default_rng(0).random((weights.shape[1], SAMPLES_PER_PRODUCT))
    weights, samples = np.ascontiguousarray(weights), samples.astype(weights.dtype)
    drives = np.empty((len(weights), SAMPLES_PER_PRODUCT), weights.dtype)

    def prepare(steps: int) -> Callable[[], None]:
        def multiply() -> None:
            for _ in range(-(-steps // SAMPLES_PER_PRODUCT)):
                np.matmul(weights, samples, out=drives)

        return multiply

    return prepare


# ------------------------------------------------------------------ taking turns


def seconds(train: Callable[[], object]) -> float:
    """Return how long a call takes by the clock."""
    started = time.perf_counter()
    train()
    return time.perf_counter() - started


def steps_for(contestant: Contestant, turn: float) -> int:
    """Return how many steps take about ``turn`` seconds, by trying ever more of them."""
    steps = LEAST_STEPS
    while True:
        taken = seconds(contestant(steps))
        if taken > turn / 5:
            return max(LEAST_STEPS, round(steps * turn / taken))
        steps *= 4


def take_turns(contestants: Mapping[str, Contestant], effort: Effort) -> dict[str, list[float]]:
    """Return each contestant's steps per second, round by round."""
    steps = {name: steps_for(prepare, effort.turn) for name, prepare in contestants.items()}
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(effort.rounds):
        for name, prepare in contestants.items():
            rates[name].append(steps[name] / seconds(prepare(steps[name])))
    return rates


def compare(experiment: Experiment, pixels: Bytes, effort: Effort) -> dict[str, Any]:
    """Measure one experiment on every engine and with the notebooks' arithmetic."""
    rates = take_turns(contestants(experiment, pixels, effort), effort)
    over_dense = {
        name: dataclasses.asdict(ratios(rates[name], rates["dense"]))
        for name in rates
        if name != "dense"
    }
    return {
        "experiment": experiment.name,
        "model": experiment.model,
        "rows": experiment.grid.rows,
        "cols": experiment.grid.cols,
        "inputs": pixels.shape[1],
        "notebook": NOTEBOOK[experiment.name],
        "rates": {name: dataclasses.asdict(spread(values)) for name, values in rates.items()},
        "over_dense": over_dense,
    }


def density(experiment: Experiment, case: Inputs, effort: Effort) -> dict[str, Any]:
    """Measure an experiment on inputs of some density, beside a bare product of the same shape."""
    pixels = SAMPLES[case.samples](case.n_inputs)
    lateral = dataclasses.replace(experiment.settings.lateral, edge=case.edge)
    settings = dataclasses.replace(experiment.settings, lateral=lateral)
    experiment = dataclasses.replace(experiment, settings=settings)
    fast = {dtype: warm(experiment, pixels, dtype, effort) for dtype in ("float32", "float64")}
    contestants: dict[str, Contestant] = {
        "dense": dense_arithmetic(experiment, pixels, fast["float64"].state),
        "fast float32": fast["float32"].prepare,
        "product": bare_product(fast["float32"].state.weights),
    }
    rates = take_turns(contestants, effort)
    ours = rates["fast float32"]
    return {
        "images": case.name,
        "inputs": case.n_inputs,
        "lit": float(np.mean(pixels > 0)),
        "rates": {each: dataclasses.asdict(spread(values)) for each, values in rates.items()},
        "over_dense": dataclasses.asdict(ratios(ours, rates["dense"])),
        "over_product": dataclasses.asdict(ratios(ours, rates["product"])),
    }


# ------------------------------------------------------------------ two at once


def two_at_once(experiment: Experiment, pixels: Bytes, effort: Effort) -> dict[str, Any]:
    """Compare one training with two in two threads of one process, by their steps in total."""
    first, second = (warm(experiment, pixels, "float32", effort) for _ in range(2))
    steps = steps_for(first.prepare, effort.turn)
    one, two = [], []
    for _ in range(effort.rounds):
        one.append(steps / seconds(first.prepare(steps)))
        both = [training.prepare(steps) for training in (first, second)]
        two.append(2 * steps / seconds(partial(_in_threads, both)))
    return {
        "experiment": experiment.name,
        "one": dataclasses.asdict(spread(one)),
        "two": dataclasses.asdict(spread(two)),
        "two_over_one": dataclasses.asdict(ratios(two, one)),
    }


def _in_threads(calls: list[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
