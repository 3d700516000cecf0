"""The workflow on a real SLURM, through its profile: undisturbed, and with all that goes wrong.

Three nodes run on this machine (slurm_cluster.py). What they make is compared, byte by byte, with
what a Snakemake without any cluster makes. In the end all jobs are listed (slurm_report.py).
"""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import slurm_cluster
from conftest import ROOT
from slurm_cluster import PATIENCE, wait_until
from slurm_report import Report
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
ON_GPU = ["gpu-1", "gpu-2", "gpu-3", "gpu-4"]
# What a training says that found a checkpoint.
GOES_ON = ": goes on after epoch "
IMPATIENT = ROOT / "tests" / "slurm" / "impatient.py"
# What is particular to this cluster: files don't lag behind.
HASTE = {"latency-wait": "20"}
# No accounting database; a job for each experiment.
SLURM = HASTE | {
    "workflow-profile": "profiles/slurm",
    "slurm-status-command": "squeue",
    "slurm-init-seconds-before-status-checks": "1",
    "group-components": "experiment=1",
}
GENERIC = HASTE | {"workflow-profile": "profiles/cluster-generic"}
# A user's description of the cluster: the executor picks a partition by what a job asks for.
PARTITIONS = """\
partitions:
  main: {max_mem_mb: 8000}
  gpu: {max_mem_mb: 8000, max_gpu: 2}
"""


def command(*args):
    return [sys.executable, IMPATIENT, "--configfile", "overlay.yaml", "slurm.yaml", *args]


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
        words = []
        for key, value in options.items():
            words += [f"--{key}", *([value] if isinstance(value, str) else value)]
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

    def asks_for(self):
        """What Snakemake says that each step asks for, MB and minutes: {step: (mem_mb, runtime)}."""
        step = (
            r"^ *rule (\w+):\n(?:.*\n)*?"
            r"(?: +wildcards: \w+=(.*)\n)?(?: +priority: .*\n)? +resources: (.*)\n"
        )
        return {
            (rule, value or None): tuple(
                int(re.search(rf"\b{name}=(\d+)", resources)[1]) for name in ("mem_mb", "runtime")
            )
            for rule, value, resources in re.findall(step, self.said(), re.M)
        }


@pytest.fixture(scope="module")
def report(request):
    """What is said in the end."""
    plugin = Report()
    request.config.pluginmanager.register(plugin)
    return plugin


@pytest.fixture(scope="module")
def cluster(report, tmp_path_factory):
    with slurm_cluster.started(tmp_path_factory.mktemp("slurm")) as running:
        yield running
        for job in running.jobs():
            report.add_job(job, running.steps(job))


@pytest.fixture
def survived(report):
    """A function that notes a fault that did no harm, and by what one sees it."""
    return report.survived


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = copy_project(tmp_path_factory.mktemp("project") / "on a cluster")
    shutil.copy2(ROOT / "tests" / "slurm" / "overlay.yaml", folder / "slurm.yaml")
    (folder / "partitions.yaml").write_text(PARTITIONS)
    # What a user does to name a partition.
    profile = folder / "profiles" / "slurm" / "config.yaml"
    before = profile.read_text()
    profile.write_text(before.replace("# slurm_partition: short", "slurm_partition: short"))
    assert profile.read_text() != before
    return folder


@pytest.fixture(scope="module")
def here(project, tmp_path_factory):
    """An undisturbed Snakemake without a cluster, at work meanwhile."""
    folder = shutil.copytree(project, tmp_path_factory.mktemp("here") / "here")
    # One after the other: the page says what lies there, and isn't asked for.
    runs = (["all"], map(model_of, STOPPED))
    words = [map(str, command("--cores", "1", "--", *targets)) for targets in runs]
    with (folder / "snakemake.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", " && ".join(map(shlex.join, words))], cwd=folder, stdout=log, stderr=log
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
    """The whole workflow went through SLURM: that Snakemake, and the jobs that it took."""
    run = OnCluster(cluster, project, ["all"], SLURM)
    try:
        assert run.status() == 0, run.said()
    finally:
        run.kill()
    return run, cluster.jobs()


