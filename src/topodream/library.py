"""The package in a notebook or a script of one's own: train a map on an array, ask it, keep it.

``topodream.train``, ``respond``, ``save`` and ``read`` are these functions. docs/library.md shows
them at work.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import threadpoolctl
from tqdm import tqdm

from topodream.data.samples import Samples, Vectors
from topodream.engines import devices
from topodream.files.digests import content_digest
from topodream.files.errors import InputError, quoted
from topodream.files.strict import read_yaml
from topodream.form import Form
from topodream.measures import responses
from topodream.measures.reconstruction import squared_errors
from topodream.measures.responses import Responses
from topodream.origin import provenance
from topodream.settings.checking import check_plain, did_you_mean
from topodream.settings.config import Experiment, merge_experiment, to_mapping
from topodream.training import loop, map_file
from topodream.training.map_file import Learnt, Map
from topodream.training.starts import begin_from

# The defaults of models, and the experiments that come with the package.
CONFIG = Path(__file__).with_name("config.yaml")
# How errors name what was called.
CALLED = "topodream.train"

Images = npt.NDArray[np.uint8]


def train(
    images: Images,
    model: str | None = None,
    *,
    like: str | None = None,
    start_from: Map | str | Path | None = None,
    name: str = "map",
    progress: bool = True,
    **settings: Any,
) -> Map:
    """Train a map on images.

    Its arrays are those that the pipeline learns of the same images with the same settings, to the
    bit, on the same kind of processor.

    Parameters
    ----------
    images : (n_images, height, width) or (n_images, height, width, 3) uint8
        Grey, or red, green and blue; a pixel's value is byte / 255.
    model : str, optional
        One of :data:`topodream.models.MODELS`; without it, that of ``like``, or else "mwta".
    like : str, optional
        An experiment of config.yaml, whose settings hold where no others are given.
    start_from : Map or path of its file, optional
        Where training starts, in place of weights that are drawn. Its settings hold where no others
        are given, unless there is a ``model`` or a ``like``.
    name : str
        What the map is called.
    progress : bool
        Whether to show a bar.
    **settings
        Keys of an experiment, see docs/configuration.md; a mapping is laid over the defaults.

    Returns
    -------
    Map
        Trained, with its history and snapshots.

    Raises
    ------
    InputError
        If images or settings are wrong; the line names the value, and what is allowed.

    Examples
    --------
    >>> images = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)
    >>> grid = {"rows": 2, "cols": 3}
    >>> few = {"epochs": 1, "steps_per_epoch": 5, "engine": "reference", "n_winners": 1}
    >>> train(images, grid=grid, progress=False, **few).prototypes.shape
    (2, 3, 4, 4)
    """
    form = _form(images, CALLED)
    start = start_from if start_from is None or isinstance(start_from, Map) else read(start_from)
    experiment = _experiment(name, model, like, start, settings)
    begun = None if start is None else begin_from(start, experiment, form)
    device = devices.choose(experiment.device, print)
    total = experiment.epochs * experiment.steps_per_epoch
    pixels = images.reshape(len(images), -1)
    # A fixed number of threads: sums that are split otherwise round otherwise.
    with (
        tqdm(total=total, desc=name, unit="step", unit_scale=True, disable=not progress) as bar,
        threadpoolctl.threadpool_limits(1),
    ):
        report = partial(_report, bar)
        task = loop.Task(experiment, report, save=lambda _: None, done=None, start=begun)
        (trained,) = loop.train_together([task], pixels, bar.update, device.xp)
    loop.check_divergence(experiment, trained)
    origin = provenance.origin({}, experiment.modules_of_training, script=Path(__file__))
    learnt = _learnt(images, form)
    return Map(
        experiment=experiment,
        trained=trained,
        form=learnt.form,
        data=learnt.described,
        data_sha256=learnt.content_sha256,
        content_sha256=content_digest(map_file.arrays_of(trained)),
        origin=device.signed(origin),
        start_sha256=None if start is None else start.content_sha256,
    )


@dataclass(frozen=True)
class Answers(Responses):
    """How a map responds to images, and how well it redraws each.

    Attributes
    ----------
    samples : Vectors, (n_images, n_inputs)
    """

    samples: Vectors

    @cached_property
    def squared_error(self) -> npt.NDArray[np.float64]:
        """Mean over an image's pixels of the squared error of its reconstruction: (n_images,)."""
        return squared_errors(self.samples, self.drawn)[0]


