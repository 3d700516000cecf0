"""How the loops of the fast engines are compiled: the one place that knows Numba."""

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])

# Bits of the register MXCSR of x86 processors: results that would be subnormal are 0, and
# subnormal operands count as 0.
FLUSH_TO_ZERO, DENORMALS_ARE_ZERO = 1 << 15, 1 << 6


def kernel(*, reassociate: bool = False) -> Callable[[Function], Function]:
    """Return a decorator that compiles a function at its first call, once per dtype.

    The machine code is kept on disk beside the source, and made anew when the source file
    changes. That file has to hold all the kernels that it calls: Numba looks at no other.

    Parameters
    ----------
    reassociate : bool
        Whether sums may be added up in another order, several terms at a time, and a product
        and a sum be rounded once. Otherwise results are the same to the bit on every machine.
    """
    fastmath: bool | set[str] = {"reassoc", "contract"} if reassociate else False

    def compiled(function: Function) -> Function:
        jitted = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)(
            function
        )
        return cast(Function, jitted)

    return compiled


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


@numba.njit(cache=True)
def _float_modes() -> Any:
    return _stored_register()  # type: ignore[call-arg]  # the compiler adds the first


@numba.njit(cache=True)
def _set_float_modes(modes: Any) -> None:
    _load_register(modes)  # type: ignore[call-arg]
