"""A trained map at work on images: what respond.py writes."""

import importlib.util
import json
import re
import resource
import signal
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from scipy import sparse

import topodream
from topodream.data.given import read_given
from topodream.data.samples import Data, Samples
from topodream.files import large
from topodream.files.digests import content_digest
from topodream.files.errors import InputError
from topodream.files.large import Rows, write_large
from topodream.files.storage import Content, read_hdf5, write_hdf5
from topodream.form import Form
from topodream.measures import collect
from topodream.origin import notes
from topodream.origin.lineage import MATCHES, NOT_KEPT, trace

rng = np.random.default_rng(0)
TRAIN, HELD_OUT, OTHERS = rng.integers(0, 256, (3, 60, 6, 5)).astype(np.uint8)
LABELS = np.arange(60, dtype=np.uint8) % 7
FEW = {"epochs": 2, "steps_per_epoch": 40, "grid": {"rows": 5, "cols": 6}, "progress": False}
FEW |= {"engine": "reference", "n_winners": 3}
ORIGIN = {"made_by": "a test", "commit": "c", "code_sha256": "0", "versions": "{}", "options": "{}"}
MAPS = {
    "drive": {},
    "trace": {"trace": 0.5, "order": "sequential"},
    "double": {"dtype": "float64", "activation": "excited"},
    "dream": {"model": "sparse_dream", "n_winners": None},
    # Few of many units answer: their reconstructions are put together in another way.
    "large": {"grid": {"rows": 15, "cols": 15}},
}


@pytest.fixture(scope="module", params=list(MAPS))
def model(request):
    settings = {
        key: value for key, value in (FEW | MAPS[request.param]).items() if value is not None
    }
    return topodream.train(TRAIN, name=request.param, **settings)


@pytest.fixture(scope="module")
def plain():
    return topodream.train(TRAIN, name="plain", **FEW)


def write_data(path, train=TRAIN, held_out=HELD_OUT, **attributes):
    arrays = {"train/pixels": train, "held_out/pixels": held_out}
    arrays |= {"train/labels": LABELS[: len(train)], "held_out/labels": LABELS[: len(held_out)]}
    attributes = {"described": "some", "licence": "none", **attributes}
    write_hdf5(path, Content("images", arrays, attributes), ORIGIN)


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    write_data(tmp_path / "data" / "some.h5")
    return tmp_path / "data" / "some.h5"


