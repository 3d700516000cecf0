"""What is driven: every reader of files, the resolver of the configuration, every script."""

import contextlib
import importlib.util
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import yaml
from PIL import Image

from topodream import library
from topodream.data import cifar10, idx, image_files, mnist, samples
from topodream.data.photographs import read_photographs
from topodream.data.tapestry import read_tapestry
from topodream.files import cli, results, storage, strict
from topodream.files.reading import NAME
from topodream.plan import catalogue
from topodream.plan.found import besides
from topodream.settings import config
from topodream.training.checkpoints import Checkpoints
from topodream.training.loop import train
from topodream.training.map_file import read_map, read_map_and_data

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = {
    "made_by": "a test",
    "code_sha256": "0" * 64,
    "versions": '{"numpy": "2"}',
    "device": "cpu",
}


@dataclass(frozen=True)
class Target:
    """Something that reads files.

    Attributes
    ----------
    weight : float
        How often it is driven, against the others.
    victims : tuple of str
        The files of which one is damaged, in the folder of the case.
    drive : callable
        Given the folder, reads them. Returns what was read, or raises.
    output : str
        What a script writes, if it is one; there before it runs.
    also : tuple of str
        Endings of what else it may leave, when it fails too.
    """

    weight: float
    victims: tuple[str, ...]
    drive: Callable[[Path], object]
    output: str = ""
    also: tuple[str, ...] = ()


# ------------------------------------------------------------------ what there is to read


def make(home):
    """Make a small folder with every kind of file that the project reads."""
    shipped = shipped_config()
    shipped["experiments"] |= SMALL
    found = catalogue.resolve(shipped).experiments
    idx_files(home / "idx", "")
    idx_files(home / "idx-gz", ".gz")
    own_images(home / "own")
    script(
        "prepare_mnist",
        "--source",
        "idx",
        "--folder",
        home / "idx",
        "--output",
        home / "data/digits.h5",
    )
    script(
        "build_tapestry",
        "--digits",
        home / "data/digits.h5",
        "--side",
        3,
        "--output",
        home / "data/tapestry.h5",
    )
    pan(home, home / "data/pan.h5")
    gather(home, home / "data/photos.h5")
    for name, data in (("m", "digits"), ("s", "pan"), ("w", "digits")):
        experiment = found[name]
        (home / name).mkdir()
        text = yaml.safe_dump(config.to_mapping(experiment), sort_keys=False)
        (home / name / "config.yaml").write_text(text)
        train_map(home, name, data)
        measure(home, name, data)
    (home / "t").mkdir()
    (home / "t/config.yaml").write_text(yaml.safe_dump(config.to_mapping(found["t"])))
    train_on(home)
    colours = library.train(np.load(home / "own/a.npy"), name="c", progress=False, **FEW)
    library.save(colours, home / "c/model.h5")
    for name in ("m", "s"):
        (home / name / "figures").mkdir()
        Image.new("RGB", (60, 40)).save(home / name / "figures/prototypes.png")
        Image.new("RGB", (60, 40)).save(home / name / "thumbnail.png")
        (home / name / "map.js").write_text("deliver({});\n")
        Image.new("P", (60, 40)).save(home / name / "activity.gif")
    for name in ("digits", "tapestry"):
        Image.new("RGB", (60, 40)).save(home / f"data/{name}.png")
    Image.new("P", (60, 40)).save(home / "data/pan.gif")
    (home / "options").mkdir()
    settings = config.to_mapping(found["m"])
    contents = OPTIONS["contents"] | {"besides": what_lies_there(home, shipped)}
    for name, content in (OPTIONS | {"settings": settings, "contents": contents}).items():
        (home / "options" / f"{name}.json").write_text(json.dumps(content))
    summarise(home)
    Image.new("RGB", (60, 40)).save(home / "sweeps/sw.png")
    judge(home)
    plot_map(home)
    gifs(home)
    checkpoint(home, found["m"])
    (home / "all.yaml").write_text(yaml.safe_dump(shipped_config(), sort_keys=False))
    (home / "out").mkdir()
    for output in OUTPUTS:
        path = home / output
        if not path.exists():
            path.write_bytes(b"what was here before")


def shipped_config():
    """The content of config.yaml and findings.yaml."""
    return {
        key: value
        for name in ("config.yaml", "findings.yaml")
        for key, value in yaml.safe_load((ROOT / name).read_text()).items()
    }


def what_lies_there(home, content):
    """What the page may show although it isn't selected."""
    selected = content | {"run": ["m", "s"], "evaluation": {"held_out": 20, "reconstructions": 1}}
    return besides(catalogue.resolve(selected), home)


