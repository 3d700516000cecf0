import errno
import gzip
import hashlib
import http.server
import json
import os
import struct
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import forged
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from topodream.data import idx, mnist, pan, samples, tapestry
from topodream.data.eye import Eye
from topodream.data.kind import DataSize
from topodream.data.pan import Walk, cut_windows, walk_corners
from topodream.data.tapestry import weave_tapestry
from topodream.files.errors import InputError
from topodream.files.storage import Content, read_hdf5, write_hdf5
from topodream.form import Form

IMAGES = np.arange(3 * 2 * 2, dtype=np.uint8).reshape(3, 2, 2)
LABELS = np.array([7, 1, 2], np.uint8)
ORIGIN = {"made_by": "a test"}
FIRST = "train-images-idx3-ubyte"


def raw_files(images=IMAGES, labels=LABELS):
    names = list(mnist.MNIST_SHA256)
    arrays = (images, labels, images, labels)
    return {name: idx.to_idx(array) for name, array in zip(names, arrays, strict=True)}


def write_folder(folder, files, compress=False):
    folder.mkdir(exist_ok=True)
    for name, raw in files.items():
        path = folder / (f"{name}.gz" if compress else name)
        path.write_bytes(gzip.compress(raw) if compress else raw)
    return folder


# ------------------------------------------------------------------ IDX


def test_idx_as_the_format_says():
    raw = b"\x00\x00\x08\x03" + struct.pack(">III", 3, 2, 2) + bytes(range(12))
    np.testing.assert_array_equal(idx.parse_idx(raw, "f"), IMAGES)


@given(hnp.arrays(np.uint8, hnp.array_shapes(max_dims=3, max_side=4)))
def test_idx_there_and_back(array):
    np.testing.assert_array_equal(idx.parse_idx(idx.to_idx(array), "f"), array)


@given(st.binary(max_size=40))
def test_any_bytes_are_an_array_or_one_clear_error(raw):
    try:
        idx.parse_idx(raw, "some-file")
    except InputError as error:
        assert str(error).startswith("some-file: ")
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (idx.to_idx(IMAGES)[:-1], "f: truncated, 27 bytes where its header says 28"),
        (idx.to_idx(IMAGES) + b"x", "f: too long, 29 bytes where its header says 28"),
        (idx.to_idx(IMAGES)[:9], "f: truncated, 9 bytes end within its header"),
        (b"PNG...", "f: not an IDX file"),
        (b"", "f: not an IDX file"),
        (b"\x00\x00\x08\x02" + b"\xff" * 8, "f: truncated, 12 bytes where"),
        (b"\x00\x00\x08\x64" + b"\xff" * 400, "f: not an IDX file .*1 to 4 axes"),
        (b"\x00\x00\x08\x00x", "f: not an IDX file .*1 to 4 axes"),
        (b"\x00\x00\x08\x02" + b"\x00" * 4 + b"\xff" * 4, "f: empty, its shape is"),
    ],
)
def test_damaged_idx(raw, message):
    with pytest.raises(InputError, match=message):
        idx.parse_idx(raw, "f")


@pytest.mark.parametrize("compress", [False, True])
def test_folder_of_plain_or_gzipped_files(tmp_path, compress):
    folder = write_folder(tmp_path / "idx", raw_files(), compress)
    assert idx.read_idx_folder(folder) == raw_files()


def test_missing_folder_and_missing_file(tmp_path):
    with pytest.raises(InputError, match="no folder .*nowhere"):
        idx.read_idx_folder(tmp_path / "nowhere")
    files = raw_files()
    del files["t10k-labels-idx1-ubyte"]
    with pytest.raises(InputError, match="no file t10k-labels-idx1-ubyte or t10k"):
        idx.read_idx_folder(write_folder(tmp_path / "idx", files))


