"""A small folder of results, made up in a second: what the page reads, and nothing trained."""

import copy
import json
from dataclasses import replace

import numpy as np
import yaml
from PIL import Image

from topodream.data import KINDS
from topodream.data.samples import Data, Samples
from topodream.files.digests import content_digest
from topodream.files.storage import Content, write_hdf5, write_json
from topodream.form import Form
from topodream.models import MODELS
from topodream.pictures import animation, laboratory, player
from topodream.pictures.drawing import Material
from topodream.pictures.packing import write_script
from topodream.plan import catalogue
from topodream.settings import config
from topodream.training.map_file import Map
from topodream.training.trained import History, Trained

ORIGIN = {
    "made_by": "a test",
    "commit": "c" * 40,
    "code_sha256": "0" * 64,
    "versions": '{"python": "3"}',
    "options": '{"side": 3, "max_speed": 2.5}',
}
SMALL = {"grid": {"rows": 4, "cols": 5}}
EXPERIMENTS = {
    "pan-small": {"question": "Do windows pan?", "extends": "trace-40", **SMALL},
    "digits-small": {
        "question": "Are <digits> & </script> whole?",
        "extends": "digits-competition",
        **SMALL,
    },
    "digits-strong": {
        "question": "What if neighbours count more?",
        "extends": "digits-small",
        "lateral": {"strength": 0.3},
    },
    "dream-wild": {"question": "Does it blow up?", "extends": "dream-symmetric"},
}
FIGURES = {"prototypes": (1000, 960), "reconstructions": (1120, 450), "hit_map": (720, 640)}
PICTURES = ["prototypes", "activity", "reconstructions", "hit_map"]
MEASURES = {
    "pan-small": {"held_out_mse": 0.04, "neighbour_correlation": 0.3, "dead_in_training": 0.5},
    "digits-small": {"held_out_mse": 0.02, "neighbour_correlation": 0.1, "dead_in_training": 0.25},
    "digits-strong": {"held_out_mse": 0.03, "neighbour_correlation": 0.4, "dead_in_training": 0},
    "dream-wild": {"held_out_mse": 9000.5, "neighbour_correlation": -0.001},
}
# The held-out error after each epoch; of replicates, of which the second has none.
CURVES = {
    "pan-small": [0.2, 0.06, 0.04],
    "digits-small": [5.0, 0.04, 0.025, 0.02],
    "digits-strong": [5.0, 0.05, 0.035, 0.03],
    "digits-small--seed-1": [4.0, 0.05, 0.03, 0.0234567891],
    "digits-strong--seed-1": [4.5, 0.055, 0.04, 0.036],
}
REPLICATES = {
    "digits-small": ["digits-small--seed-1", "digits-small--seed-2"],
    "digits-strong": ["digits-strong--seed-1"],
}
OF_REPLICATES = {
    "digits-small--seed-1": {"held_out_mse": 0.0234567891, "neighbour_correlation": 0.12},
    "digits-small--seed-2": {"held_out_mse": 0.022, "neighbour_correlation": 0.11},
    "digits-strong--seed-1": {"held_out_mse": 0.036, "neighbour_correlation": 0.35},
}
NULLS = {"mean_image_mse": 0.0691, "random_correlation": 0.05, "held_out_samples": 1000}
DIVERGENCE = "diverged at step 1,082 (epoch 1): the mean squared error is no finite number (nan)"
GROUPS = [
    {"name": "Windows", "about": "Windows that pan.", "experiments": ["pan-small", "not-made"]},
    {"name": "Digits", "about": "Whole digits.", "experiments": ["digits-small", "digits-strong"]},
]


def shown(names=tuple(EXPERIMENTS)):
    """What a page is told of experiments: their questions and pictures."""
    return {
        name: {
            "question": EXPERIMENTS.get(name, {}).get("question", "?"),
            "pictures": [*PICTURES, *(["u_matrix"] if name == "digits-strong" else [])],
        }
        for name in names
    }


