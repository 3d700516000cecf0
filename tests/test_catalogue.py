"""Sweeps, replicates, groups, and what `run` selects."""

from dataclasses import replace

import pytest

from topodream.files.errors import InputError
from topodream.files.reading import check_name
from topodream.plan.catalogue import JOBS_OF_A_SWEEP, MAPS_PER_JOB, resolve
from topodream.settings.config import to_mapping

WHY = "needs CIFAR-10: set datasets.cifar10.source (docs/data.md)"


@pytest.fixture
def swept(some_config):
    """A function: the catalogue with one small sweep."""

    def make(over, **section):
        some_config["sweeps"] = {
            "some": {"extends": "excited-20", "over": over, "measures": ["held_out_mse"], **section}
        }
        some_config.update({"selections": {}, "findings": {"seeds": [0], "statements": {}}})
        return resolve(some_config)

    return make


def test_each_combination_of_values_is_an_experiment(swept):
    catalogue = swept({"lateral.strength": [0.1, 0.25], "trace": [None, 0.5], "seed": [0, 7]})
    sweep = catalogue.sweeps["some"]
    assert sweep.keys == ("lateral.strength", "trace")
    assert [point.values for point in sweep.points] == [
        (0.1, None), (0.1, 0.5), (0.25, None), (0.25, 0.5),
    ]  # fmt: skip
    assert sweep.points[1].replicates == {0: "some--0.1--0.5", 7: "some--0.1--0.5--seed-7"}
    made = catalogue.experiments["some--0.25--none--seed-7"]
    base = catalogue.experiments["excited-20"]
    lateral = replace(base.settings.lateral, strength=0.25)
    expected = replace(
        base, name=made.name, seed=7, settings=replace(base.settings, lateral=lateral)
    )
    assert made == expected


def test_points_of_a_sweep_are_not_listed(swept, catalogue):
    with_sweep = swept({"learning_rate": [0.1]})
    assert with_sweep.listed == catalogue.listed
    assert "some--0.1" in with_sweep.experiments


def test_without_seeds_a_sweep_takes_the_experiments_own(swept):
    assert swept({"learning_rate": [0.1]}).sweeps["some"].points[0].replicates == {0: "some--0.1"}


def test_a_sweep_takes_whatever_texts_settings_take(swept, some_config):
    some_config["datasets"]["full-mnist-2"] = {"kind": "mnist", "source": "keras"}
    swept_data = swept({"dataset": ["digits", "full-mnist-2"], "dtype": ["float32", "float64"]})
    point = swept_data.experiments["some--full-mnist-2--float64"]
    assert (point.dataset, point.dtype) == ("full-mnist-2", "float64")
    check_name(point.name, "a point")


def test_a_dataset_that_is_none_is_no_point_of_a_sweep(swept):
    with pytest.raises(InputError, match="dataset = 'digits-2' is not allowed: what can be learnt"):
        swept({"dataset": ["digits", "digits-2"]})


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"lateral.strenght": [0.1]}, "sweep 'some': unknown key lateral.strenght = 0.1 (did you"),
        ({"lateral.strength": [0.1, -1]}, "sweep 'some': lateral.strength = -1 is not allowed: a"),
        (
            {"grid.rows": [40], "n_winners": [5, 900]},
            "sweep 'some': n_winners = 900 is not allowed",
        ),
        ({"learning_rate": []}, "sweeps.some.over.learning_rate = [] is not allowed"),
        (
            {"learning_rate": [0.1, 0.1]},
            "a list of at least 1 without repetitions (the values to take",
        ),
        ({"../x": [1]}, "the name '../x' is not allowed"),
        ({"order": ["../../x"]}, "is not allowed"),
        ({"seed": [-1]}, "seed.0 = -1 is not allowed"),
        ({"trace": [{"a": 1}]}, "is not allowed"),
        ({"lateral": [3]}, "sweep 'some': lateral = 3 is not allowed"),
        ({"epochs.more": [3]}, "sweep 'some': epochs = {'more': 3} is not allowed"),
        ({"lateral": [None], "lateral.strength": [1]}, "lateral.strength lies within another key"),
        ({"lateral.strength": [1], "lateral": [None]}, "other keys lie within lateral"),
        ({"order": ["shuffled", "$(touch x)"]}, "over.order.1 = '$(touch x)' is not allowed"),
        ({"order": ["a;b"]}, "is not allowed"),
        ({"order": ["..."]}, "is not allowed"),
        ({"order": ["{wildcards}"]}, "is not allowed"),
        ({"learning_rate": [True, 1]}, "learning_rate = True is not allowed"),
        ({"learning_rate": [1, 1.0]}, "is not allowed"),
        ({"trace": ["none", None]}, "trace = 'none' is not allowed"),
        (
            {
                key: [i / 10 for i in range(10)]
                for key in ("learning_rate", "a", "b", "c", "d", "e")
            },
            "sweep 'some': over makes 1,000,000 maps, at most 100,000",
        ),
        (
            {key: [0.12345678901234567] for key in "abcdefghijk"},
            "of a point has 235 characters, at most 200 make a folder",
        ),
    ],
)
def test_a_wrong_sweep_is_one_clear_line(swept, over, said):
    with pytest.raises(InputError) as caught:
        swept(over)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sweep_draws_measures_that_there_are(swept):
    with pytest.raises(InputError) as caught:
        swept({"learning_rate": [0.1]}, measures=["held_out_msee"])
    assert str(caught.value) == (
        "sweep 'some': measures = 'held_out_msee': no such measure (did you mean 'held_out_mse'?)"
    )


