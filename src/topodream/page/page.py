"""The page: every experiment with its settings, measures, pictures and origin.

One HTML file with its style and scripts in it. It links to the pictures beside it, those that it is
told of, to the thumbnails of maps, and to scripts: frames of what moves, maps for the laboratory.
"""

import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import jinja2
from PIL import Image

from topodream import __version__
from topodream.data import KINDS
from topodream.data.kind import Kind
from topodream.files.digests import file_digest
from topodream.files.errors import InputError, quoted
from topodream.files.reading import check_file, most_bytes, parsable
from topodream.files.results import (
    ANY,
    BASELINES,
    FINDINGS,
    MEASURED,
    ORIGIN,
    SWEEP,
    check_form,
    read_result,
)
from topodream.files.storage import Content, complete, read_hdf5, text_of
from topodream.form import Form
from topodream.measures.registry import MEASURES
from topodream.origin import notes
from topodream.origin.lineage import MADE_OF
from topodream.page import dotplot, study
from topodream.page.terms import TERMS
from topodream.pictures import player
from topodream.pictures.of_maps import LABORATORY, PICTURES, THUMBNAIL
from topodream.pictures.picture import IN_WORDS, Picture
from topodream.plan import templates
from topodream.settings.checking import one_of
from topodream.settings.config import read_experiment, to_mapping
from topodream.words import place_of, written

# Only the size of pictures is asked for: none is unpacked, and to Pillow the prototypes of a large
# grid would be a bomb.
Image.MAX_IMAGE_PIXELS = None
# What Pillow raises of what is in a file.
OF_PILLOW = (ValueError, SyntaxError, EOFError, IndexError, struct.error)

TEMPLATES = Path(__file__).with_name("templates")
TEMPLATE_FILES = [TEMPLATES / name for name in templates.NAMES]

# How many digits a map names rightly.
NAMED = "label_accuracy"
# A map of which a larger share of units is dead is marked as such.
MOSTLY_DEAD = 0.5

# How the name of a replicate ends.
REPLICATE = re.compile(r"--seed-\d+$")
# Differences, ratios and thresholds of a measure are not written as the measure is.
CLAIM_FORM = ".3g"
# What is said of a baseline, and how.
BASELINE_COLUMNS = {
    "held_out_mse": ".4f",
    "numbers": ".3g",
    "active": ".3g",
    "n_prototypes": ",d",
    "dead": ".0%",
    "neighbour_correlation": ".2f",
    "random_correlation": ".2f",
}
# The files of a map that the page leads to, and what they are.
FILES_OF_MAPS = {
    "measures.json": "all measures, as numbers",
    "config.yaml": "all settings: train the same map by them",
    "model.h5": "the map itself: weights, thresholds, snapshots",
    "logs/": "what was said while it was made",
}
# Those that stay behind where the page is sent to somebody.
LOCAL_FILES = ("model.h5", "logs/")
# Pictures as long as that take the page's whole width, and those that say so.
WIDE_ASPECT = 1.9


@dataclass(frozen=True)
class Contents:
    """What the page is to show, each in its order.

    Attributes
    ----------
    experiments : mapping
        Name -> the ``question`` it asks, and its ``pictures``, a list of names of
        :data:`topodream.pictures.of_maps.PICTURES`.
    datasets : sequence of str
    groups : sequence of mappings
        ``name``, ``about`` and ``experiments``, a list of names. Those in none come last.
    findings : path or None
        The findings, if there are any.
    sweeps : sequence of str
        Names of sweeps in the folder ``sweeps``.
    replicates : mapping
        Experiment -> the names of the same with other seeds, of which ``measures.json`` is read.
    baselines : mapping
        The experiments that have ``baselines.json``, by name -> its digest.
    left_out : mapping
        What else lies in the results, by name -> why it isn't shown.
    not_made : mapping
        Name of what is asked for and can't be made -> the ``question`` it asks, and ``why``.
    """

    experiments: Mapping[str, Mapping[str, Any]]
    datasets: Sequence[str] = ()
    groups: Sequence[Mapping[str, Any]] = ()
    findings: Path | None = None
    sweeps: Sequence[str] = ()
    replicates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    baselines: Mapping[str, str | None] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    not_made: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def _picture_of_maps(name: object) -> None:
    """Refuse what is no picture of maps."""
    if not isinstance(name, str) or name not in PICTURES:
        raise ValueError(f"{quoted(name)} is no picture of a map: {one_of(PICTURES)}")


