"""Trainings that diverge, and trainings that are killed."""

import json
import random
import subprocess
import sys
import time
from dataclasses import replace

import forking
import numpy as np
import pytest
import yaml
from conftest import ROOT, forged

from topodream.data import mnist
from topodream.files.errors import InputError
from topodream.files.storage import write_hdf5
from topodream.origin import notes
from topodream.settings import config
from topodream.training.checkpoints import Checkpoints
from topodream.training.loop import train
from topodream.training.map_file import read_map

ORIGIN = {
    "made_by": "a test",
    "commit": "c" * 40,
    "code_sha256": "0" * 64,
    "versions": '{"numpy": "2"}',
    "device": "cpu",
}


def nothing(_):
    pass


class Killed(Exception):  # noqa: N818
    """In place of a signal."""


@pytest.fixture(scope="module")
def pixels(digits):
    return digits["train/pixels"][:50].reshape(50, -1)


@pytest.fixture(params=["trace", "dream-wide", "bars"])
def experiment(request, small_experiment, catalogue):
    if request.param == "trace":
        return small_experiment(epochs=5, trace=0.5, order="shuffled", snapshot_every=2)
    # 100 steps of "bars" are its warm-up: it takes more than an epoch.
    named = catalogue.experiments[request.param]
    return replace(named, epochs=5, steps_per_epoch=70, snapshot_every=2)


def trained_with(experiment, pixels, checkpoints, killed_after=None):
    def report(epoch):
        if epoch.epoch == killed_after:
            raise Killed

    return train(experiment, pixels, nothing, report, checkpoints.save, checkpoints.restore(784))


def assert_same(one, other):
    for name, array in one.state.arrays.items():
        assert array.tobytes() == getattr(other.state, name).tobytes(), name
    for name, values in vars(one.history).items():
        assert values.tobytes() == getattr(other.history, name).tobytes(), name
    assert [s.epoch for s in one.snapshots] == [s.epoch for s in other.snapshots]
    for mine, its in zip(one.snapshots, other.snapshots, strict=True):
        assert {k: v.tobytes() for k, v in mine.arrays.items()} == {
            k: v.tobytes() for k, v in its.arrays.items()
        }


# ------------------------------------------------------------------ going on


@pytest.mark.parametrize("killed_after", [(1,), (3,), (5,), (1, 2, 4)])
def test_a_training_that_was_killed_ends_as_if_it_never_was(
    killed_after, experiment, pixels, tmp_path
):
    undisturbed = train(experiment, pixels, nothing, nothing)
    checkpoints = Checkpoints(tmp_path / "model.h5", experiment, "d" * 64, ORIGIN)
    for epoch in killed_after:
        with pytest.raises(Killed):
            trained_with(experiment, pixels, checkpoints, epoch)
        assert checkpoints.restore(784).epoch == epoch
    assert_same(undisturbed, trained_with(experiment, pixels, checkpoints))
    checkpoints.remove()
    assert not list(tmp_path.iterdir())


def test_going_on_does_not_train_anew(small_experiment, pixels, tmp_path):
    experiment, epochs = small_experiment(epochs=4), []
    checkpoints = Checkpoints(tmp_path / "model.h5", experiment, "d" * 64, ORIGIN)
    with pytest.raises(Killed):
        trained_with(experiment, pixels, checkpoints, 3)
    train(
        experiment, pixels, nothing, lambda report: epochs.append(report.epoch),
        checkpoints.save, checkpoints.restore(784),
    )  # fmt: skip
    assert epochs == [4]


def test_a_state_without_its_epochs_is_never_on_disk(
    small_experiment, pixels, tmp_path, monkeypatch
):
    """Killed before any of the files is in its place: what is there can be gone on from."""
    import topodream.files.storage

    experiment = small_experiment(epochs=3)
    undisturbed = train(experiment, pixels, nothing, nothing)
    real, left = topodream.files.storage.Path.replace, 0

    def replace_or_die(self, target):
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return real(self, target)

    for survives in range(1, 7):
        left = survives
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(topodream.files.storage.Path, "replace", replace_or_die)
            checkpoints = Checkpoints(tmp_path / "model.h5", experiment, "d" * 64, ORIGIN)
            trained_with(experiment, pixels, checkpoints)
        assert_same(undisturbed, trained_with(experiment, pixels, checkpoints))
        checkpoints.remove()


# ------------------------------------------------------------------ refusing


