"""What else would describe the same samples: baselines, to compare a map with.

PCA, NMF, k-means, a self-organising map, and matching pursuit over atoms that nobody learnt, that
k-means learnt, or that the map did. All are fitted to the training samples of the map, and measured
on the held-out ones that it is measured on, by the same formulas; docs/baselines.md says what each is
good for. Scikit-learn and MiniSom come with the extra ``baselines``.
"""

import importlib
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats, Indices
from topodream.blocks import CACHED, blocks
from topodream.files.errors import InputError
from topodream.grid import Grid
from topodream.measures.measure import Subject
from topodream.measures.order import directions, smoothness
from topodream.measures.pursuit import matching_pursuit, nonnegative
from topodream.measures.reconstruction import explained, mean_image, mean_squared_error
from topodream.measures.responses import Winning, best_units
from topodream.measures.sampling import SEED, spread
from topodream.measures.usage import dead_share

# NMF takes long for many samples, and MiniSom for many steps: a step changes all its prototypes.
NMF_SAMPLES, SOM_STEPS = 10_000, 20_000
NMF_ROUNDS, K_MEANS_ROUNDS = 200, 30
# Of how many samples for each centroid k-means++ chooses those that k-means starts from.
START_SAMPLES = 3

# How matching pursuit finds coefficients, and what is said of it.
PURSUITS: dict[str, tuple[dict[str, bool], str]] = {
    "signed": ({"signed": True}, ", coefficients of either sign"),
    "nonnegative": ({}, ""),
    "refit": ({"refit": True}, ", coefficients fitted"),
}

MODULES = ("sklearn.cluster", "sklearn.decomposition", "sklearn.exceptions", "minisom")


def load_libraries() -> dict[str, ModuleType]:
    """Import what fits baselines, by its name.

    Raises
    ------
    InputError
        If it isn't installed.
    """
    try:
        return {name: importlib.import_module(name) for name in MODULES}
    except ImportError as error:
        raise InputError(
            "baselines need scikit-learn and MiniSom: "
            f".venv/bin/pip install -e '.[baselines]' ({error})"
        ) from error


@dataclass(frozen=True)
class Baseline:
    """How well something describes held-out samples, and what it takes.

    Attributes
    ----------
    name, label : str
        For programs, and for readers.
    held_out_mse, held_out_r2 : float or None
        As the measures of these names.
    n_prototypes : int
        Of how many prototypes, components or atoms it makes reconstructions.
    numbers : float
        How many numbers describe a sample: coefficients, but not which prototypes they are of.
    active : float
        Prototypes that have a part in a reconstruction, mean over samples.
    n_shown : int
        Training samples that it was fitted to; of what learns one by one, steps.
    dead : float or None
        Share of prototypes that win no training sample; of the map, none in its last epoch.
    neighbour_correlation, random_correlation : float or None
        As the measures of these names, of what has a grid.
    """

    name: str
    label: str
    held_out_mse: float | None
    held_out_r2: float | None
    n_prototypes: int
    numbers: float
    active: float
    n_shown: int
    dead: float | None = None
    neighbour_correlation: float | None = None
    random_correlation: float | None = None


def compare(subject: Subject, libraries: dict[str, ModuleType]) -> Iterator[dict[str, Any]]:
    """Yield a map, and then its baselines, as they are written to baselines.json."""
    for baseline in _Comparison(subject, libraries).baselines():
        yield {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(baseline).items()
        }


def n_active(subject: Subject) -> int:
    """Return how many units describe a sample, so that baselines may use as many.

    Of a map whose winners alone answer, as many as win in the mean: of Foldiak's net all may.
    Otherwise as many, each of them fully active, as have the mean total activity of the map.
    """
    evoked = subject.responses.evoked
    if isinstance(evoked, Winning):
        total = float(np.count_nonzero(evoked.answers))
    else:
        total = float(evoked.sum(dtype=float))
    return min(max(1, round(total / len(subject.samples))), subject.grid.n_units)


def nearest(samples: Floats, prototypes: Floats) -> Indices:
    """Return the number of the prototype that is nearest to each sample: (n_samples,)."""
    squares = np.einsum("ki,ki->k", prototypes, prototypes)
    found = np.empty(len(samples), np.intp)
    for rows in blocks((len(samples), len(prototypes)), CACHED):
        found[rows] = (squares - 2 * samples[rows] @ prototypes.T).argmin(axis=1)
    return found


