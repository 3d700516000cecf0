"""Training: from an experiment and its samples to a trained map."""

import copy
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream import engines
from topodream.arrays import Bytes, Integers
from topodream.files.errors import InputError
from topodream.models.model import State
from topodream.settings.config import Experiment
from topodream.training import states
from topodream.training.trained import Divergence, History, Snapshot, Trained, snapshot_dtype

# A prototype's weight beyond which a map has diverged. Samples are in [0, 1], and weights
# that reconstruct them are of that order too.
LARGEST_WEIGHT = 1e6


@dataclass(frozen=True)
class EpochRecord:
    """What is recorded of an epoch.

    Attributes
    ----------
    training_mse : float
        Mean squared reconstruction error over the epoch's measured steps, each before its
        update (see :attr:`topodream.engines.Tally.measured`).
    mean_weight, largest_weight : float
        Of the prototypes, at the epoch's end.
    wins : (n_units,) int64
        Steps that the unit won, see :class:`topodream.engines.Tally`.
    mean_activity : (n_units,) float64
        The unit's activity, mean over the epoch's steps.
    """

    training_mse: float
    mean_weight: float
    largest_weight: float
    wins: Integers
    mean_activity: npt.NDArray[np.float64]


@dataclass
class Progress:
    """How far a training has come: all that it needs to go on from there.

    Records and snapshots are of the epochs done, in their order.
    """

    epoch: int
    state: State
    records: list[EpochRecord]
    snapshots: list[Snapshot]


@dataclass(frozen=True)
class EpochReport:
    """Progress, as reported after each epoch; the rate is that of all maps that train together."""

    epoch: int
    training_mse: float
    steps_per_second: float


def train(
    experiment: Experiment,
    pixels: Bytes,
    tick: Callable[[int], object],
    report: Callable[[EpochReport], object],
    save: Callable[[Progress], object] = lambda _: None,
    done: Progress | None = None,
) -> Trained:
    """Train one map on the CPU; see :func:`train_together` and :func:`check_divergence`."""
    (trained,) = train_together([Task(experiment, report, save, done)], pixels, tick)
    check_divergence(experiment, trained)
    return trained


@dataclass(frozen=True)
class Task:
    """A map to train.

    Attributes
    ----------
    experiment : Experiment
    report : callable
        Called after each epoch.
    save : callable
        Called after each epoch with all that training needs to go on from there.
    done : Progress or None
        What was saved: training goes on from it, and ends as if it had never stopped.
    start : State or None
        What a first epoch begins with, see :func:`topodream.training.starts.begin_from`; None:
        weights that are drawn.
    """

    experiment: Experiment
    report: Callable[[EpochReport], object]
    save: Callable[[Progress], object]
    done: Progress | None
    start: State | None = None


def train_together(
    tasks: Sequence[Task], pixels: Bytes, tick: Callable[[int], object], xp: Any = None
) -> list[Trained]:
    """Train maps of one shape to their last epochs, side by side; each as if it were alone.

    Parameters
    ----------
    tasks : sequence of Task
    pixels : (n_samples, n_inputs) uint8
    tick : callable
        Called with the number of steps done since its last call, of all maps.
    xp : module, optional
        CuPy, to train on a GPU.

    Returns
    -------
    list of Trained
        Those that diverged up to their last sound epoch: see :func:`check_divergence`.
    """
    trainings = [_Training(task, pixels) for task in tasks]
    experiments = [task.experiment for task in tasks]
    starts = [training.progress.state for training in trainings]
    ensemble = engines.create_ensemble(experiments, starts, pixels, xp)
    while going := {n: training for n, training in enumerate(trainings) if not training.is_over}:
        # Those that were stopped earlier than others catch up with them.
        epoch = min(training.progress.epoch for training in going.values())
        now = {n: training for n, training in going.items() if training.progress.epoch == epoch}
        orders = {n: training.begin_epoch(ensemble.states[n]) for n, training in now.items()}
        thorough = [n for n, training in now.items() if training.is_in_last_epoch]
        started = time.perf_counter()
        tallies = ensemble.advance(orders, tick, thorough)
        seconds = time.perf_counter() - started
        rate = sum(tally.steps for tally in tallies.values()) / seconds
        for n, training in now.items():
            training.end_epoch(tallies[n], ensemble.states[n], rate)
    return [training.trained() for training in trainings]


