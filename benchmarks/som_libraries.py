"""What a user would take instead: libraries for self-organising maps, on the same data.

Every contestant trains a map of ``side x side`` units on the same samples, on one thread, in the
fastest way that its documentation shows; above them all stands the bare product of samples and
weights, which learns nothing. All but MiniSom are batch maps: they change the weights once an
epoch, where our engine does at every step. No rate says anything of how good a map is.
"""

import io
import statistics
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from topodream.arrays import Floats

# A batch map's work beyond the samples, once an epoch or once a fit, doesn't count: fastersom ends
# each fit with one more search for winners, 5% of it at 20 epochs.
EPOCHS = 20
# MiniSom takes one sample at a time, and its first 100 say how long the rest will take.
ONLINE_SAMPLES = 100
ONLINE_ROUNDS = 4
# Samples in one product: 5% faster than with 256, and no slower than with more.
BATCH = 1000


@dataclass(frozen=True)
class Contestant:
    """A library, imported and ready to train.

    Attributes
    ----------
    train : callable
        Trains for a number of rounds.
    rounds : int
        How many of them to time.
    samples_per_round : int
    note : str
        How it was called.
    """

    train: Callable[[int], object]
    rounds: int
    samples_per_round: int
    note: str


@dataclass(frozen=True)
class Result:
    """How fast a library trained: the median over the repetitions."""

    name: str
    version: str
    samples_per_cpu_second: float
    samples_per_second: float
    note: str


# ------------------------------------------------------------------ contestants


def minisom_online(samples: Floats, side: int) -> Contestant:
    """MiniSom, one sample after the other, as its users call it.

    Its ``train_batch_offline`` also goes through samples one by one, about as fast. Both make
    arrays as large as the map at every step; what those cost in page faults is a matter of the
    memory allocator, and changes the rate by a factor of almost two.
    """
    from minisom import MiniSom

    som = MiniSom(side, side, samples.shape[1], sigma=side / 2, random_seed=0)
    online = samples[:ONLINE_SAMPLES]

    def train(rounds: int) -> None:
        som.train(online, rounds * len(online))

    return Contestant(train, ONLINE_ROUNDS, len(online), "train, online")


def xpysom_batch(samples: Floats, side: int) -> Contestant:
    """XPySom, on NumPy."""
    with redirect_stdout(io.StringIO()):  # where it announces that there is no CuPy
        from xpysom import XPySom

    # Its defaults depend on the machine: xp is CuPy where there is one, n_parallel grows with the
    # number of cores. From 1,000 to 4,000 samples at a time are equally fast.
    som = XPySom(side, side, samples.shape[1], n_parallel=1000, random_seed=0, xp=np)

    def train(rounds: int) -> None:
        som.train(samples, rounds)

    return Contestant(train, EPOCHS, len(samples), f"{EPOCHS} epochs, NumPy, Gaussian")


def fastersom_batch(samples: Floats, side: int) -> Contestant:
    """Fastersom, on PyTorch; its fits count no samples but those of its epochs."""
    import torch
    from fastersom import SOM

    # PyTorch has MKL linked in, out of threadpoolctl's reach; the process stays at one thread.
    torch.set_num_threads(1)

    def train(rounds: int) -> None:
        SOM(side, side, n_epochs=rounds, random_state=0, device="cpu").fit(samples)

    note = f"{EPOCHS} epochs, PyTorch {torch.__version__}, Gaussian"
    return Contestant(train, EPOCHS, len(samples), note)


def bare_product(samples: Floats, side: int) -> Contestant:
    """Find the winners with one matrix product a batch, and learn nothing."""
    weights, batches, scores = _batches(samples, side)
    half_lengths = (weights * weights).sum(axis=1) / 2

    def search(rounds: int) -> None:
        for _ in range(rounds):
            for batch in batches:
                _winners(batch, weights, half_lengths, scores)

    return Contestant(search, EPOCHS, len(samples), f"{BATCH} samples a product; learns nothing")


