"""Nothing of the caller's environment or folders changes what is made."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys

import forking
import pytest
from conftest import ROOT

PACKAGE = ROOT / "src" / "topodream"
JUPYTERS = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
OTHER_LETTERS = "truetype:interpreter-version=35 cff:no-stem-darkening=0"
# Another's taste: a U-matrix upside down, white on black. The comment isn't UTF-8.
MATPLOTLIBRC = b"image.origin: lower\nfigure.facecolor: black\ntext.usetex: True\n# \xe9\n"
DRAW = f"""
import numpy, pathlib, sys
sys.argv[0] = {str(ROOT / "src" / "plot_map.py")!r}
from topodream.pictures import animation, saving
from topodream.pictures.figures import u_matrix
from topodream.grid import Grid
figure = u_matrix.plot(numpy.arange(12.0), Grid(3, 4), "title", "data")
saving.save(figure, pathlib.Path("u_matrix.png"), "note")
pathlib.Path("palette").write_bytes(animation.palette())
"""


def python(code, folder, *options, **environment):
    """Run some Python in a folder, where it finds the package."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(folder)])}
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=kept | paths | environment, capture_output=True, text=True, check=False
    )  # fmt: skip


def said(done):
    """Return what a program printed as JSON; that has to be all it said."""
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def plainly_drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    done = python(DRAW, folder)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("where", ["variables", "working folder", "home"])
def test_pictures_are_drawn_in_nobodys_taste(where, plainly_drawn, tmp_path):
    folders = {"variables": "rc", "working folder": "work", "home": "home/.config/matplotlib"}
    (tmp_path / "work").mkdir()
    (tmp_path / folders[where]).mkdir(parents=True, exist_ok=True)
    rc = tmp_path / folders[where] / "matplotlibrc"
    rc.write_bytes(MATPLOTLIBRC)
    told = {**JUPYTERS, "MATPLOTLIBRC": str(rc), "FREETYPE_PROPERTIES": OTHER_LETTERS}
    variables = told if where == "variables" else {}
    done = python(DRAW, tmp_path / "work", HOME=str(tmp_path / "home"), **variables)
    assert done.returncode == 0, done.stderr
    for name, content in plainly_drawn.items():
        assert (tmp_path / "work" / name).read_bytes() == content, name


def test_matplotlib_is_imported_where_it_is_set_up_alone():
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    found = {
        path.name
        for path in sources
        if re.search(r"^\s*(import|from) matplotlib", path.read_text(), re.MULTILINE)
    }
    assert found == {"shipped_matplotlib.py", "figure_parts.py", "vector.py"}


# What NumPy and BLAS take the processor for, in a script and elsewhere.
PROCESSOR = """
import json, os, runpy, sys
if {script!r}:
    sys.argv[0] = {script!r}
    runpy.run_path({script!r}, run_name="not main")
import topodream, numpy, threadpoolctl
from numpy._core._multiarray_umath import __cpu_features__ as features
kinds = sorted(str(library.get("architecture")) for library in threadpoolctl.threadpool_info())
told = [name for name in os.environ if name.startswith(("NPY", "OPENBLAS"))]
print(json.dumps([kinds, features, told]))
"""
OTHER_PROCESSORS = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3"}


@pytest.mark.parametrize("script", ["measure.py", "measure_baselines.py"])
def test_scripts_compute_as_the_processor_that_there_is(tmp_path, script):
    code = PROCESSOR.format(script=str(ROOT / "src" / script))
    assert said(python(code, tmp_path, **OTHER_PROCESSORS)) == said(python(code, tmp_path))
    assert said(python(code, tmp_path, NPY_ENABLE_CPU_FEATURES="SSE3")) == said(
        python(code, tmp_path)
    )


def test_programs_that_import_the_package_keep_their_variables(tmp_path):
    *_, told = said(python(PROCESSOR.format(script=""), tmp_path, OPENBLAS_CORETYPE="Nehalem"))
    assert told == ["OPENBLAS_CORETYPE"]


# What kernels are compiled with, and whether machine code was found.
COMPILED = """
import json
import some_kernel
from numba.core import config
assert some_kernel.twice(2.5) == 5
settings = {name: repr(value) for name, value in vars(config).items() if name.isupper()}
found = sum(some_kernel.twice.stats.cache_hits.values())
print(json.dumps({"settings": settings, "found": found}))
"""
KERNEL = """
from topodream.engines.jit import kernel


@kernel()
def twice(value):
    return 2 * value
"""


# What a process does that compiles: up to the kernel, and from there on in a folder.
IMPORTED = f"sys.path.insert(0, {str(ROOT / 'src')!r}); import topodream.engines.jit"
GO_ON = """
from numba.core import config
config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]
sys.path.insert(0, folder)
exec(sys.argv[1])
"""


