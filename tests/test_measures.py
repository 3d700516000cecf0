import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT

from topodream import blocks
from topodream.data.samples import Data, Samples
from topodream.files.errors import InputError
from topodream.files.storage import write_json
from topodream.form import Form
from topodream.grid import Torus
from topodream.measures import (
    coding,
    collect,
    order,
    prototypes,
    reconstruction,
    responses,
    usage,
)
from topodream.measures.measure import GROUPS, Measure, Subject, by_name, measured
from topodream.measures.measure import shown as shown_to_maps
from topodream.measures.registry import FUNCTIONS, MEASURES
from topodream.models import MODELS, mwta, sparse_dream
from topodream.pictures import saving
from topodream.pictures.figures import hit_map, learning_curve
from topodream.training import states
from topodream.training.map_file import Map
from topodream.training.trained import Divergence, History, Snapshot, Trained

FORM = Form(28, 28)


def shown(weights, samples, experiment):
    """Show samples to an MWTA map of these weights."""
    state = mwta.State(weights, np.zeros(len(weights)))
    return responses.respond(state, samples, experiment)


def test_mean_squared_error_and_mass_ratio_by_hand():
    samples, drawn = np.array([[0.0, 1], [1, 0]]), np.array([[0.5, 1], [1, 1]])
    assert reconstruction.mean_squared_error(samples, drawn) == (0.25 + 0 + 0 + 1) / 4
    assert reconstruction.mass_ratio(samples, drawn) == 3.5 / 2
    assert reconstruction.mass_ratio(np.zeros((2, 2)), drawn) is None


@pytest.fixture
def map_and_samples(small_experiment, vectors):
    weights = np.random.default_rng(3).uniform(0.0, 0.02, (20, 784))
    return weights, vectors[:600], small_experiment


def test_reconstruction_uses_the_activation_of_the_map(map_and_samples):
    weights, samples, experiment = map_and_samples
    drive, excited = experiment(activation="drive"), experiment(activation="excited")
    drawn = {e.settings.activation: shown(weights, samples, e) for e in (drive, excited)}
    # The same units win; only what they answer with differs.
    np.testing.assert_array_equal(drawn["drive"].wins, drawn["excited"].wins)
    assert drawn["excited"].reconstructions.sum() > 1.2 * drawn["drive"].reconstructions.sum()
    overridden = shown(weights, samples, responses.with_activation(drive, "excited"))
    np.testing.assert_array_equal(overridden.reconstructions, drawn["excited"].reconstructions)


def test_blocks_of_samples_make_no_difference(map_and_samples, monkeypatch):
    weights, samples, experiment = map_and_samples
    whole = shown(weights, samples, experiment())
    monkeypatch.setattr(responses, "BLOCK", 7)
    blocks = shown(weights, samples, experiment())
    np.testing.assert_allclose(blocks.activity, whole.activity, rtol=1e-12)


def test_a_trace_is_carried_from_sample_to_sample(map_and_samples):
    weights, samples, experiment = map_and_samples
    traced = shown(weights, samples, experiment(trace=0.25)).activity
    fresh = shown(weights, samples, experiment()).activity
    np.testing.assert_allclose(traced[0], 0.25 * fresh[0])
    np.testing.assert_allclose(traced[1], 0.75 * 0.25 * fresh[0] + 0.25 * fresh[1])


def test_wins_are_counted_from_answers(map_and_samples):
    weights, samples, experiment = map_and_samples
    answers = shown(weights, samples, experiment(n_winners=2))
    assert answers.wins.sum() == 2 * len(samples)
    blank = shown(weights, np.zeros((3, 784)), experiment(n_winners=2))
    assert blank.wins.sum() == 0


def test_wins_are_of_the_sample_at_hand_not_of_its_trace(map_and_samples):
    weights, samples, experiment = map_and_samples
    traced = shown(weights, samples, experiment(n_winners=2, trace=0.25))
    assert traced.wins.sum() == 2 * len(samples)