def test_a_point_does_not_replace_an_experiment(swept, some_config):
    some_config["experiments"]["some--0.1"] = {"extends": "trace-40"}
    with pytest.raises(InputError, match="'some--0.1' is not allowed"):
        swept({"learning_rate": [0.1]})
    some_config["experiments"]["some--7"] = some_config["experiments"].pop("some--0.1")
    with pytest.raises(InputError, match="sweep 'some': the name 'some--7' is taken"):
        swept({"learning_rate": [7]})


def test_a_number_has_one_name_however_it_is_written(swept):
    points = swept({"learning_rate": [1.0, 1e-5], "seed": [3]}).sweeps["some"].points
    assert [point.replicates[3] for point in points] == ["some--1--seed-3", "some--1e-05--seed-3"]
    assert swept({"learning_rate": [1]}).sweeps["some"].points[0].replicates[0] == "some--1"


def test_a_replicate_is_not_another_experiment_of_its_name(swept, some_config):
    some_config["experiments"]["excited-20--seed-3"] = {"extends": "trace-40"}
    claim = {"measure": "held_out_mse", "of": "excited-20", "above": 0}
    statement = {"said": "So.", "source": "a test", "claims": [claim]}
    some_config["findings"] = {"seeds": [3], "statements": {"so": statement}}
    with pytest.raises(InputError, match="the name 'excited-20--seed-3' of its replicate is taken"):
        resolve(some_config)
    some_config["experiments"]["excited-20--seed-3"] = {"extends": "excited-20", "seed": 3}
    assert resolve(some_config).replicates["excited-20"] == {3: "excited-20--seed-3"}


def test_names_of_points_stay_names_of_folders(catalogue):
    for name in catalogue.experiments:
        check_name(name, "here")


def test_a_sweep_of_nothing(swept):
    with pytest.raises(
        InputError, match="extends = 'excited-21': no such experiment .did you mean"
    ):
        swept({"learning_rate": [0.1]}, extends="excited-21")


def test_a_sweep_over_seeds_alone_has_a_point_for_each(swept):
    points = swept({"seed": [3, 4]}).sweeps["some"].points
    assert [point.replicates for point in points] == [{3: "some--3"}, {4: "some--4"}]


# ------------------------------------------------------------------ batches


@pytest.fixture
def batches(swept, some_config):
    """A function: which points of a sweep one job makes, so many at most."""

    def make(size, over, device="cpu", **changes):
        other = {"maps_per_job": 500, "maps_per_gpu_job": 500}
        sizes = {"maps_per_gpu_job" if device == "gpu" else "maps_per_job": size}
        some_config.update({"device": device, **other, **sizes})
        return swept(over, **changes).batches

    return make


STRENGTHS_AND_SEEDS = {"lateral.strength": [0.1, 0.2, 0.3], "seed": [0, 1]}


