"""The workflow on a real SLURM, through its profile: undisturbed, and with all that goes wrong.

Two nodes of one processor run on this machine (slurm_cluster.py). What they make is compared,
byte by byte, with what a Snakemake without any cluster makes.
"""

import importlib.util
import shutil
import subprocess
import sys

import pytest
import slurm_cluster
from conftest import ROOT
from slurm_cluster import NODES, PATIENCE, wait_until
from test_workflow import copy_project


def missing():
    """Why these tests can't run here; None if they can."""
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "no snakemake-executor-plugin-slurm"
    return slurm_cluster.missing()


REASON = missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"SLURM can't be started: {REASON}")

# Trainings that are stopped on their way. They need nothing but a model, nor does `expected`.
STOPPED = ["cancelled", "hungry", "orphaned", "doubled"]
# What a training says that found a checkpoint.
GOES_ON = ": goes on after epoch "
# What is particular to this cluster: nobody queues that one had to be patient with, and files
# don't lag behind.
HASTE = {"seconds-between-status-checks": "1", "latency-wait": "20"}
# No accounting database; nodes of one processor; a job for each experiment.
SLURM = HASTE | {
    "workflow-profile": "profiles/slurm",
    "slurm-status-command": "squeue",
    "slurm-init-seconds-before-status-checks": "1",
    "cores": "1",
    "group-components": "experiment=1",
}
GENERIC = HASTE | {"workflow-profile": "profiles/cluster-generic"}


def command(*args):
    overlays = ("overlay.yaml", "slurm.yaml")
    return [sys.executable, "-m", "snakemake", "--configfile", *overlays, *args]


def model_of(name):
    return f"results/{name}/model.h5"


def made(folder):
    """The content of every file in the results but logs, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted((folder / "results").rglob("*"))
        if path.is_file() and path.suffix != ".log"
    }


class OnCluster:
    """A Snakemake in the background, whose jobs run on the cluster."""

    def __init__(self, cluster, folder, targets, options):
        self.folder = folder
        self.log = folder / f"snakemake-{len(list(folder.glob('snakemake-*.log')))}.log"
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command(*words, "--", *targets),
                cwd=folder,
                env=cluster.environment,
                stdout=log,
                stderr=log,
            )

    def said(self):
        return self.log.read_text()

    def status(self):
        return self.process.wait(3 * PATIENCE)

    def kill(self):
        """As the kernel does, or a login node that goes down: no chance to tidy up."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm_cluster.started(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = copy_project(tmp_path_factory.mktemp("project") / "on a cluster")
    shutil.copy2(ROOT / "tests" / "slurm" / "overlay.yaml", folder / "slurm.yaml")
    return folder


@pytest.fixture(scope="module")
def here(project, tmp_path_factory):
    """An undisturbed Snakemake without a cluster, at work meanwhile."""
    folder = shutil.copytree(project, tmp_path_factory.mktemp("here") / "here")
    targets = ("all", *map(model_of, STOPPED))
    with (folder / "snakemake.log").open("wb") as log:
        process = subprocess.Popen(
            command("--cores", "1", "--", *targets), cwd=folder, stdout=log, stderr=log
        )
    yield folder, process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def expected(here):
    """What it made."""
    folder, process = here
    assert process.wait(3 * PATIENCE) == 0, (folder / "snakemake.log").read_text()
    return made(folder)


@pytest.fixture(scope="module")
def undisturbed(cluster, project, here):
    """The folder after the whole workflow went through SLURM, and the jobs that it took."""
    run = OnCluster(cluster, project, ["all"], SLURM)
    try:
        assert run.status() == 0, run.said()
    finally:
        run.kill()
    return project, cluster.jobs()


@pytest.fixture
def on_cluster(cluster, undisturbed):
    """A function that starts a Snakemake there; what still runs ends with the test."""
    started = []

    def start(targets, options):
        started.append(OnCluster(cluster, undisturbed[0], targets, options))
        return started[-1]

    yield start
    for run in started:
        run.kill()
    cluster.cancel_all()


def jobs_for(cluster, name):
    """The jobs that trained an experiment, oldest first, by what SLURM was given to run."""
    return [job for job in cluster.jobs() if f"train:experiment={name}'" in cluster.script(job)]


def learning(cluster, folder, name, attempt=1):
    """Wait until a training, tried for that time, has made its first checkpoint; its job."""
    state = folder / f"results/{name}/model.checkpoint/state.h5"
    log = folder / f"results/{name}/logs/train.log"

    def learns():
        jobs = jobs_for(cluster, name)
        begun = len(jobs) == attempt and jobs[-1]["JobState"] == "RUNNING" and state.exists()
        return begun and (attempt == 1 or GOES_ON in log.read_text())

    wait_until(learns, f"{name} learns, attempt {attempt}")
    return jobs_for(cluster, name)[-1]["JobId"]


