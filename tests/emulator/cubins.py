"""Compiles kernels for real devices, by nvcc or by the NVRTC that CuPy finds; runs nothing."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Compute capabilities 7.5 (2018) to 12.0 (2025).
ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")
FUNCTION = re.compile(
    r"Compiling entry function '(?P<name>\w+)'.*?(?P<stack>\d+) bytes stack frame, "
    r"(?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads"
    r".*?Used (?P<registers>\d+) registers",
    re.DOTALL,
)


@dataclass(frozen=True)
class Compiled:
    """A kernel for an architecture: what ptxas says of it."""

    name: str
    architecture: str
    registers: int
    stack_bytes: int
    spilled_bytes: int


def _nvrtc_works() -> bool:
    if importlib.util.find_spec("cupy") is None:
        return False
    from cupy.cuda import nvrtc

    try:
        nvrtc.getVersion()
    except RuntimeError:
        return False
    return True


def compiler() -> Callable[[str, Sequence[str], str], str] | None:
    """Return what is there to compile with: NVRTC, as CuPy does, or nvcc, which finds the same."""
    if _nvrtc_works():
        return _by_nvrtc
    return _by_nvcc if shutil.which("nvcc") else None


def compile_kernels(
    compiler: Callable[[str, Sequence[str], str], str],
    text: str,
    options: Sequence[str],
    architecture: str,
) -> list[Compiled]:
    """Compile a text of kernels; RuntimeError has what the compiler says against it."""
    log = compiler(text, [*options, "-ftz=true"], architecture)
    return [
        Compiled(
            found["name"],
            architecture,
            int(found["registers"]),
            int(found["stack"]),
            int(found["stores"]) + int(found["loads"]),
        )
        for found in FUNCTION.finditer(log)
    ]


def _by_nvcc(text: str, options: Sequence[str], architecture: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernels.cu"
        source.write_text(text)
        command = ["nvcc", "-cubin", f"-arch={architecture}", "-Xptxas", "-v", *options]
        done = subprocess.run(
            [*command, "-o", f"{folder}/cubin", str(source)], capture_output=True, text=True
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stderr


def _by_nvrtc(text: str, options: Sequence[str], architecture: str) -> str:
    from cupy.cuda import nvrtc

    program = nvrtc.createProgram(text, "kernels.cu", (), ())
    flags = (*options, f"-arch={architecture}", "--ptxas-options=-v")
    try:
        nvrtc.compileProgram(program, flags)
    except nvrtc.NVRTCError as error:
        raise RuntimeError(nvrtc.getProgramLog(program)) from error
    return str(nvrtc.getProgramLog(program))