def renamed(folder, rename):
    """A folder of IDX files whose names ``rename`` changes."""
    write_folder(folder, raw_files())
    for path in sorted(folder.iterdir()):
        path.rename(folder / rename(path.name))
    return folder


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("-idx", ".idx"),
        lambda name: name.replace("-", "_"),
        lambda name: name.upper(),
        lambda name: "emnist-byclass-" + name.replace("t10k", "test"),
    ],
    ids=["dot", "underscore", "upper case", "EMNIST"],
)
def test_files_by_the_names_that_users_have(tmp_path, rename):
    assert idx.read_idx_folder(renamed(tmp_path / "idx", rename)) == raw_files()


def test_an_upper_case_gz_is_unpacked(tmp_path):
    folder = write_folder(tmp_path / "idx", raw_files(), compress=True)
    for path in sorted(folder.iterdir()):
        path.rename(folder / path.name.upper())
    assert idx.read_idx_folder(folder) == raw_files()


@pytest.mark.parametrize("name", ["train-images", "._train-images-idx3-ubyte", "train-images.idx3"])
def test_other_names_are_those_of_other_files(tmp_path, name):
    folder = write_folder(tmp_path / "idx", raw_files())
    (folder / name).write_bytes(b"something else")
    assert idx.read_idx_folder(folder) == raw_files()


def test_a_folder_of_the_files_name_beside_the_file_or_around_it(tmp_path):
    folder = write_folder(tmp_path / "idx", raw_files(), compress=True)
    for path in sorted(folder.iterdir()):
        path.with_suffix("").mkdir()
    assert idx.read_idx_folder(folder) == raw_files()
    for path in sorted(folder.glob("*.gz")):
        path.rename(path.with_suffix("") / path.name)
    assert idx.read_idx_folder(folder) == raw_files()


def test_several_files_of_one_name_have_to_hold_the_same(tmp_path):
    folder = write_folder(tmp_path / "idx", raw_files(), compress=True)
    write_folder(folder, raw_files())
    assert idx.read_idx_folder(folder) == raw_files()
    other = folder / "train-images.idx3-ubyte"
    other.write_bytes(idx.to_idx(IMAGES + 1))
    said = "train-images-idx3-ubyte: .*train-images-idx3-ubyte and .*train-images.idx3-ubyte differ"
    with pytest.raises(InputError, match=said):
        idx.read_idx_folder(folder)
    other.write_bytes(b"")  # half unpacked
    with pytest.raises(InputError, match=r"images\.idx3-ubyte: not an IDX file"):
        idx.read_idx_folder(folder)


def test_a_link_that_leads_nowhere_counts_only_where_no_file_does(tmp_path):
    folder = write_folder(tmp_path / "idx", raw_files(), compress=True)
    link = folder / "train-images-idx3-ubyte"
    link.symlink_to(tmp_path / "gone")
    assert idx.read_idx_folder(folder) == raw_files()
    link.with_name(f"{link.name}.gz").unlink()
    with pytest.raises(InputError, match="ubyte, a link to .*gone: no such file"):
        idx.read_idx_folder(folder)