@pytest.fixture
def on_cluster(cluster, undisturbed):
    """A function that starts a Snakemake there; what still runs ends with the test."""
    started = []

    def start(targets, options):
        started.append(OnCluster(cluster, undisturbed[0].folder, targets, options))
        return started[-1]

    yield start
    for run in started:
        run.kill()
    cluster.cancel_all()


def jobs_for(cluster, name, rule="train"):
    """The jobs that a step of an experiment took, oldest first."""
    return [job for job in cluster.jobs() if (rule, name) in cluster.steps(job)]


def learning(cluster, folder, name, attempt=1):
    """Wait until a training, tried for that time, has made its first checkpoint; its job."""
    state = folder / f"results/{name}/model.checkpoint/state.h5"
    log = folder / f"results/{name}/logs/train.log"

    def learns():
        jobs = jobs_for(cluster, name)
        begun = len(jobs) == attempt and jobs[-1]["JobState"] == "RUNNING" and state.exists()
        try:
            return begun and (attempt == 1 or GOES_ON in log.read_text())
        except FileNotFoundError:  # Snakemake removes it before a step begins
            return False

    wait_until(learns, f"{name} learns, attempt {attempt}")
    return jobs_for(cluster, name)[-1]["JobId"]


def log_of(folder, name):
    return (folder / f"results/{name}/logs/train.log").read_text()


def states(cluster, name):
    return [job["JobState"] for job in jobs_for(cluster, name)]


def unlock(folder, target):
    subprocess.run(command("--unlock", "--", *target), cwd=folder, check=True, capture_output=True)


def test_the_cluster_makes_the_same_bytes(undisturbed, expected):
    shown = {path: content for path, content in expected.items() if not of(STOPPED, path)}
    assert made(undisturbed[0].folder) == shown


def of(names, path):
    return path.split("/")[1] in names


def test_jobs_run_on_both_nodes_with_what_their_rules_ask_for(cluster, undisturbed):
    run, jobs = undisturbed
    # The data, two experiments, the page: the steps of each are one job.
    assert [job["JobState"] for job in jobs] == ["COMPLETED"] * 4
    assert {job["NodeList"] for job in jobs} == {"n1", "n2"}
    assert {job["Partition"] for job in jobs} == {"short"}
    assert not any("TresPerJob" in job for job in jobs)  # no GPU
    asks_for = run.asks_for()
    for job in jobs:
        # Its steps follow one another.
        memory, runtime = zip(*(asks_for[step] for step in cluster.steps(job)), strict=True)
        assert job["MinMemoryNode"] == f"{max(memory)}M"
        assert minutes(job["TimeLimit"]) == sum(runtime)
        assert job["NumCPUs"] == "1"


def test_what_the_scheduler_stops_is_tried_again(cluster, on_cluster, expected, survived):
    """One Snakemake, three trainings: cancelled, too large, too long. Two come to an end."""
    names = ["cancelled", "hungry", "endless"]
    # The one that is to be too large, at its first try; everything else has what it needs.
    memory = "100 if attempt == 1 and wildcards.experiment == 'hungry' else 1000"
    options = {"set-resources": (f"train:mem_mb={memory}",)}
    run = on_cluster(list(map(model_of, names)), SLURM | options)
    cluster.command("scancel", learning(cluster, run.folder, "cancelled"))
    job = learning(cluster, run.folder, "endless")
    # As if its time were over: the shortest limit that SLURM knows is a minute.
    cluster.command("scontrol", "update", f"JobId={job}", "EndTime=now+1")
    for attempt in (2, 3):  # the profile's retries
        cluster.command("scancel", learning(cluster, run.folder, "endless", attempt))
    assert run.status() == 1, run.said()

    assert {name: states(cluster, name) for name in names} == {
        "cancelled": ["CANCELLED", "COMPLETED"],
        "hungry": ["FAILED", "COMPLETED"],
        "endless": ["TIMEOUT", "CANCELLED", "CANCELLED"],
    }
    # With twice, then thrice the time (of the first job SLURM says when it was stopped).
    _, twice, thrice = (minutes(job["TimeLimit"]) for job in jobs_for(cluster, "endless"))
    assert 2 * thrice == 3 * twice > 0
    for fault, name, words in (
        ("a job is cancelled (scancel)", "cancelled", "CANCELLED AT"),
        ("a job takes too much memory", "hungry", "exceeded memory limit"),
        ("a job takes too much time", "endless", "DUE TO TIME LIMIT"),
    ):
        job = jobs_for(cluster, name)[0]["JobId"]
        reason = re.search(rf"\b(JOB |STEP |StepId=){job}\b.* {words}.*", run.said())
        assert reason, (fault, run.said())
        survived(fault, reason[0])
    assert GOES_ON in log_of(run.folder, "cancelled")
    results = made(run.folder)
    for name in ("cancelled", "hungry"):
        assert results[model_of(name)] == expected[model_of(name)]
    assert model_of("endless") not in results
    # What was learnt until then is kept, for whoever gives it more time.
    left = {path.split("/")[1] for path in results if "checkpoint" in path}
    assert left == {"endless"}
    survived("the second try goes on", line_with(GOES_ON, log_of(run.folder, "cancelled")))