def test_held_out_answers_equal_those_of_training(small_experiment, vectors):
    """The same functions serve both: a step's reconstruction is the evaluation's."""
    experiment = small_experiment()
    weights = np.random.default_rng(3).uniform(0.0, 0.02, (20, 784))
    answers = shown(weights, vectors[:1], experiment)
    squared = mwta.learn(weights.copy(), answers.activity[0], vectors[0], experiment.settings)
    drawn = reconstruction.mean_squared_error(vectors[:1], answers.reconstructions)
    assert drawn == pytest.approx(float(squared))


def test_other_settings_stay_when_the_activation_changes(small_experiment):
    experiment = small_experiment()
    changed = responses.with_activation(experiment, "excited")
    assert replace(changed, settings=replace(changed.settings, activation="drive")) == experiment


# ------------------------------------------------------------------ all of them for one map


@pytest.fixture
def whole_map(small_experiment):
    """A map of two epochs whose wins, errors and snapshots all differ."""
    rng = np.random.default_rng(3)
    snapshots = rng.uniform(0, 0.02, (3, 20, 784)).astype(np.float16)
    wins = np.ones((2, 20), int)
    wins[0, :3], wins[1, :5], wins[1, 5] = 0, 0, 3
    history = History(
        np.array([9.0, 4.0]), np.ones(2), np.array([2.0, 3.0]), wins, np.ones((2, 20))
    )
    experiment = small_experiment(activation="drive")
    kept = [
        Snapshot(epoch, {"weights": w, "activity": np.zeros(20)})
        for epoch, w in enumerate(snapshots)
    ]
    state = mwta.State(snapshots[-1].astype(float), np.zeros(20))
    trained = Trained(state, history, kept, None)
    return Map(experiment, trained, FORM, "some digits", "0" * 64, "1" * 64, {})


def data_of(train, held_out, *, is_sequence=False):
    return Data(train, held_out, is_sequence, "0" * 64, "some digits", "")


