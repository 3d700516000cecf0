"""A few kills at random moments; `make kills` does many."""

import random

import forking
import kills


def test_killed_at_random_moments_a_run_ends_in_the_same_bytes(tmp_path, monkeypatch):
    said = []
    few = {name: {**kills.MAPS[name], "epochs": 20} for name in ("one", "three")}
    monkeypatch.setattr(kills, "MAPS", few)
    monkeypatch.setattr(kills, "SNAKEMAKE", forking.alone())
    for name in ("home", "caches"):
        (tmp_path / name).mkdir()
    chance = random.Random(2)  # noqa: S311
    assert kills.disturb(tmp_path / "home", tmp_path / "caches", 3, chance, said.append) == []
    assert said[-1].startswith("3 kills")


def test_what_was_lost_is_noticed():
    found = kills.differences({"a": b"1", "b": b"2"}, {"b": b"3", "c": b"4"})
    assert found == ["a is missing", "b differs", "c is left over"]