def test_what_is_still_packed_says_so(tmp_path):
    folder = tmp_path / "idx"
    folder.mkdir()
    (folder / "mnist-dataset.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match="no file train-images-idx3-ubyte or .*; unpack mnist-dat"):
        idx.read_idx_folder(folder)
    with pytest.raises(InputError, match="no folder .*mnist-dataset.zip, it is a file: unpack it"):
        idx.read_idx_folder(folder / "mnist-dataset.zip")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_one_line(tmp_path):
    folder = write_folder(tmp_path / "idx", raw_files())
    for mode in (0o000, 0o200, 0o600):
        folder.chmod(mode)
        with pytest.raises(InputError, match="Permission denied"):
            idx.read_idx_folder(folder)
    folder.chmod(0o700)


def test_a_folder_that_is_refused_is_one_line(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "idx", raw_files())

    def refuse(_):
        raise PermissionError(errno.EACCES, "no")

    for method in ("iterdir", "is_dir"):
        with monkeypatch.context() as patch, pytest.raises(InputError, match="idx: Permission den"):
            patch.setattr(Path, method, refuse)
            idx.read_idx_folder(folder)


def little_endian(array):
    raw = idx.to_idx(array)
    end = 4 + 4 * array.ndim
    return raw[:4] + np.array(array.shape, "<u4").tobytes() + raw[end:]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("shape", [(3, 2, 2), (60, 28, 28), (300,)])
def test_little_endian_sizes_are_called_so(tmp_path, compress, shape):
    raw = little_endian(np.ones(shape, np.uint8))
    folder = write_folder(tmp_path / "idx", raw_files() | {FIRST: raw}, compress)
    sizes = " x ".join(map(str, shape))
    said = rf"sizes in its header are little-endian \({sizes}\), those of an IDX file are big-en"
    with pytest.raises(InputError, match=said):
        idx.read_idx_folder(folder)


def test_sizes_that_only_look_little_endian_are_read(tmp_path):
    images = np.zeros((256, 256, 256), np.uint8)  # backwards: 65536 x 65536 x 65536
    labels = np.zeros(2**24, np.uint8)  # backwards: 1
    for array in (images, labels):
        folder = write_folder(tmp_path / "idx", raw_files() | {FIRST: idx.to_idx(array)})
        raw = idx.read_idx_folder(folder)[FIRST]
        assert idx.parse_idx(raw, "f").shape == array.shape


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\x03\x08\0\0" + b"\x01\0\0\0" * 3 + b"x", "its header is little-endian"),
        (b"PK\x03\x04 and more", "a zip archive: unpack it"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"\xfd7zXZ\0", "packed by xz"),
        (b"version https://git-lfs.github.com/spec/v1", "perhaps a pointer of Git LFS"),
    ],
)
def test_what_is_no_idx_file_is_called_what_it_is(raw, said):
    with pytest.raises(InputError, match=rf"f: not an IDX file .*\({said}"):
        idx.parse_idx(raw, "f")


def test_damaged_gzip(tmp_path):
    folder = write_folder(tmp_path / "idx", raw_files(), compress=True)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match="damaged gzip file"):
        idx.read_idx_folder(folder)


def test_a_file_is_unpacked_no_further_than_its_header_says(tmp_path):
    folder = write_folder(tmp_path / "idx", raw_files(), compress=True)
    path = folder / "train-images-idx3-ubyte.gz"
    bomb = gzip.compress(bytes(2**24))
    path.write_bytes(path.read_bytes() + bomb * 2000)  # 32 GB in as many MB
    raw = idx.read_idx_folder(folder)
    with pytest.raises(InputError, match="train-images-idx3-ubyte: too long, 29 bytes where its"):
        mnist.mnist_content("idx", raw)
    path.write_bytes(gzip.compress(b"\0\0\x08\x04" + b"\xff" * 16) + bomb * 2000)
    with pytest.raises(
        InputError, match="images-idx3-ubyte.gz: .* bytes, by its header, do not fit"
    ):
        idx.read_idx_folder(folder)


def test_a_pipe_among_the_files_is_not_waited_for(tmp_path):
    folder = write_folder(tmp_path / "idx", raw_files())
    (folder / "train-images-idx3-ubyte").unlink()
    os.mkfifo(folder / "train-images-idx3-ubyte")
    with pytest.raises(InputError, match="it is a pipe"):
        idx.read_idx_folder(folder)


def put(name, value):
    def damage(file):
        if name in file:
            del file[name]
        file[name] = value

    return damage


def say(name, value):
    def damage(file):
        file.attrs[name] = value

    return damage


