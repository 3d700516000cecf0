"""The workflow with `device: gpu`: what it plans, and, on an emulated GPU, what it makes."""

import os
import re

import pytest
import yaml
from conftest import ROOT
from emulator import building
from test_workflow import append, copy_project, other_cupy, planned, snakemake

from topodream.engines import cupy
from topodream.files.errors import InputError
from topodream.origin.provenance import local_sources
from topodream.training import map_file as maps

POINTS = ["0.05", "0.05--seed-1", "0.2", "0.2--seed-1"]
MODELS = [f"results/tiny-strength--{point}/model.h5" for point in POINTS]
EMULATED = [str(ROOT / "tests" / "emulator" / "as_cupy"), str(ROOT / "tests")]


@pytest.fixture
def project(tmp_path):
    """A function: a copy of the project whose trainings are to be on a GPU, so many in a job."""

    def make(maps_per_gpu_job, **changes):
        folder = copy_project(tmp_path / f"{maps_per_gpu_job} in a job")
        overlay = yaml.safe_load((folder / "overlay.yaml").read_text())
        overlay |= {"device": "gpu", "maps_per_gpu_job": maps_per_gpu_job, **changes}
        overlay["experiments"]["tiny-pan"] |= {"epochs": 2, "steps_per_epoch": 30}  # emulated
        overlay["experiments"]["tiny-wild"]["device"] = "cpu"  # its engine is the reference
        (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
        return folder

    return make


def trainings(done):
    """The outputs and the GPUs of each training of a batch that Snakemake plans."""
    parts = re.split(r"^ *rule ", done.stdout + done.stderr, flags=re.M)
    jobs = [part for part in parts if part.startswith("train_batch_")]
    return [
        (
            re.search(r"^ *output: (.*)$", text, re.M)[1].split(", "),
            re.findall(r"\bgpu=(\w+)", text),
        )
        for text in jobs
    ]


def test_a_job_for_all_points_of_a_sweep_and_their_seeds(project):
    plan = trainings(snakemake(project(4), "--dry-run", "results/sweeps/tiny-strength.json"))
    assert plan == [(MODELS, ["1"])]


def test_one_that_is_left_over_is_a_batch_of_its_own(project):
    plan = trainings(snakemake(project(3), "--dry-run", "results/sweeps/tiny-strength.json"))
    assert sorted(plan) == sorted([(MODELS[:3], ["1"]), (MODELS[3:], ["1"])])


def test_maps_of_one_job_ask_for_the_memory_of_all(project):
    targets = ("--dry-run", "results/sweeps/tiny-strength.json")
    big = {"experiments": {"tiny-pan": {"grid": {"rows": 60, "cols": 60}}}}

    def memory(size):
        overlay = yaml.safe_load((ROOT / "tests" / "overlay.yaml").read_text())["experiments"]
        overlay["tiny-pan"] |= big["experiments"]["tiny-pan"]
        done = snakemake(project(size, experiments=overlay), *targets)
        found = re.findall(r"^ *rule train.*?mem_mb=(\d+)", done.stdout + done.stderr, re.M | re.S)
        return max(map(int, found))

    assert memory(4) > memory(2) + 50


# ------------------------------------------------------------------ an emulated GPU


@pytest.mark.skipif(bool(building.missing()), reason=f"{building.missing()}")
def test_each_point_is_as_alone_on_an_emulated_gpu(project, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(EMULATED))
    target = "results/sweeps/tiny-strength.json"
    found = {}
    for size in (4, 1):
        folder = project(size)
        done = snakemake(folder, "--cores", "2", target)
        n_jobs = len(re.findall(r"^local ?rule train", done.stdout + done.stderr, re.M))
        assert n_jobs == (1 if size == 4 else 4)
        found[size] = [(folder / model).read_bytes() for model in MODELS]
        assert (folder / target).exists()
    assert found[4] == found[1]
    trained = maps.read_map(folder / MODELS[0])
    assert trained.origin["device"] == "gpu: a CPU that emulates a GPU, compute capability 0.0"
    # Of other models and engines nothing is a reason to train again; of its own everything is.
    for name in ("fast_mwta.py", "reference.py", "cupy_sparse_dream.cu", "cupy_sparse_dream.py"):
        append(folder / "src/topodream/engines" / name, "\n")
    assert planned(folder, target) == set()
    other_cupy(folder)
    assert set(MODELS) < planned(folder, target)
    snakemake(folder, "--touch", target)
    assert planned(folder, target) == set()
    append(folder / "src/topodream/engines/cupy_mwta.cu", "// a remark\n")
    assert set(MODELS) < planned(folder, target)


# ------------------------------------------------------------------ no GPU


def has_gpu():
    try:
        return cupy.find() is not None
    except InputError:
        return False


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_without_a_gpu_it_is_one_line_and_nothing_is_half_written(project):
    folder = project(4)
    done = snakemake(folder, "--cores", "2", *MODELS, check=False)
    assert done.returncode == 1
    # Each is asked for by its name, and so a job of its own.
    (line,) = {line for line in done.stdout.splitlines() if line.startswith("train.py: error")}
    assert re.match(r"train.py: error: no GPU can be used: CuPy (is not|[0-9.]+ finds)", line)
    assert "Traceback" not in done.stdout
    found = {path.name for path in folder.glob("results/tiny-strength*/*")}
    assert found == set()


# ------------------------------------------------------------------ sources


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("cpu", {"fast_mwta.py", "products.py", "jit.py"}),
        ("gpu", {"cupy.py", "cupy.cu", "cupy_mwta.py", "cupy_mwta.cu"}),
        (
            "auto",
            {"fast_mwta.py", "products.py", "jit.py"}
            | {"cupy.py", "cupy.cu", "cupy_mwta.py", "cupy_mwta.cu"},
        ),
    ],
)
def test_kernels_are_sources_of_maps_that_a_gpu_may_train(small_experiment, device, expected):
    modules = small_experiment(device=device).modules_of_training
    sources = local_sources(ROOT / "src" / "train.py", modules)
    engines = {path.name for path in sources if path.parent.name == "engines"}
    assert engines == {"__init__.py", "devices.py"} | expected
