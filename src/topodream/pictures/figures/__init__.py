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
        said="prototypes.in_words",
    ),
    Still(
        "reconstructions",
        "Held-out samples above their reconstructions.",
        "reconstructions.draw",
        group="at work",
        said="reconstructions.in_words",
    ),
    Still(
        "learning_curve",
        "Reconstruction error over the epochs.",
        "learning_curve.draw",
        group="training",
        said="learning_curve.in_words",
    ),
    Still(
        "hit_map",
        "How often each unit won in the last epoch, on a logarithmic scale.",
        "hit_map.draw",
        group="units on the grid",
        said="hit_map.in_words",
    ),
    Still(
        "u_matrix",
        "U-matrix: how much each unit's prototype differs from its neighbours'.",
        "u_matrix.draw",
        group="units on the grid",
        said="u_matrix.in_words",
    ),
    Still(
        "orientation_map",
        "The orientation that each unit prefers, with pinwheels, and how frequent each is.",
        "orientation_map.draw",
        needs=(SIGNED,),
        wide=True,
        group="units on the grid",
        said="orientation_map.in_words",
    ),
    Still(
        "colour_map",
        "Which units prefer colours to brightness, and which two colours each tells apart.",
        "colour_map.draw",
        needs=(OPPONENT,),
        wide=True,
        group="units on the grid",
        said="colour_map.in_words",
    ),
    Still(
        "label_map",
        "The class of which each unit wins the most training samples, by colour and number.",
        "label_map.draw",
        needs=(LABELS,),
        group="units on the grid",
        said="label_map.in_words",
    ),
    Still(
        "bars_found",
        "Each bar above the prototype of the unit whose answers tell it best, and how well they do.",
        "bars.draw",
        needs=(BARS,),
        wide=True,
        group="prototypes",
        said="bars.in_words",
    ),
    Still(
        "lateral_excitation",
        "Which units excite a unit: a tile per unit, or, where it is fixed, in the middle and in corners.",
        "lateral_tiles.lateral_excitation",
        needs=(LATERAL_EXCITATION,),
        group="lateral weights",
        in_report=False,
        said="lateral_tiles.lateral_excitation_in_words",
    ),
    Still(
        "global_inhibition",
        "Which units each unit is inhibited by, over the whole grid: a tile per unit.",
        "lateral_tiles.global_inhibition",
        needs=(GLOBAL_INHIBITION,),
        group="lateral weights",
        in_report=False,
        said="lateral_tiles.global_inhibition_in_words",
    ),
    Still(
        "column_inhibition",
        "Which units of its column each unit is inhibited by: a tile per unit.",
        "lateral_tiles.column_inhibition",
        needs=(COLUMN_INHIBITION,),
        group="lateral weights",
        in_report=False,
        said="lateral_tiles.column_inhibition_in_words",
    ),
    Still(
        "lateral_matrix",
        "All lateral weights as matrices, on one scale of colours.",
        "lateral_matrix.draw",
        needs=(LEARNT_EXCITATION,),
        wide=True,
        group="lateral weights",
        in_report=False,
        said="lateral_matrix.in_words",
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