# What is said of an experiment, see :class:`Contents`.
SHOWN = {"question": str, "pictures": [_picture_of_maps]}
NOT_MADE = {"question": str, "why": str}


def render(results: Path, contents: Contents, origin: Mapping[str, str]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    results : Path
        The folder that holds a folder for each experiment, and ``data``. The page is to lie
        in it: pictures are linked relative to it.
    contents : Contents
    origin : mapping of str
        What makes the page, see :func:`topodream.origin.provenance.origin`.
    """
    note = {**_made_from(results, contents), **origin}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Without these settings keys would be sorted, and spaces after them a tenth of the numbers.
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    experiments = [_experiment(results, *item) for item in contents.experiments.items()]
    for experiment in experiments:
        has_some = experiment["name"] in contents.baselines
        experiment["baselines"] = _baselines(results, experiment) if has_some else None
    findings = _findings(contents.findings)
    sweeps = [_sweep(results, name) for name in contents.sweeps]
    invited = invited_map(results, experiments, contents.datasets)
    return environment.get_template("page.html").render(
        version=__version__,
        styles=templates.STYLES,
        scripts=templates.SCRIPTS,
        commit=note["commit"],
        note=notes.comment(".html", note),
        measures=MEASURES,
        measure_groups=_measure_groups(),
        key_measures=study.KEY_MEASURES,
        experiments=experiments,
        groups=_groups(experiments, contents.groups),
        findings=findings,
        findings_origin=_findings_origin(contents.findings),
        sweeps=sweeps,
        datasets=[_dataset(results, name) for name in contents.datasets],
        datasets_by_digest={digest: name for name, digest in note["data_sha256"].items()},
        names=list(contents.experiments),
        places=_places(contents.experiments, sweeps, findings),
        terms=TERMS,
        files_of_maps=FILES_OF_MAPS,
        local_files=LOCAL_FILES,
        left_out=contents.left_out,
        not_made=contents.not_made,
        invited=invited,
        data={"invited": invited}
        | study.for_scripts(
            experiments,
            {
                name: study.read_seeds(results, contents.replicates.get(name, ()))
                for name in contents.experiments
            },
            sweeps,
        ),
    )


def invited_map(
    results: Path, experiments: Sequence[Mapping[str, Any]], datasets: Iterable[str]
) -> str | None:
    """Return the map that readers are invited to draw a digit for: that names most digits rightly."""
    drawn = {name for name in datasets if _is_drawn(_described(results, name))}
    named = {
        one["name"]: one["values"][NAMED]
        for one in experiments
        if one["dataset"] in drawn and one["values"][NAMED] is not None
    }
    return max(named, key=lambda name: named[name], default=None)


def _is_drawn(data: Content) -> bool:
    """Return whether samples are ink on paper, as one draws them: :attr:`topodream.form.Form.is_bright`."""
    keys = ("colours", "channels", "zero")
    return not Form(
        1, 1, **{key: text_of(data, key) for key in keys if key in data.attributes}
    ).is_bright


def _made_from(results: Path, contents: Contents) -> dict[str, Any]:
    """Return the digests of what the page is made of."""

    def digests(pattern: str, names: Iterable[str]) -> dict[str, str]:
        return {name: file_digest(results / pattern.format(name)) for name in names}

    data = {}
    for name in contents.datasets:
        with complete(results / "data" / f"{name}.h5"):
            data[name] = text_of(_described(results, name), "content_sha256")
    found: dict[str, Any] = {
        "data_sha256": data,
        "measures_sha256": digests("{}/measures.json", _measured(contents)),
        "sweeps_sha256": digests("sweeps/{}.json", contents.sweeps),
    }
    if of_maps := [name for name in contents.experiments if name in contents.baselines]:
        found["baselines_sha256"] = digests("{}/baselines.json", of_maps)
    if contents.findings is not None:
        found["findings_sha256"] = file_digest(contents.findings)
    return found


def _measured(contents: Contents) -> list[str]:
    """Return all of which measures are shown: experiments, each with its replicates."""
    return [
        one for name in contents.experiments for one in (name, *contents.replicates.get(name, ()))
    ]


def _origin(note: Mapping[str, Any]) -> dict[str, str]:
    """Return what made something, for readers."""
    check_form(note, ORIGIN)
    computed_on = {"computed on": note["device"]} if "device" in note else {}
    return {
        "made by": note["made_by"],
        **computed_on,
        "commit": note["commit"],
        "code (sha256)": note["code_sha256"],
        "versions": _versions(note["versions"]),
    }


def _measure_groups() -> dict[str, list[str]]:
    """Return the names of measures by the heading they stand under."""
    groups: dict[str, list[str]] = {}
    for name, measure in MEASURES.items():
        groups.setdefault(measure.group, []).append(name)
    return groups


def _groups(
    experiments: Sequence[Mapping[str, Any]], groups: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the experiments by their groups; those in none come last."""
    by_name = {experiment["name"]: experiment for experiment in experiments}
    try:
        found = [
            {
                "name": group["name"],
                "about": group["about"],
                "experiments": [by_name.pop(n) for n in group["experiments"] if n in by_name],
            }
            for group in groups
        ]
    except (KeyError, TypeError) as error:
        raise InputError(
            f"--contents: groups: each needs name, about and experiments, a list of names ({error})"
        ) from error
    heading = "Further experiments" if found else ""
    found.append({"name": heading, "about": "", "experiments": list(by_name.values())})
    return [group for group in found if group["experiments"]]


def _experiment(results: Path, name: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    home = results / name
    measured = read_result(home / "measures.json", MEASURED)
    experiment = read_experiment(home / "config.yaml")
    settings = to_mapping(experiment)
    with complete(home / "measures.json"):
        made_by = measured["model_made_by"]
        values = {key: measured["measures"].get(key) for key in MEASURES}
        divergence = measured["divergence"]
        return {
            "name": name,
            "question": shown["question"],
            "model": settings["model"],
            "dataset": settings["dataset"],
            "divergence": divergence,
            "badge": _badge(divergence, values["dead_in_training"]),
            "grid": "{rows} x {cols}".format(**settings["grid"]),
            "data": measured["data"],
            # What was measured before forms were has none.
            "inputs": str(measured.get("inputs", "")),
            "settings": dict(_flat(settings)),
            "values": values,
            "seed": experiment.seed,
            "curve": study.curve_of(measured),
            "shown": {key: _written(value, MEASURES[key].form) for key, value in values.items()},
            "laboratory": _script(results, f"{name}/{LABORATORY}"),
            "thumbnail": _picture(results, f"{name}/{THUMBNAIL}", "Prototypes in the middle."),
            "pictures": _pictures(results, name, map(PICTURES.__getitem__, shown["pictures"])),
            "origin": {
                **{"trained by" if k == "made by" else k: v for k, v in _origin(made_by).items()},
                "model (sha256)": measured["model_sha256"],
                "data set": f"{settings['dataset']}: {measured['data']}",
                "data (sha256)": measured["data_sha256"],
                "measured by": measured["made_by"],
                "measured at commit": measured["commit"],
            },
        }


def _baselines(results: Path, experiment: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a map's baselines, or None if they are of a map that was trained anew since."""
    path = results / experiment["name"] / "baselines.json"
    content = read_result(path, BASELINES)
    with complete(path):
        if content["model_sha256"] != experiment["origin"]["model (sha256)"]:
            return None
        rows = content["baselines"]
        places = dotplot.along([row["held_out_mse"] for row in rows])
        return {
            "n_samples": content["held_out_samples"],
            "rows": [
                {
                    "label": row["label"],
                    "x": place,
                    "shown": [_written(row[key], form) for key, form in BASELINE_COLUMNS.items()],
                }
                for row, place in zip(rows, places, strict=True)
            ],
            "origin": _origin(content),
        }


def _badge(divergence: str | None, dead: float | None) -> str | None:
    """Return what is to be seen of a map at a glance: that it diverged, or that most of it is dead."""
    if divergence:
        # "diverged at step 1,082 (epoch 1): ..." is too long for a badge.
        return divergence.split(" (")[0]
    if dead is None or dead <= MOSTLY_DEAD:
        return None
    return f"{100 * dead:.0f} % of units dead"


def _findings_origin(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    content = read_result(path, FINDINGS)
    with complete(path):
        return _origin(content)


def _findings(path: Path | None) -> list[dict[str, Any]]:
    """Return the findings with a plot for each claim."""
    if path is None:
        return []
    content = read_result(path, FINDINGS)
    with complete(path):
        return [
            {
                **finding,
                "claims": [
                    {
                        **claim,
                        "plot": dotplot.arrange(claim),
                        "shown": {
                            key: _written(value, CLAIM_FORM)
                            for key, value in _numbers_of(claim).items()
                        },
                    }
                    for claim in finding["claims"]
                ],
            }
            for finding in content["findings"]
        ]


def _places(
    experiments: Iterable[str],
    sweeps: Iterable[Mapping[str, Any]],
    findings: Iterable[Mapping[str, Any]],
) -> dict[str, str]:
    """Return where on the page is what claims are about: its map, or its row among those of a sweep.

    A replicate without a place of its own is where its experiment is.
    """
    places = {row["name"]: f"point={row['name']}" for sweep in sweeps for row in sweep["rows"]}
    places |= {name: name for name in experiments}
    claims = [claim for finding in findings for claim in finding["claims"]]
    spoken_of = [name for claim in claims for name in claim["experiments"]]
    found = {name: places.get(name, places.get(REPLICATE.sub("", name))) for name in spoken_of}
    return {name: place for name, place in found.items() if place is not None}


def _numbers_of(claim: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the numbers of a claim that are written, by name."""
    numbers = {key: claim[key] for key in ("mean", "low", "high", "threshold")}
    return numbers | {"without": claim["effect"]["without"] if claim["effect"] else None}


def _sweep(results: Path, name: str) -> dict[str, Any]:
    path = results / "sweeps" / f"{name}.json"
    content = read_result(path, SWEEP)
    with complete(path):
        return {
            **content,
            "origin": _origin(content),
            "labels": {key: _label(key) for key in content["panels"]},
            "rows": [
                {
                    "name": point["name"],
                    "value": place_of(point["value"], point["line"]),
                    "seed": point["seed"],
                    "diverged": point["diverged"],
                    "shown": [
                        _written(point["measures"].get(key), _form(key))
                        for key in content["panels"]
                    ],
                }
                for point in content["points"]
            ],
            "picture": _picture(
                results,
                f"sweeps/{name}.png",
                f"Measures against {content['parameter']}, and their spread over seeds.",
            ),
        }


def _dataset(results: Path, name: str) -> dict[str, Any]:
    content = _described(results, name)
    pictures = [
        _picture(results, path.relative_to(results).as_posix(), caption)
        for path, caption in _pictures_of_data(results, name, content)
    ]
    attributes = content.attributes
    with complete(results / "data" / f"{name}.h5"):
        origin = {
            **_origin(attributes),
            "settings": _options(attributes["options"]),
            **_made_of(attributes),
            "content (sha256)": text_of(content, "content_sha256"),
            "licence": text_of(content, "licence"),
        }
        check_form(origin, {ANY: str})
        described = text_of(content, "described")
    return {"name": name, "described": described, "pictures": pictures, "origin": origin}


def _kind_of(note: Mapping[str, Any]) -> Kind | None:
    """Return the kind of a data set, by the script that made it."""
    script = str(note.get("made_by")).split(",")[0]
    return next((kind for kind in KINDS.values() if kind.script == script), None)


def _pictures_of_data(results: Path, name: str, content: Content) -> list[tuple[Path, str]]:
    """Return the picture of a data set with its caption, if it has one that was made."""
    kind = _kind_of(content.attributes)
    if kind is None or kind.picture is None:
        return []
    path = results / "data" / f"{name}{kind.picture.suffix}"
    return [(path, kind.picture.caption)] if path.exists() else []


def _made_of(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of what a data set was made of: the next link of the chain."""
    raw = json.loads(attributes.get("raw_sha256", "{}"))
    found = {f"from {file} (sha256)": digest for file, digest in raw.items()}
    for key in MADE_OF:
        if f"{key}_sha256" in attributes:
            found[f"from the {key} (sha256)"] = attributes[f"{key}_sha256"]
    return found


def _described(results: Path, dataset: str) -> Content:
    """Read what a data set says of itself, without its arrays."""
    path = results / "data" / f"{dataset}.h5"
    layouts = list(dict.fromkeys(kind.layout for kind in KINDS.values()))
    return read_hdf5(path, layouts, parts=())


def _script(results: Path, file: str) -> str:
    """Return the link to a script."""
    check_file(results / file, most_bytes())
    return quote(file)


class Seen(NamedTuple):
    """What the page needs to know of a picture: its size, and in words what is seen in it."""

    width: int
    height: int
    said: str


def check_picture(path: Path) -> Seen:
    """Return what is to be known of a picture; InputError if it isn't whole."""
    check_file(path, most_bytes())
    moves = path.suffix == ".gif"
    with parsable(path, *OF_PILLOW), Image.open(path) as image:
        width, height = image.size
        said = str(image.info.get(IN_WORDS, ""))
        if moves:
            said = f"An animation of {getattr(image, 'n_frames', 1):,} frames."
        image.verify()  # that it is whole, where its format can tell
    if moves:
        player.checked_digest(path)
    return Seen(width, height, said)


def _pictures(
    results: Path, name: str, pictures: Iterable[Picture]
) -> dict[str, list[dict[str, Any]]]:
    """Return what the page says of a map's pictures, by the headings they stand under."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in pictures:
        said = _picture(results, f"{name}/{one.file}", one.caption, kind=one.file, wide=one.wide)
        groups.setdefault(one.group, []).append(said)
    return groups


def _picture(
    results: Path, file: str, caption: str, kind: str = "", *, wide: bool = False
) -> dict[str, Any]:
    """Return what the page says of a picture; ``kind`` is the same for all experiments."""
    width, height, seen = check_picture(results / file)
    moving = file.endswith(".gif")
    return {
        "link": quote(file),
        "script": quote(player.script_of(Path(file)).as_posix()) if moving else None,
        "kind": kind,
        "caption": caption,
        "said": f"{caption} {seen}".strip(),
        "width": width,
        "height": height,
        "wide": wide or width > WIDE_ASPECT * height,
    }


def _label(measure: str) -> str:
    return MEASURES[measure].label if measure in MEASURES else measure


def _form(measure: str) -> str:
    """Return how a measure is written, also one that the page doesn't know."""
    return MEASURES[measure].form if measure in MEASURES else ".4g"


def _written(value: float | None, form: str) -> str:
    if value is None:
        return "-"
    # "z": what rounds to nothing is 0, not -0.
    return format(int(value), form) if form.endswith("d") else format(value, f"z{form}")


def _flat(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested settings as dotted keys with their values as texts."""
    lines: list[tuple[str, str]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            lines += _flat(value, f"{prefix}{key}.")
        else:
            lines.append((prefix + key, written(value)))
    return lines


def _options(packed: str) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in json.loads(packed).items()
    )


def _versions(packed: str) -> str:
    return ", ".join(f"{name} {version}" for name, version in json.loads(packed).items())