def claim(values, threshold, verdict, **changes):
    """A claim as findings.json holds it; its interval is 0.1 to either side of the mean."""
    known = [value for value in values if value is not None]
    mean = sum(known) / len(known) if known else None
    return {
        "text": "One map against another",
        "measure": "neighbour_correlation",
        "label": "correlation of neighbours",
        "values": [{"seed": seed, "value": value} for seed, value in enumerate(values)],
        "mean": mean,
        "low": None if mean is None else mean - 0.1,
        "high": None if mean is None else mean + 0.1,
        "threshold": threshold,
        "side": "above",
        "verdict": verdict,
        "effect": None if mean is None else {"seen": "as claimed", "without": 0.0},
        "null": "",
        "experiments": ["digits-small", "not-shown"],
        **changes,
    }


# A training of SWEEP, and a replicate of a map.
OF_A_SWEEP = ["strength-0.5-1", "digits-small--seed-1"]
FINDINGS = {
    "findings": [
        {
            "id": identity,
            "said": f"a <statement> that {verdict}",
            "source": "the notebook",
            "verdict": verdict,
            "because": "The numbers say so.",
            "why": "Seeds differ." if verdict == "undecided" else "",
            "effects": ["as claimed"] if verdict == "holds" else [],
            "claims": claims,
        }
        for identity, verdict, claims in [
            ("first", "holds", [claim([0.3, 0.4, 0.35], 0.1, "holds")]),
            ("second", "does not hold", [claim([0.3], 0.9, "does not hold", low=None, high=None)]),
            (
                "third",
                "undecided",
                [
                    claim([None], 0.1, "undecided"),
                    claim([0.1], 0.1, "undecided", experiments=OF_A_SWEEP),
                ],
            ),
        ]
    ],
    "data_sha256": ["1" * 64],
    **ORIGIN,
}
BASELINES = {
    "model_sha256": "2" * 64,
    "held_out_samples": 1000,
    "baselines": [
        {
            "label": label,
            "held_out_mse": error,
            "n_prototypes": 1600,
            "numbers": 4.995,
            "active": 5,
            "n_shown": 4000,
            "dead": 0.125,
            "neighbour_correlation": None,
            "random_correlation": None,
        }
        for label, error in (("this map", 0.02), ("k-means <16>", 0.08), ("blown up", None))
    ],
    **ORIGIN,
}
SWEEP = {
    **ORIGIN,
    "name": "strength",
    "question": "How strong?",
    "parameter": "lateral.strength",
    "extends": "digits-small",
    "seeds": [0, 1],
    "panels": ["held_out_mse", "dead_in_training"],
    "points": [
        {
            "name": f"strength-{value}-{seed}",
            "value": value,
            "line": "",
            "settings": {"lateral.strength": "none" if value is None else str(value)},
            "seed": seed,
            "diverged": value == 0.5,
            "measures": {
                "held_out_mse": 0.02 + seed / 1000,
                "dead_in_training": None if value == 0.5 else 0.1,
            },
        }
        for value in (0.1, None, 0.5)
        for seed in (0, 1)
    ],
    "data": "made-up digits",
}


def make(folder, shipped_config):
    """Write results of ``EXPERIMENTS``, findings, a sweep and two data sets into a folder."""
    content = copy.deepcopy(shipped_config)
    content["experiments"] |= copy.deepcopy(EXPERIMENTS)
    resolved = catalogue.resolve(content)
    digests = make_data(folder / "data")
    for name in EXPERIMENTS:
        experiment = resolved.experiments[name]
        make_experiment(folder, experiment, digests[experiment.dataset])
        for seed, other in enumerate(REPLICATES.get(name, []), 1):
            replicate = replace(experiment, name=other, seed=seed)
            make_measures(folder, replicate, digests[experiment.dataset], OF_REPLICATES[other])
    write_json(folder / "findings.json", FINDINGS)
    write_json(folder / "sweeps" / "strength.json", SWEEP)
    make_picture(folder / "sweeps" / "strength.png", (900, 300))