def two_products(samples: Floats, side: int) -> Contestant:
    """Find the winners, and sum samples over Gaussian neighbourhoods with a second product.

    The weights stay as they are: to divide by the neighbourhoods' sums once an epoch takes no time.
    """
    weights, batches, scores = _batches(samples, side)
    half_lengths = (weights * weights).sum(axis=1) / 2
    rows, cols = np.divmod(np.arange(side**2), side)
    squares = np.subtract.outer(rows, rows) ** 2 + np.subtract.outer(cols, cols) ** 2
    # Row w: how much of a sample that unit w won goes to each unit.
    neighbourhoods = np.exp(-squares / (2 * (side / 4) ** 2)).astype(samples.dtype)
    sums = np.zeros_like(weights)

    def learn(rounds: int) -> None:
        for _ in range(rounds):
            for batch in batches:
                winners = _winners(batch, weights, half_lengths, scores)
                np.add(sums, neighbourhoods[winners].T @ batch, out=sums)

    return Contestant(learn, EPOCHS, len(samples), f"{BATCH} samples a product, as XPySom does it")


def _batches(samples: Floats, side: int) -> tuple[Floats, list[Floats], Floats]:
    """Return random weights, the samples in batches, and room for a batch's scores."""
    random = np.random.default_rng(0)
    weights = random.random((side**2, samples.shape[1])).astype(samples.dtype)
    batches = [samples[first : first + BATCH] for first in range(0, len(samples), BATCH)]
    return weights, batches, np.empty((BATCH, len(weights)), samples.dtype)


def _winners(
    batch: Floats, weights: Floats, half_lengths: Floats, room: Floats
) -> npt.NDArray[np.intp]:
    """Return each sample's nearest unit; ``room`` is for scores, made once as that takes time."""
    scores = np.matmul(batch, weights.T, out=room[: len(batch)])
    # |x - w|^2 is smallest where x.w - |w|^2 / 2 is largest.
    np.subtract(scores, half_lengths, out=scores)
    nearest: npt.NDArray[np.intp] = scores.argmax(axis=1)
    return nearest


# ------------------------------------------------------------------ measuring

# A name in tables -> the package, as imported and as installed, and what prepares it.
LIBRARIES: dict[str, tuple[str, Callable[[Floats, int], Contestant]]] = {
    "MiniSom": ("minisom", minisom_online),
    "XPySom": ("xpysom", xpysom_batch),
    "fastersom": ("fastersom", fastersom_batch),
    "bare product": ("numpy", bare_product),
    "two bare products": ("numpy", two_products),
}


def measure(samples: Floats, side: int, repetitions: int) -> tuple[list[Result], list[str]]:
    """Time training with every library that is installed, on one thread.

    Parameters
    ----------
    samples : (n_samples, n_inputs) float32
        Values in [0, 1]. With 4,000 samples of 784 inputs and 40 x 40 units a repetition takes
        25 seconds.
    side : int
        The map has ``side x side`` units.
    repetitions : int

    Returns
    -------
    results : list of Result
    missing : list of str
        Names of the libraries that are not installed, and so were not measured.
    """
    missing = [name for name, (package, _) in LIBRARIES.items() if find_spec(package) is None]
    results = []
    for name, (package, prepare) in LIBRARIES.items():
        if name in missing:
            continue
        contestant = prepare(samples, side)
        cpu, wall = _seconds(contestant, repetitions)
        n_samples = contestant.rounds * contestant.samples_per_round
        results.append(
            Result(name, version(package), n_samples / cpu, n_samples / wall, contestant.note)
        )
    return results, missing


def _seconds(contestant: Contestant, repetitions: int) -> tuple[float, float]:
    """Return the median seconds of processor and of wall clock that training takes."""
    cpu, wall = [], []
    # Only now, as it reaches only the libraries that are loaded.
    with threadpool_limits(limits=1):
        contestant.train(1)  # what a library does once only does not count
        for _ in range(repetitions):
            cpu_start, wall_start = time.process_time(), time.perf_counter()
            contestant.train(contestant.rounds)
            wall.append(time.perf_counter() - wall_start)
            cpu.append(time.process_time() - cpu_start)
    return statistics.median(cpu), statistics.median(wall)
