"""Which of the results are what the config would make, and why the others aren't."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topodream import notes, page, player
from topodream.errors import InputError
from topodream.found import Found
from topodream.lineage import BROKEN, Shelf, links_of
from topodream.storage import complete

# What a data set is made of, by the key of its section that names it.
MADE_OF = ("digits", "tapestry")


@dataclass(frozen=True)
class Current:
    """What may be shown besides what is asked for, and what may not.

    Attributes
    ----------
    experiments : mapping
        Name -> the question it asks.
    sweeps : sequence of str
    findings : bool
    datasets : sequence of str
        Those that the experiments learnt, and what these were made of.
    left_out : mapping
        Name -> why it is left out.
    """

    experiments: Mapping[str, str]
    sweeps: list[str]
    findings: bool
    datasets: list[str]
    left_out: Mapping[str, str]


def sort_out(results: Path, found: Found) -> Current:
    """Find out which of what lies in the results is up to date with the config.

    Parameters
    ----------
    results : Path
    found : mapping
        See :func:`topodream.found.besides`.
    """
    look = _Look(results, found)
    left_out: dict[str, str] = {}

    def sound(names: Iterable[str], check: Callable[[str], None]) -> list[str]:
        for name in names:
            try:
                check(name)
            except (_OutdatedError, InputError) as reason:
                left_out[name] = str(reason)
        return [name for name in names if name not in left_out]

    experiments = sound(found["experiments"], look.check_experiment)
    sweeps = sound(found["sweeps"], look.check_sweep)
    findings = sound(["findings"] if found["findings"] else [], look.check_findings)
    return Current(
        experiments={name: found["experiments"][name]["question"] for name in experiments},
        sweeps=sweeps,
        findings=bool(findings),
        datasets=look.datasets_of(experiments),
        left_out=left_out | dict.fromkeys(found["unknown"], "no config that was given has it"),
    )


class _OutdatedError(Exception):
    """Something isn't what the config would make; the text is the reason."""


class _Look:
    """A look at results; a check raises _OutdatedError, or InputError for what can't be read."""

    def __init__(self, results: Path, found: Found) -> None:
        self._results, self._found = results, found
        self._shelf = Shelf(results)
        self._notes: dict[Path, dict[str, Any]] = {}

    def check_experiment(self, name: str) -> None:
        measured = self._check_map(name)
        home = self._results / name
        if self._read(home / "config.yaml")["settings"] != measured["settings"]:
            raise _OutdatedError("it was not yet trained with its settings")
        self._check_made_of(home / "measures.json")
        self._check_dataset(measured["settings"]["dataset"])
        for picture in sorted([*home.glob("figures/*.png"), *home.glob("*.gif")]):
            self._check_picture(picture)
            if self._read(picture).get("model_sha256") != measured["model_sha256"]:
                raise _OutdatedError(f"{picture.name} is of an earlier map")

    def check_sweep(self, name: str) -> None:
        path = self._results / "sweeps" / f"{name}.json"
        self._check_summary(path, self._found["sweeps"][name]["options"])
        self._check_picture(path.with_suffix(".png"))
        self._check_made_of(path.with_suffix(".png"))

    def check_findings(self, _: str) -> None:
        self._check_summary(self._results / "findings.json", self._found["findings"]["options"])

    def datasets_of(self, experiments: Iterable[str]) -> list[str]:
        """Return the data sets that experiments learnt, and what these were made of."""
        measured = [self._read(self._results / name / "measures.json") for name in experiments]
        names = [content["settings"]["dataset"] for content in measured]
        for name in names:  # grows while it is walked through
            names += self._behind(name)
        return list(dict.fromkeys(names))

    def _check_map(self, name: str) -> dict[str, Any]:
        """Check a map's measures by what they say; return that."""
        path = self._results / name / "measures.json"
        measured = self._read(path)
        with complete(path):
            settings = json.dumps(measured["settings"]).encode()
            if hashlib.sha256(settings).hexdigest() != self._found["maps"][name]:
                raise _OutdatedError("its settings have changed")
            if measured["options"]["held_out"] != self._found["held_out"]:
                raise _OutdatedError("it was measured on another number of samples")
        return measured

    def _check_summary(self, path: Path, options: Mapping[str, Any]) -> None:
        """Check what was gathered from the measures of several maps."""
        summary = self._read(path)
        with complete(path):
            if summary["options"] != options:
                raise _OutdatedError("its settings have changed")
            maps = list(summary["measures_sha256"])
        self._check_made_of(path)
        for name in maps:
            self._check_map(name)

    def _check_dataset(self, name: str) -> None:
        section, path = self._found["datasets"].get(name, {}), self._results / f"data/{name}.h5"
        with complete(path):
            options = self._read(path)["options"].items()
        if any(section.get(key) != value for key, value in options):
            raise _OutdatedError(f"the settings of the data set {name} have changed")
        self._check_made_of(path)
        for behind in self._behind(name):
            self._check_dataset(behind)

    def _check_picture(self, path: Path) -> None:
        """Check that a picture is whole: the page would fail over it."""
        page.check_picture(path)
        if path.suffix == ".gif":
            player.checked_digest(path)

    def _behind(self, dataset: str) -> list[str]:
        section = self._found["datasets"].get(dataset, {})
        return [section[key] for key in MADE_OF if key in section]

    def _check_made_of(self, path: Path) -> None:
        """Check that a file was made of the files that lie there now."""
        for link in links_of(path, self._read(path), self._shelf):
            if link.state in BROKEN:
                raise _OutdatedError(
                    f"of what it was made of, {link.what} {link.name}: {link.state}"
                )

    def _read(self, path: Path) -> dict[str, Any]:
        """Return what a file says of itself; each is read once."""
        if path not in self._notes:
            self._notes[path] = notes.read(path)
        return self._notes[path]
