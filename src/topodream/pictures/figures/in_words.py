"""What figures show, in words: for who can't see them. Registered beside the functions that draw.

Each is a sentence or two, computed from what is drawn: how much there is of it, from where to where,
and on which part of the grid.
"""

import numpy as np
import numpy.typing as npt

from topodream.arrays import Floats
from topodream.grid import Grid
from topodream.measures.bars import correlations, found
from topodream.measures.colour import COLOURED, colour_shares
from topodream.measures.order import among, neighbour_pairs, smoothness
from topodream.measures.orientation import angles, mean_turn, oriented, preferences, windings
from topodream.measures.responses import respond
from topodream.pictures import beside
from topodream.pictures.drawing import Material
from topodream.pictures.figures.bars import MOST_SHOWN
from topodream.pictures.figures.u_matrix import neighbour_distances

# A part of the grid is named where it has that share of the units in question, and that many times
# as many as it would by chance; of fewer units none is.
MOSTLY, MORE, FEW = 0.6, 1.4, 5
ALL_OVER = "all over the grid"
# The border, in words: the outer tenth of rows and columns.
BORDER = 0.1

Units = npt.NDArray[np.bool_]


def where(units: Units, grid: Grid) -> str:
    """Return in which part of the grid units are.

    Parameters
    ----------
    units : (n_units,) bool
    grid : Grid

    Returns
    -------
    str
        Nothing where they are few, or all over.

    Examples
    --------
    >>> grid = Grid(10, 10)
    >>> where(np.arange(100) < 10, grid)
    'mostly at the border'
    >>> where(np.arange(100) % 10 > 5, grid)
    'mostly in the right half'
    >>> where(np.arange(100) % 2 == 0, grid)
    ''
    """
    n_units = np.count_nonzero(units)
    if n_units < FEW:
        return ""
    for part, inside in _parts(grid).items():
        share, expected = inside[units].mean(), inside.mean()
        if share >= MOSTLY and share >= MORE * expected:
            return f"mostly {part}"
    return ""


def _behind(said: str) -> str:
    """Return what is said of some units, to put behind them; it may be nothing."""
    return f", {said}" if said else ""


def _parts(grid: Grid) -> dict[str, Units]:
    """Return which units are in a part of the grid; a torus has neither border nor middle."""
    row, col = np.divmod(np.arange(grid.n_units), grid.cols)
    from_rim = np.minimum(
        np.minimum(row, grid.rows - 1 - row) / grid.rows,
        np.minimum(col, grid.cols - 1 - col) / grid.cols,
    )
    about = {"at the border": from_rim < BORDER, "in the middle": from_rim >= 1 / 4}
    halves = {
        "in the upper half": row < grid.rows / 2,
        "in the lower half": row >= grid.rows / 2,
        "in the left half": col < grid.cols / 2,
        "in the right half": col >= grid.cols / 2,
    }
    return halves if grid.period else about | halves


def _percent(part: float) -> str:
    """Return a share for readers: what is there is not nothing, what lacks is not all.

    >>> [_percent(part) for part in (0.0, 0.001, 0.14, 0.999, 1.0)]
    ['none', 'less than 1 %', '14 %', 'more than 99 %', 'all']
    """
    if part in (0, 1):
        return "none" if part == 0 else "all"
    if part < 0.01:
        return "less than 1 %"
    return "more than 99 %" if part > 0.99 else f"{100 * part:.0f} %"


def _of_units(units: Units) -> str:
    """Return how many of all units these are, to begin a sentence with."""
    return f"{_percent(units.mean())} of {len(units):,} units".capitalize()


def prototypes(material: Material) -> str:
    """Say how many prototypes there are, how many are of use, whether neighbours are alike."""
    model, grid = material.model, material.model.experiment.surface
    unused = model.last_wins == 0
    with np.errstate(all="ignore"):  # of a map that diverged
        alike = smoothness(model.trained.weights, grid, model.kept)
    said = f"{grid.n_units:,} prototype{'s' * (grid.n_units > 1)}, {_percent(unused.mean())} unused{_behind(where(unused, grid))}."
    neighbours, others = alike["neighbour_correlation"], alike["random_correlation"]
    if not np.isfinite([neighbours, others]).all():
        return said
    return f"{said} Neighbours correlate by {neighbours:.2f}, any two by {others:.2f}."


def reconstructions(material: Material) -> str:
    """Say how many samples are shown, and how good reconstructions are of all held-out ones."""
    shown = min(material.count, len(material.data.held_out.pixels))
    said = f"{shown} held-out sample{'s' * (shown != 1)} and what the map makes of them"
    error = material.curve["held_out_mse"][-1]
    if error is None or not material.mean_image_mse:
        return f"{said}."
    share = error / material.mean_image_mse
    return f"{said}: over all of them the error is {100 * share:.0f} % of that of the mean image."


def learning_curve(material: Material) -> str:
    """Say where the errors begin, and where they end."""
    training = material.model.trained.history.training_mse
    n_epochs = len(training)
    if not n_epochs:
        return "No epoch was finished."
    said = f"Over {n_epochs} epochs the training error goes from {training[0]:.3g} to {training[-1]:.3g}"
    held_out = [error for error in material.curve["held_out_mse"][1:] if error is not None]
    if held_out:
        said += f", the held-out error from {held_out[0]:.3g} to {held_out[-1]:.3g}"
    return f"{said}; the mean image has {material.mean_image_mse:.3g}."


def hit_map(material: Material) -> str:
    """Say how many units win, where the others are, and how unequally they win."""
    wins, grid = material.model.last_wins, material.model.experiment.surface
    won = wins > 0
    said = f"{_of_units(won)} won in the last epoch"
    if not won.any():
        return f"{said}."
    if lie := where(~won, grid):
        said += f", the others are {lie}"
    often = wins >= np.quantile(wins[won], 0.9)
    return (
        f"{said}. Half of those won at most {np.median(wins[won]):,.0f} times, one {wins.max():,} times; "
        f"the tenth that won most are {where(often, grid) or ALL_OVER}."
    )


