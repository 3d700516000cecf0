"""What the operating system refuses is said as that: nothing is called damaged, nothing deleted."""

import errno
import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT
from refusing import surroundings

from topodream.data import mnist
from topodream.files.errors import ContentError, InputError
from topodream.files.reading import is_there
from topodream.files.storage import Content, read_hdf5, write_hdf5
from topodream.origin import notes
from topodream.settings import config
from topodream.training.checkpoints import Checkpoints
from topodream.training.loop import train

ORIGIN = {"made_by": "a test"}
REFUSED = [errno.ESTALE, errno.EIO, errno.EMFILE, errno.EACCES, errno.ENOMEM]
NO_LOCKS = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO, errno.EAGAIN]


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """A function: run a script where the operating system refuses something, if it is told what."""
    folder = tmp_path_factory.mktemp("refusing")

    def run(script, *args, refused=""):
        return subprocess.run(
            [sys.executable, ROOT / "src" / script, *args], env=surroundings(folder, refused),
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
    done = refusing("verify_files.py", written, refused=f"flock 1 {number} /")
    assert (done.stdout, done.returncode) == ("1 files, 0 damaged\n", 0), done.stderr


@pytest.mark.parametrize("number", REFUSED)
def test_a_file_that_can_not_be_opened_is_not_damaged(number, written, refusing):
    done = refusing("verify_files.py", written, refused=f"open 1 {number} file.h5")
    said = f"cannot read {written}: {os.strerror(number)}\n1 files, 0 damaged, 1 could not be read"
    assert (done.stdout, done.returncode) == (f"{said}\n", 1), done.stderr


def test_a_file_is_opened_once(written, refusing):
    done = refusing("verify_files.py", written, refused=f"open 2 {errno.EIO} file.h5")
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

    monkeypatch.setattr("topodream.files.storage._array", refuse)
    with pytest.raises(InputError, match="though its digest is right: memory alloc") as caught:
        read_hdf5(written, ("map",))
    assert not isinstance(caught.value, ContentError)


def test_a_picture_that_can_not_be_read_is_not_damaged(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "whatever")

    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(ContentError, match="damaged"):
        notes.read(tmp_path / "a.png")
    monkeypatch.setattr("topodream.origin.notes.Image.open", refuse)
    with pytest.raises(InputError, match=r"a.png: Input/output error$") as caught:
        notes.read(tmp_path / "a.png")
    assert not isinstance(caught.value, ContentError)


# ------------------------------------------------------------------ checkpoints


# A training that is killed as it is about to write its map: its checkpoint has all epochs.
KILLED = """
import os, sys
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
import train
train.write_map = lambda *_: os._exit(9)
train.main()
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory, catalogue):
    """The files of a training that was killed."""
    folder = tmp_path_factory.mktemp("killed")
    content = mnist.mnist_content("embedded", mnist.read_embedded())
    write_hdf5(folder / "data.h5", content, ORIGIN)
    small = {"epochs": 2, "steps_per_epoch": 5, "engine": "reference"}
    experiment = replace(catalogue.experiments["digits-competition"], **small)
    (folder / "config.yaml").write_text(yaml.safe_dump(config.to_mapping(experiment)))
    command = [sys.executable, "-c", KILLED, ROOT / "src" / "train.py", *options(folder)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 9
    return folder


@pytest.fixture
def begun(killed, tmp_path):
    shutil.copytree(killed, tmp_path / "begun")
    return tmp_path / "begun"


def options(folder):
    names = {"--data": "data.h5", "--config": "config.yaml", "--output": "model.h5"}
    return [part for option, name in names.items() for part in (option, folder / name)]


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "model.checkpoint").iterdir()}


@pytest.mark.parametrize("number", REFUSED)
@pytest.mark.parametrize(("nth", "file"), [(1, "state.h5"), (2, "epoch-1.h5")])
def test_a_checkpoint_that_can_not_be_read_is_kept(number, nth, file, begun, refusing):
    before = bytes_of(begun)
    done = refusing("train.py", *options(begun), refused=f"open {nth} {number} .checkpoint/")
    path = begun / "model.checkpoint" / file
    assert done.stderr == f"train.py: error: cannot read {path}: {os.strerror(number)}\n"
    assert (done.stdout, done.returncode) == ("", 1)
    assert bytes_of(begun) == before


def test_a_checkpoint_is_gone_on_from_once_it_can_be_read(begun, refusing):
    refusing("train.py", *options(begun), refused=f"open 1 {errno.EIO} .checkpoint/")
    done = refusing("train.py", *options(begun), refused=f"flock 1 {errno.ENOLCK} /")
    assert done.stdout == "digits-competition: goes on after epoch 2/2\n", done.stderr
    assert (begun / "model.h5").exists()


@pytest.mark.parametrize("fault", ["flipped", "missing", "settings"])
def test_a_checkpoint_of_wrong_content_is_started_over(fault, begun, refusing):
    path = begun / "model.checkpoint" / "epoch-1.h5"
    if fault == "flipped":
        raw = path.read_bytes()
        path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    elif fault == "missing":
        path.unlink()
    else:
        settings = begun / "config.yaml"
        settings.write_text(settings.read_text().replace("seed: 0", "seed: 7"))
    done = refusing("train.py", *options(begun))
    assert done.stdout.startswith("digits-competition: starts over, "), done.stderr
    assert "epoch 2/2" in done.stdout
    assert done.returncode == 0


def test_a_folder_that_can_not_be_looked_into_is_not_empty(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(errno.EACCES, "whatever")

    monkeypatch.setattr("topodream.files.reading.os.lstat", refuse)
    with pytest.raises(InputError, match="Permission denied$") as caught:
        is_there(tmp_path / "state.h5")
    assert not isinstance(caught.value, ContentError)


def test_a_full_disk_leaves_the_last_checkpoint(small_experiment, digits, tmp_path, monkeypatch):
    experiment = small_experiment(epochs=2, steps_per_epoch=5, engine="reference")
    origin = {**ORIGIN, "code_sha256": "", "versions": "{}", "device": "cpu"}
    checkpoints = Checkpoints(tmp_path / "model.h5", experiment, "d" * 64, origin)
    real = Path.open

    def open_or_fail(self, mode="r", **how):
        if mode == "wb" and "state.h5" in self.name and (self.parent / "state.h5").exists():
            self.write_text("the beginning of it")
            raise OSError(errno.ENOSPC, "whatever")
        return real(self, mode, **how)

    monkeypatch.setattr(Path, "open", open_or_fail)
    pixels = digits["train/pixels"][:20].reshape(20, -1)
    with pytest.raises(InputError, match=r"cannot write .*state.h5: No space left on device"):
        train(experiment, pixels, lambda _: None, lambda _: None, checkpoints.save)
    assert checkpoints.restore(784).epoch == 1
    assert sorted(bytes_of(tmp_path)) == ["epoch-1.h5", "epoch-2.h5", "state.h5"]
