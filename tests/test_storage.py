import errno
import hashlib
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from conftest import ROOT, forged

from topodream.files.digests import content_digest
from topodream.files.errors import InputError
from topodream.files.storage import (
    Content,
    check_array,
    check_writable,
    complete,
    read_hdf5,
    read_json,
    write_hdf5,
    write_json,
    write_text,
    written_whole,
)

ORIGIN = {"made_by": "a test"}
CONTENT = Content("images", {"train/pixels": np.zeros((250, 4, 4), np.uint8)}, {"source": "here"})


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("one.h5", "two.h5"):
        write_hdf5(tmp_path / name, CONTENT, ORIGIN)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_what_is_written_is_read(tmp_path):
    arrays = {
        "weights": np.random.default_rng(0).random((3, 5), np.float32),
        "snapshots/weights": np.ones((2, 3, 5), np.float16),
        "history/wins": np.arange(6).reshape(2, 3),
    }
    write_hdf5(tmp_path / "map.h5", Content("map", arrays, {"n": 3}), ORIGIN)
    content = read_hdf5(tmp_path / "map.h5", ("map",))
    assert content.attributes["n"] == 3
    assert content.attributes["made_by"] == "a test"
    assert sorted(content.arrays) == sorted(arrays)
    for name, array in arrays.items():
        assert content.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(content.arrays[name], array)


def test_only_the_parts_asked_for_are_read(tmp_path):
    arrays = {"weights": np.ones(3), "snapshots/weights": np.ones((2, 3))}
    write_hdf5(tmp_path / "map.h5", Content("map", arrays, {}), ORIGIN)
    assert list(read_hdf5(tmp_path / "map.h5", ("map",), ["weights"]).arrays) == ["weights"]


def test_the_digest_depends_on_content_only(tmp_path):
    digests = []
    for name, pixel, source in (("a", 0, "x"), ("b", 0, "y"), ("c", 1, "x")):
        arrays = {"train/pixels": np.full((3, 2, 2), pixel, np.uint8)}
        write_hdf5(tmp_path / name, Content("images", arrays, {"source": source}), ORIGIN)
        digests.append(read_hdf5(tmp_path / name, ("images",)).attributes["content_sha256"])
    assert digests[0] == digests[1] != digests[2]


def test_the_digest_tells_equal_bytes_of_another_shape_type_or_name_apart():
    array = np.zeros((2, 3), np.int32)
    others = [{"a": array.reshape(3, 2)}, {"a": array.astype(np.float32)}, {"b": array}]
    digests = {content_digest(arrays) for arrays in [{"a": array}, *others]}
    assert len(digests) == 4


def damaged(path):
    path.write_bytes(path.read_bytes()[:-1000])


def not_hdf5(path):
    path.write_text("hello")


def a_folder(path):
    path.unlink()
    path.mkdir()


def missing(path):
    path.unlink()


def another_layout(path):
    with forged(path) as file:
        file.attrs["layout_version"] = 99


def no_kind(path):
    with forged(path) as file:
        del file.attrs["kind"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damaged, "not a whole HDF5 file"),
        (not_hdf5, "not a whole HDF5 file"),
        (a_folder, "it is a folder"),
        (missing, "no such file"),
        (another_layout, "has layout 99, needed: 3"),
        (no_kind, "holds nothing known, needed: images"),
    ],
)
def test_files_that_can_not_be_used(tmp_path, damage, message):
    path = tmp_path / "data.h5"
    write_hdf5(path, CONTENT, ORIGIN)
    damage(path)
    with pytest.raises(InputError, match=message) as caught:
        read_hdf5(path, ("images",))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_kind(tmp_path):
    write_hdf5(tmp_path / "data.h5", CONTENT, ORIGIN)
    with pytest.raises(InputError, match="holds images, needed: tapestry or map"):
        read_hdf5(tmp_path / "data.h5", ("tapestry", "map"))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), written_whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_written_beside_their_place_under_names_of_their_own(tmp_path):
    with written_whole(tmp_path / "x.png") as one, written_whole(tmp_path / "x.png") as other:
        assert one.parent == other.parent == tmp_path
        assert one != other
        assert one.suffix == ".png"
        one.write_text("1")
        other.write_text("2")
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_what_a_killed_writer_left_is_removed_by_the_next_but_an_hour_later(tmp_path):
    old, fresh, other = (tmp_path / f".0123456{n}.{name}" for n, name in enumerate("xxy"))
    for path in (old, fresh, other):
        path.write_text("half")
    for path in (old, other):
        os.utime(path, (0, 0))
    write_text(tmp_path / "x", "whole")
    assert sorted(tmp_path.iterdir()) == [fresh, other, tmp_path / "x"]


