"""A trained map at work: what it does with images, as a file holds it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from topodream.arrays import Array
from topodream.blocks import blocks
from topodream.data.given import Given
from topodream.data.samples import Samples
from topodream.files.errors import InputError
from topodream.files.large import Arrays, Rows
from topodream.measures.reconstruction import squared_errors
from topodream.measures.responses import Responses, Sparse, respond
from topodream.training.map_file import Map


def at_work(model: Map, given: Given) -> tuple[Arrays, dict[str, Any]]:
    """Show images to a map: each by itself, or with a trace one after the other.

    A trace goes through each part of a data set from its first image on, from no activity. What is
    computed is what :mod:`topodream.measures` are taken of.

    Returns
    -------
    arrays : dict
        ``winners`` (n_images, n_winners) int32, the best first; ``activity/data``, ``indices`` and
        ``indptr`` (:class:`topodream.measures.responses.Sparse`); ``reconstructions``
        (n_images, ...) float32, of the form of samples; ``squared_error`` (n_images,), mean over
        inputs; ``labels`` and ``names`` of images that have them.
    attributes : dict
        ``mean_squared_error`` over all images, ``n_units``, and ``n_train``: how many of the images,
        the first ones, are there for training.

    Raises
    ------
    InputError
        If the images are of another form than the map's prototypes.
    """
    check_form(model, given)
    parts, dtype = list(given.parts.values()), model.experiment.dtype
    # What a map that blew up answers may overflow.
    with np.errstate(all="ignore"):
        answers = [
            respond(model.trained.state, part.lazy_vectors(dtype), model.experiment)
            for part in parts
        ]
        errors = [
            squared_errors(part.lazy_vectors(dtype), one.drawn)
            for part, one in zip(parts, answers, strict=True)
        ]
    n_images = sum(len(part.pixels) for part in parts)
    sparse = _joined([one.sparse for one in answers])
    arrays = {
        "winners": np.concatenate([one.winners for one in answers]).astype(np.int32),
        **{f"activity/{name}": array for name, array in sparse._asdict().items()},
        "reconstructions": Rows((n_images, *model.form.shape), "<f4", _drawn(answers, model)),
        "squared_error": np.concatenate([each for each, _ in errors]),
        **_known(parts, given),
    }
    total = sum(total for _, total in errors)
    return arrays, {
        "mean_squared_error": total / (n_images * model.form.n_inputs),
        "n_units": model.experiment.grid.n_units,
        "n_train": len(given.parts["train"].pixels) if "train" in given.parts else 0,
    }


def check_form(model: Map, given: Given) -> None:
    """Refuse images of another form than a map's prototypes."""
    if given.form == model.form:
        return
    name = model.experiment.name
    hint = ""
    if model.form.is_signed or model.form.colours == "opponent":
        hint = f", which only data sets have that are made like the one it learnt ({model.data})"
    raise InputError(
        f"{given.called} has images of {given.form}, and {name} prototypes of {model.form}{hint}"
    )


def _joined(parts: Sequence[Sparse]) -> Sparse:
    """Return the activity of several parts as that of one."""
    begin = np.cumsum([0, *(len(part.data) for part in parts)])
    pointers = [part.indptr[:-1] + first for part, first in zip(parts, begin, strict=False)]
    return Sparse(
        np.concatenate([part.data for part in parts]),
        np.concatenate([part.indices for part in parts]),
        np.concatenate([*pointers, begin[-1:]]),
    )


def _drawn(answers: Sequence[Responses], model: Map) -> Iterator[Array]:
    """Yield reconstructions, some at a time."""
    for one in answers:
        for rows in blocks(one.drawn.shape):
            yield one.drawn[rows].reshape(-1, *model.form.shape)


def _known(parts: Sequence[Samples], given: Given) -> dict[str, Array]:
    """Return what is known of images besides their pixels."""
    labels = [part.labels for part in parts if part.labels is not None]
    known = {} if given.names is None else {"names": given.names}
    return known | ({"labels": np.concatenate(labels)} if len(labels) == len(parts) else {})
