"""How the loops of the fast engines are compiled: the one place that knows Numba."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


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