@pytest.mark.parametrize("device", ["cpu", "gpu", "auto"])
def test_points_and_their_seeds_are_made_in_their_order(batches, device):
    assert batches(4, STRENGTHS_AND_SEEDS, device) == [
        ["some--0.1", "some--0.1--seed-1", "some--0.2", "some--0.2--seed-1"],
        ["some--0.3", "some--0.3--seed-1"],
    ]


def test_a_job_may_have_one_map(batches):
    assert batches(5, STRENGTHS_AND_SEEDS)[-1] == ["some--0.3--seed-1"]
    assert [len(names) for names in batches(1, STRENGTHS_AND_SEEDS)] == [1] * 6


def test_a_number_of_maps_may_be_written_as_yaml_likes(batches):
    assert batches(4.0, STRENGTHS_AND_SEEDS) == batches(4, STRENGTHS_AND_SEEDS)


@pytest.mark.parametrize(
    ("n_points", "sizes"), [(20, {20}), (21, {20, 1}), (100, {25}), (99, {25, 24})]
)
def test_a_sweep_has_so_many_jobs_at_most_and_each_twenty_maps_where_that_serves(
    batches, monkeypatch, n_points, sizes
):
    monkeypatch.setattr("topodream.plan.catalogue.JOBS_OF_A_SWEEP", 4)
    made = batches("auto", {"seed": list(range(n_points))})
    assert {len(names) for names in made} == sizes


def test_a_sweep_of_which_not_all_can_share_a_job_has_no_more_jobs_for_it(batches, monkeypatch):
    monkeypatch.setattr("topodream.plan.catalogue.JOBS_OF_A_SWEEP", 4)
    over = {"dataset": ["pan", "digits"], "seed": list(range(50))}
    assert [len(names) for names in batches("auto", over)] == [25, 25, 25, 25]


def test_by_default_a_sweep_has_a_thousand_jobs_at_most_of_twenty_maps_or_more(shipped_config):
    assert shipped_config["maps_per_job"] == "auto"
    assert (MAPS_PER_JOB, JOBS_OF_A_SWEEP) == (20, 1000)


def test_what_comes_to_the_end_of_a_sweep_leaves_full_batches_as_they_are(batches):
    longer = {**STRENGTHS_AND_SEEDS, "lateral.strength": [0.1, 0.2, 0.3, 0.4]}
    assert batches(4, longer)[0] == batches(4, STRENGTHS_AND_SEEDS)[0]


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"grid.rows": [4, 5], "trace": [0.3, 0.5]}, [["4--0.3", "4--0.5"], ["5--0.3", "5--0.5"]]),
        ({"trace": [None, 0.3, 0.5]}, [["none", "0.3", "0.5"]]),
        ({"steps_per_epoch": [10, 20]}, [["10"], ["20"]]),
        ({"dataset": ["pan", "digits"]}, [["pan"], ["digits"]]),
        ({"device": ["gpu", "cpu", "auto"], "seed": [0, 1]},
         [["gpu", "gpu--seed-1"], ["cpu", "cpu--seed-1"], ["auto", "auto--seed-1"]]),
        ({"n_winners": [1, 2], "epochs": [2, 3]}, [["1--2", "1--3", "2--2", "2--3"]]),
        ({"on_divergence": ["keep", "fail"], "activation": ["drive", "excited"]},
         [["keep--drive", "keep--excited", "fail--drive", "fail--excited"]]),
    ],
)  # fmt: skip
def test_side_by_side_train_maps_of_one_shape_whatever_else_differs(batches, over, expected):
    assert batches(9, over, "gpu") == [[f"some--{name}" for name in names] for names in expected]


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"grid.rows": [4, 5], "trace": [None, 0.5]}, [["4--none", "4--0.5", "5--none", "5--0.5"]]),
        ({"dataset": ["pan", "digits"]}, [["pan"], ["digits"]]),
        ({"engine": ["fast", "reference"]}, [["fast"], ["reference"]]),
        ({"on_divergence": ["keep", "fail"], "activation": ["drive", "excited"]},
         [["keep--drive", "keep--excited"], ["fail--drive"], ["fail--excited"]]),
    ],
)  # fmt: skip
def test_one_after_another_train_maps_of_one_data_set_and_code(batches, over, expected):
    assert batches(9, over) == [[f"some--{name}" for name in names] for names in expected]