IMAGES_FILE = {
    "train/pixels": np.ones((3, 4, 5), np.uint8),
    "train/labels": np.ones(3, np.uint8),
    "train/corners": np.ones((3, 2), np.int64),
    "held_out/pixels": np.ones((2, 4, 5), np.uint8),
}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (put("train/pixels", np.ones((3, 4, 5))), "train/pixels of type float64 in place of uint8"),
        (put("train/pixels", np.ones((3, 20), np.uint8)), r"train/pixels of shape \(3, 20\) in pl"),
        (put("train/pixels", np.ones((0, 4, 5), np.uint8)), "train/pixels is empty"),
        (put("held_out/pixels", np.ones((3, 4, 4), np.uint8)), "samples differ in shape"),
        (put("train/labels", np.ones(2, np.uint8)), r"labels of shape \(2,\) in place of \(3,\)"),
        (put("train/labels", np.ones(3)), "train/labels of type float64"),
        (put("train/corners", np.ones((2, 2), np.int64)), "train/corners of shape"),
        (put("train/labels", "text"), "train/labels holds object, not numbers"),
        (say("described", b"\xff"), "surrogates not allowed"),
        (say("described", 3), "described is int64, not a text"),
        (say("licence", ["a", "b"]), "licence is ndarray, not a text"),
    ],
)
def test_data_of_a_right_digest_and_a_wrong_content(damage, said, tmp_path):
    attributes = {"described": "ones", "licence": "none"}
    path = tmp_path / "digits.h5"
    write_hdf5(path, Content("images", IMAGES_FILE, attributes), ORIGIN)
    assert len(samples.read_data(path).train.pixels) == 3
    with forged(path) as file:
        damage(file)
    with pytest.raises(InputError, match=rf"digits.h5: damaged \(.*{said}"):
        samples.read_data(path)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (say("image_size", 3), "images of 3 pixels make no tapestry of 8"),
        (say("image_size", 8), "images of 8 pixels make no tapestry of 8"),
        (say("image_size", 0), "images of 0 pixels make no tapestry of 8"),
        (say("image_size", "text"), "invalid literal for int"),
        (put("held_out/pixels", np.ones((8, 4), np.uint8)), r"held_out/pixels of shape \(8, 4\)"),
        (put("train/pixels", np.ones((8, 8), np.int8)), "train/pixels of type int8"),
    ],
)
def test_a_tapestry_of_a_right_digest_and_a_wrong_content(damage, said, tmp_path):
    woven = {f"{part}/pixels": np.ones((8, 8), np.uint8) for part in samples.PARTS}
    attributes = {"described": "ones", "licence": "none", "image_size": 4}
    path = tmp_path / "tapestry.h5"
    write_hdf5(path, Content("tapestry", woven, attributes), ORIGIN)
    assert tapestry.read_tapestry(path).image_size == 4
    with forged(path) as file:
        damage(file)
    with pytest.raises(InputError, match=rf"tapestry.h5: damaged \(.*{said}"):
        tapestry.read_tapestry(path)


def test_labels_that_do_not_belong_to_the_images():
    with pytest.raises(
        InputError,
        match=r"train-labels.*holds uint8 of shape \(2,\), needed: uint8 of shape \(3,\)",
    ):
        mnist.mnist_content("idx", raw_files(labels=LABELS[:2]))
    with pytest.raises(InputError, match="needed: uint8, images x rows x columns"):
        mnist.mnist_content("idx", raw_files(images=LABELS))


def test_parts_with_images_of_different_sizes():
    other = np.zeros((3, 2, 4), np.uint8)
    files = dict(zip(mnist.MNIST_SHA256, [*raw_files().values()][:2] * 2, strict=True))
    files["t10k-images-idx3-ubyte"] = idx.to_idx(other)
    message = r"training images are \(2, 2\) pixels, held-out ones \(2, 4\)"
    with pytest.raises(InputError, match=message):
        mnist.mnist_content("idx", files)


def test_other_images_are_not_called_mnist():
    attributes = mnist.mnist_content("idx", raw_files()).attributes
    assert attributes["described"] == "IDX images, source idx"
    assert attributes["licence"] == "as its owner says"


