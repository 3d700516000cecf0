"""docs/extending.md, typed in a copy of the project: the whole workflow with what it adds."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import forking
import h5py
import numpy as np
import pytest
import yaml
from conftest import ROOT
from test_page_browser import CHROMIUM, browser
from test_workflow import append, copy_project, planned, snakemake

from topodream.settings.checking import merge

__all__ = ["browser"]  # a fixture

PAGE = (ROOT / "docs" / "extending.md").read_text()
# In the page's order; in each at most so many files that are there already are changed.
MOST_CHANGED = {"A model": 4, "A kind of data": 2, "A measure": 2, "A figure, and a layer": 3}


def chapter(name):
    return re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]


def type_in(folder, name):
    """Do what a chapter tells; return the files that were there, and those that are new."""
    changed, new = [], []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", chapter(name), re.M | re.S):
        if language == "diff":
            changed += [change(folder, part) for part in re.split(r"(?m)^--- .*\n", block)[1:]]
        elif found := re.match(r"# (\S+[/.]\S+)\n", block):
            path = folder / found[1]
            assert not path.exists()
            path.write_text(block.removeprefix(found[0]))
            new.append(found[1])
    return changed, new


def change(folder, part):
    """Change a file as a block tells: what was there, by its lines, is there once."""
    name, hunks = re.match(r"\+\+\+ (\S+)\n(.*)", part, re.S).groups()
    text = (folder / name).read_text()
    for hunk in hunks.split("@@\n"):
        lines = [(line[0], line[1:]) for line in hunk.splitlines(keepends=True)]
        before = "".join(line for sign, line in lines if sign in " -")
        after = "".join(line for sign, line in lines if sign in " +")
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    (folder / name).write_text(text)
    return name


BEFORE = """
run: [tiny-dream]
evaluation: {held_out: 60, reconstructions: 12}
animation: {sequence_frames: 40, images_frames: 12}
experiments:
  tiny-dream:
    extends: dream-wide
    grid: {rows: 5, cols: 4}
    epochs: 2
    steps_per_epoch: 200
"""
TOY = """
run: [tiny-dream, toy]
datasets:
  gratings: {kind: gratings, images: 200, orientations: 4, side: 12, seed: 0}
experiments:
  toy:
    question: Does what the page adds come out whole?
    model: competitive
    dataset: gratings
    grid: {rows: 4, cols: 4}
    epochs: 2
    steps_per_epoch: 1000
"""
# What the project's own tests look at besides.
ALSO = ("README.md", "Makefile", *(path.name for path in ROOT.glob("requirements*.lock")))
FIGURES = {"prototypes", "reconstructions", "learning_curve", "hit_map", "u_matrix"}
FIGURES |= {"label_map", "largest_weights"}
PAGE_FILE = "results/index.html"


def figures(folder, name):
    return {
        path.relative_to(folder).as_posix()
        for path in (folder / f"results/{name}/figures").iterdir()
    }


def made_of(folder, name):
    """The files of a map, but its settings."""
    found = {
        path.relative_to(folder).as_posix() for path in (folder / "results" / name).glob("*.*")
    }
    return (found | figures(folder, name)) - {f"results/{name}/config.yaml"}


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy with a map that was made before anything was added, and what was typed since."""
    folder = copy_project(tmp_path_factory.mktemp("extended") / "project")
    for name in ("docs", "tests", "results/README.md", "pyproject.toml", "CONTRIBUTING.md", *ALSO):
        (folder / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, folder / name)
    shutil.copy(ROOT / "findings.yaml", folder)
    (folder / "overlay.yaml").write_text(BEFORE)
    snakemake(folder, "--cores", "2")
    typed = {name: type_in(folder, name) for name in MOST_CHANGED}
    (folder / "overlay.yaml").write_text(yaml.safe_dump(merge(*map(yaml.safe_load, (BEFORE, TOY)))))
    return folder, typed


@pytest.fixture(scope="module")
def first_plan(extended):
    """What is planned when all has been typed in."""
    return planned(extended[0])


@pytest.fixture(scope="module")
def whole(extended, first_plan):
    """The copy with everything made."""
    folder, _ = extended
    snakemake(folder, "--cores", "2")
    return folder


def test_few_files_that_are_there_are_changed(extended):
    for name, (changed, new) in extended[1].items():
        assert 0 < len(changed) <= MOST_CHANGED[name], name
        assert len(set(changed)) == len(changed)
        assert new, name


def test_what_is_typed_is_as_the_project_asks(extended):
    """By its own checks, and its own tests of models, kinds of data, measures, figures, and docs.

    But those of the web, and of any value of what is shipped, which is as it was.
    """
    for tool in ("ruff", "mypy"):
        pytest.importorskip(tool)
    folder, typed = extended
    if (ROOT / ".mypy_cache").exists():  # of what is not new, mypy knows already
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
    new = [name for _, names in typed.values() for name in names if name.endswith(".py")]
    for command in (
        ["ruff", "check", *new],
        ["ruff", "format", "--check", *new],
        ["mypy"],
        ["pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not links and not any_value_anywhere",
         *(f"tests/test_{name}.py" for name in ("wings", "config", "kinds", "repository"))],
    ):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_made_before_is_not_trained_anew(first_plan):
    assert "results/toy/model.h5" in first_plan
    assert "results/tiny-dream/measures.json" in first_plan  # which has no contrast yet
    assert "results/tiny-dream/figures/largest_weights.png" in first_plan
    assert not {"results/tiny-dream/model.h5", "results/data/digits.h5"} & first_plan


