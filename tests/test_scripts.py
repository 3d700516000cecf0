"""The scripts as they are used by hand."""

import ast
import contextlib
import dataclasses
import importlib.util
import json
import os
import pty
import py_compile
import shutil
import subprocess
import sys
import termios
from pathlib import Path

import forking
import imageio.v3 as iio
import numpy as np
import pytest
import yaml
from conftest import ROOT
from emulator import building

from topodream.data import KINDS, idx, mnist
from topodream.grid import Grid
from topodream.models import MODELS
from topodream.origin import provenance
from topodream.pictures.animations import animations_of
from topodream.pictures.figures import figures_of
from topodream.pictures.picture import modules_of
from topodream.plan import catalogue as catalogues
from topodream.settings import config
from topodream.surroundings import THREADS
from topodream.traits import LABELS

SCRIPTS = sorted((ROOT / "src").glob("*.py"))
needs_emulator = pytest.mark.skipif(bool(building.missing()), reason=f"{building.missing()}")
EMULATED = [str(ROOT / "tests" / "emulator" / "as_cupy"), str(ROOT / "tests")]


run = forking.script


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_help_is_the_docstring_and_explains_every_option(script, tmp_path):
    # From another folder: a script finds the package beside it, and no other.
    (tmp_path / "topodream.py").write_text("raise SystemExit('another topodream')")
    paths = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, script, "--help"],
        cwd=tmp_path, env=os.environ | paths, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    docstring = ast.get_docstring(ast.parse(script.read_text()))
    assert docstring.splitlines()[0] in done.stdout
    assert "--output" in done.stdout or "Print" in docstring.splitlines()[0]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_code_inputs_name_all_that_a_script_imports(script):
    """What the workflow takes for a script's sources is what Python loads for it."""
    loaded = (
        "import runpy, sys, pathlib; "
        f"runpy.run_path({str(script)!r}, run_name='not main'); "
        "files = [getattr(m, '__file__', None) for m in list(sys.modules.values())]; "
        "print('\\n'.join(f for f in files if f))"
    )
    done = forking.python(loaded)
    assert done.returncode == 0, done.stderr
    ours = {line for line in done.stdout.splitlines() if line.startswith(str(ROOT / "src"))}
    # A registry is none, and names them all; which of them is meant, an experiment says,
    # or the script of a data set.
    named = {type(one).__module__ for one in (*MODELS.values(), *KINDS.values())}
    sources = {*provenance.local_sources(script, named), *provenance.REGISTRIES}
    # Nor is what holds nothing but a docstring.
    empty = {path for path in ours if len(ast.parse(Path(path).read_text()).body) == 1}
    assert all(path.endswith("__init__.py") for path in empty)
    assert ours - empty <= set(map(str, sources))
    assert str(ROOT / "src" / "topodream" / "files" / "cli.py") in ours


def test_engines_that_are_chosen_by_name_are_sources_too():
    modules = ["topodream.engines.reference"]
    sources = provenance.local_sources(ROOT / "src" / "train.py", modules)
    assert ROOT / "src" / "topodream" / "engines" / "reference.py" in sources


# Engines of a GPU, with the kernels beside them.
GPU = {"engines/cupy.py", "engines/cupy.cu"}
GPU_MWTA = {"engines/cupy_mwta.py", "engines/cupy_mwta.cu"}
GPU_DREAM = {"engines/cupy_sparse_dream.py", "engines/cupy_sparse_dream.cu"}


PICTURES = {"plot_map.py": figures_of, "render_map_gifs.py": animations_of}


def sources_for(script, experiment):
    is_trained = script == "train.py"
    modules = experiment.modules_of_training if is_trained else experiment.modules
    if script in PICTURES:
        # Of digits, as these tests learn them.
        modules += modules_of(PICTURES[script](MODELS[experiment.model].traits | {LABELS}))
    found = provenance.local_sources(ROOT / "src" / script, modules)
    return {path.relative_to(ROOT / "src" / "topodream").as_posix() for path in found[1:]}


