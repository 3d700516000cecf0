"""Baselines: what else describes the samples that a map learnt, and how well."""

import importlib.util
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT

import topodream
from topodream.data.samples import Data, Samples, read_data
from topodream.files.errors import InputError
from topodream.files.storage import Content, write_hdf5
from topodream.form import Form
from topodream.grid import Torus
from topodream.measures import baselines, pursuit
from topodream.measures.measure import Subject
from topodream.measures.order import smoothness
from topodream.origin.lineage import MATCHES, trace

# Some forty different images, each of which is there a few times, as bars that cross.
rng = np.random.default_rng(0)
LEFT, TOP = rng.integers(0, 6, (2, 100))
CROSSES = np.zeros((100, 6, 6), np.uint8)
CROSSES[np.arange(100), :, LEFT] = 200
CROSSES[np.arange(100), TOP] = 255
SCRIPT = ROOT / "src" / "measure_baselines.py"
TRAIN, HELD_OUT = CROSSES[:80], CROSSES[80:]
FEW = {"epochs": 2, "steps_per_epoch": 150, "engine": "reference", "progress": False}
FEW |= {"grid": {"rows": 4, "cols": 5}, "n_winners": 3}
ORIGIN = {"made_by": "a test", "commit": "c", "code_sha256": "0", "versions": "{}", "options": "{}"}


@pytest.fixture(scope="module")
def model():
    return topodream.train(TRAIN, name="crosses", **FEW)


def compared(model, train=TRAIN, held_out=HELD_OUT):
    parts = [Samples(pixels, None, None, Form(6, 6)) for pixels in (train, held_out)]
    subject = Subject.of(model, Data(*parts, False, "", "", ""), 100)
    rows = baselines.compare(subject, baselines.load_libraries())
    return {row["name"]: row for row in rows}, subject


@pytest.fixture(scope="module")
def found(model):
    return compared(model)


# ------------------------------------------------------------------ matching pursuit


def test_matching_pursuit_by_hand():
    # The first atom is most like the sample, as is the second one what is left of it.
    atoms = np.array([[0.6, 0.8], [1, 0], [0, 0]])
    sample = np.array([[1.0, 0.8]])
    one = pursuit.matching_pursuit(sample, atoms, 1)
    np.testing.assert_allclose(one, [[1.24, 0, 0]])
    two = pursuit.matching_pursuit(sample, atoms, 2)
    np.testing.assert_allclose(two, [[1.24, 1 - 0.6 * 1.24, 0]])
    # What would have to be subtracted is not taken.
    assert not pursuit.matching_pursuit(-sample, atoms[:2], 2).any()
    # Both at once leave nothing.
    np.testing.assert_allclose(
        pursuit.matching_pursuit(sample, atoms, 2, refit=True), [[1, 0.4, 0]]
    )


def test_of_orthonormal_atoms_each_step_takes_the_largest_coefficient():
    atoms = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    true = rng.normal(size=(5, 8))
    exact = pursuit.matching_pursuit(true @ atoms, atoms, 8, signed=True)
    np.testing.assert_allclose(exact, true, atol=1e-12)
    few = pursuit.matching_pursuit(true @ atoms, atoms, 3, signed=True)
    assert (np.count_nonzero(few, axis=1) == 3).all()
    largest = np.sort(np.abs(true), axis=1)[:, -3:]
    np.testing.assert_allclose(np.sort(np.abs(few), axis=1)[:, -3:], largest)
    positive = pursuit.matching_pursuit(true @ atoms, atoms, 8)
    np.testing.assert_allclose(positive, np.maximum(true, 0), atol=1e-12)


def test_coefficients_are_not_below_zero_and_fitted_ones_leave_less():
    atoms = baselines.directions(rng.uniform(size=(30, 12)), centred=False)
    samples = rng.uniform(size=(9, 12))
    greedy, fitted = (
        pursuit.matching_pursuit(samples, atoms, 4, refit=refit) for refit in (False, True)
    )
    assert min(greedy.min(), fitted.min()) == 0
    left = [((samples - one @ atoms) ** 2).sum() for one in (greedy, fitted)]
    assert left[1] < left[0]
    with pytest.raises(ValueError, match="not below 0"):
        pursuit.matching_pursuit(samples, atoms, 4, signed=True, refit=True)


# ------------------------------------------------------------------ of a map


def test_the_nearest_prototype_is_not_the_one_of_largest_product():
    samples, prototypes = np.array([[1.0, 0], [0, 3]]), np.array([[0, 2.0], [4, 0], [0.5, 0]])
    assert baselines.nearest(samples, prototypes).tolist() == [2, 0]
    # Halfway between two the length of a prototype counts once.
    assert baselines.nearest(np.array([[1.9]]), np.array([[1.0], [2.5]])).tolist() == [1]


def test_the_map_is_as_it_is_measured(found, model):
    rows, subject = found
    drawn = subject.responses.reconstructions
    error = float(np.mean((subject.samples[:] - drawn) ** 2))
    assert rows["map"]["held_out_mse"] == pytest.approx(error)
    assert (rows["map"]["n_prototypes"], rows["map"]["n_shown"]) == (20, 300)
    assert rows["map"]["active"] <= 3
    mean = TRAIN.mean(axis=0) / 255
    assert rows["mean_image"]["held_out_mse"] == pytest.approx(
        np.mean((HELD_OUT / 255 - mean) ** 2)
    )
    assert rows["mean_image"]["held_out_r2"] == pytest.approx(0)