def test_replicates_are_made_together_and_what_stands_in_the_config_alone(some_config):
    """Or whoever asks for excited-20 would wait for its replicates too."""
    claim = {"measure": "held_out_mse", "of": "excited-20", "minus": "some--0.1", "below": 0}
    statement = {"said": "It does.", "source": "a test", "claims": [claim]}
    some_config["findings"] = {"seeds": [0, 5, 6], "statements": {"it-does": statement}}
    over = {"learning_rate": [0.1, 0.2]}
    sweep = {"extends": "excited-20", "over": over, "measures": ["held_out_mse"]}
    some_config.update(maps_per_job=3, sweeps={"some": sweep}, selections={})
    assert resolve(some_config).batches == [
        ["some--0.1", "some--0.2", "some--0.1--seed-5"],
        ["some--0.1--seed-6"],
        ["excited-20--seed-5", "excited-20--seed-6"],
    ]


def test_each_map_that_does_not_stand_in_the_config_is_in_one_batch(catalogue):
    names = [name for batch in catalogue.batches for name in batch]
    assert sorted(names) == sorted(set(catalogue.experiments) - set(catalogue.listed))
    for batch in catalogue.batches:
        assert len({catalogue.families[name].name for name in batch}) == 1


# ------------------------------------------------------------------ families


def differing(settings, other):
    """The keys, dotted, that two mappings don't have in common."""
    if not (isinstance(settings, dict) and isinstance(other, dict)):
        return {""} if settings != other else set()
    found = {key: differing(settings.get(key), other.get(key)) for key in settings | other}
    return {f"{key}.{inner}".strip(".") for key, inners in found.items() for inner in inners}


def test_a_family_says_all_but_what_its_names_do(swept):
    catalogue = swept({"lateral.strength": [0.1, 0.2], "trace": [0.5], "seed": [0, 1]})
    families = {catalogue.families[name] for name in catalogue.sweeps["some"].maps}
    (family,) = families
    assert (family.name, family.keys) == ("some", ("lateral.strength", "trace"))
    for name in catalogue.sweeps["some"].maps:
        settings = to_mapping(catalogue.experiments[name])
        hidden = {"name", "lateral.strength", "trace"}
        hidden |= {"seed"} if settings["seed"] else set()
        assert differing(settings, dict(family.settings)) == hidden


def test_each_model_of_a_sweep_is_a_family(swept, some_config):
    some_config["experiments"]["bare"] = {"dataset": "digits"}
    catalogue = swept({"model": ["mwta", "sparse_dream"], "seed": [0, 1]}, extends="bare")
    of_mwta, of_mwta_too, of_dream, _ = (
        catalogue.families[name] for name in catalogue.sweeps["some"].maps
    )
    assert of_mwta is of_mwta_too
    assert of_mwta is not of_dream
    assert "lateral" in of_mwta.settings
    assert "lateral" not in of_dream.settings
    assert [len(names) for names in catalogue.batches[:2]] == [2, 2]


def test_replicates_are_of_the_family_of_what_they_replicate(some_config):
    claim = {"measure": "held_out_mse", "of": "excited-20", "minus": "radius--3", "below": 0}
    statement = {"said": "It does.", "source": "a test", "claims": [claim]}
    some_config["findings"] = {"seeds": [0, 5], "statements": {"it-does": statement}}
    families = resolve(some_config).families
    assert families["radius--3--seed-5"] is families["radius--3"]
    assert families["excited-20--seed-5"].keys == ()
    assert "excited-20" not in families


# ------------------------------------------------------------------ what is selected


@pytest.mark.parametrize(
    ("run", "experiments", "sweeps", "findings"),
    [
        ("windows", 6, [], False),
        ("all", "all", [], False),
        (["strength", "trace-40"], 1, ["strength"], False),
        ("study", "all", "all", True),
        (["findings"], 0, [], True),
        ("cifar-10", 0, [], False),
    ],
)
def test_run_selects(some_config, run, experiments, sweeps, findings):
    some_config["run"] = run
    catalogue = resolve(some_config)
    can_be_made = set(catalogue.listed) - catalogue.lacking.keys()
    assert len(catalogue.selected) == (len(can_be_made) if experiments == "all" else experiments)
    assert catalogue.selected_sweeps == (list(catalogue.sweeps) if sweeps == "all" else sweeps)
    assert catalogue.findings == findings


