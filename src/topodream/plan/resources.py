"""What jobs need of a computer: memory and time, estimated from the config.

Schedulers stop jobs that take more than they asked for. The estimates are therefore bounds
from above, not averages; what was measured stands beside the numbers.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from topodream.data import KINDS
from topodream.data.kind import BYTES_PER_PIXEL, DataPicture, DataSize, Sizes
from topodream.models import MODELS
from topodream.pictures.layers import MOST_SAMPLES, MOST_UNITS, MOST_WEIGHTS
from topodream.settings.config import GPU_ENGINE, Experiment
from topodream.settings.datasets import made_of

# The interpreter, the libraries and compiling the fast loops, with what allocators keep: a
# single step takes 289 MiB (docs/performance.md), of a large map up to 100 more.
TRAINING_START_MIB = 400
# The weights, what they were before the epoch, and their copy while they are written.
COPIES_OF_STATE = 3
# The same of a map that training starts from: as it was read, perhaps in double precision, and as it
# is taken over.
COPIES_OF_START = 3
# CuPy, CUDA and a device's context. ASSUME: nobody has measured it.
GPU_MIB = 2000
# Snapshots are kept until training ends, then stacked, which takes them once more.
COPIES_OF_SNAPSHOTS = 2

# Seconds that a step takes on one thread: a part that is always there, and one for each weight.
# Between once and ten times what docs/performance.md measured for the seven maps there.
STEP_SECONDS = {
    "fast": (10e-6, 50e-12),
    "reference": (150e-6, 1e-9),
    # More than an H200 takes (docs/gpu.md) by some factor; older cards are slower.
    "cupy": (300e-6, 50e-12),
}
# Until a step begins: the interpreter, and the Snakemakes that a cluster puts around it. Together
# five seconds from a disk of one's own; this is for libraries read over a slow network.
START_SECONDS = 120
# Starting, and compiling, which takes six seconds.
TRAINING_START_SECONDS = START_SECONDS + 60
# Measuring and drawing a map, for each of its units and each sample that it is measured on, or
# frame that is drawn: 0.2 to 2.3 microseconds for the four maps of tests/test_resources.py.
UNIT_SECONDS = 3e-6
# What a pixel adds: for each unit and each sample that is measured, and, in products of matrices,
# for each pair of both and each snapshot. 256 x 256 pixels and 20 x 20 units: 103 seconds.
PIXEL_SECONDS, PRODUCT_SECONDS = 1.5e-6, 0.1e-9
# Putting a frame together and packing it: 8 milliseconds.
FRAME_SECONDS = 20e-3
# Fitting baselines, for each number of the training samples and for each weight, most of it for
# MiniSom's steps; and coefficients of a held-out sample. Some ten times what was measured for
# `digits-competition` and `patches` on one thread.
FIT_SECONDS, BASELINE_SECONDS, NNLS_SECONDS = 20e-6, 1e-3, 0.02
# What the page looks at of each map.
SECONDS_PER_MAP = 2

# Reading a data set, for each of its bytes: to unpack it, and hash it.
READING_SECONDS = 50e-9
# Making one: its source is unpacked, and it is hashed and packed, as well as it can be.
MAKING_SECONDS = 400e-9
# Steps that read neither a map nor a data set, the page among them, and what each map adds whose
# measures they read.
SMALL_MIB, MIB_PER_MAP = 200, 0.15

# Making a data set: the interpreter, and how often all of it is there: as its files were, as the
# new one is, and a part of both.
DATA_START_MIB, COPIES_OF_DATA = 100, 2.25

# What follows training: interpreter and libraries, with the blocks of samples, pixels or frames
# that are worked on at a time, whatever the data are like.
MEASURE_START_MIB, FIGURES_START_MIB, GIF_START_MIB = 280, 320, 170

# The same with scikit-learn and SciPy, and how often it has the training samples as numbers.
BASELINES_START_MIB, COPIES_FOR_BASELINES = 400, 4

SizeOf = Callable[[str], DataSize]
Datasets = Mapping[str, Mapping[str, Any]]


def data_size(name: str, datasets: Datasets) -> DataSize:
    """Return how large a data set is, see :meth:`topodream.data.kind.Kind.size`.

    Parameters
    ----------
    name : str
    datasets : mapping
        All sections of the config: one may be made of others.
    """
    section = datasets[name]
    behind = {key: data_size(other, datasets) for key, other in made_of(section).items()}
    return KINDS[section["kind"]].size(section, behind)


def samples_apart(one: str, other: str, datasets: Datasets) -> tuple[str, str] | None:
    """Return of which shapes the samples of two data sets are, if they are known to differ."""
    if one == other:
        return None
    sizes = [data_size(name, datasets) for name in (one, other)]
    first, second = (size.samples for size in sizes)
    return (first, second) if first != second and all(size.is_known for size in sizes) else None


def data_mib(name: str, datasets: Datasets, size: SizeOf) -> int:
    """Return a bound on the memory that making a data set takes at its peak, in MiB.

    ``size`` returns that of each data set by its name, see :func:`data_size`.
    """
    section = datasets[name]
    behind = {key: size(other) for key, other in made_of(section).items()}
    work = KINDS[section["kind"]].work(section, behind).mib
    read = sum(one.n_bytes for one in behind.values())
    return DATA_START_MIB + math.ceil(work + (read + COPIES_OF_DATA * size(name).n_bytes) / 2**20)


def data_seconds(name: str, datasets: Datasets, size: SizeOf) -> float:
    """Return a bound on how long making a data set takes."""
    section = datasets[name]
    behind = {key: size(other) for key, other in made_of(section).items()}
    work = KINDS[section["kind"]].work(section, behind).seconds
    read = READING_SECONDS * sum(one.n_bytes for one in behind.values())
    return START_SECONDS + work + read + MAKING_SECONDS * size(name).n_bytes


def data_picture_mib(name: str, datasets: Datasets, size: SizeOf) -> int:
    """Return a bound on the memory that drawing a data set takes, in MiB."""
    picture, behind = _picture(name, datasets, size)
    start = GIF_START_MIB if picture.suffix == ".gif" else FIGURES_START_MIB
    return start + _mib(picture.n_bytes(size(name), behind))


def data_picture_seconds(name: str, datasets: Datasets, size: SizeOf, n_frames: int) -> float:
    """Return a bound on how long drawing a data set takes.

    ``n_frames`` are those to show.
    """
    _, behind = _picture(name, datasets, size)
    pixels = sum(one.n_bytes for one in (size(name), *behind.values()))
    return START_SECONDS + PIXEL_SECONDS * pixels + FRAME_SECONDS * n_frames


def _picture(name: str, datasets: Datasets, size: SizeOf) -> tuple[DataPicture, Sizes]:
    """Return the picture of a data set, and the sizes of what it shows besides."""
    section = datasets[name]
    picture = KINDS[section["kind"]].picture
    if picture is None:
        raise ValueError(f"there is no picture of the data set {name}")
    return picture, {key: size(section[key]) for key in picture.behind}


def page_seconds(n_maps: int) -> float:
    """Return a bound on how long the page takes."""
    return START_SECONDS + 60 + SECONDS_PER_MAP * n_maps


def small_mib(n_maps: int = 0) -> int:
    """Return a bound on the memory of a step that reads the measures of some maps, in MiB."""
    return math.ceil(SMALL_MIB + MIB_PER_MAP * n_maps)


def training_mib(experiments: Sequence[Experiment], data: DataSize) -> int:
    """Return a bound on the memory that training takes at its peak, in MiB; a GPU's not counted.

    Parameters
    ----------
    experiments : sequence of Experiment
        One, or several: on a GPU side by side.
    data : DataSize
        What they learn.
    """
    on_gpu = GPU_MIB if GPU_ENGINE in experiments[0].engines else 0
    of_each = [_map_bytes(one, data.n_inputs) for one in experiments]
    maps = sum(of_each) if on_gpu else max(of_each)
    return TRAINING_START_MIB + on_gpu + _mib(maps + data.n_bytes)


def _map_bytes(experiment: Experiment, n_inputs: int) -> int:
    """Return a bound on the memory of a map while it is trained, with its snapshots."""
    state = sum(_n_weights(experiment, n_inputs)) * _itemsize(experiment)
    start = 0 if experiment.start_from is None else COPIES_OF_START * state
    return (
        start
        + COPIES_OF_STATE * state
        + COPIES_OF_SNAPSHOTS * _snapshot_bytes(experiment, n_inputs)
    )


def _snapshot_bytes(experiment: Experiment, n_inputs: int) -> int:
    """Return the most that all snapshots of a map take."""
    prototypes, lateral = _n_weights(experiment, n_inputs)
    # Of the start, of the last epoch, and of every so many: prototypes in 16 bits, the rest in
    # 32 (see topodream.training.loop).
    n_snapshots = 2 + experiment.epochs // experiment.snapshot_every
    return n_snapshots * (2 * prototypes + 4 * lateral)


def measure_mib(experiment: Experiment, data: DataSize, n_held_out: int) -> int:
    """Return a bound on the memory that measuring a map takes at its peak, in MiB.

    Parameters
    ----------
    experiment : Experiment
    data : DataSize
        What it learnt.
    n_held_out : int
        Samples that it is measured on, where there are as many.
    """
    n_units, n_inputs, itemsize = experiment.grid.n_units, data.n_inputs, _itemsize(experiment)
    held_out = min(n_held_out, data.n_held_out)
    # What they answer to samples that are measured, and to those that labels are learnt from.
    labelled = min(4000, 2**25 // n_units, data.n_train)
    responses = (4 * itemsize + 8) * (held_out + labelled) * n_units
    # At a time: a block of samples to show, and the most of what is compared: with each other,
    # in blocks, or at once.
    shown = min(250, max(held_out, labelled)) * n_inputs
    compared = max(
        min(1000, held_out) * n_inputs,
        min(held_out * n_inputs, 2**23),
        min(labelled * n_inputs, 2**25),
    )
    blocks_ = min(held_out * n_inputs, 2**21) * 96
    images = itemsize * (2 * shown + 3 * compared)
    prototypes = 12 * n_units * n_inputs
    pairs = _lateral_pairs(experiment) * 48
    held = _read_bytes(experiment, data, with_snapshots=True)
    return MEASURE_START_MIB + _mib(held + responses + max(images, blocks_) + prototypes + pairs)


def baselines_mib(experiment: Experiment, data: DataSize, n_held_out: int) -> int:
    """Return a bound on the memory that baselines of a map take at their peak, in MiB."""
    n_units, n_inputs, itemsize = experiment.grid.n_units, data.n_inputs, _itemsize(experiment)
    held_out = min(n_held_out, data.n_held_out)
    # Training samples as numbers: as they are, centred, squared.
    samples = COPIES_FOR_BASELINES * itemsize * data.n_train * n_inputs
    # A covariance; prototypes in double precision, and what a step of MiniSom makes of them; what
    # each atom has to do with each held-out sample.
    arrays = 8 * (3 * n_inputs**2 + 6 * n_units * n_inputs) + 4 * itemsize * held_out * n_units
    held = _read_bytes(experiment, data, with_snapshots=False)
    return BASELINES_START_MIB + _mib(held + samples + arrays)


def baselines_seconds(experiment: Experiment, data: DataSize, n_held_out: int) -> float:
    """Return a bound on how long baselines of a map take."""
    n_weights = experiment.grid.n_units * data.n_inputs
    held_out = min(n_held_out, data.n_held_out)
    fitted = FIT_SECONDS * data.n_train * data.n_inputs
    return START_SECONDS + fitted + BASELINE_SECONDS * n_weights + NNLS_SECONDS * held_out


def respond_mib(experiment: Experiment, shown: DataSize) -> int:
    """Return a bound on the memory that a map takes while it is shown a data set, in MiB."""
    n_units, itemsize = experiment.grid.n_units, _itemsize(experiment)
    n_images = shown.n_train + shown.n_held_out
    model, settings = MODELS[experiment.model], experiment.settings
    active = n_units if experiment.has_trace else model.n_active(settings, experiment.grid)
    # As it is found, as it is put together, and without what is 0.
    activity = (3 * itemsize + 24) * n_images * active
    # Of reconstructions a block at a time, with the samples and what tells them apart.
    block = min(n_images * shown.n_inputs, 2**23) * 4 * itemsize
    block += min(n_images, 2**23 // shown.n_inputs + 1) * n_units * itemsize
    scores = min(250, n_images) * (4 * n_units + 2 * shown.n_inputs) * itemsize
    held = _read_bytes(experiment, shown, with_snapshots=False)
    return MEASURE_START_MIB + _mib(held + activity + block + scores)


def respond_seconds(experiment: Experiment, shown: DataSize) -> float:
    """Return a bound on how long a map takes for a data set that it is shown."""
    n_images = shown.n_train + shown.n_held_out
    return START_SECONDS + map_seconds(
        experiment, replace(shown, n_held_out=n_images), n_images, n_frames=0
    )


def figures_mib(experiment: Experiment, data: DataSize) -> int:
    """Return a bound on the memory that drawing a map's figures takes at its peak, in MiB."""
    n_units, pixels = experiment.grid.n_units, _sheet_pixels(experiment, data)
    shown = 250 * (data.n_inputs * 2 + n_units * 4) * _itemsize(experiment)
    pairs = _lateral_pairs(experiment) * 160
    held = _read_bytes(experiment, data, with_snapshots=False)
    drawn = max(BYTES_PER_PIXEL * pixels, _laboratory_bytes(experiment, data))
    return FIGURES_START_MIB + _mib(held + drawn + shown + pairs)