@pytest.mark.parametrize(
    ("name", "engine", "device", "own", "others"),
    [
        ("excited-20", "fast", "cpu",
         {"models/mwta.py", "engines/fast_mwta.py", "engines/products.py", "engines/jit.py"},
         {"models/sparse_dream.py", "engines/fast_sparse_dream.py", "engines/reference.py", *GPU}),
        ("dream-wide", "fast", "cpu", {"models/sparse_dream.py", "engines/fast_sparse_dream.py"},
         {"models/mwta.py", "engines/fast_mwta.py", "engines/products.py", "engines/reference.py",
          *GPU}),
        ("dream-wide", "reference", "cpu", {"models/sparse_dream.py", "engines/reference.py"},
         {"models/mwta.py", "engines/fast_sparse_dream.py", "engines/jit.py", *GPU}),
        ("excited-20", "fast", "gpu", {"models/mwta.py", *GPU, *GPU_MWTA},
         {"engines/fast_mwta.py", "engines/jit.py", "engines/reference.py", *GPU_DREAM}),
        ("dream-wide", "fast", "gpu", {"models/sparse_dream.py", *GPU, *GPU_DREAM},
         {"engines/fast_sparse_dream.py", "engines/jit.py", *GPU_MWTA}),
        ("excited-20", "fast", "auto", {"engines/fast_mwta.py", *GPU, *GPU_MWTA},
         {"engines/fast_sparse_dream.py", "engines/reference.py", *GPU_DREAM}),
    ],
)  # fmt: skip
def test_other_models_and_engines_are_no_sources(catalogue, name, engine, device, own, others):
    experiment = dataclasses.replace(catalogue.experiments[name], engine=engine, device=device)
    sources = sources_for("train.py", experiment)
    assert own <= sources
    assert not others & sources


def test_measures_depend_on_their_own_model_and_pictures_on_no_measures(catalogue):
    measured = sources_for("measure.py", catalogue.experiments["excited-20"])
    assert {f"measures/{module}.py" for module in ("registry", "coding", "lateral")} <= measured
    assert "models/sparse_dream.py" not in measured
    for script in ("plot_map.py", "render_map_gifs.py"):
        drawn = sources_for(script, catalogue.experiments["excited-20"])
        assert not drawn & {f"measures/{module}.py" for module in ("registry", "coding", "usage")}


@pytest.mark.parametrize("script", ["plot_sweep.py", "judge_findings.py", "build_page.py"])
def test_who_only_asks_what_measures_are_called_waits_for_no_more_than_measures(script):
    """An edit of a measure makes them anew, but measures first: without it they would be too."""
    names, measuring = (
        set(provenance.local_sources(ROOT / "src" / other))
        for other in ("topodream/measures/registry.py", "measure.py")
    )
    assert names < set(provenance.local_sources(ROOT / "src" / script))
    assert names < measuring


class Poison(ast.NodeTransformer):
    """Makes every function fail that is called."""

    def visit_FunctionDef(self, node):
        node.body = [ast.parse(f"raise AssertionError('{node.name} was called')").body[0]]
        return node


def spoil(path):
    """Make a module's functions fail. One that machine code is kept by stays as it is to look at."""
    text = ast.unparse(Poison().visit(ast.parse(path.read_text())))
    if path.name != "products.py":
        path.write_text(text)
        return
    (path.parent / "spoilt").write_text(text)
    bytecode = importlib.util.cache_from_source(path)
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(path.parent / "spoilt", bytecode, invalidation_mode=unchecked)


# Imports take longer than the scripts: one process for all.
ONE_AFTER_ANOTHER = """
import json, runpy, sys
for command in json.loads(sys.argv[1]):
    sys.argv = command
    runpy.run_path(command[0], run_name="__main__")
"""


