"""A SLURM of three nodes on this machine: munge, slurmctld, three slurmd, as long as tests take.

Nothing of the machine's own is touched: files lie in one folder, ports are free ones, the key is
new, commands find all this through SLURM_CONF. There is no accounting database, no systemd and
no cgroup: memory is polled, processes are followed by their parents.
"""

import getpass
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "scontrol", "squeue", "srun")
# Debian puts daemons there, where a user's PATH doesn't always lead.
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")
NODES = ("n1", "n2", "n3")
# Waiting ends as soon as something is so; this long it may take on a slow machine.
PATIENCE = 180.0

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Without cgroups memory limits are kept by looking every second.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/finished.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
ReturnToService=2
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
MinJobAge=3600
KillWait=2
UnkillableStepTimeout=60
# The nodes are what is written here, whatever the machine has.
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=8000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=8000
NodeName=n3 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[3]} CPUs=4 RealMemory=8000 Gres=gpu:2
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
PartitionName=short Nodes=n1,n2 MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=n3 MaxTime=INFINITE State=UP
"""
# Devices that are files anyone has: they are counted and handed out, nothing computes on them.
GPUS = "".join(f"NodeName=n3 Name=gpu File=/dev/{name}\n" for name in ("null", "zero"))
# The executor's job steps keep few of SLURM's variables, and not the one that says where the
# cluster is: where it is installed it needn't be said.
SRUN = """\
#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {program} "$@"
"""


def wait_until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Look again and again until something is so; fail if it takes too long."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"after {patience:.0f} s still not so: {what}")
        time.sleep(0.1)


def missing() -> str | None:
    """Return why no cluster can be started here; None if one can."""
    if getpass.getuser() != "root":
        return "slurmd starts jobs as root only"
    lacking = [name for name in (*DAEMONS, *CLIENTS) if _program(name) is None]
    if lacking:
        return f"no {', '.join(lacking)}: apt-get install slurmctld slurmd slurm-client munge"
    return None


class Cluster:
    """A running SLURM.

    Attributes
    ----------
    environment : mapping of str
        What commands need to find it, over the environment of the tests.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}

    def command(self, *words: str) -> str:
        """Run one of SLURM's commands; return what it prints."""
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def running(self) -> list[str]:
        """Return the numbers of the jobs that run, wait, or are coming to an end."""
        return self.command("squeue", "--noheader", "--format=%A").split()

    def cancel_all(self) -> None:
        """End all jobs, and wait until they have."""
        jobs = self.running()
        if jobs:
            self.command("scancel", *jobs)
            wait_until(lambda: not self.running(), "all jobs have ended")

    def kill(self, job: str) -> None:
        """End all processes of a job at once, as when a machine loses its power.

        `scancel` ends them one after another, and a Snakemake among them tidies up meanwhile.
        """
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in self._processes(job):
                os.kill(process, number)

    def _processes(self, job: str) -> list[int]:
        """Return the numbers of a job's processes, known by their environment."""
        marks = (f"SLURM_JOB_ID={job}\0".encode(), f"{self.folder}/bin".encode())
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):  # it has ended meanwhile
                environment = path.read_bytes()
                if all(mark in environment for mark in marks):
                    found.append(int(path.parent.name))
        return found

    def jobs(self) -> list[dict[str, str]]:
        """Return what SLURM knows of every job since it was started, oldest first."""
        lines = self.command("scontrol", "--oneliner", "show", "job").splitlines()
        # A value may hold spaces (the comment doesn't), never one with "=" behind it.
        jobs = [
            dict(word.split("=", 1) for word in line.split() if "=" in word)
            for line in lines
            if line.startswith("JobId=")
        ]
        return sorted(jobs, key=lambda job: int(job["JobId"]))

    def script(self, job: Mapping[str, str]) -> str:
        """Return what a job was given to run."""
        return self.command("scontrol", "write", "batch_script", job["JobId"], "-")

    def steps(self, job: Mapping[str, str]) -> list[tuple[str, str | None]]:
        """Return the steps of the workflow that a job was given: rule, and experiment or so."""
        targets = re.search(r"--target-jobs (.*?) --", self.script(job))
        found = re.findall(r"(\w+):(?:\w+=([\w-]+))?", targets[1] if targets else "")
        return [(rule, value or None) for rule, value in found]

    def describe(self) -> str:
        """Return the ends of all logs, for whoever reads of a failure."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in logs)


@contextmanager
def started(folder: Path) -> Iterator[Cluster]:
    """Start a cluster with its files in an empty folder; stop all of it in the end."""
    cluster = Cluster(folder)
    _configure(folder)
    (folder / "munge.key").write_bytes(secrets.token_bytes(128))
    (folder / "munge.key").chmod(0o600)
    daemons: list[subprocess.Popen[bytes]] = []

    def start(name: str, *options: str) -> None:
        program = _program(name)
        assert program is not None, name
        with (folder / f"{name}{len(daemons)}.log").open("wb") as log:
            daemons.append(
                subprocess.Popen(
                    [program, *options],
                    env=cluster.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    try:
        files = {"socket": "socket", "key-file": "key", "pid-file": "pid", "seed-file": "seed"}
        paths = [f"--{option}={folder}/munge.{suffix}" for option, suffix in files.items()]
        start("munged", "--foreground", "--force", *paths)
        wait_until((folder / "munge.socket").exists, "munged listens")
        start("slurmctld", "-D", "-f", str(folder / "slurm.conf"))
        for node in NODES:
            start("slurmd", "-D", "-f", str(folder / "slurm.conf"), "-N", node)
        wait_until(lambda: _idle_nodes(cluster) == set(NODES), "all nodes are idle", 60)
        yield cluster
    except AssertionError as error:
        error.add_note(cluster.describe())
        raise
    finally:
        if len(daemons) > 1:
            cluster.cancel_all()  # the daemons' end would not end them
        for daemon in reversed(daemons):
            _stop(daemon)


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *SYSTEM_FOLDERS]))


def _configure(folder: Path) -> None:
    values: Mapping[str, object] = {
        "host": socket.gethostname().split(".")[0],
        "user": getpass.getuser(),
        "folder": folder,
        "ports": _free_ports(1 + len(NODES)),
    }
    (folder / "slurm.conf").write_text(CONFIGURATION.format_map(values))
    (folder / "gres.conf").write_text(GPUS)
    (folder / "bin").mkdir()
    srun = folder / "bin" / "srun"
    srun.write_text(SRUN.format(folder=folder, program=_program("srun")))
    srun.chmod(0o755)
    (folder / "state").mkdir()
    for node in NODES:
        (folder / f"spool-{node}").mkdir()


def _free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on; opened together, so that they differ."""
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [server.getsockname()[1] for server in listening]
    finally:
        for server in listening:
            server.close()


def _idle_nodes(cluster: Cluster) -> set[str]:
    done = subprocess.run(
        ["sinfo", "--noheader", "--Node", "--states=idle", "--format=%N"],
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return set(done.stdout.split())


def _stop(daemon: "subprocess.Popen[bytes]") -> None:
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
