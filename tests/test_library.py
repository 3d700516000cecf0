"""The package in a notebook."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict

import numpy as np
import pytest
import yaml
from conftest import ROOT

import topodream
from topodream.data import mnist
from topodream.files.digests import content_digest
from topodream.files.errors import InputError
from topodream.files.storage import read_hdf5, write_hdf5
from topodream.settings.config import to_mapping

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 5)).astype(np.uint8)
FEW = {"epochs": 2, "steps_per_epoch": 30, "grid": {"rows": 3, "cols": 4}, "progress": False}
MODELS = pytest.mark.parametrize("model", ["mwta", "sparse_dream"])
ORIGIN = {"made_by": "a test", "commit": "c", "code_sha256": "0", "versions": "{}"}


@MODELS
def test_the_same_bytes_as_from_the_pipeline(model, tmp_path):
    content = mnist.mnist_content("embedded", mnist.read_embedded())
    write_hdf5(tmp_path / "digits.h5", content, ORIGIN)
    images = content.arrays["train/pixels"]
    trained = topodream.train(images, model, name="both", **FEW)
    settings = to_mapping(trained.experiment)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    command = ["--data", "digits.h5", "--config", "config.yaml", "--output", "model.h5"]
    subprocess.run([sys.executable, ROOT / "src/train.py", *command], cwd=tmp_path, check=True)
    assert topodream.read(tmp_path / "model.h5").content_sha256 == trained.content_sha256


@MODELS
def test_what_is_saved_is_read(model, tmp_path):
    trained = topodream.train(IMAGES, model, **FEW)
    topodream.save(trained, tmp_path / "map.h5")
    found = topodream.read(str(tmp_path / "map.h5"))
    assert found.experiment == trained.experiment
    assert found.origin.items() <= trained.origin.items()
    assert found.learnt == trained.learnt
    assert found.content_sha256 == trained.content_sha256
    assert content_digest(asdict(found.trained.history)) == content_digest(
        asdict(trained.trained.history)
    )
    file = read_hdf5(tmp_path / "map.h5", ("map",))
    assert json.loads(file.attributes["versions"]).keys() >= {"numpy", "numba", "h5py"}
    assert file.attributes["made_by"].startswith("library.py, topodream")


def test_prototypes_lie_where_their_units_are():
    trained = topodream.train(IMAGES, **FEW)
    assert trained.prototypes.shape == (3, 4, 6, 5)
    unit = 2 * 4 + 1
    assert (trained.prototypes[2, 1].ravel() == trained.trained.weights[unit]).all()


def test_settings_are_laid_over_the_defaults():
    lateral = topodream.train(IMAGES, lateral={"strength": 0.03}, **FEW).experiment.settings.lateral
    assert (lateral.strength, lateral.radius, lateral.edge) == (0.03, 2, "notebook")


def test_a_map_like_a_shipped_experiment(catalogue):
    shipped = catalogue.experiments["trace-40"]
    found = topodream.train(IMAGES, like="trace-40", seed=np.int64(7), **FEW).experiment
    assert found.settings == shipped.settings
    assert (found.seed, found.order, found.epochs) == (7, shipped.order, 2)


def test_responses_are_of_each_image():
    trained = topodream.train(IMAGES, n_winners=2, **FEW)
    answers = topodream.respond(trained, IMAGES[:7])
    assert answers.winners.shape == (7, 2)
    drive = IMAGES[:7].reshape(7, -1) / np.float32(255) @ trained.trained.weights.T
    winners = np.take_along_axis(answers.activity, answers.winners, 1)
    np.testing.assert_allclose(winners, np.take_along_axis(drive, answers.winners, 1), rtol=1e-5)
    assert np.count_nonzero(answers.activity) == 14
    expected = answers.activity @ trained.trained.weights
    np.testing.assert_allclose(answers.reconstructions, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("images", "settings", "said"),
    [
        (IMAGES / 255, {}, "an array of float64 and shape (40, 6, 5) is not allowed: uint8"),
        (IMAGES[0], {}, "shape (6, 5) is not allowed"),
        (IMAGES[:0], {}, "shape (0, 6, 5) is not allowed"),
        ([[1]], {}, "topodream.train: list is not allowed: uint8 of shape"),
        (IMAGES, {"learning_rate": -1}, "topodream.train: learning_rate = -1 is not allowed"),
        (IMAGES, {"learning_rat": 1}, "(did you mean 'learning_rate'?)"),
        (IMAGES, {"model": "som"}, "model = 'som' is not allowed: one of mwta, sparse_dream"),
        (IMAGES, {"like": "excited20"}, "like = 'excited20': no such experiment (did you mean"),
        (IMAGES, {"dataset": "pan"}, "dataset is not allowed: what is learnt are the images"),
    ],
)
def test_what_is_wrong_is_one_line(images, settings, said):
    with pytest.raises(InputError, match=re.escape(said)):
        topodream.train(images, progress=False, **settings)


def test_images_of_another_shape_are_refused():
    trained = topodream.train(IMAGES, **FEW)
    with pytest.raises(
        InputError, match=r"images of 5 x 6 pixels are .* prototypes of 6 x 5 pixels"
    ):
        topodream.respond(trained, IMAGES.reshape(40, 5, 6))


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="'topodream' has no attribute 'tain'"):
        topodream.tain  # noqa: B018


def test_what_the_page_tells_works(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    names = {}
    for snippet in re.findall(r"```python\n(.*?)```", (ROOT / "docs/library.md").read_text(), re.S):
        exec(snippet, names)  # noqa: S102
    assert names["winners"].shape == (100, 5)
    best = np.take_along_axis(names["drive"], names["winners"], 1)
    np.testing.assert_allclose(
        np.take_along_axis(names["activity"], names["winners"], 1), best, rtol=1e-5
    )
    # Every comment of a shape is true.
    for line in (ROOT / "docs/library.md").read_text().splitlines():
        if found := re.match(r"(\w+) = .*# \((100, n_\w+)\)", line):
            rows, _, what = found[2].partition(", ")
            n_units = len(names["weights"])
            assert names[found[1]].shape == (int(rows), {"n_units": n_units, "n_winners": 5}[what])


def test_a_wheel_trains_in_an_empty_folder(tmp_path):
    project = tmp_path / "project"  # built there, it leaves files behind
    shutil.copytree(ROOT / "src", project / "src")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    done = subprocess.run(
        [*build, "--wheel-dir", tmp_path, project], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    # Engines too that compile, for which it would take its time here.
    there, installed = (
        {path.relative_to(src).as_posix() for path in (src / "topodream").rglob("*.*")
         if path.is_file() and path.parent.name != "__pycache__"}
        for src in (ROOT / "src", tmp_path / "installed")
    )  # fmt: skip
    assert installed == there
    train = (
        "import numpy as np, topodream; print(topodream.__file__);"
        "images = np.eye(16, dtype=np.uint8).reshape(16, 4, 4);"
        "some = {'epochs': 1, 'steps_per_epoch': 9, 'engine': 'reference'};"
        "trained = topodream.train(images, 'sparse_dream', **some);"
        "topodream.save(trained, 'map.h5'); print(topodream.read('map.h5').title)"
    )
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", train],
        cwd=tmp_path / "empty",
        env={"PYTHONPATH": str(tmp_path / "installed"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith(str(tmp_path / "installed"))
    assert done.stdout.splitlines()[1] == "map"
