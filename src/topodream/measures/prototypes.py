"""What prototypes look like, and how they still change."""

import math

import numpy as np

from topodream.arrays import Floats, Integers
from topodream.blocks import NUMBERS, blocks
from topodream.data.samples import Vectors
from topodream.form import Form
from topodream.measures.measure import Measure, Shown, Subject, Values, measured
from topodream.measures.order import directions
from topodream.measures.sampling import spread
from topodream.traits import FADING, LABELS

# Prototypes, and samples to compare them with: more make no difference that shows.
UNITS = 2000
IMAGES = 2000
# Prototypes are whole digits where they resemble one as well as all digits but this share do.
WHOLE = 0.05


# ------------------------------------------------------------------ how large


def effective_pixels(weights: Floats | Vectors) -> Floats:
    """Return (L1 / L2)^2 of each row, 0 for an empty one: (n_units,).

    The number of pixels, where all that are not 0 are equal; the inverse participation ratio
    of squared weights.

    >>> effective_pixels(np.array([[2.0, 2, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0]]))
    array([2., 1., 0.])
    """
    total, square = np.empty((2, weights.shape[0]))
    for rows in blocks(weights.shape):
        some = weights[rows]
        total[rows] = np.abs(some).sum(axis=1, dtype=float)
        square[rows] = np.square(some, dtype=float).sum(axis=1)
    pixels: Floats = np.divide(total**2, square, out=np.zeros_like(total), where=square > 0)
    return pixels


def sizes(weights: Floats, samples: Floats | Vectors, wins: Integers) -> dict[str, float | None]:
    """Return how large prototypes are, and whether units that win more have smaller ones.

    Units without a win are left out of the latter: theirs are still what they started from.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    samples : (n_samples, n_inputs)
        To compare with, blank ones left out.
    wins : (n_units,)
    """
    pixels, lit = effective_pixels(weights), effective_pixels(samples)
    won = wins > 0
    return {
        "effective_pixels": float(pixels.mean()),
        "effective_pixels_samples": float(lit[lit > 0].mean()) if lit.any() else None,
        "win_size_correlation": rank_correlation(wins[won], pixels[won]),
        "frequent_winner_size": frequent_size(wins[won], pixels[won]),
    }


