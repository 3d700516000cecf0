"""Data sets as TensorFlow's Keras loads them, downloading them into Keras's own cache."""

import importlib
from typing import Any

import numpy.typing as npt

from topodream.files.errors import InputError

# Training images and labels, held-out images and labels.
Arrays = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
# To import TensorFlow takes that much memory.
TENSORFLOW_MIB = 2000
# How long a download may take, with TensorFlow's copy of it.
DOWNLOAD_SECONDS = 20 * 60


def load(name: str, title: str) -> Arrays:
    """Return what ``tensorflow.keras.datasets.<name>.load_data()`` does.

    Raises
    ------
    InputError
        If TensorFlow isn't installed, or can't load it.
    """
    try:
        # Seconds to import and not part of the default install: only where asked for.
        datasets = importlib.import_module("tensorflow.keras.datasets")
    except ImportError as error:
        raise InputError(
            "source keras needs TensorFlow: .venv/bin/pip install -e '.[tensorflow]', "
            f"or choose another source ({error})"
        ) from error
    try:
        (train, train_labels), (test, test_labels) = getattr(datasets, name).load_data()
    except Exception as error:  # offline, Keras raises a bare Exception
        reason = " ".join(str(error).split())
        raise InputError(f"source keras: Keras could not load {title}: {reason}") from error
    return train, train_labels, test, test_labels
