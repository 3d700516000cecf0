"""Takes CuPy's place in tests: as strict as a device, and stricter where CuPy would not notice.

Offered is what the engine uses and nothing else. Where the real package is installed, with or
without a driver, every name is looked up in it and every call is checked against its signature.
"""

import ctypes
import importlib
import importlib.util
import inspect
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from emulator import building

# What stands before and behind an array, and is looked at after each launch.
GUARD_BYTES, GUARD = 256, 0xA5
# What fills memory that nobody has written: of floats it is no number, of integers -1.
POISON = 0xFF
SHARED_BYTES = 48 * 1024
MOST_BLOCKS = (2**31 - 1, 65535, 65535)

TYPES = {
    "float": (np.float32, ctypes.c_float),
    "double": (np.float64, ctypes.c_double),
    "int": (np.int32, ctypes.c_int),
    "long long": (np.int64, ctypes.c_longlong),
    "byte": (np.uint8, ctypes.c_ubyte),
}


class DeviceError(RuntimeError):
    """What a device refuses, or would do without a word."""


class Array:
    """In the device's memory: a NumPy array is none, and it turns into none by itself."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, fill: int) -> None:
        n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self._memory = np.full(n_bytes + 2 * GUARD_BYTES, GUARD, np.uint8)
        inner = self._memory[GUARD_BYTES : GUARD_BYTES + n_bytes]
        inner[:] = fill
        self.host = inner.view(dtype).reshape(shape)
        self.shape, self.dtype = shape, np.dtype(dtype)

    def __array__(self, *_: object, **__: object) -> Any:
        raise TypeError("no implicit conversion to a NumPy array: use asnumpy")

    def overrun(self) -> bool:
        """Tell whether something was written before it or behind it."""
        before, behind = self._memory[:GUARD_BYTES], self._memory[-GUARD_BYTES:]
        return bool((before != GUARD).any() or (behind != GUARD).any())


class StandIn:
    """The module.

    Parameters
    ----------
    order : int
        In which threads and blocks run: 0 ascending, 1 descending, others: shuffled by it.
    races : bool
        Whether ThreadSanitizer watches: see :mod:`emulator.races`.
    most_shared_bytes : int
        What a block can have if it asks: 64 KiB on the smallest devices, 227 on the largest.

    Attributes
    ----------
    counts : Counter
        Copies between host and device by their function, launches by their kernel.
    unchecked : set of str
        Names whose calls could not be checked, as the real ones tell no signature.
    """

    __version__ = "0 (emulated)"

    def __init__(
        self, order: int = 0, *, races: bool = False, most_shared_bytes: int = 99 * 1024
    ) -> None:
        self.order, self.races = order, races
        self.counts: Counter[str] = Counter()
        self.unchecked: set[str] = set()
        self._real = _real_cupy()
        properties = {"name": b"a CPU that emulates a GPU"}
        device = SimpleNamespace(
            id=0,
            compute_capability="00",
            attributes={"MaxSharedMemoryPerBlockOptin": most_shared_bytes},
        )
        self.cuda = SimpleNamespace(
            Device=self._checked("cuda.Device", lambda: device),
            nvrtc=SimpleNamespace(getVersion=lambda: (0, 0)),
            runtime=SimpleNamespace(
                getDeviceCount=lambda: 1,
                getDeviceProperties=lambda _id: properties,
                runtimeGetVersion=lambda: 0,
                driverGetVersion=lambda: 0,
            ),
        )
        self._n_bytes = 0
        self.asarray = self._checked("asarray", self._asarray)
        self.asnumpy = self._checked("asnumpy", self._asnumpy)
        self.zeros = self._checked("zeros", lambda shape, dtype: self._new(shape, dtype, 0))
        self.empty = self._checked("empty", lambda shape, dtype: self._new(shape, dtype, POISON))
        self.RawModule = self._checked("RawModule", lambda **kwargs: Module(self, **kwargs))
        pool = SimpleNamespace(
            free_all_blocks=lambda: setattr(self, "_n_bytes", 0), total_bytes=lambda: self._n_bytes
        )
        self.get_default_memory_pool = self._checked("get_default_memory_pool", lambda: pool)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{name} is not among what the engine is known to use of CuPy")

    def _checked(self, name: str, function: Any) -> Any:
        """Return a function whose calls are checked against the real one's signature."""
        if self._real is None:
            return function
        real = self._real
        for part in name.split("."):
            real = getattr(real, part)
        try:
            signature = inspect.signature(real)
        except ValueError:  # compiled
            self.unchecked.add(name)
            return function

        def checked(*args: Any, **kwargs: Any) -> Any:
            signature.bind(*args, **kwargs)
            return function(*args, **kwargs)

        return checked

    def _new(self, shape: Any, dtype: Any, fill: int) -> Array:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if 0 in shape:
            raise DeviceError("an array of nothing has no address")
        made = Array(shape, dtype, fill)
        self._n_bytes += made.host.nbytes
        return made

    def _asarray(self, host: Any) -> Array:
        if not isinstance(host, np.ndarray):
            raise TypeError(f"asarray of {type(host).__name__}: give an array of a known dtype")
        self.counts["asarray"] += 1
        made = self._new(host.shape, host.dtype, POISON)
        made.host[...] = host
        return made

    def _asnumpy(self, array: Array) -> Any:
        if not isinstance(array, Array):
            raise TypeError(f"asnumpy of {type(array).__name__}")
        self.counts["asnumpy"] += 1
        return array.host.copy()