def test_images_are_stored_in_chunks_for_random_reads(tmp_path):
    write_hdf5(tmp_path / "data.h5", CONTENT, ORIGIN)
    with h5py.File(tmp_path / "data.h5") as file:
        pixels = file["train/pixels"]
        assert pixels.chunks == (100, 4, 4)
        assert (pixels.compression, pixels.compression_opts) == ("gzip", 4)


@pytest.mark.parametrize("name", ["", "folder"])
def test_a_name_that_is_no_files(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="it is a folder"):
        check_writable(tmp_path / name)


def test_a_full_disk_is_one_clear_error(tmp_path):
    with (
        pytest.raises(InputError, match="cannot write .*: No space left on device"),
        written_whole(tmp_path / "data.txt"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_folder_that_can_not_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"), written_whole(tmp_path / "file" / "x"):
        pass


def test_json_refuses_what_is_no_number(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"), [("{", "not a JSON file"), ("[1]", "has to hold keys and values")]
)
def test_json_that_can_not_be_used(tmp_path, text, message):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_json(tmp_path / "x.json")


# ------------------------------------------------------------------ damage is noticed


@pytest.fixture
def written(tmp_path):
    """An HDF5 file of several arrays, and a JSON file."""
    arrays = {"state/weights": np.ones((4, 5), np.float32), "history/wins": np.arange(3)}
    write_hdf5(tmp_path / "map.h5", Content("map", arrays, {"n": 3, "name": "one"}), ORIGIN)
    write_json(tmp_path / "x.json", {"b": [1, 2.5], "a": {"text": "ä"}})
    return tmp_path


@pytest.mark.parametrize("parts", [("",), ("history/",), ()])
def test_any_byte_that_changes_is_noticed_whatever_is_read(parts, written):
    path = written / "map.h5"
    raw = path.read_bytes()
    for at in range(0, len(raw), 97):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 16]) + raw[at + 1 :])
        with pytest.raises(InputError, match=r"map.h5: damaged \(.*; delete it so that it is made"):
            read_hdf5(path, ("map",), parts)
    path.write_bytes(raw)
    read_hdf5(path, ("map",), parts)


def test_the_digest_can_be_checked_without_this_project(written):
    raw = (written / "map.h5").read_bytes()
    assert hashlib.sha256(raw[512:]).hexdigest() in raw[:512].decode()
    with h5py.File(written / "map.h5") as file:  # to HDF5 it is a file like any other
        assert file.attrs["n"] == 3


def test_json_is_read_as_it_was_written(written):
    assert read_json(written / "x.json") == {"b": [1, 2.5], "a": {"text": "ä"}}


@pytest.mark.parametrize(("old", "new"), [("2.5", "2.4"), ('"a"', '"c"'), ("content", "contenu")])
def test_a_change_of_json_is_noticed_unless_its_digest_is_taken_out(old, new, written):
    path = written / "x.json"
    path.write_text(path.read_text().replace(old, new))
    if old == "content":
        assert read_json(path)["b"] == [1, 2.5]
        return
    with pytest.raises(InputError, match=r"x.json: damaged \(its digest is that of another"):
        read_json(path)