class _Comparison:
    """All baselines of a map; each is fitted as it is asked for."""

    def __init__(self, subject: Subject, libraries: dict[str, ModuleType]) -> None:
        self._subject, self._libraries = subject, libraries
        self._few = n_active(subject)
        self._n_steps = subject.experiment.steps_per_epoch * subject.experiment.epochs
        self._samples, self._train = subject.samples[:], subject.shown.train[:]
        self._mean = mean_image(subject.data.train)
        self._mean_mse = self._mse(np.broadcast_to(self._mean, self._samples.shape))

    def baselines(self) -> Iterator[Baseline]:
        yield self._of_map()
        label, n_train = "mean training image", len(self._train)
        yield self._judged("mean_image", label, self._mean_mse, n_train, 1, numbers=0, active=1)
        yield from self._components()
        yield self._k_means()
        yield self._som()
        yield from self._pursuits()

    def _mse(self, drawn: Floats) -> float:
        return mean_squared_error(self._samples, drawn)

    def _judged(
        self,
        name: str,
        label: str,
        mse: float,
        n_shown: int,
        n_prototypes: int,
        numbers: float,
        active: float,
        **others: float | None,
    ) -> Baseline:
        r2 = explained(mse, self._mean_mse)
        return Baseline(name, label, mse, r2, n_prototypes, numbers, active, n_shown, **others)

    @contextmanager
    def _unfinished(self) -> Iterator[None]:
        """Let fits end without a warning: they could go on, or too many samples are the same."""
        with warnings.catch_warnings():
            category = self._libraries["sklearn.exceptions"].ConvergenceWarning
            warnings.simplefilter("ignore", category)
            yield

    # ------------------------------------------------------------------ the map

    @cached_property
    def _map_mse(self) -> float:
        return mean_squared_error(self._samples, self._subject.responses.drawn)

    def _of_map(self) -> Baseline:
        subject = self._subject
        active = float(np.count_nonzero(subject.responses.activity, axis=1).mean())
        return self._judged(
            "map",
            "this map",
            self._map_mse,
            self._n_steps,
            len(subject.weights),
            active,
            active,
            dead=dead_share(subject.wins),
            **_order(subject.weights, subject.grid, subject.kept),
        )

    # ------------------------------------------------------------------ components

    def _components(self) -> Iterator[Baseline]:
        """Yield PCA and NMF: with as many components as units are active, and as PCA needs to do as well."""
        errors = self._errors_of_pca()
        few = min(self._few, len(errors) - 1)
        # The first number whose error is no larger; 0 where the mean image does as well.
        enough = int(np.flatnonzero(errors <= self._map_mse)[:1].sum())
        for name, n in {"few": few, "enough": enough}.items():
            if n:
                mse, n_shown = float(errors[n]), len(self._train)
                yield self._judged(f"pca_{name}", f"PCA, {n} components", mse, n_shown, n, n, n)
                drawn, active, n_shown = self._by_nmf(n)
                mse, label = self._mse(drawn), f"NMF, {n} components"
                yield self._judged(f"nmf_{name}", label, mse, n_shown, n, n, active)

    def _errors_of_pca(self) -> Floats:
        """Return the error with 0, 1, 2, ... principal components: (n_components + 1,)."""
        pca = self._libraries["sklearn.decomposition"].PCA(random_state=SEED).fit(self._train)
        off = self._samples - pca.mean_
        squares = np.square(off @ pca.components_.T, dtype=float).sum(axis=0)
        whole = np.square(off, dtype=float).sum()
        # Components are orthonormal: what each takes off the error is its own.
        gone = np.concatenate([[0], squares.cumsum()])
        errors: Floats = np.maximum(whole - gone, 0) / off.size
        return errors

    def _by_nmf(self, n: int) -> tuple[Floats, float, int]:
        """Return reconstructions, the mean number of components in them, and of how many samples."""
        train = self._train[spread(len(self._train), NMF_SAMPLES)]
        nmf = self._libraries["sklearn.decomposition"].NMF(
            n, init="nndsvda", max_iter=NMF_ROUNDS, random_state=SEED
        )
        with self._unfinished():
            nmf.fit(train)
            mixed = nmf.transform(self._samples)
        active = float(np.count_nonzero(mixed, axis=1).mean())
        return mixed @ nmf.components_, active, len(train)

    # ------------------------------------------------------------------ one winner

    @cached_property
    def _centroids(self) -> Floats:
        cluster = self._libraries["sklearn.cluster"]
        n = min(len(self._subject.weights), len(self._train))
        # All samples would take long to choose from; what k-means then does with all, hardly any time.
        some = self._train[spread(len(self._train), START_SAMPLES * n)]
        start, _ = cluster.kmeans_plusplus(some, n, random_state=SEED)
        k_means = cluster.KMeans(n, init=start, n_init=1, max_iter=K_MEANS_ROUNDS)
        with self._unfinished():
            k_means.fit(self._train)
        centroids: Floats = k_means.cluster_centers_.astype(self._train.dtype)
        return centroids

    def _k_means(self) -> Baseline:
        label = f"k-means, {len(self._centroids):,} centroids"
        return self._by_nearest("k_means", label, self._centroids, len(self._train))

    def _som(self) -> Baseline:
        """Fit Kohonen's map of the same grid, which has borders.

        From random training samples; the neighbourhood shrinks from half the grid to 1, the rate
        from 0.5 to 0, both evenly.
        """
        grid, n_steps = self._subject.experiment.grid, min(SOM_STEPS, self._n_steps)
        som = self._libraries["minisom"].MiniSom(
            grid.rows,
            grid.cols,
            self._train.shape[1],
            sigma=max(1, max(grid.rows, grid.cols) / 2),
            learning_rate=0.5,
            decay_function="linear_decay_to_zero",
            sigma_decay_function="linear_decay_to_one",
            random_seed=SEED,
        )
        som.random_weights_init(self._train)
        # It goes through samples from the first one on.
        train = self._train[spread(len(self._train), n_steps)]
        som.train(train, n_steps, random_order=True)
        prototypes = som.get_weights().reshape(grid.n_units, -1).astype(self._train.dtype)
        label = f"online SOM, {grid.rows} x {grid.cols} units"
        order = _order(prototypes, grid, np.ones(grid.n_units, bool))
        return self._by_nearest("som", label, prototypes, n_steps, **order)

    def _by_nearest(
        self, name: str, label: str, prototypes: Floats, n_shown: int, **others: float | None
    ) -> Baseline:
        """Judge what describes a sample by its nearest prototype: by no number but that one's."""
        mse = self._mse(prototypes[nearest(self._samples, prototypes)])
        wins = np.bincount(nearest(self._train, prototypes), minlength=len(prototypes))
        return self._judged(
            name, label, mse, n_shown, len(prototypes), 0, 1, dead=dead_share(wins), **others
        )

    # ------------------------------------------------------------------ few of many

    def _pursuits(self) -> Iterator[Baseline]:
        """Yield matching pursuit over three sets of atoms, and the map's winners with other answers."""
        n_train, own = len(self._train), self._subject.weights
        drawn = np.random.default_rng(SEED).permutation(n_train)[: len(own)]
        atoms = {
            "samples": ("random training samples", self._train[np.sort(drawn)], len(drawn)),
            "centroids": ("centroids of k-means", self._centroids, n_train),
            "prototypes": ("the map's prototypes", own, self._n_steps),
        }
        for name, (label, prototypes, n_shown) in atoms.items():
            unit, label = directions(prototypes, centred=False), f"matching pursuit, {label}"
            for rule, (options, said) in PURSUITS.items():
                found = matching_pursuit(self._samples, unit, self._few, **options)
                yield self._mixed(f"pursuit_{name}_{rule}", f"{label}{said}", unit, found, n_shown)
        # Of the last ones, the map's own.
        winners = best_units(self._subject.responses.fresh, self._few)
        found = nonnegative(self._samples, unit, winners)
        label = "the map's winners, coefficients fitted"
        yield self._mixed("winners_refit", label, unit, found, self._n_steps)

    def _mixed(
        self, name: str, label: str, atoms: Floats, coefficients: Floats, n_shown: int
    ) -> Baseline:
        """Judge what describes a sample by few atoms and how much there is of each."""
        mse = self._mse(coefficients @ atoms)
        active = float(np.count_nonzero(coefficients, axis=1).mean())
        return self._judged(name, label, mse, n_shown, len(atoms), active, active)


def _order(prototypes: Floats, grid: Grid, kept: npt.NDArray[np.bool_]) -> dict[str, float]:
    order = smoothness(prototypes, grid, kept)
    return {key: order[key] for key in ("neighbour_correlation", "random_correlation")}