def run_all(src, home, experiment):
    """Train, measure, draw and animate an experiment with the scripts of a folder.

    On another device it is only trained: what comes after doesn't ask where.
    """
    home.mkdir()
    (home / "config.yaml").write_text(yaml.safe_dump(config.to_mapping(experiment)))
    data = ["--data", home.parent / "data.h5"]
    model = ["--model", home / "model.h5", *data]
    frames = ["--images-frames", 3, "--images-ms", 100, "--sequence-frames", 3]
    frames += ["--sequence-ms", 100]
    steps = (
        ["train.py", *data, "--config", home / "config.yaml", "--output", home / "model.h5"],
        ["measure.py", *model, "--held-out", 30, "--output", home / "measures.json"],
        ["plot_map.py", *model, "--measures", home / "measures.json", "--count", 3,
         "--output-folder", home],
        ["render_map_gifs.py", *model, *frames, "--output-folder", home],
    )  # fmt: skip
    steps = steps if experiment.device == "cpu" else steps[:1]
    commands = [[str(src / script), *map(str, args)] for script, *args in steps]
    done = forking.python(ONE_AFTER_ANOTHER, json.dumps(commands))
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in home.iterdir()}


@pytest.mark.parametrize(
    ("name", "engine", "device"),
    [
        ("excited-20", "fast", "cpu"),
        ("dream-wide", "fast", "cpu"),
        ("trace-40", "reference", "cpu"),
        ("excited-20", "fast", "auto"),
        pytest.param("trace-40", "fast", "gpu", marks=needs_emulator),
        pytest.param("dream-wide", "fast", "gpu", marks=needs_emulator),
    ],
)
def test_only_sources_are_run(catalogue, made, tmp_path, monkeypatch, name, engine, device):
    """All that is no source of an experiment's files can fail: they are the same."""
    if device == "gpu":
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(EMULATED))
    experiment = dataclasses.replace(
        catalogue.experiments[name], engine=engine, device=device, epochs=2, steps_per_epoch=60,
        grid=Grid(4, 5), dataset="digits",
    )  # fmt: skip
    shutil.copy2(made / "digits.h5", tmp_path / "data.h5")
    # Copies both: what isn't in git is of no commit.
    sound, poisoned = (
        shutil.copytree(ROOT / "src", tmp_path / name / "src") for name in ("sound", "poisoned")
    )
    scripts = ("train.py", "measure.py", "plot_map.py", "render_map_gifs.py")
    used = {*scripts}.union(*(sources_for(script, experiment) for script in scripts))
    package = poisoned / "topodream"
    spoilt = [p for p in package.rglob("*.py") if p.relative_to(package).as_posix() not in used]
    assert {"mwta.py", "sparse_dream.py", "reference.py", "page.py"} & {p.name for p in spoilt}
    assert len(spoilt) > 20
    for path in spoilt:
        spoil(path)
    expected = run_all(sound, tmp_path / "whole", experiment)
    assert len(expected) > (8 if device == "cpu" else 1)
    assert run_all(poisoned, tmp_path / "spoilt", experiment) == expected


