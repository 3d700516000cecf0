"""Kinds of maps: what decides which pictures a map has."""

from dataclasses import dataclass

from topodream.data import KINDS
from topodream.models import MODELS
from topodream.pictures.names import animation_names, figure_names
from topodream.plan.catalogue import Catalogue
from topodream.traits import LABELS, SEQUENCE


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
    def figures(self) -> tuple[str, ...]:
        """The names of its figures."""
        return figure_names(self.model, labelled=LABELS in self.traits)

    @property
    def animations(self) -> tuple[str, ...]:
        """The names of its animations."""
        return animation_names(self.model, is_sequence=SEQUENCE in self.traits)


def map_kind(catalogue: Catalogue, name: str) -> MapKind:
    """Return of which kind the map of an experiment is."""
    experiment = catalogue.experiments[name]
    section = catalogue.datasets[experiment.dataset]
    traits = KINDS[section["kind"]].traits(section)
    return MapKind(experiment.model, tuple(sorted(traits)))


def map_kinds(catalogue: Catalogue) -> dict[MapKind, list[str]]:
    """Return the kinds of maps that have pictures, each with the experiments that are of it.

    Those stand in the config itself: the points of sweeps, and replicates for the findings, are
    trained and measured only.
    """
    kinds: dict[MapKind, list[str]] = {}
    for name in catalogue.listed:
        kinds.setdefault(map_kind(catalogue, name), []).append(name)
    return kinds