def respond(trained: Map, images: Images) -> Answers:
    """Show images to a map, without learning, and return how it responds.

    Parameters
    ----------
    trained : Map
    images : (n_images, ...) uint8
        Of the form of its prototypes: (n_images, height, width), or with (..., 3) colours, or samples
        of a data set with ON and OFF halves; with a trace, in the order they are met.

    Returns
    -------
    Answers
        ``winners`` (n_images, n_winners), ``activity`` (n_images, n_units), ``sparse``, the same
        without what is 0, ``reconstructions`` (n_images, n_inputs) and ``squared_error`` (n_images,),
        among others.

    Raises
    ------
    InputError
        If the images are of another form than the map's prototypes.
    """
    called, form = "topodream.respond", trained.form
    # Of a map of ON and OFF halves, samples as its data set has them.
    if not (
        form.is_signed and _is_bytes(images) and images.shape[1:] == form.shape and len(images)
    ):
        form = _form(images, called)
    if form != trained.form:
        raise InputError(
            f"{called}: images of {form} are not allowed: "
            f"{trained.experiment.name} has prototypes of {trained.form}"
        )
    samples = Samples(images, None, None, form).lazy_vectors(trained.experiment.dtype)
    with threadpoolctl.threadpool_limits(1):
        found = responses.respond(trained.trained.state, samples, trained.experiment)
    return Answers(**vars(found), samples=samples)


def save(trained: Map, path: str | Path) -> None:
    """Write a map as the pipeline does, with what made it: ``model.h5``."""
    map_file.write_map(
        Path(path),
        trained.experiment,
        trained.trained,
        trained.learnt,
        trained.origin,
        trained.start_sha256,
    )


def read(path: str | Path) -> Map:
    """Read a map, with its snapshots: one of the pipeline's, or one that was saved."""
    return map_file.read_map(Path(path), with_snapshots=True)


def _is_bytes(images: Any) -> bool:
    return isinstance(images, np.ndarray) and images.dtype == np.uint8


def _check_images(images: Any, called: str) -> None:
    if _is_bytes(images) and images.ndim in (3, 4) and images.size:
        return
    found = f"{type(images).__name__} is not allowed"
    if isinstance(images, np.ndarray):
        found = f"an array of {images.dtype.name} and shape {images.shape} is not allowed"
    raise InputError(
        f"{called}: {found}: uint8 of shape (n_images, height, width), or (n_images, height, width, 3) "
        "of red, green and blue, at least one image; of values in [0, 1], "
        "np.round(255 * images).astype(np.uint8)"
    )


def _experiment(
    name: str, model: str | None, like: str | None, start: Map | None, settings: dict[str, Any]
) -> Experiment:
    """Return the experiment that was asked for, by the defaults of config.yaml."""
    config = read_yaml(CONFIG)
    sections = config["experiments"]
    if like is not None and like not in sections:
        hint = did_you_mean(like, sections)
        raise InputError(f"{CALLED}: like = {quoted(like)}: no such experiment{hint}")
    if "dataset" in settings:
        raise InputError(f"{CALLED}: dataset is not allowed: what is learnt are the images")
    own = _plain(settings) | {"dataset": "array"} | ({} if model is None else {"model": model})
    own["start_from"] = None if start is None else start.experiment.name
    check_plain(own, CALLED)
    others = {}
    if start is not None and model is None:
        others = {
            key: value for key, value in to_mapping(start.experiment).items() if key != "name"
        }
    base = "nothing" if like is None else like
    config["experiments"] = {**sections, "nothing": others}
    return merge_experiment(name, config, base, (CALLED, own))


def _plain(value: Any) -> Any:
    """Return settings with NumPy's numbers as Python's."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _learnt(images: Images, form: Form) -> Learnt:
    size = f"{form.height} x {form.width}{' in colour' if images.ndim == 4 else ''}"
    described = f"{len(images):,} images of {size}, given as an array"
    return Learnt(form, described, content_digest({"train/pixels": images}))


def _form(images: Images, called: str) -> Form:
    _check_images(images, called)
    try:
        return Form.of_image(images.shape[1:])
    except ValueError as error:
        raise InputError(f"{called}: {error}") from error


def _report(bar: Any, epoch: loop.EpochReport) -> None:
    bar.set_postfix(epoch=epoch.epoch, mse=f"{epoch.training_mse:.4f}")
