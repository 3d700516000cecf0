"""Data sets, maps and measures shared between clones by `snakemake --cache`.

Each clone stands in a folder of another name; what it takes from the cache becomes a link.
"""

import gzip
import os
import re
import shutil

import forking
import pytest
from conftest import ROOT
from test_workflow import append, change_overlay, copy_project

SHARED = [
    "results/data/digits.h5",
    "results/data/tapestry.h5",
    "results/data/pan.h5",
    "results/tiny-pan/model.h5",
    "results/tiny-pan/measures.json",
    "results/tiny-dream/model.h5",
    "results/tiny-dream/measures.json",
]
TARGETS = [path for path in SHARED if "measures" in path]
FIGURE = "results/tiny-pan/figures/prototypes.png"


def snakemake(folder, cache, *targets, check=True):
    options = ["--configfile", "overlay.yaml", "--cores", "2", "--cache", "--", *targets]
    environment = {**os.environ, "SNAKEMAKE_OUTPUT_CACHE": str(cache)}
    done = forking.snakemake(folder, *options, env=environment)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def made(output):
    """What was computed, and so went to the cache."""
    return set(re.findall(r"^Moving output file (\S+) to cache", output, re.MULTILINE))


def copied(folder):
    """A clone, in which the engine of one map needs no compiler."""
    copy_project(folder)
    change_overlay(folder, lambda c: c["experiments"]["tiny-pan"].update(engine="reference"))
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A clone that has made everything, and the cache that it filled."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "the cache").mkdir()
    clone = copied(folder / "first clone")
    output = snakemake(clone, folder / "the cache", *TARGETS)
    assert made(output) == set(SHARED)
    return clone, folder / "the cache"


@pytest.fixture
def clone(first, tmp_path):
    """A fresh clone, and a function that makes targets in it: what had to be computed."""
    folder = copied(tmp_path / "another clone")

    def make(*targets):
        return made(snakemake(folder, first[1], *targets))

    return folder, make


def test_a_moved_clone_computes_nothing_and_has_the_same_bytes(first, clone):
    folder, make = clone
    assert make(*TARGETS) == set()
    for path in SHARED:
        assert (folder / path).is_symlink(), path
        assert (folder / path).read_bytes() == (first[0] / path).read_bytes(), path


def test_a_changed_engine_never_meets_a_stale_map(clone):
    folder, make = clone
    append(folder / "src/topodream/engines/reference.py", "# a remark\n")
    assert make(*TARGETS) == {"results/tiny-pan/model.h5", "results/tiny-pan/measures.json"}


def test_a_changed_figure_never_retrains(clone):
    folder, make = clone
    append(folder / "src/topodream/pictures/figures/prototypes.py", "# a remark\n")
    assert make(FIGURE) == set()
    assert (folder / FIGURE).exists()


def test_a_changed_measure_trains_nothing(clone):
    folder, make = clone
    append(folder / "src/topodream/measures/coding.py", "# a remark\n")
    assert make(*TARGETS) == set(TARGETS)


@pytest.mark.parametrize(
    ("change", "computed"),
    [
        (lambda c: c["experiments"]["tiny-pan"].update(learning_rate=0.02), SHARED[3:5]),
        (lambda c: c["experiments"]["tiny-pan"].update(question="Why?"), []),
        (lambda c: c["evaluation"].update(held_out=50), TARGETS),
        (lambda c: c["datasets"]["pan"].update(frames=299), ["results/data/pan.h5", *SHARED[3:5]]),
    ],
    ids=["setting", "question", "measuring", "data"],
)
def test_the_key_covers_settings_and_data(clone, change, computed):
    folder, make = clone
    change_overlay(folder, change)
    assert make(*TARGETS) == set(computed)


