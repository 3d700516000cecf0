"""What computes: a GPU where one is asked for and can be used, and never something else silently."""

import json
import sys
from types import SimpleNamespace

import pytest
from emulator import building
from emulator.stand_in import StandIn

import check_gpu
import train as train_script
from topodream import gpu_check
from topodream.data import mnist
from topodream.engines import cupy, devices
from topodream.files import cli, storage
from topodream.files.errors import InputError
from topodream.origin import provenance
from topodream.settings import config
from topodream.training import map_file as maps
from topodream.training.checkpoints import Checkpoints

needs_emulator = pytest.mark.skipif(bool(building.missing()), reason=f"{building.missing()}")


def nothing(_):
    pass


def raising(error):
    def function(*_):
        raise error

    return function


def fake_cupy(**changes):
    """A CuPy that finds a device that works, but for what is changed."""
    parts = {"count": lambda: 1, "compiler": lambda: (13, 0), "zeros": lambda *_: None} | changes
    cuda = SimpleNamespace(
        runtime=SimpleNamespace(getDeviceCount=parts["count"]),
        nvrtc=SimpleNamespace(getVersion=parts["compiler"]),
    )
    return SimpleNamespace(__version__="14.2.0", cuda=cuda, zeros=parts["zeros"])


def found(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "cupy", module)  # None: as if it were not installed
    return cupy.find()


# ------------------------------------------------------------------ finding one


def test_a_device_that_works_is_found(monkeypatch):
    module = fake_cupy()
    assert found(monkeypatch, module) is module


NO_DRIVER = RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is\ninsufficient")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (None, "CuPy is not installed .*pip install -e '.\\[gpu-cuda13\\]'"),
        (fake_cupy(count=raising(NO_DRIVER)), "finds no device .*is insufficient.*nvidia-smi"),
        (fake_cupy(count=lambda: 0), "there is none, or CUDA_VISIBLE_DEVICES hides it"),
        (fake_cupy(compiler=raising(RuntimeError("no libnvrtc"))), "no compiler .*pip install"),
        (fake_cupy(zeros=raising(RuntimeError("cudaErrorDevicesUnavailable"))), "refuses to work"),
    ],
)
def test_what_is_missing_is_one_line(monkeypatch, module, reason):
    with pytest.raises(InputError, match=f"^no GPU can be used: .*{reason}") as error:
        found(monkeypatch, module)
    assert "\n" not in str(error.value)


# ------------------------------------------------------------------ choosing


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(cupy, "find", raising(InputError("no GPU can be used: a reason")))


@pytest.fixture
def emulated(monkeypatch):
    monkeypatch.setattr(cupy, "find", StandIn)


def test_the_cpu_asks_for_nothing(no_gpu):
    assert devices.choose("cpu", raising(AssertionError)) == devices.CPU


def test_a_gpu_that_is_asked_for_has_to_be_there(no_gpu):
    with pytest.raises(InputError, match="a reason"):
        devices.choose("gpu", nothing)


def test_auto_says_why_it_takes_the_cpu(no_gpu):
    said = []
    assert devices.choose("auto", said.append) == devices.CPU
    assert said == ["device auto takes the CPU: no GPU can be used: a reason"]


@needs_emulator
def test_auto_says_which_gpu_it_takes(emulated):
    said = []
    chosen = devices.choose("auto", said.append)
    assert chosen.name == "gpu: a CPU that emulates a GPU, compute capability 0.0"
    assert said == [f"device auto takes a {chosen.name}"]


# ------------------------------------------------------------------ training by hand


@pytest.fixture
def by_hand(tmp_path, small_experiment, monkeypatch):
    """A function: train.py on experiments, with options; returns the maps, read."""
    data = tmp_path / "data.h5"
    storage.write_hdf5(data, mnist.mnist_content("embedded", mnist.read_embedded()), RECORD)

    def run(experiments, *options):
        configs, outputs = [], []
        for experiment in experiments:
            configs.append(tmp_path / f"{experiment.name}.yaml")
            outputs.append(tmp_path / f"{experiment.name}.h5")
            configs[-1].write_text(json.dumps(config.to_mapping(experiment)))
        arguments = ["train.py", "--data", data, "--config", *configs, "--output", *outputs]
        monkeypatch.setattr(sys, "argv", [str(part) for part in (*arguments, *options)])
        monkeypatch.setattr(provenance, "origin", lambda *_: dict(RECORD))
        train_script.main()
        return [maps.read_map(path) for path in outputs]

    return run


RECORD = {
    "made_by": "a test",
    "commit": "",
    "code_sha256": "0",
    "versions": '{"numpy": "2"}',
    "options": "{}",
}


def named(experiment, name, **changes):
    return config.experiment_from({**config.to_mapping(experiment), "name": name, **changes}, name)


