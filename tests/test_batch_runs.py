"""Points of sweeps are made in batches, and nothing that is made is made again for that."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from test_workflow import append, change_overlay, copy_project, planned, snakemake

TARGET = "results/sweeps/many.json"
POINTS = [f"many--{value}{seed}" for value in ("0.01", "0.02", "0.03") for seed in ("", "--seed-1")]
BOTH = ("model.h5", "measures.json")


def files(names, kinds=BOTH):
    return {f"results/{name}/{kind}" for name in names for kind in kinds}


def project(folder, maps_per_job=4, rates=(0.01, 0.02, 0.03), **settings):
    """Return a copy of the project with a sweep: of six points, unless told so."""
    copy_project(folder)

    def change(content):
        sweep = {"extends": "base", "over": {"learning_rate": list(rates), "seed": [0, 1]}}
        content["experiments"]["base"] = {"extends": "tiny-digits", **settings}
        content["sweeps"] = {"many": {**sweep, "measures": ["held_out_mse"]}}
        content.update(run=["many"], maps_per_job=maps_per_job)

    change_overlay(folder, change)
    (folder / "findings.yaml").write_text("findings: {seeds: [0], statements: {}}\n")
    return folder


def trainings(done):
    """How many points each training makes, and each measuring, in their order."""
    found = re.findall(r"rule (train|measure)\w*:\n.*?output: (.*?)\n", said(done), re.DOTALL)
    return sorted((rule, len(output.split(", "))) for rule, output in found)


def said(done):
    return done.stdout + done.stderr


def content(folder, names=POINTS):
    return {path: (folder / path).read_bytes() for path in files(names)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tree whose sweep is made, four points to a job."""
    folder = project(tmp_path_factory.mktemp("batches") / "a tree")
    done = snakemake(folder, "--cores", "2", TARGET)
    assert trainings(done) == [("measure", 2), ("measure", 4), ("train", 2), ("train", 4)]
    return folder


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "a copy", copy_function=shutil.copy2)


def change_sweep(folder, **changes):
    change_overlay(folder, lambda c: c["sweeps"]["many"].update(changes))


def over(folder, keys):
    change_sweep(folder, over=keys)


def lose(folder, names, kinds=BOTH):
    """Delete files of points, and the summary: Snakemake misses what something is to be made of."""
    for path in (*files(names, kinds), TARGET):
        (folder / path).unlink()


def test_each_file_is_that_of_a_job_of_its_own(made, tmp_path):
    alone = project(tmp_path / "alone", maps_per_job=1)
    done = snakemake(alone, "--cores", "2", TARGET)
    assert trainings(done) == [("measure", 1)] * 6 + [("train", 1)] * 6
    assert content(alone) == content(made)
    assert (alone / TARGET).read_bytes() == (made / TARGET).read_bytes()
    # No point has settings in a file of its own, unless somebody asks for it.
    assert not list(made.glob("results/many--*/config.yaml"))
    assert planned(made, "results/many--0.02/config.yaml") == {"results/many--0.02/config.yaml"}


@pytest.mark.parametrize("size", [1, 3, 500])
def test_another_number_in_a_job_makes_nothing_again(copy, size):
    change_overlay(copy, lambda c: c.update(maps_per_job=size))
    assert planned(copy, TARGET) == set()


def test_what_is_new_in_a_sweep_is_all_that_is_made(copy):
    over(copy, {"learning_rate": [0.005, 0.01, 0.015, 0.02, 0.03], "seed": [0, 1, 2]})
    new = [f"many--{rate}--seed-2" for rate in ("0.005", "0.01", "0.015", "0.02", "0.03")]
    new += [f"many--{rate}{seed}" for rate in ("0.005", "0.015") for seed in ("", "--seed-1")]
    assert planned(copy, TARGET) == files(new) | {TARGET}
    before = content(copy)
    done = snakemake(copy, "--cores", "2", TARGET)
    assert sum(number for _, number in trainings(done)) == 2 * len(new)
    assert content(copy) == before
    assert planned(copy, TARGET) == set()


