"""A person's own images and CIFAR-10: what is read, by hand; what is refused, in one line each."""

import importlib.util
import json
import sys
import types
from functools import partial

import h5py
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from topodream.data import cifar10, raw_files
from topodream.data.image_files import How, parts, read_images
from topodream.data.images import KIND, Split, images_content
from topodream.data.samples import read_data
from topodream.files import cli
from topodream.files.errors import InputError
from topodream.settings.datasets import resolve_dataset
from topodream.traits import LABELS

RNG = np.random.default_rng(0)
GREY = RNG.integers(256, size=(6, 4, 4), dtype=np.uint8)
COLOURS = RNG.integers(256, size=(6, 4, 4, 3), dtype=np.uint8)
LABELLED = np.array([0, 1, 2, 0, 1, 2])


def pictures(folder, arrays, names=None):
    """A folder of PNGs."""
    for place, array in enumerate(arrays):
        path = folder / (names[place] if names else f"{place:03}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)
    return folder


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def npy(path, array):
    np.save(path, array)
    return path


def hdf5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def csv(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def rows(array):
    return [",".join(map(str, image.ravel())) for image in array]


# ------------------------------------------------------------------ what is read


@pytest.mark.parametrize("pixels", [GREY, COLOURS], ids=["grey", "colours"])
def test_every_form_holds_the_same_images(tmp_path, pixels):
    flat = pixels.reshape(6, -1)
    for path in (
        pictures(tmp_path / "folder", pixels),
        npz(tmp_path / "a.npz", x_train=pixels, x_test=pixels[:1]),
        npz(tmp_path / "b.npz", whatever=flat),
        npy(tmp_path / "a.npy", pixels / 255),
        npy(tmp_path / "b.npy", pixels.astype(np.int64)),
        hdf5(tmp_path / "a.h5", **{"train/pixels": pixels}),
        csv(tmp_path / "a.csv", *rows(pixels)),
    ):
        found, labels, classes, said = read_images(path)
        assert np.array_equal(found, pixels), path
        assert (labels, classes) == (None, ())
        assert said in ("6 images", "6 pictures")
        assert parts(path, How())["train"].shape == pixels.shape


def test_labels_as_numbers_and_as_names(tmp_path):
    header = "x," * 16 + "label"
    lines = [f"{row},{label}" for row, label in zip(rows(GREY), LABELLED, strict=True)]
    first = [f"{label},{row}" for row, label in zip(rows(GREY), LABELLED, strict=True)]
    named = np.array(["cat", "dog", "ant", "cat", "dog", "ant"])
    for path, classes in (
        (npz(tmp_path / "a.npz", images=GREY, labels=LABELLED[:, None]), ()),
        (hdf5(tmp_path / "a.h5", images=GREY, labels=LABELLED.astype(float)), ()),
        (csv(tmp_path / "a.csv", header, *lines), ()),
        (csv(tmp_path / "b.csv", *first), ()),
        (npz(tmp_path / "b.npz", images=GREY, labels=named), ("ant", "cat", "dog")),
        (hdf5(tmp_path / "b.h5", images=GREY, labels=named.astype(object)), ("ant", "cat", "dog")),
    ):
        pixels, labels, found, _ = read_images(path, How(labels="file"))
        assert np.array_equal(pixels, GREY), path
        assert found == classes
        assert labels.tolist() == ([1, 2, 0, 1, 2, 0] if classes else LABELLED.tolist())


def test_a_csv_file_without_its_label_column_is_read_without_it(tmp_path):
    header = "label," + ",".join(map(str, range(16)))
    path = csv(tmp_path / "a.csv", header, *(f"7,{row}" for row in rows(GREY)))
    assert np.array_equal(read_images(path)[0], GREY)
    # Columns that are called by their numbers are no image.
    path = csv(tmp_path / "b.csv", header.removeprefix("label,"), *rows(GREY))
    assert np.array_equal(read_images(path)[0], GREY)


def test_shape_says_what_rows_are_and_names_what_arrays_are(tmp_path):
    path = npz(tmp_path / "a.npz", a=GREY.reshape(6, 16), b=GREY)
    how = How(shape=(2, 8), names={"pixels": "a"})
    assert np.array_equal(read_images(path, how)[0], GREY.reshape(6, 2, 8))


def test_subfolders_are_classes_if_so_told(tmp_path):
    folder = pictures(
        tmp_path, GREY, ["b/1.png", "b/x/2.png", "a/1.png", "a/2.png", "c/.h.png", "c/3.png"]
    )
    pixels, labels, classes, _ = read_images(folder, How(labels="folders"))
    assert np.array_equal(pixels, GREY[[2, 3, 0, 1, 5]])
    assert labels.tolist() == [0, 0, 1, 1, 2]
    assert classes == ("a", "b", "c")
    assert read_images(folder)[1] is None


def test_sizes_are_made_alike_as_told(tmp_path):
    wide = np.arange(24, dtype=np.uint8).reshape(4, 6)
    path = pictures(tmp_path, [wide, GREY[0]])
    crop = read_images(path, How(size=(2, 2), fit="crop"))[0]
    assert crop.tolist() == [[[8, 9], [14, 15]], GREY[0, 1:3, 1:3].tolist()]
    cover = read_images(path, How(size=(4, 4), fit="cover"))[0]
    assert cover[0].tolist() == wide[:, 1:5].tolist()
    resized = read_images(path, How(size=(4, 3), fit="resize"))[0]
    assert resized.shape == (2, 4, 3)
    assert np.all(np.diff(resized[0].astype(int), axis=1) > 0)


def test_colours_as_told(tmp_path):
    path = pictures(tmp_path, [GREY[0], np.repeat(GREY[1][..., None], 3, 2)])
    assert np.array_equal(read_images(path, How(colours="grey"))[0], GREY[:2])
    assert read_images(path, How(colours="rgb"))[0].shape == (2, 4, 4, 3)
    npy(tmp_path / "a.npy", COLOURS)
    assert read_images(tmp_path / "a.npy", How(colours="grey"))[0].shape == (6, 4, 4)


# ------------------------------------------------------------------ what is held out


def test_a_share_is_drawn_by_the_seed():
    train, held_out = Split(0.25, 3).draw(10)
    assert (len(train), len(held_out)) == (8, 2)
    assert sorted([*train, *held_out]) == list(range(10))
    assert Split(0.25, 3).draw(10)[1].tolist() == held_out.tolist() == sorted(held_out)
    assert any(Split(0.25, seed).draw(10)[1].tolist() != held_out.tolist() for seed in (4, 5))
    assert Split(0.01, 0).n_held_out(10) == 1


def test_a_folder_of_a_hundred_pictures_becomes_a_data_set(tmp_path, monkeypatch):
    """The first file of each class has its class as its pixels, and so on: all are told apart."""
    arrays = [
        np.full((5, 6, 3), (kind, number, 0), np.uint8) for kind in range(4) for number in range(25)
    ]
    names = [f"{'abcd'[array[0, 0, 0]]}/{array[0, 0, 1]:02}.png" for array in arrays]
    folder, output = pictures(tmp_path / "pictures", arrays, names), tmp_path / "out.h5"
    section = {"path": str(folder), "labels": "folders", "held_out_share": 0.2, "seed": 1}
    run(monkeypatch, "prepare_images", output=output, **section)
    data = read_data(output)
    assert (len(data.train.pixels), len(data.held_out.pixels)) == (80, 20)
    assert data.classes == ("a", "b", "c", "d")
    assert str(data.form) == "5 x 6 pixels in colour"
    assert (
        data.described
        == "100 pictures of 5 x 6 pixels in colour, 0.2 of them held out by the seed 1"
    )
    pixels = np.concatenate([part.pixels[:, 0, 0] for part in (data.train, data.held_out)])
    assert len(np.unique(pixels, axis=0)) == 100
    for part in (data.train, data.held_out):
        assert np.array_equal(part.labels, part.pixels[:, 0, 0, 0])
    size = KIND.size({"kind": "images", **section}, {})
    assert (size.n_train, size.n_held_out, size.n_inputs) == (80, 20, 90)
    once = output.read_bytes()
    folder.rename(tmp_path / "moved")
    run(monkeypatch, "prepare_images", output=output, **section | {"path": tmp_path / "moved"})
    assert output.read_bytes() == once


def run(monkeypatch, name, **options):
    """Run a script as the command line does."""
    script = ROOT / "src" / f"{name}.py"
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    monkeypatch.setattr(sys, "argv", [str(script), *flags])
    spec = importlib.util.spec_from_file_location(f"script_{name}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cli.run(module.main)


def test_held_out_images_of_their_own(tmp_path):
    given = images_content(
        npy(tmp_path / "a.npy", GREY), npy(tmp_path / "b.npy", GREY[:2]), None, How()
    )
    path = npz(
        tmp_path / "a.npz", x_train=GREY, y_train=LABELLED, x_test=GREY[:2], y_test=LABELLED[:2]
    )
    in_one = images_content(path, None, None, How(labels="file"))
    for content in (given, in_one):
        assert np.array_equal(content.arrays["held_out/pixels"], GREY[:2])
    assert in_one.arrays["held_out/labels"].tolist() == [0, 1]
    assert set(json.loads(given.attributes["raw_sha256"])) == {"images", "held-out images"}
    assert set(json.loads(in_one.attributes["raw_sha256"])) == {"images"}


def test_labels_are_known_from_the_section():
    assert KIND.traits({"labels": "folders"}) == KIND.traits({"labels": "file"}) == {LABELS}
    assert KIND.traits({"labels": "none"}) == KIND.traits({}) == frozenset()


# ------------------------------------------------------------------ what is compared


def digest(folder):
    ((file, sha256),) = KIND.raw_files({"path": str(folder)}).values()
    assert raw_files.plain_digest(file) == sha256  # what a cache between workflows compares
    return sha256


def test_another_picture_or_name_is_another_content_and_another_place_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = pictures(tmp_path / "a", GREY[:3])
    seen = [digest(folder)]
    pictures(folder, [GREY[5]])
    seen.append(digest(folder))
    pictures(folder, GREY[:1], ["added.png"])
    seen.append(digest(folder))
    (folder / "added.png").rename(folder / "renamed.png")
    seen.append(digest(folder))
    (folder / "renamed.png").unlink()
    pictures(folder, GREY[:1])
    assert len(set(seen)) == 4
    assert digest(folder) == seen[0]
    folder.rename(tmp_path / "moved")
    assert digest(tmp_path / "moved") == seen[0]
    content = images_content(tmp_path / "moved", None, Split(0.3, 0), How())
    assert json.loads(content.attributes["raw_sha256"]) == {"images": seen[0]}


def test_pictures_are_read_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(raw_files, "SETTLED_AFTER", -1.0)
    folder = pictures(tmp_path / "a", GREY)
    seen = digest(folder)
    with monkeypatch.context() as patch:
        patch.setattr(raw_files, "listed", lambda path: pytest.fail(f"{path} is read"))
        assert digest(folder) == seen
    # The list, which is an input of a rule, is written again if it was removed.
    next((tmp_path / ".snakemake/topodream").glob("pictures-*")).unlink()
    assert digest(folder) == seen


# ------------------------------------------------------------------ what is refused

SPLIT = Split(0.5, 0)
own = partial(images_content, held_out_path=None, split=SPLIT, how=How())


def damaged(path):
    path.write_bytes(path.read_bytes()[:-20])
    return path


REFUSED = {
    "nothing there": (lambda t: own(t / "none"), "cannot read .*none: no such file"),
    "no pictures": (lambda t: own(t), "no pictures below .*: they end in .png"),
    "an unknown suffix": (lambda t: own(csv(t / "a.txt", "1")), "a.txt: images are a folder, or"),
    "mixed sizes": (
        lambda t: own(pictures(t, [GREY[0], GREY[1], GREY[0, :3]])),
        "000.png has 4 x 4 pixels, .*002.png 3 x 4: a data set's size and fit make them",
    ),
    "mixed colours": (
        lambda t: own(pictures(t, [GREY[0], COLOURS[0]])),
        "000.png is grey, .*001.png in colours: colours makes them alike",
    ),
    "too small to crop": (
        lambda t: own(pictures(t, GREY), how=How(size=(5, 4), fit="crop")),
        "000.png: 4 x 4 pixels, smaller than size = 5 x 4",
    ),
    "a picture outside of classes": (
        lambda t: own(pictures(t, GREY[:2], ["a/1.png", "2.png"]), how=How(labels="folders")),
        "2.png: lies in no subfolder; with labels = 'folders' all do",
    ),
    "too many classes": (
        lambda t: own(
            npz(t / "a.npz", x=np.zeros((300, 1, 1), np.uint8), y=np.arange(300).astype(str)),
            how=How(labels="file"),
        ),
        "300 classes, at most 256 are possible",
    ),
    "folders of a file": (
        lambda t: own(npy(t / "a.npy", GREY), how=How(labels="folders")),
        "labels = 'folders' is not allowed: .*a.npy is no folder",
    ),
    "NaN": (
        lambda t: own(npy(t / "a.npy", np.where(GREY[4, 1, 2] == GREY, np.nan, GREY / 255))),
        r"a.npy, array: nan at \[\d, \d, \d\] is not allowed: from 0 to 1",
    ),
    "floats up to 255": (
        lambda t: own(npy(t / "a.npy", np.full((3, 2, 2), 7.0))),
        r"a.npy, array: 7.0 at \[0, 0, 0\] is not allowed: from 0 to 1; floats are, in \[0, 1\]",
    ),
    "negative": (
        lambda t: own(npy(t / "a.npy", -np.ones((3, 2, 2), int))),
        r"a.npy, array: -1 at \[0, 0, 0\] is not allowed: from 0 to 255",
    ),
    "16 bits": (
        lambda t: own(hdf5(t / "a.h5", x=np.array([[[1, 256]]] * 3, np.uint16))),
        r"a.h5, x: 256 at \[0, 0, 1\] is not allowed: from 0 to 255",
    ),
    "complex numbers": (lambda t: own(npy(t / "a.npy", GREY * 1j)), "a.npy, .*holds complex128"),
    "Python objects": (
        lambda t: own(npy(t / "a.npy", np.array([[1, None]] * 3))),
        "a.npy: holds Python objects, needed: numbers",
    ),
    "colours first": (
        lambda t: own(npy(t / "a.npy", COLOURS.transpose(0, 3, 1, 2))),
        r"of shape \(6, 3, 4, 4\), needed: .*colours come last",
    ),
    "rows that are no squares": (
        lambda t: own(npy(t / "a.npy", GREY.reshape(12, 8))),
        "a.npy, array: 8 pixels an image, a square has others: shape says which",
    ),
    "which array": (
        lambda t: own(npz(t / "a.npz", a=GREY, b=GREY)),
        r"a.npz: which array are the pixels\? \(it has 'a', 'b'\): names.pixels says",
    ),
    "no such array": (
        lambda t: own(npz(t / "a.npz", a=GREY), how=How(names={"pixels": "b"})),
        r"a.npz: has no array 'b' \(it has 'a'\)",
    ),
    "no labels": (
        lambda t: own(npz(t / "a.npz", x_train=GREY), how=How(labels="file")),
        "a.npz: has no labels of 'x_train'",
    ),
    "labels of others": (
        lambda t: own(npz(t / "a.npz", x=GREY, y=LABELLED[:5]), how=How(labels="file")),
        r"a.npz, y: of shape \(5,\), needed: \(6,\), one an image",
    ),
    "label 256": (
        lambda t: own(npz(t / "a.npz", x=GREY, y=LABELLED + 254), how=How(labels="file")),
        r"a.npz, y: 256 at \[2\] is not allowed: from 0 to 255",
    ),
    "a damaged npz": (
        lambda t: own(damaged(npz(t / "a.npz", x=GREY))),
        "a.npz: damaged, or not NumPy",
    ),
    "a cut npy": (
        lambda t: own(damaged(npy(t / "a.npy", GREY))),
        "a.npy: .*bytes where its header",
    ),
    "a damaged HDF5": (
        lambda t: own(damaged(hdf5(t / "a.h5", x=GREY))),
        "a.h5: damaged, or not an",
    ),
    "a huge array": (
        lambda t: own(huge(t / "a.h5")),
        "a.h5: .* bytes do not fit into half of the memory",
    ),
    "an empty array": (
        lambda t: own(npy(t / "a.npy", GREY[:0])),
        "a.npy: empty, its images are of",
    ),
    "an empty CSV": (lambda t: own(csv(t / "a.csv", "")), "a.csv: empty, needed: a line for each"),
    "names of columns alone": (
        lambda t: own(csv(t / "a.csv", "a,b,c,d", "", "")),
        "a.csv: empty, below the names of its columns there are no lines",
    ),
    "a short line": (
        lambda t: own(csv(t / "a.csv", "1,2,3,4", "1,2,3")),
        "a.csv: line 2 has 3 values, the first 4",
    ),
    "no number": (
        lambda t: own(csv(t / "a.csv", "1,2,3,4", "1,2,x,4")),
        "a.csv, line 2: 'x' is no number",
    ),
    "256 in a CSV": (
        lambda t: own(csv(t / "a.csv", "1,2,3,4", "1,2,256,4")),
        r"a.csv, line 2: 256.0 at \[2\] is not allowed: from 0 to 255",
    ),
    "a half in a CSV": (
        lambda t: own(csv(t / "a.csv", "1,2,3,4", "1,2,.5,4")),
        "a.csv, line 2: .5 is not allowed: whole numbers from 0 to 255",
    ),
    "no column of labels": (
        lambda t: own(csv(t / "a.csv", "a,b,c,d,e", "1,2,3,4,5"), how=How(labels="file")),
        "a.csv: has no column 'label'",
    ),
    "nothing held out": (
        lambda t: own(npy(t / "a.npy", GREY), split=None),
        "a.npy: has no held-out images: held_out_path says",
    ),
    "held out twice": (
        lambda t: own(npz(t / "a.npz", x_train=GREY, x_test=GREY)),
        "a.npz: held-out images are given; leave held_out_share out",
    ),
    "parts of two sizes": (
        lambda t: own(npz(t / "a.npz", x_train=GREY, x_test=GREY[:, :3]), split=None),
        "training images are 4 x 4 pixels, held-out ones 3 x 4 pixels",
    ),
    "a class that is only held out": (
        lambda t: own(
            npz(t / "a.npz", x_train=GREY, y_train=["a"] * 6, x_test=GREY[:1], y_test=["b"]),
            split=None,
            how=How(labels="file"),
        ),
        "held-out images of the class 'b', there are none to train on",
    ),
    "one image": (lambda t: own(npy(t / "a.npy", GREY[:2])), "1 training images, at least 2"),
}


def huge(path):
    """An HDF5 file of a few bytes that says it holds very many."""
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (2**40, 32, 32), "u1", chunks=(1, 32, 32))
    return path


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_one_line(what, tmp_path):
    call, said = REFUSED[what]
    with pytest.raises(InputError, match=said) as caught:
        call(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"size": {"height": 3, "width": 3}}, "the key fit is missing"),
        ({"fit": "crop"}, "fit = 'crop' is not allowed: left out unless there is a size"),
        ({"held_out_share": 0.5}, "the key seed is missing"),
        (
            {"held_out_share": 0.5, "seed": 0, "held_out_path": "b"},
            "held_out_path = .b. is not",
        ),
        ({"labels": "all"}, "labels = 'all' is not allowed: one of none, folders, file"),
        ({"path": "{a}"}, "path = '{a}' is not allowed"),
    ],
)
def test_sections_that_are_refused(keys, said):
    section = {"kind": "images", "path": "a"} | keys
    with pytest.raises(InputError, match=said):
        resolve_dataset("own", {"own": section})