def test_the_experiment_with_the_new_model_is_planned(extended):
    command = re.search(r"`snakemake (--configfile mine.yaml .*)`", chapter("A model"))[1]
    assert "results/mine/model.h5" in planned(extended[0], *command.split())


def test_everything_comes_out(whole):
    assert {Path(name).stem for name in figures(whole, "toy")} == FIGURES
    for name in ("toy", "tiny-dream"):
        measures = json.loads((whole / f"results/{name}/measures.json").read_text())["measures"]
        assert measures["contrast"] > 0
        assert measures["contrast_samples"] > 0
        assert measures["label_purity"] > 0
    assert measures["excitation_asymmetry"] is not None
    page = (whole / PAGE_FILE).read_text()
    for said in (
        "Does what the page adds come out whole?", "The largest weight of each unit.",
        "contrast of prototypes", "gratings of 12 x 12, 4 orientations",
    ):  # fmt: skip
        assert said in page
    assert planned(whole) == set()


def test_the_laboratory_shows_what_was_added(whole):
    sent = (whole / "results/toy/map.js").read_text()
    assert '"answers":{"rule":"resemble"}' in sent
    assert "The largest weight of each unit." in sent


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_the_laboratory_answers_as_the_model_does(whole, browser):
    with h5py.File(whole / "results/toy/model.h5") as file:
        weights = file["state/weights"][:]
    with h5py.File(whole / "results/data/gratings.h5") as file:
        samples = file["held_out/pixels"][:].reshape(-1, weights.shape[1]) / 255
    nearest = ((samples[:, None] - weights) ** 2).sum(axis=2).argmin(axis=1)
    tab = browser.new_page()
    tab.goto(f"{(whole / PAGE_FILE).as_uri()}#laboratory=toy&layer=largest+weight")
    tab.locator("#lab").wait_for()
    found = tab.evaluate(
        "[...Array(lab.map.samples.n).keys()].map((i) => respond(lab.map, sampleOf(lab.map, i)).winners[0])"
    )
    assert tab.locator("#lab-layers :checked").input_value() == "largest weight"
    assert np.mean(nearest == found) >= 0.995
    tab.close()


def test_the_model_learns(whole):
    measured = json.loads((whole / "results/toy/measures.json").read_text())
    curve, measures = measured["curve"]["held_out_mse"], measured["measures"]
    assert curve[-1] < 0.4 * curve[0]
    assert curve[-1] < 0.6 * measures["mean_image_mse"]
    assert measures["dead_in_training"] < 0.2


@pytest.mark.parametrize("source", ["models/competitive.py", "data/gratings.py"])
def test_an_edit_of_a_toy_makes_only_the_toy_anew(whole, tmp_path, source):
    copy = shutil.copytree(whole, tmp_path / "copy")
    append(copy / "src/topodream" / source, "# a remark\n")
    data = {"results/data/gratings.h5"} if source.startswith("data/") else set()
    assert planned(copy) == {PAGE_FILE, *made_of(copy, "toy"), *data}


def test_an_edit_of_a_measure_or_a_figure_trains_nothing(whole, tmp_path):
    copy = shutil.copytree(whole, tmp_path / "copy")
    append(copy / "src/topodream/pictures/figures/largest_weights.py", "# a remark\n")
    thumbnails = {
        f"results/{name}/{file}"
        for name in ("toy", "tiny-dream")
        for file in ("thumbnail.png", "map.js")
    }
    drawn = figures(copy, "toy") | figures(copy, "tiny-dream") | thumbnails
    assert planned(copy) == {PAGE_FILE, *drawn}
    append(copy / "src/topodream/measures/contrast.py", "# a remark\n")
    measured = {f"results/{name}/measures.json" for name in ("toy", "tiny-dream")}
    assert planned(copy) == {PAGE_FILE, *drawn, *measured}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "engine: fast",
            "engine = 'fast' is not allowed: one of reference, competitive has no other",
        ),
        ("device: gpu", "device = 'gpu' is not allowed: cpu"),
        ("conscience_rate: -1", "conscience_rate = -1 is not allowed: a number from 0 to 1000"),
        ("trace: 0.5", "unknown key trace = 0.5: one of "),
    ],
)
def test_what_the_model_has_not_is_one_line(extended, setting, said):
    folder, _ = extended
    (folder / "wrong.yaml").write_text(f"experiments:\n  toy: {{{setting}}}\n")
    done = forking.snakemake(folder, "--configfile", "overlay.yaml", "wrong.yaml", "--dry-run")
    assert done.returncode == 1
    assert f"topodream: experiment 'toy': {said}" in done.stderr
    assert "Traceback" not in done.stderr