@pytest.mark.parametrize("fewer", [[0.03, 0.01], [0.02]])
def test_another_order_and_fewer_values_train_nothing(copy, fewer):
    over(copy, {"learning_rate": fewer, "seed": [1, 0]})
    assert planned(copy, TARGET) == {TARGET}


@pytest.mark.parametrize("lost", [BOTH[1:], BOTH], ids=["measures", "both"])
def test_of_what_is_lost_only_its_point_is_made_again(copy, lost):
    before = content(copy)
    lose(copy, ["many--0.02"], lost)
    assert planned(copy, TARGET) == files(["many--0.02"], lost) | {TARGET}
    snakemake(copy, "--cores", "2", TARGET)
    assert content(copy) == before
    assert planned(copy, TARGET) == set()


def test_of_a_map_that_is_newer_only_the_measures_are_made_again(copy):
    (copy / "results/many--0.02/model.h5").touch()
    assert planned(copy, TARGET) == {"results/many--0.02/measures.json", TARGET}
    snakemake(copy, "--cores", "1", TARGET)
    assert planned(copy, TARGET) == set()


@pytest.mark.parametrize("change", [{"trace": 0.25}, {"epochs": 3}, {"seed": 5}])
def test_another_setting_of_the_experiment_makes_all_points_again(copy, change):
    change_overlay(copy, lambda c: c["experiments"]["base"].update(change))
    assert planned(copy, TARGET) >= files(copied_names(change)) | {TARGET}


def copied_names(change):
    """The points: the seed of the experiment itself isn't said in a name."""
    seeds = ("--seed-0", "--seed-1") if "seed" in change else ("", "--seed-1")
    return [f"many--{value}{seed}" for value in ("0.01", "0.02", "0.03") for seed in seeds]


def test_another_key_of_the_same_values_makes_all_points_again(copy):
    over(copy, {"trace": [0.01, 0.02, 0.03], "seed": [0, 1]})
    assert planned(copy, TARGET) == files(POINTS) | {TARGET}


def test_an_edited_measure_and_an_edited_engine_make_what_they_shape(copy):
    append(copy / "src/topodream/measures/coding.py", "# a remark\n")
    assert planned(copy, TARGET) == files(POINTS, ["measures.json"]) | {TARGET}
    append(copy / "src/topodream/engines/fast_mwta.py", "# a remark\n")
    assert planned(copy, TARGET) == files(POINTS) | {TARGET}


def test_only_the_point_that_is_asked_for_is_made(tmp_path):
    folder = project(tmp_path / "fresh")
    one = "results/many--0.02/measures.json"
    data = "results/data/digits.h5"
    assert planned(folder, one) == files(["many--0.02"]) | {data}
    assert planned(folder, "--until", "prepare_mnist", TARGET) == {data}
    done = snakemake(folder, "--dry-run", "results/many--0.77/measures.json", check=False)
    assert done.returncode == 1
    assert re.fullmatch(
        r"topodream: the folder of an experiment = 'many--0.77': no such experiment "
        r"\(did you mean 'many--0\.0\d'\?\)",
        done.stderr.strip().splitlines()[-1],
    )
    assert "Traceback" not in said(done)


def test_one_that_is_to_fail_fails_alone(tmp_path):
    folder = project(tmp_path / "fresh", on_divergence="fail", engine="reference", error_clip=None)
    over(folder, {"learning_rate": [0.01, 9, 0.02], "on_divergence": ["fail", "keep"]})
    done = snakemake(folder, "--cores", "2", TARGET, check=False)
    assert done.returncode == 1
    assert re.findall(r"train\.py: error: (.*?) diverged", done.stdout) == ["many--9--fail"]
    names = {path.parent.name for path in folder.glob("results/many--*/measures.json")}
    assert names == {
        f"many--{rate}--{what}" for rate in ("0.01", "9", "0.02") for what in ("fail", "keep")
    } - {"many--9--fail"}


