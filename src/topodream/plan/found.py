"""What lies in the folder of results besides what is asked for.

A page shows that too, if the config would make the same (:mod:`topodream.page.current` finds out): it
is not to forget what was made before, whatever was asked for last.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from topodream.data import KINDS
from topodream.files.digests import file_digest
from topodream.files.errors import InputError
from topodream.files.storage import json_digest
from topodream.files.strict import Section
from topodream.plan.catalogue import Catalogue
from topodream.plan.maps import shown_of
from topodream.settings.config import to_mapping

Found = dict[str, Any]


def besides(catalogue: Catalogue, results: Path) -> Found:
    """Return what lies in the results and isn't selected, with what the config says of it.

    Read are names and digests alone, so that a workflow can ask for it as it plans.

    Parameters
    ----------
    catalogue : Catalogue
    results : Path
        The folder of results; it may be missing.

    Returns
    -------
    dict, as JSON holds it
        ``experiments`` (name -> its ``question``, ``pictures``, ``settings_sha256``), ``sweeps`` (name -> the
        ``options_sha256`` of its summary, and the ``maps_sha256`` of what that was made of),
        ``replicates`` (name -> the experiment it is ``of``, and ``settings_sha256``) and
        ``findings`` (as a sweep, or None) of the config, each with ``state_sha256``, which changes
        with what lies there; ``datasets``, without where raw files lie, and ``options`` (``held_out``; of figures; of GIFs) as in
        the config; ``unknown``, names of what the config doesn't have; ``order``, all its names.
    """
    evaluation = catalogue.evaluation
    replicates = {} if catalogue.findings else replicates_of(catalogue)
    asked_for = {*catalogue.selected, *catalogue.not_made}
    return {
        "experiments": {
            name: {
                **shown_of(catalogue, name),
                "settings_sha256": json_digest(to_mapping(catalogue.experiments[name])),
                "state_sha256": _state(results / name),
            }
            for name in catalogue.listed
            if name not in asked_for and _is_made(results / name)
        },
        "sweeps": {
            name: _summary(catalogue, {"sweep": asdict(sweep)}, path, sweep.maps)
            for name, sweep in catalogue.sweeps.items()
            if name not in catalogue.selected_sweeps
            and (path := results / "sweeps" / f"{name}.json").is_file()
        },
        "replicates": {
            name: {
                "of": experiment,
                "settings_sha256": json_digest(to_mapping(catalogue.experiments[name])),
                "state_sha256": _digest(path),
            }
            for experiment, names in replicates.items()
            for name in names
            if (path := results / name / "measures.json").is_file()
        },
        "findings": None if catalogue.findings else _findings(catalogue, results / "findings.json"),
        "datasets": {name: _what(section) for name, section in catalogue.datasets.items()},
        "options": {
            "measures": {"held_out": evaluation["held_out"]},
            ".png": {"count": evaluation["reconstructions"]},
            ".gif": catalogue.animation,
        },
        "unknown": _unknown(catalogue, results),
        "order": {
            "experiments": list(catalogue.listed),
            "datasets": list(catalogue.datasets),
            "sweeps": list(catalogue.sweeps),
        },
    }


def baselines_of(catalogue: Catalogue, results: Path) -> dict[str, str | None]:
    """Return the digests of those experiments' baselines that lie there: nobody selects them."""
    paths = {name: results / name / "baselines.json" for name in catalogue.listed}
    return {name: _digest(path) for name, path in paths.items() if path.is_file()}


def replicates_of(catalogue: Catalogue) -> dict[str, list[str]]:
    """Return the names of each experiment's replicates, of those that stand in the config itself."""
    return {
        name: [other for other in catalogue.replicates[name].values() if other != name]
        for name in catalogue.listed
        if name in catalogue.replicates
    }


def _what(section: Section) -> dict[str, Any]:
    """Return the settings of a data set without those that make nothing anew."""
    kind = KINDS[section["kind"]]
    where = {*kind.places, *kind.not_compared}
    return {key: value for key, value in section.items() if key not in where}


def _is_made(home: Path) -> bool:
    return any((home / name).is_file() for name in ("measures.json", "model.h5"))


def _state(home: Path) -> str:
    """Return a digest of a map's measures and of the names of its files."""
    patterns = ("*.yaml", "*.h5", "*.gif", "*.js", "*.png", "figures/*.png")
    names = sorted(path.name for pattern in patterns for path in home.glob(pattern))
    return json_digest({"files": names, "measures": _digest(home / "measures.json")})


def _digest(path: Path) -> str | None:
    """Return the digest of a file, or None if it can't be read: who makes the page says why."""
    with suppress(InputError):
        return file_digest(path)
    return None


def _summary(catalogue: Catalogue, options: Any, path: Path, maps: Iterable[str]) -> Found:
    plain = json.loads(json.dumps(options))  # as it stands in its note
    settings = {name: to_mapping(catalogue.experiments[name]) for name in maps}
    return {
        "options_sha256": json_digest(plain),
        "maps_sha256": json_digest(settings),
        "state_sha256": _digest(path),
    }


def _findings(catalogue: Catalogue, path: Path) -> Found | None:
    if not path.is_file():
        return None
    return _summary(catalogue, catalogue.asked_of_findings, path, catalogue.maps_of_findings)


def _unknown(catalogue: Catalogue, results: Path) -> list[str]:
    """Return the names of what lies there and the config doesn't have; of a sweep, its own alone."""
    maps = {path.parent.name.split("--")[0] for path in results.glob("*/measures.json")}
    sweeps = {path.stem for path in results.glob("sweeps/*.json")}
    return sorted((maps | sweeps) - set(catalogue.experiments) - set(catalogue.sweeps))