GRID = {"grid": {"rows": 3, "cols": 4}, "epochs": 2, "steps_per_epoch": 20}
FEW = GRID | {"engine": "reference"}
SMALL = {
    "t": {"extends": "digits-competition", "start_from": "m", **GRID},
    "m": {"extends": "digits-competition", **GRID},
    "s": {"extends": "trace-40", **GRID},
    "w": {"extends": "dream-wide", **GRID},
}


def idx_files(folder, suffix):
    import gzip

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for name in mnist.MNIST_SHA256:
        n = 60 if name.startswith("train") else 30
        shape = (n, 28, 28) if "images" in name else (n,)
        high = 256 if "images" in name else 10
        raw = idx.to_idx(rng.integers(high, size=shape).astype(np.uint8))
        (folder / f"{name}{suffix}").write_bytes(gzip.compress(raw) if suffix else raw)


# What own_images() makes.
PICTURES = ("own/pictures/a.png", "own/pictures/b.jpg", "own/pictures/c.tif", "own/pictures/d.tif")
ARRAYS = ("own/a.npz", "own/a.npy", "own/a.hdf5", "own/a.csv")
BATCHES = ("own/cifar/data_batch_1.bin", "own/cifar/test_batch.bin")


def own_images(folder):
    """Make a person's own images, in all forms that are read."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir(parents=True)
    (folder / "cifar").mkdir()
    images = rng.integers(256, size=(6, 8, 8, 3), dtype=np.uint8)
    for path, image in zip(PICTURES, images, strict=False):
        packed = {"compression": "tiff_lzw"} if "d.tif" in path else {}
        Image.fromarray(image).save(folder.parent / path, **packed)
    np.savez_compressed(folder / "a.npz", x_train=images, x_test=images[:2] / 255)
    np.save(folder / "a.npy", images)
    with h5py.File(folder / "a.hdf5", "w") as file:
        file.create_dataset("images", data=images, compression="gzip")
    rows = [",".join(map(str, row)) for row in images[..., 0].reshape(6, -1)]
    (folder / "a.csv").write_text("\n".join(rows) + "\n")
    for path in BATCHES:
        (folder.parent / path).write_bytes(rng.integers(10, size=9219, dtype=np.uint8).tobytes())


def own(victim):
    """Read a person's images: one file, or the folder of pictures."""

    def drive(home):
        return image_files.read_images(home / victim)

    return drive


def prepare_own(home):
    files = ["--path", home / "own/pictures", "--held-out-path", home / "own/a.npy"]
    script("prepare_images", *files, "--output", home / "out/out.h5")


def gather(home, output):
    files = ["--source", "folder", "--folder", home / "own/pictures", "--colours", "rgb"]
    script("gather_photographs", *files, "--output", output)


def patches(home):
    script(
        "cut_patches", "--images", home / "data/photos.h5", "--size", 2, "--count", 20,
        "--held-out", 20, "--margin", 0, "--filter", "centre_surround", "--channels", "on_off",
        "--colours", "opponent", "--seed", 0, "--output", home / "out/out.h5",
    )  # fmt: skip


def cifar(home):
    return cifar10.read_binary(cifar10.batches(home / "own/cifar").values())[0]


def prepare_cifar(home):
    files = ["--source", "binary", "--folder", home / "own/cifar", "--colours", "grey"]
    script("prepare_cifar10", *files, "--output", home / "out/out.h5")


def checkpoint(home, experiment):
    """Leave the checkpoint of a training that was killed."""
    data = samples.read_data(home / "data/digits.h5")
    checkpoints = Checkpoints(home / "killed.h5", experiment, data.content_sha256, ORIGIN)
    pixels = data.train.pixels.reshape(len(data.train.pixels), -1)
    train(experiment, pixels, lambda _: None, lambda _: None, checkpoints.save)


CLAIM = {"measure": "held_out_mse", "of": "m", "above": 0.001}
OPTIONS = {
    "sweep": {
        "name": "sw", "question": "Why?", "extends": "m", "keys": ["trace"],
        "measures": ["held_out_mse"], "points": [{"values": [0.5], "replicates": {"0": "m"}}],
    },
    "questions": {
        "statements": {"so": {"said": "So.", "source": "a test", "seeds": [0, 1],
                              "claims": [CLAIM]}},
        "replicates": {"m": {"0": "m", "1": "s"}},
    },
    "contents": {
        "experiments": {
            "m": {"question": "Why?", "pictures": ["prototypes", "activity"]},
            "s": {"question": "How?", "pictures": ["prototypes"]},
        },
        "groups": [{"name": "One", "about": "A map", "experiments": ["m"]}],
        "datasets": ["digits", "tapestry", "pan"],
        "findings": True,
        "sweeps": ["sw"],
        "replicates": {"m": ["s"]},
    },
}  # fmt: skip


