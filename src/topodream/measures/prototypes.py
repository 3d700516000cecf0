"""What prototypes look like, and how they still change."""

import math

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from topodream.blocks import NUMBERS, blocks
from topodream.data.samples import Vectors
from topodream.grid import Floats
from topodream.measures.order import directions
from topodream.measures.sampling import spread

# Prototypes, and samples to compare them with: more make no difference that shows.
UNITS = 2000
IMAGES = 2000
# Prototypes are whole digits where they resemble one as well as all digits but this share do.
WHOLE = 0.05

Wins = npt.NDArray[np.int64]


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


def sizes(weights: Floats, samples: Floats | Vectors, wins: Wins) -> dict[str, float | None]:
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


def frequent_size(wins: Wins, pixels: Floats) -> float | None:
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


def rank_correlation(one: Floats | Wins, other: Floats) -> float | None:
    """Return Spearman's rho, or None where one of both is constant (or no finite number)."""
    if len(one) < 3 or np.ptp(one) == 0 or not np.ptp(other) > 0:
        return None
    return float(spearmanr(one, other).statistic)


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
    weights: Floats | Vectors, train: Floats | Vectors, held_out: Floats | Vectors
) -> dict[str, float | None]:
    """Return how much prototypes look like whole digits, and how much held-out digits do.

    Parameters
    ----------
    weights : (n_units, n_inputs)
    train : (n_images, n_inputs)
        Training digits that prototypes and held-out digits are compared with.
    held_out : (n_samples, n_inputs)
    """
    found = best_cosines(_some(weights), train)
    digits = best_cosines(_some(held_out), train)
    return {
        "digit_likeness": float(found.mean()),
        "digit_likeness_samples": float(digits.mean()),
        "whole_digits": float(np.mean(found >= np.quantile(digits, WHOLE))),
    }


def _some(images: Floats | Vectors) -> Floats | Vectors:
    """Return at most UNITS of all rows, evenly spread."""
    chosen = spread(len(images), UNITS)
    return images.pick(chosen) if isinstance(images, Vectors) else images[chosen]


def wave_likeness(images: Floats | Vectors, shape: tuple[int, int]) -> float | None:
    """Return how much images are like a single plane wave, mean over images: 0 to 1.

    Of each image: its mean is taken off, the border faded out (Hann window), amplitudes are
    multiplied by frequency, since those of natural images fall with it (Field 1987), and the
    share of power is taken that lies within one step of the strongest frequency. A wave has
    nearly 1, a blob or a line less.

    Parameters
    ----------
    images : (n_images, height * width)
        At most UNITS are used, evenly spread; constant ones are left out.
    shape : (height, width)
    """
    some = _some(images)
    # A dozen copies, in double precision, and half of them of complex numbers.
    parts = [_wave_shares(some[rows], shape) for rows in blocks(some.shape, NUMBERS // 4)]
    share = np.concatenate(parts)
    return float(np.minimum(share, 1).mean()) if len(share) else None


def _wave_shares(images: Floats, shape: tuple[int, int]) -> Floats:
    """Return the share of power of the strongest wave, of each image that isn't constant."""
    chosen = images.reshape(-1, *shape).astype(float)
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
