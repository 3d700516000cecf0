"""What made a file: which code, which versions, which inputs.

No time, host, user or absolute path is recorded, so that the same inputs, settings and
versions give the same bytes.
"""

import hashlib
import importlib.metadata
import json
import platform
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from topodream import __version__

SRC = Path(__file__).resolve().parents[1]

# Packages besides NumPy that shape what a script writes. Their versions are recorded in it, and
# the workflow makes it again when they change.
PACKAGES = {
    "prepare_mnist.py": ("h5py",),
    "build_tapestry.py": ("h5py",),
    "build_pan_sequence.py": ("h5py",),
    "train.py": ("h5py", "numba"),
    "measure.py": ("scipy", "scikit-learn"),
    "plot_map.py": ("matplotlib",),
    "plot_tapestry.py": ("matplotlib",),
    "plot_sweep.py": ("matplotlib",),
    "render_map_gifs.py": ("imageio", "matplotlib", "pillow"),
    "render_sequence_gif.py": ("imageio", "matplotlib", "pillow"),
    "judge_findings.py": ("scipy",),
    "build_page.py": ("jinja2", "pillow"),
}


def local_sources(script: Path, left_out: Collection[str] = ()) -> list[Path]:
    """Return a script and all of this project's modules that it imports, directly or not.

    The workflow names them as inputs of the script's rule, so that an edit of any of them
    makes again what depends on it.

    Parameters
    ----------
    script : Path
    left_out : collection of str
        Names of modules that are imported, and not used: those of models and engines that
        have no part in it (:attr:`topodream.config.Experiment.modules_of_others`).
    """
    found: list[Path] = []
    waiting = [script.resolve()]
    while waiting:
        source = waiting.pop()
        if source not in found and source.stem not in left_out:
            found.append(source)
            waiting.extend(_imported_files(source))
    return [found[0], *sorted(found[1:])]


def _imported_files(source: Path) -> Iterator[Path]:
    for module in _imported_modules(source.read_text(encoding="utf-8")):
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            base = SRC.joinpath(*parts[:depth])
            for candidate in (base.with_suffix(".py"), base / "__init__.py"):
                if candidate.is_file():
                    yield candidate


# At the beginning of a line, indented or not; names in parentheses may take several lines.
_IMPORT = re.compile(
    r"^[ \t]*(?:from\s+(?P<package>[\w.]+)\s+import\s+(?:\((?P<listed>[^)]*)\)|(?P<names>.*))"
    r"|import\s+(?P<modules>.*))$",
    re.MULTILINE,
)


def _imported_modules(text: str) -> Iterator[str]:
    """Yield what may be the modules that a source imports.

    Found by their lines: to parse all sources takes a tenth of a second at each start of a
    script. Something that only looks like an import is not harmful, it names no file.
    """
    for found in _IMPORT.finditer(text):
        package = found["package"]
        for entry in (found["listed"] or found["names"] or found["modules"]).split(","):
            words = entry.split("#")[0].split()
            if words:
                # `from package import name`: the name may be a module too.
                yield f"{package}.{words[0]}" if package else words[0]


def code_digest(script: Path, left_out: Collection[str] = ()) -> str:
    """Return the sha256 over the names and contents of a script's local sources."""
    digest = hashlib.sha256()
    for source in local_sources(script, left_out):
        digest.update(source.relative_to(SRC).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()


def content_digest(arrays: Mapping[str, npt.NDArray[np.generic]]) -> str:
    """Return the sha256 over names, types, shapes and values of arrays.

    Unlike the bytes of a file it doesn't depend on how they were stored.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def versions(script: str) -> str:
    """Return the versions of Python and of the packages that shape what a script writes, as JSON.

    Parameters
    ----------
    script : str
        Its file's name.
    """
    packages = ("numpy", *PACKAGES.get(script, ()))
    found = {name: importlib.metadata.version(name) for name in packages}
    return json.dumps({"python": platform.python_version()} | found)


def record(left_out: Collection[str] = ()) -> dict[str, str]:
    """Return what every result file says of its origin: the running script and versions.

    Parameters
    ----------
    left_out : collection of str
        Modules that have no part in it, see :func:`local_sources`.
    """
    script = Path(sys.argv[0])
    return {
        "made_by": f"{script.name}, topodream {__version__}",
        "code_sha256": code_digest(script, left_out),
        "versions": versions(script.name),
    }


def picture_note(left_out: Collection[str] = (), **shows: str) -> str:
    """Return the text that a picture carries: what it shows and what made it."""
    return json.dumps({**shows, **record(left_out)})
