"""Kill a run of the workflow at random moments, start it again, and see that nothing is lost.

Two clones make the same maps with `snakemake --cache`, each with a cache of its own. One is left
in peace. In the other, until enough kills are done, SIGKILL hits one of

  snakemake     Snakemake alone; its jobs run on, and may still run beside those of the next start
  everything    Snakemake and all its jobs, as when a machine goes down
  training      one training
  cache writer  everything, while a file is on its way into the cache

After each the workflow is started again, as docs/clusters.md says: unlock, run. In the end it is
left in peace too, and both clones have to hold the same files, byte by byte.

    make kills
"""

import argparse
import collections
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import forking
import psutil
import yaml
from test_workflow import copy_project

VICTIMS = ("snakemake", "everything", "training", "cache writer")
# Long enough to be met at any moment, short enough to come to an end between two kills.
LONG = {"steps_per_epoch": 4000, "epochs": 60, "snapshot_every": 20}
MAPS = {
    "one": {"extends": "tiny-pan", **LONG},
    "two": {"extends": "tiny-digits", "grid": {"rows": 10, "cols": 10}, **LONG},
    "three": {"extends": "tiny-dream", **LONG},
}
RUN = ["--configfile", "overlay.yaml", "--cores", "2", "--cache"]
# How it is started where it may be killed.
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
# No start takes longer; a run that hangs is a failure.
PATIENCE = 300


def main():
    """Run both clones, kill, compare, report; status 1 if anything was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=40, help="how many (40)")
    parser.add_argument("--seed", type=int, default=0, help="of moments and victims (0)")
    parser.add_argument(
        "--caches", help="a folder on another file system, into which files have to be copied"
    )
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        tempfile.TemporaryDirectory(dir=args.caches) as caches,
    ):
        chance = random.Random(args.seed)  # noqa: S311
        faults = disturb(Path(home), Path(caches), args.kills, chance)
    for fault in faults:
        print(f"LOST: {fault}")
    sys.exit(bool(faults))


def disturb(home, caches, n_kills, chance, tell=print):
    """Do all of it in empty folders; return what differs in the end, nothing if all is well."""
    peace, war = (Clone(home / name, caches / name) for name in ("in peace", "at war"))
    peace.make()
    kills = collections.Counter()
    while kills.total() < n_kills:
        if war.complete():
            war.forget()
        run, victim = war.start(), chance.choice(VICTIMS)
        time.sleep(chance.uniform(0.5, 6))
        kills[victim] += war.kill(run, victim, chance)
        tell(f"{kills.total()} of {n_kills}: {dict(kills)}, {war.state()}")
    war.end_of_jobs()
    failures = war.finish()
    tell(f"{kills.total()} kills, {war.starts} starts, {failures} failed at the end: {dict(kills)}")
    return differences(peace.made(), war.made())


class Clone:
    """A clone of the project with a cache of its own."""

    def __init__(self, folder, cache):
        self.folder = copy_project(folder)
        overlay = yaml.safe_load((folder / "overlay.yaml").read_text())
        overlay["experiments"] |= MAPS
        overlay |= {"run": list(MAPS), "animation": {"sequence_frames": 5, "images_frames": 5}}
        (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
        self.cache, self.log, self.starts = cache, folder / "said.log", 0
        self.cache.mkdir()
        self.environment = os.environ | {"SNAKEMAKE_OUTPUT_CACHE": str(cache)}

    def make(self):
        """Run the workflow from beginning to end."""
        done = forking.snakemake(self.folder, *RUN, env=self.environment)
        assert done.returncode == 0, done.stderr

    def start(self):
        """Start the workflow in the background, unlocked."""
        if list((self.folder / ".snakemake").glob("locks/*")):
            unlocked = forking.snakemake(self.folder, *RUN, "--unlock", env=self.environment)
            assert unlocked.returncode == 0, unlocked.stderr
        self.starts += 1
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [*SNAKEMAKE, *RUN], cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )

    def kill(self, run, victim, chance):
        """Kill something that runs; return whether there was something to be killed."""
        if victim == "cache writer":
            writing = self.wait_for(lambda: list(self.cache.glob("tmp*")), run)
            return bool(writing) and self.kill_all(run)
        if victim == "everything":
            return self.kill_all(run)
        if victim == "snakemake":
            alive = run.poll() is None
            run.kill()
            run.wait()
            if chance.random() < 0.5:
                self.end_of_jobs()
            return alive
        trainings = self.wait_for(lambda: self.processes("train.py"), run)
        killed = bool(trainings) and kill(chance.choice(trainings))
        run.wait(PATIENCE)
        return killed

    def kill_all(self, run):
        """Kill Snakemake and every job; return whether Snakemake was still at it."""
        alive = run.poll() is None
        run.kill()
        for process in self.processes():
            kill(process)
        run.wait()
        return alive

    def wait_for(self, found, run):
        """Look until something is found or the run is over."""
        while run.poll() is None:
            if there := found():
                return there
            time.sleep(0.001)
        return []

    def processes(self, script=""):
        """Processes of jobs in this clone, those that run a script."""
        return [process for process in psutil.process_iter() if self.is_job(process, script)]

    def is_job(self, process, script):
        try:
            ours = Path(process.cwd()) == self.folder and process.pid != os.getpid()
            # A copy (tests/forking.py) has the script's name, else Python is told it first.
            runs = (process.name(), *(Path(word).name for word in process.cmdline()[1:2]))
            return ours and (not script or script in runs)
        except (psutil.Error, OSError):
            return False

    def end_of_jobs(self):
        """Wait until no job runs that lost its Snakemake."""
        while self.processes():
            time.sleep(0.1)

    def finish(self):
        """Run until all is made; return how many starts failed: jobs that ran on can disturb."""
        for failures in range(10):
            if self.start().wait(PATIENCE) == 0:
                return failures
        raise AssertionError(self.log.read_text())

    def complete(self):
        """Whether all is made."""
        return (self.folder / "results" / "index.html").exists()

    def forget(self):
        """Begin anew, so that there is something to kill."""
        self.end_of_jobs()
        shutil.rmtree(self.folder / "results")
        for entry in self.cache.iterdir():
            entry.unlink() if entry.is_file() else shutil.rmtree(entry)

    def state(self):
        """Say how far it has come."""
        made = [path for path in self.made() if "checkpoint" not in path]
        return f"{len(made)} files made, {len(self.processes())} jobs run on"

    def made(self):
        """The content of every file but logs, through links."""
        results = self.folder / "results"
        return {
            path.relative_to(results).as_posix(): path.read_bytes()
            for path in sorted(results.rglob("*"))
            if path.is_file() and path.suffix != ".log" and not path.name.startswith(".")
        }


def kill(process):
    """Kill a process; return whether it was there."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True


def differences(expected, found):
    """Say which files are missing, too many, or others."""
    missing = [f"{path} is missing" for path in expected.keys() - found.keys()]
    more = [f"{path} is left over" for path in found.keys() - expected.keys()]
    other = [f"{path} differs" for path in expected.keys() & found.keys()
             if expected[path] != found[path]]  # fmt: skip
    return sorted(missing + more + other)


if __name__ == "__main__":
    main()