def test_the_order_of_a_torus_is_that_across_its_borders():
    around = {"lateral": {"edge": "wrap", "radius": 1}}
    rows, subject = compared(topodream.train(TRAIN, name="torus", **FEW, **around))
    expected = smoothness(subject.weights, Torus(4, 5), subject.kept)["neighbour_correlation"]
    assert rows["map"]["neighbour_correlation"] == pytest.approx(expected)


def test_pca_leaves_what_the_svd_leaves(found):
    rows, _ = found
    train, held_out = (part.reshape(len(part), -1) / 255 for part in (TRAIN, HELD_OUT))
    off = held_out - train.mean(axis=0)
    axes = np.linalg.svd(train - train.mean(axis=0))[2]

    def left(n):
        return np.mean((off - off @ axes[:n].T @ axes[:n]) ** 2)

    assert rows["pca_few"]["held_out_mse"] == pytest.approx(left(3), rel=1e-4)
    enough, error = rows["pca_enough"]["numbers"], rows["map"]["held_out_mse"]
    assert rows["pca_enough"]["held_out_mse"] <= error < left(enough - 1)


def test_no_number_of_components_is_needed_to_do_as_badly_as_the_mean_image(model):
    rows, _ = compared(model, held_out=np.repeat(TRAIN.mean(axis=0)[None], 4, 0).astype(np.uint8))
    assert "pca_enough" not in rows
    assert "nmf_enough" not in rows


def test_nmf_describes_what_pca_does_worse_but_better_than_the_mean(found):
    rows, _ = found
    errors = [rows[name]["held_out_mse"] for name in ("pca_enough", "nmf_enough", "mean_image")]
    assert errors == sorted(errors)


def test_as_many_centroids_as_samples_leave_nothing(model):
    distinct = np.unique(TRAIN, axis=0)[:20]
    rows, _ = compared(model, distinct, distinct[:5])
    assert rows["k_means"]["held_out_mse"] == pytest.approx(0, abs=1e-12)
    assert rows["k_means"]["dead"] == 0
    assert rows["pursuit_samples_nonnegative"]["held_out_mse"] == pytest.approx(0, abs=1e-12)


def test_of_few_different_samples_some_centroids_are_left_over(model):
    few = np.repeat(TRAIN[:3], 10, axis=0)
    rows, _ = compared(model, few, few)
    assert rows["k_means"]["n_prototypes"] == 20
    assert rows["k_means"]["held_out_mse"] == pytest.approx(0, abs=1e-12)
    assert rows["k_means"]["dead"] >= 17 / 20


def test_a_som_beats_the_mean_image_and_has_order(found):
    rows, _ = found
    som = rows["som"]
    assert som["held_out_mse"] < 0.8 * rows["mean_image"]["held_out_mse"]
    assert som["neighbour_correlation"] > som["random_correlation"] + 0.5
    assert (som["n_prototypes"], som["active"], som["numbers"], som["n_shown"]) == (20, 1, 0, 300)


def test_the_maps_own_winners_do_better_with_fitted_answers(found):
    rows, _ = found
    assert rows["winners_refit"]["held_out_mse"] < rows["map"]["held_out_mse"]
    assert rows["winners_refit"]["active"] <= 3


def test_of_a_map_whose_units_all_answer_its_total_activity_says_how_many():
    dream = {key: value for key, value in FEW.items() if key != "n_winners"}
    model = topodream.train(TRAIN, name="dream", model="sparse_dream", sparsity=0.1, **dream)
    rows, subject = compared(model)
    total = subject.responses.activity.sum(axis=1).mean()
    assert rows["pca_few"]["numbers"] == max(1, round(float(total)))
    assert rows["map"]["active"] > 15


def test_of_a_net_all_of_whose_units_may_win_those_count_that_do():
    net = {key: value for key, value in FEW.items() if key != "n_winners"}
    rows, _ = compared(topodream.train(TRAIN, name="net", model="foldiak", **net))
    assert rows["pca_few"]["numbers"] == round(rows["map"]["active"]) < 20


@pytest.mark.parametrize("name", ["sklearn.cluster", "minisom"])
def test_what_is_missing_is_said_in_one_line(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=r"^baselines need .*pip install -e '.\[baselines\]'.*$"):
        baselines.load_libraries()


# ------------------------------------------------------------------ as a file


def test_the_script_writes_the_same_bytes_again(model, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("script", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    (tmp_path / "data").mkdir()
    (tmp_path / "crosses").mkdir()
    arrays = {"train/pixels": TRAIN, "held_out/pixels": HELD_OUT}
    about = {"described": "crosses", "licence": "none"}
    data = tmp_path / "data" / "samples.h5"
    write_hdf5(data, Content("images", arrays, about), ORIGIN)
    learnt = replace(model, data_sha256=read_data(data).content_sha256)
    topodream.save(learnt, tmp_path / "crosses" / "model.h5")

    def run(name):
        path = tmp_path / "crosses" / name
        given = {"--model": path.with_name("model.h5"), "--data": data, "--held-out": 20}
        words = [str(word) for option in given.items() for word in option]
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *words, "--output", str(path)])
        script.main()
        return path

    paths = [run("one.json"), run("baselines.json")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    content = json.loads(paths[1].read_text())
    assert content["held_out_samples"] == 20
    assert [row["name"] for row in content["baselines"]][:2] == ["map", "mean_image"]
    assert "minisom" in json.loads(content["versions"])
    assert [link.state for link in trace(paths[1]).links[:1]] == [MATCHES]
