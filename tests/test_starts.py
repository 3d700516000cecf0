"""Training that starts from a map."""

import importlib.util
import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT

import topodream
from topodream.files.errors import InputError
from topodream.files.storage import Content, write_hdf5
from topodream.form import Form
from topodream.grid import Grid
from topodream.models import MODELS
from topodream.origin import notes
from topodream.origin.lineage import ANEW, MATCHES, NOT_KEPT, Shelf, links_of, trace
from topodream.plan.catalogue import resolve
from topodream.settings.config import experiment_from, to_mapping
from topodream.training.checkpoints import Checkpoints
from topodream.training.loop import train
from topodream.training.starts import begin_from

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (60, 6, 5)).astype(np.uint8)
OTHERS = rng.integers(0, 256, (60, 6, 5)).astype(np.uint8)
FEW = {"epochs": 2, "steps_per_epoch": 40, "grid": {"rows": 3, "cols": 4}, "progress": False}
FEW |= {"engine": "reference"}
ORIGIN = {"made_by": "a test", "commit": "c", "code_sha256": "0", "versions": "{}"}


@pytest.fixture(scope="module", params=list(MODELS))
def start(request):
    return topodream.train(IMAGES, request.param, name="start", **FEW)


@pytest.fixture(scope="module")
def mwta():
    # With a trace, so that its activity is left over.
    return topodream.train(IMAGES, name="start", trace=0.5, order="sequential", **FEW)


def arrays(trained):
    return {name: array.copy() for name, array in trained.trained.state.arrays.items()}


# ------------------------------------------------------------------ what is learnt


def test_it_begins_with_all_that_was_learnt(start):
    before = arrays(start)
    goes_on = topodream.train(OTHERS, start_from=start, progress=False)
    for name, array in goes_on.trained.snapshots[0].arrays.items():
        expected = start.trained.snapshots[-1].arrays[name]
        np.testing.assert_array_equal(array, 0 * expected if name == "activity" else expected)
    assert not np.array_equal(goes_on.trained.weights, start.trained.weights)
    for name, array in arrays(start).items():
        assert array.tobytes() == before[name].tobytes(), f"the {name} of the start were changed"


def test_a_rate_of_zero_leaves_the_prototypes_as_they_were(mwta):
    goes_on = topodream.train(IMAGES, start_from=mwta, learning_rate=0, seed=3, progress=False)
    assert goes_on.trained.weights.tobytes() == mwta.trained.weights.tobytes()


def test_activity_begins_at_zero(mwta):
    assert mwta.trained.state.activity.any()
    goes_on = topodream.train(IMAGES, start_from=mwta, learning_rate=0, progress=False)
    assert not goes_on.trained.snapshots[0].arrays["activity"].any()
    # So its first epoch meets the same samples with the same weights as the second one.
    errors = goes_on.trained.history.training_mse
    assert errors[0] == errors[1]


def test_the_seed_draws_the_order_as_ever(mwta):
    shuffled = {"order": "shuffled", "learning_rate": 0, "epochs": 1, "progress": False}
    one, same, other = (
        topodream.train(IMAGES, start_from=mwta, seed=seed, **shuffled).trained.history.wins
        for seed in (1, 1, 2)
    )
    assert one.tolist() == same.tolist() != other.tolist()


def test_a_map_that_is_gone_on_with_is_better_than_one_from_scratch(mwta):
    short = {"epochs": 1, "steps_per_epoch": 10, "progress": False}
    goes_on = topodream.train(IMAGES, start_from=mwta, **short)
    scratch = topodream.train(IMAGES, trace=0.5, order="sequential", **FEW | short)
    assert goes_on.experiment.settings == scratch.experiment.settings
    assert goes_on.trained.history.training_mse[0] < 0.9 * scratch.trained.history.training_mse[0]


def test_another_precision_is_rounded_to(mwta):
    double = topodream.train(
        IMAGES, start_from=mwta, dtype="float64", learning_rate=0, progress=False
    )
    assert double.trained.weights.dtype == np.float64
    np.testing.assert_array_equal(double.trained.weights, mwta.trained.weights)


def test_every_engine_begins_with_it(start):
    begin = {"start_from": start, "dtype": "float64", "progress": False}
    one, other = (
        topodream.train(OTHERS, engine=engine, **begin).trained.weights
        for engine in ("reference", "fast")
    )
    np.testing.assert_allclose(one, other, rtol=1e-9)