def option(home, name):
    """The JSON that an option is given, kept in a file so that it can be damaged as one."""
    return os.fsdecode((home / "options" / f"{name}.json").read_bytes().replace(b"\0", b""))


# ------------------------------------------------------------------ readers


def resolved(content):
    """Resolve a configuration; what is accepted has to be safe and complete."""
    found = catalogue.resolve(content)
    names = [*found.experiments, *found.datasets, *found.sweeps]
    for name in names:
        assert NAME.fullmatch(name), name
        assert len(name) < 240, name
        assert Path(os.path.normpath(f"results/{name}/x")).parts == ("results", name, "x")
    for experiment in found.experiments.values():
        text = yaml.safe_dump(config.to_mapping(experiment))
        read = config.experiment_from(yaml.safe_load(text), "here")
        assert config.to_mapping(read) == config.to_mapping(experiment)
    json.dumps([found.questions, found.groups, found.statements, found.datasets]).encode()
    for section in found.datasets.values():
        assert "\0" not in str(section)


def resolve_file(home):
    resolved(strict.read_yaml(home / "all.yaml"))


def restore(home):
    experiment = config.read_experiment(home / "m/config.yaml")
    data = samples.read_data(home / "data/digits.h5")
    return Checkpoints(home / "killed.h5", experiment, data.content_sha256, ORIGIN).restore(784)


def read_idx(folder):
    def drive(home):
        raw = idx.read_idx_folder(home / folder)
        return mnist.mnist_content("idx", raw).arrays

    return drive


# ------------------------------------------------------------------ scripts


@cache
def module(name):
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / "src" / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class Failed(Exception):  # noqa: N818
    """A script's exit with another status than 0: its status, and what it wrote to stderr."""


def script(name, *args):
    """Run a script as the command line does; raise Failed unless it ends with status 0."""
    said = io.StringIO()
    argv = sys.argv
    sys.argv = [str(ROOT / "src" / f"{name}.py"), *map(str, args)]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            cli.run(module(name).main)
    except SystemExit as end:
        if isinstance(end.code, str):
            raise Failed(1, end.code) from None
        raise Failed(end.code, said.getvalue()) from None
    finally:
        sys.argv = argv


def pan(home, output):
    script(
        "build_pan_sequence", "--over", home / "data/tapestry.h5", "--frames", 50,
        "--held-out-frames", 30, "--window", 20, "--hold", 5, "--max-acceleration", 1,
        "--max-speed", 3, "--filter", "none", "--channels", "raw", "--colours", "grey", "--seed", 0,
        "--output", output,
    )  # fmt: skip


def train_map(home, name, data):
    files = ["--data", home / f"data/{data}.h5", "--config", home / name / "config.yaml"]
    script("train", *files, "--output", home / name / "model.h5")


def of_map(home, name, data):
    return ["--model", home / name / "model.h5", "--data", home / f"data/{data}.h5"]


def train_on(home):
    """Train a map that starts from another one."""
    files = ["--data", home / "data/digits.h5", "--config", home / "t/config.yaml"]
    script("train", *files, "--start-from", home / "m/model.h5", "--output", home / "t/model.h5")


def respond(model, images, output):
    def drive(home):
        files = ["--model", home / model / "model.h5", "--images", home / images]
        script("respond", *files, "--output", home / output)

    return drive


def measure(home, name, data):
    output = home / name / "measures.json"
    script("measure", *of_map(home, name, data), "--held-out", 20, "--output", output)


def plot_map(home):
    files = [*of_map(home, "m", "digits"), "--measures", home / "m/measures.json"]
    names = ["--figures", "learning_curve", "--count", 4]
    script("plot_map", *files, *names, "--output-folder", home / "m/figures")


def gifs(home):
    frames = [
        "--images-frames",
        3,
        "--images-ms",
        100,
        "--sequence-frames",
        3,
        "--sequence-ms",
        100,
    ]
    names = ["--animations", "activity", "--output-folder", home / "w"]
    script("render_map_gifs", *of_map(home, "w", "digits"), *frames, *names)


def summarise(home):
    sweep = ["--sweep", option(home, "sweep")]
    script("summarise_sweep", *sweep, "--results", home, "--output", home / "sweeps/sw.json")


