"""What each step holds at its peak, for data of many sizes: a bound is one, and not absurd.

Each runs in a process of its own, as in the workflow.
"""

import gzip
import json
import subprocess
import sys
from collections import defaultdict

import machine_code
import made_results
import numpy as np
import pytest
import yaml
from conftest import ROOT
from PIL import Image
from test_resources import SIZES as OF_DATA

from topodream.data import KINDS, idx
from topodream.data.kind import DataSize
from topodream.files.storage import Content, write_hdf5
from topodream.form import Form
from topodream.plan import catalogue as catalogues
from topodream.plan import resources
from topodream.settings.config import to_mapping
from topodream.settings.datasets import made_of

HELD_OUT = 2000
# Enough of each for a bound to be too low if something is held once more than it says.
SIZES = {
    **OF_DATA,
    "oblong": DataSize(4000, 500, 96, 160),
    "large": DataSize(8000, 250, 180, 180),
    "many": DataSize(250_000, 40_000, 28, 28),
}
SIZES["noise"] = SIZES["oblong"]
# In opponent colours, ON and OFF.
SIZES["colours"] = DataSize(600, 200, 20, 20, 6)
FORMS = {"colours": Form(20, 20, "opponent", "on_off")}
CLASSES = {"many": 62, "oblong": 1}
ORIGIN = {"made_by": "a test", "commit": "0", "code_sha256": "0", "versions": "{}", "options": "{}"}


