"""The file of a trained map."""

import json

import h5py
import numpy as np
import pytest

from topodream import datasets
from topodream.errors import InputError
from topodream.maps import read_map, read_map_and_data, write_map
from topodream.storage import write_hdf5
from topodream.training import train

ORIGIN = {"made_by": "a test", "commit": "c" * 40, "code_sha256": "0" * 64, "versions": "{}"}


@pytest.fixture
def files(small_experiment, tmp_path):
    """A data set and a map trained on it, as files; and the map as it was trained."""
    content = datasets.mnist_content("embedded", datasets.read_embedded())
    write_hdf5(tmp_path / "digits.h5", content, ORIGIN)
    data = datasets.read_data(tmp_path / "digits.h5")
    experiment = small_experiment(epochs=1)
    pixels = data.train.pixels.reshape(len(data.train.pixels), -1)
    trained = train(experiment, pixels, lambda _: None, lambda _: None)
    write_map(tmp_path / "model.h5", experiment, trained, data, ORIGIN)
    return tmp_path / "model.h5", tmp_path / "digits.h5", experiment, trained


def test_what_was_trained_is_read(files):
    path, data_path, experiment, trained = files
    model, data = read_map_and_data(path, data_path, with_snapshots=True)
    assert model.experiment == experiment
    assert model.image_shape == (28, 28)
    assert model.data_sha256 == data.content_sha256
    assert model.origin == ORIGIN
    np.testing.assert_array_equal(model.trained.weights, trained.weights)
    for read, made in zip(model.trained.snapshots, trained.snapshots, strict=True):
        assert read.epoch == made.epoch
        np.testing.assert_array_equal(read.arrays["weights"], made.arrays["weights"])
    np.testing.assert_array_equal(model.trained.history.wins, trained.history.wins)
    assert model.trained.history.training_mse == trained.history.training_mse


def test_snapshots_are_left_out_unless_asked_for(files):
    assert len(read_map(files[0]).trained.snapshots) == 0


def test_data_it_did_not_learn_is_refused(files, tmp_path):
    path, data_path, *_ = files
    with h5py.File(data_path, "a") as file:
        file.attrs["content_sha256"] = "another"
    with pytest.raises(InputError, match=r"model.h5 was not trained on .*digits.h5"):
        read_map_and_data(path, data_path)


def without(name):
    def damage(file):
        del file[name]

    return damage


def with_attribute(name, value):
    def damage(file):
        file.attrs[name] = value

    return damage


def with_fewer_rows(file):
    weights = file["state/weights"][:3]
    del file["state/weights"]
    file["state/weights"] = weights


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("state/weights"), "incomplete, it lacks 'weights'"),
        (without("history/wins"), r"damaged \(.*wins"),
        (with_attribute("settings", "{"), "damaged"),
        (with_attribute("settings", json.dumps({"name": "x"})), "model = None is not allowed"),
        (with_attribute("image_shape", (7, 7)), r"damaged \(weights of shape \(20, 784\) in place"),
        (with_fewer_rows, r"damaged \(weights of shape \(3, 784\) in place"),
    ],
)
def test_a_map_that_lacks_something(files, damage, message):
    with h5py.File(files[0], "a") as file:
        damage(file)
    with pytest.raises(InputError, match=message) as caught:
        read_map(files[0])
    assert "\n" not in str(caught.value)
    assert "model.h5" in str(caught.value)


def test_a_data_set_that_lacks_something(files):
    with h5py.File(files[1], "a") as file:
        del file["held_out/pixels"]
    with pytest.raises(InputError, match="incomplete, it lacks 'held_out/pixels'"):
        datasets.read_data(files[1])
