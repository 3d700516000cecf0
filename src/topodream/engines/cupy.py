"""A GPU through CuPy: the one module that imports it, and what both models' engines share.

What runs on the device are the kernels in the ``.cu`` files beside the engines. CuPy compiles
and launches them and keeps arrays in the device's memory; nothing else of it is used. Several
maps of the same shape train side by side: a map's number is the first axis of every array there.

Weights and orders are drawn on the CPU, as for every engine. An epoch begins with sending a map
to the device and ends with fetching it, so between epochs nothing is only there.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from topodream.arrays import Array, Bytes, Integers
from topodream.engines import LARGEST_ERROR, Tally, levels
from topodream.files.errors import InputError
from topodream.models.model import State
from topodream.models.prototypes import LEAST_RECONSTRUCTION, least_weight
from topodream.settings.config import Experiment

INSTALL = ".venv/bin/pip install -e '.[gpu-cuda13]', or gpu-cuda12 for a driver older than 580"

HERE = Path(__file__).parent
C_TYPES = {"float32": "float", "float64": "double"}
# Without contraction into fused operations, of which each compiler finds others: so a sum rounds
# on every device as on the CPU. `std` because CuPy's default is an older one.
OPTIONS = ("--std=c++17", "--fmad=false")

# Threads of a block: of kernels with one block for each map, and of those with a warp for each
# unit. The sources bound them by these.
THREADS_PER_MAP, THREADS_OF_UNITS = 512, 256
WARP = 32
MOST_WARPS = 32  # of a block
# Steps that are launched before the host waits for the device, to tell how far it has come.
STEPS_PER_TICK = 1024
VECTOR_BYTES = 16  # what a thread reads at once: rows of inputs are whole vectors
N_LEVELS = 256  # values of a byte
# Shared memory that a block can have without asking.
SHARED_BYTES = 48 * 1024

Device = Any  # an array in the device's memory
Room = Mapping[str, Any]  # what only the steps of an epoch need


# ------------------------------------------------------------------ the device


def find() -> Any:
    """Return the module ``cupy``, with a device that it can compute on.

    Raises
    ------
    InputError
        If CuPy, its compiler, the driver or a device is missing: it says which, and what to do.
    """
    try:
        import cupy
    except ImportError as error:
        raise _missing(f"CuPy is not installed ({error}): {INSTALL}") from error
    # RuntimeError is what all of CuPy's own errors of a driver, a device or a library are.
    try:
        n_devices = cupy.cuda.runtime.getDeviceCount()
    except RuntimeError as error:
        reason = f"CuPy {cupy.__version__} finds no device ({error})"
        raise _missing(f"{reason}: `nvidia-smi` has to list one") from error
    if n_devices == 0:
        raise _missing("there is none, or CUDA_VISIBLE_DEVICES hides it")
    try:
        cupy.cuda.nvrtc.getVersion()
    except RuntimeError as error:
        raise _missing(f"CuPy finds no compiler ({error}): {INSTALL}") from error
    try:
        cupy.zeros((1,), np.int32)
    except RuntimeError as error:
        raise _missing(f"its device refuses to work ({error})") from error
    return cupy


def _missing(reason: str) -> InputError:
    return InputError(f"no GPU can be used: {' '.join(reason.split())}")


def describe(xp: Any) -> str:
    """Return what computes, in words: the device's name and compute capability."""
    device = xp.cuda.Device()
    name = xp.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
    major, minor = device.compute_capability[:-1], device.compute_capability[-1]
    return f"{name}, compute capability {major}.{minor}"


def software(xp: Any) -> dict[str, str]:
    """Return the versions of what a GPU's results depend on besides this project."""
    runtime = xp.cuda.runtime
    numbers = {"cuda": runtime.runtimeGetVersion(), "cuda driver": runtime.driverGetVersion()}
    return {"cupy": xp.__version__} | {
        name: f"{number // 1000}.{number % 1000 // 10}" for name, number in numbers.items()
    }


# ------------------------------------------------------------------ kernels


def source(file: str, constants: Mapping[str, object]) -> str:
    """Return the text of a model's kernels, with all that it needs but :func:`options`.

    Parameters
    ----------
    file : str
        Its name, in this folder.
    constants : mapping
        What to define besides what both models share.
    """
    shared = {
        "LARGEST_ERROR": LARGEST_ERROR,
        "LEAST_RECONSTRUCTION": LEAST_RECONSTRUCTION,
    }
    lines = [f"#define {name} {value}\n" for name, value in {**shared, **constants}.items()]
    for part in ("cupy.cu", file):
        text = (HERE / part).read_text(encoding="utf-8")
        lines += [f'#line 1 "{part}"\n', text]
    return "".join(lines)


def places(whole: Sequence[str], others: Sequence[str]) -> dict[str, int]:
    """Return the places of settings in a map's row of whole numbers, and in that of others.

    >>> places(["RADIUS"], ["RATE", "TRACE"])
    {'RADIUS': 0, 'RATE': 0, 'TRACE': 1, 'N_WHOLE': 1, 'N_SETTINGS': 2}
    """
    numbered = {name: place for names in (whole, others) for place, name in enumerate(names)}
    return {**numbered, "N_WHOLE": len(whole), "N_SETTINGS": len(others)}