@pytest.fixture
def respond(tmp_path, monkeypatch):
    """A function: run the script in this process, and return what it wrote."""
    spec = importlib.util.spec_from_file_location("respond", ROOT / "src" / "respond.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def run(model, images, *options, output="out.h5"):
        topodream.save(model, tmp_path / "model.h5")
        given = {
            "--model": tmp_path / "model.h5",
            "--images": images,
            "--output": tmp_path / output,
        }
        words = [str(word) for option in given.items() for word in option]
        monkeypatch.setattr(sys, "argv", [str(ROOT / "src/respond.py"), *words, *options])
        script.main()
        return tmp_path / output

    return run


def read(path):
    """Arrays and attributes of either kind of file."""
    if path.suffix == ".npz":
        with np.load(path) as file:
            arrays = {name: file[name] for name in file}
        return arrays, json.loads(str(arrays.pop("about")))
    content = read_hdf5(path, ("responses",))
    return dict(content.arrays), dict(content.attributes)


def activity_of(arrays, about):
    parts = tuple(arrays[f"activity/{name}"] for name in ("data", "indices", "indptr"))
    shape = len(arrays["winners"]), int(about["n_units"])
    return sparse.csr_matrix(parts, shape=shape).toarray()


# ------------------------------------------------------------------ what it says


def test_on_held_out_samples_it_is_what_is_measured(model, respond, data, capsys):
    parts = [Samples(pixels, LABELS, None, Form(6, 5)) for pixels in (TRAIN, HELD_OUT)]
    measured = collect.measure(model, Data(*parts, False, "", "", ""), 50)["measures"]
    path = respond(model, data, "--part", "held_out", "--count", "50")
    _, about = read(path)
    error = about["mean_squared_error"]
    assert capsys.readouterr().out == f"{path}: 50 images, mean squared error {error:.4g}\n"
    assert about["mean_squared_error"] == measured["held_out_mse"]


def test_it_is_what_a_notebook_is_told(model, respond, data):
    arrays, about = read(respond(model, data, "--part", "held_out"))
    told = topodream.respond(model, HELD_OUT)
    assert arrays["winners"].tolist() == told.winners.tolist()
    np.testing.assert_array_equal(activity_of(arrays, about), told.activity)
    assert (arrays["activity/data"] != 0).all()
    drawn = told.reconstructions.reshape(-1, 6, 5)
    np.testing.assert_array_equal(arrays["reconstructions"], drawn.astype(np.float32))
    np.testing.assert_array_equal(arrays["squared_error"], told.squared_error)
    assert arrays["squared_error"] == pytest.approx(
        np.mean((HELD_OUT / 255 - drawn) ** 2, axis=(1, 2)), rel=1e-4
    )
    np.testing.assert_array_equal(
        sparse.csr_matrix(told.sparse, shape=told.activity.shape).toarray(), told.activity
    )
    assert arrays["labels"].tolist() == LABELS.tolist()


def test_of_a_data_set_both_parts_each_by_itself(model, respond, data):
    arrays, about = read(respond(model, data))
    assert about["n_train"] == 60
    for part, rows in (("train", slice(0, 60)), ("held_out", slice(60, 120))):
        alone, about_it = read(respond(model, data, "--part", part))
        for name in ("winners", "reconstructions", "squared_error", "labels"):
            np.testing.assert_array_equal(arrays[name][rows], alone[name])
        activity = activity_of(arrays, about)[rows]
        np.testing.assert_array_equal(activity, activity_of(alone, about_it))
    assert about["mean_squared_error"] == pytest.approx(arrays["squared_error"].mean(), rel=1e-12)


def test_a_trace_goes_from_image_to_image(respond, data):
    traced = topodream.train(TRAIN, trace=0.5, order="sequential", **FEW)
    arrays, about = read(respond(traced, data, "--part", "train", "--count", "2"))
    first, second = activity_of(arrays, about)
    alone = topodream.respond(traced, TRAIN[1:2]).activity[0]
    np.testing.assert_allclose(second, alone + 0.5 * first, rtol=1e-6)


def test_a_blank_image_has_winners_and_no_activity(plain, respond, tmp_path):
    np.save(tmp_path / "blank.npy", np.zeros((2, 6, 5), np.uint8))
    arrays, _ = read(respond(plain, tmp_path / "blank.npy"))
    assert arrays["winners"].tolist() == [[0, 1, 2]] * 2
    assert arrays["activity/data"].shape == (0,)
    assert arrays["activity/indptr"].tolist() == [0, 0, 0]
    assert not arrays["squared_error"].any()


def test_what_the_page_tells_works(plain, respond, tmp_path, monkeypatch):
    np.save(tmp_path / "others.npy", OTHERS)
    respond(plain, tmp_path / "others.npy", output="mine.npz")
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/responses.md").read_text(), re.DOTALL
    )
    exec(snippet, names := {})  # noqa: S102
    told = topodream.respond(plain, OTHERS)
    np.testing.assert_array_equal(names["activity"].toarray(), told.activity)
    assert names["worst"][0] == told.squared_error.argmax()


# ------------------------------------------------------------------ images of any kind


