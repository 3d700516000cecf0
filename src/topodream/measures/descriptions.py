"""What each measure is called and says, for readers. docs/measures.md has the formulas."""

from dataclasses import dataclass
from typing import Literal

# In the order to show them.
GROUPS = (
    "reconstruction",
    "order",
    "usage",
    "prototypes",
    "coding",
    "sequence",
    "lateral weights",
    "training",
)


@dataclass(frozen=True)
class Measure:
    """How a measure is shown.

    Attributes
    ----------
    label : str
        Its name for readers.
    meaning : str
        What it says, in half a sentence.
    form : str
        How a number is written, as for :func:`format`.
    group : str
        One of GROUPS.
    better : "lower", "higher" or None
        None where neither is better as such.
    null : str or None
        The measure to compare it with: what no order, no learning, equal units give, or the
        samples themselves.
    only : "mwta", "sparse_dream", "digits", "sequence" or None
        Maps it is taken of: those of a model, or of a kind of data.
    """

    label: str
    meaning: str
    form: str
    group: str
    better: Literal["lower", "higher"] | None = None
    null: str | None = None
    only: Literal["mwta", "sparse_dream", "digits", "sequence"] | None = None


MEASURES: dict[str, Measure] = {
    # ---------------------------------------------------------------- reconstruction
    "held_out_mse": Measure(
        "held-out error",
        "mean squared error per pixel on held-out samples",
        ".4f",
        "reconstruction",
        better="lower",
        null="mean_image_mse",
    ),
    "mean_image_mse": Measure(
        "error of the mean image",
        "the held-out error of someone who always draws the mean training image",
        ".4f",
        "reconstruction",
    ),
    "held_out_r2": Measure(
        "held-out R²",
        "share of the mean image's error that is gone; below 0 the mean image is better",
        ".2f",
        "reconstruction",
        better="higher",
    ),
    "training_mse": Measure(
        "training error",
        "mean over the last epoch, each sample before its update",
        ".4f",
        "reconstruction",
        better="lower",
    ),
    "mass_ratio": Measure(
        "mass ratio",
        "sum of reconstructions over sum of samples; above 1: too heavy",
        ".2f",
        "reconstruction",
    ),
    "mass_ratio_excited": Measure(
        "mass ratio, drawn excited",
        "the same, drawn with the excited activation throughout",
        ".2f",
        "reconstruction",
        null="mass_ratio",
        only="mwta",
    ),
    # ---------------------------------------------------------------- order
    "neighbour_correlation": Measure(
        "correlation of neighbours",
        "mean correlation of prototypes of adjacent units",
        ".2f",
        "order",
        better="higher",
        null="random_correlation",
    ),
    "random_correlation": Measure(
        "correlation of random pairs",
        "the same for random pairs of units: what no order would give",
        ".2f",
        "order",
    ),
    "correlation_gain": Measure(
        "gain in correlation",
        "correlation of neighbours less that of random pairs; 0 without order",
        ".2f",
        "order",
        better="higher",
    ),
    "order_range": Measure(
        "range of order, units",
        "how many units apart the gain in correlation is down to half that of neighbours",
        ".1f",
        "order",
    ),
    "row_reach": Measure(
        "reach of likeness along rows, units",
        "likeness of prototypes summed over their distance in a row; 0 without order",
        ".2f",
        "order",
    ),
    "column_reach": Measure(
        "reach of likeness along columns, units",
        "the same along columns",
        ".2f",
        "order",
    ),
    "row_cosine": Measure(
        "cosine along rows",
        "mean cosine of prototypes of units next to each other in a row",
        ".2f",
        "order",
        null="random_cosine",
    ),
    "column_cosine": Measure(
        "cosine along columns",
        "the same for units next to each other in a column",
        ".2f",
        "order",
        null="random_cosine",
    ),
    "random_cosine": Measure(
        "cosine of random pairs",
        "the same for random pairs of units: what no order would give",
        ".2f",
        "order",
    ),
    "line_length": Measure(
        "length of lines, units",
        "mean length of runs of like units along a row",
        ".2f",
        "order",
        null="line_length_shuffled",
    ),
    "line_length_shuffled": Measure(
        "length of lines, shuffled",
        "the same with the map's units shuffled",
        ".2f",
        "order",
    ),
    "topographic_error": Measure(
        "topographic error",
        "share of samples whose first and second winner don't touch (8 neighbours)",
        ".1%",
        "order",
        better="lower",
        null="topographic_error_shuffled",
    ),
    "topographic_error_shuffled": Measure(
        "topographic error, shuffled",
        "the same with the map's units shuffled, mean over all ways to do so",
        ".1%",
        "order",
    ),
    "trustworthiness": Measure(
        "trustworthiness",
        "whether samples that win near each other are alike: 1 if all are",
        ".2f",
        "order",
        better="higher",
        null="trustworthiness_shuffled",
    ),
    "trustworthiness_shuffled": Measure(
        "trustworthiness, shuffled",
        "the same with the map's units shuffled",
        ".2f",
        "order",
    ),
    # ---------------------------------------------------------------- usage
    "dead_in_training": Measure(
        "dead units, training",
        "share of units that won nothing in the last epoch",
        ".1%",
        "usage",
        better="lower",
    ),
    "dead_held_out": Measure(
        "dead units, held out",
        "share of units that win no held-out sample; grows as samples get fewer",
        ".1%",
        "usage",
        better="lower",
        null="dead_in_training",
    ),
    "usage_gini": Measure(
        "inequality of wins (Gini)",
        "0 if all units win alike in the last epoch, near 1 if one wins all",
        ".2f",
        "usage",
        better="lower",
        null="usage_gini_chance",
    ),
    "usage_gini_chance": Measure(
        "inequality of wins, chance",
        "the same if units were equal and wins a matter of chance",
        ".2f",
        "usage",
    ),
    "usage_entropy": Measure(
        "entropy of wins",
        "1 if all units win alike in the last epoch, 0 if one wins all",
        ".3f",
        "usage",
        better="higher",
        null="usage_entropy_chance",
    ),
    "usage_entropy_chance": Measure(
        "entropy of wins, chance",
        "the same if units were equal and wins a matter of chance",
        ".3f",
        "usage",
    ),
    "most_wins_share": Measure(
        "share of the top winner",
        "share of all wins of the last epoch that the most frequent winner has",
        ".2%",
        "usage",
        null="most_wins_share_chance",
    ),
    "most_wins_share_chance": Measure(
        "share of the top winner, chance",
        "the same if units were equal and wins a matter of chance",
        ".2%",
        "usage",
    ),
    "border_wins": Measure(
        "wins at the border",
        "mean wins of units at the grid's border over those of all; 1 without an edge effect",
        ".2f",
        "usage",
    ),
    "total_activity": Measure(
        "total activity",
        "sum of activity over all units, mean over held-out samples",
        ".2f",
        "usage",
    ),
    "lifetime_sparseness": Measure(
        "lifetime sparseness",
        "1 if a unit answers to a single sample, 0 if to all alike; mean over units",
        ".4f",
        "usage",
        null="lifetime_sparseness_shuffled",
    ),
    "lifetime_sparseness_shuffled": Measure(
        "lifetime sparseness, shuffled",
        "the same with each sample's answers dealt to units at random",
        ".4f",
        "usage",
    ),
    "population_sparseness": Measure(
        "population sparseness",
        "1 if a single unit answers to a sample, 0 if all do alike; mean over samples",
        ".4f",
        "usage",
        null="population_sparseness_shuffled",
    ),
    "population_sparseness_shuffled": Measure(
        "population sparseness, shuffled",
        "the same with each unit's answers dealt to samples at random",
        ".4f",
        "usage",
    ),
    # ---------------------------------------------------------------- prototypes
    "effective_pixels": Measure(
        "effective pixels",
        "how many pixels a prototype is made of; mean over units",
        ".0f",
        "prototypes",
        null="effective_pixels_samples",
    ),
    "effective_pixels_samples": Measure(
        "effective pixels of samples",
        "the same for held-out samples",
        ".0f",
        "prototypes",
    ),
    "win_size_correlation": Measure(
        "wins against size",
        "rank correlation of wins and effective pixels; below 0: frequent winners are small",
        ".2f",
        "prototypes",
    ),
    "frequent_winner_size": Measure(
        "size of frequent winners",
        "effective pixels of the tenth of units that win most, over those of all that win",
        ".2f",
        "prototypes",
    ),
    "faded_units": Measure(
        "faded units",
        "share of prototypes without a weight as large as the smallest at the start",
        ".1%",
        "prototypes",
        better="lower",
        only="sparse_dream",
    ),
    "digit_likeness": Measure(
        "likeness to digits",
        "cosine of a prototype with the training digit it is most like; mean over units",
        ".2f",
        "prototypes",
        null="digit_likeness_samples",
        only="digits",
    ),
    "digit_likeness_samples": Measure(
        "likeness to digits, of digits",
        "the same for held-out digits",
        ".2f",
        "prototypes",
        only="digits",
    ),
    "whole_digits": Measure(
        "whole digits",
        "share of prototypes that look like a digit as much as 95 % of held-out digits do",
        ".0%",
        "prototypes",
        only="digits",
    ),
    "wave_likeness": Measure(
        "likeness to waves",
        "share of a prototype's whitened power at its strongest frequency; mean over units",
        ".2f",
        "prototypes",
        null="wave_likeness_samples",
    ),
    "wave_likeness_samples": Measure(
        "likeness to waves, of samples",
        "the same for held-out samples",
        ".2f",
        "prototypes",
    ),
    "largest_weight": Measure(
        "largest weight",
        "the largest of all prototypes' weights",
        ".2f",
        "prototypes",
    ),
    # ---------------------------------------------------------------- coding
    "label_purity": Measure(
        "label purity",
        "share of training digits of the kind their winner wins most",
        ".1%",
        "coding",
        better="higher",
        null="label_purity_shuffled",
        only="digits",
    ),
    "label_purity_shuffled": Measure(
        "label purity, shuffled",
        "the same with labels shuffled: it rises with the number of units",
        ".1%",
        "coding",
        only="digits",
    ),
    "label_accuracy": Measure(
        "digits named by their winner",
        "share of held-out digits of the kind their winner won most in training",
        ".1%",
        "coding",
        better="higher",
        null="chance_accuracy",
        only="digits",
    ),
    "chance_accuracy": Measure(
        "digits named without looking",
        "share of held-out digits of the kind that is most frequent in training",
        ".1%",
        "coding",
        only="digits",
    ),
    "linear_probe": Measure(
        "linear probe",
        "share of held-out digits that a linear classifier names from the activity",
        ".1%",
        "coding",
        better="higher",
        null="probe_pixels",
        only="digits",
    ),
    "probe_pixels": Measure(
        "linear probe of pixels",
        "the same from pixels, without a map",
        ".1%",
        "coding",
        only="digits",
    ),
    # ---------------------------------------------------------------- sequence
    "path_length": Measure(
        "step between frames, units",
        "distance of a winner to the nearest winner of the frame before; mean",
        ".1f",
        "sequence",
        better="lower",
        null="path_length_shuffled",
        only="sequence",
    ),
    "path_length_shuffled": Measure(
        "step between frames, shuffled",
        "the same with the frames shuffled",
        ".1f",
        "sequence",
        only="sequence",
    ),
    "trace_path": Measure(
        "step of the trace, units",
        "how far the centre of the traced activity moves from frame to frame; mean",
        ".1f",
        "sequence",
        better="lower",
        null="trace_path_shuffled",
        only="sequence",
    ),
    "trace_path_shuffled": Measure(
        "step of the trace, shuffled",
        "the same with the frames shuffled",
        ".1f",
        "sequence",
        only="sequence",
    ),
    "code_overlap": Measure(
        "overlap of codes",
        "share of a frame's active units that are active in the next one too",
        ".1%",
        "sequence",
        null="code_overlap_shuffled",
        only="sequence",
    ),
    "code_overlap_shuffled": Measure(
        "overlap of codes, shuffled",
        "the same with the frames shuffled",
        ".1%",
        "sequence",
        only="sequence",
    ),
    # ---------------------------------------------------------------- lateral weights
    "excitation_asymmetry": Measure(
        "asymmetry of excitation",
        "0 if units excite each other alike, 1 if only one of each pair excites the other",
        ".2f",
        "lateral weights",
        null="excitation_asymmetry_start",
        only="sparse_dream",
    ),
    "excitation_asymmetry_start": Measure(
        "asymmetry at the start",
        "the same for the random weights that training started from",
        ".2f",
        "lateral weights",
        only="sparse_dream",
    ),
    "lateral_share": Measure(
        "share of lateral input",
        "share of what excites active units that comes from other units, not from the sample",
        ".1%",
        "lateral weights",
        only="sparse_dream",
    ),
    "dominated_units": Measure(
        "dominated units",
        "share of units that hear more of a single other unit than of the sample",
        ".0%",
        "lateral weights",
        better="lower",
        null="dominated_units_balanced",
        only="sparse_dream",
    ),
    "dominated_units_balanced": Measure(
        "dominated units, balanced",
        "the same if each pair of units excited each other alike",
        ".0%",
        "lateral weights",
        only="sparse_dream",
    ),
    "global_inhibition_max": Measure(
        "largest global inhibition",
        "the largest of all weights of global inhibition",
        ".2f",
        "lateral weights",
        only="sparse_dream",
    ),
    "column_inhibition_diagonal": Measure(
        "self-inhibition",
        "mean weight with which column inhibition makes a unit inhibit itself",
        ".3f",
        "lateral weights",
        only="sparse_dream",
    ),
    # ---------------------------------------------------------------- training
    "weight_growth": Measure(
        "growth of the largest weight",
        "the largest weight after the last epoch over that after the epoch before",
        ".2f",
        "training",
    ),
    "prototype_change": Measure(
        "change of prototypes",
        "how far prototypes turned since the last snapshot but one: 1 less their mean cosine",
        ".3f",
        "training",
    ),
    "settled_after": Measure(
        "settled after, epochs",
        "first epoch with a training error within 10 % of the least",
        "d",
        "training",
        better="lower",
    ),
    "diverged": Measure(
        "diverged",
        "1 if training went astray, else 0",
        ".0f",
        "training",
        better="lower",
    ),
    "diverged_at_step": Measure(
        "diverged at step",
        "the step at which training went astray",
        ",d",
        "training",
    ),
    "held_out_samples": Measure(
        "held-out samples",
        "how many were measured",
        ",d",
        "training",
    ),
}