def test_of_what_is_shipped_only_what_learns_cifar10_lacks_its_source(catalogue):
    assert list(catalogue.not_made) == catalogue.groups["cifar-10"]["experiments"]
    assert set(catalogue.not_made.values()) == {WHY}


def test_every_shipped_experiment_is_in_one_group(catalogue):
    grouped = [name for group in catalogue.groups.values() for name in group["experiments"]]
    assert sorted(grouped) == sorted(catalogue.listed)


@pytest.mark.parametrize(
    ("key", "section", "said"),
    [
        ("groups", {"x": {"about": "", "experiments": ["nope"]}}, "groups.x: 'nope' is not an exp"),
        (
            "groups",
            {name: {"about": "", "experiments": ["trace-40"]} for name in ("x", "y")},
            "groups.y: 'trace-40' is in another group too",
        ),
        ("groups", {"trace-40": {"about": "", "experiments": ["trace-40"]}}, "is taken"),
        ("selections", {"strength": ["all"]}, "selections: the name 'strength' is taken"),
        ("selections", {"mine": ["mine"]}, "selections.mine: 'mine' is no experiment, group"),
    ],
)
def test_wrong_names_are_one_clear_line(some_config, key, section, said):
    some_config[key] = section
    with pytest.raises(InputError) as caught:
        resolve(some_config)
    assert said in str(caught.value)


def test_statements_give_their_experiments_replicates(some_config):
    claim = {"measure": "held_out_mse", "of": "excited-20", "minus": "radius--3", "below": 0}
    statement = {"said": "It does.", "source": "a test", "claims": [claim]}
    some_config["findings"] = {"seeds": [0, 5], "statements": {"it-does": statement}}
    catalogue = resolve(some_config)
    assert catalogue.replicates == {
        "excited-20": {0: "excited-20", 5: "excited-20--seed-5"},
        "radius--3": {0: "radius--3", 5: "radius--3--seed-5"},
    }
    assert catalogue.experiments["excited-20--seed-5"].seed == 5


def test_a_statement_with_seeds_of_its_own_adds_them_to_its_experiments_alone(some_config):
    said, claim = {"said": "So.", "source": "a test"}, {"measure": "held_out_mse", "below": 0}
    some_config["findings"] = {
        "seeds": [0, 5],
        "statements": {
            "one": {**said, "claims": [claim | {"of": "excited-20"}]},
            "two": {
                **said,
                "claims": [claim | {"of": "excited-20", "minus": "excited-40"}],
                "seeds": [7, 5],
            },
        },
    }
    catalogue = resolve(some_config)
    assert {name: list(seeds) for name, seeds in catalogue.replicates.items()} == {
        "excited-20": [0, 5, 7],
        "excited-40": [7, 5],
    }
    assert [one["seeds"] for one in catalogue.statements.values()] == [[0, 5], [7, 5]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"measure": "held_out_msee"},
            "findings: it-does: measure = 'held_out_msee': no such measure",
        ),
        ({"less": "nope"}, "findings: it-does: less = 'nope': no such measure"),
        ({"of": "excited-2"}, "findings: it-does: of = 'excited-2': no such experiment (did you"),
        ({"above": 1}, "is not allowed: keys and values (above or below a number, not both;"),
        ({"minus": "trace-40", "divided_by": "trace-40"}, "minus or divided_by, not both;"),
        ({"minus": "trace-40", "no_effect": 0}, "no_effect with none of minus, divided_by and"),
        ({"divided_by": "trace-40", "no_effect": 1}, "is not allowed"),
        ({"less": "mean_image_mse", "no_effect": 0}, "is not allowed"),
    ],
)
def test_a_wrong_statement_is_one_clear_line(some_config, change, said):
    claim = {"measure": "held_out_mse", "of": "excited-20", "below": 0} | change
    statement = {"said": "It does.", "source": "a test", "claims": [claim]}
    some_config["findings"] = {"seeds": [0], "statements": {"it-does": statement}}
    with pytest.raises(InputError) as caught:
        resolve(some_config)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------ what lacks a source