def log_of(folder, name):
    return (folder / f"results/{name}/logs/train.log").read_text()


def test_the_cluster_makes_the_same_bytes(undisturbed, expected):
    shown = {path: content for path, content in expected.items() if not of(STOPPED, path)}
    assert made(undisturbed[0]) == shown


def of(names, path):
    return path.split("/")[1] in names


def test_jobs_run_on_both_nodes_with_what_their_rules_ask_for(undisturbed):
    _, jobs = undisturbed
    # The data, two experiments, the page: the steps of each are one job.
    assert [job["JobState"] for job in jobs] == ["COMPLETED"] * 4
    assert {job["NodeList"] for job in jobs} == set(NODES)
    assert [job["MinMemoryNode"] for job in jobs] == ["1000M"] * 4
    assert [job["TimeLimit"] for job in jobs] == ["00:50:00", "00:50:00", "00:50:00", "00:10:00"]
    assert not any("TresPerJob" in job for job in jobs)  # no GPU


def test_what_the_scheduler_stops_is_tried_again(cluster, on_cluster, expected):
    """One Snakemake, three trainings: cancelled, too large, too long. Two come to an end."""
    names = ["cancelled", "hungry", "endless"]
    # The one that is to be too large, at its first try; everything else has what it needs.
    memory = "200 if attempt == 1 and wildcards.experiment == 'hungry' else 1000"
    options = {"default-resources": "mem_mb=200", "set-resources": f"train:mem_mb={memory}"}
    run = on_cluster(list(map(model_of, names)), SLURM | options | {"retries": "1"})
    cluster.command("scancel", learning(cluster, run.folder, "cancelled"))
    for attempt in (1, 2):
        job = learning(cluster, run.folder, "endless", attempt)
        # As if its time were over: the shortest limit that SLURM knows is a minute.
        cluster.command("scontrol", "update", f"JobId={job}", "EndTime=now+1")
    assert run.status() == 1, run.said()

    states = {name: [job["JobState"] for job in jobs_for(cluster, name)] for name in names}
    assert states == {
        "cancelled": ["CANCELLED", "COMPLETED"],
        "hungry": ["FAILED", "COMPLETED"],
        "endless": ["TIMEOUT", "TIMEOUT"],
    }
    for reason in (" CANCELLED AT ", " exceeded memory limit ", " DUE TO TIME LIMIT "):
        assert reason in run.said()
    assert GOES_ON in log_of(run.folder, "cancelled")
    results = made(run.folder)
    for name in ("cancelled", "hungry"):
        assert results[model_of(name)] == expected[model_of(name)]
    assert model_of("endless") not in results
    # What was learnt until then is kept, for whoever gives it more time.
    left = {path.split("/")[1] for path in results if "checkpoint" in path}
    assert left == {"endless"}


def test_a_snakemake_that_was_killed_is_started_again(cluster, on_cluster, expected):
    target = [model_of("orphaned")]
    killed = on_cluster(target, SLURM)
    job = learning(cluster, killed.folder, "orphaned")
    killed.kill()
    assert job in cluster.running()

    refused = on_cluster(target, SLURM)
    assert refused.status() == 1
    assert "Directory cannot be locked" in refused.said()
    assert cluster.running() == [job]

    recovered = subprocess.run(
        ["profiles/slurm/recover.sh"],
        cwd=killed.folder,
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert recovered.stdout == f"cancels job {job}\n", recovered.stderr
    assert cluster.running() == []

    # With a GPU, to see what is submitted for one; only the first node has it.
    again = on_cluster(target, SLURM | {"set-resources": "train:gpu=1"})
    assert again.status() == 0, again.said()
    first, second = jobs_for(cluster, "orphaned")
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert (second["TresPerJob"], second["NodeList"]) == ("gres:gpu:1", "n1")
    assert GOES_ON in log_of(again.folder, "orphaned")
    assert made(again.folder)[target[0]] == expected[target[0]]


def test_two_trainings_of_one_map_at_once_end_in_the_same_bytes(cluster, on_cluster, expected):
    """Whoever only unlocks has two: the generic executor doesn't know running jobs again."""
    target = [model_of("doubled")]
    killed = on_cluster(target, GENERIC)
    first = learning(cluster, killed.folder, "doubled")
    killed.kill()
    unlock = command("--unlock", "--", *target)
    subprocess.run(unlock, cwd=killed.folder, check=True, capture_output=True)
    again = on_cluster(target, GENERIC)
    wait_until(lambda: len(jobs_for(cluster, "doubled")) > 1, "a second training is submitted")
    assert first in cluster.running()
    assert again.status() == 0, again.said()
    wait_until(lambda: not cluster.running(), "the first training has ended as well")
    assert made(again.folder)[target[0]] == expected[target[0]]