@pytest.fixture
def begun(small_experiment, pixels, tmp_path):
    """A training that was killed, and a function to open its checkpoints for another."""
    experiment = small_experiment(epochs=4)

    def opened(changed=experiment, data="d" * 64, origin=ORIGIN):
        return Checkpoints(tmp_path / "model.h5", changed, data, origin)

    with pytest.raises(Killed):
        trained_with(experiment, pixels, opened(), 2)
    return experiment, opened


def test_a_checkpoint_of_other_settings_is_refused(begun):
    experiment, opened = begun
    with pytest.raises(InputError, match=r"state.h5 is of other settings \(seed\)"):
        opened(replace(experiment, seed=7)).restore(784)
    changed = replace(experiment, settings=replace(experiment.settings, n_winners=2))
    with pytest.raises(InputError, match=r"is of other settings \(n_winners\)"):
        opened(changed).restore(784)


def test_a_checkpoint_of_other_data_code_versions_or_device_is_refused(begun):
    _, opened = begun
    with pytest.raises(InputError, match=r"state.h5 is of other data"):
        opened(data="e" * 64).restore(784)
    with pytest.raises(InputError, match=r"state.h5 was made by other code"):
        opened(origin={**ORIGIN, "code_sha256": "1" * 64}).restore(784)
    with pytest.raises(InputError, match=r"state.h5 was made by other versions"):
        opened(origin={**ORIGIN, "versions": '{"numpy": "3"}'}).restore(784)
    with pytest.raises(InputError, match=r"state.h5 was made on another device"):
        opened(origin={**ORIGIN, "device": "gpu: a large one"}).restore(784)


def test_a_checkpoint_of_the_same_code_at_another_commit_is_gone_on_from(begun):
    _, opened = begun
    note = notes.read(opened().folder / "state.h5")
    assert note["commit"] == ORIGIN["commit"]
    assert (note["data_sha256"], note["settings"]["epochs"]) == ("d" * 64, 4)
    assert opened(origin={**ORIGIN, "commit": "d" * 40}).restore(784) is not None