@pytest.fixture
def unlabelled(digits):
    """Fewer training than held-out samples, and of different classes."""
    dark = Samples(digits["train/pixels"][:40] // 2, None, None, FORM)
    return data_of(dark, Samples(digits["held_out/pixels"][:90], None, None, FORM))


def test_every_measure_is_taken_where_it_should_be(whole_map, unlabelled):
    train, held_out = unlabelled.train, unlabelled.held_out
    results = collect.measure(whole_map, unlabelled, 60)
    weights, experiment = whole_map.trained.weights, whole_map.experiment
    samples = held_out.pixels[:60].reshape(60, -1) / 255
    as_trained = shown(weights, samples, experiment)
    excited = shown(weights, samples, responses.with_activation(experiment, "excited"))
    mean_image = (train.pixels / 255).reshape(40, -1).mean(axis=0)
    mse, baseline = (np.mean((samples - x) ** 2) for x in (as_trained.reconstructions, mean_image))
    expected = {
        "held_out_samples": 60,
        "held_out_mse": mse,
        "mean_image_mse": baseline,
        "held_out_r2": 1 - mse / baseline,
        "training_mse": 4.0,
        "mass_ratio": as_trained.reconstructions.sum() / samples.sum(),
        "mass_ratio_excited": excited.reconstructions.sum() / samples.sum(),
        "total_activity": as_trained.activity.sum() / 60,
        **order.smoothness(weights, experiment.grid, np.ones(20, bool)),
        **order.topographic_errors(as_trained.ranked, experiment.grid),
        **order.trust(order.ranks_of_others(samples), as_trained.ranked, experiment.grid),
        "dead_in_training": 5 / 20,
        "dead_held_out": np.mean(as_trained.wins == 0),
        **usage.usage(np.array(5 * [0] + [3] + 14 * [1])),
        **usage.sparsenesses(as_trained.activity),
        "border_wins": 11 / 14 / (17 / 20),
        "effective_pixels": prototypes.effective_pixels(weights).mean(),
        "largest_weight": weights.max(),
        "weight_growth": 1.5,
        "settled_after": 2,
        "diverged": 0,
    }
    found = results["measures"]
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    inexact = [value for value in expected.values() if value != int(value)]
    assert len(set(inexact)) == len(inexact)  # or one could stand for another
    before, after = (s.arrays["weights"].astype(float) for s in whole_map.trained.snapshots[1:])
    assert found["prototype_change"] == pytest.approx(prototypes.change(before, after))
    nothing = {name for name, value in found.items() if value is None}
    has = MODELS["mwta"].traits
    lacking = {name for name, about in MEASURES.items() if not has.issuperset(about.needs)}
    # No labels, no sequence, another model; no order whose range could be taken.
    assert nothing == lacking | {"order_range", "diverged_at_step"}
    curve = results["curve"]
    assert curve["epoch"] == [0, 1, 2]
    for snapshot, error in zip(whole_map.trained.snapshots, curve["held_out_mse"], strict=True):
        drawn = shown(snapshot.arrays["weights"].astype(float), samples, experiment).reconstructions
        assert error == pytest.approx(np.mean((samples - drawn) ** 2))


def test_a_map_on_a_torus_is_measured_as_one(whole_map, unlabelled):
    settings = whole_map.experiment.settings
    wraps = replace(settings, lateral=replace(settings.lateral, edge="wrap", radius=1))
    on_torus = replace(whole_map, experiment=replace(whole_map.experiment, settings=wraps))
    found = collect.measure(on_torus, unlabelled, 60)["measures"]
    expected = order.smoothness(whole_map.trained.weights, Torus(4, 5), np.ones(20, bool))
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert found["border_wins"] is None


def test_a_map_that_blew_up_has_measures_that_can_be_written(whole_map, unlabelled, tmp_path):
    for snapshot in whole_map.trained.snapshots[1:]:
        snapshot.arrays["weights"][:] = np.inf
    state = mwta.State(np.full((20, 784), 1e200), np.zeros(20))
    blown_up = replace(whole_map.trained, state=state)
    results = collect.measure(replace(whole_map, trained=blown_up), unlabelled, 60)
    assert results["measures"]["held_out_mse"] is None
    assert results["curve"]["held_out_mse"][0] > 0
    assert results["curve"]["held_out_mse"][1:] == [None, None]
    write_json(tmp_path / "measures.json", results)
    figure = learning_curve.plot(
        blown_up.history.training_mse, results["curve"], 0.1, "title", "data"
    )
    saving.save(figure, tmp_path / "curve.png", "note")


def test_a_map_that_never_finished_an_epoch_has_measures_all_the_same(whole_map, unlabelled):
    history = History(*(np.zeros(0) for _ in range(3)), *(np.zeros((0, 20)) for _ in range(2)))
    begun = replace(
        whole_map.trained,
        history=history,
        snapshots=whole_map.trained.snapshots[:1],
        divergence=Divergence(7, 1, "the mean squared error is no finite number (nan)"),
    )
    stopped = replace(whole_map, trained=begun)
    results = collect.measure(stopped, unlabelled, 60)
    assert results["measures"]["training_mse"] is None
    assert results["measures"]["dead_in_training"] is None
    assert (results["measures"]["diverged"], results["measures"]["diverged_at_step"]) == (1, 7)
    assert results["measures"]["held_out_mse"] > 0
    assert stopped.title == "small (the start, it diverged in epoch 1)"
    assert stopped.last_wins.tolist() == [0] * 20
    hit_map.plot(stopped.last_wins, stopped.experiment.grid, "title", "data")
    learning_curve.plot(history.training_mse, results["curve"], 0.1, "title", "data")


@pytest.fixture
def with_labels(digits):
    """Training and held-out digits that have labels."""
    parts = (
        Samples(digits[f"{part}/pixels"][:300], digits[f"{part}/labels"][:300], None, FORM)
        for part in ("train", "held_out")
    )
    return data_of(*parts)


@pytest.fixture
def dream_map(catalogue, whole_map):
    """A SparseDream map as it starts."""
    experiment = replace(catalogue.experiments["dream-drive-trained"], dtype="float64")
    state = states.start(experiment, 784, np.random.default_rng(0))
    state.thresholds[:] = 60
    start = Snapshot(0, {**state.arrays, "excitation": np.triu(state.excitation)})
    wins = np.ones((1, 100), int)
    history = History(np.ones(1), np.ones(1), np.ones(1), wins, np.ones((1, 100)))
    trained = Trained(state, history, [start], None)
    return replace(whole_map, experiment=experiment, trained=trained)


def test_measures_of_a_sparse_dream_map(dream_map, with_labels):
    dream_map.trained.state.global_inhibition[3, 4] = 0.7
    np.fill_diagonal(dream_map.trained.state.column_inhibition, np.arange(100))
    found = collect.measure(dream_map, with_labels, 200)["measures"]
    assert found["faded_units"] == 0
    assert found["excitation_asymmetry"] < 0.4 < found["excitation_asymmetry_start"] == 1
    assert 0 < found["lateral_share"] < 1
    assert found["global_inhibition_max"] == 0.7
    assert found["column_inhibition_diagonal"] == 49.5
    weights = dream_map.trained.state.weights.copy()
    weights[:96] *= 0.01
    state = replace(dream_map.trained.state, weights=weights)
    half = replace(dream_map, trained=replace(dream_map.trained, state=state))
    faded = collect.measure(half, with_labels, 200)["measures"]
    assert faded["faded_units"] == 0.96
    # The last four units stand beside each other in a row.
    assert faded["row_cosine"] is not None
    assert faded["column_cosine"] is None


@pytest.mark.slow
@pytest.mark.parametrize("largest", [1e20, 1e200, np.inf, np.nan])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_whatever_a_map_grew_to_nothing_fails(
    whole_map, dream_map, with_labels, largest, dtype, tmp_path
):
    data = replace(with_labels, is_sequence=True)
    for model in (whole_map, dream_map):
        with np.errstate(over="ignore"):
            arrays = {
                name: array.astype(dtype) for name, array in model.trained.state.arrays.items()
            }
            arrays["weights"][3:9] = np.array(largest).astype(dtype)
        experiment = replace(model.experiment, dtype=dtype)
        trained = replace(model.trained, state=states.state_of(experiment, arrays))
        results = collect.measure(replace(model, experiment=experiment, trained=trained), data, 90)
        write_json(tmp_path / "measures.json", results)
        assert set(results["measures"]) == set(MEASURES)


def test_order_of_labels_matters_to_coding(whole_map, with_labels):
    found = collect.measure(whole_map, with_labels, 200)["measures"]
    assert 0.5 < found["probe_pixels"] < 1
    assert found["label_purity"] > found["label_purity_shuffled"]
    mixed = replace(with_labels.train, labels=np.roll(with_labels.train.labels, 1))
    astray = collect.measure(whole_map, replace(with_labels, train=mixed), 200)["measures"]
    assert astray["probe_pixels"] < 0.4
    assert astray["label_accuracy"] < found["label_accuracy"]


def test_windows_of_a_sequence_have_a_path(whole_map, unlabelled):
    windows = replace(unlabelled, is_sequence=True)
    found = collect.measure(whole_map, windows, 60)["measures"]
    assert found["path_length"] > 0
    assert found["trace_path"] is None
    settings = replace(whole_map.experiment.settings, trace=0.5)
    traced = replace(whole_map, experiment=replace(whole_map.experiment, settings=settings))
    assert collect.measure(traced, windows, 60)["measures"]["trace_path"] > 0


# ------------------------------------------------------------------ what registers


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("of_data", ["unlabelled", "with_labels", "windows"])
def test_functions_return_the_measures_that_they_name(
    small_experiment, whole_map, name, of_data, request
):
    experiment = small_experiment(model=name)
    state = states.start(experiment, 784, np.random.default_rng(0))
    trained = replace(whole_map.trained, state=state, snapshots=[Snapshot(0, state.arrays)])
    model = replace(whole_map, experiment=experiment, trained=trained)
    subject = Subject.of(model, request.getfixturevalue(of_data), 60)
    for function in FUNCTIONS:
        values = function(subject)
        assert list(values) == [measure.name for measure in function.measures]
        if not subject.traits.issuperset(function.needs):
            assert set(values.values()) == {None}


@pytest.fixture
def windows(unlabelled):
    return replace(unlabelled, is_sequence=True)


def test_needs_decide_which_maps_have_a_measure(whole_map, unlabelled, with_labels):
    @measured(Measure("named", "", "", ""), group="coding", needs=("labels", "activation"))
    def named(subject):
        return {"named": len(subject.labels[1])}

    assert named(Subject.of(whole_map, with_labels, 60)) == {"named": 60}
    # Nothing is computed: there are no labels to count.
    assert named(Subject.of(whole_map, unlabelled, 60)) == {"named": None}
    train_alone = replace(with_labels, held_out=unlabelled.held_out)
    assert named(Subject.of(whole_map, train_alone, 60)) == {"named": None}


def test_measures_stand_in_their_file_in_the_order_to_show_them(whole_map, unlabelled):
    found = list(collect.measure(whole_map, unlabelled, 60)["measures"])
    assert found[0] == "held_out_samples"
    assert found[1:] == [name for name in MEASURES if name != "held_out_samples"]
    groups = [about.group for about in MEASURES.values()]
    assert groups == sorted(groups, key=GROUPS.index)
    assert set(groups) == set(GROUPS)


def test_what_readers_see_of_measures_is_whole():
    for about in MEASURES.values():
        assert about.label
        assert about.meaning
        assert format(3 if about.form.endswith("d") else 0.5, about.form)
    labels = [about.label for about in MEASURES.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "largest_weight"}, "two measures are called largest_weight"),
        ({"group": "odour"}, "new: there is no group 'odour' of measures"),
        ({"null": "largest_wait"}, "new: its null largest_wait is no measure"),
    ],
)
def test_a_measure_that_cannot_register(change, said):
    given = {"name": "new", "group": "order", **change}
    one = measured(
        Measure(given["name"], "", "", "", null=given.get("null")), group=given["group"]
    )(lambda subject: {})
    assert by_name(FUNCTIONS) == MEASURES
    with pytest.raises(ValueError, match=said):
        by_name([*FUNCTIONS, one])


