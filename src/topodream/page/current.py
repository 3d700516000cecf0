"""Which of the results are what the config would make, and why the others aren't."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from topodream.files.errors import InputError
from topodream.files.storage import complete, json_digest
from topodream.origin import notes
from topodream.origin.lineage import BROKEN, Shelf, links_of
from topodream.page import page
from topodream.pictures import player
from topodream.pictures.of_maps import LABORATORY, PICTURES, THUMBNAIL
from topodream.plan.found import Found
from topodream.settings.datasets import made_of


def sort_out(results: Path, found: Found) -> page.Contents:
    """Return what the page may show besides what is asked for, and why not all that is there.

    Parameters
    ----------
    results : Path
    found : mapping
        See :func:`topodream.plan.found.besides`.
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
    replicates: dict[str, list[str]] = {}
    others = [name for name, one in found["replicates"].items() if one["of"] not in left_out]
    for name in sound(others, look.check_replicate):
        replicates.setdefault(found["replicates"][name]["of"], []).append(name)
    findings = sound(["findings"] if found["findings"] else [], look.check_findings)
    return page.Contents(
        experiments={
            name: {key: found["experiments"][name][key] for key in page.SHOWN}
            for name in experiments
        },
        datasets=look.datasets_of(experiments),
        findings=results / "findings.json" if findings else None,
        sweeps=sweeps,
        replicates=replicates,
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
        self._datasets: dict[str, str] = {}

    def check_experiment(self, name: str) -> None:
        home = self._results / name
        measured, settings = self._measured(name)
        if json_digest(settings) != self._found["experiments"][name]["settings_sha256"]:
            raise _OutdatedError("its settings have changed")
        if self._read(home / "config.yaml")["settings"] != settings:
            raise _OutdatedError("it was not yet trained with its settings")
        self._check_made_of(home / "measures.json")
        if "start_from" in settings:
            self._check_made_of(home / "model.h5")
        pictures = self._found["experiments"][name]["pictures"]
        for file in (THUMBNAIL, *(PICTURES[picture].file for picture in pictures)):
            self._check_picture(home / file, measured)
        self._check_drawn(home / LABORATORY, measured)

    def check_replicate(self, name: str) -> None:
        """Check the measures of another seed: of these the page shows nothing else."""
        _, settings = self._measured(name)
        if json_digest(settings) != self._found["replicates"][name]["settings_sha256"]:
            raise _OutdatedError("its settings have changed")

    def check_sweep(self, name: str) -> None:
        path = self._results / "sweeps" / f"{name}.json"
        self._check_summary(path, self._found["sweeps"][name])
        page.check_picture(path.with_suffix(".png"))
        self._check_made_of(path.with_suffix(".png"))

    def check_findings(self, _: str) -> None:
        self._check_summary(self._results / "findings.json", self._found["findings"])

    def datasets_of(self, experiments: Iterable[str]) -> list[str]:
        """Return the data sets that experiments learnt, and what these were made of."""
        names = [self._measured(name)[1]["dataset"] for name in experiments]
        for name in names:  # grows while it is walked through
            names += self._behind(name)
        return list(dict.fromkeys(names))

    def _measured(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a map's measures, if they are of the samples of the config, and its settings."""
        path = self._results / name / "measures.json"
        measured = self._read(path)
        with complete(path):
            if not _holds(measured["options"], self._found["options"]["measures"]):
                raise _OutdatedError("it was measured on another number of samples")
            settings, sha256 = measured["settings"], measured["data_sha256"]
            dataset = settings["dataset"]
        if self._dataset(dataset) != sha256:
            raise _OutdatedError(f"the data set {dataset} has changed")
        return measured, settings

    def _check_summary(self, path: Path, expected: Found) -> None:
        """Check what was gathered from the measures of several maps."""
        summary = self._read(path)
        with complete(path):
            maps = list(summary["measures_sha256"])
            if json_digest(summary["options"]) != expected["options_sha256"]:
                raise _OutdatedError("its settings have changed")
        self._check_made_of(path)
        settings = {name: self._measured(name)[1] for name in maps}
        if json_digest(settings) != expected["maps_sha256"]:
            raise _OutdatedError("the settings of its maps have changed")

    def _dataset(self, name: str) -> str:
        """Return the digest of a data set's content, if its settings are those of the config."""
        if name not in self._datasets:
            section, path = self._found["datasets"].get(name, {}), self._results / f"data/{name}.h5"
            note = self._read(path)
            with complete(path):
                if not _holds(section, note["options"]):
                    raise _OutdatedError(f"the settings of the data set {name} have changed")
                digest = str(note["content_sha256"])
            self._check_made_of(path)
            for behind in self._behind(name):
                self._dataset(behind)
            self._datasets[name] = digest
        return self._datasets[name]

    def _behind(self, dataset: str) -> list[str]:
        section = self._found["datasets"].get(dataset)
        return list(made_of(section).values()) if section else []

    def _check_picture(self, path: Path, measured: Mapping[str, Any]) -> None:
        """Check that a picture is whole, and drawn as the config says."""
        page.check_picture(path)
        if path.suffix == ".gif":
            script = player.script_of(path)
            if self._read(script).get("gif_sha256") != player.checked_digest(path):
                raise _OutdatedError(f"{script.name} is of another GIF")
        self._check_drawn(path, measured)

    def _check_drawn(self, path: Path, measured: Mapping[str, Any]) -> None:
        """Check that a file is of the map, and made as the config says."""
        note = self._read(path)
        if note.get("model_sha256") != measured["model_sha256"]:
            raise _OutdatedError(f"{path.name} is of an earlier map")
        if not _holds(note.get("options", {}), self._found["options"].get(path.suffix, {})):
            raise _OutdatedError(f"{path.name} was drawn with other settings")

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


def _holds(settings: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether all that is wanted stands in some settings."""
    return all(key in settings and settings[key] == value for key, value in wanted.items())
