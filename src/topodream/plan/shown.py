"""What the page shows, and the files that belong to it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topodream.data import KINDS
from topodream.pictures.of_maps import LABORATORY, THUMBNAIL
from topodream.plan.batches import TO_RUN_A_JOB, asked_for
from topodream.plan.catalogue import Catalogue
from topodream.plan.found import baselines_of, besides, replicates_of
from topodream.plan.inputs import data_file, measures_of
from topodream.plan.maps import map_kind, shown_of
from topodream.plan.wildcards import Wildcards
from topodream.settings.datasets import made_of

PAGE = "results/index.html"


@dataclass(frozen=True, eq=False)
class Shown:
    """What is selected.

    Attributes
    ----------
    catalogue : Catalogue
    results : Path
        The folder of results, in which there may be more.
    """

    catalogue: Catalogue
    results: Path

    def datasets(self) -> list[str]:
        """Return the data sets behind the selected experiments, each before what is made of it."""
        known = self.catalogue.datasets
        wanted = [self.catalogue.experiments[name].dataset for name in self.catalogue.selected]
        for name in wanted:  # grows while it is walked through
            wanted += made_of(known[name]).values()
        return [name for name in known if name in wanted]

    def data_pictures(self) -> list[str]:
        """Return one picture for each data set that has one."""
        sections = self.catalogue.datasets
        pictures = {name: KINDS[sections[name]["kind"]].picture for name in self.datasets()}
        return [
            f"results/data/{name}{picture.suffix}" for name, picture in pictures.items() if picture
        ]

    def of_experiment(self, name: str) -> list[str]:
        """Return the settings, measures and pictures of a map."""
        pictures = map_kind(self.catalogue, name).pictures
        return [
            f"results/{name}/config.yaml",
            *measures_of([name]),
            *(
                f"results/{name}/{file}"
                for file in (THUMBNAIL, LABORATORY, *(one.file for one in pictures))
            ),
        ]

    def files(self) -> list[str]:
        """Return everything that the page shows, reads or loads."""
        of_maps = [file for name in self.catalogue.selected for file in self.of_experiment(name)]
        data = list(map(data_file, self.datasets()))
        sweeps = [
            f"results/sweeps/{name}.{suffix}"
            for name in self.catalogue.selected_sweeps
            for suffix in ("json", "png")
        ]
        findings = ["results/findings.json"] if self.catalogue.findings else []
        seeds = measures_of(name for names in self.replicates().values() for name in names)
        found = of_maps + data + self.data_pictures() + sweeps + findings + seeds
        return found + [f"{path}.js" for path in found if path.endswith(".gif")]

    def replicates(self) -> dict[str, list[str]]:
        """Return the replicates of experiments that are made for the findings, if these are selected."""
        return replicates_of(self.catalogue) if self.catalogue.findings else {}

    def maps(self) -> list[str]:
        """Return the map of every selected experiment."""
        return [f"results/{name}/model.h5" for name in self.catalogue.selected]

    def made_files(self) -> list[str]:
        """Return the page, all that it shows, and the maps: what is deleted is made again."""
        tables = ["results/findings.md"] if self.catalogue.findings else []
        return [PAGE, *self.files(), *self.maps(), *tables]

    def said_of_not_made(self, command_line: Sequence[str]) -> str:
        """Return what to say of what is selected and can't be made: a line for each reason.

        Nothing is to be said where a person asks for files of an experiment, nor by a Snakemake
        that another one started.
        """
        if asked_for(command_line) or not TO_RUN_A_JOB.isdisjoint(command_line):
            return ""
        chosen = self.catalogue
        n_selected = len(chosen.selected) + len(chosen.selected_sweeps) + len(chosen.not_made)
        return "".join(
            f"topodream: not made, {number} of {n_selected} experiments and sweeps: {why}\n"
            for why, number in Counter(chosen.not_made.values()).items()
        )

    def _question(self, name: str) -> str:
        sweep = self.catalogue.sweeps.get(name)
        return sweep.question if sweep else self.catalogue.questions[name]

    def contents(self, _wildcards: Wildcards) -> str:
        """Return what the page shows, each in its order, and what it finds besides, as JSON."""
        catalogue = self.catalogue
        content: dict[str, Any] = {
            "experiments": {name: shown_of(catalogue, name) for name in catalogue.selected},
            "groups": [{"name": name, **group} for name, group in catalogue.groups.items()],
            "datasets": self.datasets(),
            "findings": catalogue.findings,
            "sweeps": catalogue.selected_sweeps,
            "replicates": self.replicates(),
            "not_made": {
                name: {"question": self._question(name), "why": why}
                for name, why in catalogue.not_made.items()
            },
            "baselines": baselines_of(catalogue, self.results),
            "besides": besides(catalogue, self.results),
        }
        return json.dumps(content)
