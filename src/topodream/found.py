"""What lies in the folder of results besides what is asked for.

A page shows that too, if the config would make the same (:mod:`topodream.current` finds out): it
is not to forget what was made before, whatever was asked for last.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from topodream.catalogue import Catalogue, Sweep
from topodream.config import Experiment, to_mapping

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
        ``experiments`` and ``sweeps`` (name -> what is expected of it, and the digest of its file)
        and ``findings`` (the same, or None) of the config; ``maps`` (name -> digest of the
        settings) that these were made of; ``datasets`` and ``held_out`` as in the config;
        ``unknown``, names of what the config doesn't have; ``order``, all names of the config.
    """
    experiments = {
        name: {"question": catalogue.questions[name], "file_sha256": digest}
        for name, digest in _digests(results, "{}/measures.json", catalogue.listed).items()
        if name not in catalogue.selected
    }
    sweeps = {
        name: {"options": _plain({"sweep": asdict(catalogue.sweeps[name])}), "file_sha256": digest}
        for name, digest in _digests(results, "sweeps/{}.json", catalogue.sweeps).items()
        if name not in catalogue.selected_sweeps
    }
    findings = None if catalogue.findings else _findings(catalogue, results)
    maps = {*experiments, *_maps_of(catalogue, sweeps, with_findings=findings is not None)}
    return {
        "experiments": experiments,
        "sweeps": sweeps,
        "findings": findings,
        "maps": {name: settings_digest(catalogue.experiments[name]) for name in sorted(maps)},
        "datasets": catalogue.datasets,
        "held_out": catalogue.evaluation["held_out"],
        "unknown": _unknown(catalogue, results),
        "order": {
            "experiments": list(catalogue.listed),
            "datasets": list(catalogue.datasets),
            "sweeps": list(catalogue.sweeps),
        },
    }


def settings_digest(experiment: Experiment) -> str:
    """Return the sha256 of an experiment's settings, as measures hold them."""
    return hashlib.sha256(json.dumps(to_mapping(experiment)).encode()).hexdigest()


def _findings(catalogue: Catalogue, results: Path) -> Found | None:
    digests = _digests(results, "{}.json", ["findings"])
    if not digests:
        return None
    options = {"statements": catalogue.statements, "replicates": catalogue.replicates}
    return {"options": _plain(options), "file_sha256": digests["findings"]}


def _maps_of(catalogue: Catalogue, sweeps: Iterable[str], *, with_findings: bool) -> set[str]:
    """Return the names of the maps that sweeps, and perhaps the findings, were made of."""
    of_sweeps: list[Sweep] = [catalogue.sweeps[name] for name in sweeps]
    replicates = [point.replicates for sweep in of_sweeps for point in sweep.points]
    replicates += catalogue.replicates.values() if with_findings else []
    return {name for names in replicates for name in names.values()}


def _unknown(catalogue: Catalogue, results: Path) -> list[str]:
    """Return the names of what lies there and the config doesn't have; of a sweep, its own alone."""
    maps = {path.parent.name.split("--")[0] for path in results.glob("*/measures.json")}
    sweeps = {path.stem for path in results.glob("sweeps/*.json")}
    return sorted((maps | sweeps) - set(catalogue.experiments) - set(catalogue.sweeps))


def _digests(results: Path, pattern: str, names: Iterable[str]) -> dict[str, str]:
    """Return the digests of the files that are there, by name."""
    paths = {name: results / pattern.format(name) for name in names}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in paths.items()
        if path.is_file()
    }


def _plain(content: Any) -> Any:
    """Return what JSON makes of it."""
    return json.loads(json.dumps(content))
