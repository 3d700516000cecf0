"""Runs Snakemake as often as tests want it, and imports it once.

A process that has imported Snakemake, and nothing of the project, makes a copy of itself for each
run: the copy has a folder, arguments and an environment of its own, as a process that is started has.
"""

import contextlib
import functools
import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

SERVER = """
import atexit, gc, json, os, runpy, sys
import snakemake.api, snakemake.cli, snakemake.report
import docutils.core, h5py, jsonschema, requests, smart_open, yte  # what it imports later

snakemake.cli.get_argument_parser()  # which imports its plugins
gc.freeze()  # or each copy would copy all memory, to look for garbage
for line in sys.stdin:
    run = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(run["folder"])
        os.environ.clear()
        os.environ.update(run["environment"])
        for number, name in ((0, os.devnull), (1, run["stdout"]), (2, run["stderr"])):
            os.dup2(os.open(name, os.O_RDWR), number)
        sys.stdin = open(0)
        sys.path[0] = run["folder"]
        sys.argv = ["snakemake", *run["arguments"]]
        status = 0
        try:
            runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            status = end.code
        if isinstance(status, str):
            print(status, file=sys.stderr)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(bool(status)))  # nor is all memory tidied up
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@functools.cache
def _server():
    """Return the process that makes copies; it ends when its input does, which is when we end."""
    command = [sys.executable, "-c", SERVER]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def snakemake(folder, *arguments, env=None):
    """Run Snakemake in a folder; return what `subprocess.run` would."""
    with tempfile.TemporaryDirectory() as told:
        files = {name: Path(told) / name for name in ("stdout", "stderr")}
        for path in files.values():
            path.touch()
        run = {
            "folder": str(folder),
            "arguments": list(map(str, arguments)),
            "environment": dict(os.environ if env is None else env),
            **{name: str(path) for name, path in files.items()},
        }
        server = _server()
        server.stdin.write(json.dumps(run) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        said = [path.read_text() for path in files.values()]
    return subprocess.CompletedProcess(["snakemake", *run["arguments"]], status, *said)


# Asks for a run from where it is typed, at the socket that its first argument names.
CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    server.sendall((json.dumps([os.getcwd(), sys.argv[2:], dict(os.environ)]) + "\\n").encode())
    status, *said = json.loads(server.makefile().read())
sys.stdout.write(said[0])
sys.stderr.write(said[1])
sys.exit(status)
"""


class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        folder, arguments, environment = json.loads(self.rfile.readline())
        done = snakemake(folder, *arguments, env=environment)
        self.wfile.write(json.dumps([done.returncode, done.stdout, done.stderr]).encode())


@contextlib.contextmanager
def client():
    """Give a command of bash that runs Snakemake with the arguments that follow."""
    with tempfile.TemporaryDirectory() as folder:
        script, place = Path(folder) / "client.py", f"{folder}/socket"
        script.write_text(CLIENT)
        with socketserver.UnixStreamServer(place, Answer) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
            yield f"{sys.executable} -I -S {script} {place}"
            server.shutdown()