def test_images_in_another_folder_are_the_same_images(first, clone, tmp_path):
    """And a clone that looks for them there computes nothing."""
    folder, make = clone
    for name in ("one", "another"):
        shutil.copytree(ROOT / "src/topodream/data/embedded", tmp_path / name)
        for path in (tmp_path / name).glob("held-out-*"):
            path.rename(path.with_name(path.name.replace("held-out", "t10k")))
        images = {"kind": "mnist", "source": "idx", "folder": str(tmp_path / name)}
        change_overlay(folder, lambda c, images=images: c["datasets"].update(digits=images))
        made = make("results/tiny-dream/model.h5")
        assert made == (set() if name == "another" else {SHARED[0], SHARED[5]})
        shutil.rmtree(folder / "results")
        shutil.rmtree(folder / ".snakemake")


def test_the_key_covers_what_images_hold(clone):
    folder, make = clone
    digits = folder / "src/topodream/data/embedded/train-labels-idx1-ubyte.gz"
    labels = bytearray(gzip.decompress(digits.read_bytes()))
    labels[-1] ^= 1
    digits.write_bytes(gzip.compress(bytes(labels), mtime=0))
    assert make(*TARGETS) == set(SHARED)


def test_other_versions_of_packages_find_nothing(clone):
    folder, make = clone
    common = folder / "workflow/rules/common.smk"
    other = "import importlib.metadata as m; v = m.version; "
    other += "m.version = lambda name: '0' if name == 'numba' else v(name)\n"
    common.write_text(other + common.read_text())
    assert make(*TARGETS) == set(SHARED[3:])


def damaged(entry):
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 255
    entry.write_bytes(content)


def half_written(entry):
    entry.write_bytes(entry.read_bytes()[: entry.stat().st_size // 2])


def verify(folder):
    return forking.script("verify_files.py", folder)


@pytest.mark.parametrize("damage", [damaged, half_written])
def test_a_spoilt_entry_is_noticed_and_made_again_once_it_is_gone(first, clone, damage):
    folder, make = clone
    model = folder / "results/tiny-pan/model.h5"
    make("results/tiny-pan/model.h5")
    entry = model.resolve()
    sound = entry.read_bytes()
    try:
        damage(entry)
        output = snakemake(folder, first[1], FIGURE, check=False)
        assert "Traceback" not in output
        said = [line for line in output.splitlines() if "error: " in line and ".py: " in line]
        assert said, output
        assert all(str(entry) in line for line in said), said
        assert all("delete both so that it is made again" in line for line in said), said
        verified = verify(first[1])
        assert verified.returncode == 1
        assert verified.stdout.startswith(f"{entry}: damaged (")
        assert verified.stdout.endswith(" files, 1 damaged\n")
        model.unlink()
        entry.unlink()
        assert make(FIGURE) == {"results/tiny-pan/model.h5"}
        assert entry.read_bytes() == sound
        assert verify(first[1]).returncode == 0
    finally:
        entry.write_bytes(sound)


def test_results_survive_an_emptied_cache(first, clone):
    """Links that lead nowhere are files that are missing: they are made again."""
    folder, make = clone
    make("results/tiny-dream/model.h5")
    link = folder / "results/tiny-dream/model.h5"
    entry, sound = link.resolve(), link.read_bytes()
    entry.unlink()
    assert make("results/tiny-dream/model.h5") == {"results/tiny-dream/model.h5"}
    assert link.read_bytes() == sound


def test_a_cache_that_is_not_there_is_said_before_anything_is_made(clone, tmp_path):
    folder, _ = clone
    output = snakemake(folder, tmp_path / "no cache", *TARGETS, check=False)
    said = f"topodream: SNAKEMAKE_OUTPUT_CACHE = '{tmp_path}/no cache' is not allowed: a folder"
    assert said in output
    assert "Traceback" not in output
    assert not (folder / "results").exists()


def test_no_two_files_of_a_workflow_share_an_entry(first):
    assert len({(first[0] / path).resolve() for path in SHARED}) == len(SHARED)