# ------------------------------------------------------------------ what is said of it


def test_the_file_says_what_it_started_from(mwta, tmp_path):
    goes_on = topodream.train(OTHERS, start_from=mwta, name="more", progress=False)
    topodream.save(goes_on, tmp_path / "more.h5")
    found = topodream.read(tmp_path / "more.h5")
    assert found.start_sha256 == mwta.content_sha256
    assert found.experiment == goes_on.experiment
    assert found.experiment.start_from == "start"
    topodream.save(mwta, tmp_path / "start.h5")
    from_file = topodream.train(
        OTHERS, start_from=tmp_path / "start.h5", name="more", progress=False
    )
    assert from_file.content_sha256 == goes_on.content_sha256


def test_of_maps_whose_weights_were_drawn_files_say_nothing_new(mwta, tmp_path):
    assert "start_from" not in to_mapping(mwta.experiment)
    topodream.save(mwta, tmp_path / "map.h5")
    assert "start_sha256" not in notes.read(tmp_path / "map.h5")
    assert topodream.read(tmp_path / "map.h5").start_sha256 is None


def test_the_chain_leads_to_the_start(mwta, tmp_path):
    for name, trained in (
        ("start", mwta),
        ("more", topodream.train(OTHERS, start_from=mwta, progress=False)),
    ):
        (tmp_path / name).mkdir()
        topodream.save(trained, tmp_path / name / "model.h5")
    more, start = (tmp_path / name / "model.h5" for name in ("more", "start"))
    found = {link.what: link for link in trace(more, tmp_path).links if link.of == more}
    assert (found["start"].state, found["start"].file) == (MATCHES, start)
    assert {link.of for link in trace(more, tmp_path).links} == {more, start}
    topodream.save(topodream.train(IMAGES, seed=9, **FEW), start)
    (link,) = (link for link in trace(more, tmp_path).links if link.what == "start")
    assert (link.state, link.name) == (ANEW, "start")


def test_a_file_of_somebodys_need_not_lie_there(tmp_path):
    note = {"start_sha256": "0" * 64, "settings": {"start_from": "theirs.h5"}}
    (link,) = links_of(tmp_path / "model.h5", note, Shelf(tmp_path))
    assert (link.what, link.name, link.state) == ("start", "theirs.h5", NOT_KEPT)


def test_settings_name_a_file_and_not_where_it_lies(mwta):
    one, moved = (
        replace(mwta.experiment, start_from=path) for path in ("here/a.h5", "/over there/a.h5")
    )
    assert to_mapping(one) == to_mapping(moved)
    assert experiment_from(to_mapping(one), "a file").start_from == "a.h5"


def test_a_checkpoint_that_began_with_another_map_is_refused(mwta, tmp_path):
    experiment = replace(mwta.experiment, start_from="start")
    origin = {**mwta.origin, "options": "{}"}
    pixels = IMAGES.reshape(60, -1)
    begun = [
        Checkpoints(tmp_path / "m.h5", experiment, "d", origin, sha) for sha in ("1", "2", None)
    ]
    train(experiment, pixels, lambda _: None, lambda _: None, begun[0].save)
    assert begun[0].restore(30).epoch == 2
    for other in begun[1:]:
        with pytest.raises(InputError, match=r"state.h5 began with another map"):
            other.restore(30)


