"""Training that starts from a map, in place of weights that are drawn."""

from topodream.files.errors import InputError, quoted
from topodream.form import Form
from topodream.models.model import State
from topodream.settings.config import Experiment
from topodream.training import states
from topodream.training.map_file import Map


def begin_from(start: Map, experiment: Experiment, form: Form) -> State:
    """Return the state that a training starts from: a copy of a map's, of the experiment's type.

    Parameters
    ----------
    start : Map
        Where its training diverged, it is the map before.
    experiment : Experiment
    form : Form
        Of what the experiment learns.

    Raises
    ------
    InputError
        If the map is of another shape.
    """
    there = {**start.experiment.state_shape, "samples": str(start.form)}
    for key, here in {**experiment.state_shape, "samples": str(form)}.items():
        if here != there.get(key):
            raise InputError(
                f"{experiment.name} cannot start from {start.experiment.name}: both need the "
                f"same {key}, not {quoted(here)} and {quoted(there.get(key))}"
            )
    return states.taken_over(experiment, start.trained.state)
