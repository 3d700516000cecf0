"""What the operating system refuses any reader is said as that, and nothing is deleted for it."""

import errno
import gzip
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, PngImagePlugin
from refusing import surroundings
from test_checkpoints import ORIGIN, nothing

import train as script
import verify_files
from topodream.data import idx
from topodream.files.errors import ContentError, InputError
from topodream.files.storage import Content, read_hdf5, write_hdf5, write_json, write_text
from topodream.origin import commits, lineage
from topodream.training.checkpoints import Checkpoints
from topodream.training.loop import train

SMALL = {"weights": np.ones((3, 4)), "more/stack": np.zeros((3, 20, 20), np.uint8)}


def write_files(folder):
    """A file of each kind that is read, with a note where it takes one."""
    note = '{"made_by": "a test"}'
    for name in ("x.h5", "note.h5"):
        write_hdf5(folder / name, Content("map", SMALL, {"n": 3}), ORIGIN)
    write_json(folder / "x.json", {"a": 1})
    write_text(folder / "x.yaml", f"# provenance: {note}\na: 1\n")
    image = Image.fromarray(np.arange(64**2, dtype=np.uint8).reshape(64, 64))
    described = PngImagePlugin.PngInfo()
    described.add_text("Description", note)
    for name in ("x.png", "picture.png"):
        image.save(folder / name, pnginfo=described)
    image.save(folder / "x.gif", comment=note.encode())
    images = idx.to_idx(np.ones((2, 28, 28), np.uint8))
    (folder / "train-images.gz").write_bytes(gzip.compress(images))


def refusing_of(error, name, real):
    """A function that refuses what bears a name, and else does what it did."""

    def refuse(path, *args, **options):
        if str(path).endswith(name):
            raise error
        return real(path, *args, **options)

    return refuse


def test_what_is_refused_at_any_open_or_read_is_said_as_that(tmp_path):
    """The first, the second and so on of each; of locks, that nobody needs them."""
    write_files(tmp_path)
    also = {"PYTHONPATH": str(ROOT / "src"), "HDF5_USE_FILE_LOCKING": "TRUE"}
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "refused.py", tmp_path],
        env=surroundings(tmp_path) | also,
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "WRONG" not in done.stdout, done.stdout
    tried = [line.split() for line in done.stdout.splitlines()]
    assert len(tried) == 8 * (5 + 5 + 10)
    for name, call, _, times in tried:
        assert int(times) > 0 if call != "flock" else times == "0", (name, call, times)
        assert call != "open" or not name.endswith(".h5") or times == "1", "opened again"


# ------------------------------------------------------------------ checkpoints


@pytest.fixture
def begun(small_experiment, digits, tmp_path):
    """The checkpoints of a training that got through two epochs."""
    experiment = small_experiment(epochs=2, steps_per_epoch=5, engine="reference")
    checkpoints = Checkpoints(tmp_path / "model.h5", experiment, "d" * 64, ORIGIN)
    pixels = digits["train/pixels"][:50].reshape(50, -1)
    train(experiment, pixels, nothing, nothing, checkpoints.save)
    return checkpoints


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["state.h5", "epoch-1.h5"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.ESTALE, errno.ENOTDIR])
def test_a_folder_of_checkpoints_that_tells_nothing_is_not_taken_for_none(
    name, number, begun, monkeypatch
):
    """Where nothing may be looked for in a folder, training would start over."""
    error, before = OSError(number, "?"), contents(begun.folder)
    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", refusing_of(error, name, os.lstat))
        with pytest.raises(InputError, match=rf"{name}: {os.strerror(number)}"):
            script.restore(begun, 784)
    assert contents(begun.folder) == before


