"""Runs Snakemake and the project's scripts as often as tests want, and imports once what they import.

A process that has imported packages, and nothing of the project, makes a copy of itself for each run:
the copy has a folder, arguments, an environment and files of its own, as a process that is started has.
The scripts that Snakemake starts here are such copies too: what it finds as ``python`` asks for them.
"""

import contextlib
import functools
import json
import os
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import machine_code

from topodream.surroundings import THREADS

ROOT = Path(__file__).resolve().parents[1]

# Told where to listen, what to do first, and how to run what is asked for.
SERVER = '''
import atexit, contextlib, gc, json, os, runpy, select, signal, socket, sys
place, first, run = sys.argv[1:]
exec(first)
gc.freeze()  # or each copy would copy all memory, to look for garbage
gc.disable()  # a copy soon ends

def bury(*_):
    """See off the copies that have ended: so their time counts as ours."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass

signal.signal(signal.SIGCHLD, bury)
with socket.socket(socket.AF_UNIX) as server:
    server.bind(place)
    server.listen()
    print(flush=True)
    while True:
        ready, _, _ = select.select([sys.stdin, server], [], [])
        if sys.stdin in ready:
            sys.exit()  # it has ended
        caller, _ = server.accept()
        if os.fork() == 0:
            break
        caller.close()
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
told, files, _, _ = socket.recv_fds(caller, 2**16, 3)
while not told.endswith(b"\\n"):
    told += caller.recv(2**16)
folder, sys.argv, environment = json.loads(told)
with contextlib.suppress(OSError), open("/proc/self/comm", "w") as name:
    name.write(os.path.basename(sys.argv[0]))  # by which a copy is found among processes
for number, file in enumerate(files):
    os.dup2(file, number)
    os.close(file)
os.chdir(folder)
os.environ.clear()
os.environ.update(environment)
status = 0
try:
    exec(run)
except SystemExit as end:
    status = end.code
if isinstance(status, str):
    print(status, file=sys.stderr)
    status = 1
atexit._run_exitfuncs()
sys.stdout.flush()
sys.stderr.flush()
caller.sendall(b"%d" % (status or 0))
os._exit(0)  # nor is all memory tidied up
'''

SNAKEMAKE = """
import snakemake.api, snakemake.cli, snakemake.report
import docutils.core, h5py, jsonschema, requests, smart_open, yte  # what it imports later

snakemake.cli.get_argument_parser()  # which imports its plugins
sys.executable = {python!r}  # whose folder is where its jobs look for one
"""
RUN_SNAKEMAKE = """
sys.path[0] = folder
runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
"""

SCRIPTS = """
for script in {scripts!r}:
    runpy.run_path(script, run_name="not main")
import PIL.ImageOps, scipy.ndimage, topodream.engines.jit  # what they import later

for name in list(sys.modules):
    if name.partition(".")[0] == "topodream":
        del sys.modules[name]
sys.path = [path for path in sys.path if path != {folder!r}]
"""
RUN_SCRIPT = """
sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
if sys.argv[0] == "-c":
    exec(sys.argv.pop(1), {"__name__": "__main__"})
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""

# Snakemake in a process of its own, whose jobs are copies.
ALONE = """
import runpy, sys
sys.executable = {python!r}
runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
"""

# Asks for a run from where it is typed, at the socket that its first argument names.
CLIENT = """
import json, os, socket, sys
place, *arguments = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as server:
    server.connect(place)
    told = json.dumps([os.getcwd(), arguments, dict(os.environ)]) + "\\n"
    socket.send_fds(server, [told.encode()], [0, 1, 2])
    status = server.recv(3)
sys.exit(int(status or 1))
"""
# For anything else than scripts it is Python.
PYTHON = """#!/bin/sh
case "$1" in
*.py) exec {client} "$@" ;;
*) exec {python} "$@" ;;
esac
"""


@functools.cache
def _folder():
    """Return the folder of sockets, which ends when we do."""
    return tempfile.TemporaryDirectory(prefix="forking-")


def listening(name, first, run, started_by=(), env=None):
    """Return the socket of a process that makes copies; it ends when its input does, which is when we end."""
    place = f"{_folder().name}/{name}"
    command = [*started_by, sys.executable, "-c", SERVER, place, first, run]
    env = dict(os.environ if env is None else env) | dict.fromkeys(
        THREADS, "1"
    )  # as scripts have it
    _kept[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    _kept[name].stdout.readline()
    return place


_kept = {}


def _client(place):
    """Return a command of a shell that asks for a run with the arguments that follow."""
    script = Path(_folder().name) / "client.py"
    script.write_text(CLIENT)
    return shlex.join([sys.executable, "-I", "-S", str(script), place])


@functools.cache
def _of_scripts():
    machine_code.keep()
    src = ROOT / "src"
    scripts = [str(path) for path in sorted(src.glob("*.py"))]
    return listening("scripts", SCRIPTS.format(scripts=scripts, folder=str(src)), RUN_SCRIPT)


@functools.cache
def _python():
    """Return what Snakemake finds as ``python``."""
    python = Path(_folder().name) / "bin" / "python"
    python.parent.mkdir()
    text = PYTHON.format(client=_client(_of_scripts()), python=shlex.quote(sys.executable))
    python.write_text(text)
    python.chmod(0o755)
    return str(python)


@functools.cache
def _of_snakemake():
    return listening("snakemake", SNAKEMAKE.format(python=_python()), RUN_SNAKEMAKE)


def ask(place, folder, command, env, given):
    """Let a copy run a command; return what `subprocess.run` would."""
    told = json.dumps([str(folder), command, dict(os.environ if env is None else env)]) + "\n"
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)]
        files[0].write(given)
        files[0].seek(0)
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.connect(place)
        socket.send_fds(server, [told.encode()], [file.fileno() for file in files])
        status = int(server.recv(3) or 1)
        said = []
        for file in files[1:]:
            file.seek(0)
            said.append(file.read())
    return subprocess.CompletedProcess(command, status, *said)


def snakemake(folder, *arguments, env=None):
    """Run Snakemake in a folder."""
    return ask(_of_snakemake(), folder, ["snakemake", *map(str, arguments)], env, "")


def script(name, *arguments, folder=None, env=None, given=""):
    """Run a script of the project in a folder, or in the one where we are."""
    command = [str(ROOT / "src" / name), *map(str, arguments)]
    return ask(_of_scripts(), folder or Path.cwd(), command, env, given)


def python(code, *arguments):
    """Run code as ``python -c`` does, with what scripts import at hand."""
    return ask(_of_scripts(), Path.cwd(), ["-c", code, *map(str, arguments)], None, "")


def alone():
    """Return how a command begins that runs Snakemake in a process of its own."""
    return [sys.executable, "-c", ALONE.format(python=_python())]


def client():
    """Return a command of a shell that runs Snakemake with the arguments that follow."""
    return _client(_of_snakemake()) + " snakemake"
