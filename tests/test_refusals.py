"""What the operating system refuses is said as that: nothing is called damaged, nothing deleted."""

import errno
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT

from topodream import config, datasets, notes
from topodream.errors import ContentError, InputError
from topodream.storage import Content, read_hdf5, write_hdf5

ORIGIN = {"made_by": "a test"}
REFUSED = [errno.ESTALE, errno.EIO, errno.EMFILE, errno.EACCES, errno.ENOMEM]
NO_LOCKS = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO, errno.EAGAIN]

# Fails with the number in FLOCK, or, at the NTH opening of a path with PART in it, in OPEN.
REFUSING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
static int number(const char *name) { return getenv(name) ? atoi(getenv(name)) : 0; }
int flock(int file, int operation) { errno = number("FLOCK"); return errno ? -1 : 0; }
static int refused(const char *path, int flags) {
    static int opened = 0;
    if (!getenv("PART") || !strstr(path, getenv("PART")) || (flags & O_ACCMODE) != O_RDONLY
        || (flags & O_DIRECTORY) || ++opened != number("NTH")) return 0;
    errno = number("OPEN");
    return 1;
}
#define OPENING(name) int name(const char *path, int flags, ...) { \
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
    if (refused(path, flags)) return -1; \
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); }
OPENING(open)
OPENING(open64)
"""


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """A function: run a script where the operating system refuses something."""
    if sys.platform != "linux" or not shutil.which("gcc"):
        pytest.skip("needs Linux and gcc")
    folder = tmp_path_factory.mktemp("refusing")
    source, library = folder / "refusing.c", folder / "refusing.so"
    source.write_text(REFUSING)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)

    def run(script, *args, **refused):
        settings = {name: str(value) for name, value in refused.items()}
        return subprocess.run(
            [sys.executable, ROOT / "src" / script, *args],
            env={**os.environ, **settings, "LD_PRELOAD": str(library)},
            capture_output=True, text=True, check=False, timeout=200,
        )  # fmt: skip

    return run


@pytest.fixture
def written(tmp_path):
    arrays = {"images": np.arange(24_000, dtype=np.float64).reshape(60, 20, 20)}
    write_hdf5(tmp_path / "file.h5", Content("map", arrays, {"number": 1}), ORIGIN)
    return tmp_path / "file.h5"


# ------------------------------------------------------------------ reading and writing


@pytest.mark.parametrize("number", NO_LOCKS)
def test_files_are_read_where_there_are_no_locks(number, written, refusing):
    done = refusing("verify_files.py", written, FLOCK=number)
    assert (done.stdout, done.returncode) == ("1 files, 0 damaged\n", 0), done.stderr


@pytest.mark.parametrize("number", REFUSED)
def test_a_file_that_can_not_be_opened_is_not_damaged(number, written, refusing):
    done = refusing("verify_files.py", written, OPEN=number, NTH=1, PART="file.h5")
    said = f"cannot read {written}: {os.strerror(number)}\n1 files, 0 damaged, 1 could not be read"
    assert (done.stdout, done.returncode) == (f"{said}\n", 1), done.stderr


def test_a_file_is_opened_once(written, refusing):
    done = refusing("verify_files.py", written, OPEN=errno.EIO, NTH=2, PART="file.h5")
    assert (done.stdout, done.returncode) == ("1 files, 0 damaged\n", 0), done.stderr


class Failing(io.FileIO):
    """A file on a disk that fails; how many reads go well before it does is set on the class."""

    reads_left, error = 10**9, None

    def readinto(self, buffer):
        Failing.reads_left -= 1
        if Failing.reads_left < 0:
            raise Failing.error
        return super().readinto(buffer)


@pytest.fixture
def failing(monkeypatch):
    def after(n_reads, error):
        monkeypatch.setattr(Failing, "reads_left", n_reads)
        monkeypatch.setattr(Failing, "error", error)

    monkeypatch.setattr(Path, "open", lambda self, _: io.BufferedReader(Failing(str(self))))
    return after


@pytest.mark.parametrize("number", REFUSED)
@pytest.mark.parametrize("during", ["digest", "content"])
def test_a_disk_that_fails_in_the_middle_is_named(number, during, written, failing):
    failing(10**9, None)
    read_hdf5(written, ("map",))
    n_reads = 10**9 - Failing.reads_left
    failing(1 if during == "digest" else n_reads - 1, OSError(number, "whatever"))
    with pytest.raises(InputError, match=rf"cannot read .*: {os.strerror(number)}$") as caught:
        read_hdf5(written, ("map",))
    assert not isinstance(caught.value, ContentError)


def test_too_little_memory_is_no_damage(written, failing):
    failing(1, MemoryError())
    with pytest.raises(MemoryError):
        read_hdf5(written, ("map",))


def test_what_hdf5_can_not_do_with_a_right_digest_is_no_damage(written, monkeypatch):
    def refuse(*_):
        raise RuntimeError("memory allocation failed")

    monkeypatch.setattr("topodream.storage._array", refuse)
    with pytest.raises(InputError, match="though its digest is right: memory alloc") as caught:
        read_hdf5(written, ("map",))
    assert not isinstance(caught.value, ContentError)


def test_a_picture_that_can_not_be_read_is_not_damaged(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "whatever")

    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(ContentError, match="damaged"):
        notes.read(tmp_path / "a.png")
    monkeypatch.setattr("topodream.notes.Image.open", refuse)
    with pytest.raises(InputError, match=r"a.png: Input/output error$") as caught:
        notes.read(tmp_path / "a.png")
    assert not isinstance(caught.value, ContentError)


# ------------------------------------------------------------------ checkpoints


@pytest.fixture
def begun(small_experiment, tmp_path, refusing):
    """A training that was killed after an epoch: its files, and a function to start it again."""
    data, settings, model = (tmp_path / name for name in ("data.h5", "config.yaml", "model.h5"))
    write_hdf5(data, datasets.mnist_content("embedded", datasets.read_embedded()), ORIGIN)
    experiment = small_experiment(epochs=3, steps_per_epoch=5, engine="reference")
    settings.write_text(yaml.safe_dump(config.to_mapping(experiment)))

    def again(**refused):
        files = ("--data", data, "--config", settings, "--output", model)
        return refusing("train.py", *files, **refused)

    # Four files are read of it: the state, an epoch, and no more; the second epoch isn't written.
    killed = again(OPEN=errno.EIO, NTH=1, PART="nothing")
    assert killed.returncode == 0, killed.stderr
    whole = model.read_bytes()
    model.unlink()
    _begin(experiment, model, data, notes.parse(whole) if hasattr(notes, "parse") else None)
    return model, whole, again
