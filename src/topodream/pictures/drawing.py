"""From a map, its data and its measures to each of its figures, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from topodream.data.samples import Data
from topodream.files.errors import InputError
from topodream.measures.responses import show, with_activation
from topodream.models import MODELS
from topodream.models.model import LateralWeights
from topodream.pictures import figures, sheets
from topodream.pictures.figure_parts import Figure
from topodream.pictures.names import figure_names
from topodream.pictures.tiles import spread_units
from topodream.training.map_file import Map
from topodream.traits import ACTIVATION


@dataclass(frozen=True)
class Subject:
    """What figures are drawn of.

    Attributes
    ----------
    model : Map
    data : Data
        What it learnt.
    curve : mapping
        Held-out error by epoch, see :func:`topodream.pictures.figures.learning_curve`.
    mean_image_mse : float
        The error to compare it with.
    count : int
        Held-out samples to draw beside their reconstructions, at least 1.
    activation : {"drive", "excited"} or None
        To reconstruct them with; None for the one it was trained with.
    """

    model: Map
    data: Data
    curve: Mapping[str, Any]
    mean_image_mse: float
    count: int
    activation: str | None = None

    def title(self, shown: str) -> str:
        """Return what stands above a figure."""
        return f"{self.model.title}: {shown}"


def names_of(model: Map, data: Data) -> tuple[str, ...]:
    """Return the names of the figures that a map has."""
    return figure_names(model.experiment.model, data.train.labels is not None)


def draw(name: str, subject: Subject) -> Figure:
    """Return the figure of that name.

    Raises
    ------
    InputError
        If the map has no such figure.
    """
    if name not in names_of(subject.model, subject.data):
        raise InputError(f"{subject.model.experiment.name} has no figure {name}")
    return DRAWN[name](subject)


def prototypes(subject: Subject) -> Figure:
    """Draw every unit's prototype."""
    model, grid = subject.model, subject.model.experiment.grid
    title = subject.title(f"prototypes of {grid.rows} x {grid.cols} units")
    return figures.prototypes(model.trained.weights, model.image_shape, grid, title, model.data)


def hit_map(subject: Subject) -> Figure:
    """Draw how often each unit won."""
    model = subject.model
    title = subject.title("wins of each unit")
    return figures.hit_map(model.last_wins, model.experiment.grid, title, model.data)


def u_matrix(subject: Subject) -> Figure:
    """Draw how much each unit's prototype differs from its neighbours'."""
    model, grid = subject.model, subject.model.experiment.grid
    distances = sheets.neighbour_distances(model.trained.weights, grid)
    return figures.u_matrix(distances, grid, subject.title("U-matrix"), model.data)


def label_map(subject: Subject) -> Figure:
    """Draw the class that each unit stands for."""
    experiment, train = subject.model.experiment, subject.data.train
    found = sheets.label_units(subject.model.trained.state, train, experiment)
    every = "all" if found.n_samples == len(train.pixels) else "the first"
    note = (
        f"The class of which a unit wins most of {every} {found.n_samples:,} training samples; white: "
        f"of none.\n{100 * found.purity:.1f} % of wins are of the unit's class. Data: {subject.model.data}."
    )
    title = subject.title("labels of units")
    return figures.label_map(found.winners, found.classes, experiment.grid, title, note)


def learning_curve(subject: Subject) -> Figure:
    """Draw the reconstruction error over epochs."""
    return figures.learning_curve(
        subject.model.trained.history.training_mse,
        subject.curve,
        subject.mean_image_mse,
        subject.title("learning curve"),
        subject.model.data,
    )


def reconstructions(subject: Subject) -> Figure:
    """Draw held-out samples beside their reconstructions."""
    model, held_out = subject.model, subject.data.held_out
    experiment = model.experiment
    if subject.activation is not None:
        experiment = with_activation(experiment, subject.activation)
    settings = experiment.settings
    samples = held_out.lazy_vectors(experiment.dtype)
    chosen = figures.pick_samples(held_out, subject.count)
    ascending, places = np.unique(chosen, return_inverse=True)
    if experiment.has_trace:
        # A reconstruction depends on the samples before it: all are shown.
        responses = show(model.trained.state, samples, experiment, kept=ascending)
    else:
        responses = show(model.trained.state, samples.pick(chosen), experiment)
        places = np.arange(len(chosen))
    activation = (
        f", activation {settings.activation}"
        if ACTIVATION in MODELS[experiment.model].traits
        else ""
    )
    return figures.reconstructions(
        samples[chosen],
        responses.drawn[places],
        model.image_shape,
        subject.title(f"reconstructions{activation}"),
        model.data,
    )


def lateral_tiles(name: str, subject: Subject) -> Figure:
    """Draw one kind of lateral weights, by the name of its picture, a tile for each unit."""
    grid = subject.model.experiment.grid
    (lateral,) = (found for found in _lateral(subject) if found.name == name)
    rows, cols = shown = spread_units(grid)
    units = (rows[:, None] * grid.cols + cols).ravel()
    title = subject.title(lateral.title)
    return figures.lateral_tiles(lateral.effects(units), shown, grid, title, subject.model.data)


def lateral_matrix(subject: Subject) -> Figure:
    """Draw all lateral weights, and what they come to together."""
    grid = subject.model.experiment.grid
    units, lateral = np.arange(grid.n_units), _lateral(subject)
    effects = {found.title: found.effects(units) for found in lateral}
    acting = [effects[found.title] for found in lateral if found.acts]
    effects["together, as they act"] = np.sum(acting, axis=0)
    title = subject.title("lateral weights")
    return figures.lateral_matrix(effects, grid, title, subject.model.data)


def _lateral(subject: Subject) -> list[LateralWeights]:
    experiment = subject.model.experiment
    state, model = subject.model.trained.state, MODELS[experiment.model]
    return model.lateral(state, experiment.settings, experiment.grid)


DRAWN: dict[str, Callable[[Subject], Figure]] = {
    "prototypes": prototypes,
    "hit_map": hit_map,
    "u_matrix": u_matrix,
    "label_map": label_map,
    "learning_curve": learning_curve,
    "reconstructions": reconstructions,
    "lateral_excitation": partial(lateral_tiles, "lateral_excitation"),
    "global_inhibition": partial(lateral_tiles, "global_inhibition"),
    "column_inhibition": partial(lateral_tiles, "column_inhibition"),
    "lateral_matrix": lateral_matrix,
}