def judge(home):
    questions = ["--questions", option(home, "questions")]
    files = ["--results", home, "--output", home / "findings.json"]
    script("judge_findings", *questions, *files)


def sequence_gif(home):
    files = ["--sequence", home / "data/pan.h5", "--over", home / "data/tapestry.h5"]
    script(
        "render_sequence_gif",
        *files,
        "--frames",
        3,
        "--frame-ms",
        100,
        "--output",
        home / "out/out.gif",
    )


def page(home):
    contents = ["--contents", option(home, "contents")]
    script("build_page", *contents, "--output", home / "index.html")


def resolve_one(home):
    script(
        "resolve_experiment",
        "--settings",
        option(home, "settings"),
        "--output",
        home / "out/out.yaml",
    )


def plainly(name, option, victim, output):
    """A script of one input and one output."""

    def drive(home):
        script(name, option, home / victim, "--output", home / output)

    return drive


def prepare(home):
    script(
        "prepare_mnist",
        "--source",
        "idx",
        "--folder",
        home / "idx-gz",
        "--output",
        home / "out/out.h5",
    )


def tapestry(home):
    script(
        "build_tapestry",
        "--digits",
        home / "data/digits.h5",
        "--side",
        3,
        "--output",
        home / "out/out.h5",
    )


def resume(home):
    """Train where a checkpoint is in the way: damaged, it is said, and training starts over."""
    files = ["--data", home / "data/digits.h5", "--config", home / "m/config.yaml"]
    script("train", *files, "--output", home / "killed.h5")


IMAGES, LABELS = "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
OUTPUTS = (
    "out/out.yaml",
    "out/out.h5",
    "out/out.npz",
    "out/out.gif",
    "out/out.png",
    "out/out.md",
    "index.html",
    "killed.h5",
)