def _laboratory_bytes(experiment: Experiment, data: DataSize) -> float:
    """Return a bound on the memory that a map takes on its way into its script."""
    n_units, itemsize = experiment.grid.n_units, _itemsize(experiment)
    prototypes, _ = _n_weights(experiment, data.n_inputs)
    if prototypes > MOST_WEIGHTS or n_units > MOST_UNITS:
        return 0
    # Prototypes as they become levels, and then text; answers to samples and their order; lateral
    # weights, and the samples themselves.
    levels, answers = prototypes * (5 * itemsize + 16), 3 * MOST_SAMPLES * n_units * itemsize
    return levels + answers + 64 * 2**20


def map_gifs_mib(experiment: Experiment, data: DataSize, n_frames: int) -> int:
    """Return a bound on the memory that a map's animations take at their peak, in MiB.

    Parameters
    ----------
    experiment : Experiment
    data : DataSize
    n_frames : int
        Frames to show.
    """
    n_units, itemsize = experiment.grid.n_units, _itemsize(experiment)
    frames = min(n_frames, data.n_held_out)
    # With a trace and without, as they are put together and as their largest are looked for.
    activity = (5 * itemsize + 1) * frames * n_units
    block = min(frames * data.n_inputs, 2**23) * 4 * itemsize
    shown = 250 * (data.n_inputs * 2 + n_units * 4) * itemsize
    sheet = 12 * _sheet_pixels(experiment, data)
    held = _read_bytes(experiment, data, with_snapshots=True)
    return GIF_START_MIB + _mib(held + max(activity + block + shown, sheet))