def u_matrix(material: Material) -> str:
    """Say how different neighbours are, and where they differ most."""
    grid = material.model.experiment.surface
    distances = neighbour_distances(material.model.trained.weights, grid)
    if not np.isfinite(distances).any():
        return "No unit has a neighbour to be compared with."
    low, middle, high = np.nanquantile(distances, (0.05, 0.5, 0.95))
    far = distances >= np.nanquantile(distances, 0.9)
    return (
        f"Distances of prototypes to their neighbours: {middle:.2f} in the median, {low:.2f} to {high:.2f} "
        f"for nine tenths of {grid.n_units:,} units; the largest are {where(far, grid) or ALL_OVER}."
    )


def orientation_map(material: Material) -> str:
    """Say how many units prefer an orientation, which most of all, and how ordered they are."""
    model, grid = material.model, material.model.experiment.surface
    with np.errstate(all="ignore"):  # of a map that diverged
        preferred = preferences(beside.weights_of(material), model.form)
        prefer = oriented(preferred)
        turn = mean_turn(preferred, among(neighbour_pairs(grid), prefer))
    said = f"{_of_units(prefer)} prefer an orientation"
    if not prefer.any():
        return f"{said}."
    n_pinwheels = np.count_nonzero(windings(preferred, grid))
    usual = np.degrees(angles(preferred[prefer].sum(keepdims=True)))[0]
    order = f"; those of neighbours differ by {turn:.0f} degrees" if np.isfinite(turn) else ""
    return f"{said}, most often one near {usual:.0f} degrees (0 lies, 90 stands){order}. There are {n_pinwheels} pinwheels."


def colour_map(material: Material) -> str:
    """Say how many units prefer colours, and where they are."""
    model, grid = material.model, material.model.experiment.surface
    with np.errstate(all="ignore"):  # of a map that diverged
        coloured = colour_shares(beside.weights_of(material), model.form) > COLOURED
    return f"{_of_units(coloured)} prefer colours to brightness{_behind(where(coloured, grid))}."


def label_map(material: Material) -> str:
    """Say how many units stand for a class, for which most do, and whether neighbours agree."""
    grid = material.model.experiment.surface
    labels = material.labelling.labels
    known = np.isfinite(labels)
    said = f"{_of_units(known)} stand for a class"
    if not known.any():
        return f"{said}."
    classes, numbers = np.unique(labels[known].astype(int), return_counts=True)
    names = [_name(material, label) for label in classes]
    most, least = numbers.argmax(), numbers.argmin()
    one, other = among(neighbour_pairs(grid), known)
    agree = (
        f" {_percent((labels[one] == labels[other]).mean())} of neighbours agree."
        if len(one)
        else ""
    )
    return (
        f"{said}: most for {names[most]} ({numbers[most]}), fewest for {names[least]} "
        f"({numbers[least]}).{agree.capitalize()}"
    )


def _name(material: Material, label: int) -> str:
    """Return what a class is called."""
    names = material.data.classes
    return names[label] if names else str(label)


def bars_found(material: Material) -> str:
    """Say how many bars have a unit, and how well it tells them."""
    model, held_out = material.model, material.data.held_out
    samples = held_out.lazy_vectors(model.experiment.dtype, MOST_SHOWN)
    assert held_out.bars is not None  # noqa: S101
    answers = respond(model.trained.state, samples, model.experiment).fresh
    told = correlations(answers, held_out.bars[:MOST_SHOWN])
    best = told.max(axis=0)
    return (
        f"{np.count_nonzero(found(told))} of {len(best)} bars have a unit of their own; its answers "
        f"correlate with them by {best.min():.2f} to {best.max():.2f}."
    )


def lateral_excitation(material: Material) -> str:
    """Say by how many units, how strongly and from how far units are excited."""
    return _heard(material, "lateral_excitation")


def global_inhibition(material: Material) -> str:
    """Say by how many units, how strongly and from how far units are inhibited."""
    return _heard(material, "global_inhibition")


def column_inhibition(material: Material) -> str:
    """Say by how many units of their columns, how strongly and from how far units are inhibited."""
    return _heard(material, "column_inhibition")


def _heard(material: Material, name: str) -> str:
    grid = material.model.experiment.surface
    (lateral,) = (one for one in material.lateral if one.name == name)
    units = np.unique(np.linspace(0, grid.n_units - 1, 100).astype(np.intp))
    sizes = np.abs(lateral.effects(units))
    if not np.isfinite(sizes).all() or not sizes.any():
        return f"{lateral.title.capitalize()}: no unit hears another."
    apart = grid.apart(units[:, None], np.arange(grid.n_units)[None]).max(axis=-1)
    does = "inhibited" if "inhibition" in name else "excited"
    return (
        f"Units are {does} by {np.median((sizes > 0).sum(axis=1)):.0f} others in the median, with "
        f"weights up to {sizes.max():.2g}, which come from {float((sizes * apart).sum() / sizes.sum()):.1f} "
        "units away on average."
    )


def lateral_matrix(material: Material) -> str:
    """Say from where to where the weights of each kind go."""
    units = np.arange(material.model.experiment.grid.n_units)
    said = []
    for lateral in material.lateral:
        effects: Floats = lateral.effects(units)
        low, high = float(effects.min()) + 0.0, float(effects.max()) + 0.0
        said.append(f"{lateral.title} {low:.2g} to {high:.2g}")
    return f"Matrices of {len(units):,} x {len(units):,} weights: {'; '.join(said)}."
