"""What jobs ask a scheduler for: enough for what steps take at their peak, and not much more."""

import gzip
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml
from conftest import ROOT
from made_results import make_data, make_experiment
from test_workflow import copy_project, snakemake

from topodream import catalogue as catalogues
from topodream import datasets, resources
from topodream.config import to_mapping
from topodream.resources import DataSize
from topodream.storage import Content, write_hdf5

# Steps a second on one thread, from docs/performance.md.
MEASURED_STEPS = [
    ("excited-20", "fast", 184_000),
    ("digits-competition", "fast", 48_100),
    ("competition-100", "fast", 15_400),
    ("trace-40", "fast", 33_300),
    ("dream-symmetric", "fast", 105_000),
    ("excited-20", "reference", 8_940),
    ("trace-40", "reference", 1_680),
    ("competition-100", "reference", 690),
    ("dream-symmetric", "reference", 6_970),
]
# What the slowest of the steps after training took, in seconds: src/measure.py with 2,000
# held-out samples, src/plot_map.py, src/render_map_gifs.py with 500 frames (of images, 60).
MEASURED_AFTERWARDS_SECONDS = [
    ("excited-20", {}, 2.3),
    ("competition-100", {"steps_per_epoch": 20}, 12.8),
    ("digits-competition", {"grid": {"rows": 300, "cols": 300}, "epochs": 1}, 51.2),
    ("dream-symmetric", {"grid": {"rows": 40, "cols": 40}}, 4.3),
]
HELD_OUT = 2000
DIGITS = DataSize(4000, 1000, 28, 28)
SIZES = {
    "digits": DIGITS,
    "oblong": DataSize(4000, 1000, 96, 160),
    "large": DataSize(6000, 1000, 256, 256),
    "larger": DataSize(200, 50, 512, 512),
    "many": DataSize(697_932, 116_323, 28, 28),
}
CLASSES = {"many": 62, "larger": 1}
ORIGIN = {"made_by": "a test", "commit": "0", "code_sha256": "0", "versions": "{}", "options": "{}"}


# ------------------------------------------------------------------ memory, as it is measured