def _read_bytes(experiment: Experiment, data: DataSize, *, with_snapshots: bool) -> float:
    """Return a bound on the memory of a map and its data, as they are read."""
    prototypes, lateral = _n_weights(experiment, data.n_inputs)
    state = (prototypes + lateral) * _itemsize(experiment)
    # Snapshots are looked through for infinite weights in a copy.
    snapshots = 2.5 * _snapshot_bytes(experiment, data.n_inputs) if with_snapshots else 0
    return data.n_bytes + 1.5 * state + snapshots


def _sheet_pixels(experiment: Experiment, data: DataSize) -> int:
    """Return how many pixels all prototypes take side by side, or weights where these are more."""
    of_each = max((data.height + 1) * (data.width + 1), data.n_inputs)
    return int(experiment.grid.n_units * of_each)


def _lateral_pairs(experiment: Experiment) -> int:
    """Return how many pairs of units there are, where a map learns weights between them."""
    n_lateral = _n_weights(experiment, 1)[1]
    return int(experiment.grid.n_units**2) if n_lateral else 0


def _itemsize(experiment: Experiment) -> int:
    return 4 if experiment.dtype == "float32" else 8


def training_seconds(experiments: Sequence[Experiment], data: DataSize) -> float:
    """Return a bound on how long training takes, on one thread of a machine like most, or a GPU.

    Parameters
    ----------
    experiments : sequence of Experiment
        One, or several: one after another on a CPU; on a GPU steps of all are launched at once.
    data : DataSize
        What they learn.
    """
    reading = TRAINING_START_SECONDS + READING_SECONDS * data.n_bytes
    by_engines = [_steps_seconds(experiments, data, name) for name in experiments[0].engines]
    return reading + max(by_engines)