def _real_cupy() -> Any:
    spec = importlib.util.find_spec("cupy")
    if spec is None or spec.origin is None or Path(spec.origin).parent.name == "as_cupy":
        return None
    return importlib.import_module("cupy")


class Module:
    """Kernels of one text."""

    def __init__(self, xp: StandIn, *, code: str, options: tuple[str, ...]) -> None:
        if not isinstance(options, tuple):
            raise TypeError("CuPy wants options in a tuple")
        self._xp, self._options = xp, options
        self._signatures = building.signatures(code)
        self._library = building.build(code, options, races=xp.races)
        self._library.error.restype = ctypes.c_char_p

    def get_function(self, name: str) -> "Kernel":
        """Return a kernel by its name."""
        if name not in self._signatures:
            raise DeviceError(f"there is no kernel {name}")
        return Kernel(self._xp, name, self._signatures[name], self._library, self._options)


class Kernel:
    """A kernel that can be launched."""

    def __init__(
        self,
        xp: StandIn,
        name: str,
        signature: building.Signature,
        library: ctypes.CDLL,
        options: Sequence[str],
    ) -> None:
        self._xp, self._name, self._signature, self._library = xp, name, signature, library
        self._types = {**TYPES, "real": TYPES[_value(options, "REAL")]}
        self._shared_bytes = SHARED_BYTES
        self._launch = getattr(library, f"launch_{name}")
        self._launch.restype = ctypes.c_bool
        self._launch.argtypes = [
            ctypes.c_uint * 9,
            *(
                ctypes.c_void_p if p.is_pointer else self._types[p.type][1]
                for p in signature.parameters
            ),
        ]  # fmt: skip

    @property
    def max_dynamic_shared_size_bytes(self) -> int:
        """How much shared memory a block may have."""
        return self._shared_bytes

    @max_dynamic_shared_size_bytes.setter
    def max_dynamic_shared_size_bytes(self, n_bytes: int) -> None:
        most = self._xp.cuda.Device().attributes["MaxSharedMemoryPerBlockOptin"]
        if n_bytes > most:
            raise DeviceError(f"{self._name}: {n_bytes} bytes of shared memory, at most {most}")
        self._shared_bytes = n_bytes

    def __call__(
        self,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        args: Sequence[Any],
        *,
        shared_mem: int = 0,
    ) -> None:
        """Check the launch, and run it."""
        self._check_sizes(grid, block, shared_mem)
        parameters = self._signature.parameters
        if len(args) != len(parameters):
            raise DeviceError(
                f"{self._name}: {len(args)} arguments for {len(parameters)} parameters"
            )
        values = [self._value(*pair) for pair in zip(parameters, args, strict=True)]
        flushes = self._types["real"] is TYPES["float"]  # as CuPy compiles everything
        how = (*_three(grid), *_three(block), shared_mem, self._xp.order, flushes)
        whole = self._launch((ctypes.c_uint * 9)(*how), *values)
        self._xp.counts[self._name] += 1
        if not whole:
            raise DeviceError(f"{self._name}: {self._library.error().decode()}")
        for parameter, argument in zip(parameters, args, strict=True):
            if isinstance(argument, Array) and argument.overrun():
                raise DeviceError(f"{self._name}: a write outside of {parameter.name}")

    def _check_sizes(self, grid: tuple[int, ...], block: tuple[int, ...], shared: int) -> None:
        if not all(1 <= n <= most for n, most in zip(grid, MOST_BLOCKS, strict=False)):
            raise DeviceError(f"{self._name}: a grid of {grid}")
        n_threads, most = int(np.prod(block)), self._signature.most_threads
        if not 1 <= n_threads <= most:
            raise DeviceError(f"{self._name}: {n_threads} threads, at most {most}")
        if n_threads % 32:
            raise DeviceError(f"{self._name}: {n_threads} threads are no whole warps")
        if shared > self._shared_bytes:
            raise DeviceError(
                f"{self._name}: {shared} bytes of shared memory, of which {self._shared_bytes} "
                "were asked for"
            )

    def _value(self, parameter: building.Parameter, argument: Any) -> Any:
        where = f"{self._name}: {parameter.name}"
        dtype = np.dtype(self._types[parameter.type][0])
        if not parameter.is_pointer:
            if not isinstance(argument, np.generic) or argument.dtype != dtype:
                raise DeviceError(f"{where}: {argument!r} is no {dtype}")
            return argument.item()
        if not isinstance(argument, Array):
            raise DeviceError(f"{where}: {type(argument).__name__} for a pointer")
        if argument.dtype != dtype:
            raise DeviceError(f"{where}: an array of {argument.dtype} for {parameter.type}*")
        return argument.host.ctypes.data


def _value(options: Sequence[str], name: str) -> str:
    prefix = f"-D{name}="
    return next((o.removeprefix(prefix) for o in options if o.startswith(prefix)), "float")


def _three(sizes: tuple[int, ...]) -> tuple[int, ...]:
    return (*sizes, 1, 1)[:3]