def peak(script, *arguments, given=""):
    """Run a script of the project; return the most memory that it held, in MiB."""
    launch = [sys.executable, ROOT / "benchmarks" / "launch.py"]
    command = [*launch, sys.executable, ROOT / "src" / script, *arguments]
    done = subprocess.run(list(map(str, command)), input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["peak_mib"]


def assert_bounded(measured, bound):
    """A bound is one, and no more than starting and what is kept in reserve lie above it."""
    assert measured <= bound
    assert bound <= 4 * measured + 100


def pictures(n_images, height, width):
    """Sixteen patterns again and again, mostly black: quick to pack."""
    patterns = np.zeros((16, height, width), np.uint8)
    for number, pattern in enumerate(patterns):
        top, left = (number % 4) * height // 4, (number // 4) * width // 4
        pattern[top : top + height // 4, left : left + width // 4] = 100 + number
    return patterns[np.arange(n_images) % 16]


def gzipped(raw):
    return gzip.compress(raw, 1)


def labels(n_images, n_classes=10):
    return (np.arange(n_images) % 16 % n_classes * max(1, n_classes // 16)).astype(np.uint8)


def parts_of(size):
    return (("train", size.n_train), ("held_out", size.n_held_out))


@pytest.fixture(scope="module")
def data_file(tmp_path_factory):
    """A function: a data set of a size, by its name. One at a time lies there: they are large."""
    folder, known = tmp_path_factory.mktemp("data"), {}

    def make(name):
        if name not in known:
            for old in known.values():
                old.unlink()
            known.clear()
            known[name] = folder / f"{name}.h5"
            write_data(known[name], SIZES[name], CLASSES.get(name, 10), FORMS.get(name))
        return known[name]

    yield make
    for path in known.values():
        path.unlink()


def write_data(path, size, n_classes, form=None):
    form = form or Form(size.height, size.width)
    arrays = {}
    for part, n_images in parts_of(size):
        # Halves and colours one below the other: which is which is nothing to memory.
        pixels = pictures(n_images, size.n_inputs // size.width, size.width)
        arrays[f"{part}/pixels"] = pixels.reshape(n_images, *form.shape)
        arrays[f"{part}/labels"] = labels(n_images, n_classes)
    attributes = {"described": "made up", "licence": "none", **form.attributes}
    write_hdf5(path, Content("images", arrays, attributes), ORIGIN)


@pytest.fixture
def resolved(some_config):
    """A function: an experiment with some settings changed."""

    def make(base, **changes):
        some_config["experiments"]["changed"] = {"question": "?", "extends": base, **changes}
        return catalogues.resolve(some_config).experiments["changed"]

    return make


def follow(experiment, size, data, folder):
    """Run all steps from a data set to a map's pictures; compare each with its bound."""
    machine_code.keep()
    settings, model = folder / "settings.yaml", folder / "model.h5"
    settings.write_text(yaml.safe_dump(to_mapping(experiment)))
    read = ("--model", model, "--data", data)
    measures = folder / "measures.json"
    measured = {
        "train": peak("train.py", "--data", data, "--config", settings, "--output", model),
        "measure": peak("measure.py", *read, "--held-out", HELD_OUT, "--output", measures),
        "figures": peak(
            "plot_map.py", *read, "--measures", measures, "--count", 20, "--output-folder", folder,
            "--laboratory", folder / "map.js",
        ),
        "gifs": peak(
            "render_map_gifs.py", *read, "--sequence-frames", 500, "--sequence-ms", 100,
            "--images-frames", 60, "--images-ms", 400, "--output-folder", folder,
        ),
        "samples": peak("plot_samples.py", "--data", data, "--output", folder / "samples.png"),
    }  # fmt: skip
    bounds = {
        "train": resources.training_mib([experiment], size),
        "measure": resources.measure_mib(experiment, size, HELD_OUT),
        "figures": resources.figures_mib(experiment, size),
        "gifs": resources.map_gifs_mib(experiment, size, 60),
        "samples": resources.data_picture_mib("own", {"own": {"kind": "mnist"}}, lambda _: size),
    }
    for step, bound in bounds.items():
        assert_bounded(measured[step], bound)


PLAIN = {"filter": "none", "channels": "raw", "colours": "grey"}
SHORT = {"epochs": 1, "steps_per_epoch": 200}


def grid(side):
    return {"grid": {"rows": side, "cols": side}}


@pytest.mark.parametrize(
    ("base", "changes", "data"),
    [
        ("digits-competition", grid(62), "digits"),
        ("digits-competition", {**grid(24), "dtype": "float64"}, "digits"),
        ("dream-symmetric", grid(20), "digits"),
        ("digits-competition", grid(12), "oblong"),
        ("digits-competition", grid(5), "large"),
        ("digits-competition", grid(20), "many"),
        ("digits-competition", grid(70), "colours"),
    ],
)
def test_each_step_of_a_map_stays_within_its_memory(
    resolved, data_file, tmp_path, base, changes, data
):
    experiment = resolved(base, **SHORT, **changes)
    follow(experiment, SIZES[data], data_file(data), tmp_path)


@pytest.mark.parametrize(
    ("name", "pack"),
    [("digits", bytes), ("large", bytes), ("many", bytes), ("many", gzipped), ("noise", bytes)],
)
def test_data_sets_of_files_are_made_within_their_memory(catalogue, tmp_path, name, pack):
    size, paths = SIZES[name], []
    for part, n_images in zip(("train", "t10k"), dict(parts_of(size)).values(), strict=True):
        images = pictures(n_images, size.height, size.width)
        if name == "noise":  # as large packed as it is
            images = np.random.default_rng(0).integers(0, 256, images.shape, np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels(n_images))):
            raw = idx.to_idx(array)
            paths.append(tmp_path / f"{part}-{kind}-ubyte")
            paths[-1].write_bytes(pack(raw))
    sections = {
        **catalogue.datasets,
        "own": {"kind": "mnist", "source": "idx", "folder": str(tmp_path)},
    }

    def sizes(data):
        return resources.data_size(data, sections)

    assert sizes("own") == size
    target = tmp_path / "data.h5"
    measured = peak("prepare_mnist.py", "--source", "idx", "--folder", tmp_path, "--output", target)
    bound = resources.data_mib("own", sections, sizes)
    for path in (*paths, target):
        path.unlink()
    assert_bounded(measured, bound)


# Sides of an image, of the tapestry in images, and of a window; windows to learn, held out ones.
MANY = 1500
PANS = [(28, 30, 20, MANY, MANY), (256, 10, 200, 2_000, 500)]


@pytest.mark.parametrize(("image", "side", "window", "frames", "held_out"), PANS)
def test_windows_and_thousands_of_frames_stay_within_their_memory(
    resolved, tmp_path, image, side, window, frames, held_out
):
    files = {name: tmp_path / f"{name}.h5" for name in ("digits", "tapestry", "pan")}
    size = DataSize(side * side, side * side, image, image)
    write_data(files["digits"], size, 10)
    woven = DataSize(1, 1, side * image, side * image)
    windows = DataSize(frames, held_out, window, window)
    sections = {
        "digits": {"kind": "mnist"},
        "tapestry": {"kind": "tapestry", "digits": "digits"},
        "pan": {"kind": "pan", "over": "tapestry", "frames": frames, "window": window, **PLAIN},
    }
    sizes = {"digits": size, "tapestry": woven, "pan": windows}.__getitem__
    measured = [
        peak("build_tapestry.py", "--digits", files["digits"], "--side", side, "--output",
             files["tapestry"]),
        peak("plot_tapestry.py", "--tapestry", files["tapestry"], "--output", tmp_path / "t.png"),
        peak("build_pan_sequence.py", "--over", files["tapestry"], "--frames", frames,
             "--held-out-frames", held_out, "--window", window, "--hold", 10,
             "--max-acceleration", 1, "--max-speed", 5, "--filter", "none",
             "--channels", "raw", "--colours", "grey", "--seed", 0, "--output", files["pan"]),
        peak("render_sequence_gif.py", "--sequence", files["pan"], "--over",
             files["tapestry"], "--frames", held_out, "--frame-ms", 100, "--output",
             tmp_path / "p.gif"),
    ]  # fmt: skip
    bounds = [
        resources.data_mib("tapestry", sections, sizes),
        resources.data_picture_mib("tapestry", sections, sizes),
        resources.data_mib("pan", sections, sizes),
        resources.data_picture_mib("pan", sections, sizes),
    ]
    for one, bound in zip(measured, bounds, strict=True):
        assert_bounded(one, bound)
    if held_out == MANY:
        experiment = resolved("trace-40", **SHORT, grid={"rows": 10, "cols": 10})
        settings, model = tmp_path / "settings.yaml", tmp_path / "model.h5"
        settings.write_text(yaml.safe_dump(to_mapping(experiment)))
        peak("train.py", "--data", files["pan"], "--config", settings, "--output", model)
        one = peak(
            "render_map_gifs.py", "--model", model, "--data", files["pan"], "--output-folder",
            tmp_path, "--sequence-frames", held_out, "--sequence-ms", 100, "--images-frames", 60,
            "--images-ms", 400, "--animations", "trajectory",
        )  # fmt: skip
        assert_bounded(one, resources.map_gifs_mib(experiment, windows, held_out))


def test_photographs_and_what_is_cut_from_them_stay_within_their_memory(tmp_path):
    height, width = 1500, 2400
    rows, cols = np.mgrid[:height, :width]
    waves = np.stack([rows * cols % 251, rows + cols, rows - cols], axis=2).astype(np.uint8)
    Image.fromarray(waves).save(tmp_path / "waves.png", compress_level=1)
    eye = {"filter": "centre_surround", "channels": "on_off", "colours": "opponent"}
    walk = {"window": 20, "hold": 10, "max_acceleration": 1, "max_speed": 3, "seed": 0}
    sections = {
        "waves": {"kind": "photographs", "source": "folder", "folder": str(tmp_path), "colours": "rgb"},
        "patches": {
            "kind": "patches", "images": "waves", "size": 12, "count": 50_000, "held_out": 2_000,
            "margin": 0, "seed": 0, **eye,
        },
        "pan": {"kind": "pan", "over": "waves", "frames": 9_000, "held_out_frames": 9, **walk, **eye},
    }  # fmt: skip
    for name, section in sections.items():
        kind = KINDS[section["kind"]]
        behind = {key: tmp_path / f"{other}.h5" for key, other in made_of(section).items()}
        places = {key: section[key] for key in kind.not_compared}
        given = kind.options(section) | places | behind
        flags = [f"--{key.replace('_', '-')}={value}" for key, value in given.items()]
        measured = peak(kind.script, *flags, "--output", tmp_path / f"{name}.h5")
        bound = resources.data_mib(name, sections, lambda one: resources.data_size(one, sections))
        assert_bounded(measured, bound)
    measured = peak(
        "render_sequence_gif.py", "--sequence", tmp_path / "pan.h5", "--over", tmp_path / "waves.h5",
        "--frames", 100, "--frame-ms", 100, "--output", tmp_path / "pan.gif",
    )  # fmt: skip
    size = {name: resources.data_size(name, sections) for name in sections}
    assert_bounded(measured, resources.data_picture_mib("pan", sections, size.__getitem__))


def test_a_page_of_a_hundred_maps_stays_within_its_memory(some_config, tmp_path, monkeypatch):
    names = [f"map-{number}" for number in range(100)]
    for name in names:
        some_config["experiments"][name] = {
            "question": "?", "extends": "digits-competition", "grid": {"rows": 4, "cols": 5},
        }  # fmt: skip
    catalogue = catalogues.resolve(some_config)
    monkeypatch.setattr(made_results, "MEASURES", defaultdict(dict))
    digests = made_results.make_data(tmp_path / "data")
    for name in names:
        made_results.make_experiment(tmp_path, catalogue.experiments[name], digests["digits"])
    contents = {"experiments": made_results.shown(names), "datasets": ["digits"]}
    page = tmp_path / "index.html"
    measured = peak(
        "build_page.py", "--contents", "-", "--output", page, given=json.dumps(contents)
    )
    assert_bounded(measured, resources.small_mib(len(names)))
    sweep = {
        "name": "many", "question": "?", "extends": "digits-competition", "keys": ["seed"],
        "measures": ["held_out_mse"],
        "points": [
            {"values": [number], "replicates": {"0": name}} for number, name in enumerate(names)
        ],
    }  # fmt: skip
    summary = tmp_path / "many.json"
    places = ("--results", tmp_path, "--output", summary)
    for one in (
        peak("summarise_sweep.py", "--sweep", "-", *places, given=json.dumps(sweep)),
        peak("plot_sweep.py", "--sweep", summary, "--output", tmp_path / "many.png"),
    ):
        assert_bounded(one, resources.small_mib(len(names)))
