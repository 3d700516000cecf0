"""The page: every experiment with its settings, measures, pictures and origin."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from PIL import Image

from topodream import __version__
from topodream.config import read_experiment, to_mapping
from topodream.errors import InputError
from topodream.measures.descriptions import MEASURES
from topodream.storage import complete, read_hdf5, read_json

TEMPLATES = Path(__file__).with_name("templates")


# File -> caption, in the order they are shown.
PICTURES = {
    "activity.gif": "Held-out samples: input, activity on the grid, reconstruction.",
    "figures/prototypes.png": "Every unit's prototype at its place on the grid.",
    "figures/reconstructions.png": "Held-out samples above their reconstructions.",
    "figures/learning_curve.png": "Reconstruction error over the epochs.",
    "figures/hit_map.png": "How often each unit won in the last epoch.",
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
                _picture(results, f"{name}/{file}", text) for file, text in PICTURES.items()
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