@pytest.mark.parametrize("file", ["state.h5", "epoch-1.h5", "epoch-2.h5"])
@pytest.mark.parametrize("damage", ["half", "nothing", "flipped"])
def test_a_damaged_checkpoint_is_refused(file, damage, begun):
    _, opened = begun
    path = opened().folder / file
    raw = bytearray(path.read_bytes())
    if damage == "flipped":
        import h5py

        with h5py.File(path, "a") as content:
            name = "weights" if file == "state.h5" else "wins"
            content[name][0] += 1
    else:
        path.write_bytes(raw[: len(raw) // 2] if damage == "half" else b"")
    with pytest.raises(InputError, match=file):
        opened().restore(784)


def test_an_epoch_that_is_missing_is_refused(begun):
    _, opened = begun
    (opened().folder / "epoch-1.h5").unlink()
    with pytest.raises(InputError, match=r"epoch-1.h5: no such file"):
        opened().restore(784)


@pytest.mark.parametrize(
    ("file", "name", "value", "said"),
    [
        ("state.h5", "weights", np.ones((20, 783)), r"weights of shape \(20, 783\) in place"),
        ("state.h5", "weights", np.full((20, 784), np.nan), "not finite"),
        ("state.h5", "activity", np.ones(20, np.float32), "activity of type float32"),
        ("epoch-1.h5", "wins", np.ones(3, np.int64), r"wins of shape \(3,\) in place of \(20,\)"),
        ("epoch-2.h5", "snapshot/weights", np.ones((2, 2), np.float16), "snapshots of weights"),
        ("state.h5", "epoch", 99, "epoch 99 of 4"),
        ("state.h5", "epoch", 0, "epoch 0 of 4"),
        ("epoch-1.h5", "training_mse", np.inf, "training_mse has values that are not finite"),
        ("epoch-1.h5", "mean_weight", "text", "mean_weight of type"),
    ],
)
def test_a_checkpoint_of_a_right_digest_and_a_wrong_content(file, name, value, said, begun):
    _, opened = begun
    path = opened().folder / file
    with forged(path) as content:
        if name in content.attrs:
            content.attrs[name] = value
        else:
            del content[name]
            content[name] = value
    with pytest.raises(InputError, match=rf"{file}: damaged \(.*{said}"):
        opened().restore(784)


def test_a_checkpoint_of_other_samples_is_refused(begun):
    _, opened = begun
    with pytest.raises(InputError, match=r"weights of shape \(20, 784\) in place of \(20, 400\)"):
        opened().restore(400)


def test_whatever_lies_in_the_way_of_a_checkpoint_is_removed(begun):
    _, opened = begun
    state = opened().folder / "state.h5"
    state.unlink()
    state.mkdir()
    with pytest.raises(InputError, match=r"state.h5: it is a folder"):
        opened().restore(784)
    opened().remove()
    assert not state.parent.exists()


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(begun):
    _, opened = begun
    opened().remove()
    assert opened().restore(784) is None
    opened().remove()  # and nothing to remove


# ------------------------------------------------------------------ diverging


@pytest.fixture
def wild(small_experiment):
    def make(**changes):
        return small_experiment(
            learning_rate=0.2,
            activation="drive",
            lateral={"strength": 0.1},
            steps_per_epoch=5,
            epochs=40,
            **changes,
        )

    return make


@pytest.mark.parametrize("engine", ["reference", "fast"])
def test_a_diverged_training_keeps_its_last_sound_epoch(engine, wild, pixels):
    experiment = wild(engine=engine)
    trained = train(experiment, pixels, nothing, nothing)
    divergence = trained.divergence
    assert 1 < divergence.epoch <= 40
    assert (divergence.epoch - 1) * 5 < divergence.step <= divergence.epoch * 5
    assert "mean squared error is" in divergence.reason
    assert len(trained.history.wins) == divergence.epoch - 1
    assert trained.snapshots[-1].epoch == divergence.epoch - 1
    assert np.isfinite(trained.weights).all()
    # The very map that a training of so many epochs ends with.
    shorter = train(replace(experiment, epochs=divergence.epoch - 1), pixels, nothing, nothing)
    assert shorter.divergence is None
    assert shorter.weights.tobytes() == trained.weights.tobytes()


def test_divergence_in_the_first_epoch_leaves_the_start(wild, pixels):
    experiment = replace(wild(), steps_per_epoch=200, epochs=2)
    trained = train(experiment, pixels, nothing, nothing)
    assert trained.divergence.epoch == 1
    assert len(trained.history.training_mse) == 0
    assert trained.history.wins.shape == (0, 20)
    assert [snapshot.epoch for snapshot in trained.snapshots] == [0]
    assert trained.weights.min() >= 0.15


def test_divergence_can_be_a_failure(wild, pixels):
    with pytest.raises(InputError, match=r"small diverged at step \d+ \(epoch \d+\): the mean sq"):
        train(wild(on_divergence="fail"), pixels, nothing, nothing)


def test_weights_that_are_not_finite_are_noticed_without_an_error_of_theirs(
    small_experiment, pixels, monkeypatch
):
    from topodream.engines import Tally, fast_mwta

    def advance(self, order, tick, thorough):
        self.state.weights[3, 5] = np.inf
        return Tally(len(order), len(order), 1.0, np.zeros(20, int), np.zeros(20), 0.1)

    monkeypatch.setattr(fast_mwta.FastMwta, "advance", advance)
    trained = train(small_experiment(), pixels, nothing, nothing)
    assert str(trained.divergence) == "diverged at step 30 (epoch 1): weights: no longer finite"


def test_weights_beyond_all_bounds_are_noticed(small_experiment, pixels, monkeypatch):
    monkeypatch.setattr("topodream.training.loop.LARGEST_WEIGHT", 0.158)
    trained = train(small_experiment(learning_rate=0), pixels, nothing, nothing)
    expected = "diverged at step 30 (epoch 1): the largest weight is 1.6e-01, at most 2e-01 is"
    assert str(trained.divergence).startswith(expected)


def test_a_training_that_went_on_diverges_where_it_would_have(wild, pixels, tmp_path):
    experiment = wild()
    undisturbed = train(experiment, pixels, nothing, nothing)
    checkpoints = Checkpoints(tmp_path / "model.h5", experiment, "d" * 64, ORIGIN)
    with pytest.raises(Killed):
        trained_with(experiment, pixels, checkpoints, undisturbed.divergence.epoch - 1)
    went_on = trained_with(experiment, pixels, checkpoints)
    assert went_on.divergence == undisturbed.divergence
    assert_same(undisturbed, went_on)


# ------------------------------------------------------------------ the script


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    """A function: what train.py is told to train one map, or several together, of files of their own."""
    data = tmp_path_factory.mktemp("job") / "digits.h5"
    write_hdf5(data, mnist.mnist_content("embedded", mnist.read_embedded()), ORIGIN)

    def told(experiments, outputs):
        if isinstance(experiments, config.Experiment):
            experiments, outputs = [experiments], [outputs]
        configs = [output.with_suffix(".yaml") for output in outputs]
        for path, experiment in zip(configs, experiments, strict=True):
            path.write_text(yaml.safe_dump(config.to_mapping(experiment), sort_keys=False))
        return ["--data", data, "--config", *configs, "--output", *outputs]

    return told


@pytest.fixture(scope="module")
def job(arguments):
    """A function: begin to train, in a process that can be killed."""

    def begin(experiments, outputs):
        command = [sys.executable, ROOT / "src" / "train.py", *arguments(experiments, outputs)]
        return subprocess.Popen(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    return begin


@pytest.fixture(scope="module")
def train_whole(arguments):
    """A function: train to the end; return the status and what was said."""

    def run(experiments, outputs):
        done = forking.script("train.py", *arguments(experiments, outputs))
        return done.returncode, done.stdout + done.stderr

    return run


def killed(process, n_lines, chance):
    """Kill a training after so many lines and a moment; return what it said."""
    said = "".join(process.stdout.readline() for _ in range(n_lines))
    time.sleep(chance.uniform(0, 0.1))
    assert process.poll() is None
    process.kill()
    return said + process.communicate(timeout=300)[0]


@pytest.mark.slow
def test_killed_at_any_moment_the_file_is_the_same(job, train_whole, catalogue, tmp_path):
    """While it starts, and some epochs later each time: in one, or while a checkpoint is written."""
    experiment = replace(
        catalogue.experiments["digits-competition"], epochs=16, steps_per_epoch=1000
    )
    undisturbed = tmp_path / "undisturbed.h5"
    assert "epoch 16/16" in train_whole(experiment, undisturbed)[1]
    assert not undisturbed.with_suffix(".checkpoint").exists()
    chance = random.Random(4)  # noqa: S311
    output = tmp_path / "killed.h5"
    for n_lines in (0, 3, 1, 5):
        said = killed(job(experiment, output), n_lines, chance)
        assert not output.exists()
    assert "goes on after epoch" in said
    assert "goes on after epoch" in train_whole(experiment, output)[1]
    assert output.read_bytes() == undisturbed.read_bytes()
    assert not output.with_suffix(".checkpoint").exists()


@pytest.mark.slow
def test_killed_together_each_file_is_that_of_the_map_alone(job, train_whole, catalogue, tmp_path):
    longer = replace(catalogue.experiments["digits-competition"], epochs=12, steps_per_epoch=1000)
    shorter = replace(longer, name="shorter", epochs=8, seed=3)
    expected = {}
    for experiment in (longer, shorter):
        train_whole(experiment, tmp_path / "alone.h5")
        expected[experiment.name] = (tmp_path / "alone.h5").read_bytes()
    outputs = [tmp_path / f"{name}.h5" for name in expected]
    chance = random.Random(5)  # noqa: S311
    for n_lines in (7, 10):  # a line for each epoch; in the first map, in the second
        killed(job([longer, shorter], outputs), n_lines, chance)
    _, said = train_whole([longer, shorter], outputs)
    assert "digits-competition: goes on after epoch" in said
    assert "shorter: goes on after epoch" in said
    for path, whole in zip(outputs, expected.values(), strict=True):
        assert path.read_bytes() == whole
    assert not list(tmp_path.glob("*.checkpoint"))


def test_a_checkpoint_of_another_config_is_said_and_started_over(
    train_whole, small_experiment, tmp_path
):
    output = tmp_path / "model.h5"
    checkpoint = Checkpoints(output, small_experiment(seed=5), "d" * 64, ORIGIN)
    pixels = np.zeros((3, 784), np.uint8)
    train(small_experiment(seed=5), pixels, nothing, nothing, checkpoint.save)
    _, said = train_whole(small_experiment(), output)
    assert "small: starts over, " in said
    assert "state.h5 is of other settings (seed)" in said
    assert read_map(output).experiment.seed == 0
    assert not checkpoint.folder.exists()


def test_a_divergence_is_in_the_log_and_in_the_file(train_whole, wild, tmp_path):
    output = tmp_path / "model.h5"
    status, said = train_whole(wild(), output)
    assert status == 0
    found = read_map(output).trained.divergence
    assert f"small: {found}; kept is the map after epoch {found.epoch - 1}" in said
    status, said = train_whole(wild(on_divergence="fail"), tmp_path / "failed.h5")
    assert status == 1
    assert said.count("\n") == found.epoch
    assert f"train.py: error: small {found}; a lower learning_rate" in said
    assert not (tmp_path / "failed.h5").exists()


def test_settings_of_a_map_are_read_back(train_whole, small_experiment, tmp_path):
    output = tmp_path / "model.h5"
    train_whole(small_experiment(), output)
    assert json.loads(json.dumps(config.to_mapping(read_map(output).experiment))) == (
        config.to_mapping(small_experiment())
    )