class _Training:
    """A map on its way through its epochs, whoever computes their steps."""

    def __init__(self, task: Task, pixels: Bytes) -> None:
        self._task, experiment = task, task.experiment
        weights_rng, order_rng = _generators(experiment)
        self.progress = _beginning(experiment, pixels.shape[1], weights_rng, task.start)
        if (done := task.done) is not None:
            snapshots = self.progress.snapshots + done.snapshots
            self.progress = Progress(done.epoch, done.state, done.records, snapshots)
        orders = _orders(experiment, len(pixels), order_rng)
        self._orders = itertools.islice(orders, self.progress.epoch, None)
        self._divergence: Divergence | None = None

    @property
    def is_over(self) -> bool:
        """Whether there is no epoch left, or none that could follow."""
        done = self.progress.epoch == self._task.experiment.epochs
        return done or self._divergence is not None

    @property
    def is_in_last_epoch(self) -> bool:
        return self.progress.epoch + 1 == self._task.experiment.epochs

    def begin_epoch(self, state: State) -> Integers:
        """Make the state ready; return the samples to show."""
        self._sound = copy.deepcopy(state)
        state.begin_epoch()
        return next(self._orders)

    def end_epoch(self, tally: engines.Tally, state: State, rate: float) -> None:
        """Take in what an epoch made of the state, and save it, unless it went astray."""
        experiment, progress = self._task.experiment, self.progress
        self._divergence = _divergence(experiment, progress.epoch, tally, state)
        if self._divergence is not None:
            progress.state = self._sound
            return
        progress.epoch += 1
        progress.state = state
        progress.records.append(_record(tally, state))
        if progress.epoch % experiment.snapshot_every == 0 or self.is_over:
            progress.snapshots.append(_snapshot(progress))
        self._task.save(progress)
        mse = progress.records[-1].training_mse
        self._task.report(EpochReport(progress.epoch, mse, rate))

    def trained(self) -> Trained:
        """Return the map."""
        history = _history(self.progress.records, self._task.experiment.grid.n_units)
        return Trained(self.progress.state, history, self.progress.snapshots, self._divergence)


def check_divergence(experiment: Experiment, trained: Trained) -> None:
    """Raise InputError if a map diverged and its experiment says that this is a failure."""
    if trained.divergence is not None and experiment.on_divergence == "fail":
        raise InputError(
            f"{experiment.name} {trained.divergence}; a lower learning_rate may hold it (for MWTA a "
            "lower lateral.strength, an error_clip or a weight_clip too), on_divergence: keep "
            "shows it"
        )


def sample_order(n_samples: int, n_steps: int, order: str, rng: np.random.Generator) -> Integers:
    """Return which samples an epoch shows: (n_steps,) numbers of samples.

    Shuffled, it is the beginning of a permutation of the whole data set, followed by
    further permutations where the data set has fewer samples than the epoch has steps.
    Sequential, it runs from the first sample on, and around.
    """
    if order == "sequential":
        return np.arange(n_steps, dtype=np.int64) % n_samples
    rounds = -(-n_steps // n_samples)
    return np.concatenate([rng.permutation(n_samples) for _ in range(rounds)])[:n_steps]


def _generators(experiment: Experiment) -> list[np.random.Generator]:
    """Return independent generators for start weights and for orders, both of the seed.

    So orders don't depend on how many weights were drawn.
    """
    return np.random.default_rng(experiment.seed).spawn(2)


def _orders(experiment: Experiment, n_samples: int, rng: np.random.Generator) -> Iterator[Integers]:
    for _ in range(experiment.epochs):
        yield sample_order(n_samples, experiment.steps_per_epoch, experiment.order, rng)


def _beginning(
    experiment: Experiment, n_inputs: int, rng: np.random.Generator, start: State | None
) -> Progress:
    state = states.start(experiment, n_inputs, rng) if start is None else start
    progress = Progress(0, state, [], [])
    progress.snapshots.append(_snapshot(progress))
    return progress


def _divergence(
    experiment: Experiment, epochs_done: int, tally: engines.Tally, state: State
) -> Divergence | None:
    """Find out whether an epoch went astray, by its errors or by what it left."""
    step = epochs_done * experiment.steps_per_epoch + tally.steps
    if tally.steps < experiment.steps_per_epoch:
        error = tally.last_error
        grown = f"{error:.1e}" if math.isfinite(error) else f"no finite number ({error})"
        reason = f"the mean squared error is {grown}, at most {engines.LARGEST_ERROR:.0e} is sound"
        return Divergence(step + 1, epochs_done + 1, reason)
    for name, array in state.arrays.items():
        if not np.isfinite(array).all():
            return Divergence(step, epochs_done + 1, f"{name}: no longer finite")
    largest = float(np.abs(state.weights).max())
    if largest > LARGEST_WEIGHT:
        reason = f"the largest weight is {largest:.1e}, at most {LARGEST_WEIGHT:.0e} is sound"
        return Divergence(step, epochs_done + 1, reason)
    return None


def _record(tally: engines.Tally, state: State) -> EpochRecord:
    return EpochRecord(
        training_mse=tally.squared_error / tally.measured,
        mean_weight=float(np.mean(state.weights, dtype=float)),
        largest_weight=float(state.weights.max()),
        wins=tally.wins,
        mean_activity=tally.activity / tally.steps,
    )


def _history(records: list[EpochRecord], n_units: int) -> History:
    return History(
        training_mse=np.array([record.training_mse for record in records], float),
        mean_weight=np.array([record.mean_weight for record in records], float),
        largest_weight=np.array([record.largest_weight for record in records], float),
        wins=np.array([record.wins for record in records], np.int64).reshape(-1, n_units),
        mean_activity=np.array([record.mean_activity for record in records]).reshape(-1, n_units),
    )


def _snapshot(progress: Progress) -> Snapshot:
    with np.errstate(over="ignore"):
        arrays = {
            name: array.astype(snapshot_dtype(name))
            for name, array in progress.state.arrays.items()
        }
    return Snapshot(progress.epoch, arrays)