def frequent_size(wins: Integers, pixels: Floats) -> float | None:
    """Return the mean size of the tenth of units that win most over that of all: 1 if alike.

    Parameters
    ----------
    wins, pixels : (n_units,)
        Of units that won at all.
    """
    mean = float(pixels.mean()) if len(pixels) else 0.0
    if mean == 0:
        return None
    frequent = np.argsort(-wins, kind="stable")[: -(-len(wins) // 10)]
    return float(pixels[frequent].mean()) / mean


def rank_correlation(one: Floats | Integers, other: Floats) -> float | None:
    """Return Spearman's rho, or None where one of both is constant (or no finite number)."""
    if len(one) < 3 or np.ptp(one) == 0 or not np.ptp(other) > 0:
        return None
    return float(np.corrcoef(ranks(one), ranks(other))[1, 0])


def ranks(values: Floats | Integers) -> Floats:
    """Return the place of each value in their order, from 1 on; equal ones share their mean place.

    >>> ranks(np.array([5, 7, 5, 1]))
    array([2.5, 4. , 2.5, 1. ])
    """
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    shared: Floats = np.cumsum(counts) - (counts - 1) / 2
    return shared[which]


# ------------------------------------------------------------------ what of


def best_cosines(weights: Floats | Vectors, images: Floats | Vectors) -> Floats:
    """Return each prototype's cosine with the image it is most like: (n_units,)."""
    parts = []
    for columns in blocks(images.shape):
        of_images = directions(images[columns], centred=False)
        products = (
            directions(weights[rows], centred=False) @ of_images.T for rows in blocks(weights.shape)
        )
        parts.append(np.concatenate([product.max(axis=1) for product in products]))
    best: Floats = np.max(parts, axis=0)
    return best


def digit_likeness(
    weights: Floats, train: Floats | Vectors, digits: Floats
) -> dict[str, float | None]:
    """Return how much prototypes look like whole digits, and how much held-out digits do.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    train : (n_images, n_inputs)
        Training digits that prototypes are compared with.
    digits : (n_samples,)
        How much held-out digits look like these: see :func:`likeness`.
    """
    found = likeness(weights, train)
    return {
        "digit_likeness": float(found.mean()),
        "digit_likeness_samples": float(digits.mean()),
        "whole_digits": float(np.mean(found >= np.quantile(digits, WHOLE))),
    }


def likeness(images: Floats | Vectors, train: Floats | Vectors) -> Floats:
    """Return the cosine of images, at most UNITS of them, with the training digit each is most like."""
    return best_cosines(_some(images), train)


def _some(images: Floats | Vectors) -> Floats | Vectors:
    """Return at most UNITS of all rows, evenly spread."""
    chosen = spread(len(images), UNITS)
    return images.pick(chosen) if isinstance(images, Vectors) else images[chosen]


def wave_likeness(images: Floats | Vectors, form: Form) -> float | None:
    """Return how much images are like a single plane wave, mean over images: 0 to 1.

    Of each image: its mean is taken off, the border faded out (Hann window), amplitudes are
    multiplied by frequency, since those of natural images fall with it (Field 1987), and the
    share of power is taken that lies within one step of the strongest frequency. A wave has
    nearly 1, a blob or a line less.

    Parameters
    ----------
    images : (n_images, n_inputs)
        At most UNITS are used, evenly spread; constant ones are left out. What counts is their
        brightness.
    form : Form
        Theirs.
    """
    some = _some(images)
    # A dozen copies, in double precision, and half of them of complex numbers.
    parts = [_wave_shares(some[rows], form) for rows in blocks(some.shape, NUMBERS // 4)]
    share = np.concatenate(parts)
    return float(np.minimum(share, 1).mean()) if len(share) else None


def _wave_shares(images: Floats, form: Form) -> Floats:
    """Return the share of power of the strongest wave, of each image that isn't constant."""
    chosen, shape = form.brightness(images).astype(float), (form.height, form.width)
    window = np.outer(np.hanning(shape[0] + 2)[1:-1], np.hanning(shape[1] + 2)[1:-1])
    flat = np.average(chosen, axis=(1, 2), weights=window)
    varied = np.ptp(chosen, axis=(1, 2)) > 0
    seen = (chosen - flat[:, None, None])[varied] * window
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))
    power = (np.abs(np.fft.fft2(seen)) * frequency) ** 2
    near = sum(
        np.roll(power, (down, right), axis=(1, 2)) for down in (-1, 0, 1) for right in (-1, 0, 1)
    )
    total = power.sum(axis=(1, 2))
    # A wave's power is at two opposite frequencies; both peaks hold the same.
    share: Floats = 2 * near.max(axis=(1, 2), initial=0)[total > 0] / total[total > 0]
    return share


# ------------------------------------------------------------------ how they change


def growth(largest: Floats) -> float | None:
    """Return the largest weight after the last epoch over that after the epoch before."""
    return float(largest[-1] / largest[-2]) if len(largest) > 1 and largest[-2] > 0 else None


def change(before: Floats, after: Floats) -> float:
    """Return how much prototypes turned: 1 less their mean cosine before and after, 0 to 1.

    Parameters
    ----------
    before, after : (n_units, n_inputs)
    """
    cosines = []
    for rows in blocks(before.shape):
        one, other = (directions(w[rows].astype(float), centred=False) for w in (before, after))
        cosines.append(np.einsum("ui,ui->u", one, other))
    return max(0.0, 1 - float(np.concatenate(cosines).mean()))


def settled_after(training_mse: Floats) -> int | None:
    """Return the first epoch whose training error is within 10 % of the least of all epochs.

    >>> settled_after(np.array([8.0, 0.3, 0.105, 0.1]))
    3
    """
    if not len(training_mse) or not math.isfinite(training_mse.min()):
        return None
    return int(np.argmax(training_mse <= 1.1 * training_mse.min())) + 1


# ------------------------------------------------------------------ of a map


@measured(
    Measure(
        "effective_pixels",
        "effective pixels",
        "how many pixels a prototype is made of; mean over units",
        ".0f",
        null="effective_pixels_samples",
    ),
    Measure(
        "effective_pixels_samples",
        "effective pixels of samples",
        "the same for held-out samples",
        ".0f",
    ),
    Measure(
        "win_size_correlation",
        "wins against size",
        "rank correlation of wins and effective pixels; below 0: frequent winners are small",
        ".2f",
    ),
    Measure(
        "frequent_winner_size",
        "size of frequent winners",
        "effective pixels of the tenth of units that win most, over those of all that win",
        ".2f",
    ),
    group="prototypes",
)
def _sizes(subject: Subject) -> Values:
    return sizes(subject.weights, subject.samples, subject.wins)


@measured(
    Measure(
        "faded_units",
        "faded units",
        "share of prototypes without a weight as large as the smallest at the start",
        ".1%",
        better="lower",
    ),
    group="prototypes",
    needs=(FADING,),
)
def _faded(subject: Subject) -> Values:
    return {"faded_units": float(np.mean(~subject.kept))}


@measured(
    Measure(
        "digit_likeness",
        "likeness to digits",
        "cosine of a prototype with the training digit it is most like; mean over units",
        ".2f",
        null="digit_likeness_samples",
    ),
    Measure(
        "digit_likeness_samples",
        "likeness to digits, of digits",
        "the same for held-out digits",
        ".2f",
    ),
    Measure(
        "whole_digits",
        "whole digits",
        "share of prototypes that look like a digit as much as 95 % of held-out digits do",
        ".0%",
    ),
    group="prototypes",
    needs=(LABELS,),
)
def _digit_likeness(subject: Subject) -> Values:
    shown = subject.shown
    return digit_likeness(subject.weights, _digits(shown), shown.once(_likeness_of_digits))


def _digits(shown: Shown) -> Vectors:
    return shown.train.pick(spread(len(shown.train), IMAGES))


def _likeness_of_digits(shown: Shown) -> Floats:
    return likeness(shown.samples, _digits(shown))


@measured(
    Measure(
        "wave_likeness",
        "likeness to waves",
        "share of a prototype's whitened power at its strongest frequency; mean over units",
        ".2f",
        null="wave_likeness_samples",
    ),
    Measure(
        "wave_likeness_samples",
        "likeness to waves, of samples",
        "the same for held-out samples",
        ".2f",
    ),
    group="prototypes",
)
def _wave_likeness(subject: Subject) -> Values:
    return {
        "wave_likeness": wave_likeness(subject.weights, subject.model.form),
        "wave_likeness_samples": subject.shown.once(_waves_in_samples),
    }


def _waves_in_samples(shown: Shown) -> float | None:
    return wave_likeness(shown.samples, shown.data.form)


@measured(
    Measure("largest_weight", "largest weight", "the largest of all prototypes' weights", ".2f"),
    group="prototypes",
)
def _largest_weight(subject: Subject) -> Values:
    return {"largest_weight": float(subject.weights.max())}