def make_data(folder):
    """Write data sets, each made of the one before, under a key; return their digests."""
    folder.mkdir()
    digests = {}
    made_of = {"raw_sha256": json.dumps({"train-images": "e" * 64})}
    for name, kind, key in (
        ("digits", KINDS["mnist"], "digits"),
        ("tapestry", KINDS["tapestry"], "over"),
        ("pan", KINDS["pan"], ""),
    ):
        arrays = {"train/pixels": np.full((1, 1, 1), len(digests), np.uint8)}
        attributes = {"described": f"made-up {name}", "licence": "none", **made_of}
        origin = {**ORIGIN, "made_by": f"{kind.script}, a test"}
        write_hdf5(folder / f"{name}.h5", Content(kind.layout, arrays, attributes), origin)
        digests[name] = content_digest(arrays)
        made_of = {f"{key}_sha256": digests[name]}
    make_picture(folder / "digits.png", (400, 300))
    make_picture(folder / "tapestry.png", (300, 300))
    make_gif(folder / "pan.gif")
    return digests


def make_experiment(folder, experiment, data_sha256):
    """Write what the page reads of an experiment: not its map."""
    home, name = folder / experiment.name, experiment.name
    home.mkdir(parents=True)
    (home / "config.yaml").write_text(yaml.safe_dump(config.to_mapping(experiment)))
    make_measures(folder, experiment, data_sha256, MEASURES[name])
    for figure, size in FIGURES.items():
        make_picture(home / "figures" / f"{figure}.png", size)
    make_picture(home / "thumbnail.png", (289, 289))
    write_script(home / "map.js", laboratory.gather(material_of(experiment)), ORIGIN)
    make_gif(home / "activity.gif")
    if name == "digits-strong":
        make_picture(home / "figures" / "u_matrix.png", (720, 640))


def material_of(experiment, n_samples=20, form=Form(28, 28)):  # noqa: B008 (it is frozen)
    """An untrained map, and samples of two classes, for its laboratory and its pictures' words."""
    rng = np.random.default_rng(5)
    pixels = rng.integers(256, size=(n_samples, *form.shape), dtype=np.uint8)
    labels = np.arange(n_samples, dtype=np.uint8) % 2
    samples = Samples(pixels, labels, None, form)
    data = Data(samples, samples, False, "1" * 64, "made-up digits", "none")
    made = MODELS[experiment.model].start(
        experiment.settings, experiment.grid, form.n_inputs, experiment.dtype, rng
    )
    wins = rng.integers(20, size=(1, experiment.grid.n_units))
    history = History(*np.zeros((3, 1)), wins, np.zeros((1, experiment.grid.n_units)))
    trained = Trained(made, history, [], None)
    learnt = Map(experiment, trained, form, data.described, "1" * 64, "2" * 64, ORIGIN)
    measures = {"mean_image_mse": 0.07, "neighbour_correlation": 0.5, "random_correlation": 0.1}
    return Material(learnt, data, {}, measures, 1)


def make_measures(folder, experiment, data_sha256, measures):
    """Write what was measured of a map, or of a replicate, of which there is nothing else."""
    name, errors = experiment.name, CURVES.get(experiment.name, [])
    measured = {
        "settings": json.dumps(config.to_mapping(experiment)),
        "data": "made-up digits",
        "inputs": "1 x 1 pixels",
        "data_sha256": data_sha256,
        "model_sha256": "2" * 64,
        "divergence": DIVERGENCE if name == "dream-wild" else None,
        "model_made_by": {**ORIGIN, "device": "cpu"},
        "measures": NULLS | measures,
        "curve": {"epoch": list(range(len(errors))), "held_out_mse": errors},
        **ORIGIN,
    }
    write_json(folder / name / "measures.json", measured)


def make_picture(path, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (200, 220, 240)).save(path)


def make_gif(path):
    """Write a GIF, and its script: a bar that moves before noise, in colours."""
    rng = np.random.default_rng(1)
    frames = np.zeros((60, 40, 90), np.uint8)
    for number, frame in enumerate(frames):
        frame[:, number : number + 20] = rng.integers(animation.MARK)
        frame[5:30, 60:80] = rng.integers(animation.MARK, size=(25, 20))
    made = animation.Animation(iter(frames), 40, animation.palette())
    player.write(path, made, ORIGIN)
