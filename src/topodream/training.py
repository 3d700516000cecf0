"""Training: from an experiment and its samples to a trained map."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream import engines
from topodream.config import Experiment
from topodream.errors import InputError
from topodream.grid import Floats
from topodream.models import mwta

Integers = npt.NDArray[np.int64]

# Snapshots are for pictures and curves: half precision halves them and shows no difference,
# but for a map that blows up, whose weights beyond 65,504 become infinite.
SNAPSHOT_DTYPE = np.float16


@dataclass(frozen=True)
class History:
    """What was recorded of each epoch; the first axis of all of them is the epoch.

    Attributes
    ----------
    training_mse : (n_epochs,)
        Mean squared reconstruction error over the epoch's steps, each before its update.
    mean_weight, largest_weight : (n_epochs,)
        At the epoch's end.
    wins : (n_epochs, n_units) int64
        Steps at which the unit was among the winners and answered.
    """

    training_mse: npt.NDArray[np.float64]
    mean_weight: npt.NDArray[np.float64]
    largest_weight: npt.NDArray[np.float64]
    wins: Integers


@dataclass(frozen=True)
class Trained:
    """A trained map.

    Attributes
    ----------
    weights : (n_units, n_inputs)
    history : History
    snapshots : (n_snapshots, n_units, n_inputs) float16
        The weights after the epochs in ``snapshot_epochs``; 0 is the start.
    snapshot_epochs : (n_snapshots,) int64
    """

    weights: Floats
    history: History
    snapshots: npt.NDArray[np.float16]
    snapshot_epochs: Integers


@dataclass(frozen=True)
class EpochReport:
    """Progress, as reported after each epoch."""

    epoch: int
    training_mse: float
    steps_per_second: float


def train(
    experiment: Experiment,
    pixels: npt.NDArray[np.uint8],
    tick: Callable[[int], object],
    report: Callable[[EpochReport], object],
) -> Trained:
    """Train a map from its start to its last epoch.

    Parameters
    ----------
    experiment : Experiment
    pixels : (n_samples, n_inputs) uint8
    tick : callable
        Called with the number of steps done since its last call.
    report : callable
        Called after each epoch.

    Raises
    ------
    InputError
        If weights are no longer finite at the end of an epoch.
    """
    weights_rng, order_rng = _generators(experiment)
    engine = engines.create(experiment, _start(experiment, pixels.shape[1], weights_rng), pixels)
    records: list[tuple[float, float, float, Integers]] = []
    snapshots, snapshot_epochs = [_snapshot(engine)], [0]
    for epoch, order in enumerate(_orders(experiment, len(pixels), order_rng), start=1):
        engine.state.activity = np.zeros_like(engine.state.activity)
        started = time.perf_counter()
        tally = engine.advance(order, tick)
        seconds = time.perf_counter() - started
        weights = engine.state.weights
        _check_finite(weights, epoch)
        mse = tally.squared_error / len(order)
        records.append(
            (mse, float(np.mean(weights, dtype=float)), float(weights.max()), tally.wins)
        )
        if epoch % experiment.snapshot_every == 0 or epoch == experiment.epochs:
            snapshots.append(_snapshot(engine))
            snapshot_epochs.append(epoch)
        report(EpochReport(epoch, mse, len(order) / seconds))
    history = History(*(np.array(column) for column in zip(*records, strict=True)))
    return Trained(engine.state.weights, history, np.array(snapshots), np.array(snapshot_epochs))


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


def _start(experiment: Experiment, n_inputs: int, rng: np.random.Generator) -> engines.State:
    n_units = experiment.grid.n_units
    weights = mwta.start_weights(experiment.mwta.start, n_units, n_inputs, rng)
    return engines.State(weights.astype(experiment.dtype), np.zeros(n_units, experiment.dtype))


def _snapshot(engine: engines.Engine) -> npt.NDArray[np.float16]:
    with np.errstate(over="ignore"):
        return engine.state.weights.astype(SNAPSHOT_DTYPE)


def _check_finite(weights: npt.NDArray[Any], epoch: int) -> None:
    if not np.isfinite(weights).all():
        raise InputError(
            f"diverged: weights are no longer finite after epoch {epoch}; a lower learning_rate "
            "or lateral.strength, an error_clip or a weight_clip may hold it"
        )