def test_the_file_says_what_computed_it(by_hand, small_experiment):
    (trained,) = by_hand([small_experiment()])
    assert trained.origin["device"] == "cpu"


def test_maps_trained_together_are_as_alone(by_hand, small_experiment):
    first = small_experiment()
    both = [first, named(first, "other", seed=5, epochs=3, n_winners=2)]
    together = by_hand(both)
    for experiment, expected in zip(both, together, strict=True):
        (alone,) = by_hand([experiment])
        assert alone.content_sha256 == expected.content_sha256


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"grid": {"rows": 5, "cols": 4}}, "grid has to be the same, not Grid(rows=4, cols=5) and"),
        ({"dtype": "float32"}, "dtype has to be the same, not 'float64' and 'float32'"),
        ({"steps_per_epoch": 20}, "steps_per_epoch has to be the same, not 30 and 20"),
    ],
)
def test_maps_of_other_shapes_are_refused_side_by_side(
    by_hand, small_experiment, tmp_path, monkeypatch, changes, said
):
    first = small_experiment()
    other = named(first, "other", **changes)
    monkeypatch.setattr(devices, "choose", lambda *_: devices.Device("a GPU", object()))
    with pytest.raises(InputError) as error:
        by_hand([first, other])
    assert str(error.value).startswith(f"small and other can't be trained together: their {said}")
    assert not list(tmp_path.glob("small.[!y]*"))


def test_maps_of_other_shapes_train_one_after_another_on_a_cpu(by_hand, small_experiment):
    first = small_experiment()
    other = named(
        first, "other", grid={"rows": 4, "cols": 6}, steps_per_epoch=20, epochs=3, dtype="float32"
    )
    together = by_hand([first, other])
    for trained, experiment in zip(together, (first, other), strict=True):
        (alone,) = by_hand([experiment])
        assert trained.content_sha256 == alone.content_sha256
        assert trained.origin == alone.origin


def test_maps_for_other_devices_are_refused(by_hand, small_experiment, no_gpu, tmp_path):
    first = small_experiment()
    with pytest.raises(InputError, match="their device has to be the same, not 'cpu' and 'auto'"):
        by_hand([first, named(first, "other", device="auto")])
    assert not list(tmp_path.glob("small.[!y]*"))


def test_maps_of_other_traces_train_together(by_hand, small_experiment):
    first = small_experiment(trace=0.5)
    assert len(by_hand([first, named(first, "other", trace=0.3)])) == 2


@pytest.mark.parametrize("other", ["small.h5", "../{folder}/small.h5", "small.hdf5"])
def test_two_maps_are_not_written_into_one_place(by_hand, small_experiment, tmp_path, other):
    """Nor have they one folder of checkpoints."""
    by_hand([small_experiment()])
    config_file = sys.argv[sys.argv.index("--config") + 1]
    output = tmp_path / other.format(folder=tmp_path.name)
    files = ["--config", config_file, config_file, "--output", tmp_path / "small.h5", output]
    sys.argv[3:] = map(str, files)
    with pytest.raises(InputError, match=r"^--output: .*small.h5 and .*: each map needs a name"):
        train_script.main()


def test_what_auto_took_is_said_of_each_training(by_hand, small_experiment, no_gpu, capsys):
    first = small_experiment(device="auto", epochs=1)
    both = by_hand([first, named(first, "other")])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == ("small and 1 more: device auto takes the CPU: no GPU can be used: a reason")
    assert [trained.origin["device"] for trained in both] == ["cpu", "cpu"]
    by_hand([first])
    assert capsys.readouterr().out.startswith("small: device auto takes the CPU")


def test_one_that_fails_leaves_the_others_whole(by_hand, small_experiment, tmp_path):
    wild = {"learning_rate": 10, "error_clip": None, "activation": "excited"}
    first = small_experiment(epochs=3)
    both = [named(first, "wild", **wild, on_divergence="fail"), first]
    with pytest.raises(InputError, match="^wild diverged at step"):
        by_hand(both)
    assert not list(tmp_path.glob("wild.h5"))
    left = (tmp_path / "small.h5").read_bytes()
    # For whoever removes the files of what failed.
    assert (tmp_path / "small.checkpoint" / "epoch-3.h5").exists()
    together = by_hand([named(both[0], "wild", on_divergence="keep"), first])
    (alone,) = by_hand([first])
    assert together[1].content_sha256 == alone.content_sha256
    assert (tmp_path / "small.h5").read_bytes() == left
    assert not list(tmp_path.glob("*.checkpoint"))
    assert together[0].trained.divergence is not None