def test_names_of_measures_are_known_without_what_computes_them():
    heavy = ("scipy", "sklearn", "numba", "matplotlib", "PIL")
    code = (
        "import sys, topodream.plan.catalogue as plan; assert plan.MEASURES; "
        f"print(*(name for name in {heavy} if name in sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == []


def test_units_that_are_all_fully_active_leave_no_clear_winners(catalogue, vectors):
    experiment = replace(catalogue.experiments["dream-symmetric"], dtype="float64")
    state = states.start(experiment, 784, np.random.default_rng(0))
    state.thresholds[:] = -1e4
    assert not responses.respond(state, vectors[:9], experiment).clear.any()
    state.thresholds[:] = np.arange(100)
    assert responses.respond(state, vectors[:9] / 1000, experiment).clear.all()
    values = np.array([[3.0, 2, 2, 0], [3, 3, 1, 0], [3, 2, 1, 1]])
    clear = responses._clear(values, responses.best_units(values, 2))
    assert clear.tolist() == [False, True, True]


def test_winners_that_are_not_clear_count_for_no_topographic_error(dream_map, with_labels):
    dream_map.trained.state.thresholds[:] = -1e4
    found = collect.measure(dream_map, with_labels, 90)["measures"]
    assert found["topographic_error"] is None


def test_labels_are_those_of_the_samples_chosen(whole_map, with_labels, monkeypatch):
    monkeypatch.setattr(coding, "LABELLED", 150)
    found = collect.measure(whole_map, with_labels, 200)["measures"]
    assert found["probe_pixels"] > 0.5


def test_the_probe_is_of_each_digit_by_itself(whole_map, with_labels):
    settings = replace(whole_map.experiment.settings, trace=0.5)
    traced = replace(whole_map, experiment=replace(whole_map.experiment, settings=settings))
    probes = [
        collect.measure(model, with_labels, 200)["measures"]["linear_probe"]
        for model in (whole_map, traced)
    ]
    assert probes[0] == probes[1]


def test_few_active_units_reconstruct_as_the_whole_map(map_and_samples):
    weights, samples, experiment = map_and_samples
    some = shown(weights, samples, experiment(n_winners=1))
    large = np.concatenate([weights, np.zeros((980, 784))])
    settings = {"grid": {"rows": 50, "cols": 20}, "n_winners": 1, "lateral": {"strength": 0}}
    few = shown(large, samples, experiment(**settings))
    np.testing.assert_allclose(few.reconstructions, few.activity @ large, rtol=1e-12)
    assert few.reconstructions.shape == some.reconstructions.shape
    blank = shown(large, np.zeros((2, 784)), experiment(**settings))
    assert not blank.reconstructions.any()


def test_what_sparse_dream_answers(catalogue, vectors):
    experiment = replace(catalogue.experiments["dream-symmetric"], dtype="float64")
    state = states.start(experiment, 784, np.random.default_rng(0))
    state.thresholds[:] = 40
    samples = np.concatenate([vectors[:9], np.zeros((1, 784))])
    answers = responses.respond(state, samples, experiment)
    one_by_one = [sparse_dream.respond(state, v, experiment.settings)[1] for v in samples]
    np.testing.assert_allclose(answers.activity, one_by_one, rtol=1e-9)
    assert answers.wins.sum() == 10
    assert answers.wins[np.argmax(one_by_one[0])] >= 1
    np.testing.assert_allclose(answers.reconstructions, answers.activity @ state.weights)
    with pytest.raises(InputError, match="sparse_dream has no activation to choose"):
        responses.with_activation(experiment, "drive")


@pytest.mark.parametrize("trace", [None, 0.5])
def test_measures_in_blocks_are_those_at_once(
    whole_map, dream_map, with_labels, monkeypatch, trace
):
    settings = replace(whole_map.experiment.settings, trace=trace)
    traced = replace(whole_map, experiment=replace(whole_map.experiment, settings=settings))
    for model in (traced, dream_map):
        at_once = collect.measure(model, with_labels, 200)
        with monkeypatch.context() as small:
            small.setattr(blocks.blocks, "__defaults__", (70 * 784,))
            small.setattr(prototypes, "NUMBERS", 4 * 30 * 784)
            small.setattr(order, "BLOCK_NUMBERS", 3 * 784)
            shown_to_maps.cache_clear()  # all is to be found anew
            in_blocks = collect.measure(model, with_labels, 200)
        for group in ("measures", "curve"):
            for name, value in at_once[group].items():
                expected = value if value is None else pytest.approx(value, rel=1e-6)
                assert in_blocks[group][name] == expected, name


def test_a_trace_goes_on_where_only_some_responses_are_kept(map_and_samples):
    weights, samples, experiment = map_and_samples
    state, traced = mwta.State(weights, np.zeros(20)), experiment(trace=0.3)
    kept = np.array([0, 1, 249, 250, 599])
    whole, some = (responses.respond(state, samples, traced, rows) for rows in (None, kept))
    expected = responses.traced(whole.fresh, traced)
    np.testing.assert_array_equal(whole.activity, expected)
    np.testing.assert_array_equal(some.activity, expected[kept])
    np.testing.assert_array_equal(some.ranked, whole.ranked[kept])
    np.testing.assert_array_equal(some.wins, whole.wins)


def test_what_is_of_the_data_alone_is_asked_once_for_all_maps_of_one_precision(
    whole_map, dream_map, with_labels, monkeypatch
):
    asked = []

    def ranks(samples, found=order.ranks_of_others):
        asked.append(samples.dtype)
        return found(samples)

    monkeypatch.setattr(order, "ranks_of_others", ranks)
    shown_to_maps.cache_clear()
    another = replace(with_labels)  # of the same content: who knows
    for data, n_held_out in (
        (with_labels, 200),
        (with_labels, 200),
        (with_labels, 90),
        (another, 90),
    ):
        collect.measure(whole_map, data, n_held_out)
    collect.measure(dream_map, another, 90)
    assert dream_map.experiment.dtype == whole_map.experiment.dtype
    assert len(asked) == 3


def test_both_probes_learn_from_fewer_large_images(whole_map, with_labels, monkeypatch):
    given = []

    def probe(train, labels, held_out, held_out_labels):
        given.append((len(train), len(labels), len(held_out), len(held_out_labels)))

    monkeypatch.setattr(coding, "probe", probe)
    monkeypatch.setattr(coding, "LABELLED_NUMBERS", 50 * 784)
    collect.measure(whole_map, with_labels, 200)
    assert given == [(50, 50, 200, 200)] * 2