def minutes(limit):
    """SLURM's [days-]hours:minutes:seconds."""
    days, _, rest = limit.rpartition("-")
    hours, rest, _ = map(int, rest.split(":"))
    return 60 * (24 * int(days or 0) + hours) + rest


def line_with(words, text):
    return next(line.strip() for line in text.splitlines() if words in line)


def test_what_does_not_need_a_failed_job_is_made(cluster, on_cluster, survived):
    """One job at a time; whichever comes first fails for good, and the second is begun then."""
    names = ["first-or-second", "second-or-first"]
    run = on_cluster(list(map(model_of, names)), SLURM | {"jobs": "1", "retries": "0"})
    wait_until(lambda: any(states(cluster, name) == ["RUNNING"] for name in names), "one runs")
    (first,) = (name for name in names if jobs_for(cluster, name))
    (second,) = (name for name in names if name != first)
    cluster.command("scancel", jobs_for(cluster, first)[0]["JobId"])
    assert run.status() == 1, run.said()
    assert (states(cluster, first), states(cluster, second)) == (["CANCELLED"], ["COMPLETED"])
    results = made(run.folder)
    assert model_of(second) in results
    assert model_of(first) not in results
    survived("a job fails for good", "another one was begun after that, and made; status 1")


@pytest.mark.parametrize("options", [SLURM, GENERIC], ids=["slurm", "generic"])
def test_a_step_that_fails_says_why_and_which_logs_tell_more(on_cluster, survived, options):
    run = on_cluster(["results/data/missing.h5"], options | {"retries": "0"})
    assert run.status() == 1
    why = "prepare_mnist.py: error: no folder nowhere"
    assert why in run.said()
    log = "results/data/logs/missing.log"
    assert why in (run.folder / log).read_text()
    survived("a step fails by itself", line_with(why, run.said()))
    survived("and names its log", line_with(f"log: {log}", run.said()))


def test_a_snakemake_that_was_killed_is_started_again(cluster, on_cluster, expected, survived):
    target = [model_of("orphaned")]
    killed = on_cluster(target, SLURM)
    job = learning(cluster, killed.folder, "orphaned")
    killed.kill()
    assert job in cluster.running()

    refused = on_cluster(target, SLURM)
    assert refused.status() == 1
    assert "Directory cannot be locked" in refused.said()
    assert cluster.running() == [job]
    survived("Snakemake is killed (SIGKILL)", f"job {job} runs on; a second one: cannot be locked")

    assert recover(cluster, killed.folder) == f"cancels job {job}\n"
    assert cluster.running() == []
    survived("its jobs run on", f"recover.sh cancels job {job}, waits, unlocks")

    killed = on_cluster(target, SLURM)
    job = learning(cluster, killed.folder, "orphaned", attempt=2)
    # As if training wrote into its output, and all machines lost their power.
    half = killed.folder / target[0]
    half.write_bytes(expected[target[0]][:1000])
    killed.kill()
    cluster.kill(job)
    wait_until(lambda: not cluster.running(), "the job is gone")
    assert recover(cluster, killed.folder) == ""
    # Snakemake knows, and says so where the profile doesn't tell it to make such a file again.
    reluctant = on_cluster(target, GENERIC | {"dry-run": ()})
    assert reluctant.status() == 1
    assert re.search(rf"seem to be incomplete(.|\n)*{target[0]}", reluctant.said())
    again = on_cluster(target, SLURM)
    assert again.status() == 0, again.said()
    assert states(cluster, "orphaned") == ["CANCELLED", "FAILED", "COMPLETED"]
    assert GOES_ON in log_of(again.folder, "orphaned")
    assert half.read_bytes() == expected[target[0]]
    survived("a half-written output is left", "known to be incomplete, made again: same bytes")