# ------------------------------------------------------------------ sources


def test_embedded_digits_are_4000_to_train_on_and_1000_held_out(digits):
    assert digits["train/pixels"].shape == (4000, 28, 28)
    assert digits["held_out/pixels"].shape == (1000, 28, 28)
    assert np.bincount(digits["train/labels"]).tolist() == [400] * 10
    assert np.bincount(digits["held_out/labels"]).tolist() == [100] * 10
    indices = np.concatenate([digits["train/indices"], digits["held_out/indices"]])
    assert len(set(indices)) == 5000
    assert indices.max() < 60_000


def test_embedded_digits_begin_as_mnist_does(digits):
    # The labels of MNIST's first training images, and the order in which they come.
    assert digits["train/labels"][:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert digits["train/indices"][:3567].tolist() == list(range(3567))


@pytest.mark.skipif("MNIST_FOLDER" not in os.environ, reason="MNIST_FOLDER names no IDX files")
def test_embedded_digits_are_those_of_mnist(digits):
    raw = idx.read_idx_folder(Path(os.environ["MNIST_FOLDER"]))
    mnist.check_sha256(raw, mnist.MNIST_SHA256, "MNIST_FOLDER")
    images = idx.parse_idx(raw["train-images-idx3-ubyte"], "images")
    labels = idx.parse_idx(raw["train-labels-idx1-ubyte"], "labels")
    for part in samples.PARTS:
        indices = digits[f"{part}/indices"]
        np.testing.assert_array_equal(digits[f"{part}/pixels"], images[indices])
        np.testing.assert_array_equal(digits[f"{part}/labels"], labels[indices])


def test_selection_takes_the_first_of_each_class_in_order():
    labels = np.array([1, 0, 1, 1, 0, 0, 1, 0])
    train, held_out = mnist.select_balanced(labels, n_train=2, n_held_out=1)
    assert train.tolist() == [0, 1, 2, 4]
    assert held_out.tolist() == [3, 5]
    with pytest.raises(InputError, match="fewer than 5"):
        mnist.select_balanced(labels, 3, 2)


class Server(http.server.ThreadingHTTPServer):
    """Serves the bytes it was given by path, and counts requests."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.asked = files, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def address(self, folder):
        return f"http://127.0.0.1:{self.server_address[1]}/{folder}/"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    """A server with a right mirror, one of another data set, one of damaged files."""
    good, files = raw_files(), {}
    for name, raw in good.items():
        files[f"/right/{name}.gz"] = gzip.compress(raw)
        files[f"/wrong/{name}.gz"] = gzip.compress(raw + b"!")
        files[f"/damaged/{name}.gz"] = gzip.compress(raw)[:20]
    server = Server(files)
    yield server, good, {name: hashlib.sha256(raw).hexdigest() for name, raw in good.items()}
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("first", ["wrong", "damaged", "missing"])
def test_the_next_mirror_serves_what_the_first_does_not(served, tmp_path, first, monkeypatch):
    monkeypatch.setattr(mnist, "DOWNLOAD_TRIES", 1)
    server, good, expected = served
    mirrors = [server.address(first), server.address("right")]
    assert mnist.read_mirror(mirrors, tmp_path, expected) == good


def test_what_was_downloaded_is_not_fetched_again(served, tmp_path):
    server, good, expected = served
    for _ in range(2):
        assert mnist.read_mirror([server.address("right")], tmp_path, expected) == good
    assert len(server.asked) == 4


def test_a_download_with_a_wrong_hash_is_refused_and_not_kept(served, tmp_path):
    server, _, expected = served
    with pytest.raises(InputError, match="no mirror served MNIST; .*has sha256 .* expected"):
        mnist.read_mirror([server.address("wrong")], tmp_path, expected)
    assert list(tmp_path.iterdir()) == []


def test_a_spoilt_file_in_the_cache_is_fetched_anew(served, tmp_path):
    server, good, expected = served
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"spoilt")
    assert mnist.read_mirror([server.address("right")], tmp_path, expected) == good


def test_keras_without_tensorflow_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorflow", None)
    with pytest.raises(InputError, match="needs TensorFlow: .*pip install"):
        mnist.read_keras()


def fake_keras(monkeypatch, load_data):
    import sys
    import types

    module = types.ModuleType("tensorflow.keras.datasets")
    module.mnist = types.SimpleNamespace(load_data=load_data)
    for name in ("tensorflow", "tensorflow.keras"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "tensorflow.keras.datasets", module)


def test_keras_that_can_not_download_is_one_clear_error(monkeypatch):
    def offline():
        raise Exception("URL fetch failure on https://...: None -- Name or service not known")

    fake_keras(monkeypatch, offline)
    with pytest.raises(InputError, match="Keras could not load MNIST: URL fetch failure"):
        mnist.read_keras()


def test_keras_with_other_pixels_is_refused(monkeypatch):
    fake_keras(monkeypatch, lambda: ((IMAGES, LABELS), (IMAGES, LABELS)))
    with pytest.raises(InputError, match="train-images-idx3-ubyte from Keras has sha256"):
        mnist.read_keras()


def test_keras_has_no_kmnist():
    with pytest.raises(InputError, match="source keras has no set kmnist: mnist or fashion_mnist"):
        mnist.read_keras("kmnist")


@pytest.mark.parametrize("packed", [False, True])
def test_another_published_set_is_checked_and_kept_apart(served, tmp_path, monkeypatch, packed):
    """Of KMNIST only the digests of the packed files are published."""
    server, good, expected = served
    digests = {name: hashlib.sha256(server.files[f"/right/{name}.gz"]).hexdigest() for name in good}
    key = {"packed_sha256": digests} if packed else {"sha256": expected}
    published = mnist.Published("Others", "none", (server.address("wrong"),), **key)
    monkeypatch.setitem(mnist.PUBLISHED, "others", published)
    mirrors = [server.address("right")]
    assert mnist.read_published("others", mirrors, tmp_path) == good
    assert len(list((tmp_path / "others").iterdir())) == 4
    with pytest.raises(InputError, match="no mirror served Others; .*has sha256 .* expected"):
        mnist.read_published("others", None, tmp_path / "new")


def test_files_are_recognised_by_their_digests(monkeypatch):
    raw = raw_files()
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in raw.items()}
    names = tuple("abcdefgh")
    published = mnist.Published("Others", "a licence", (), sha256=digests, classes=names)
    monkeypatch.setitem(mnist.PUBLISHED, "others", published)
    attributes = mnist.mnist_content("idx", raw).attributes
    assert attributes["described"] == "Others, source idx"
    assert attributes["licence"] == "a licence"
    assert json.loads(attributes["classes"]) == list(names)
    assert mnist.KIND.origin_of(FIRST, digests[FIRST]) == "Others's own, as published"
    # Other files that are said to be these get their names of classes, not their licence.
    attributes = mnist.mnist_content("idx", raw_files(IMAGES + 1), name="others").attributes
    assert attributes["described"] == "IDX images said to be Others, source idx"
    assert attributes["licence"] == "as its owner says"
    assert json.loads(attributes["classes"]) == list(names)
    with pytest.raises(InputError, match="source idx: label 7, but only 2 names of classes"):
        mnist.mnist_content("idx", raw, classes=["a", "b"])


def test_transposed_images_are_put_upright(tmp_path):
    images = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    raw = raw_files(images, LABELS[:2])
    content = mnist.mnist_content("idx", raw, transposed=True)
    assert content.arrays["train/pixels"][0].tolist() == [[0, 3], [1, 4], [2, 5]]
    section = {"source": "idx", "folder": str(write_folder(tmp_path / "idx", raw))}
    assert mnist.KIND.size({**section, "transposed": True}, {}) == DataSize(2, 2, 3, 2)
    assert mnist.KIND.size(section, {}) == DataSize(2, 2, 2, 3)


# ------------------------------------------------------------------ tapestry


def test_tapestry_is_filled_column_by_column_and_repeats_at_its_edges():
    images = np.arange(1, 10, dtype=np.uint8)[:, None, None] * np.ones((9, 2, 2), np.uint8)
    # Before the edges repeat: 1 4 7 / 2 5 8 / 3 6 9.
    tiles = weave_tapestry(images, 3, "training")[::2, ::2]
    assert tiles.tolist() == [[1, 4, 1], [2, 5, 2], [1, 4, 1]]


def test_images_keep_their_way_up():
    images = np.array([[[1, 2], [3, 4]]] * 4, np.uint8)
    assert weave_tapestry(images, 2, "training")[:2, :2].tolist() == [[1, 2], [3, 4]]


def test_too_few_images_for_a_tapestry():
    with pytest.raises(InputError, match="3 x 3 needs 9 images, the held-out images are only 3"):
        weave_tapestry(IMAGES, 3, "held-out")


def test_images_that_are_not_square():
    with pytest.raises(InputError, match="square images, these are 2 x 3"):
        weave_tapestry(np.zeros((4, 2, 3), np.uint8), 2, "training")


# ------------------------------------------------------------------ pan sequence


class FixedDraws:
    """Stands in for a generator: gives the accelerations it was told to."""

    def __init__(self, draws):
        self.draws = np.array(draws)

    def uniform(self, low, high, shape):
        assert (low, high) == (-0.7, 0.7)
        assert self.draws.shape == shape
        return self.draws


def test_a_walk_by_hand():
    # Frame 0 at rest in the middle of 840: (420, 420); it moves first, then speeds up.
    # Horizontally by 1 a frame: speeds 1 2 3 3 (limited), positions 420 421 423 426.
    # Vertically by -0.5: speeds -0.5 -1 -1.5, positions 420 419.5 418.5 417 -> cut to int.
    walk = Walk(window=20, hold=20, max_acceleration=0.7, max_speed=3, seed=0)
    corners = walk_corners(walk, 5, 840, 28, FixedDraws([[1.0, -0.5]]))
    assert corners[:, 1].tolist() == [420, 421, 423, 426, 429]
    assert corners[:, 0].tolist() == [420, 419, 418, 417, 415]


def test_a_new_acceleration_every_hold_frames():
    walk = Walk(window=20, hold=2, max_acceleration=0.7, max_speed=3, seed=0)
    corners = walk_corners(walk, 5, 840, 28, FixedDraws([[1.0, 0], [-1.0, 0], [0, 0]]))
    # Speeds after frames 0.. : 1 2 1 0 0
    assert corners[:, 1].tolist() == [420, 421, 423, 424, 424]


def test_both_limits_of_speed_are_those_asked_for():
    walk = Walk(window=20, hold=20, max_acceleration=0.7, max_speed=1, seed=0)
    corners = walk_corners(walk, 4, 840, 28, FixedDraws([[2.0, -2.0]]))
    assert corners[:, 1].tolist() == [420, 421, 422, 423]
    assert corners[:, 0].tolist() == [420, 419, 418, 417]


def test_a_walk_wraps_where_the_tapestry_repeats():
    # A tapestry of 56, images of 28: the period is 28 and the middle, 28, is its beginning.
    walk = Walk(window=20, hold=20, max_acceleration=0.7, max_speed=30, seed=0)
    corners = walk_corners(walk, 3, 56, 28, FixedDraws([[27.0, 28.0]]))
    assert corners[:, 1].tolist() == [0, 27, (27 + 30) % 28]
    assert corners[:, 0].tolist() == [0, 0, (28 + 30) % 28]


def test_positions_below_zero_are_cut_towards_zero():
    # As the notebook's int() does: -0.5 is 0, -1.5 is -1, that is 27 of a period of 28.
    walk = Walk(window=20, hold=1, max_acceleration=0.7, max_speed=30, seed=0)
    draws = [[-28.5, 0], [27.5, 0], [0, 0]]
    corners = walk_corners(walk, 3, 56, 28, FixedDraws(draws))
    assert corners[:, 1].tolist() == [0, 0, 27]


@given(seed=st.integers(0, 50), hold=st.integers(1, 30), speed=st.floats(0, 40))
def test_corners_stay_where_windows_wrap(seed, hold, speed):
    walk = Walk(window=20, hold=hold, max_acceleration=5, max_speed=speed, seed=seed)
    corners = walk_corners(walk, 200, 112, 28, np.random.default_rng(seed))
    assert corners.min() >= 0
    assert corners.max() < 112 - 28


def test_windows_are_cut_at_their_corners():
    tapestry = np.arange(36, dtype=np.uint8).reshape(6, 6)
    windows = cut_windows(tapestry, np.array([[0, 0], [1, 2]]), 2)
    assert windows.tolist() == [[[0, 1], [6, 7]], [[8, 9], [14, 15]]]


def test_a_window_that_wraps_sees_the_other_side(digits):
    tapestry = weave_tapestry(digits["train/pixels"], 4, "training")
    at_seam = cut_windows(tapestry, np.array([[83, 83]]), 20)[0]
    # One pixel further on the period of 84 begins again.
    np.testing.assert_array_equal(at_seam[1:, 1:], cut_windows(tapestry, np.array([[0, 0]]), 19)[0])


ORIGIN = {"made_by": "test", "code_sha256": "0", "versions": "{}"}
PLAIN = Eye("none", "raw", "grey")


def test_pan_sequence_from_files(tmp_path):
    images = mnist.mnist_content("embedded", mnist.read_embedded())
    write_hdf5(tmp_path / "digits.h5", images, ORIGIN)
    write_hdf5(
        tmp_path / "tapestry.h5", tapestry.tapestry_content(tmp_path / "digits.h5", 5), ORIGIN
    )
    walk = Walk(window=20, hold=20, max_acceleration=1, max_speed=3, seed=4)
    n_frames = {"train": 50, "held_out": 30}
    content = pan.pan_content(tmp_path / "tapestry.h5", walk, PLAIN, n_frames)
    assert content.arrays["train/pixels"].shape == (50, 20, 20)
    assert content.arrays["held_out/pixels"].shape == (30, 20, 20)
    # The held-out walk is its own, over images not trained on.
    woven = read_hdf5(tmp_path / "tapestry.h5", ("tapestry",)).arrays["held_out/pixels"]
    corners = content.arrays["held_out/corners"]
    assert corners.tolist() != content.arrays["train/corners"][:30].tolist()
    np.testing.assert_array_equal(
        cut_windows(woven, corners, 20), content.arrays["held_out/pixels"]
    )
    other = Walk(window=20, hold=20, max_acceleration=1, max_speed=3, seed=5)
    again, another = (
        pan.pan_content(tmp_path / "tapestry.h5", each, PLAIN, n_frames) for each in (walk, other)
    )
    for name, array in content.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name])
        assert not np.array_equal(array, another.arrays[name])
    assert content.attributes["max_speed"] == 3
    assert "CC BY-SA" in content.attributes["licence"]
    wide = Walk(window=29, hold=20, max_acceleration=1, max_speed=3, seed=4)
    with pytest.raises(InputError, match="window = 29 is not allowed: at most 28"):
        pan.pan_content(tmp_path / "tapestry.h5", wide, PLAIN, n_frames)


def test_vectors_are_bytes_over_255():
    two = samples.Samples(np.array([[[0, 51], [102, 255]]], np.uint8), None, None, Form(2, 2))
    with warnings.catch_warnings(action="error"):
        assert two.vectors("float64").tolist() == [[0, 0.2, 0.4, 1]]