@pytest.fixture
def without_source(some_config):
    """A config of six experiments: those called so lack CIFAR-10, in three ways."""
    some_config["datasets"]["pieces"] = {**some_config["datasets"]["patches"], "images": "cifar10"}
    base = some_config["experiments"]["patches"]
    some_config["experiments"] = {
        "patches": base,
        "lacking": {**base, "dataset": "cifar10"},
        "lacking-pieces": {**base, "dataset": "pieces"},
        "lacking-start": {**base, "start_from": "lacking-pieces"},
        "of-a-file": {**base, "start_from": "lacking.h5"},
    }
    over = {"dataset": ["patches", "pieces"], "seed": [0, 1]}
    some_config["sweeps"] = {
        "both": {"extends": "patches", "over": over, "measures": ["held_out_mse"]},
        "one": {"extends": "patches", "over": {"epochs": [1]}, "measures": ["held_out_mse"]},
    }
    groups = {"mixed": {"about": "", "experiments": ["lacking", "patches"]}}
    findings = {"seeds": [0, 5], "statements": {}}
    some_config.update(run="everything", groups=groups, findings=findings)
    some_config["selections"] = {"everything": ["all", "both", "one"]}
    return some_config


def test_what_lacks_a_source_is_not_made(without_source):
    """Nor what is made of it, however far; all else is."""
    catalogue = resolve(without_source)
    assert catalogue.selected == ["patches", "of-a-file"]
    assert catalogue.selected_sweeps == ["one"]
    not_made = ["lacking", "lacking-pieces", "lacking-start", "both"]
    assert list(catalogue.not_made.items()) == [(name, WHY) for name in not_made]
    points = {name for name in catalogue.lacking if name.startswith("both--")}
    assert points == {"both--pieces", "both--pieces--seed-1"}


@pytest.mark.parametrize("run", ["all", "mixed", ["everything"]])
def test_lists_do_without_what_lacks_a_source(without_source, run):
    without_source["run"] = run
    catalogue = resolve(without_source)
    assert "patches" in catalogue.selected
    assert "lacking" in catalogue.not_made


@pytest.mark.parametrize("name", ["lacking", "lacking-start", "both"])
@pytest.mark.parametrize("among_others", [True, False])
def test_what_is_named_itself_has_to_have_a_source(without_source, name, among_others):
    without_source["run"] = ["mixed", name] if among_others else name
    with pytest.raises(InputError) as caught:
        resolve(without_source)
    assert str(caught.value) == f"config: run: {name!r} {WHY}"


def test_with_a_source_all_is_made(without_source):
    without_source["datasets"]["cifar10"].update(source="binary", folder="somewhere")
    catalogue = resolve(without_source)
    assert catalogue.selected == catalogue.listed
    assert catalogue.selected_sweeps == ["both", "one"]
    assert not catalogue.lacking | catalogue.not_made | catalogue.not_measured
    assert "not_measured" not in catalogue.asked_of_findings


def test_statements_that_need_what_lacks_a_source_are_not_measured(without_source):
    """And train nothing: what others speak of is replicated alone."""
    claim = {"measure": "held_out_mse", "below": 0}
    claims = {
        "mixed": {**claim, "of": "of-a-file", "minus": "lacking-pieces"},
        "whole": {**claim, "of": "patches"},
    }
    statements = {
        name: {"said": "So.", "source": "a test", "claims": [one]} for name, one in claims.items()
    }
    without_source["findings"]["statements"] = statements
    catalogue = resolve(without_source)
    assert catalogue.not_measured == {"mixed": WHY}
    assert catalogue.replicates == {"patches": {0: "patches", 5: "patches--seed-5"}}
    assert catalogue.lacking["lacking-pieces--seed-5"] == WHY
    seeds = {"seeds": [0, 5]}
    assert catalogue.asked_of_findings == {
        "statements": {name: {**seeds, **one} for name, one in statements.items()},
        "replicates": catalogue.replicates,
        "not_measured": {"mixed": WHY},
    }
