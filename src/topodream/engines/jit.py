"""How the loops of the fast engines are compiled: the one place that imports Numba."""

import hashlib
import io
import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from topodream.arrays import Integers
from topodream.files.errors import one_line
from topodream.surroundings import away_from, forget

# Settings that would compile other code, for other last digits, or none. Where machine code is
# kept is for the caller to say. (The profiler's makes Numba add debug information.)
forget("NUMBA_", "VS_PROFILER", but="NUMBA_CACHE_DIR")
os.environ["NUMBA_DISABLE_INTEL_SVML"] = "1"  # of Intel's own exp, where it happens to be found
with away_from(".numba_config.yaml"):
    import llvmlite
    import numba
    from llvmlite import ir as ir
    from numba import types as types
    from numba.core import caching, codegen, config
    from numba.core import cgutils as cgutils
    from numba.extending import intrinsic
config._config_fname = os.devnull  # that file would be read again before each compilation

Function = TypeVar("Function", bound=Callable[..., Any])

# Bits of the register MXCSR of x86 processors: results that would be subnormal are 0, and
# subnormal operands count as 0.
FLUSH_TO_ZERO, DENORMALS_ARE_ZERO = 1 << 15, 1 << 6


def kernel(*, reassociate: bool = False) -> Callable[[Function], Function]:
    """Return a decorator that compiles a function at its first call, once per dtype.

    The machine code is kept on disk beside the source, or in the user's cache, and made anew
    when the source file changes. That file has to hold all the kernels that it calls: Numba
    looks at no other.

    Parameters
    ----------
    reassociate : bool
        Whether sums may be added up in another order, several terms at a time, and a product
        and a sum be rounded once. Otherwise results are the same to the bit on every machine.
    """
    fastmath: bool | set[str] = {"reassoc", "contract"} if reassociate else False

    def compiled(function: Function) -> Function:
        jitted = numba.njit(nogil=True, error_model="numpy", fastmath=fastmath)(function)
        return cast(Function, _kept(jitted))

    return compiled


def instructions(function: Callable[..., Any]) -> Any:
    """Decorate what writes down the instructions of a call, for kernels to call it.

    It takes Numba's types of what it is called with, of constants their values too, after one
    parameter that the compiler adds; it returns a signature, and what writes to LLVM's builder.
    """
    return intrinsic(prefer_literal=True)(function)


def has_wide_registers() -> bool:
    """Return whether kernels are compiled for a processor with registers of 512 bits."""
    told: str | None = vars(config)["CPU_FEATURES"]
    return "+avx512f" in (codegen.get_host_cpu_features() if told is None else told)


def _kept(jitted: Any) -> Any:
    """Let a function's machine code be kept for the next process, where it can be."""
    try:
        jitted._cache = _MachineCode(jitted.py_func)
    except Exception as error:
        _tell_once(error)
    return jitted


def _tell_once(error: Exception) -> None:
    """Say that machine code can't be kept; compiled it is all the same."""
    if not _told:
        _told.append(error)
        why = one_line(str(error)) or type(error).__name__
        where = "NUMBA_CACHE_DIR can name a folder for it"
        print(f"compiled code can't be kept ({why}); {where}", file=sys.stderr)


_told: list[Exception] = []


