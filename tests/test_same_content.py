"""The same content elsewhere is the same: another clone, a renamed folder of images, gzipped ones.

A copy of the project makes one map of images of its own; the tests change where things lie, and
read which files Snakemake plans to make again.
"""

import gzip
import json
import os
import shutil
import time

import numpy as np
import pytest
from test_workflow import append, change_overlay, copy_project, planned, snakemake

from topodream.data import mnist, raw_files
from topodream.data.idx import read_idx_folder, to_idx
from topodream.files.errors import InputError

MODEL, MEASURES = "results/tiny-digits/model.h5", "results/tiny-digits/measures.json"
AFTER_DATA = {"results/data/digits.h5", MODEL, MEASURES}
LONG_AGO = (10**9, 10**9)


def write_images(folder, seed=0):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    for name in mnist.MNIST_SHA256:
        shape = (100, 9, 9) if "images" in name else (100,)
        array = rng.integers(0, 10, shape, dtype=np.uint8)
        (folder / name).write_bytes(to_idx(array))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Where a clone made a map of the images beside it."""
    home = tmp_path_factory.mktemp("same")
    write_images(home / "images")
    clone = copy_project(home / "a clone")
    change_overlay(clone, lambda c: c["datasets"].update(digits=idx("../images")))
    snakemake(clone, "--cores", "2", "--", MEASURES)
    assert planned(clone, "--", MEASURES) == set()
    return home


@pytest.fixture
def clone(made, tmp_path):
    """A copy of it, with the images, to change."""
    return shutil.copytree(made, tmp_path / "home", copy_function=shutil.copy2) / "a clone"


def idx(folder):
    return {"kind": "mnist", "source": "idx", "folder": folder}


def again(clone, *args):
    return planned(clone, *args, "--", MEASURES)


def look_in(clone, folder):
    change_overlay(clone, lambda c: c["datasets"]["digits"].update(folder=folder))


# ------------------------------------------------------------------ another clone


@pytest.fixture
def other(clone):
    """Another clone, whose files are all newer than the results, as options of Snakemake."""
    folder = copy_project(clone.parent / "further" / "other")
    for path in (folder / "src").rglob("*.py"):
        path.touch()
    return folder, ["--snakefile", folder / "Snakefile", "--directory", clone]


def test_another_clone_makes_nothing_again(clone, other):
    assert again(clone, *other[1]) == set()


def test_another_clone_of_other_code_makes_again_what_depends_on_it(clone, other):
    folder, options = other
    source = folder / "src/topodream/training/loop.py"
    append(source, "# a remark\n")
    assert again(clone, *options) == {MODEL, MEASURES}
    os.utime(source, LONG_AGO)
    assert again(clone, *options) == {MODEL, MEASURES}


def test_where_only_times_count_newer_code_of_another_clone_counts(clone, other):
    assert MODEL in again(clone, *other[1], "--rerun-triggers", "mtime")


def test_edited_code_counts_whatever_its_time_and_is_named(clone):
    source = clone / "src/topodream/training/loop.py"
    append(source, "# a remark\n")
    assert again(clone, "--rerun-triggers", "mtime") == {MODEL, MEASURES}
    said = snakemake(clone, "--dry-run", "--", MEASURES)
    assert (
        "reason: Updated input files: src/topodream/training/loop.py " in said.stdout + said.stderr
    )
    os.utime(source, LONG_AGO)
    assert again(clone) == {MODEL, MEASURES}


# ------------------------------------------------------------------ the same images


def renamed(images):
    images.rename(images.with_name("moved"))
    return "../moved"


def copied(images):
    shutil.copytree(images, images.with_name("copied"), copy_function=shutil.copyfile)
    shutil.rmtree(images)
    return "../copied"


def gzipped(images):
    for path in sorted(images.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return "../images"


def both(images):
    plain = images.with_name("plain")
    shutil.copytree(images, plain)
    gzipped(images)
    return str(shutil.copytree(plain, images, dirs_exist_ok=True))


def dotted(images):
    for path in sorted(images.iterdir()):
        path.rename(images / path.name.replace("-idx", ".idx"))
    return str(images)


@pytest.mark.parametrize("move", [renamed, copied, gzipped, both, dotted])
def test_the_same_images_elsewhere_make_nothing_again(clone, move):
    look_in(clone, move(clone.parent / "images"))
    assert again(clone) == set()


def test_other_images_make_all_again_whatever_their_time(clone):
    write_images(clone.parent / "images", seed=1)
    for path in (clone.parent / "images").iterdir():
        os.utime(path, LONG_AGO)
    assert again(clone) == AFTER_DATA


def test_other_images_count_where_only_times_do(clone):
    write_images(clone.parent / "images", seed=1)
    assert again(clone, "--rerun-triggers", "mtime") == AFTER_DATA


def test_images_that_are_gone_cost_nothing_that_was_made(clone):
    shutil.rmtree(clone.parent / "images")
    done = snakemake(clone, "--cores", "1", "--", MEASURES, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "topodream: data set 'digits': no folder ../images: datasets.<name>.folder names where IDX "
        "files lie (results/data/digits.h5 is left as it is)"
    )
    assert all((clone / path).exists() for path in AFTER_DATA)


DOWNLOADS = """
import sys
given = dict(arg.split("=") for arg in sys.argv if "=" in arg) | dict(zip(sys.argv, sys.argv[1:]))
open(given["--output"], "w").write(given["--source"] + given.get("--mirrors", ""))
"""


def test_other_mirrors_make_nothing_again(tmp_path):
    clone = copy_project(tmp_path / "fresh")
    (clone / "src/prepare_mnist.py").write_text(DOWNLOADS)

    def look(settings):
        change_overlay(clone, lambda c: c["datasets"].update(digits=settings))
        return planned(clone, "--", "results/data/digits.h5")

    assert look({"source": "mirror", "mirrors": ["http://one.example/"]})
    snakemake(clone, "--cores", "1", "--", "results/data/digits.h5")
    # The mirrors that are asked for reach the script.
    assert (clone / "results/data/digits.h5").read_text() == "mirrorhttp://one.example/"
    others = ["http://another.example/", "http://one.example/"]
    assert look({"source": "mirror", "mirrors": others}) == set()
    assert look({"source": "keras"}) == {"results/data/digits.h5"}


# ------------------------------------------------------------------ digests


@pytest.fixture
def images(tmp_path):
    """A folder of images that was not written to just now, and where digests are kept."""
    write_images(tmp_path / "images")
    return tmp_path / "images", tmp_path / "a folder" / "kept.json"


def digests(images):
    return {name: digest for name, (_, digest) in raw_files.digests_of(*images).items()}


def test_digests_are_those_of_the_raw_content(images):
    raw = read_idx_folder(images[0])
    recorded = mnist.mnist_content("idx", raw).attributes["raw_sha256"]
    assert recorded == json.dumps(digests(images))
    gzipped(images[0])
    assert recorded == json.dumps(digests(images))


def test_what_was_read_once_is_not_read_again(images, monkeypatch):
    monkeypatch.setattr(raw_files, "SETTLED_AFTER", -1.0)
    first = digests(images)
    monkeypatch.setattr(raw_files, "unpacked", lambda path: pytest.fail(f"{path} is read"))
    assert digests(images) == first


def test_what_was_written_to_is_read_again(images, monkeypatch):
    monkeypatch.setattr(raw_files, "SETTLED_AFTER", -1.0)
    first = digests(images)
    path = images[0] / "train-labels-idx1-ubyte"
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    time.sleep(0.05)  # a file system's clock ticks
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    changed = digests(images)
    assert [name for name in first if changed[name] != first[name]] == [path.name]


def test_what_was_written_just_now_is_not_kept(images):
    digests(images)
    assert images[1].read_text() == "{}"


@pytest.mark.parametrize("kept", ["", "[1]", "{not json", '{"a": [1]}', '{"a": ["x", "y", "z"]}'])
def test_what_is_kept_and_damaged_is_no_harm(images, kept):
    images[1].parent.mkdir()
    images[1].write_text(kept)
    assert len(digests(images)) == 4


def test_where_nothing_can_be_kept_digests_are_still_right(images):
    images[1].parent.write_text("a file in the folder's place")
    assert len(digests(images)) == 4


def test_files_that_differ_have_no_digest(images):
    (images[0] / "train-images.idx3-ubyte").write_bytes(to_idx(np.ones((1, 2, 2), np.uint8)))
    with pytest.raises(InputError, match="differ in content"):
        digests(images)