def test_what_a_failed_batch_left_is_kept_and_the_next_run_makes_the_rest(copy):
    """A checkpoint that can't be read fails one of four; the profile keeps the others."""
    before = content(copy)
    lose(copy, POINTS)
    broken = copy / "results/many--0.01--seed-1/model.checkpoint"
    broken.symlink_to(broken.name)  # a loop
    done = snakemake(copy, "--cores", "1", TARGET, check=False)
    assert done.returncode == 1
    assert len(re.findall(r"^train\.py: error: ", done.stdout, re.MULTILINE)) == 1
    left = {name for name in POINTS if (copy / f"results/{name}/model.h5").exists()}
    assert left == set(POINTS) - {"many--0.01--seed-1"}
    broken.unlink()
    # The first four were not measured: their training failed.
    unmeasured = files(POINTS[:4], ["measures.json"]) | {"results/many--0.01--seed-1/model.h5"}
    assert planned(copy, TARGET) == unmeasured | {TARGET}
    snakemake(copy, "--cores", "1", TARGET)
    assert content(copy) == before


def test_killed_in_the_midst_of_a_batch_it_goes_on_and_ends_in_the_same_bytes(made, tmp_path):
    folder = project(tmp_path / "killed", maps_per_job=6)
    command = [sys.executable, "-m", "snakemake", "--configfile", "overlay.yaml", "--cores", "1"]
    with (folder / "said").open("wb") as log:
        run = subprocess.Popen(
            [*command, TARGET], cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    third = folder / f"results/{POINTS[2]}/model.h5"
    while run.poll() is None and not third.exists():
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    time.sleep(0.5)
    before = third.stat().st_mtime_ns
    assert not (folder / f"results/{POINTS[-1]}/model.h5").exists()
    snakemake(folder, "--unlock")
    done = snakemake(folder, "--cores", "1", TARGET)
    assert f"{POINTS[2]}: goes on after epoch" in said(done) or third.stat().st_mtime_ns == before
    assert content(folder) == content(made)


def test_a_sweep_of_models_is_made_and_another_order_makes_nothing_again(tmp_path):
    folder = project(tmp_path / "models")
    bare = {"dataset": "digits", "grid": {"rows": 3, "cols": 3}, "epochs": 1, "steps_per_epoch": 50}
    change_overlay(folder, lambda c: c["experiments"].update(base=bare))
    over(folder, {"model": ["mwta", "sparse_dream"], "seed": [0, 1]})
    done = snakemake(folder, "--cores", "2", TARGET)
    assert trainings(done) == [("measure", 2)] * 2 + [("train", 2)] * 2
    assert planned(folder, TARGET) == set()
    over(folder, {"model": ["sparse_dream", "mwta"], "seed": [0, 1]})
    assert planned(folder, TARGET) == {TARGET}
    change_overlay(folder, lambda c: c.update(defaults={"mwta": {"trace": 0.25}}))
    of_mwta = ["many--mwta", "many--mwta--seed-1"]
    assert planned(folder, TARGET) == files(of_mwta) | {TARGET}


def test_with_a_cache_each_point_is_a_job_of_its_own(copy, tmp_path, monkeypatch):
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    assert planned(copy, "--cache", "--", TARGET) == set()
    over(copy, {"learning_rate": [0.01, 0.04], "seed": [0, 1]})
    done = snakemake(copy, "--cores", "2", "--cache", "--", TARGET)
    assert trainings(done) == [("measure", 1)] * 2 + [("train", 1)] * 2
    # Without it nothing is made again either.
    monkeypatch.delenv("SNAKEMAKE_OUTPUT_CACHE")
    assert planned(copy, TARGET) == set()