@pytest.fixture(scope="module")
def processes():
    """Where to ask for a copy of a process that has imported Numba: that takes longer than to compile."""
    return forking.listening("kernels", IMPORTED, GO_ON)


@pytest.fixture
def kept(tmp_path, processes):
    """A function: run a kernel in a copy of a process; return what it says."""
    (tmp_path / "some_kernel.py").write_text(KERNEL)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def run(code=COMPILED):
        return forking.ask(processes, tmp_path, ["-c", code], environment, "")

    return run


@pytest.fixture
def compiled(tmp_path):
    """A function: run a kernel in a new process, with variables; return what it says."""
    (tmp_path / "some_kernel.py").write_text(KERNEL)

    def run(code=COMPILED, **variables):
        kept = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), **variables}
        return python(code, tmp_path, **kept)

    return run


def test_kernels_are_compiled_the_same_whatever_numba_is_told(compiled, tmp_path):
    expected = said(compiled())["settings"]
    told = {
        "opt": "0", "disable_jit": "1", "boundscheck": "1", "cpu_name": "generic", "enable_avx": "0",
        "loop_vectorize": "0", "slp_vectorize": "1", "debuginfo": "1", "function_cache_size": "0",
        "num_threads": "x",
    }  # fmt: skip
    variables = {f"NUMBA_{name.upper()}": value for name, value in told.items()}
    by_variables = said(compiled(**variables, VS_PROFILER="1"))["settings"]
    (tmp_path / ".numba_config.yaml").write_text("".join(f"{k}: '{v}'\n" for k, v in told.items()))
    shutil.rmtree(tmp_path / "cache")  # Numba reads that file again when it compiles
    assert by_variables == said(compiled())["settings"] == expected
    (tmp_path / ".numba_config.yaml").write_text("{")
    assert said(compiled())["settings"] == expected


def machine_code(folder):
    found = sorted((folder / "cache").rglob("some_kernel*"))
    assert [path.suffix for path in found] == [".nbc", ".nbi"]
    return found


def emptied(path):
    path.write_bytes(b"")


def last_bytes_lost(path):
    path.write_bytes(
        path.read_bytes()[:-32]
    )  # as Numba itself, without a look at settings, writes it


def one_bit_wrong(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def not_a_file(path):
    path.unlink()
    path.mkdir()


def test_damaged_machine_code_is_made_again(kept, tmp_path):
    assert said(kept())["found"] == 0
    assert said(kept())["found"] == 1
    for damage in (emptied, last_bytes_lost, one_bit_wrong):
        for number in (0, 1):
            damage(machine_code(tmp_path)[number])
            assert said(kept())["found"] == 0, damage
    assert said(kept())["found"] == 1


@pytest.mark.parametrize("which", [".nbc", ".nbi"])
def test_machine_code_that_can_neither_be_read_nor_written(kept, tmp_path, which):
    said(kept())
    for path in machine_code(tmp_path):
        if path.suffix == which:
            not_a_file(path)
    done = kept()
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "compiled code can't be kept" in done.stderr


def test_machine_code_of_other_sources_is_not_run(kept, tmp_path):
    """As of a process that began before an edit, and ends after it."""
    said(kept())
    code, _ = machine_code(tmp_path)
    before = code.read_bytes()
    (tmp_path / "some_kernel.py").write_text(KERNEL.replace("2 *", "4 * 0.5 *"))
    said(kept())
    assert machine_code(tmp_path)[0] == code
    code.write_bytes(before)
    assert said(kept())["found"] == 0


def test_machine_codes_of_two_types_never_have_one_name(kept, tmp_path):
    """As of two processes that begin at once: each sees no other's."""
    said(kept())
    [index] = (tmp_path / "cache").rglob("some_kernel*.nbi")
    index.unlink()
    said(kept(COMPILED.replace("twice(2.5) == 5", "twice(2) == 4")))
    assert len(list((tmp_path / "cache").rglob("some_kernel*.nbc"))) == 2


def test_without_a_place_for_machine_code(compiled, tmp_path):
    """A folder that is only read, and no home."""
    (tmp_path / "some_kernel.py").write_text(KERNEL + KERNEL.replace("twice", "thrice"))
    (tmp_path / "__pycache__").write_text("no folder")
    (nowhere := tmp_path / "nowhere").write_text("no folder")
    done = compiled(NUMBA_CACHE_DIR=str(nowhere), XDG_CACHE_HOME=str(nowhere))
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "compiled code can't be kept" in done.stderr
    assert "NUMBA_CACHE_DIR" in done.stderr


def test_a_full_disk_under_machine_code(compiled, tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = compiled(f"{limit}\n{COMPILED}")
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "compiled code can't be kept (" in done.stderr
    assert not [path for path in (tmp_path / "cache").rglob("*") if ".tmp." in path.name]
