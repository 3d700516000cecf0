"""What jobs ask a scheduler for: what the estimates are made of. Peaks are measured in test_peaks.py."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT
from test_workflow import copy_project, snakemake

from topodream.data import KINDS, from_keras, mnist
from topodream.data.idx import to_idx
from topodream.data.kind import DataSize
from topodream.plan import catalogue as catalogues
from topodream.plan import resources

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
PLAIN = {"filter": "none", "channels": "raw", "colours": "grey"}
PAN = {"pan": {"kind": "pan", "over": "tapestry", "frames": 300, "window": 20, **PLAIN}}
DIGITS = DataSize(4000, 1000, 28, 28)
SIZES = {
    "digits": DIGITS,
    "oblong": DataSize(4000, 1000, 96, 160),
    "large": DataSize(6000, 1000, 256, 256),
    "larger": DataSize(200, 50, 512, 512),
    "many": DataSize(697_932, 116_323, 28, 28),
}


@pytest.fixture
def resolved(some_config):
    """A function: an experiment with some settings changed, and the size of its data."""

    def make(base, **changes):
        some_config["experiments"]["changed"] = {"question": "?", "extends": base, **changes}
        catalogue = catalogues.resolve(some_config)
        experiment = catalogue.experiments["changed"]
        return experiment, size_of(experiment.dataset, catalogue)

    return make


def size_of(name, catalogue):
    return resources.data_size(name, catalogue.datasets)


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


def test_maps_that_train_one_after_another_need_the_time_of_all(resolved):
    one, size = resolved("digits-competition")
    start = resources.TRAINING_START_SECONDS + resources.READING_SECONDS * size.n_bytes
    alone, four = (resources.training_seconds([one] * n, size) - start for n in (1, 4))
    assert four == pytest.approx(4 * alone)


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
    assert measured <= resources.map_seconds(experiment, size, 2000, 500) < 20 * measured


def test_memory_grows_with_the_data_and_few_samples_need_less(resolved):
    one, _ = resolved("digits-competition")
    few, many = DataSize(200, 50, 512, 512), DataSize(6000, 2000, 512, 512)
    for bound in (
        lambda size: resources.training_mib([one], size),
        lambda size: resources.measure_mib(one, size, 2000),
        lambda size: resources.figures_mib(one, size),
        lambda size: resources.map_gifs_mib(one, size, 500),
        lambda size: resources.respond_mib(one, size),
        lambda size: resources.baselines_mib(one, size, 2000),
    ):
        assert bound(DIGITS) < bound(SIZES["oblong"]) < bound(SIZES["large"])
        # What is read is not all of it: less is compared and shown as well.
        assert bound(DIGITS) < bound(SIZES["many"])
    # Measuring 6 x 6 units on 200 + 50 images of 512 x 512 took 581 MiB.
    small, _ = resolved("digits-competition", grid={"rows": 6, "cols": 6}, epochs=1)
    assert 581 <= resources.measure_mib(small, few, 2000) < 3 * 581
    assert resources.measure_mib(small, many, 2000) > 4 * 581


def test_pictures_have_room_for_all_weights_of_a_pixel(resolved):
    # Three colours, ON and OFF each; 100 x 100 units of 20 x 20 pixels took 515 MiB and 407.
    one, _ = resolved(
        "digits-competition", grid={"rows": 100, "cols": 100}, dtype="float32", epochs=1
    )
    grey, colours = DataSize(1000, 300, 20, 20), DataSize(1000, 300, 20, 20, 6)
    # So large that a page gets no weights of either.
    large, _ = resolved(
        "digits-competition", grid={"rows": 130, "cols": 130}, dtype="float32", epochs=1
    )
    weights = 130 * 130 * 20 * 20 / 2**20
    for bound, measured, copies in ((resources.figures_mib, 515, 4), (gifs_mib, 407, 3)):
        assert measured <= bound(one, colours) < 3 * measured
        # The copies of float32 that are made of each weight.
        assert bound(large, colours) - bound(large, grey) > 4 * copies * (6 - 1.1025) * weights


def gifs_mib(experiment, size):
    return resources.map_gifs_mib(experiment, size, 60)


# What respond.py took for 30,000 images of 32 x 32 pixels in colour, in MiB. A trace leaves how many
# units active is not known before.
@pytest.mark.parametrize(
    ("base", "changes", "measured", "most"),
    [
        ("digits-competition", {}, 276, 3),
        ("digits-competition", {"trace": 0.5}, 542, 5),
        ("dream-symmetric", {"grid": {"rows": 15, "cols": 15}}, 402, 3),
    ],
)
def test_memory_is_enough_for_a_map_at_work(resolved, base, changes, measured, most):
    one, _ = resolved(base, **changes)
    needed = resources.respond_mib(one, DataSize(25_000, 5_000, 32, 32, 3))
    assert measured <= needed < most * measured


def test_a_start_has_room(resolved):
    drawn, size = resolved("digits-competition")
    begun, _ = resolved("digits-competition", start_from="digits-competition")
    state = 1600 * 784 * 4 / 2**20
    more = resources.training_mib([begun], size) - resources.training_mib([drawn], size)
    assert more > 2.9 * state  # as it was read, twice as large, and as it is taken over


@pytest.mark.parametrize(
    "estimate",
    [
        lambda one, size: resources.training_seconds([one], size),
        lambda one, size: resources.map_seconds(one, size, 2000, 60),
        resources.respond_seconds,
        lambda one, size: resources.baselines_seconds(one, size, 2000),
        lambda one, size: resources.data_seconds("pan", PAN, lambda name: size),
        lambda one, size: resources.data_picture_seconds("pan", PAN, lambda name: size, 60),
    ],
)
def test_time_grows_with_the_data(resolved, estimate):
    experiment, _ = resolved("digits-competition")
    seconds = [estimate(experiment, SIZES[name]) for name in ("digits", "oblong", "large")]
    assert seconds == sorted(set(seconds))
    assert estimate(experiment, SIZES["many"]) > seconds[0]


def test_large_images_have_the_time_that_measuring_them_took(resolved):
    # 6,000 + 1,000 images of 256 x 256, 20 x 20 units, two epochs kept: 103 seconds.
    experiment, _ = resolved("digits-competition", epochs=2, grid={"rows": 20, "cols": 20})
    assert resources.map_seconds(experiment, SIZES["large"], 2000, 60) > 103


@pytest.mark.parametrize(
    ("name", "changes", "size"),
    [
        ("digits", {}, DIGITS),
        ("digits", {"source": "keras"}, DataSize(60_000, 10_000, 28, 28)),
        ("digits", {"source": "idx", "folder": "nowhere"}, DataSize(60_000, 10_000, 28, 28)),
        ("tapestry", {}, DataSize(1, 1, 840, 840)),
        ("pan", {}, DataSize(10_000, 2_000, 20, 20)),
        ("raccoon", {"source": "folder", "folder": "nowhere"}, DataSize(1, 0, 768, 1024, 3)),
        ("patches", {}, DataSize(50_000, 2_000, 12, 12, 2)),
        ("patches", {"colours": "opponent"}, DataSize(50_000, 2_000, 12, 12, 6)),
    ],
)
def test_sizes_of_data_sets(some_config, name, changes, size):
    some_config["datasets"][name] |= changes
    assert size_of(name, catalogues.resolve(some_config)) == size


@pytest.fixture
def idx_files(tmp_path):
    """Headers of images and labels, some gzipped, without what should follow; and their config."""
    arrays = [
        np.empty((3, 30, 40), np.uint8), np.empty(3, np.uint8),
        np.empty((2, 30, 40), np.uint8), np.empty(2, np.uint8),
    ]  # fmt: skip
    heads = [to_idx(array)[: 4 + 4 * array.ndim] for array in arrays]
    paths = [tmp_path / name for name in mnist.MNIST_SHA256]
    for path, head in zip(paths, (gzip.compress(heads[0]), *heads[1:]), strict=True):
        path.write_bytes(head)
    return paths


def test_sizes_are_those_of_the_files_and_of_what_is_made_of_them(catalogue, idx_files):
    datasets = {
        **catalogue.datasets,
        "digits": {"kind": "mnist", "source": "idx", "folder": str(idx_files[0].parent)},
    }
    sizes = [resources.data_size(name, datasets) for name in ("digits", "tapestry")]
    assert sizes == [DataSize(3, 2, 30, 40), DataSize(1, 1, 30 * 30, 30 * 40)]


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\x1f\x8b\x08", b"<html>", b"\0\0\x08\x03"])
def test_files_whose_size_cannot_be_told_are_taken_for_mnist(catalogue, idx_files, content):
    idx_files[0].write_bytes(content)
    section = {"kind": "mnist", "source": "idx", "folder": str(idx_files[0].parent)}
    assert resources.data_size("digits", {"digits": section}) == mnist.MNIST_SIZE


def asked_for(done, rule, resource="mem_mb"):
    """What a rule asks for, as Snakemake says it."""
    said = done.stdout + done.stderr
    return int(
        re.search(rf"rule {rule}:\n(?:    .*\n)*?    resources: .*{resource}=(\d+)", said)[1]
    )


@pytest.mark.slow
def test_jobs_ask_for_what_their_images_need(tmp_path):
    folder = copy_project(tmp_path / "project")
    (folder / "large.yaml").write_text(
        "datasets: {digits: {kind: mnist, source: idx, folder: images}}\nrun: [tiny-digits, tiny-pan]\n"
    )
    options = ("--configfile", "overlay.yaml", "large.yaml", "--dry-run", "results/index.html")
    without = snakemake(folder, *options)
    (folder / "images").mkdir()
    for part, n in (("train", 1500), ("t10k", 500)):
        images, labels = np.zeros((n, 256, 256), np.uint8), np.zeros(n, np.uint8)
        (folder / "images" / f"{part}-images.idx3-ubyte").write_bytes(to_idx(images))
        (folder / "images" / f"{part}-labels-idx1-ubyte").write_bytes(to_idx(labels))
    found = snakemake(folder, *options)
    # 125 MiB, 2.25 times; and 100, and Snakemake. Of MNIST it would be 53 MiB.
    assert asked_for(found, "prepare_mnist") == 700
    assert asked_for(without, "prepare_mnist") == 600
    for rule in ("train", "measure", "build_tapestry"):
        assert asked_for(found, rule) > asked_for(without, rule), rule


def test_downloads_have_time(some_config):
    seconds = {}
    for source in ("idx", "mirror", "keras"):
        folder = {"folder": "nowhere"} if source == "idx" else {}
        some_config["datasets"]["digits"] = {"kind": "mnist", "source": source, **folder}
        datasets = catalogues.resolve(some_config).datasets
        seconds[source] = resources.data_seconds("digits", datasets, lambda name: SIZES["many"])
    extra = [seconds[source] - seconds["idx"] for source in ("mirror", "keras")]
    assert extra == pytest.approx([from_keras.DOWNLOAD_SECONDS] * 2)


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
    assert memory[1] - memory[0] == from_keras.TENSORFLOW_MIB


# ------------------------------------------------------------------ profiles


def profile(name):
    return yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())


def test_slurm_groups_every_step_but_the_page_and_what_is_made_at_once():
    paths = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
    text = "\n".join(path.read_text() for path in paths)
    named = set(re.findall(r"^rule (\w+):", text, re.MULTILINE))
    # What makes and draws data goes where the first of its rules goes.
    first = Path(next(iter(KINDS.values())).script).stem
    alone = {"build_page", "pack_site", "resolve_experiment"}
    assert set(profile("slurm")["groups"]) == named - alone | {first}
    assert re.search(r"^rule resolve_experiment:\n(?:    .*\n)*?    localrule: True\n", text, re.M)
    assert f'overwrite_groups.get("{first}")' in text
    # Those that are made in a loop say themselves where they go.
    made = text.split("\n    rule:\n")[1:]
    assert made
    assert all(
        re.search("group:\n            group_of_(training|batch|data)\n", rule) for rule in made
    )


@pytest.mark.slow
def test_slurm_groups_a_map_with_its_pictures(tmp_path):
    pytest.importorskip("snakemake_executor_plugin_slurm")
    folder = copy_project(tmp_path / "project")
    to_slurm = ("--workflow-profile", "profiles/slurm")
    targets = ("results/tiny-pan/formation.gif", "results/tiny-pan/figures/hit_map.png")
    steps = []
    for profile_ in ((), to_slurm):
        said = snakemake(folder, *profile_, "--dry-run", "--", *targets).stdout
        steps.append(said.split("Group job experiment")[1:])
    assert steps[0] == []  # on one machine there are no groups
    (of_the_map,) = steps[1]
    grouped = set(re.findall(r"^ +rule (\w+):", of_the_map, re.MULTILINE))
    assert {"train", "plot_map_mwta_sequence", "render_map_gifs_mwta_sequence"} <= grouped


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


@pytest.mark.slow
def test_a_gpu_has_one_training_at_a_time(two_trainings):
    # Another bound, which takes the place of all that a profile sets, doesn't lift this one.
    assert two_trainings("--resources", "mem_mb=8000") == ["localrule", "Finished"] * 2


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_page_asks_for_what_all_of_the_config_takes(tmp_path):
    # It shows what isn't selected too, if it lies there.
    folder = copy_project(tmp_path / "project")
    asked = []
    for run in ("tiny-digits", "all"):
        said = snakemake(folder, "--config", f"run={run}", "--dry-run", "results/index.html").stdout
        step = said[said.index("rule build_page:") :]
        asked.append([re.search(rf"{name}=(\d+)", step)[1] for name in ("mem_mb", "runtime")])
    assert asked[0] == asked[1]
