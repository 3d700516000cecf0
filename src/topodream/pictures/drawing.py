"""What figures are drawn of: a map, its data and its measures; and which it has, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from topodream.data.samples import Data
from topodream.measures.labelling import Labelling, label_units
from topodream.models import MODELS
from topodream.models.model import LateralWeights
from topodream.pictures.figure_parts import Figure
from topodream.pictures.figures import figures_of
from topodream.pictures.picture import find
from topodream.training.map_file import Map


@dataclass(frozen=True)
class Material:
    """What figures are drawn of.

    Attributes
    ----------
    model : Map
    data : Data
        What it learnt.
    curve : mapping
        Held-out error by epoch, see :func:`topodream.pictures.figures.learning_curve.plot`.
    measures : mapping
        The map's measures by name, None where one says nothing.
    count : int
        Held-out samples to draw beside their reconstructions, at least 1.
    activation : {"drive", "excited"} or None
        To reconstruct them with; None for the one it was trained with.
    """

    model: Map
    data: Data
    curve: Mapping[str, Any]
    measures: Mapping[str, Any]
    count: int
    activation: str | None = None

    @property
    def traits(self) -> frozenset[str]:
        """What the map and its data have, see :mod:`topodream.traits`."""
        return MODELS[self.model.experiment.model].traits | self.data.traits

    @property
    def lateral(self) -> list[LateralWeights]:
        """The map's lateral weights, in the order to show them."""
        experiment, state = self.model.experiment, self.model.trained.state
        return MODELS[experiment.model].lateral(state, experiment.settings, experiment.grid)

    @cached_property
    def labelling(self) -> Labelling:
        """The classes that units stand for, where the data have labels."""
        model = self.model
        return label_units(model.trained.state, self.data.train, model.experiment)

    def title(self, shown: str) -> str:
        """Return what stands above a figure."""
        return f"{self.model.title}: {shown}"


def draw(name: str, material: Material) -> Figure:
    """Return the figure of that name.

    Raises
    ------
    InputError
        If the map has no such figure.
    """
    drawn: Figure = find(name, figures_of(material.traits), material.model.experiment.name).load()(
        material
    )
    return drawn