@pytest.mark.parametrize("name", ["state.h5", "epoch-1.h5"])
def test_a_checkpoint_that_memory_is_too_short_for_stays(name, begun, monkeypatch):
    before = contents(begun.folder)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refusing_of(MemoryError(), name, Path.open))
        with pytest.raises(MemoryError):
            script.restore(begun, 784)
    with monkeypatch.context() as patch:
        patch.setattr("topodream.files.storage.most_bytes", lambda: 1000)
        with pytest.raises(InputError, match=r"state.h5: [\d,]* bytes, at most 1,000 are sensible"):
            script.restore(begun, 784)
    assert contents(begun.folder) == before


def test_a_link_to_nothing_is_no_checkpoint_that_can_be_done_without(begun):
    """What it leads to may lie on a disk that isn't there for the moment."""
    state = begun.folder / "state.h5"
    state.unlink()
    state.symlink_to("nowhere/state.h5")
    with pytest.raises(InputError, match="a link to .*nowhere/state.h5: no such file"):
        script.restore(begun, 784)
    assert state.is_symlink()


# ------------------------------------------------------------------ files


@pytest.mark.parametrize("kind", [OSError, RuntimeError])
def test_hdf5_that_fails_on_the_bytes_that_were_written_is_no_damage(kind, tmp_path, monkeypatch):
    """As it does where memory is short, in words of many kinds."""
    write_hdf5(tmp_path / "x.h5", Content("map", SMALL, {}), ORIGIN)

    def fail(*_):
        raise kind("Can't synchronously read data (filter returned failure during read)")

    monkeypatch.setattr(h5py.Dataset, "__getitem__", fail)
    with pytest.raises(InputError, match="cannot read .*its digest is right: .*filter") as caught:
        read_hdf5(tmp_path / "x.h5", ("map",))
    assert not isinstance(caught.value, ContentError)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_reading_a_part_takes_no_memory_for_the_rest(tmp_path):
    """A file of 64 MiB: a few numbers of it take less than a quarter, all of it no second copy."""
    arrays = {"large": np.random.default_rng(0).random((1024, 8192)), "small": np.ones(3)}
    write_hdf5(tmp_path / "x.h5", Content("map", arrays, {}), ORIGIN)
    write_hdf5(tmp_path / "y.h5", Content("map", SMALL, {}), ORIGIN)
    code = """
import re, sys
from pathlib import Path
from topodream.files.storage import read_hdf5
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
read = lambda file, name: read_hdf5(Path(sys.argv[1]) / file, ("map",), [name])
read("y.h5", "")
before = peak()
read("x.h5", "small")
part = peak() - before
read("x.h5", "large")
print(part, peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    part, whole = (int(kib) / 2**10 for kib in done.stdout.split())
    assert part < 16
    assert 48 < whole < 96


@pytest.mark.parametrize("name", ["x.h5", "x.json"])
def test_a_chain_whose_files_are_refused_is_not_called_damaged(name, tmp_path, monkeypatch):
    write_files(tmp_path)
    denied = OSError(errno.EACCES, "?")
    for method in ("open", "read_bytes"):
        monkeypatch.setattr(Path, method, refusing_of(denied, name, getattr(Path, method)))
    with pytest.raises(InputError, match=f"cannot read .*{name}: Permission denied"):
        lineage.Shelf(tmp_path)._digest(tmp_path / name)


def test_a_folder_that_can_not_be_listed_is_not_verified_in_silence(tmp_path, monkeypatch):
    write_json(tmp_path / "deeper" / "y.json", {"a": 1})
    assert list(verify_files.files_in(tmp_path)) == [tmp_path / "deeper" / "y.json"]
    denied = PermissionError(errno.EACCES, "?")
    monkeypatch.setattr(os, "scandir", refusing_of(denied, "deeper", os.scandir))
    with pytest.raises(PermissionError):
        list(verify_files.files_in(tmp_path))


def test_git_that_can_not_be_started_is_not_said_to_be_missing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EMFILE, "?")

    monkeypatch.setattr(subprocess, "run", refuse)
    said = commits.last_commit(tmp_path, {"a": b""})
    assert said == "unknown (git could not be started: Too many open files)"