def options(dtype: str) -> tuple[str, ...]:
    """Return how the compiler is to compile, and what it is to define for a floating-point type."""
    least, epsilon = least_weight(np.dtype(dtype)), np.finfo(dtype).eps
    defined = (f"-DREAL={C_TYPES[dtype]}", f"-DLEAST_WEIGHT={least}", f"-DEPSILON={epsilon}")
    return (*OPTIONS, *defined)


class Kernels:
    """The kernels of a model, compiled at their first launch.

    Parameters
    ----------
    xp : module
        CuPy, see :func:`find`.
    text : str
        See :func:`source`.
    dtype : {"float32", "float64"}
    """

    def __init__(self, xp: Any, text: str, dtype: str) -> None:
        self._module = xp.RawModule(code=text, options=options(dtype))
        self._functions: dict[str, Any] = {}
        self._shared_bytes: dict[str, int] = {}  # what they may have

    def launch(
        self,
        name: str,
        grid: tuple[int, ...],
        threads: int,
        arguments: Sequence[Device | int],
        shared_bytes: int = 0,
    ) -> None:
        """Launch a kernel; a whole number among its arguments is a C ``int``."""
        if name not in self._functions:
            self._functions[name] = self._module.get_function(name)
            self._shared_bytes[name] = SHARED_BYTES
        kernel = self._functions[name]
        if shared_bytes > self._shared_bytes[name]:
            kernel.max_dynamic_shared_size_bytes = self._shared_bytes[name] = shared_bytes
        typed = tuple(np.int32(x) if isinstance(x, int) else x for x in arguments)
        kernel(grid, (threads,), typed, shared_mem=shared_bytes)


# ------------------------------------------------------------------ an epoch


