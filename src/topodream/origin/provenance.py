"""What made a file: which code, which versions, which inputs.

No time, host, user or absolute path is recorded, so that the same inputs, settings, code and
versions give the same bytes.
"""

import ast
import hashlib
import importlib.metadata
import json
import platform
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from topodream import __version__
from topodream.files.digests import file_digest
from topodream.origin import commits

SRC = Path(__file__).resolve().parents[2]
REGISTRIES = tuple(SRC / "topodream" / wing / "__init__.py" for wing in ("models", "data"))

# Packages besides NumPy that shape what a script writes. Their versions are recorded in it, and
# the workflow makes it again when they change. (Of scripts for data, their kind says it: see
# :mod:`topodream.data.kind`.)
PACKAGES = {
    "resolve_experiment.py": ("pyyaml",),
    "train.py": ("h5py", "numba"),
    "library.py": ("h5py", "numba"),
    "respond.py": ("h5py", "pillow"),
    "measure_baselines.py": ("scipy", "scikit-learn", "minisom"),
    "check_gpu.py": ("numba",),
    "plot_map.py": ("matplotlib", "pillow"),
    "plot_sweep.py": ("matplotlib", "pillow"),
    "render_map_gifs.py": ("pillow",),
    "judge_findings.py": ("scipy",),
    "build_page.py": ("jinja2", "scipy"),
}
# The names that CuPy's packages have: for a CUDA, and built from its sources.
CUPY_PACKAGES = ("cupy-cuda13x", "cupy-cuda12x", "cupy")


def local_sources(script: Path, modules: Collection[str] = ()) -> list[Path]:
    """Return a script and all of this project's modules that it imports, and their kernels.

    The workflow names them as inputs of the script's rule, so that an edit of any of them
    makes again what depends on it.

    Parameters
    ----------
    script : Path
    modules : collection of str
        Names of modules that it imports besides, by a registry: those of an experiment's model
        and engines (:attr:`topodream.settings.config.Experiment.modules_of_training`). The registry itself is
        none of the sources, or what it names would all be: it says which there are, and they say
        which of them is meant.
    """
    found: set[Path] = set()
    waiting = [script.resolve(), *map(_file_of, modules)]
    while waiting:
        source = waiting.pop()
        if source not in found and source not in REGISTRIES:
            found.add(source)
            waiting.extend(_imported_files(source))
            kernels = source.with_suffix(".cu")  # an engine's lie beside it
            if kernels.is_file():
                found.add(kernels)
    found.remove(script.resolve())
    return [script.resolve(), *sorted(found)]


def _file_of(module: str) -> Path:
    return SRC.joinpath(*module.split(".")).with_suffix(".py")


@cache  # a workflow asks for many scripts, which have most modules in common
def _imported_files(source: Path) -> tuple[Path, ...]:
    modules = _imported_modules(source.read_text(encoding="utf-8"))
    return tuple(file for module in modules for file in _files_of(module))


@cache
def _files_of(module: str) -> tuple[Path, ...]:
    """Return the files of a module and of the packages it lies in, of those that hold code.

    The beginning of a package is often no more than a docstring.
    """
    parts = module.split(".")
    bases = [SRC.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = [base.with_suffix(".py") for base in bases]
    packages = [base / "__init__.py" for base in bases]
    return tuple(
        [path for path in files if path.is_file()]
        + [path for path in packages if _holds_code(path)]
    )


@cache  # all modules of a package ask
def _holds_code(package: Path) -> bool:
    return package.is_file() and len(ast.parse(package.read_bytes()).body) > 1


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


def code_digest(script: Path, modules: Collection[str] = ()) -> str:
    """Return the sha256 over the names and contents of a script's local sources."""
    return _digest_of_code(_contents(local_sources(script, modules)))


def _contents(sources: Iterable[Path]) -> dict[str, bytes]:
    return {source.relative_to(SRC).as_posix(): source.read_bytes() for source in sources}


def _digest_of_code(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(name.encode())
        digest.update(content)
    return digest.hexdigest()


def versions(script: str, packages: Collection[str] = ()) -> str:
    """Return the versions of Python and of the packages that shape what a script writes, as JSON.

    Parameters
    ----------
    script : str
        Its file's name.
    packages : collection of str
        Those besides NumPy and what is known of the script here.
    """
    names = ("numpy", *PACKAGES.get(script, ()), *packages)
    found = {name: installed((name,)) for name in names}
    return json.dumps({"python": platform.python_version()} | found)


@cache  # each is a file to find and to parse
def _version(package: str) -> str:
    return importlib.metadata.version(package)


def installed(packages: Sequence[str]) -> str:
    """Return the version of the first of some packages that is installed, or "not installed"."""
    for name in packages:
        with suppress(importlib.metadata.PackageNotFoundError):
            return _version(name)
    return "not installed"


def origin(
    options: Mapping[str, Any],
    modules: Collection[str] = (),
    also: Collection[Path] = (),
    packages: Collection[str] = (),
    script: Path | None = None,
) -> dict[str, str]:
    """Return what every result file says of its origin: the script, its code, versions.

    Parameters
    ----------
    options : mapping
        The script's options that shaped the file, see :func:`topodream.files.cli.options`.
    modules : collection of str
        What has a part in it by a registry, see :func:`local_sources`.
    also : collection of Path
        Files that count as code besides: templates.
    packages : collection of str
        What shapes the file besides, see :func:`versions`.
    script : Path, optional
        What makes the file; without it, the script that runs.

    Returns
    -------
    dict of str
        ``made_by``; ``commit``, see :func:`topodream.origin.commits.last_commit`; ``code_sha256``, of the
        same sources; ``versions`` and ``options`` as JSON.
    """
    script = script or Path(sys.argv[0])
    code = _contents([*local_sources(script, modules), *also])
    return {
        "made_by": f"{script.name}, topodream {__version__}",
        "commit": commits.last_commit(SRC, code),
        "code_sha256": _digest_of_code(code),
        "versions": versions(script.name, packages),
        "options": json.dumps(options),
    }


def picture_note(
    options: Mapping[str, Any],
    modules: Collection[str] = (),
    packages: Collection[str] = (),
    **shows: Any,
) -> str:
    """Return the text that a picture carries: what it shows and what made it."""
    return json.dumps({**shows, **origin(options, modules, packages=packages)})


def of_measures(measured: Mapping[Path, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is said of many measures that went into one file.

    Parameters
    ----------
    measured : mapping
        ``<experiment>/measures.json`` -> its content.

    Returns
    -------
    dict
        ``data_sha256``, a list of those of the data sets that were learnt, and
        ``measures_sha256``: experiment -> that of its file of measures.
    """
    data = {content["data_sha256"] for content in measured.values()}
    digests = {path.parent.name: file_digest(path) for path in measured}
    return {"data_sha256": sorted(data), "measures_sha256": digests}
