"""The page: every experiment with its settings, measures, pictures and origin."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from PIL import Image

from topodream import __version__
from topodream.config import read_experiment, to_mapping
from topodream.errors import InputError
from topodream.pictures import CAPTIONS, animation_names, figure_names
from topodream.storage import complete, read_hdf5, read_json

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Measure:
    """How a measure is shown: its name for readers, what it says, how it is written."""

    label: str
    meaning: str
    form: str


MEASURES = {
    "held_out_mse": Measure(
        "held-out error", "mean squared error per pixel on held-out samples; lower is better", ".4f"
    ),
    "mean_image_mse": Measure(
        "error of the mean image", "the same for someone who always draws the mean image", ".4f"
    ),
    "training_mse": Measure(
        "training error", "mean over the last epoch, each sample before its update", ".4f"
    ),
    "mass_ratio": Measure(
        "mass ratio", "sum of reconstructions over sum of samples; above 1: too heavy", ".2f"
    ),
    "total_activity": Measure(
        "total activity", "sum of activity over all units, mean over held-out samples", ".2f"
    ),
    "mass_ratio_excited": Measure(
        "mass ratio, drawn excited", "the same, drawn with the excited activation throughout", ".2f"
    ),
    "neighbour_correlation": Measure(
        "correlation of neighbours", "mean correlation of prototypes of adjacent units", ".2f"
    ),
    "random_correlation": Measure(
        "correlation of random pairs", "the same for random pairs: what no order would give", ".2f"
    ),
    "dead_in_training": Measure(
        "dead units, training", "share of units that won nothing in the last epoch", ".1%"
    ),
    "dead_held_out": Measure(
        "dead units, held out", "share of units that win no held-out sample", ".1%"
    ),
    "held_out_samples": Measure("held-out samples", "how many were measured", ",d"),
}

DATA_PICTURES = {
    "tapestry": (".png", "The tapestry of training images that windows pan over."),
    "sequence": (".gif", "The pan sequence: what the window sees, and where it is."),
}


def render(results: Path, experiments: Mapping[str, str], datasets: Sequence[str]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    results : Path
        The folder that holds a folder for each experiment, and ``data``. The page is to lie
        in it: pictures are linked relative to it.
    experiments : mapping
        Name -> the question it asks, in the order to show them.
    datasets : sequence of str
        Names of the data sets to show.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        version=__version__,
        measures=MEASURES,
        experiments=[_experiment(results, *item) for item in experiments.items()],
        datasets=[_dataset(results, name) for name in datasets],
    )


def _experiment(results: Path, name: str, question: str) -> dict[str, Any]:
    home = results / name
    measured = read_json(home / "measures.json")
    settings = to_mapping(read_experiment(home / "config.yaml"))
    with complete(home / "measures.json"):
        made_by = measured["model_made_by"]
        return {
            "name": name,
            "question": question,
            "divergence": measured["divergence"],
            "grid": "{rows} x {cols}".format(**settings["grid"]),
            "data": measured["data"],
            "settings": dict(_flat(settings)),
            "shown": {
                key: "-"
                if measured["measures"][key] is None
                else format(measured["measures"][key], m.form)
                for key, m in MEASURES.items()
            },
            "pictures": [
                _picture(results, f"{name}/{file}", CAPTIONS[picture])
                for picture, file in _pictures_of(results, settings).items()
            ],
            "origin": {
                "trained by": made_by["made_by"],
                "code (sha256)": made_by["code_sha256"],
                "versions": _versions(made_by["versions"]),
                "model (sha256)": measured["model_sha256"],
                "data set": f"{settings['dataset']}: {measured['data']}",
                "data (sha256)": measured["data_sha256"],
                "measured by": measured["made_by"],
            },
        }


def _pictures_of(results: Path, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of a map's pictures by their names."""
    model, data = settings["model"], results / "data" / f"{settings['dataset']}.h5"
    is_sequence = read_hdf5(data, ("images", "sequence"), parts=()).kind == "sequence"
    animations = {name: f"{name}.gif" for name in animation_names(model, is_sequence)}
    figures = figure_names(model, labelled=not is_sequence)
    return animations | {name: f"figures/{name}.png" for name in figures}


def _dataset(results: Path, name: str) -> dict[str, Any]:
    path = results / "data" / f"{name}.h5"
    content = read_hdf5(path, ("images", "tapestry", "sequence"), parts=())
    pictures = []
    if content.kind in DATA_PICTURES:
        suffix, text = DATA_PICTURES[content.kind]
        pictures.append(_picture(results, f"data/{name}{suffix}", text))
    attributes = content.attributes
    with complete(path):
        return {
            "name": name,
            "described": attributes["described"],
            "pictures": pictures,
            "origin": {
                "made by": attributes["made_by"],
                "content (sha256)": attributes["content_sha256"],
                "versions": _versions(attributes["versions"]),
                "licence": attributes["licence"],
            },
        }


def _picture(results: Path, file: str, caption: str) -> dict[str, Any]:
    try:
        with Image.open(results / file) as image:
            width, height = image.size
    except OSError as error:
        raise InputError(f"cannot read the picture {results / file}: {error}") from error
    return {"link": quote(file), "caption": caption, "width": width, "height": height}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested settings as dotted keys with their values as texts."""
    lines: list[tuple[str, str]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            lines += _flat(value, f"{prefix}{key}.")
        else:
            lines.append((prefix + key, "none" if value is None else str(value)))
    return lines


def _versions(packed: str) -> str:
    return ", ".join(f"{name} {version}" for name, version in json.loads(packed).items())
