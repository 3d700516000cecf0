"""How well, and how heavily, a map redraws samples."""

import math

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats
from topodream.blocks import blocks
from topodream.data.samples import Samples, Vectors
from topodream.measures.measure import Measure, Shown, Subject, Values, last, measured
from topodream.measures.responses import Drawn, respond, with_activation
from topodream.traits import ACTIVATION


def mean_squared_error(samples: Floats | Vectors, reconstructions: Floats | Drawn) -> float:
    """Return the mean over samples and inputs of the squared difference.

    Parameters
    ----------
    samples, reconstructions : (n_samples, n_inputs)
        Or things that make rows when they are asked for.
    """
    return squared_errors(samples, reconstructions)[1] / math.prod(samples.shape)


def squared_errors(
    samples: Floats | Vectors, reconstructions: Floats | Drawn
) -> tuple[npt.NDArray[np.float64], float]:
    """Return the squared difference, mean over a sample's inputs: (n_samples,), and the sum of all."""
    each, total_ = np.empty(samples.shape[0]), 0.0
    for rows in blocks(samples.shape):
        squares = (samples[rows] - reconstructions[rows]) ** 2
        each[rows] = squares.mean(axis=1, dtype=float)
        total_ += float(np.sum(squares, dtype=float))
    return each, total_


def mass_ratio(samples: Floats | Vectors, reconstructions: Floats | Drawn) -> float | None:
    """Return the sum of reconstructions over that of samples: above 1 they are too heavy."""
    mass = total(samples)
    return total(reconstructions) / mass if mass else None


def total(values: Floats | Vectors | Drawn) -> float:
    """Return the sum of all."""
    return float(sum(np.sum(values[rows], dtype=float) for rows in blocks(values.shape)))


def explained(error: float, baseline: float) -> float | None:
    """Return R2, the share of a baseline's squared error that is gone: at most 1.

    Below 0 the baseline was better; None where the baseline makes no error.
    """
    return 1 - error / baseline if baseline else None


def mean_image(samples: Samples) -> Floats:
    """Return the mean of samples, in [0, 1]: (n_inputs,)."""
    mean: Floats = samples.pixels.mean(axis=0, dtype=float).ravel() / 255
    return mean


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "held_out_mse",
        "held-out error",
        "mean squared error per input, of grey images a pixel, on held-out samples",
        ".4f",
        better="lower",
        null="mean_image_mse",
    ),
    Measure(
        "mean_image_mse",
        "error of the mean image",
        "the held-out error of someone who always draws the mean training image",
        ".4f",
    ),
    Measure(
        "held_out_r2",
        "held-out R²",
        "share of the mean image's error that is gone; below 0 the mean image is better",
        ".2f",
        better="higher",
    ),
    Measure(
        "training_mse",
        "training error",
        "mean over the last epoch, each sample before its update",
        ".4f",
        better="lower",
    ),
    Measure(
        "mass_ratio",
        "mass ratio",
        "sum of reconstructions over sum of samples; above 1: too heavy",
        ".2f",
    ),
    group="reconstruction",
)
def _errors(subject: Subject) -> Values:
    drawn, samples = subject.responses.drawn, subject.samples
    error = mean_squared_error(samples, drawn)
    baseline = subject.shown.once(_error_of_mean_image)
    return {
        "held_out_mse": error,
        "mean_image_mse": baseline,
        "held_out_r2": explained(error, baseline),
        "training_mse": last(subject.model.trained.history.training_mse),
        "mass_ratio": mass_ratio(samples, drawn),
    }


def _error_of_mean_image(shown: Shown) -> float:
    always_drawn = np.broadcast_to(mean_image(shown.data.train), shown.samples.shape)
    return mean_squared_error(shown.samples, always_drawn)


@measured(
    Measure(
        "mass_ratio_excited",
        "mass ratio, drawn excited",
        "the same, drawn with the excited activation throughout",
        ".2f",
        null="mass_ratio",
    ),
    group="reconstruction",
    needs=(ACTIVATION,),
)
def _as_the_notebook_drew(subject: Subject) -> Values:
    excited = with_activation(subject.experiment, "excited")
    shown = subject.responses
    if excited != subject.experiment:
        shown = respond(subject.model.trained.state, subject.samples, excited)
    return {"mass_ratio_excited": mass_ratio(subject.samples, shown.drawn)}
