import errno

import h5py
import numpy as np
import pytest
from conftest import forged

from topodream.errors import InputError
from topodream.provenance import content_digest
from topodream.storage import (
    Content,
    check_writable,
    read_hdf5,
    read_json,
    write_hdf5,
    write_json,
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
