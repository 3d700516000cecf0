"""Sweeps, replicates, groups, and what `run` selects."""

from dataclasses import replace

import pytest

from topodream.catalogue import resolve
from topodream.errors import InputError
from topodream.files import check_name


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
        ({"learning_rate": [0.1, 0.1]}, "is not allowed"),
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


@pytest.mark.parametrize(
    ("run", "experiments", "sweeps", "findings"),
    [
        ("windows", 6, [], False),
        ("all", 30, [], False),
        (["strength", "trace-40"], 1, ["strength"], False),
        ("study", 30, ["strength", "radius", "rate", "winners", "sparsity"], True),
        (["findings"], 0, [], True),
    ],
)
def test_run_selects(some_config, run, experiments, sweeps, findings):
    some_config["run"] = run
    catalogue = resolve(some_config)
    assert len(catalogue.selected) == experiments
    assert catalogue.selected_sweeps == sweeps
    assert catalogue.findings == findings


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"measure": "held_out_msee"},
            "findings: it-does: measure = 'held_out_msee': no such measure",
        ),
        ({"less": "nope"}, "findings: it-does: less = 'nope': no such measure"),
        ({"of": "excited-2"}, "findings: it-does: of = 'excited-2': no such experiment (did you"),
        ({"above": 1}, "is not allowed"),
        ({"minus": "trace-40", "divided_by": "trace-40"}, "is not allowed"),
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