def idx_folder(folder):
    """Write images that are not MNIST's."""
    folder.mkdir()
    for name in mnist.MNIST_SHA256:
        shape = (5, 28, 28) if "images" in name else (5,)
        (folder / name).write_bytes(idx.to_idx(np.ones(shape, np.uint8)))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small map made by hand, script by script, in a folder with a space in its name."""
    home = tmp_path_factory.mktemp("by hand") / "my results"
    overlay = yaml.safe_load((ROOT / "tests" / "overlay.yaml").read_text())
    settings = yaml.safe_load((ROOT / "config.yaml").read_text())
    settings["experiments"] |= overlay["experiments"]
    experiment = catalogues.resolve(settings).experiments["tiny-digits"]
    for args in (
        ["prepare_mnist.py", "--source", "embedded", "--output", home / "digits.h5"],
        ["resolve_experiment.py", "--settings", json.dumps(config.to_mapping(experiment)),
         "--output", home / "config.yaml"],
        ["train.py", "--data", home / "digits.h5", "--config", home / "config.yaml",
         "--output", home / "model.h5"],
        ["prepare_mnist.py", "--source", "idx", "--folder", idx_folder(home.parent / "idx"),
         "--output", home / "other.h5"],
        ["measure.py", "--model", home / "model.h5", "--data", home / "digits.h5",
         "--held-out", 60, "--output", home / "measures.json"],
    ):  # fmt: skip
        done = run(*args)
        assert done.returncode == 0, done.stderr
    return home


def test_by_hand_as_by_the_workflow(made):
    assert config.read_experiment(made / "config.yaml").name == "tiny-digits"
    names = sorted(path.name for path in made.iterdir())
    assert names == ["config.yaml", "digits.h5", "measures.json", "model.h5", "other.h5"]


def test_products_are_computed_in_one_thread(made, tmp_path):
    script, output = ROOT / "src" / "measure.py", tmp_path / "measures.json"
    command = [script, "--model", made / "model.h5", "--data", made / "digits.h5",
               "--held-out", 60, "--output", output]  # fmt: skip
    code = (
        f"import runpy, sys; sys.argv = {list(map(str, command))}; "
        "runpy.run_path(sys.argv[0], run_name='not main')['main'](); "
        "import threadpoolctl; "
        "print([pool['num_threads'] for pool in threadpoolctl.threadpool_info()])"
    )
    env = os.environ | dict.fromkeys(THREADS, "2")  # a wish of the caller's
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert set(json.loads(done.stdout)) == {1}
    found = json.loads(output.read_text())["measures"]
    assert found["linear_probe"] is not None
    assert found["trustworthiness"] is not None


def measure(*args):
    """Run the script that measures maps."""
    return run("measure.py", "--held-out", 60, *args)


def test_several_maps_are_measured_as_each_is_alone(made, tmp_path):
    settings = yaml.safe_load((made / "config.yaml").read_text())
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(settings | {"dtype": "float64", "seed": 1}))
    data, other = made / "digits.h5", tmp_path / "other.h5"
    run("train.py", "--data", data, "--config", tmp_path / "other.yaml", "--output", other)
    measure("--data", data, "--model", other, "--output", tmp_path / "alone.json")
    one, two, three = (tmp_path / f"{number}.json" for number in range(3))
    models = [other, made / "model.h5", other]
    done = measure("--data", data, "--model", *models, "--output", one, two, three)
    assert done.returncode == 0, done.stderr
    alone, known = (tmp_path / "alone.json").read_bytes(), (made / "measures.json").read_bytes()
    assert one.read_bytes() == three.read_bytes() == alone != known
    assert two.read_bytes() == known


def test_a_map_that_can_not_be_measured_leaves_the_others_whole(made, tmp_path):
    (tmp_path / "cut.h5").write_bytes((made / "model.h5").read_bytes()[:-1])
    outputs = [tmp_path / f"{number}.json" for number in range(3)]
    models = [tmp_path / "none.h5", made / "model.h5", tmp_path / "cut.h5"]
    done = measure("--data", made / "digits.h5", "--model", *models, "--output", *outputs)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.split(":")[:2] for line in lines] == [["measure.py", " error"]] * 2
    assert f"{models[0]}: no such file" in lines[0]
    assert f"{models[2]}: damaged" in lines[1]
    assert [path.exists() for path in outputs] == [False, True, False]
    assert outputs[1].read_bytes() == (made / "measures.json").read_bytes()


@pytest.mark.parametrize(
    ("outputs", "wrong"),
    [
        (["a.json"], "2 files of --model, but 1 of --output"),
        (["a.json", "./a.json"], "are one file"),
    ],
)
def test_each_map_needs_a_file_of_its_own(outputs, wrong, made, tmp_path):
    models, outputs = [made / "model.h5"] * 2, [f"{tmp_path}/{name}" for name in outputs]
    done = measure("--data", made / "digits.h5", "--model", *models, "--output", *outputs)
    assert done.returncode == 1
    assert wrong in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture
def draw(made, tmp_path):
    """A function that draws a map's figures into a folder of that name, and returns it."""

    def plot(folder, *args):
        files = ["--model", made / "model.h5", "--data", made / "digits.h5"]
        files += ["--measures", made / "measures.json", "--output-folder", tmp_path / folder]
        done = run("plot_map.py", *files, "--count", 10, *args)
        assert done.returncode == 0, done.stderr
        return tmp_path / folder

    return plot


