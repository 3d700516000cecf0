"""docs/extending.md, typed in a copy of the project: the whole workflow with what it adds."""

import re

import pytest
import yaml
from conftest import ROOT
from test_workflow import copy_project, snakemake

PAGE = (ROOT / "docs" / "extending.md").read_text()
# In the page's order; in each at most so many files that are there already are changed.
MOST_CHANGED = {"A model": 3, "A kind of data": 2, "A measure": 2, "A figure": 2}


def chapter(name):
    return re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]


def type_in(folder, name):
    """Do what a chapter tells; return the files that were there, and those that are new."""
    changed, new = [], []
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", chapter(name), re.M | re.S):
        if language == "diff":
            changed += [change(folder, part) for part in re.split(r"(?m)^--- .*\n", block)[1:]]
        elif found := re.match(r"# (\S+/\S+)\n", block):
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


OVERLAY = """
run: [toy, tiny-dream]
datasets:
  tapestry: {side: 6}
  pan: {frames: 300, held_out_frames: 60}
evaluation: {held_out: 60, reconstructions: 12}
animation: {sequence_frames: 40, images_frames: 12}
experiments:
  toy:
    question: Does what the page adds come out whole?
    model: nearest
    dataset: digits
    grid: {rows: 4, cols: 4}
    epochs: 2
    steps_per_epoch: 200
  tiny-dream:
    extends: dream-wide
    grid: {rows: 5, cols: 4}
    epochs: 2
    steps_per_epoch: 200
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy in which a map was made before anything was added, and all since; what was typed."""
    folder = copy_project(tmp_path_factory.mktemp("extended") / "project")
    (folder / "overlay.yaml").write_text(
        yaml.safe_dump({**yaml.safe_load(OVERLAY), "run": "tiny-dream"})
    )
    without = yaml.safe_load(OVERLAY)
    del without["experiments"]["toy"]
    (folder / "overlay.yaml").write_text(yaml.safe_dump({**without, "run": ["tiny-dream"]}))
    snakemake(folder, "--cores", "2")
    typed = {name: type_in(folder, name) for name in MOST_CHANGED}
    (folder / "overlay.yaml").write_text(OVERLAY)
    return folder, typed