TARGETS = {
    "resolve config": Target(22, (), resolved),
    "read config file": Target(4, ("all.yaml",), resolve_file),
    "read_experiment": Target(
        8, ("m/config.yaml",), lambda home: config.read_experiment(home / "m/config.yaml")
    ),
    "read_data": Target(
        10, ("data/digits.h5",), lambda home: vars(samples.read_data(home / "data/digits.h5"))
    ),
    "read_tapestry": Target(
        6, ("data/tapestry.h5",), lambda home: vars(read_tapestry(home / "data/tapestry.h5"))
    ),
    "read_photographs": Target(
        6, ("data/photos.h5",), lambda home: vars(read_photographs(home / "data/photos.h5"))
    ),
    "read_map": Target(
        12, ("w/model.h5",), lambda home: read_map(home / "w/model.h5", with_snapshots=True)
    ),
    "read_map_and_data": Target(
        8,
        ("s/model.h5", "data/pan.h5"),
        lambda home: read_map_and_data(home / "s/model.h5", home / "data/pan.h5"),
    ),
    "restore checkpoint": Target(
        6, ("killed.checkpoint/state.h5", "killed.checkpoint/epoch-1.h5"), restore
    ),
    "IDX": Target(8, (f"idx/{IMAGES}", f"idx/{LABELS}"), read_idx("idx")),
    "IDX, gzipped": Target(8, (f"idx-gz/{IMAGES}.gz", f"idx-gz/{LABELS}.gz"), read_idx("idx-gz")),
    "own pictures": Target(10, PICTURES, own("own/pictures")),
    **{f"own {path}": Target(4, (path,), own(path)) for path in ARRAYS},
    "CIFAR-10": Target(4, BATCHES, cifar),
    "prepare_images": Target(1, (*PICTURES, "own/a.npy"), prepare_own, "out/out.h5"),
    "prepare_cifar10": Target(1, BATCHES, prepare_cifar, "out/out.h5"),
    "read measures": Target(
        6,
        ("m/measures.json",),
        lambda home: results.read_result(home / "m/measures.json", results.MEASURED),
    ),
    "prepare_mnist": Target(1, (f"idx-gz/{IMAGES}.gz",), prepare, "out/out.h5"),
    "build_tapestry": Target(1, ("data/digits.h5",), tapestry, "out/out.h5"),
    "build_pan_sequence": Target(
        1, ("data/tapestry.h5",), lambda home: pan(home, home / "out/out.h5"), "out/out.h5"
    ),
    "gather_photographs": Target(
        1, PICTURES, lambda home: gather(home, home / "out/out.h5"), "out/out.h5"
    ),
    "cut_patches": Target(1, ("data/photos.h5",), patches, "out/out.h5"),
    "resolve_experiment": Target(3, ("options/settings.json",), resolve_one, "out/out.yaml"),
    "options of a sweep": Target(3, ("options/sweep.json",), summarise, "sweeps/sw.json"),
    "options of findings": Target(
        3, ("options/questions.json",), judge, "findings.json"
    ),
    "options of the page": Target(
        3,
        ("options/contents.json",),
        page,
        "index.html",
    ),
    "train": Target(
        2,
        ("m/config.yaml", "data/digits.h5"),
        lambda home: train_map(home, "m", "digits"),
        "m/model.h5",
        (".checkpoint",),
    ),
    "train, resumed": Target(
        1,
        ("killed.checkpoint/state.h5", "killed.checkpoint/epoch-2.h5"),
        resume,
        "killed.h5",
        (".checkpoint",),
    ),
    "train, from a map": Target(
        1, ("m/model.h5", "t/config.yaml"), train_on, "t/model.h5", (".checkpoint",)
    ),
    "respond": Target(
        2, ("w/model.h5", "data/digits.h5"), respond("w", "data/digits.h5", "out/out.h5"), "out/out.h5"
    ),
    "respond, pictures": Target(
        1, ("c/model.h5", *PICTURES), respond("c", "own/pictures", "out/out.npz"), "out/out.npz"
    ),
    "respond, an array": Target(
        2, ("c/model.h5", "own/a.npy"), respond("c", "own/a.npy", "out/out.npz"), "out/out.npz"
    ),
    "measure": Target(
        1, ("m/model.h5", "data/digits.h5"), lambda home: measure(home, "m", "digits"), "m/measures.json"
    ),
    "plot_map": Target(
        1, ("m/model.h5", "m/measures.json"), plot_map, "m/figures/learning_curve.png"
    ),
    "render_map_gifs": Target(1, ("w/model.h5", "data/digits.h5"), gifs, "w/activity.gif", (".gif.js",)),
    "render_sequence_gif": Target(1, ("data/pan.h5", "data/tapestry.h5"), sequence_gif, "out/out.gif", (".gif.js",)),
    "plot_samples": Target(
        0.5,
        ("data/digits.h5",),
        plainly("plot_samples", "--data", "data/digits.h5", "out/out.png"),
        "out/out.png",
    ),
    "plot_tapestry": Target(
        0.5,
        ("data/tapestry.h5",),
        plainly("plot_tapestry", "--tapestry", "data/tapestry.h5", "out/out.png"),
        "out/out.png",
    ),
    "summarise_sweep": Target(2, ("m/measures.json",), summarise, "sweeps/sw.json"),
    "plot_sweep": Target(
        1, ("sweeps/sw.json",), plainly("plot_sweep", "--sweep", "sweeps/sw.json", "out/out.png"), "out/out.png"
    ),
    "judge_findings": Target(2, ("m/measures.json", "s/measures.json"), judge, "findings.json"),
    "tabulate_findings": Target(
        2,
        ("findings.json",),
        plainly("tabulate_findings", "--findings", "findings.json", "out/out.md"),
        "out/out.md",
    ),
    "build_page": Target(
        3,
        (
            "m/config.yaml", "m/measures.json", "m/thumbnail.png", "m/activity.gif", "data/pan.h5",
            "m/figures/prototypes.png", "findings.json", "sweeps/sw.json", "data/pan.gif",
        ),
        page,
        "index.html",
    ),
}  # fmt: skip


# ------------------------------------------------------------------ what is accepted


def check_output(path):
    """Raise unless a file that a script wrote is whole."""
    if path.suffix == ".h5":
        storage.read_hdf5(
            path, ("images", "tapestry", "photographs", "sequence", "map", "responses")
        )
    elif path.suffix == ".npz":
        with np.load(path) as arrays:
            assert all(len(arrays[name]) for name in arrays if name != "about")
    elif path.suffix == ".json":
        assert storage.DIGEST in json.loads(path.read_text())
        storage.read_json(path)
    elif path.suffix in (".png", ".gif"):
        with Image.open(path) as image:
            image.load()
    elif path.suffix == ".html":
        assert path.read_text().rstrip().endswith("</html>")
    elif path.suffix == ".yaml":
        config.read_experiment(path)
    else:
        assert "|\n\n<!-- provenance: {" in path.read_text()
        assert path.read_text().endswith("-->\n")


def same(one, other):
    """Whether two things that were read are equal, to the bit."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "__dict__"):
        return same(vars(one), vars(other))
    return one == other