@pytest.mark.parametrize("name", ["map.h5", "x.json"])
def test_behind_a_link_the_damaged_file_is_named(name, written):
    path, entry = written / name, written / "cache" / "entry"
    entry.parent.mkdir()
    path.rename(entry)
    path.symlink_to(entry)
    read = (lambda: read_hdf5(path, ("map",))) if name == "map.h5" else (lambda: read_json(path))
    read()  # a sound one is as good as a file
    entry.write_bytes(entry.read_bytes()[:-9])
    with pytest.raises(InputError) as caught:
        read()
    assert f"{path}, a link to {entry}: damaged (" in str(caught.value)
    assert str(caught.value).endswith("; delete both so that it is made again")
    entry.unlink()
    with pytest.raises(InputError, match=f"cannot read {path}, a link to {entry}: no such file"):
        read()


@pytest.mark.parametrize("read", [read_json, lambda path: read_hdf5(path, ("map",))])
def test_a_pipe_is_not_waited_for_nor_a_device_read_to_its_end(read, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(InputError, match=f"{name}.*: it is a pipe, a device or a socket"):
            read(tmp_path / name)


@pytest.mark.parametrize("read", [read_json, lambda path: read_hdf5(path, ("map",))])
def test_what_is_larger_than_can_be_is_not_read(read, written):
    for name in ("map.h5", "x.json"):
        os.truncate(written / name, 2**42)
        with pytest.raises(InputError, match=r"4,398,046,511,104 bytes, at most .* are sensible"):
            read(written / name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"chunks": (1, 1), "compression": "gzip"}, r"claims [\d,]* bytes, and 0 are stored"),
        ({}, r"claims [\d,]* bytes, and 0 are stored"),
        ({"external": [("/dev/zero", 0, 2**50)]}, "refers to other files"),
    ],
)
@pytest.mark.parametrize("length", [2**40, 1000])
def test_a_shape_that_nobody_filled_is_not_believed(options, said, length, written):
    with forged(written / "map.h5") as file:
        file.create_dataset("huge", (length, 9), "f4", **options)
    with pytest.raises(InputError, match=f"damaged .*huge {said}"):
        read_hdf5(written / "map.h5", ("map",))


def test_what_unpacks_to_more_than_there_is_room_for_is_not_read(written, monkeypatch):
    arrays = {"zeros": np.zeros((100, 1000, 10), np.uint8)}
    write_hdf5(written / "zeros.h5", Content("map", arrays, {}), ORIGIN)
    monkeypatch.setattr("topodream.files.storage.most_bytes", lambda: 999_999)
    with pytest.raises(
        InputError, match="cannot read .*1,000,000 bytes of /zeros, at most 999,999"
    ):
        read_hdf5(written / "zeros.h5", ("map",))


@pytest.mark.parametrize("value", ["text", np.zeros(3, "i4,f8"), h5py.Empty("f4")])
def test_arrays_hold_numbers(value, written):
    with forged(written / "map.h5") as file:
        file["other"] = value
    with pytest.raises(InputError, match="map.h5: damaged"):
        content = read_hdf5(written / "map.h5", ("map",))
        with complete(written / "map.h5"):
            check_array("other", content.arrays["other"], (3,), "float32")


def test_a_name_with_a_line_break_leaves_the_error_on_one_line(tmp_path):
    with pytest.raises(InputError) as caught:
        read_json(tmp_path / "a\nb\x1b.json")
    assert str(caught.value).endswith(r"a\nb\x1b.json: no such file")


@pytest.mark.parametrize("limit", [0, 600, 3000])
def test_a_file_that_may_not_grow_leaves_the_old_one(limit, written):
    """In a process of its own: what HDF5 does as it ends is of interest too."""
    before = {path.name: path.read_bytes() for path in written.iterdir()}
    code = f"""
import resource, sys
sys.path.insert(0, {str(ROOT / "src")!r})
from pathlib import Path
import numpy as np
from topodream.files import cli
from topodream.files.storage import Content, write_hdf5
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, -1))
arrays = {{"weights": np.ones((50, 50)), "stack": np.ones((3, 50, 50))}}
cli.run(lambda: write_hdf5(Path("map.h5"), Content("map", arrays, {{}}), {{}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=written, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "-c: error: cannot write map.h5: File too large\n"
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before
