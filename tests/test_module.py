"""The workflow from elsewhere: as a module of another one, and in another working folder."""

import shutil

import forking
import pytest
import yaml
from conftest import ROOT
from test_workflow import copy_project

OURS = {
    "run": "tiny",
    "datasets": {"tapestry": {"side": 6}, "pan": {"frames": 300, "held_out_frames": 60}},
    "evaluation": {"held_out": 60},
    "animation": {"sequence_frames": 10},
    "experiments": {
        "tiny": {
            "extends": "trace-40",
            "grid": {"rows": 5, "cols": 6},
            "epochs": 2,
            "steps_per_epoch": 100,
        }
    },
}
OUTER = """
configfile: "mine.yaml"

module maps:
    snakefile: "../topo dream/workflow/Snakefile"
    config: config["maps"]
    prefix: "my maps"

use rule * from maps as maps_*

rule all:
    input: "summary.txt", rules.maps_all.input
    default_target: True

rule summary:
    input: rules.maps_measure.output[0].format(experiment="tiny")
    output: "summary.txt"
    shell: "grep -om1 held_out_mse {input:q} > {output}"
"""


def snakemake(folder, *args, check=True):
    done = forking.snakemake(folder, *args)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def results_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".log"
    }


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Folders: the project, and one where its results were made through --directory."""
    home = tmp_path_factory.mktemp("elsewhere")
    project = copy_project(home / "topo dream")
    shutil.copy2(ROOT / "findings.yaml", project)
    folder = home / "my results"
    folder.mkdir()
    (folder / "mine.yaml").write_text(yaml.safe_dump(OURS))
    options = ["--snakefile", project / "Snakefile", "--directory", folder]
    snakemake("/", *options, "--configfile", folder / "mine.yaml", "--cores", 2)
    return project, folder


def test_results_are_made_in_another_working_folder(elsewhere):
    project, folder = elsewhere
    assert (folder / "results/index.html").exists()
    assert not (project / "results").exists()
    again = snakemake(
        folder, "-s", project / "Snakefile", "--configfile", "mine.yaml", "--cores", 1
    )
    assert "Nothing to be done" in again.stdout + again.stderr


def test_as_a_module_it_makes_the_same_files_under_a_prefix(elsewhere):
    project, folder = elsewhere
    outer = project.parent / "outer work"
    outer.mkdir()
    (outer / "Snakefile").write_text(OUTER)
    # What differs from the module's own config, and nothing else.
    (outer / "mine.yaml").write_text(yaml.safe_dump({"maps": OURS}))
    snakemake(outer, "--cores", 2)
    assert results_of(outer / "my maps" / "results") == results_of(folder / "results")
    assert (outer / "summary.txt").read_text() == "held_out_mse\n"
    assert sorted(path.name for path in outer.iterdir() if path.name != ".snakemake") == [
        "Snakefile", "mine.yaml", "my maps", "summary.txt",
    ]  # fmt: skip
    again = snakemake(outer, "--cores", 1)
    assert "Nothing to be done" in again.stdout + again.stderr
    # The page keeps what lies there if something else is asked for.
    ours = {
        **OURS,
        "run": "other",
        "experiments": {**OURS["experiments"], "other": {"extends": "tiny"}},
    }
    (outer / "mine.yaml").write_text(yaml.safe_dump({"maps": ours}))
    plan = snakemake(outer, "--dry-run", "--printshellcmds")
    assert '"besides": {"experiments": {"tiny": ' in plan.stdout + plan.stderr


def test_moved_together_nothing_is_made_again(elsewhere, tmp_path):
    shutil.copytree(elsewhere[0].parent, tmp_path / "moved", copy_function=shutil.copy2)
    options = ["-s", "../topo dream/Snakefile", "--configfile", "mine.yaml", "--cores", 1]
    done = snakemake(tmp_path / "moved" / "my results", *options)
    assert "Nothing to be done" in done.stdout + done.stderr


def test_without_the_sources_beside_it_a_module_says_so(elsewhere, tmp_path):
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    done = snakemake(tmp_path, "-s", "workflow/Snakefile", "--dry-run", check=False)
    assert done.returncode == 1
    assert f"topodream: no folder src in {tmp_path}: as a module it has to be" in done.stderr
    assert "Traceback" not in done.stderr
