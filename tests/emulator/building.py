"""Compiles the text of kernels for the emulator, by g++."""

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
COMPILER = "g++"
# No fused operations, which would round otherwise than two.
FLAGS = ("-std=c++17", "-fPIC", "-ffp-contract=off", "-fno-strict-aliasing", "-w")
# -g1 for the lines of races.
OPTIMISED, FOR_RACES = ("-O2",), ("-O1", "-g1", "-fsanitize=thread", "-DRACES")

KERNEL = re.compile(
    r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\((?P<bound>\d+)(?:, 1)?\)\s*)?'
    r"(?P<name>\w+)\s*\((?P<parameters>[^)]*)\)"
)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
# What the emulator doesn't know, or knows too little of to say that it works.
UNKNOWN = re.compile(
    r"\b(asm|__ldg|atomic\w+|__ballot\w*|__any_sync|__all_sync|__activemask|cooperative_groups"
    r"|__threadfence\w*|__shared__(?!\s+double\s+name\[\])|volatile|__shfl_(?:up|down)_sync)\b"
)


def missing() -> str | None:
    """Return why nothing can be emulated, or None."""
    return None if shutil.which(COMPILER) else f"{COMPILER} is not installed"


@dataclass(frozen=True)
class Parameter:
    """Of a kernel: its type in C without const, whether it is a pointer, its name."""

    type: str
    is_pointer: bool
    name: str


@dataclass(frozen=True)
class Signature:
    """Of a kernel: its parameters, and the most threads that it may have."""

    parameters: tuple[Parameter, ...]
    most_threads: int


def signatures(text: str) -> dict[str, Signature]:
    """Return the kernels in a text, by their names."""
    return {
        found["name"]: Signature(
            tuple(_parameter(part) for part in found["parameters"].split(",")),
            int(found["bound"] or 1024),
        )
        for found in KERNEL.finditer(COMMENT.sub("", text))
    }


def _parameter(text: str) -> Parameter:
    words = [word for word in text.replace("*", " ").split() if word not in ("const",)]
    *kind, name = [word for word in words if word != "__restrict__"]
    return Parameter(" ".join(kind), "*" in text, name)


def build(text: str, options: Sequence[str], *, races: bool) -> ctypes.CDLL:
    """Compile kernels, unless that has been done, and load them.

    Raises
    ------
    ValueError
        If they use what the emulator doesn't know.
    """
    if found := UNKNOWN.search(COMMENT.sub("", text)):
        raise ValueError(f"the emulator doesn't know {found[0]}")
    flags = [*FLAGS, *(FOR_RACES if races else OPTIMISED)]
    folder = Path(tempfile.gettempdir()) / "cuda-on-cpu"
    folder.mkdir(exist_ok=True)
    # The emulator itself is no part of what ThreadSanitizer watches.
    own_flags = [flag for flag in flags if flag != "-fsanitize=thread"]
    shim = (HERE / "cuda_on_cpu.cpp").read_text()
    emulator = _compiled(folder, shim, ["-c", *own_flags], ".o")
    defines = [option for option in options if option.startswith("-D")]
    whole = '#include "cuda_on_cpu.h"\n' + text + _launchers(text)
    flags = ["-shared", *flags, *defines]
    return ctypes.CDLL(str(_compiled(folder, whole, [*flags, str(emulator)], ".so")))


def _compiled(folder: Path, text: str, flags: Sequence[str], suffix: str) -> Path:
    """Return what is compiled of a C++ text, by a name that tells text and flags, for all checkouts."""
    header = (HERE / "cuda_on_cpu.h").read_text()
    digest = hashlib.sha256("\n".join([header, text, *flags]).encode()).hexdigest()[:20]
    path = folder / f"{digest}{suffix}"
    if not path.exists():
        source = path.with_suffix(f"{suffix}.cpp")
        source.write_text(text)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=suffix, delete=False) as made:
            objects = [flag for flag in flags if flag.endswith(".o")]
            others = [flag for flag in flags if not flag.endswith(".o")]
            command = [COMPILER, f"-I{HERE}", *others, str(source), *objects, "-o", made.name]
            # A compiler that ThreadSanitizer watches too takes three times as long.
            alone = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
            subprocess.run(command, check=True, env=alone)
        Path(made.name).replace(path)
    return path


def _launchers(text: str) -> str:
    """Return a C function for each kernel that launches it; nine numbers say how."""
    made = ['\nextern "C" const char* error() { return cuda_on_cpu::error(); }\n']
    for name, signature in signatures(text).items():
        kinds = [f"{p.type}{'*' if p.is_pointer else ''}" for p in signature.parameters]
        typed = ", ".join(f"{kind} a{number}" for number, kind in enumerate(kinds))
        passed = ", ".join(f"a{number}" for number in range(len(kinds)))
        made.append(
            f"""extern "C" bool launch_{name}(const unsigned* how, {typed}) {{
    const dim3 grid(how[0], how[1], how[2]), block(how[3], how[4], how[5]);
    const cuda_on_cpu::Options options{{grid, block, how[6], how[7], how[8] != 0}};
    return cuda_on_cpu::launch(options, [=] {{ {name}({passed}); }});
}}
"""
        )
    return "".join(made)
