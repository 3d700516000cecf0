"""Layers of a map: a value for each unit, which a page shows as a sheet and says of a unit.

A layer is a line here and a function: of a :class:`~topodream.pictures.drawing.Material`, it returns
the values of all units, (n_units,), NaN for a unit that has none. What the figure of the same shows
comes from the same numbers.
"""

from collections.abc import Collection
from dataclasses import dataclass

from topodream.pictures.picture import Picture, chosen
from topodream.traits import LABELS, OPPONENT, SIGNED

# What a value is: an amount, on a linear or a logarithmic scale; a class by its label; an angle in
# degrees, of which 180 is 0 again.
SCALES = ("linear", "logarithmic", "classes", "angles")

# Of a map with more weights or units, a page gets its layers alone: neither weights nor answers.
MOST_WEIGHTS, MOST_UNITS = 2**23, 2**14
# Held-out samples that a page gets at most.
MOST_SAMPLES = 1000


@dataclass(frozen=True)
class UnitLayer(Picture):
    """A layer that maps can have.

    Attributes
    ----------
    scale : one of SCALES
    form : str
        How a value is written, as Python formats numbers.
    """

    scale: str = "linear"
    form: str = ".3g"

    called = "layer"
    package = "topodream.pictures.figures"
    place = ""


LAYERS = (
    UnitLayer(
        "wins",
        "How often a unit won in the last epoch.",
        "hit_map.layer",
        scale="logarithmic",
        form=",d",
    ),
    UnitLayer(
        "U-matrix",
        "How much a unit's prototype differs from its neighbours': 1 - correlation.",
        "u_matrix.layer",
    ),
    UnitLayer(
        "label",
        "The class of which a unit wins the most training samples.",
        "label_map.layer",
        needs=(LABELS,),
        scale="classes",
        form="d",
    ),
    UnitLayer(
        "orientation",
        "The orientation that a unit prefers, in degrees.",
        "orientation_map.layer",
        needs=(SIGNED,),
        scale="angles",
        form=".0f",
    ),
    UnitLayer(
        "colour preference",
        "How much of a unit's prototype is colour, not brightness.",
        "colour_map.layer",
        needs=(OPPONENT,),
        form=".0%",
    ),
)


def layers_of(traits: Collection[str]) -> tuple[UnitLayer, ...]:
    """Return the layers that a map has, by its traits and those of its data."""
    return chosen(LAYERS, traits)