# ------------------------------------------------------------------ CIFAR-10

# A record by hand: label 3, then the planes: red 1, green 2, blue 250.
RECORD = bytes([3]) + bytes([1]) * 1024 + bytes([2]) * 1024 + bytes([250]) * 1024


def batches(folder, **contents):
    files = {"data_batch_1": RECORD * 2, "data_batch_3": RECORD, "test_batch": RECORD} | contents
    for name, raw in files.items():
        if raw is not None:
            (folder / f"{name}.bin").write_bytes(raw)
    return folder


def test_cifar10_by_hand(tmp_path):
    files = list(cifar10.batches(batches(tmp_path)).values())
    content = cifar10.cifar10_content("binary", files, "rgb")
    assert content.arrays["train/pixels"].shape == (3, 32, 32, 3)
    assert content.arrays["train/pixels"][2, 31, 0].tolist() == [1, 2, 250]
    assert content.arrays["held_out/labels"].tolist() == [3]
    assert content.attributes["colours"] == "rgb"
    assert json.loads(content.attributes["classes"])[3] == "cat"
    assert list(json.loads(content.attributes["raw_sha256"])) == [
        "data_batch_1.bin", "data_batch_3.bin", "test_batch.bin",
    ]  # fmt: skip
    grey = cifar10.cifar10_content("binary", files, "grey").arrays["train/pixels"]
    assert grey.shape == (3, 32, 32)
    assert np.unique(grey).tolist() == [30]  # .299 + 1.174 + 28.5 = 29.97


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ({"data_batch_1": None, "data_batch_3": None}, "no file .*data_batch_1.bin"),
        ({"test_batch": None}, "no file .*test_batch.bin"),
        (
            {"data_batch_1": RECORD[:-1]},
            "data_batch_1.bin: 3,072 bytes are not whole records of 3,07",
        ),
        ({"test_batch": b""}, "test_batch.bin: 0 bytes are not whole records"),
        (
            {"data_batch_3": b"\n" + RECORD[1:]},
            "data_batch_3.bin: record 0 has label 10, at most 9",
        ),
    ],
)
def test_batches_that_are_refused(tmp_path, contents, said):
    with pytest.raises(InputError, match=said):
        cifar10.read_binary(cifar10.batches(batches(tmp_path, **contents)).values())


def fake_keras(monkeypatch, labels):
    """Keras as it would load two images."""
    part = np.stack([COLOURS[0].repeat(8, 0).repeat(8, 1)] * 2), labels
    module = types.ModuleType("tensorflow.keras.datasets")
    module.cifar10 = types.SimpleNamespace(load_data=lambda: (part, part))
    for name in ("tensorflow", "tensorflow.keras"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "tensorflow.keras.datasets", module)


def test_cifar10_by_keras(monkeypatch):
    fake_keras(monkeypatch, np.array([[3], [9]]))
    content = cifar10.cifar10_content("keras", [], "rgb")
    assert content.arrays["train/labels"].tolist() == [3, 9]
    fake_keras(monkeypatch, np.array([[3], [10]]))
    with pytest.raises(InputError, match="source keras: needed: 2 labels from 0 to 9"):
        cifar10.cifar10_content("keras", [], "rgb")
