"""Kinds of maps: what decides which pictures a map has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topodream.data import KINDS
from topodream.models import MODELS
from topodream.pictures.animations import animations_of
from topodream.pictures.figures import figures_of
from topodream.pictures.of_maps import pictures_of
from topodream.pictures.picture import Moving, Picture, Still
from topodream.plan.catalogue import Catalogue


@dataclass(frozen=True)
class MapKind:
    """What decides which pictures a map has: its model, and the traits of its data, sorted."""

    model: str
    traits_of_data: tuple[str, ...]

    def __str__(self) -> str:
        """As rules are named after it.

        >>> str(MapKind("mwta", ("labels",)))
        'mwta_labels'
        """
        return "_".join([self.model, *self.traits_of_data])

    @property
    def traits(self) -> frozenset[str]:
        """The traits of the map, by which its pictures are chosen."""
        return MODELS[self.model].traits.union(self.traits_of_data)

    @property
    def figures(self) -> tuple[Still, ...]:
        """Its figures, in the order in which they are drawn."""
        return figures_of(self.traits)

    @property
    def animations(self) -> tuple[Moving, ...]:
        """Its animations."""
        return animations_of(self.traits)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All of them, in the order in which they are shown."""
        return pictures_of(self.traits)


def map_kind(catalogue: Catalogue, name: str) -> MapKind:
    """Return of which kind the map of an experiment is."""
    experiment = catalogue.experiments[name]
    section = catalogue.datasets[experiment.dataset]
    traits = KINDS[section["kind"]].traits(section)
    return MapKind(experiment.model, tuple(sorted(traits)))


def shown_of(catalogue: Catalogue, name: str) -> dict[str, Any]:
    """Return what a page is told of an experiment: its question, and which pictures it has."""
    pictures = [picture.name for picture in map_kind(catalogue, name).pictures]
    return {"question": catalogue.questions[name], "pictures": pictures}


def text_for_report(root: Path, picture: Picture) -> str:
    """Return what Snakemake's report says of a picture: a file, as the rules see it.

    A picture that has none of its own has one for all.
    """
    own = f"{picture.name}.rst"
    there = (root / "workflow" / "report" / own).is_file()
    return f"../report/{own if there else 'picture.rst'}"


def map_kinds(catalogue: Catalogue) -> dict[MapKind, list[str]]:
    """Return the kinds of maps that have pictures, each with the experiments that are of it.

    Those stand in the config itself: the points of sweeps, and replicates for the findings, are
    trained and measured only.
    """
    kinds: dict[MapKind, list[str]] = {}
    for name in catalogue.listed:
        kinds.setdefault(map_kind(catalogue, name), []).append(name)
    return kinds