# ------------------------------------------------------------------ what doesn't fit


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"grid": {"rows": 4, "cols": 3}},
            "both need the same grid, not Grid(rows=4, cols=3)",
        ),
        (
            {"model": "sparse_dream", **FEW},
            "same model, not 'sparse_dream' and 'mwta'",
        ),
        ({"images": OTHERS.reshape(60, 5, 6)}, "not '5 x 6 pixels' and '6 x 5 pixels'"),
        (
            {"images": OTHERS.reshape(60, 5, 2, 3)},
            "not '5 x 2 pixels in colour' and '6 x 5 pixels'",
        ),
    ],
)
def test_a_map_of_another_shape_is_one_line(mwta, settings, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        topodream.train(**{"images": IMAGES, "start_from": mwta, "name": "m", **settings})
    assert str(caught.value).startswith("m cannot start from start: both need the same ")


def test_excitation_of_another_reach_and_pairs_that_were_not_spared_are_refused():
    dream = topodream.train(IMAGES, "sparse_dream", **FEW)
    with pytest.raises(InputError, match=r"same excitation.reach_cols, not 2 and 1"):
        topodream.train(IMAGES, start_from=dream, excitation={"reach_cols": 2})
    with pytest.raises(InputError, match=r"spares_excited_pairs, not True and False"):
        topodream.train(IMAGES, start_from=dream, global_inhibition={"spares_excited_pairs": True})


def test_excitation_that_is_fixed_stays_what_it_was_where_a_map_starts():
    dream = topodream.train(IMAGES, "sparse_dream", **FEW)
    kept = topodream.train(IMAGES, start_from=dream, excitation={"rule": "fixed", "strength": 9})
    learnt = dream.trained.state.excitation
    assert 0 < learnt.max() < 9
    np.testing.assert_array_equal(kept.trained.state.excitation, learnt)


def test_on_and_off_are_no_pixels_of_the_same_number(mwta):
    signed = replace(mwta, form=Form(3, 5, channels="on_off"))
    with pytest.raises(InputError, match="not '6 x 5 pixels' and '3 x 5 pixels, ON and OFF'"):
        begin_from(signed, mwta.experiment, mwta.form)


BASE = {"extends": "excited-20", "start_from": "excited-20"}
LOOP = "experiment 'a': start_from = 'b': a loop, a -> b -> a"
WRONG = [
    ({"a": {**BASE, "start_from": "a"}}, "experiment 'a': start_from = 'a': a loop, a -> a"),
    ({"a": {**BASE, "start_from": "b"}, "b": {**BASE, "start_from": "a"}}, LOOP),
    ({"a": {**BASE, "start_from": "excited20"}}, "no such experiment (did you mean 'excited-20'?)"),
    (
        {"a": {**BASE, "grid": {"rows": 9}}},
        "start_from = 'excited-20': both need the same grid, not",
    ),
    (
        {"a": {**BASE, "dataset": "digits"}},
        "both need the same samples, not '28 x 28 pixels' and '20 x",
    ),
    ({"a": {**BASE, "start_from": "dream-wide"}}, "both need the same model, not 'mwta' and"),
    (
        {"a": {**BASE, "start_from": "A b"}},
        "start_from = 'A b' is not allowed: the name of an exper",
    ),
    ({"a": {**BASE, "start_from": 3}}, "start_from = 3 is not allowed: a text or null"),
]


@pytest.mark.parametrize(("sections", "said"), WRONG, ids=[said[:60] for _, said in WRONG])
def test_what_is_wrong_in_a_config_is_one_line(some_config, sections, said):
    some_config["experiments"] |= sections
    with pytest.raises(InputError, match=re.escape(said)):
        resolve(some_config)


def test_files_that_are_not_there_yet_say_nothing_of_their_samples(some_config):
    mine = {"kind": "images", "path": "nowhere", "held_out_share": 0.1, "seed": 0}
    some_config["datasets"]["mine"] = mine
    some_config["experiments"]["a"] = {**BASE, "dataset": "mine"}
    assert resolve(some_config).experiments["a"].dataset == "mine"


def test_what_an_experiment_may_start_from(some_config):
    some_config["experiments"] |= {
        "of-a-point": {**BASE, "start_from": "strength--0.3--1"},
        "of-a-replicate": {**BASE, "start_from": "excited-20--seed-1"},
        "of-a-file": {**BASE, "start_from": "../My maps/one.h5"},
        "drawn": {"extends": "of-a-file", "start_from": None},
    }
    found = resolve(some_config).experiments
    assert found["of-a-file"].start_from == "../My maps/one.h5"
    assert found["drawn"].start_from is None


# ------------------------------------------------------------------ the script


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A function: train.py in this process, on a data set, maps of some settings."""
    spec = importlib.util.spec_from_file_location("train", ROOT / "src" / "train.py")
    train_py = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(train_py)
    arrays = {"train/pixels": IMAGES, "held_out/pixels": OTHERS}
    said = {"described": "some", "licence": "none"}
    write_hdf5(tmp_path / "some.h5", Content("images", arrays, said), ORIGIN)

    def run(experiments, *options):
        settings = {"common": {}, "each": [to_mapping(one) for one in experiments]}
        given = {"--data": tmp_path / "some.h5", "--settings": json.dumps(settings)}
        words = [str(word) for option in given.items() for word in option]
        outputs = [str(tmp_path / f"{one.name}.h5") for one in experiments]
        monkeypatch.setattr(sys, "argv", ["src/train.py", *words, "--output", *outputs, *options])
        train_py.main()
        return [tmp_path / f"{one.name}.h5" for one in experiments]

    return run


@pytest.fixture
def three(mwta):
    """Experiments that start from the map of the fixture, which is called start."""
    return [
        replace(mwta.experiment, name=f"m{seed}", seed=seed, order="shuffled", start_from="start")
        for seed in range(3)
    ]


def test_maps_of_one_job_are_those_of_jobs_of_their_own(mwta, three, script, tmp_path):
    topodream.save(mwta, tmp_path / "start.h5")
    option = ("--start-from", str(tmp_path / "start.h5"))
    together = [path.read_bytes() for path in script(three, *option)]
    for one, expected in zip(three, together, strict=True):
        (path,) = script([one], *option)
        assert path.read_bytes() == expected
        assert topodream.read(path).start_sha256 == mwta.content_sha256
    assert len(set(together)) == 3


def test_a_file_is_known_by_its_name(mwta, three, script, tmp_path):
    (tmp_path / "maps").mkdir()
    topodream.save(mwta, tmp_path / "maps" / "mine.h5")
    of_a_file = replace(three[0], start_from="somewhere/mine.h5")
    (path,) = script([of_a_file], "--start-from", str(tmp_path / "maps" / "mine.h5"))
    assert topodream.read(path).experiment.start_from == "mine.h5"


def test_another_map_than_settings_name_is_one_line(mwta, three, script, tmp_path):
    topodream.save(mwta, tmp_path / "start.h5")
    one, option = three[0], ("--start-from", str(tmp_path / "start.h5"))
    wrong = [
        ([one], (), "m0 starts from start: --start-from has to be its file"),
        ([one], ("--start-from",), "m0 starts from start: --start-from has to be its file"),
        ([replace(one, start_from=None)], option, "start.h5: the settings of m0 name no map"),
        ([replace(one, start_from="other")], option, "it is start, and m0 starts from other"),
        ([replace(one, start_from="a/other.h5")], option, "it is start.h5, and m0 starts from oth"),
        ([one, replace(three[1], start_from=None)], option, "their start_from has to be the same"),
        (
            [replace(one, grid=Grid(4, 3))],
            option,
            "m0 cannot start from start: both need the same grid",
        ),
    ]
    for experiments, options, said in wrong:
        with pytest.raises(InputError, match=re.escape(said)):
            script(experiments, *options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["some.h5", "start.h5"]


# ------------------------------------------------------------------ sweeps and replicates


@pytest.fixture
def swept(some_config):
    def make(over, **section):
        some_config["experiments"]["a"] = {**BASE, **section}
        some_config["sweeps"] = {"s": {"extends": "a", "over": over, "measures": ["held_out_mse"]}}
        some_config.update({"selections": {}, "findings": {"seeds": [0], "statements": {}}})
        return resolve(some_config)

    return make


def test_all_seeds_start_from_the_map_that_is_named(swept):
    catalogue = swept({"learning_rate": [0.1, 0.2], "seed": [0, 1]})
    maps = catalogue.sweeps["s"].maps
    assert {catalogue.experiments[name].start_from for name in maps} == {"excited-20"}
    assert catalogue.batches == [maps]


@pytest.mark.parametrize("starts", [["excited-20", None], [None, "excited-20"]])
def test_maps_of_one_job_start_from_one_map(swept, starts):
    catalogue = swept({"start_from": starts, "seed": [0, 1]})
    points = {f"s--{str(start).lower()}": start for start in starts}
    assert {name: catalogue.experiments[name].start_from for name in points} == points
    assert catalogue.batches == [[name, f"{name}--seed-1"] for name in points]
    families = [catalogue.families[name] for name in points]
    assert families[0] == families[1]
    assert "start_from" not in families[0].settings


def test_no_file_of_a_path_is_a_point(swept):
    with pytest.raises(InputError, match=r"over.start_from.0 = 'a/b.h5' is not allowed"):
        swept({"start_from": ["a/b.h5", None]})
