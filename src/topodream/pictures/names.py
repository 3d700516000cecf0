"""Which pictures a map has, and what they show in a line.

The workflow and the page ask this module; it imports nothing that takes long to load.
"""

# Of every map, in the order they are shown; then those that only some maps have.
FIGURES = ("prototypes", "reconstructions", "learning_curve", "hit_map", "u_matrix")
LABELLED = ("label_map",)
LATERAL = {
    "mwta": ("lateral_excitation",),
    "sparse_dream": (
        "lateral_excitation",
        "global_inhibition",
        "column_inhibition",
        "lateral_matrix",
    ),
}

CAPTIONS = {
    "prototypes": "Every unit's prototype at its place on the grid.",
    "reconstructions": "Held-out samples above their reconstructions.",
    "learning_curve": "Reconstruction error over the epochs.",
    "hit_map": "How often each unit won in the last epoch, on a logarithmic scale.",
    "u_matrix": "U-matrix: how much each unit's prototype differs from its neighbours'.",
    "label_map": "The class of which each unit wins the most training samples.",
    "lateral_excitation": "Which units each unit is excited by: a tile per unit.",
    "global_inhibition": "Which units each unit is inhibited by, over the whole grid: a tile per unit.",
    "column_inhibition": "Which units of its column each unit is inhibited by: a tile per unit.",
    "lateral_matrix": "All lateral weights as matrices, on one scale of colours.",
    "formation": "How the map formed: all prototypes after each epoch.",
    "activity": "Held-out samples, each for itself: input, activity on the grid, reconstruction.",
    "trajectory": "Held-out frames, the activity leaving a trace: it moves over the grid.",
}


def figure_names(model: str, labelled: bool) -> tuple[str, ...]:
    """Return the names of the figures that a map has: ``<name>.png`` each.

    Parameters
    ----------
    model : {"mwta", "sparse_dream"}
    labelled : bool
        Whether the samples of its data set have labels.

    Examples
    --------
    >>> figure_names("mwta", labelled=False)[-2:]
    ('u_matrix', 'lateral_excitation')
    """
    return FIGURES + (LABELLED if labelled else ()) + LATERAL[model]


def animation_names(model: str, is_sequence: bool) -> tuple[str, ...]:
    """Return the names of the animations that a map has: ``<name>.gif`` each.

    A trajectory is one of frames that follow one another, and the trace that shows it
    is MWTA's: SparseDream has none.

    Parameters
    ----------
    model : {"mwta", "sparse_dream"}
    is_sequence : bool
        Whether the samples of its data set follow one another.

    Examples
    --------
    >>> animation_names("mwta", is_sequence=True)
    ('formation', 'activity', 'trajectory')
    """
    traced = ("trajectory",) if model == "mwta" and is_sequence else ()
    return ("formation", "activity", *traced)
