"""What README and docs tell one to type works as typed.

Settings are resolved. Commands are run by bash in a copy of the project, in which Snakemake and make
say what they would do, scripts explain themselves, and what fetches something does nothing.
"""

import os
import re
import shlex
import subprocess
import sys

import forking
import pytest
import yaml
from conftest import ROOT
from test_workflow import copy_project

from topodream.plan.catalogue import resolve
from topodream.settings.checking import merge

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# Indented, and no command: what is printed, or stands in a file.
NO_COMMANDS = ("topodream: ", "# partitions.yaml")
# A report is of results that are there: see test_workflow.
SNAKEMAKE = """case $* in *--report*) exit 0; esac
    exec {} "$@" --dry-run --quiet"""
NOT_TYPED = ("<address of this repository>",)
STAND_INS = {
    "make": 'PATH=/usr/bin:/bin exec make --dry-run "$@"',
    "python": f'exec {shlex.quote(sys.executable)} "$1" --help',
    "seq": "echo 1",  # of each loop one turn
    # What fetches something, or asks a queue, in which there is nothing.
    **dict.fromkeys(["pip", "aws", "squeue"], "exit 0"),
}


def settings():
    """Every snippet of YAML, with where it stands."""
    for path in PAGES:
        text = path.read_text()
        for number, snippet in enumerate(re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)):
            if not re.match(r"# \S+\n", snippet):  # a file: see test_extending
                yield pytest.param(snippet, id=f"{path.name}-{number}")


def commands():
    """Every indented block, with where it stands."""
    for path in PAGES:
        text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
        blocks = re.findall(r"(?<=\n\n)((?:    .*\n)+)", text)
        for number, block in enumerate(blocks):
            typed = re.sub("^    ", "", block, flags=re.MULTILINE)
            if not typed.startswith(NO_COMMANDS) and not any(word in typed for word in NOT_TYPED):
                yield pytest.param(typed, id=f"{path.name}-{number}")


@pytest.mark.parametrize("snippet", list(settings()))
def test_settings_can_be_laid_over_the_shipped_ones(snippet, some_config):
    content = yaml.safe_load(snippet)
    ours = content.get("maps", content)  # of another workflow
    mine = yaml.safe_load(settings_of_the_readme()[0])
    resolved = resolve(merge(merge(some_config, mine), ours))
    assert set(ours.get("experiments", {})) <= set(resolved.listed)
    assert set(ours.get("sweeps", {})) <= set(resolved.sweeps)


def settings_of_the_readme():
    return re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the project with the files that the pages speak of, and the stand-ins."""
    home = tmp_path_factory.mktemp("typed")
    project = copy_project(home / "topodream")
    for name in ("Makefile", "findings.yaml", "requirements.lock", "requirements-dev.lock"):
        (project / name).write_text((ROOT / name).read_text())
    (project / "mine.yaml").write_text("".join(settings_of_the_readme()[:2]))
    over = {"n_winners": [1, 2], "seed": [0, 1]}
    many = {"extends": "excited-20", "over": over, "measures": ["held_out_mse"]}
    (project / "sweep.yaml").write_text(yaml.safe_dump({"sweeps": {"many": many}}))
    # A checkout within the working folder, or elsewhere.
    (project / "path/to").mkdir(parents=True)
    for link in ("topodream", "path/to/topodream"):
        (project / link).symlink_to(project)
    stand_ins = {**STAND_INS, "snakemake": SNAKEMAKE.format(forking.client())}
    for folder in (project / ".venv/bin", home / "stand-ins"):
        folder.mkdir(parents=True)
        for name, text in stand_ins.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
    (project / ".venv/bin/activate").touch()
    return project


def planned_by(folder, command):
    """The files that a command of Snakemake would make."""
    done = forking.snakemake(folder, *command.split()[1:], "--dry-run")
    assert done.returncode == 0, done.stderr
    lines = re.findall(r"^    output: (.*)$", done.stdout + done.stderr, re.MULTILINE)
    return {name for line in lines for name in line.split(", ")}


@pytest.mark.parametrize("block", list(commands()))
def test_commands_work_as_typed(block, folder):
    path = os.pathsep.join([str(folder.parent / "stand-ins"), "/usr/bin", "/bin"])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_makes_its_own_experiment_and_its_sweep(folder):
    """Each alone, by the command that stands below it."""
    made = {}
    for name in ("my-map", "my-sweep"):
        (command,) = re.findall(
            rf"^    (snakemake .*run={name})$", (ROOT / "README.md").read_text(), re.M
        )
        made[name] = planned_by(folder, command)
    of_the_map = {"results/my-map/model.h5", "results/my-map/activity.gif", "results/index.html"}
    assert of_the_map <= made["my-map"]
    assert "results/sweeps/my-sweep.png" in made["my-sweep"]
    maps = {path for path in made["my-sweep"] if path.endswith("model.h5")}
    assert len(maps) == 9
