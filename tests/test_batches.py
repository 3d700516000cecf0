"""Which points of sweeps share a job; what comes of it is tested in test_batch_runs.py."""

import os
import re

import pytest

from topodream.files.errors import InputError
from topodream.plan.batches import batches_of, check_asked_for, made_alone
from topodream.plan.catalogue import resolve

# ------------------------------------------------------------------ which points share a job

NAMES = ["some--1", "some--2", "some--3", "some--4", "some--5"]


@pytest.fixture
def five(some_config):
    """A catalogue with a sweep of five points, made four at a time, and an experiment like one."""
    sweep = {"extends": "excited-20", "over": {"epochs": [1, 2, 3, 4, 5]}, "measures": ["dead"]}
    sweep["measures"] = ["held_out_mse"]
    some_config["experiments"]["some--mine"] = {"extends": "excited-20"}
    some_config |= {"sweeps": {"some": sweep}, "maps_per_job": 4, "selections": {}}
    return resolve(some_config | {"findings": {"seeds": [0], "statements": {}}})


def write(results, name, *files, at=1000):
    (results / name).mkdir(parents=True, exist_ok=True)
    for n, file in enumerate(files):
        (results / name / file).touch()
        os.utime(results / name / file, (at + n, at + n))


def shared(found):
    return {
        batch.label: ([NAMES.index(n) + 1 for n in batch.names], batch.newest) for batch in found
    }


def test_a_batch_of_which_nothing_is_made_is_one_job(five, tmp_path):
    assert shared(batches_of(five, tmp_path, ["snakemake"])) == {
        "0": ([1, 2, 3, 4], "some--1"),
        "1": ([5], "some--5"),
    }


def test_what_is_measured_what_is_trained_and_what_is_missing_are_jobs_of_their_own(five, tmp_path):
    write(tmp_path, "some--2", "model.h5", "measures.json")
    write(tmp_path, "some--3", "model.h5", at=500)
    found = shared(batches_of(five, tmp_path, []))
    assert found == {
        "0_9": ([1, 4], "some--1"),
        "0_2": ([2], "some--2"),
        "0_4": ([3], "some--3"),
        "1": ([5], "some--5"),
    }
    # A map that was trained since has no measures.
    write(tmp_path, "some--2", "measures.json", "model.h5")
    assert shared(batches_of(five, tmp_path, []))["0_6"] == ([2, 3], "some--2")


def test_the_map_that_stands_for_all_is_no_newer_than_measures_that_are_up_to_date(five, tmp_path):
    """And of those that are to be measured the newest, or Snakemake would see no reason."""
    for n, name in enumerate(NAMES[:4]):
        write(tmp_path, name, "model.h5", "measures.json", at=1000 * (4 - n))
    assert shared(batches_of(five, tmp_path, []))["0"] == ([1, 2, 3, 4], "some--4")
    for name in NAMES[:4]:
        (tmp_path / name / "measures.json").unlink()
    assert shared(batches_of(five, tmp_path, []))["0"] == ([1, 2, 3, 4], "some--1")


def test_what_is_asked_for_by_name_is_a_job_of_its_own(five, tmp_path):
    asked = ["results/some--2/model.h5", "my maps/results/some--3/measures.json", "some--4"]
    found = shared(batches_of(five, tmp_path, asked))
    assert found["0_2"] == ([2], "some--2")
    assert found["0_4"] == ([3], "some--3")
    assert found["0_9"] == ([1, 4], "some--1")


@pytest.mark.parametrize("prefix", ["", "maps_"])
@pytest.mark.parametrize(
    "told",
    [
        ["--allowed-rules", "{}train_batch_0_9"],
        ["--allowed-rules", "{0}train_batch_0_9", "{0}measure_batch_0_9"],
        ["--target-jobs", "{}train_batch_0_9:"],
        ["results/some--1/model.h5", "--target-jobs", "{}measure_batch_0_9:", "--nolock"],
    ],
)
def test_a_job_finds_its_batch_whatever_was_made_since(five, tmp_path, prefix, told):
    told = [word.format(prefix) for word in told]
    for made in ((), ("model.h5",), ("model.h5", "measures.json")):
        write(tmp_path, "some--1", *made)
        found = batches_of(five, tmp_path, told)
        assert shared(found) == {"0_9": ([1, 4], "some--1")}


def test_a_person_who_names_a_rule_has_all_batches(five, tmp_path):
    assert shared(batches_of(five, tmp_path, ["--forcerun", "train_batch_0"])) == {
        "0": ([1, 2, 3, 4], "some--1"),
        "1": ([5], "some--5"),
    }


def test_a_job_is_told_whole_batches_and_several(five, tmp_path):
    write(tmp_path, "some--2", "model.h5")
    told = ["--allowed-rules", "measure_batch_1", "train_batch_0", "train_batch_1"]
    assert {name: one[0] for name, one in shared(batches_of(five, tmp_path, told)).items()} == {
        "1": [5],
        "0": [1, 2, 3, 4],
    }


def test_rules_with_wildcards_leave_to_batches_what_is_theirs(five, tmp_path):
    alone = re.compile(made_alone(five, batches_of(five, tmp_path, [])))
    # One that stands in the config is made alone, even if it is called like a point.
    assert all(alone.fullmatch(name) for name in ("excited-20", "some", "some--mine", "someone--1"))
    assert not any(alone.fullmatch(name) for name in (*NAMES, "some--6", "some--mine--1", "data/x"))
    without = re.compile(made_alone(five, []))
    assert all(without.fullmatch(name) for name in (*NAMES, "excited-20"))


def test_a_point_that_there_is_none_of_is_one_line(five):
    with pytest.raises(InputError) as caught:
        check_asked_for(five, ["--cores", "results/some--6/model.h5"])
    assert "'some--6': no such experiment (did you mean 'some--" in str(caught.value)
    check_asked_for(five, ["results/some--5/model.h5", "results/data/x.h5", "results/some--mine/x"])