class _MachineCode(caching.FunctionCache):
    """Numba's cache of a function, as a convenience: what fails there is as if nothing was."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        locator = self._impl.locator
        made_by = locator.get_source_stamp(), _DIGEST, llvmlite.__version__
        base = self._impl.filename_base
        self._cache_file = _SealedFiles(locator.get_cache_path(), base, made_by)

    def load_overload(self, signature: Any, target: Any) -> Any:
        with suppress(Exception):
            return super().load_overload(signature, target)
        return None

    def save_overload(self, signature: Any, code: Any) -> None:
        try:
            super().save_overload(signature, code)
        except Exception as error:
            _tell_once(error)


class _SealedFiles(caching.IndexDataCacheFile):
    """Files of machine code that end in a digest: others, damaged or foreign ones, are not read.

    Numba would fail over the former for ever, or run what is left of them, and take the latter
    for its own: it doesn't look at the settings they were compiled with.
    """

    def save(self, key: Any, code: Any) -> None:
        """Write the code, then the index that names it, by its types and its processor.

        Numba counts: two processes at once can give one name to two codes.
        """
        number = int(hashlib.sha256(repr(key[:2]).encode()).hexdigest()[:12], 16)
        name = self._data_name(number)
        self._save_data(name, code)
        self._save_index({**self._load_index(), key: name})

    def _load_index(self) -> Any:
        return super()._load_index() if self._is_sealed(self._index_path) else {}

    def _load_data(self, name: str) -> Any:
        if not self._is_sealed(self._data_path(name)):
            raise FileNotFoundError(name)
        return super()._load_data(name)

    @contextmanager
    def _open_for_write(self, path: str) -> Iterator[io.BytesIO]:
        content = io.BytesIO()
        with super()._open_for_write(path) as file:
            yield content
            file.write(content.getvalue() + self._seal(content.getvalue()))

    def _is_sealed(self, path: str) -> bool:
        """Unpickling stops before the digest, and doesn't mind it."""
        with suppress(OSError):
            content = Path(path).read_bytes()
            return content[-32:] == self._seal(content[:-32])
        return False

    def _seal(self, content: bytes) -> bytes:
        return hashlib.sha256(repr(self._source_stamp).encode() + content).digest()


# What is compiled depends on these files too: what they write down becomes part of kernels.
_FILES = (Path(__file__), Path(__file__).with_name("products.py"))
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in _FILES)).hexdigest()


@contextmanager
def without_subnormals() -> Iterator[None]:
    """Let this thread compute with 0 in place of subnormal numbers, on an x86 processor.

    They arise where small activities and faded weights are multiplied, are lost in the sums
    that they are added to, and would take an Intel processor some hundred cycles each. Other
    kinds of processors, which have no such register, take no longer for them.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        yield
        return
    before = _float_modes()
    _set_float_modes(before | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO)
    try:
        yield
    finally:
        _set_float_modes(before)


def in_calls(
    order: Integers,
    steps_per_call: int,
    learn: Callable[[Integers, int], tuple[int, float, float]],
    tick: Callable[[int], object],
) -> tuple[int, float, float]:
    """Let a kernel learn samples in turn, some at each call, until a step of it is none.

    Parameters
    ----------
    order : (n_steps,)
        Numbers of samples.
    steps_per_call : int
        At most; after each call others may run, and ``tick`` is told how many steps were done.
    learn : callable
        Some of ``order``, and the number of the first of them -> steps done, their summed error,
        the last step's error.

    Returns
    -------
    steps : int
        How many were done.
    squared_error : float
        Their sum.
    error : float
        The last step's.
    """
    steps, squared_error, error = 0, 0.0, 0.0
    while steps < len(order):
        some = order[steps : steps + steps_per_call]
        with without_subnormals():
            done, total, error = learn(some, steps)
        steps += done
        squared_error += total
        tick(done)
        if done < len(some):
            break
    return steps, squared_error, error


def _register_call(builder: Any, name: str, place: Any) -> None:
    """Let x86's register MXCSR be stored to, or loaded from, the place of an int32."""
    byte_pointer = ir.IntType(8).as_pointer()
    signature = ir.FunctionType(ir.VoidType(), [byte_pointer])
    function = ir.Function(builder.module, signature, f"llvm.x86.sse.{name}")
    builder.call(function, [builder.bitcast(place, byte_pointer)])


@intrinsic
def _stored_register(_typing: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        place = builder.alloca(ir.IntType(32))
        _register_call(builder, "stmxcsr", place)
        return builder.load(place)

    return types.int32(), generate


@intrinsic
def _load_register(_typing: Any, _value: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        place = builder.alloca(ir.IntType(32))
        builder.store(builder.trunc(arguments[0], ir.IntType(32)), place)
        _register_call(builder, "ldmxcsr", place)
        return context.get_dummy_value()

    return types.void(types.int64), generate


@_kept
@numba.njit
def _float_modes() -> Any:
    return _stored_register()  # type: ignore[call-arg]  # the compiler adds the first


@_kept
@numba.njit
def _set_float_modes(modes: Any) -> None:
    _load_register(modes)  # type: ignore[call-arg]
