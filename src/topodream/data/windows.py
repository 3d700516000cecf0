"""Windows of pictures, and the inputs that they make: plain bytes, or contrasts of one size."""

from collections.abc import Mapping

import numpy as np

from topodream.arrays import Array, Bytes, Floats, Integers
from topodream.blocks import blocks
from topodream.data.eye import Eye
from topodream.files.errors import InputError

# Contrasts below are rounding errors: the values that they are of are about 1.
LEAST_CONTRAST = 1e-9
# Of the values of training windows this share is no larger than what a byte of 255 stands for.
NOT_CLIPPED = 99


def cut_windows(picture: Floats | Bytes, corners: Integers, window: int) -> Floats | Bytes:
    """Cut a window at each corner.

    Parameters
    ----------
    picture : (height, width), or with colours (height, width, 3)
    corners : (n_windows, 2) int
        Row and column of each window's upper left pixel.
    window : int
        Its side.

    Returns
    -------
    (n_windows, window, window), or with colours (n_windows, window, window, 3)
    """
    every_window = np.lib.stride_tricks.sliding_window_view(picture, (window, window), (0, 1))
    windows = every_window[corners[:, 0], corners[:, 1]]
    return np.ascontiguousarray(windows if picture.ndim == 2 else np.moveaxis(windows, 1, -1))


def normalised(windows: Floats | Bytes) -> Floats:
    """Return windows of mean 0, each channel's, and of a root mean square of 1.

    Those without contrast are 0 throughout.

    Parameters
    ----------
    windows : (n_windows, window, window), or with colours (n_windows, window, window, 3)
    """
    even: Floats = windows - windows.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    others = tuple(range(1, even.ndim))
    contrast = np.sqrt(np.mean(even**2, axis=others, keepdims=True))
    flat = contrast < LEAST_CONTRAST
    even[np.broadcast_to(flat, even.shape)] = 0
    even /= np.where(flat, 1, contrast)
    return even


def encoded(windows: Mapping[str, Array], eye: Eye) -> tuple[dict[str, Bytes], float | None]:
    """Return inputs of the windows of each part, and what a byte of 255 stands for.

    Parameters
    ----------
    windows : mapping
        "train" and "held_out" -> (n_windows, ...), uint8 where the eye is plain; else
        :func:`normalised`.
    eye : Eye

    Returns
    -------
    dict of (n_windows, ...) uint8, with two halves (n_windows, 2, ...)
    float, or None where windows stay as they are
    """
    if eye.is_plain:
        return dict(windows), None
    scale = full_scale(windows["train"])
    return {part: signed_bytes(one, scale, eye.channels) for part, one in windows.items()}, scale


def full_scale(windows: Floats) -> float:
    """Return the value that a byte of 255 is to stand for: the 99th percentile of all sizes.

    Parameters
    ----------
    windows : (n_windows, ...)
        Those for training, :func:`normalised`.

    Raises
    ------
    InputError
        If it is 0: nearly nothing has any contrast.
    """
    largest = float(np.percentile(np.abs(windows), NOT_CLIPPED))
    if not largest:
        raise InputError("the windows have no contrast: at least 99 % of what they show is even")
    return largest


def signed_bytes(windows: Floats, largest: float, channels: str) -> Bytes:
    """Return inputs of windows as bytes, rounded, a half to the even one.

    Parameters
    ----------
    windows : (n_windows, ...)
        :func:`normalised`; what is larger than ``largest`` is clipped.
    largest : float
    channels : str
        "on_off": of x = window / largest there are max(x, 0), the half ON, and max(-x, 0), the half
        OFF. "raw": there is .5 + .5 x.

    Returns
    -------
    (n_windows, 2, ...) or (n_windows, ...) uint8
    """
    halves = (2,) if channels == "on_off" else ()
    inputs = np.empty((len(windows), *halves, *windows.shape[1:]), np.uint8)
    for rows in blocks((len(windows), windows[0].size)):
        signed = np.clip(windows[rows] / largest, -1, 1)
        if halves:
            inputs[rows, 0] = np.rint(255 * np.maximum(signed, 0))
            inputs[rows, 1] = np.rint(255 * np.maximum(-signed, 0))
        else:
            inputs[rows] = np.rint(255 * (0.5 + 0.5 * signed))
    return inputs
