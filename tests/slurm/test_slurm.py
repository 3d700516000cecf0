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
STOPPED = ["cancelled", "hungry", "orphaned"]
# What is particular to this cluster: no accounting database, nodes of one processor, no queue
# that one had to be patient with, a file system that doesn't lag behind.
HERE = {
    "slurm-status-command": "squeue",
    "slurm-init-seconds-before-status-checks": "1",
    "seconds-between-status-checks": "1",
    "latency-wait": "20",
    "cores": "1",
    "group-components": "experiment=1",
}


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

    def __init__(self, cluster, folder, *targets, **options):
        self.folder = folder
        self.log = folder / f"snakemake-{len(list(folder.glob('snakemake-*.log')))}.log"
        words = [word for key, value in (HERE | options).items() for word in (f"--{key}", value)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command("--profile", "profiles/slurm", *words, "--", *targets),
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
def expected(project, tmp_path_factory):
    """What an undisturbed Snakemake makes without a cluster."""
    sources = shutil.ignore_patterns("results", ".snakemake", "*.log")
    folder = shutil.copytree(project, tmp_path_factory.mktemp("here") / "local", ignore=sources)
    done = subprocess.run(
        command("--cores", "2", "--", "all", *map(model_of, STOPPED)),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return made(folder)


@pytest.fixture(scope="module")
def undisturbed(cluster, project):
    """The folder after the whole workflow went through SLURM, and the jobs that it took."""
    run = OnCluster(cluster, project, "all")
    try:
        assert run.status() == 0, run.said()
    finally:
        run.kill()
    return project, cluster.jobs()


@pytest.fixture
def on_cluster(cluster, undisturbed):
    """A function that starts a Snakemake there; what still runs ends with the test."""
    started = []

    def start(*targets, **options):
        started.append(OnCluster(cluster, undisturbed[0], *targets, **options))
        return started[-1]

    yield start
    for run in started:
        run.kill()
    cluster.cancel_all()


def jobs_for(cluster, name):
    """The jobs that trained an experiment, oldest first, by what SLURM was given to run."""
    return [job for job in cluster.jobs() if f"train:experiment={name}'" in cluster.script(job)]


def learning(cluster, folder, name, attempt):
    """Wait until an experiment's training has left a checkpoint in that attempt; its job."""

    def learns():
        jobs = jobs_for(cluster, name)
        state = folder / f"results/{name}/model.checkpoint/state.h5"
        return len(jobs) == attempt and jobs[-1]["JobState"] == "RUNNING" and state.exists()

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
    memory = "200 if attempt == 1 and wildcards.experiment == 'hungry' else 1000"
    run = on_cluster(
        *map(model_of, ("cancelled", "hungry", "endless")),
        **{
            "retries": "1",
            "default-resources": "mem_mb=200",
            "set-resources": f"train:mem_mb={memory}",
        },
    )
    cluster.command("scancel", learning(cluster, run.folder, "cancelled", 1))
    for attempt in (1, 2):
        # As if its time were over: the shortest limit that SLURM knows is a minute.
        job = learning(cluster, run.folder, "endless", attempt)
        cluster.command("scontrol", "update", f"JobId={job}", "EndTime=now+1")
    assert run.status() == 1

    states = {
        name: [job["JobState"] for job in jobs_for(cluster, name)]
        for name in ("cancelled", "hungry", "endless")
    }
    assert states == {
        "cancelled": ["CANCELLED", "COMPLETED"],
        "hungry": ["FAILED", "COMPLETED"],
        "endless": ["TIMEOUT", "TIMEOUT"],
    }
    said = run.said()
    assert "SLURM status is: 'CANCELLED'" in said
    assert "exceeded memory limit" in said
    assert "SLURM status is: 'TIMEOUT'" in said
    assert "DUE TO TIME LIMIT" in said
    made_here = made(run.folder)
    for name in ("cancelled", "hungry"):
        assert made_here[model_of(name)] == expected[model_of(name)]
    assert "cancelled: goes on after epoch" in log_of(run.folder, "cancelled")
    assert model_of("endless") not in made_here
    assert not (run.folder / "results/cancelled/model.checkpoint").exists()


def test_a_snakemake_that_was_killed_is_started_again(cluster, on_cluster, expected):
    killed = on_cluster(model_of("orphaned"))
    job = learning(cluster, killed.folder, "orphaned", 1)
    killed.kill()
    assert job in cluster.running()

    refused = on_cluster(model_of("orphaned"))
    assert refused.status() == 1
    assert "Directory cannot be locked" in refused.said()
    assert len(jobs_for(cluster, "orphaned")) == 1

    recovered = subprocess.run(
        ["sh", "profiles/slurm/recover.sh"],
        cwd=killed.folder,
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert recovered.stdout == f"cancels job {job}\n", recovered.stderr
    assert cluster.running() == []

    # With a GPU, to see what is submitted for one: only the first node has one.
    again = on_cluster(model_of("orphaned"), **{"set-resources": "train:gpu=1"})
    assert again.status() == 0, again.said()
    first, second = jobs_for(cluster, "orphaned")
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert (second["TresPerJob"], second["NodeList"]) == ("gres:gpu:1", "n1")
    assert "orphaned: goes on after epoch" in log_of(again.folder, "orphaned")
    assert made(again.folder)[model_of("orphaned")] == expected[model_of("orphaned")]