def _steps_seconds(experiments: Sequence[Experiment], data: DataSize, engine: str) -> float:
    """Return how long all steps take with an engine."""
    per_step, per_weight = STEP_SECONDS[engine]
    n_steps = [one.epochs * one.steps_per_epoch for one in experiments]
    n_weights = [sum(_n_weights(one, data.n_inputs)) for one in experiments]
    if engine == GPU_ENGINE:
        return float(max(n_steps) * (per_step + per_weight * sum(n_weights)))
    each = zip(n_steps, n_weights, strict=True)
    return float(sum(steps * (per_step + per_weight * weights) for steps, weights in each))


def map_seconds(experiment: Experiment, data: DataSize, n_held_out: int, n_frames: int) -> float:
    """Return a bound on how long any step takes that measures or draws a map, once it has started.

    Parameters
    ----------
    experiment : Experiment
    data : DataSize
        What it learnt.
    n_held_out : int
        Samples that the map is measured on.
    n_frames : int
        Frames of an animation.
    """
    n_units, held_out = experiment.grid.n_units, min(n_held_out, data.n_held_out)
    n_shown = 4 + experiment.epochs // experiment.snapshot_every
    return (
        READING_SECONDS * data.n_bytes
        + UNIT_SECONDS * n_units * (held_out + n_frames)
        + PIXEL_SECONDS * data.n_inputs * (held_out + n_units)
        + PRODUCT_SECONDS * n_shown * held_out * n_units * data.n_inputs
        + FRAME_SECONDS * 2 * min(n_frames, data.n_held_out)
    )


def _n_weights(experiment: Experiment, n_inputs: int) -> tuple[int, int]:
    """Return how many weights a map learns: of its prototypes, and lateral ones."""
    shapes = MODELS[experiment.model].shapes(experiment.grid, n_inputs)
    prototypes = math.prod(shapes.pop("weights"))
    return prototypes, sum(math.prod(shape) for shape in shapes.values() if len(shape) > 1)


def _mib(n_bytes: float) -> int:
    return math.ceil(n_bytes / 2**20)
