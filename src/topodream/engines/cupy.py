"""A GPU through CuPy: the one module that imports it.

What runs on the device are the kernels in the ``.cu`` files beside the engines. CuPy compiles
and launches them, and keeps arrays in the device's memory; nothing else of it is used.
"""

from typing import Any

from topodream.errors import InputError

INSTALL = 'pip install "topodream[gpu-cuda13]", or [gpu-cuda12] for a driver older than 580'


def find() -> Any:
    """Return the module ``cupy``, with a device that it can compute on.

    Raises
    ------
    InputError
        If CuPy, the driver or a device is missing: it says which, and what to do.
    """
    try:
        import cupy
    except ImportError as error:
        raise InputError(f"no GPU can be used: CuPy is not installed ({error}); {INSTALL}") from error
    try:
        n_devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise InputError(
            f"no GPU can be used: CuPy {cupy.__version__} finds no driver or device ({error}); "
            "`nvidia-smi` has to list one"
        ) from error
    if n_devices == 0:
        raise InputError("no GPU can be used: CUDA_VISIBLE_DEVICES hides them all")
    return cupy


def describe(xp: Any) -> str:
    """Return what computes, in words: the device's name and compute capability."""
    device = xp.cuda.Device()
    name = xp.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
    major, minor = device.compute_capability[:-1], device.compute_capability[-1]
    return f"{name}, compute capability {major}.{minor}"
