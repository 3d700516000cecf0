"""The figures of maps: a module for each, or for a few alike, and its lines here.

Pictures are listed in the order in which they are drawn and shown.
"""

from collections.abc import Collection

from topodream.pictures.picture import Still, chosen
from topodream.traits import (
    BARS,
    COLUMN_INHIBITION,
    GLOBAL_INHIBITION,
    LABELS,
    LATERAL_EXCITATION,
    LEARNT_EXCITATION,
    OPPONENT,
    SIGNED,
)

FIGURES = (
    Still(
        "prototypes",
        "Every unit's prototype at its place on the grid.",
        "prototypes.draw",
        wide=True,
        group="prototypes",
        in_report=False,
        said="in_words.prototypes",
    ),
    Still(
        "reconstructions",
        "Held-out samples above their reconstructions.",
        "reconstructions.draw",
        group="at work",
        said="in_words.reconstructions",
    ),
    Still(
        "learning_curve",
        "Reconstruction error over the epochs.",
        "learning_curve.draw",
        group="training",
        said="in_words.learning_curve",
    ),
    Still(
        "hit_map",
        "How often each unit won in the last epoch, on a logarithmic scale.",
        "hit_map.draw",
        group="units on the grid",
        said="in_words.hit_map",
    ),
    Still(
        "u_matrix",
        "U-matrix: how much each unit's prototype differs from its neighbours'.",
        "u_matrix.draw",
        group="units on the grid",
        said="in_words.u_matrix",
    ),
    Still(
        "orientation_map",
        "The orientation that each unit prefers, with pinwheels, and how frequent each is.",
        "orientation_map.draw",
        needs=(SIGNED,),
        wide=True,
        group="units on the grid",
        said="in_words.orientation_map",
    ),
    Still(
        "colour_map",
        "Which units prefer colours to brightness, and which two colours each tells apart.",
        "colour_map.draw",
        needs=(OPPONENT,),
        wide=True,
        group="units on the grid",
        said="in_words.colour_map",
    ),
    Still(
        "label_map",
        "The class of which each unit wins the most training samples, by colour and number.",
        "label_map.draw",
        needs=(LABELS,),
        group="units on the grid",
        said="in_words.label_map",
    ),
    Still(
        "bars_found",
        "Each bar above the prototype of the unit whose answers tell it best, and how well they do.",
        "bars.draw",
        needs=(BARS,),
        wide=True,
        group="prototypes",
        said="in_words.bars_found",
    ),
    Still(
        "lateral_excitation",
        "Which units excite a unit: a tile per unit, or, where it is fixed, in the middle and in corners.",
        "lateral_tiles.lateral_excitation",
        needs=(LATERAL_EXCITATION,),
        group="lateral weights",
        in_report=False,
        said="in_words.lateral_excitation",
    ),
    Still(
        "global_inhibition",
        "Which units each unit is inhibited by, over the whole grid: a tile per unit.",
        "lateral_tiles.global_inhibition",
        needs=(GLOBAL_INHIBITION,),
        group="lateral weights",
        in_report=False,
        said="in_words.global_inhibition",
    ),
    Still(
        "column_inhibition",
        "Which units of its column each unit is inhibited by: a tile per unit.",
        "lateral_tiles.column_inhibition",
        needs=(COLUMN_INHIBITION,),
        group="lateral weights",
        in_report=False,
        said="in_words.column_inhibition",
    ),
    Still(
        "lateral_matrix",
        "All lateral weights as matrices, on one scale of colours.",
        "lateral_matrix.draw",
        needs=(LEARNT_EXCITATION,),
        wide=True,
        group="lateral weights",
        in_report=False,
        said="in_words.lateral_matrix",
    ),
)


def figures_of(traits: Collection[str]) -> tuple[Still, ...]:
    """Return the figures that a map has, by its traits and those of its data.

    Examples
    --------
    >>> [figure.name for figure in figures_of({LATERAL_EXCITATION})][-2:]
    ['u_matrix', 'lateral_excitation']
    """
    return chosen(FIGURES, traits)
