"""map.js: what a page gets of a map to show it at work."""

import base64
import json
import zlib
from dataclasses import replace

import made_results
import numpy as np
import pytest

from topodream.files.storage import Content
from topodream.form import Form
from topodream.grid import Grid
from topodream.measures.responses import respond
from topodream.models import MODELS
from topodream.page import page
from topodream.pictures import laboratory, layers, packing
from topodream.plan import catalogue

MODELS_OF = {"mwta": "digits-competition", "sparse_dream": "dream-symmetric", "foldiak": "bars"}


@pytest.fixture(scope="module")
def experiments(shipped_config):
    """An experiment of each model, its grid not square."""
    known = catalogue.resolve(shipped_config).experiments
    return {model: replace(known[name], grid=Grid(3, 4)) for model, name in MODELS_OF.items()}


@pytest.fixture(params=MODELS_OF)
def material(request, experiments):
    return made_results.material_of(experiments[request.param])


def unpacked(array):
    """What packed.js does: bytes of a number stand apart, first those that count least."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(array["bytes"])), np.uint8)
    size = np.dtype(array["dtype"]).itemsize
    numbers = planes.reshape(size, -1).T.copy().view(f"<{np.dtype(array['dtype']).str[1:]}")
    return numbers.reshape(array["shape"])


def from_levels(weights):
    codes, scale = unpacked(weights["codes"]).astype(float), unpacked(weights["scale"])
    return np.sign(codes) * (codes / weights["levels"]) ** 2 * scale[:, None]


# ------------------------------------------------------------------ arrays


@pytest.mark.parametrize("dtype", packing.TYPES)
def test_arrays_come_out_as_they_went_in(dtype):
    numbers = np.array([[0, 1, 2**7, 255], [3, 0, 100, 7]]).astype(dtype)
    found = unpacked(packing.packed(numbers))
    assert found.dtype == numbers.dtype
    np.testing.assert_array_equal(found, numbers)


def test_arrays_that_are_views_come_out_as_they_went_in():
    numbers = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    np.testing.assert_array_equal(unpacked(packing.packed(numbers)), numbers)


def test_what_pages_do_not_know_is_not_packed():
    with pytest.raises(AssertionError, match="float64"):
        packing.packed(np.zeros(2))


def test_levels_are_finest_where_weights_are_small():
    # 0.25 of the largest is half of the levels: levels are of square roots.
    found = laboratory.levels(np.array([[0, 0.5, -2, 0.02], [0, 0, 0, 0]], np.float32))
    assert unpacked(found["scale"]).tolist() == [2, 1]
    middle = round(0.5 * laboratory.LEVELS)
    assert unpacked(found["codes"])[0, :3].tolist() == [0, middle, -laboratory.LEVELS]
    assert not unpacked(found["codes"])[1].any()


def test_levels_say_weights_to_a_part_in_thousands():
    weights = np.random.default_rng(3).exponential(size=(20, 30)).astype(np.float32)
    largest = weights.max(axis=1, keepdims=True)
    # Half a level of the root is at most a level of the weight itself.
    error = np.abs(from_levels(laboratory.levels(weights)) - weights)
    assert (error <= np.sqrt(weights * largest) / laboratory.LEVELS + 1e-6 * largest).all()


def test_the_darkest_weight_is_that_of_figures():
    weights = np.zeros((10, 1000), np.float32)
    weights[0, :15] = 0.5
    weights[1, 0] = 7  # one in ten thousand
    assert laboratory.levels(weights)["high"] == 0.5


# ------------------------------------------------------------------ a map


def test_lateral_weights_are_those_of_the_map(material):
    n_units = material.model.experiment.grid.n_units
    sent = laboratory.gather(material)["lateral"]
    assert [one["name"] for one in sent] == [one.name for one in material.lateral]
    for kind, weights in zip(sent, material.lateral, strict=True):
        starts, heard, values = (unpacked(kind[key]) for key in ("starts", "heard", "values"))
        dense = np.zeros((n_units, n_units), np.float32)
        for unit in range(n_units):
            here = slice(starts[unit], starts[unit + 1])
            dense[unit, heard[here]] = values[here]
        np.testing.assert_allclose(dense, weights.effects(np.arange(n_units)), rtol=1e-6)
        assert kind["acts"] == weights.acts


def test_best_samples_are_those_that_evoke_most(material):
    model = material.model
    samples = material.data.held_out.vectors(model.experiment.dtype)
    activity = respond(model.trained.state, samples, model.experiment).fresh
    best = unpacked(laboratory.gather(material)["best"])
    assert best.shape == (model.experiment.grid.n_units, laboratory.BEST)
    for unit, found in enumerate(best.tolist()):
        answered = np.flatnonzero(activity[:, unit])
        expected = sorted(answered, key=lambda one: (-activity[one, unit], one))[: len(found)]
        assert found == expected + [-1] * (len(found) - len(expected))


def test_samples_are_the_first_held_out_ones(material):
    sent = laboratory.gather(material)["samples"]
    held_out = material.data.held_out
    np.testing.assert_array_equal(
        unpacked(sent["pixels"]), held_out.pixels.reshape(len(held_out.pixels), -1)
    )
    np.testing.assert_array_equal(unpacked(sent["labels"]), held_out.labels)


def test_no_more_samples_are_sent_than_pixels_allow(material, monkeypatch):
    monkeypatch.setattr(laboratory, "MOST_PIXELS", 3 * 28 * 28 + 5)
    sent = laboratory.gather(material)
    assert sent["samples"]["pixels"]["shape"] == [3, 28 * 28]
    assert sent["samples"]["labels"]["shape"] == [3]
    assert unpacked(sent["best"]).max() == 2


def test_layers_are_values_of_units(material):
    model = material.model
    sent = {layer["name"]: layer for layer in laboratory.gather(material)["layers"]}
    assert list(sent) == ["wins", "U-matrix", "label"]
    assert sent["wins"]["values"] == model.last_wins.tolist()
    labels = [label for label in sent["label"]["values"] if label is not None]
    assert set(labels) <= {0, 1}  # of units that won; others have none, which JSON calls null
    assert all(layer["scale"] in layers.SCALES for layer in sent.values())


def test_layers_of_data_without_labels_have_none(experiments):
    material = made_results.material_of(experiments["mwta"])
    bare = replace(material.data.held_out, labels=None)
    data = replace(material.data, train=bare, held_out=bare)
    sent = laboratory.gather(replace(material, data=data))
    assert [layer["name"] for layer in sent["layers"]] == ["wins", "U-matrix"]
    assert sent["samples"]["labels"] is None


def test_rules_are_named_with_what_they_ask_for(experiments):
    answers = {
        model: laboratory.gather(made_results.material_of(one))["answers"]
        for model, one in experiments.items()
    }
    assert answers["mwta"] == {"rule": "compete", "n_winners": 5, "activation": "drive"}
    assert answers["sparse_dream"]["rule"] == "interact"
    assert answers["foldiak"]["rule"] == "settle"
    assert answers["foldiak"]["gain"] == experiments["foldiak"].settings.settling.gain
    for model in ("sparse_dream", "foldiak"):
        assert unpacked(answers[model]["thresholds"]).shape == (12,)


def test_of_a_map_that_is_too_large_there_are_layers_alone(material, monkeypatch):
    monkeypatch.setattr(laboratory, "MOST_WEIGHTS", 12 * 784 - 1)
    sent = laboratory.gather(material)
    assert [sent[key] for key in laboratory.LEARNT] == [None] * 4
    assert len(sent["layers"]) == 3


def test_a_model_that_no_page_can_compute_shows_its_prototypes(experiments, monkeypatch):
    monkeypatch.setattr(type(MODELS["mwta"]), "in_browser", lambda *_: None)
    sent = laboratory.gather(made_results.material_of(experiments["mwta"]))
    assert sent["answers"] is None
    assert sent["weights"] is not None
    assert sent["best"] is not None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_of_a_map_that_diverged_a_script_is_whole(material, tmp_path):
    weights = material.model.trained.state.weights
    weights[0] = np.nan
    weights[1, ::2], weights[2] = np.inf, 1e30
    path = tmp_path / "map.js"
    packing.write_script(path, laboratory.gather(material), made_results.ORIGIN)
    body = path.read_text().split("deliver(", 1)[1].removesuffix(");\n")

    def no_constant(name):
        raise AssertionError(name)

    sent = json.loads(body, parse_constant=no_constant)
    found = from_levels(sent["weights"])
    assert np.isfinite(found).all()
    assert not found[0].any()
    np.testing.assert_allclose(found[2], 1e30, rtol=1e-6)


def test_the_same_map_has_the_same_script(experiments, tmp_path):
    paths = [tmp_path / "one.js", tmp_path / "other.js"]
    for path in paths:
        material = made_results.material_of(experiments["sparse_dream"])
        packing.write_script(path, laboratory.gather(material), made_results.ORIGIN)
    assert paths[0].read_bytes() == paths[1].read_bytes()


# ------------------------------------------------------------------ the page


def test_the_map_that_names_most_drawn_digits_is_the_one_to_draw_for(monkeypatch):
    signs = {"digits": {}, "bars": {}, "cifar": {"zero": "black"}, "pan": {"channels": "on_off"}}
    monkeypatch.setattr(
        page, "_described", lambda _, name: Content("images", {}, {"described": "", **signs[name]})
    )

    def invited(*maps, datasets=tuple(signs)):
        shown = [
            {"name": name, "dataset": data, "values": {"label_accuracy": value}}
            for name, data, value in maps
        ]
        return page.invited_map(None, shown, datasets)

    some = [("weak", "digits", 0.6), ("strong", "digits", 0.8), ("none", "bars", None)]
    assert invited(*some) == "strong"
    assert invited(*some, ("photographs", "cifar", 0.9), ("halves", "pan", 0.9)) == "strong"
    assert invited(("photographs", "cifar", 0.9)) is None
    assert invited(*some, datasets=["bars"]) is None
    assert Form(1, 1, zero="black").is_bright
