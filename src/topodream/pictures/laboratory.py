"""What a page needs to show a map at work: a script, ``map.js``, beside the map's pictures.

It holds prototypes, lateral weights, layers (:mod:`topodream.pictures.layers`) and held-out samples.
A page computes what units answer, to a drawing say, by the equations of docs/model.md.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats
from topodream.blocks import blocks
from topodream.data.samples import Vectors
from topodream.measures.responses import respond
from topodream.models import MODELS
from topodream.models.model import LateralWeights
from topodream.pictures.drawing import Material
from topodream.pictures.layers import UnitLayer, layers_of
from topodream.pictures.packing import packed

# Levels of a prototype's weights, by their square roots: 1,000 of 1,000 held-out digits, patches and
# colour patches have the winners that they have by the weights themselves.
LEVELS = 2**13 - 1
# What is sent to a page at most: weights, pixels of samples, samples.
MOST_WEIGHTS, MOST_PIXELS, MOST_SAMPLES = 2**23, 2**22, 1000
# Samples that a unit answers most.
BEST = 6


def gather(material: Material) -> dict[str, Any]:
    """Return what ``map.js`` hands over, as JSON holds it; arrays are packed.

    Returns
    -------
    dict
        ``name``, ``model``, ``grid`` (``rows``, ``cols``, ``is_torus``), ``form`` (``height``,
        ``width``, ``colours``, ``channels``, ``zero``, ``is_bright``), ``samples`` (see
        :func:`_samples`), ``layers`` (name, title, scale, form, values; NaN is null),
        ``lateral`` (name, title, acts, and the rows of a sparse matrix: what each unit hears of which
        others), ``best`` ((n_units, BEST) int32, samples that each answers most, -1 where there are
        no more) and

        ``weights`` (:func:`levels`) and ``answers`` (:meth:`topodream.models.model.Model.in_browser`);
        None, the two and ``best``, where there are more than ``MOST_WEIGHTS``, and ``answers`` where
        a page can't compute them.
    """
    model, data = material.model, material.data
    experiment, state, form = model.experiment, model.trained.state, model.form
    grid = experiment.grid
    samples = _first(data.held_out.lazy_vectors(experiment.dtype))
    is_small = state.weights.size <= MOST_WEIGHTS
    answers = MODELS[experiment.model].in_browser(state, experiment.settings, grid)
    return {
        "name": experiment.name,
        "model": experiment.model,
        "grid": {
            "rows": grid.rows,
            "cols": grid.cols,
            "is_torus": experiment.surface.period is not None,
        },
        "form": {
            **{key: getattr(form, key) for key in ("height", "width", "colours", "channels")},
            "zero": form.zero,
            "is_bright": form.is_bright,
        },
        "samples": _samples(material, samples),
        "layers": [_layer(layer, material) for layer in layers_of(material.traits)],
        "lateral": [_lateral(weights, grid.n_units) for weights in material.lateral],
        "weights": levels(state.weights) if is_small else None,
        "answers": _packed_of(answers) if is_small and answers is not None else None,
        "best": packed(_best(material, samples)) if is_small else None,
    }


def levels(weights: Floats) -> dict[str, Any]:
    """Return prototypes in levels: w = sign(q) (q / LEVELS)^2 s, of the scale s of its unit.

    Returns
    -------
    dict
        ``levels``, LEVELS; ``scale``, (n_units,) float32, the largest |w| of each, 1 where all are 0; and
        ``codes``, (n_units, n_inputs) int16.
    """
    finite = np.nan_to_num(weights, posinf=float(np.finfo(weights.dtype).max))
    largest = np.abs(finite).max(axis=1, keepdims=True)
    scale = np.where(largest == 0, 1, largest).astype(np.float32)
    roots = np.sqrt(np.abs(finite) / scale)
    codes = np.copysign(np.rint(LEVELS * roots), finite).astype(np.int16)
    return {"levels": LEVELS, "scale": packed(scale[:, 0]), "codes": packed(codes)}


def _first(samples: Vectors) -> Vectors:
    """Return the first samples, as many as are sent."""
    fit = MOST_PIXELS // samples.shape[1]
    return samples.pick(slice(max(1, min(MOST_SAMPLES, fit))))


def _samples(material: Material, sent: Vectors) -> dict[str, Any]:
    """Return held-out samples: ``pixels`` (n, n_inputs) uint8, of which 255 is the input 1.

    And their ``labels``, or None; the names of ``classes``; what they are, in words: ``described``.
    """
    data = material.data
    labels = data.held_out.labels
    return {
        "pixels": packed(sent.pixels[sent.chosen].reshape(sent.shape)),
        "labels": None if labels is None else packed(labels[sent.chosen]),
        "classes": list(data.classes),
        "described": data.described,
        "is_sequence": data.is_sequence,
    }


def _layer(layer: UnitLayer, material: Material) -> dict[str, Any]:
    values: Floats = layer.load()(material)
    return {
        "name": layer.name,
        "title": layer.caption,
        "scale": layer.scale,
        "form": layer.form,
        "values": [float(f"{v:.6g}") if math.isfinite(v) else None for v in values.tolist()],
    }


def _lateral(lateral: LateralWeights, n_units: int) -> dict[str, Any]:
    """Return lateral weights but those that are 0: row by row, as in a sparse matrix.

    Those of unit ``i`` are ``values`` from ``starts[i]`` to ``starts[i + 1]``, of the units ``heard``.
    """
    counts, heard, values = [], [], []
    for rows in blocks((n_units, n_units)):
        effects = lateral.effects(np.arange(n_units)[rows])
        counts.append(np.count_nonzero(effects, axis=1))
        heard.append(effects.nonzero()[1])
        values.append(effects[effects != 0])
    starts = np.concatenate([[0], np.concatenate(counts).cumsum()])
    return {
        "name": lateral.name,
        "title": lateral.title,
        "acts": lateral.acts,
        "starts": packed(starts.astype(np.uint32)),
        "heard": packed(np.concatenate(heard).astype(np.uint32)),
        "values": packed(np.concatenate(values).astype(np.float32)),
    }


def _best(material: Material, samples: Vectors) -> npt.NDArray[np.int32]:
    """Return which samples each unit answers most, of those that it answers: (n_units, BEST)."""
    model = material.model
    evoked = respond(model.trained.state, samples, model.experiment).fresh
    count = min(BEST, len(evoked))
    order = np.argsort(-evoked, axis=0, kind="stable")[:count]
    answered = np.take_along_axis(evoked, order, axis=0) > 0
    best = np.full((evoked.shape[1], BEST), -1, np.int32)
    best[:, :count] = np.where(answered, order, -1).T
    return best


def _packed_of(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with its arrays packed."""
    return {
        key: packed(value.astype(np.float32)) if isinstance(value, np.ndarray) else value
        for key, value in mapping.items()
    }
