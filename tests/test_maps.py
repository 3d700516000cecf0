"""The file of a trained map."""

import json

import numpy as np
import pytest
from conftest import forged

from topodream.data import mnist, samples
from topodream.files.errors import InputError
from topodream.files.storage import write_hdf5
from topodream.form import Form
from topodream.training.loop import train
from topodream.training.map_file import learnt_of, read_map, read_map_and_data, write_map

ORIGIN = {"made_by": "a test", "commit": "c" * 40, "code_sha256": "0" * 64, "versions": "{}"} | {
    "device": "cpu"
}


@pytest.fixture
def files(small_experiment, tmp_path):
    """A data set and a map trained on it, as files; and the map as it was trained."""
    content = mnist.mnist_content("embedded", mnist.read_embedded())
    write_hdf5(tmp_path / "digits.h5", content, ORIGIN)
    data = samples.read_data(tmp_path / "digits.h5")
    experiment = small_experiment(epochs=1)
    pixels = data.train.pixels.reshape(len(data.train.pixels), -1)
    trained = train(experiment, pixels, lambda _: None, lambda _: None)
    write_map(tmp_path / "model.h5", experiment, trained, learnt_of(data), ORIGIN)
    return tmp_path / "model.h5", tmp_path / "digits.h5", experiment, trained


def test_what_was_trained_is_read(files):
    path, data_path, experiment, trained = files
    model, data = read_map_and_data(path, data_path, with_snapshots=True)
    assert model.experiment == experiment
    assert model.form == Form(28, 28)
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
    with forged(data_path) as file:
        file.attrs["content_sha256"] = "another"
    with pytest.raises(InputError, match=r"model.h5 was not trained on .*digits.h5.*; respond.py"):
        read_map_and_data(path, data_path)


def without(name):
    def damage(file):
        del file[name]

    return damage


def with_attribute(name, value):
    def damage(file):
        file.attrs[name] = value

    return damage


def with_array(name, value):
    def damage(file):
        del file[name]
        file[name] = value

    return damage


def with_value(name, value):
    """One value of an array changed."""

    def damage(file):
        array = file[name][()]
        array.reshape(-1)[-1] = value
        with_array(name, array)(file)

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
        (with_attribute("image_shape", (28.0, 28.0)), "image_shape of type float64 in place"),
        (with_attribute("image_shape", (-28, -28)), "image_shape = -28 x -28 is no shape"),
        (with_attribute("image_shape", "text"), "image_shape of shape"),
        (with_attribute("settings", 3), "settings is int64, not a text"),
        (with_attribute("data", 3), "data is int64, not a text"),
        (with_attribute("divergence", '{"step": 0, "epoch": 1, "reason": ""}'), "at no step of"),
        (with_attribute("divergence", '{"step": 3, "epoch": 9, "reason": ""}'), "at no step of"),
        (with_attribute("divergence", '{"step": 3, "epoch": 1, "reason": 4}'), "has no reason"),
        (with_attribute("divergence", "[3]"), "damaged"),
        (with_value("state/weights", np.nan), "weights has values that are not finite"),
        (with_value("state/activity", np.inf), "activity has values that are not finite"),
        (with_value("history/training_mse", np.nan), "training_mse has values that are not"),
        (with_value("snapshots/weights", np.nan), "weights has values that are not finite"),
        (
            with_array("state/weights", np.ones((20, 784), np.float32)),
            "float32 in place of float64",
        ),
        (with_array("history/wins", np.ones((1, 19), int)), r"wins of shape \(1, 19\) in place"),
        (with_array("history/training_mse", np.ones(2)), r"training_mse of shape \(2,\) in place"),
        (with_array("snapshots/epochs", np.array([0, 7])), r"snapshots of epochs \[0 7\], of a"),
        (with_array("snapshots/epochs", np.array([1, 0])), r"snapshots of epochs \[1 0\], of a"),
        (with_array("snapshots/epochs", np.array([0])), "snapshots of weights of shape"),
        (without("snapshots/weights"), "lacks 'weights'"),
        (with_fewer_rows, r"damaged \(weights of shape \(3, 784\) in place"),
    ],
)
def test_a_map_that_lacks_something(files, damage, message):
    with forged(files[0]) as file:
        damage(file)
    with pytest.raises(InputError, match=message) as caught:
        read_map(files[0], with_snapshots=True)
    assert "\n" not in str(caught.value)
    assert "model.h5" in str(caught.value)


def test_snapshots_of_a_map_that_blew_up_are_infinite(files):
    with forged(files[0]) as file:
        with_value("snapshots/weights", np.inf)(file)
    assert np.isinf(
        read_map(files[0], with_snapshots=True).trained.snapshots[-1].arrays["weights"]
    ).any()


def test_data_of_another_shape_is_refused_before_it_is_multiplied(files):
    with forged(files[1]) as file:
        for part in ("train", "held_out"):
            with_array(f"{part}/pixels", file[f"{part}/pixels"][:, :20])(file)
    with pytest.raises(InputError, match="prototypes of 28 x 28 pixels, .* samples of 20 x 28"):
        read_map_and_data(files[0], files[1])


def test_a_data_set_that_lacks_something(files):
    with forged(files[1]) as file:
        del file["held_out/pixels"]
    with pytest.raises(InputError, match="incomplete, it lacks 'held_out/pixels'"):
        samples.read_data(files[1])
