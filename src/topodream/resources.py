"""What jobs need of a computer: memory and time, estimated from the config.

Schedulers stop jobs that take more than they asked for. The estimates are therefore bounds
from above, not averages; what was measured stands beside the numbers.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from topodream.config import GPU_ENGINE, Experiment, Mwta

# The interpreter, the libraries and compiling the fast loops, with what allocators keep: a
# single step takes 289 MiB (docs/performance.md), of a large map up to 100 more.
TRAINING_START_MIB = 400
# The weights, what an engine keeps beside them, and their copy while they are written.
COPIES_OF_STATE = 3
# CuPy, CUDA and a device's context. ASSUME: nobody has measured it.
GPU_MIB = 2000
# Snapshots are kept until training ends, then stacked, which takes them once more.
COPIES_OF_SNAPSHOTS = 2

# Seconds that a step takes on one thread: a part that is always there, and one for each weight.
# Between once and ten times what docs/performance.md measured for the seven maps there.
STEP_SECONDS = {
    "fast": (10e-6, 50e-12),
    "reference": (150e-6, 1e-9),
    # ASSUME: six launches of Python's, and a memory that each weight goes through five times; more
    # than the estimate in docs/gpu.md by some factor. Nobody has measured it.
    "cupy": (300e-6, 50e-12),
}
# Until a step begins: the interpreter, and the Snakemakes that a cluster puts around it. Together
# five seconds from a disk of one's own; this is for libraries read over a slow network.
START_SECONDS = 120
# Starting, and compiling, which takes six seconds.
TRAINING_START_SECONDS = START_SECONDS + 60
# Measuring and drawing a map, for each of its units and each sample that it is measured on, or
# frame that is drawn: 0.2 to 2.3 microseconds for the four maps of tests/test_resources.py.
UNIT_SECONDS = 4e-6

# Steps that read no map: 45 MiB for a table, 330 for the GIF of a sequence of 500 frames.
SMALL_MIB = 400

# Making a data set: 59 MiB for 12,000 windows of 20 x 20, 202 for 102,000 of 28 x 28.
DATA_START_MIB = 100
COPIES_OF_DATA = 3
# The source keras imports TensorFlow.
TENSORFLOW_MIB = 2000

# Digits: 28 x 28; those that come with the package, and all of MNIST.
DIGIT_PIXELS = 28 * 28
N_EMBEDDED, N_MNIST = 5_000, 70_000


def data_shape(dataset: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many samples a data set has, held out ones too, and how many pixels each.

    Parameters
    ----------
    dataset : mapping
        Its section of the config. Of a tapestry the samples are the digits that it is sewn
        of, those for training and those held out.
    """
    if dataset["kind"] == "pan":
        return dataset["frames"] + dataset["held_out_frames"], dataset["window"] ** 2
    if dataset["kind"] == "tapestry":
        return 2 * dataset["side"] ** 2, DIGIT_PIXELS
    return N_EMBEDDED if dataset["source"] == "embedded" else N_MNIST, DIGIT_PIXELS


def data_mib(dataset: Mapping[str, Any]) -> int:
    """Return a bound on the memory that making a data set takes at its peak, in MiB."""
    n_samples, n_inputs = data_shape(dataset)
    library = TENSORFLOW_MIB if dataset.get("source") == "keras" else 0
    return DATA_START_MIB + library + _mib(COPIES_OF_DATA * n_samples * n_inputs)


def training_mib(experiments: Sequence[Experiment], n_samples: int, n_inputs: int) -> int:
    """Return a bound on the memory that training takes at its peak, in MiB; a GPU's not counted.

    Parameters
    ----------
    experiments : sequence of Experiment
        One, or several that train together.
    n_samples, n_inputs : int
        Of their data set, see :func:`data_shape`; a pixel is a byte.
    """
    on_gpu = GPU_MIB if GPU_ENGINE in experiments[0].engines else 0
    maps = sum(_map_bytes(one, n_inputs) for one in experiments)
    return TRAINING_START_MIB + on_gpu + _mib(maps + n_samples * n_inputs)


def _map_bytes(experiment: Experiment, n_inputs: int) -> int:
    """Return a bound on the memory of a map while it is trained, with its snapshots."""
    prototypes, lateral = _n_weights(experiment, n_inputs)
    state = (prototypes + lateral) * (4 if experiment.dtype == "float32" else 8)
    # Of the start, of the last epoch, and of every so many: prototypes in 16 bits, the rest in
    # 32 (see topodream.training).
    n_snapshots = 2 + experiment.epochs // experiment.snapshot_every
    snapshots = n_snapshots * (2 * prototypes + 4 * lateral)
    return COPIES_OF_STATE * state + COPIES_OF_SNAPSHOTS * snapshots


def map_mib(experiment: Experiment, n_samples: int, n_inputs: int, n_held_out: int) -> int:
    """Return a bound on the memory for measuring and drawing a trained map, in MiB.

    Parameters
    ----------
    experiment : Experiment
    n_samples, n_inputs : int
        Of its data set, see :func:`data_shape`.
    n_held_out : int
        Samples that the map is measured on.
    """
    n_units = experiment.grid.n_units
    responses, pairs_of_units = 8 * n_held_out * n_units, n_units**2
    held = _map_bytes(experiment, n_inputs) + n_samples * n_inputs
    return TRAINING_START_MIB + _mib(held) + _mib(responses + pairs_of_units)


def training_seconds(experiments: Sequence[Experiment], n_inputs: int) -> float:
    """Return a bound on how long training takes, on one thread of a machine like most, or a GPU.

    Parameters
    ----------
    experiments : sequence of Experiment
        One, or several that train together: steps of all of them are launched at once.
    n_inputs : int
        Pixels of a sample.
    """
    n_steps = max(one.epochs * one.steps_per_epoch for one in experiments)
    n_weights = sum(sum(_n_weights(one, n_inputs)) for one in experiments)
    per_step, per_weight = map(
        max, zip(*(STEP_SECONDS[engine] for engine in experiments[0].engines), strict=True)
    )
    return float(TRAINING_START_SECONDS + n_steps * (per_step + per_weight * n_weights))


def map_seconds(experiment: Experiment, n_held_out: int, n_frames: int) -> float:
    """Return a bound on how long any one step takes that measures or draws a trained map.

    Parameters
    ----------
    experiment : Experiment
    n_held_out : int
        Samples that the map is measured on.
    n_frames : int
        Frames of an animation.
    """
    return START_SECONDS + UNIT_SECONDS * experiment.grid.n_units * (n_held_out + n_frames)


def _n_weights(experiment: Experiment, n_inputs: int) -> tuple[int, int]:
    """Return how many weights a map learns: of its prototypes, and lateral ones.

    SparseDream learns three matrices of (n_units, n_units), MWTA none.
    """
    n_units = experiment.grid.n_units
    n_matrices = 0 if isinstance(experiment.settings, Mwta) else 3
    return n_units * n_inputs, n_matrices * n_units**2


def _mib(n_bytes: int) -> int:
    return math.ceil(n_bytes / 2**20)