def test_images_that_it_never_saw(plain, respond, tmp_path):
    np.save(tmp_path / "others.npy", OTHERS)
    np.savez(tmp_path / "others.npz", images=OTHERS)
    folder = tmp_path / "pictures"
    for number, image in enumerate(OTHERS):
        place = folder / f"of-{number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number:02}.png")
    expected, _ = read(respond(plain, tmp_path / "others.npy"))
    assert set(expected) == {
        "winners", "activity/data", "activity/indices", "activity/indptr", "reconstructions",
        "squared_error",
    }  # fmt: skip
    packed, _ = read(respond(plain, tmp_path / "others.npz"))
    assert packed["winners"].tolist() == expected["winners"].tolist()
    pictures, about = read(respond(plain, folder, output="out.npz"))
    order = [*range(0, 60, 2), *range(1, 60, 2)]
    assert pictures["winners"].tolist() == expected["winners"][order].tolist()
    assert pictures["names"].tolist()[:2] == [b"of-0/00.png", b"of-0/02.png"]
    assert about["images"] == "pictures"
    (lone, _) = read(respond(plain, folder / "of-1" / "01.png", output="out.npz"))
    assert lone["winners"].tolist() == expected["winners"][1:2].tolist()
    assert lone["names"].tolist() == [b"01.png"]


def test_names_stand_in_hdf5_too(plain, respond, tmp_path):
    (tmp_path / "p").mkdir()
    Image.fromarray(OTHERS[0]).save(tmp_path / "p" / "größer.png")
    with h5py.File(respond(plain, tmp_path / "p")) as file:
        assert file["names"][0].decode() == "größer.png"


def test_colours(respond, tmp_path):
    images = rng.integers(0, 256, (9, 4, 3, 3)).astype(np.uint8)
    coloured = topodream.train(images, **FEW)
    np.save(tmp_path / "images.npy", images)
    arrays, about = read(respond(coloured, tmp_path / "images.npy"))
    assert arrays["reconstructions"].shape == images.shape
    assert about["colours"] == "rgb"
    told = topodream.respond(coloured, images)
    np.testing.assert_array_equal(arrays["squared_error"], told.squared_error)


# ------------------------------------------------------------------ what it is made of


def test_the_chain_leads_to_map_and_images(plain, respond, data, tmp_path):
    path = respond(plain, data)
    found = {link.what: link for link in trace(path, tmp_path).links if link.of == path}
    assert found["images"].file == data
    assert (found["images"].state, found["model"].state) == (MATCHES, MATCHES)
    note = notes.read(path)
    assert note["made_by"].startswith("respond.py, ")
    assert note["experiment"] == "plain"


@pytest.mark.parametrize("output", ["out.h5", "out.npz"])
def test_the_chain_of_a_persons_images_ends_with_them(plain, respond, tmp_path, output):
    np.save(tmp_path / "others.npy", OTHERS)
    path = respond(plain, tmp_path / "others.npy", output=output)
    found = {link.what: link for link in trace(path, tmp_path).links}
    assert (found["raw"].name, found["raw"].state) == ("others.npy", NOT_KEPT)
    assert found["raw"].sha256 == content_digest({"train/pixels": OTHERS})


def test_both_kinds_of_files_hold_the_same_and_the_same_bytes_again(plain, respond, data):
    made = {}
    for output in ("out.h5", "out.npz"):
        path = respond(plain, data, output=output)
        raw = path.read_bytes()
        assert respond(plain, data, output=output).read_bytes() == raw
        made[output] = read(path)
    (arrays, about), (packed, about_packed) = made.values()
    assert content_digest(arrays) == content_digest(packed) == about["content_sha256"]
    assert about.keys() == about_packed.keys()
    assert all(np.all(about[key] == about_packed[key]) for key in about)


# ------------------------------------------------------------------ what is wrong


def test_images_of_another_form_are_one_line(plain, respond, data, tmp_path):
    np.save(tmp_path / "turned.npy", OTHERS.reshape(60, 5, 6))
    np.save(tmp_path / "coloured.npy", OTHERS.reshape(60, 5, 2, 3))
    said = {
        "turned.npy": "images of 5 x 6 pixels, and plain prototypes of 6 x 5 pixels",
        "coloured.npy": "images of 5 x 2 pixels in colour, and plain prototypes of 6 x 5 pixels",
    }
    for name, line in said.items():
        with pytest.raises(InputError, match=f"^{name} has {line}$"):
            respond(plain, tmp_path / name)
    signed = replace(plain, form=Form(3, 5, channels="on_off"))
    line = r"of 3 x 5 pixels, ON and OFF, which only data sets have that are made like the one it"
    with pytest.raises(InputError, match=line):
        respond(signed, data)
    assert not (tmp_path / "out.h5").exists()