def recover(cluster, folder):
    """What the script says that is to be run after a Snakemake was killed."""
    return script(cluster, folder, "profiles/slurm/recover.sh")


def status_of(cluster, folder, job):
    """What the generic profile's script says of a job."""
    return script(cluster, folder, "profiles/cluster-generic/status.sh", job).strip()


def script(cluster, folder, *words):
    """What a script of the project prints."""
    done = subprocess.run(
        words, cwd=folder, env=cluster.environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_jobs_of_a_killed_snakemake_on_the_generic_profile(cluster, on_cluster, expected, survived):
    """Those that wait in the queue are waited for; those that run it doesn't know."""
    target = [model_of("doubled")]
    cluster.command("scontrol", "update", "PartitionName=main", "State=DOWN")
    killed = on_cluster(target, GENERIC)
    wait_until(lambda: "external jobid" in killed.said(), "the first step waits in the queue")
    killed.kill()
    (job,) = cluster.running()
    unlock(killed.folder, target)
    killed = on_cluster(target, GENERIC)
    wait_until(lambda: f"with external jobid '{job}'" in killed.said(), "it is known again")
    assert "Resuming incomplete job" in killed.said()
    assert status_of(cluster, killed.folder, job) == "running"
    cluster.command("scontrol", "update", "PartitionName=main", "State=UP")
    survived("the same, with a job in the queue", line_with("Resuming", killed.said()))

    first = learning(cluster, killed.folder, "doubled")
    killed.kill()
    unlock(killed.folder, target)
    again = on_cluster(target, GENERIC)
    wait_until(lambda: len(jobs_for(cluster, "doubled")) > 1, "a second training is submitted")
    assert first in cluster.running()
    assert again.status() == 0, again.said()
    wait_until(lambda: not cluster.running(), "the first training has ended as well")
    assert made(again.folder)[target[0]] == expected[target[0]]
    numbers = [job["JobId"] for job in jobs_for(cluster, "doubled")]
    for job in cluster.jobs():
        word = "success" if job["JobState"] == "COMPLETED" else "failed"
        assert status_of(cluster, again.folder, job["JobId"]) == word
    survived("two trainings of one map at once", f"jobs {' and '.join(numbers)}: same bytes")


def test_a_gpu_has_one_training_at_a_time(cluster, on_cluster, survived):
    """Two jobs of two trainings each: they ask for one GPU each, and both run at once."""
    options = {
        # In place of the profile's, which names a partition.
        "default-resources": ("mem_mb=1000", "runtime=10"),
        "slurm-partition-config": "partitions.yaml",
        "set-resources": "train:gpu=1",
        "group-components": "experiment=2",
        "cores": "2",
        "slurm-keep-successful-logs": (),
    }
    run = on_cluster(list(map(model_of, ON_GPU)), SLURM | options)
    assert run.status() == 0, run.said()
    jobs = [job for job in cluster.jobs() if any(name in ON_GPU for _, name in cluster.steps(job))]
    asked = [(job["TresPerJob"], job["Partition"], job["NodeList"]) for job in jobs]
    assert asked == [("gres:gpu:1", "gpu", "n3")] * 2
    assert max(job["StartTime"] for job in jobs) < min(job["EndTime"] for job in jobs)
    for job in jobs:
        (log,) = (run.folder / "results" / "logs" / "slurm").rglob(f"{job['JobId']}.log")
        # The step begins, training does; it has ended, the step has.
        assert (
            re.findall(r"^(rule|localrule|Finished).*\btrain\b", log.read_text(), re.M)
            == [*("rule", "localrule", "Finished", "Finished")] * 2
        )
    survived("two GPU trainings in one job", "gres:gpu:1 for both, one after the other")
