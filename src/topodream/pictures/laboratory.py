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
from topodream.pictures.layers import MOST_SAMPLES, MOST_UNITS, MOST_WEIGHTS, UnitLayer, layers_of
from topodream.pictures.packing import packed
from topodream.pictures.shades import Scale
from topodream.pictures.tiles import weight_scale
from topodream.training.map_file import Map

# Levels of a prototype's weights, by their square roots: 1,000 of 1,000 held-out digits, patches and
# colour patches have the winners that they have by the weights themselves.
LEVELS = 2**13 - 1
# Pixels of samples that are sent at most.
MOST_PIXELS = 2**22
# What a map has learnt, of which a page gets nothing if it is too large.
LEARNT = ("weights", "lateral", "best", "answers")
# Pairs of units that are looked at at a time.
PAIRS = 2**20
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
        and, None of a map that is too large, ``weights`` (:func:`levels`, and how figures draw them:
        ``alive``, (n_units,) uint8, and ``above_least``, where their scale ends), ``lateral`` (name,
        title, acts, and the rows of a sparse matrix: what each unit hears of which others), ``best``
        ((n_units, BEST) int32, samples that each answers most, -1 where there are no more) and
        ``answers`` (:meth:`topodream.models.model.Model.in_browser`), None where a page can't tell.
    """
    model, data = material.model, material.data
    experiment, state, form = model.experiment, model.trained.state, model.form
    grid = experiment.grid
    samples = _first(data.held_out.lazy_vectors(experiment.dtype))
    is_small = state.weights.size <= MOST_WEIGHTS and grid.n_units <= MOST_UNITS
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
        **(_learnt(material, samples) if is_small else dict.fromkeys(LEARNT)),
    }


def _learnt(material: Material, samples: Vectors) -> dict[str, Any]:
    """Return weights, lateral weights, the best samples and how units answer."""
    experiment, state = material.model.experiment, material.model.trained.state
    grid = experiment.grid
    answers = MODELS[experiment.model].in_browser(state, experiment.settings, grid)
    found = (
        levels(state.weights) | _drawn(material.model),
        [_lateral(weights, grid.n_units) for weights in material.lateral],
        packed(_best(material, samples)),
        None if answers is None else _packed_of(answers),
    )
    return dict(zip(LEARNT, found, strict=True))


def levels(weights: Floats) -> dict[str, Any]:
    """Return prototypes in levels: w = sign(q) (q / LEVELS)^2 s, of the scale s of its unit.

    Returns
    -------
    dict
        ``levels``, LEVELS; ``scale``, (n_units,) float32, the largest |w| of each, 1 where all are 0;
        ``codes``, (n_units, n_inputs) int16; and ``high``, what 99.9 % of weights are at most.
    """
    finite = np.nan_to_num(weights, posinf=float(np.finfo(weights.dtype).max))
    largest = np.abs(finite).max(axis=1, keepdims=True)
    scale = np.where(largest == 0, 1, largest).astype(np.float32)
    roots = np.sqrt(np.abs(finite) / scale)
    codes = np.copysign(np.rint(LEVELS * roots), finite).astype(np.int16)
    return {
        "levels": LEVELS,
        "scale": packed(scale[:, 0]),
        "codes": packed(codes),
        "high": float(f"{weight_scale(finite):.6g}"),
    }


def _drawn(model: Map) -> dict[str, Any]:
    """Return how figures draw prototypes, see :meth:`topodream.pictures.shades.Scale.of_prototypes`."""
    weights = model.trained.weights
    alive = model.alive(weights, model.experiment.epochs)
    high = Scale.of_prototypes(np.nan_to_num(weights), model.form, alive).high
    return {"alive": packed(alive.astype(np.uint8)), "above_least": float(f"{high:.6g}")}


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
    for rows in blocks((n_units, n_units), PAIRS):
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
    by_unit = respond(model.trained.state, samples, model.experiment).fresh.T
    count = min(BEST, len(samples))
    best = np.full((len(by_unit), BEST), -1, np.int32)
    for units in blocks(by_unit.shape, PAIRS):
        order = np.argsort(-by_unit[units], axis=1, kind="stable")[:, :count]
        answered = np.take_along_axis(by_unit[units], order, axis=1) > 0
        best[units, :count] = np.where(answered, order, -1)
    return best


def _packed_of(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with its arrays packed."""
    return {
        key: packed(value.astype(np.float32)) if isinstance(value, np.ndarray) else value
        for key, value in mapping.items()
    }