def test_reconstructions_can_be_drawn_the_notebooks_way(draw):
    name = "reconstructions.png"
    as_trained = draw("a", "--figures", "reconstructions")
    notebooks = draw("b", "--figures", "reconstructions", "--activation", "excited")
    assert (as_trained / name).read_bytes() != (notebooks / name).read_bytes()


def test_a_sweep_over_data_sets_says_them_all(made, tmp_path):
    points = [{"values": [name], "replicates": {"0": f"s--{name}"}} for name in "abc"]
    for name, data in zip("abc", ("digits", "windows", "digits"), strict=True):
        measured = json.loads((made / "measures.json").read_text())
        del measured["content_sha256"]  # as a file given by hand
        (tmp_path / f"s--{name}").mkdir()
        (tmp_path / f"s--{name}" / "measures.json").write_text(
            json.dumps(measured | {"data": data})
        )
    about = {"name": "s", "question": "", "extends": "a", "keys": ["dataset"], "points": points}
    sweep = json.dumps(about | {"measures": ["held_out_mse"]})
    output = tmp_path / "sweep.json"
    done = run("summarise_sweep.py", "--sweep", sweep, "--results", tmp_path, "--output", output)
    assert done.returncode == 0, done.stderr
    assert json.loads(output.read_text())["data"] == "digits; windows"


def test_a_figure_drawn_alone_is_the_one_drawn_with_all_others(draw):
    every, alone = draw("all"), draw("some", "--figures", "u_matrix", "hit_map")
    assert sorted(path.name for path in alone.iterdir()) == ["hit_map.png", "u_matrix.png"]
    for path in alone.iterdir():
        assert path.read_bytes() == (every / path.name).read_bytes()


def test_gifs_can_be_made_one_by_one(made, tmp_path):
    common = ["--model", made / "model.h5", "--data", made / "digits.h5"]
    common += ["--images-frames", 3, "--images-ms", 100, "--sequence-frames", 2]
    common += ["--sequence-ms", 100, "--output-folder", tmp_path / "out"]
    done = run("render_map_gifs.py", *common, "--animations", "activity")
    assert done.returncode == 0, done.stderr
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["activity.gif", "activity.gif.js"]
    assert iio.imread(tmp_path / "out" / "activity.gif", index=None).shape[0] == 3
    done = run("render_map_gifs.py", *common, "--animations", "trajectory")
    assert done.stderr == "render_map_gifs.py: error: tiny-digits has no animation trajectory\n"


def test_a_bar_shows_progress_on_a_terminal(made, tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    args = ["--data", made / "digits.h5", "--config", made / "config.yaml"]
    command = [sys.executable, ROOT / "src" / "train.py", *args, "--output", tmp_path / "model.h5"]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = ""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes any more
            while text := os.read(ours, 1000).decode():
                shown += text
    os.close(ours)
    assert process.returncode == 0, shown
    assert "tiny-digits: 100%" in shown
    assert "epoch=2" in shown
    assert "steps/s" not in shown  # the plain lines are for logs


def test_a_log_gets_a_line_an_epoch_and_no_bar(made, tmp_path):
    args = ["--data", made / "digits.h5", "--config", made / "config.yaml"]
    done = run("train.py", *args, "--output", tmp_path / "model.h5")
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        "tiny-digits: epoch 1/2",
        "tiny-digits: epoch 2/2",
    ]
    assert done.stderr == ""