def peak(script, *arguments, given=""):
    """Run a script of the project; return the most memory that it held, in MiB."""
    launch = [sys.executable, ROOT / "benchmarks" / "launch.py"]
    command = [*launch, sys.executable, ROOT / "src" / script, *arguments]
    done = subprocess.run(list(map(str, command)), input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["peak_mib"]


def assert_bounded(measured, bound):
    """A bound is one, and no more than starting and what is kept in reserve lie above it."""
    assert measured <= bound
    assert bound <= 4 * measured + 100


def pictures(n_images, height, width):
    """Sixteen patterns again and again, mostly black: quick to pack."""
    patterns = np.zeros((16, height, width), np.uint8)
    for number, pattern in enumerate(patterns):
        top, left = (number % 4) * height // 4, (number // 4) * width // 4
        pattern[top : top + height // 4, left : left + width // 4] = 100 + number
    return patterns[np.arange(n_images) % 16]


def labels(n_images, n_classes=10):
    return (np.arange(n_images) % 16 % n_classes * max(1, n_classes // 16)).astype(np.uint8)


def parts_of(size):
    return (("train", size.n_train), ("held_out", size.n_held_out))


@pytest.fixture(scope="module")
def data_file(tmp_path_factory):
    """A function: a data set of a size, by its name. One at a time lies there: they are large."""
    folder, known = tmp_path_factory.mktemp("data"), {}

    def make(name):
        if name not in known:
            for old in known.values():
                old.unlink()
            known.clear()
            known[name] = folder / f"{name}.h5"
            write_data(known[name], SIZES[name], CLASSES.get(name, 10))
        return known[name]

    yield make
    for path in known.values():
        path.unlink()


def write_data(path, size, n_classes):
    arrays = {}
    for part, n_images in parts_of(size):
        arrays[f"{part}/pixels"] = pictures(n_images, size.height, size.width)
        arrays[f"{part}/labels"] = labels(n_images, n_classes)
    write_hdf5(path, Content("images", arrays, {"described": "made up", "licence": "none"}), ORIGIN)


@pytest.fixture
def resolved(some_config):
    """A function: an experiment with some settings changed, and the size of its data."""

    def make(base, **changes):
        some_config["experiments"]["changed"] = {"question": "?", "extends": base, **changes}
        catalogue = catalogues.resolve(some_config)
        experiment = catalogue.experiments["changed"]
        return experiment, size_of(experiment.dataset, catalogue)

    return make


def size_of(name, catalogue, paths=()):
    return resources.data_size(name, catalogue.datasets, lambda section: paths)


def follow(experiment, size, data, folder, n_frames=(500, 60)):
    """Run all steps from a data set to a map's pictures; compare each with its bound."""
    settings, model = folder / "settings.yaml", folder / "model.h5"
    settings.write_text(yaml.safe_dump(to_mapping(experiment)))
    read = ("--model", model, "--data", data)
    sequence, images = n_frames
    measures = folder / "measures.json"
    measured = {
        "train": peak("train.py", "--data", data, "--config", settings, "--output", model),
        "measure": peak("measure.py", *read, "--held-out", HELD_OUT, "--output", measures),
        "figures": peak(
            "plot_map.py", *read, "--measures", measures, "--count", 20, "--output-folder", folder
        ),
        "gifs": peak(
            "render_map_gifs.py", *read, "--sequence-frames", sequence, "--sequence-ms", 100,
            "--images-frames", images, "--images-ms", 400, "--output-folder", folder,
        ),
    }  # fmt: skip
    bounds = {
        "train": resources.training_mib([experiment], size),
        "measure": resources.measure_mib(experiment, size, HELD_OUT),
        "figures": resources.figures_mib(experiment, size),
        "gifs": resources.map_gifs_mib(experiment, size, max(n_frames)),
    }
    print({step: (round(measured[step]), bounds[step]) for step in measured})
    for step, bound in bounds.items():
        assert_bounded(measured[step], bound)


SHORT = {"epochs": 1, "steps_per_epoch": 200}
TWENTY = {"grid": {"rows": 20, "cols": 20}}


@pytest.mark.parametrize(
    ("base", "changes", "data"),
    [
        ("digits-competition", TWENTY, "digits"),
        ("digits-competition", {"grid": {"rows": 100, "cols": 100}}, "digits"),
        ("digits-competition", {"grid": {"rows": 40, "cols": 40}, "dtype": "float64"}, "digits"),
        ("dream-symmetric", TWENTY, "digits"),
        ("digits-competition", TWENTY, "oblong"),
        ("digits-competition", TWENTY, "large"),
        ("digits-competition", {"grid": {"rows": 6, "cols": 6}}, "larger"),
        ("digits-competition", TWENTY, "many"),
    ],
)
def test_each_step_of_a_map_stays_within_its_memory(
    resolved, data_file, tmp_path, base, changes, data
):
    experiment, _ = resolved(base, **SHORT, **changes)
    follow(experiment, SIZES[data], data_file(data), tmp_path)


@pytest.mark.parametrize("name", ["digits", "large", "many"])
@pytest.mark.parametrize("is_gzipped", [False, True])
def test_data_sets_of_files_are_made_within_their_memory(catalogue, tmp_path, name, is_gzipped):
    if (name, is_gzipped) == ("large", True):
        pytest.skip("that gzipped files need no more than plain ones, others show")
    size, paths = SIZES[name], []
    for part, n_images in zip(("train", "t10k"), dict(parts_of(size)).values(), strict=True):
        images = pictures(n_images, size.height, size.width)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels(n_images))):
            raw = datasets.to_idx(array)
            paths.append(tmp_path / f"{part}-{kind}-ubyte")
            paths[-1].write_bytes(gzip.compress(raw, 1) if is_gzipped else raw)
    sections = {**catalogue.datasets, "own": {"kind": "mnist", "source": "idx", "folder": "."}}

    def sizes(data):
        return resources.data_size(data, sections, lambda section: paths)

    assert sizes("own") == size
    target = tmp_path / "data.h5"
    measured = peak("prepare_mnist.py", "--source", "idx", "--folder", tmp_path, "--output", target)
    for path in (*paths, target):
        path.unlink()
    print(round(measured), resources.data_mib("own", sections, sizes))
    assert_bounded(measured, resources.data_mib("own", sections, sizes))


# Sides of an image, of the tapestry in images, and of a window; windows to learn, held out ones.
PANS = [(28, 30, 20, 10_000, 10_000), (256, 10, 200, 2_000, 500)]


@pytest.mark.parametrize(("image", "side", "window", "frames", "held_out"), PANS)
def test_windows_and_ten_thousand_frames_stay_within_their_memory(
    resolved, some_config, tmp_path, image, side, window, frames, held_out
):
    files = {name: tmp_path / f"{name}.h5" for name in ("digits", "tapestry", "pan")}
    size = DataSize(side * side, side * side, image, image)
    write_data(files["digits"], size, 10)
    woven = DataSize(1, 1, side * image, side * image)
    windows = DataSize(frames, held_out, window, window)
    sections = {
        "digits": {"kind": "mnist"},
        "tapestry": {"kind": "tapestry", "digits": "digits"},
        "pan": {"kind": "pan", "tapestry": "tapestry"},
    }
    sizes = {"digits": size, "tapestry": woven, "pan": windows}.__getitem__
    measured = [
        peak("build_tapestry.py", "--digits", files["digits"], "--side", side, "--output",
             files["tapestry"]),
        peak("plot_tapestry.py", "--tapestry", files["tapestry"], "--output", tmp_path / "t.png"),
        peak("build_pan_sequence.py", "--tapestry", files["tapestry"], "--frames", frames,
             "--held-out-frames", held_out, "--window", window, "--hold", 10,
             "--max-acceleration", 1, "--max-speed", 5, "--seed", 0, "--output", files["pan"]),
        peak("render_sequence_gif.py", "--sequence", files["pan"], "--tapestry",
             files["tapestry"], "--frames", held_out, "--frame-ms", 100, "--output",
             tmp_path / "p.gif"),
    ]  # fmt: skip
    bounds = [
        resources.data_mib("tapestry", sections, sizes),
        resources.tapestry_picture_mib(woven),
        resources.data_mib("pan", sections, sizes),
        resources.sequence_gif_mib(windows, woven),
    ]
    print([(round(one), bound) for one, bound in zip(measured, bounds, strict=True)])
    for one, bound in zip(measured, bounds, strict=True):
        assert_bounded(one, bound)
    if held_out == 10_000:
        experiment, _ = resolved("trace-40", **SHORT, grid={"rows": 10, "cols": 10})
        follow(experiment, windows, files["pan"], tmp_path, (held_out, 60))


def test_a_page_of_a_hundred_maps_stays_within_its_memory(shipped_config, some_config, tmp_path):
    names = [f"map-{number}" for number in range(100)]
    for name in names:
        some_config["experiments"][name] = {"question": "?", "extends": "digits-competition"}
    catalogue = catalogues.resolve(some_config)
    digests = make_data(tmp_path / "data")
    for name in names:
        make_experiment(tmp_path, catalogue.experiments[name], digests["digits"])
    contents = {"experiments": dict.fromkeys(names, "?"), "datasets": ["digits"]}
    page = tmp_path / "index.html"
    measured = peak(
        "build_page.py", "--contents", "-", "--output", page, given=json.dumps(contents)
    )
    bound = resources.page_mib([(catalogue.experiments[name], DIGITS) for name in names], 0)
    print(round(measured), bound)
    assert_bounded(measured, bound)
    sweep = {
        "name": "many", "question": "?", "extends": "digits-competition", "keys": ["seed"],
        "measures": ["held_out_mse"],
        "points": [
            {"values": [number], "replicates": {"0": name}} for number, name in enumerate(names)
        ],
    }  # fmt: skip
    summary = tmp_path / "many.json"
    places = ("--results", tmp_path, "--output", summary)
    for one in (
        peak("summarise_sweep.py", "--sweep", "-", *places, given=json.dumps(sweep)),
        peak("plot_sweep.py", "--sweep", summary, "--output", tmp_path / "many.png"),
    ):
        print(round(one), resources.small_mib(len(names)))
        assert_bounded(one, resources.small_mib(len(names)))


# ------------------------------------------------------------------ what bounds are made of


def test_maps_that_train_together_need_the_memory_and_the_time_of_each(resolved):
    one, size = resolved("digits-competition", device="gpu")
    alone, four = (resources.training_mib([one] * n, size) for n in (1, 4))
    # Of 1,600 x 784 weights: three copies in 32 bits, 14 snapshots in 16, twice.
    each = 1600 * 784 * (3 * 4 + 2 * 14 * 2) / 2**20
    assert four - alone == pytest.approx(3 * each, abs=1)
    start = resources.TRAINING_START_SECONDS + resources.READING_SECONDS * size.n_bytes
    alone, four = (resources.training_seconds([one] * n, size) - start for n in (1, 4))
    # Steps are launched for all of them at once; each has its own weights.
    per_step, per_weight = resources.STEP_SECONDS["cupy"]
    n_steps = 12 * 10_000
    assert alone == pytest.approx(n_steps * (per_step + per_weight * 1600 * 784))
    assert four == pytest.approx(n_steps * (per_step + 4 * per_weight * 1600 * 784))


def test_what_may_run_on_either_device_has_room_on_both(resolved):
    all_three = [resolved("digits-competition", device=device) for device in ("cpu", "gpu", "auto")]
    memory = [resources.training_mib([one], size) for one, size in all_three]
    seconds = [resources.training_seconds([one], size) for one, size in all_three]
    assert memory[2] == max(memory)
    assert seconds[2] == max(seconds)


@pytest.mark.parametrize(("base", "engine", "steps_per_second"), MEASURED_STEPS)
def test_time_is_enough_and_not_twenty_times_that(resolved, base, engine, steps_per_second):
    experiment, size = resolved(base, engine=engine)
    measured = experiment.epochs * experiment.steps_per_epoch / steps_per_second
    starting = resources.TRAINING_START_SECONDS
    assert measured <= resources.training_seconds([experiment], size) - starting < 20 * measured


@pytest.mark.parametrize(("base", "changes", "measured"), MEASURED_AFTERWARDS_SECONDS)
def test_time_is_enough_for_what_follows(resolved, base, changes, measured):
    experiment, size = resolved(base, **changes)
    estimate = resources.map_seconds(experiment, size, 2000, 500) - resources.START_SECONDS
    assert measured <= estimate < 20 * measured


@pytest.mark.parametrize(
    "estimate",
    [
        lambda one, size: resources.training_seconds([one], size),
        lambda one, size: resources.map_seconds(one, size, 2000, 60),
        lambda one, size: resources.data_seconds("own", {"own": {}}, lambda name: size),
        lambda one, size: resources.data_picture_seconds([size], 60),
    ],
)
def test_time_grows_with_the_data(resolved, estimate):
    experiment, _ = resolved("digits-competition")
    seconds = [estimate(experiment, SIZES[name]) for name in ("digits", "oblong", "large")]
    assert seconds == sorted(set(seconds))
    assert estimate(experiment, SIZES["many"]) > seconds[0]


def test_large_images_have_the_time_that_measuring_them_took(resolved):
    # 6,000 + 1,000 images of 256 x 256, 20 x 20 units, two epochs kept: 103 seconds.
    experiment, _ = resolved("digits-competition", epochs=2, **TWENTY)
    estimate = resources.map_seconds(experiment, SIZES["large"], 2000, 60)
    assert estimate - resources.START_SECONDS > 103


@pytest.mark.parametrize(
    ("name", "changes", "size"),
    [
        ("digits", {}, DIGITS),
        ("digits", {"source": "keras"}, DataSize(60_000, 10_000, 28, 28)),
        ("digits", {"source": "idx", "folder": "nowhere"}, DataSize(60_000, 10_000, 28, 28)),
        ("tapestry", {}, DataSize(1, 1, 840, 840)),
        ("pan", {}, DataSize(10_000, 2_000, 20, 20)),
    ],
)
def test_sizes_of_data_sets(some_config, name, changes, size):
    some_config["datasets"][name] |= changes
    assert size_of(name, catalogues.resolve(some_config)) == size


def test_tensorflow_has_room(some_config):
    memory = []
    for source in ("mirror", "keras"):
        some_config["datasets"]["digits"]["source"] = source
        catalogue = catalogues.resolve(some_config)
        memory.append(
            resources.data_mib(
                "digits", catalogue.datasets, lambda name, known=catalogue: size_of(name, known)
            )
        )
    assert memory[1] - memory[0] == resources.TENSORFLOW_MIB


# ------------------------------------------------------------------ profiles


def profile(name):
    return yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())


def rules():
    """Names of all rules, those that are made in a loop too."""
    text = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    made = [
        f"{name}_{kind}"
        for name in re.findall(r"f\"(\w+)_\{'_'\.join\(kind", text)
        for kind in KINDS
    ]
    return set(re.findall(r"^rule (\w+):", text, re.MULTILINE)) | set(made)


KINDS = [f"{model}_{data}" for model in ("mwta", "sparse_dream") for data in ("mnist", "pan")]


def test_slurm_groups_every_step_but_the_page():
    assert set(profile("slurm")["groups"]) == rules() - {"build_page"}


@pytest.mark.parametrize("name", ["slurm", "cluster-generic", "kubernetes"])
def test_profiles_survive_failures_and_ask_for_more(name):
    settings = profile(name)
    assert settings["keep-going"]
    # The generic executor finds queued jobs again, unless it is told to run all again.
    assert settings.get("rerun-incomplete", False) == (name != "cluster-generic")
    assert settings["retries"] >= 1
    assert all("attempt" in value for value in settings["default-resources"].values())


def test_every_profile_is_explained():
    pages = ROOT / "docs" / "clusters"
    overview = (pages / "README.md").read_text()
    for path in (ROOT / "profiles").iterdir():
        assert f"profiles/{path.name}" in overview, path
    for name in ("slurm", "generic", "kubernetes"):
        assert f"({name}.md)" in overview
        page = (pages / f"{name}.md").read_text()
        assert "## What to set" in page
        assert "## When something goes wrong" in page


# ------------------------------------------------------------------ one job at a time on a GPU


@pytest.fixture(scope="module")
def two_trainings(tmp_path_factory):
    """A function: what two trainings that want a GPU do, in the order that Snakemake says it."""
    folder = copy_project(tmp_path_factory.mktemp("gpu") / "project")
    targets = ("--", "results/tiny-digits/model.h5", "results/tiny-wild/model.h5")
    snakemake(folder, "--cores", "2", *targets)

    def order(*options):
        again = ("--cores", "2", "--set-resources", "train:gpu=1", "--forcerun", "train")
        done = snakemake(folder, *again, *options, *targets)
        return re.findall(r"^(localrule|Finished).*\btrain\b", done.stdout + done.stderr, re.M)

    return order


def test_a_gpu_has_one_training_at_a_time(two_trainings):
    # Another bound, which takes the place of all that a profile sets, doesn't lift this one.
    assert two_trainings("--resources", "mem_mb=8000") == ["localrule", "Finished"] * 2


def test_a_gpu_has_two_trainings_at_once_if_told_so(two_trainings):
    assert two_trainings("--resources", "gpu=2") == ["localrule"] * 2 + ["Finished"] * 2


def test_as_a_module_the_workflow_leaves_the_bounds_of_another_alone(tmp_path):
    folder = copy_project(tmp_path / "project")
    (folder / "another").mkdir()
    (folder / "another" / "Snakefile").write_text(
        "module maps:\n    snakefile: '../workflow/Snakefile'\n    config: config\n\n"
        "use rule * from maps as maps_*\n\n"
        "rule large:\n    output: 'large'\n    resources: gpu=4\n    shell: 'touch {output}'\n"
    )
    # Of the other workflow, this one's values are the config.
    values = ("--configfile", "config.yaml", "findings.yaml", "overlay.yaml")
    done = snakemake(folder, "--snakefile", "another/Snakefile", *values, "--dry-run", "large")
    assert "gpu=4" in done.stdout + done.stderr