class Counts:
    """What is counted on the device over an epoch: arrays, the first axis of each is the map.

    ``done`` are the steps done so far, the others as in :class:`topodream.engines.Tally`.
    """

    def __init__(self, xp: Any, n_maps: int, n_units: int) -> None:
        self._xp = xp
        self.done = xp.zeros(n_maps, np.int32)
        self.error_sum = xp.zeros(n_maps, np.float64)
        self.last_error = xp.zeros(n_maps, np.float64)
        self.wins = xp.zeros((n_maps, n_units), np.int32)
        self.activity_sum = xp.zeros((n_maps, n_units), np.float64)

    def steps(self) -> npt.NDArray[np.int32]:
        """Wait for the device, and return how many steps each map has done."""
        done: npt.NDArray[np.int32] = self._xp.asnumpy(self.done)
        return done

    def tallies(self, measure_every: Sequence[int]) -> list[Tally]:
        """Return them map by map; an error was measured at every so many steps."""
        error_sum, last_error = map(self._xp.asnumpy, (self.error_sum, self.last_error))
        wins = self._xp.asnumpy(self.wins).astype(np.int64)
        activity = self._xp.asnumpy(self.activity_sum)
        return [
            Tally(
                steps=int(steps),
                measured=-(-int(steps) // every),
                squared_error=float(error_sum[i]),
                wins=wins[i],
                activity=activity[i],
                last_error=float(last_error[i]),
            )
            for i, (steps, every) in enumerate(zip(self.steps(), measure_every, strict=True))
        ]


@dataclasses.dataclass(frozen=True)
class Epoch:
    """An epoch of some maps, as kernels see it.

    Attributes
    ----------
    members : sequence of int
        Whose maps they are.
    n_steps : int
    order : (n_maps, n_steps) int32, on the device
    state : mapping
        The arrays of the maps' states by their names, on the device, stacked.
    whole : (n_maps, N_WHOLE) int32, on the device
    settings : (n_maps, N_SETTINGS), on the device
    counts : Counts
    """

    members: Sequence[int]
    n_steps: int
    order: Device
    state: Mapping[str, Device]
    whole: Device
    settings: Device
    counts: Counts

    @property
    def n_maps(self) -> int:
        """How many there are."""
        return len(self.members)


class CupyEnsemble(ABC):
    """Maps of the same shape on a GPU, see :class:`topodream.engines.Ensemble`.

    Parameters
    ----------
    experiments : sequence of Experiment
        Of one model, dtype and grid.
    states : sequence of State
        Where training starts; the ensemble takes them over.
    pixels : (n_samples, n_inputs) uint8
    xp : module
        CuPy, see :func:`find`.
    """

    kernels: ClassVar[str]  # the file
    whole_settings: ClassVar[Sequence[str]]
    other_settings: ClassVar[Sequence[str]]
    constants: ClassVar[Mapping[str, object]]

    def __init__(
        self, experiments: Sequence[Experiment], states: Sequence[State], pixels: Bytes, xp: Any
    ) -> None:
        self.states = states
        self._xp, self._experiments = xp, experiments
        self._grid, self._dtype = experiments[0].grid, np.dtype(experiments[0].dtype)
        self._n_inputs = pixels.shape[1]
        self._width = VECTOR_BYTES // self._dtype.itemsize
        self.n_vectors = -(-self._n_inputs // self._width)
        self._pixels = xp.asarray(self._padded(pixels))
        self._levels = xp.asarray(levels(experiments[0].dtype))
        self._compiled: dict[tuple[tuple[str, int], ...], Kernels] = {}
        self.threads_per_map, self.threads_of_units = THREADS_PER_MAP, THREADS_OF_UNITS

    @classmethod
    def source(cls, **changed: int) -> str:
        """Return the text of the kernels, with some constants changed."""
        numbered = places(cls.whole_settings, cls.other_settings)
        return source(cls.kernels, {**cls.constants, **numbered, **changed})

    def _kernels(self, **changed: int) -> Kernels:
        """Return the kernels, with some constants changed."""
        key = tuple(changed.items())
        if key not in self._compiled:
            self._compiled[key] = Kernels(self._xp, self.source(**changed), self._dtype.name)
        return self._compiled[key]

    @abstractmethod
    def _settings(self, member: int, thorough: bool) -> Mapping[str, float]:
        """Return the settings of a member that its kernels read, by their names there."""

    @abstractmethod
    def _make_room(self, epoch: Epoch) -> Room:
        """Return arrays for what only steps need, by their names."""

    @abstractmethod
    def _learn(self, epoch: Epoch, room: Room, first: int, count: int) -> None:
        """Launch some steps of an epoch, and behind its last one what is left to do then."""

    def advance(
        self,
        orders: Mapping[int, Integers],
        tick: Callable[[int], object],
        thorough: Collection[int] = (),
    ) -> dict[int, Tally]:
        """Show some members an epoch's samples; see :class:`topodream.engines.Ensemble`."""
        if not orders:
            return {}
        settings = [self._settings(member, member in thorough) for member in orders]
        epoch = self._send(orders, settings)
        room = self._make_room(epoch)
        told = 0
        for first in range(0, epoch.n_steps, STEPS_PER_TICK):
            count = min(STEPS_PER_TICK, epoch.n_steps - first)
            self._learn(epoch, room, first, count)
            steps = epoch.counts.steps()
            tick(int(steps.sum()) - told)
            told = int(steps.sum())
            if (steps < first + count).all():  # every map has diverged
                break
        self._fetch(epoch)
        measure_every = [int(of_one.get("MEASURE_EVERY", 1)) for of_one in settings]
        return dict(zip(orders, epoch.counts.tallies(measure_every), strict=True))

    def _send(
        self, orders: Mapping[int, Integers], settings: Sequence[Mapping[str, float]]
    ) -> Epoch:
        order = np.array(list(orders.values()), np.int32)
        arrays = [self.states[member].arrays for member in orders]
        whole = [[of_one[name] for name in self.whole_settings] for of_one in settings]
        others = [[of_one[name] for name in self.other_settings] for of_one in settings]
        return Epoch(
            members=list(orders),
            n_steps=order.shape[1],
            order=self._xp.asarray(order),
            state={
                name: self._xp.asarray(self._stacked(name, [of_one[name] for of_one in arrays]))
                for name in arrays[0]
            },
            whole=self._xp.asarray(np.array(whole, np.int32)),
            settings=self._xp.asarray(np.array(others, self._dtype)),
            counts=Counts(self._xp, len(order), self._grid.n_units),
        )

    def _fetch(self, epoch: Epoch) -> None:
        for name, array in epoch.state.items():
            for member, values in zip(epoch.members, self._xp.asnumpy(array), strict=True):
                array = self.states[member].arrays[name]
                array[...] = values[..., : array.shape[-1]]

    # -------------------------------------------------------------- rows of inputs

    @property
    def row_length(self) -> int:
        """How long rows of inputs are on the device."""
        return int(self.n_vectors * self._width)

    def _padded(self, rows: Bytes) -> Bytes:
        """Return rows of inputs, filled up with zeros to whole vectors."""
        padded = np.zeros((*rows.shape[:-1], self.row_length), rows.dtype)
        padded[..., : rows.shape[-1]] = rows
        return padded

    def _stacked(self, name: str, arrays: Sequence[Array]) -> Array:
        """Return an array of several states, one above the other."""
        stacked = np.stack(arrays)
        return self._padded(stacked) if name == "weights" else stacked

    # -------------------------------------------------------------- launches

    def _most_shared_bytes(self) -> int:
        """Return how much shared memory a block can have if it asks for it."""
        return int(self._xp.cuda.Device().attributes["MaxSharedMemoryPerBlockOptin"])

    def _empty(self, *shape: int) -> Device:
        return self._xp.empty(shape, self._dtype)

    def _blocks_of_units(self, units_per_warp: int = 1) -> int:
        """Return how many blocks it takes to give so many units to each of their warps."""
        return -(-self._grid.n_units // (units_per_warp * (self.threads_of_units // WARP)))