def test_a_data_set_of_a_filtered_kind(plain, respond, tmp_path):
    signed = replace(plain, form=Form(3, 5, channels="on_off"))
    pixels = [pixels.reshape(60, 2, 3, 5) for pixels in (TRAIN, HELD_OUT)]
    write_data(tmp_path / "d.h5", *pixels, channels="on_off")
    arrays, about = read(respond(signed, tmp_path / "d.h5"))
    assert arrays["reconstructions"].shape == (120, 2, 3, 5)
    assert about["channels"] == "on_off"
    told = topodream.respond(signed, pixels[1])
    np.testing.assert_array_equal(arrays["squared_error"][60:], told.squared_error)
    with pytest.raises(InputError, match="6 x 5 pixels are not allowed: plain has prototypes of 3"):
        topodream.respond(signed, TRAIN)
    with pytest.raises(InputError, match=r"shape \(0, 2, 3, 5\) is not allowed"):
        topodream.respond(signed, pixels[1][:0])


def test_a_part_that_is_not_there(plain, respond, tmp_path):
    np.save(tmp_path / "others.npy", OTHERS)
    with pytest.raises(InputError, match=r"others.npy: has no part held_out"):
        respond(plain, tmp_path / "others.npy", "--part", "held_out")


def test_a_file_of_another_kind(plain, respond, data, tmp_path):
    with pytest.raises(InputError, match=r"out.png: its name has to end in .h5 or .npz"):
        respond(plain, data, output="out.png")
    with pytest.raises(InputError, match=r"model.h5: holds map, needed: images or sequence"):
        respond(plain, tmp_path / "model.h5")


@pytest.mark.parametrize("output", ["out.h5", "out.npz"])
@pytest.mark.parametrize("most", [0, 700, 6_000, 30_000])
def test_a_disk_that_is_full_leaves_nothing_half_written(output, most, tmp_path, monkeypatch):
    path = tmp_path / output
    path.write_bytes(b"before")
    arrays = {"a": np.ones(50), "b": Rows((9, 900), "<f4", (np.ones((3, 900)) for _ in range(3)))}
    monkeypatch.setattr(large, "written_whole", _limited(large.written_whole, most))
    with pytest.raises(InputError, match=rf"^cannot write .*{output}: File too large$"):
        write_large(path, "responses", arrays, ORIGIN)
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == [output]


def _limited(written_whole, most):
    """The same where no file can grow beyond some bytes."""
    import contextlib

    @contextlib.contextmanager
    def limited(path):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with written_whole(path) as temporary:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
            try:
                yield temporary
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
                signal.signal(signal.SIGXFSZ, handler)

    return limited


def test_blocks_that_follow_one_another_are_one_array(tmp_path):
    values = rng.random((10, 4, 3)).astype(np.float32)
    for output in ("out.h5", "out.npz"):
        rows = Rows(values.shape, "<f4", (values[i : i + 4] for i in range(0, 10, 4)))
        write_large(tmp_path / output, "responses", {"values": rows}, ORIGIN)
        arrays, about = read(tmp_path / output)
        np.testing.assert_array_equal(arrays["values"], values)
        assert about["content_sha256"] == content_digest({"values": values})


def test_a_persons_hdf5_is_no_data_set_and_is_read(tmp_path):
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        file["images"] = OTHERS
    given = read_given(tmp_path / "mine.h5", count=7)
    assert len(given.parts["train"].pixels) == 7
    assert re.match(r"7 images", given.described)