TOLD = ["train.py", "--data", "{made}/digits.h5", "--settings"]
PLOT = ["plot_map.py", "--model", "{made}/model.h5", "--data", "{made}/digits.h5", "--count", "9"]
WRONG = [
    (["train.py", "--data", "{made}/none.h5", "--config", "{made}/config.yaml"], "no such file"),
    (["train.py", "--data", "{made}/model.h5", "--config", "{made}/config.yaml"], "holds map, needed"),
    (["train.py", "--data", "{made}/digits.h5", "--config", "{made}/no.yaml"], "cannot read"),
    (["measure.py", "--model", "{made}/digits.h5", "--data", "{made}/digits.h5", "--held-out", "9"],
     "holds images, needed: map"),
    (["prepare_mnist.py", "--source", "idx", "--folder", "{made}"], "no file train-images"),
    (["build_tapestry.py", "--digits", "{made}/digits.h5", "--side", "40"],
     "a tapestry of 40 x 40 needs 1600 images, the held-out images are only 1000"),
    (["build_pan_sequence.py", "--over", "{made}/digits.h5", "--frames", "9", "--held-out-frames", "9",
      "--window", "9", "--hold", "9", "--max-acceleration", "1", "--max-speed", "1", "--seed", "0",
      "--filter", "none", "--channels", "raw", "--colours", "grey"],
     "holds images, needed: tapestry or photographs"),
    (["cut_patches.py", "--images", "{made}/digits.h5", "--size", "29", "--count", "9", "--held-out",
      "9", "--margin", "0", "--seed", "0", "--filter", "none", "--channels", "raw", "--colours", "grey"],
     "size = 29 is not allowed: at most 28, which margin = 0 leaves"),
    (["gather_photographs.py", "--source", "folder", "--folder", "{made}", "--colours", "grey"],
     "no pictures in "),
    (["resolve_experiment.py", "--settings", "nonsense"], "--settings: not JSON"),
    ([*TOLD, "nonsense"], "--settings: not JSON"),
    ([*TOLD, '{{"each": [{{"name": "a"}}]}}'], "--settings: it lacks 'common'"),
    ([*TOLD, '{{"common": {{}}, "each": ["a"]}}'], "--settings: 'str' object is not a mapping"),
    ([*TOLD, '{{"common": {{}}, "each": [{{}}]}}'], "--settings: the key name is missing"),
    ([*TOLD, '{{"common": {{}}, "each": []}}'], "settings of 0 maps, but 1 of --output"),
    (["build_page.py", "--contents", '{{"experiments": {{"a": {{"question": "?", "pictures": []}}}}}}'],
     "cannot read"),
    (["build_page.py", "--contents", '{{"experiments": {{"a": "?"}}}}'],
     "--contents: experiments.a = '?' is no dict"),
    (["build_page.py", "--contents", '{{"experiments": {{"a": {{"question": "?"}}}}}}'],
     "--contents: it lacks 'pictures'"),
    (["build_page.py", "--contents",
      '{{"experiments": {{"a": {{"question": "?", "pictures": ["hitmap"]}}}}}}'],
     "experiments.a.pictures.0: 'hitmap' is no picture of a map: one of prototypes, "),
    (["build_page.py", "--contents", "a"], "--contents: not JSON"),
    (["build_page.py", "--contents", "[]"], "--contents: has to hold keys and values"),
    (["build_page.py", "--contents", '{{"experiments": {{}}, "maps": []}}'], "argument 'maps'"),
    (["build_page.py", "--contents", '{{"experiments": {{}}, "groups": {{"a": 1}}}}'], "groups: each"),
    (["measure.py", "--model", "{made}/model.h5", "--data", "{made}/other.h5", "--held-out", "9"],
     "was not trained on"),
    ([*PLOT, "--measures", "{made}/config.yaml"], "not a JSON file"),
    ([*PLOT, "--measures", "{made}/measures.json", "--figures", "lateral_matrix"],
     "tiny-digits has no figure lateral_matrix"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_input_is_one_line_and_writes_nothing(args, message, made, tmp_path):
    output = tmp_path / "out" / "file.x"
    option = (
        ["--output-folder", output.parent] if args[0] == "plot_map.py" else ["--output", output]
    )
    done = run(*(arg.format(made=made) for arg in args), *option)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"{args[0]}: error: ")
    assert message in done.stderr
    assert not list(output.parent.glob("*"))


def test_a_folder_that_can_not_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("prepare_mnist.py", "--source", "embedded", "--output", tmp_path / "file" / "x.h5")
    assert done.returncode == 1
    assert done.stderr.startswith("prepare_mnist.py: error: cannot write")


def test_a_folder_of_pictures_that_is_a_file(made, tmp_path):
    (tmp_path / "file").write_text("")
    args = [arg.format(made=made) for arg in PLOT]
    done = run(*args, "--measures", made / "none.json", "--output-folder", tmp_path / "file")
    assert done.returncode == 1
    assert done.stderr.startswith("plot_map.py: error: cannot write")  # before it reads


def test_training_finds_out_first_that_it_can_not_write(made):
    args = ["--data", made / "digits.h5", "--config", made / "config.yaml"]
    done = run("train.py", *args, "--output", made)
    assert done.returncode == 1
    assert done.stdout == ""  # not an epoch was trained
    assert "it is a folder" in done.stderr


@pytest.mark.parametrize(
    ("args", "allowed"),
    [
        (["measure.py", "--held-out", "0"], "0 is not allowed: a whole number from 2"),
        (
            ["render_map_gifs.py", "--images-frames", "-5"],
            "-5 is not allowed: a whole number from 2",
        ),
        (["render_map_gifs.py", "--images-ms", "25"], "from 20 to 10000 in steps of 10"),
        (["render_map_gifs.py", "--animations", "film"], "choose from"),
        (["plot_map.py", "--count", "x"], "x is not allowed: a whole number from 1"),
        (["plot_map.py", "--figures", "hits"], "choose from"),
        (["build_pan_sequence.py", "--max-speed", "nan"], "nan is not allowed: a number from 0"),
        (["build_pan_sequence.py", "--seed", "-1"], "-1 is not allowed: a whole number from 0"),
        (["cut_patches.py", "--filter", "sharpen"], "choose from"),
        (["build_tapestry.py", "--side", "1"], "1 is not allowed: a whole number from 2 to 200"),
    ],
)
def test_options_out_of_range_name_what_is_allowed(args, allowed):
    done = run(*args)
    assert done.returncode == 2
    assert allowed in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_training_leaves_a_checkpoint_and_nothing_half_written(made, tmp_path):
    settings = yaml.safe_load((made / "config.yaml").read_text()) | {"epochs": 10_000}
    (tmp_path / "long.yaml").write_text(yaml.safe_dump(settings))
    args = ["--data", made / "digits.h5", "--config", tmp_path / "long.yaml"]
    command = [
        sys.executable,
        ROOT / "src" / "train.py",
        *args,
        "--output",
        tmp_path / "m" / "m.h5",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # an epoch has been trained
        process.terminate()
        process.stdout.read()
    assert process.returncode == 143
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["m.checkpoint"]
    assert not list((tmp_path / "m" / "m.checkpoint").glob(".*"))


def test_one_byte_changes_the_digest_of_the_code(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "SRC", tmp_path)
    (tmp_path / "script.py").write_text("import other\n")
    digests = set()
    for name, text in (("other.py", "x = 1\n"), ("other.py", "x = 2\n"), ("other.cu", "1"),
                       ("other.cu", "2"), ("third.cu", "no module's")):  # fmt: skip
        (tmp_path / name).write_text(text)
        digests.add(provenance.code_digest(tmp_path / "script.py"))
    assert len(digests) == 4