def test_as_many_outputs_as_settings(by_hand, small_experiment, tmp_path):
    by_hand([small_experiment()])
    sys.argv += [str(tmp_path / "one more.h5")]
    with pytest.raises(InputError, match="settings of 1 maps, but 2 of --output"):
        train_script.main()


def test_a_gpu_that_is_missing_leaves_nothing_half_written(
    by_hand, small_experiment, no_gpu, tmp_path
):
    with pytest.raises(InputError, match="a reason"):
        by_hand([small_experiment()], "--device", "gpu")
    assert [path.suffix for path in tmp_path.iterdir() if path.name.startswith("small")] == [
        ".yaml"
    ]


def test_the_reference_computes_on_a_cpu_only(by_hand, small_experiment):
    with pytest.raises(InputError, match="device = 'gpu' is not allowed: cpu where engine is ref"):
        by_hand([small_experiment(engine="reference")], "--device", "gpu")
    with pytest.raises(InputError, match="device = 'auto' is not allowed: cpu where engine"):
        small_experiment(engine="reference", device="auto")


@needs_emulator
def test_on_a_device_the_file_says_which_and_its_software(by_hand, small_experiment, emulated):
    first = small_experiment()
    both = by_hand([first, named(first, "other", seed=3)], "--device", "gpu")
    for trained in both:
        assert trained.origin["device"] == "gpu: a CPU that emulates a GPU, compute capability 0.0"
        assert json.loads(trained.origin["versions"]) == {
            "numpy": "2", "cupy": "0 (emulated)", "cuda": "0.0", "cuda driver": "0.0",
        }  # fmt: skip
        assert trained.experiment.device == "gpu"


@needs_emulator
def test_a_checkpoint_of_another_device_is_not_gone_on_from(tmp_path, small_experiment, digits):
    from topodream.training.loop import Progress, train

    experiment = small_experiment()
    pixels = digits["train/pixels"][:50].reshape(50, -1)

    def of(device):
        return Checkpoints(tmp_path / "m.h5", experiment, "d" * 64, {**RECORD, "device": device})

    def save(progress: Progress) -> None:
        if progress.epoch == 1:
            of("cpu").save(progress)

    train(experiment, pixels, nothing, nothing, save)
    assert of("cpu").restore(784).epoch == 1
    with pytest.raises(InputError, match="was made on another device"):
        of("gpu: one").restore(784)


# ------------------------------------------------------------------ check_gpu.py


@pytest.fixture
def checked(tmp_path, monkeypatch):
    """A function: check_gpu.py with a few small cases; returns what it wrote."""
    small = [case for case in gpu_check.variants(3, 4, 400, 8) if case.n_maps == 2][:1]
    monkeypatch.setattr(gpu_check, "agreements", lambda: small)
    monkeypatch.setattr(gpu_check, "sizes", lambda: small)
    paths = tmp_path / "found.json", tmp_path / "found.md"
    options = ["--output", paths[0], "--report", paths[1], "--seconds", 0.001]
    monkeypatch.setattr(sys, "argv", ["check_gpu.py", *map(str, options)])
    monkeypatch.setattr(provenance, "origin", lambda *_: dict(RECORD))

    def run():
        try:
            check_gpu.main()
        finally:
            written = [path.read_text() if path.exists() else None for path in paths]
        return json.loads(written[0]), written[1]

    return run


@needs_emulator
def test_the_check_reports_what_it_found(checked, emulated, capsys):
    found, report = checked()
    assert found["all_hold"] is True
    assert found["device"].startswith("a CPU that emulates")
    (agreement,) = found["agreements"]
    assert agreement["variant"] == "MWTA, one of two maps diverges"
    assert agreement["holds"] is agreement["same_alone"] is True
    (rate,) = found["rates"]
    assert min(rate["steps_per_second"], rate["cpu_steps_per_second"], rate["device_bytes"]) > 0
    assert "All 1 hold." in report
    assert "| MWTA, one of two maps diverges | 2 | 12 | 400 | float64 | 8 | all |" in report
    assert "All 1 hold." in capsys.readouterr().out


@needs_emulator
def test_the_check_fails_where_something_differs(checked, emulated, monkeypatch):
    monkeypatch.setitem(gpu_check.ALLOWED, "float64", -1)
    with pytest.raises(InputError, match="1 of 1 variants fail, see .*found.md"):
        checked()


def test_the_check_needs_a_gpu(checked, no_gpu, tmp_path):
    with pytest.raises(InputError, match="no GPU can be used: a reason"):
        check_gpu.main()
    assert list(tmp_path.iterdir()) == []


def test_running_out_of_memory_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["check_gpu.py"])
    with pytest.raises(SystemExit, match="check_gpu.py: error: not enough memory"):
        cli.run(raising(MemoryError("Out of memory allocating 1,000 bytes")))
