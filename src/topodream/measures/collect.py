"""All measures of a map, as they are written to measures.json."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.blocks import blocks
from topodream.data.samples import Samples, Vectors
from topodream.grid import Floats
from topodream.measures import coding, lateral, order, prototypes, sequence, usage
from topodream.measures.reconstruction import explained, mass_ratio, mean_squared_error
from topodream.measures.responses import Responses, show, with_activation
from topodream.measures.sampling import spread
from topodream.models import MODELS, sparse_dream
from topodream.models.mwta import Mwta
from topodream.models.prototypes import drive
from topodream.settings.config import Experiment
from topodream.training import states
from topodream.training.map_file import Map
from topodream.training.trained import Snapshot

# Training samples that labels are learnt from: each is a row of as many numbers as units.
LABELLED = 4000
# That many numbers at most: 128 MiB in single precision.
LABELLED_NUMBERS = 2**25

Values = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """What is measured: a map, its data, and how it responds.

    Attributes
    ----------
    model : Map
        With its snapshots.
    train, held_out : Samples
    samples : Vectors, (n_samples, n_inputs)
        The held-out samples that are used.
    responses : Responses
        To these samples.
    """

    model: Map
    train: Samples
    held_out: Samples
    samples: Vectors
    responses: Responses


def measure(
    model: Map, train: Samples, held_out: Samples, n_held_out: int, *, curve: bool = True
) -> Values:
    """Measure a map on held-out samples.

    Parameters
    ----------
    model : Map
        With its snapshots.
    train, held_out : Samples
    n_held_out : int
        How many held-out samples to use, from the first on; all where there are fewer.
    curve : bool
        Whether to measure all snapshots, or the trained map alone.

    Returns
    -------
    dict
        ``measures``: name -> number, or None where there is nothing to measure or no
        finite number comes out;
        ``curve``: held-out error after each kept epoch. docs/measures.md explains each.
    """
    samples = held_out.lazy_vectors(model.experiment.dtype, n_held_out)
    # What a map that blew up measures may overflow; _finite sees to it.
    with np.errstate(all="ignore"):
        responses = show(model.trained.state, samples, model.experiment)
        subject = Subject(model, train, held_out, samples, responses)
        snapshots = model.trained.snapshots if curve else []
        results = {
            "measures": _measures(subject),
            "curve": _held_out_curve(model.experiment, snapshots, samples),
        }
    return {group: _finite(values) for group, values in results.items()}


def _measures(subject: Subject) -> Values:
    responses, grid = subject.responses, subject.model.experiment.grid
    weights, wins = subject.model.trained.weights, subject.model.last_wins
    kept = ~_faded(subject.model)
    return {
        "held_out_samples": len(subject.samples),
        **_reconstruction(subject),
        **order.smoothness(weights, grid, kept),
        **order.reaches(weights, grid, kept),
        **order.cosines(weights, grid, kept),
        **order.line_lengths(weights, grid, kept),
        **order.topographic_errors(responses.ranked[responses.clear], grid),
        **order.trust(subject.samples, responses.ranked, grid),
        **_usage(subject, wins),
        **_prototypes(subject, wins),
        **_coding(subject),
        **_sequence(subject),
        **_lateral(subject),
        **_training(subject.model),
    }


def _reconstruction(subject: Subject) -> Values:
    drawn, samples = subject.responses.drawn, subject.samples
    error = mean_squared_error(samples, drawn)
    mean_image = np.broadcast_to(_mean_image(subject.train), samples.shape)
    baseline = mean_squared_error(samples, mean_image)
    return {
        "held_out_mse": error,
        "mean_image_mse": baseline,
        "held_out_r2": explained(error, baseline),
        "training_mse": _last(subject.model.trained.history.training_mse),
        "mass_ratio": mass_ratio(samples, drawn),
        "mass_ratio_excited": _excited_mass_ratio(subject.model, samples),
    }


def _mean_image(samples: Samples) -> Floats:
    """Return the mean of samples, in [0, 1]: (n_inputs,)."""
    mean: Floats = samples.pixels.mean(axis=0, dtype=float).ravel() / 255
    return mean


def _excited_mass_ratio(model: Map, samples: Vectors) -> float | None:
    """Return the mass ratio as the notebook drew it, or None for a model without activation."""
    if not isinstance(model.experiment.settings, Mwta):
        return None
    drawn = show(model.trained.state, samples, with_activation(model.experiment, "excited"))
    return mass_ratio(samples, drawn.drawn)


def _usage(subject: Subject, wins: usage.Wins) -> Values:
    responses = subject.responses
    return {
        "dead_in_training": _last(
            [usage.dead_share(row) for row in subject.model.trained.history.wins]
        ),
        "dead_held_out": usage.dead_share(responses.wins),
        **usage.usage(wins),
        "border_wins": usage.border_wins(wins, subject.model.experiment.grid),
        "total_activity": float(responses.activity.sum(axis=1).mean()),
        **usage.sparsenesses(responses.fresh),
    }


def _prototypes(subject: Subject, wins: usage.Wins) -> Values:
    weights, settings = subject.model.trained.weights, subject.model.experiment.settings
    return {
        **prototypes.sizes(weights, subject.samples, wins),
        "faded_units": None if isinstance(settings, Mwta) else float(_faded(subject.model).mean()),
        **_digit_likeness(subject),
        "wave_likeness": prototypes.wave_likeness(weights, subject.model.image_shape),
        "wave_likeness_samples": prototypes.wave_likeness(
            subject.samples, subject.model.image_shape
        ),
        "largest_weight": float(weights.max()),
    }


def _faded(model: Map) -> npt.NDArray[np.bool_]:
    """Return which prototypes have faded away: (n_units,)."""
    experiment = model.experiment
    found: npt.NDArray[np.bool_] = MODELS[experiment.model].faded(
        model.trained.weights, experiment.settings
    )
    return found


def _digit_likeness(subject: Subject) -> Values:
    if subject.train.labels is None:
        return dict.fromkeys(["digit_likeness", "digit_likeness_samples", "whole_digits"])
    chosen = spread(len(subject.train.pixels), prototypes.IMAGES)
    train = subject.train.lazy_vectors(subject.model.experiment.dtype).pick(chosen)
    return prototypes.digit_likeness(subject.model.trained.weights, train, subject.samples)


def _coding(subject: Subject) -> Values:
    names = ["label_purity", "label_purity_shuffled", "label_accuracy", "chance_accuracy"]
    train, held_out = subject.train.labels, subject.held_out.labels
    if train is None or held_out is None:
        return dict.fromkeys([*names, "linear_probe", "probe_pixels"])
    experiment, state = subject.model.experiment, subject.model.trained.state
    n_units, samples = experiment.grid.n_units, subject.samples
    chosen = spread(len(train), min(LABELLED, LABELLED_NUMBERS // n_units))
    vectors = subject.train.lazy_vectors(experiment.dtype).pick(chosen)
    shown, learnt = show(state, vectors, experiment), train[chosen]
    labels = held_out[: len(samples)]
    # Both probes learn from the same samples, of large images from fewer.
    few = spread(len(chosen), LABELLED_NUMBERS // samples.shape[1])
    return {
        **coding.label_measures(
            shown.ranked[:, 0], learnt, subject.responses.ranked[:, 0], labels, n_units
        ),
        "linear_probe": coding.probe(
            shown.fresh[few], learnt[few], subject.responses.fresh, labels
        ),
        "probe_pixels": coding.probe(vectors[few], learnt[few], samples, labels),
    }


def _sequence(subject: Subject) -> Values:
    if subject.held_out.corners is None:
        names = ["path_length", "path_length_shuffled", "trace_path", "trace_path_shuffled"]
        return dict.fromkeys([*names, "code_overlap", "code_overlap_shuffled"])
    return sequence.paths(subject.responses, subject.model.experiment)


def _lateral(subject: Subject) -> Values:
    state = subject.model.trained.state
    if not isinstance(state, sparse_dream.State):
        return dict.fromkeys(
            [
                "excitation_asymmetry",
                "excitation_asymmetry_start",
                "lateral_share",
                "dominated_units",
                "dominated_units_balanced",
                "global_inhibition_max",
                "column_inhibition_diagonal",
            ]
        )
    first = subject.model.trained.snapshots[0]
    return lateral.lateral_measures(
        state,
        first.arrays["excitation"] if first.epoch == 0 else None,
        subject.responses.activity,
        np.concatenate(
            [drive(state.weights, subject.samples[b]) for b in blocks(subject.samples.shape)]
        ),
    )


def _training(model: Map) -> Values:
    history, snapshots = model.trained.history, model.trained.snapshots
    divergence = model.trained.divergence
    turned = None
    if len(snapshots) > 1:
        before, after = snapshots[-2:]
        turned = prototypes.change(before.arrays["weights"], after.arrays["weights"])
    return {
        "weight_growth": prototypes.growth(history.largest_weight),
        "prototype_change": turned,
        "settled_after": prototypes.settled_after(history.training_mse),
        "diverged": float(divergence is not None),
        "diverged_at_step": None if divergence is None else divergence.step,
    }


def _last(values: Sequence[float] | Floats) -> float | None:
    """Return the value of the last epoch, or None where training diverged in its first."""
    return float(values[-1]) if len(values) else None


def _finite(values: Any) -> Any:
    """Replace NaN and infinity, which a map that blew up measures, by None."""
    if isinstance(values, dict):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_finite(value) for value in values]
    return values if values is None or math.isfinite(values) else None


def _held_out_curve(
    experiment: Experiment, snapshots: Sequence[Snapshot], samples: Vectors
) -> dict[str, list[float]]:
    curve: dict[str, list[float]] = {"epoch": [], "held_out_mse": []}
    for snapshot in snapshots:
        arrays = {name: array.astype(experiment.dtype) for name, array in snapshot.arrays.items()}
        drawn = show(states.state_of(experiment, arrays), samples, experiment).drawn
        curve["epoch"].append(snapshot.epoch)
        curve["held_out_mse"].append(mean_squared_error(samples, drawn))
    return curve
