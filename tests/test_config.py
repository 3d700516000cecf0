import copy
import dataclasses
import re
import runpy
import typing
from dataclasses import replace

import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from topodream.data import KINDS
from topodream.files import strict
from topodream.files.errors import InputError
from topodream.grid import Grid
from topodream.models import MODELS, sparse_dream
from topodream.models.mwta import Lateral, Mwta
from topodream.models.prototypes import Start
from topodream.models.sparse_dream import ColumnInhibition, Excitation, Inhibition, SparseDream
from topodream.plan.catalogue import NAME_OF_EXPERIMENT, resolve
from topodream.settings import checking, config
from topodream.settings.config import Experiment

# ------------------------------------------------------------------ what is shipped


def test_shipped_config_resolves(catalogue):
    assert {*catalogue.selected, *catalogue.not_made} == set(catalogue.listed)


def test_every_shipped_experiment_asks_a_question(catalogue):
    assert all(question.endswith("?") for question in catalogue.questions.values())


# The notebook's cells: data, rows, epochs, rate, winners, radius, strength, norm, order,
# activation, trace, error clip, weight clip.
NOTEBOOK = """
excited-20              pan    20  5 0.01  5 2 0.1  -   shuffled   excited -   - -
excited-40              pan    40  5 0.03  5 2 0.1  -   shuffled   excited -   1 -
excited-50              pan    50 10 0.03  5 2 0.1  -   shuffled   excited -   1 -
competition-50          pan    50 10 0.03  5 2 0.1  -   shuffled   drive   -   1 -
competition-100         pan   100 10 0.06  5 2 0.1  -   shuffled   drive   -   1 -
competition-80          pan    80 10 0.1   5 2 0.1  -   shuffled   drive   -   1 -
trace-40                pan    40 10 0.03  5 2 0.1  -   sequential drive   0.5 1 -
trace-40-weak           pan    40 10 0.03  5 2 0.06 -   sequential drive   0.5 1 -
trace-40-faint          pan    40 10 0.03  5 2 0.01 -   sequential drive   0.5 1 -
trace-40-normalised     pan    40 10 0.03  5 2 1    0.5 sequential drive   0.5 1 -
trace-40-normalised-r1  pan    40 10 0.03  5 1 1    0.5 sequential drive   0.5 1 -
trace-40-normalised-r3  pan    40 10 0.03  5 3 1    0.5 sequential drive   0.5 1 -
digits-excited          digits 40 12 0.03  5 2 0.1  -   shuffled   excited -   1 -
digits-competition      digits 40 12 0.03  5 2 0.1  -   shuffled   drive   -   1 -
digits-competition-long digits 40 20 0.03  5 2 0.1  -   shuffled   drive   -   1 -
digits-no-lateral       digits 40 20 0.03  5 2 0    -   shuffled   drive   -   1 -
digits-fast             digits 40 20 0.1   5 2 0.1  -   shuffled   drive   -   1 -
digits-fast-bounded     digits 40 20 0.1   5 2 0.1  -   shuffled   drive   -   1 1
digits-ten-winners      digits 40 20 0.03 10 2 0.1  -   shuffled   drive   -   1 1
"""


def number(text):
    return None if text == "-" else float(text)


@pytest.mark.parametrize("line", NOTEBOOK.strip().splitlines(), ids=lambda line: line.split()[0])
def test_experiments_have_the_notebooks_numbers(line, catalogue):
    name, data, side, epochs, rate, winners, radius, strength, norm, order, activation, *rest = (
        line.split()
    )
    trace, error_clip, weight_clip = map(number, rest)
    settings = Mwta(
        start=Start(0.15, 0.16),
        learning_rate=float(rate),
        n_winners=int(winners),
        activation=activation,
        trace=trace,
        lateral=Lateral(float(strength), int(radius), "notebook", number(norm)),
        error_clip=error_clip,
        weight_clip=weight_clip,
    )
    expected = Experiment(
        name=name,
        model="mwta",
        dataset=data,
        device="cpu",
        engine="fast",
        dtype="float32",
        on_divergence="keep",
        seed=0,
        epochs=int(epochs),
        steps_per_epoch=10_000,
        snapshot_every=1,
        order=order,
        grid=Grid(int(side), int(side)),
        settings=settings,
    )
    assert catalogue.experiments[name] == expected


# The same for SparseDream: rows, cols, epochs, reach, start of excitation, alpha, what it
# learns from, symmetric, start of inhibition, beta, zeta x rows, acts, gamma, sparsity.
DREAMS = """
dream-inhibited-start    10 10 10 1 3 0.1  1   0.02 activity no  0.1 1 0.0005 0.02  yes 1 0.05
dream-activity-trained   10 10 10 1 3 0.01 0.1 0.01 activity no  0   0 0.0005 0.001 no  3 0.01
dream-drive-trained      10 10 10 1 3 0.01 0.1 0.01 drive    no  0   0 0.0005 0.001 no  3 0.01
dream-narrow             10  9 10 1 1 0.01 0.1 0.01 drive    no  0   0 0.001  0.001 no  3 0.01
dream-symmetric          10 10 10 0 1 0.01 0.1 0.01 drive    yes 0   0 0.001  0.001 yes 3 0.01
dream-constrained        10 10 10 0 1 0.01 0.1 0.01 drive    yes 0   0 0.001  0.001 yes 3 0.01
dream-symmetric-r2       10 10 10 0 2 0.01 0.1 0.01 drive    yes 0   0 0.001  0.001 yes 3 0.01
dream-symmetric-r3       10 10 10 0 3 0.01 0.1 0.01 drive    yes 0   0 0.001  0.001 yes 3 0.01
dream-symmetric-r3-dense 10 10 10 0 3 0.01 0.1 0.01 drive    yes 0   0 0.001  0.001 yes 3 0.05
dream-wide               10 10 20 1 2 0.01 0.1 0.01 drive    yes 0   0 0.001  0.001 yes 3 0.03
dream-wide-sparse        10 10 20 1 2 0.01 0.1 0.01 drive    yes 0   0 0.001  0.001 yes 3 0.01
"""


@pytest.mark.parametrize("line", DREAMS.strip().splitlines(), ids=lambda line: line.split()[0])
def test_dreams_have_the_notebooks_numbers(line, catalogue):
    name, *words = line.split()
    yes = {"yes": True, "no": False}
    rows, cols, epochs, reach_rows, reach_cols, low, high, alpha, source, symmetric, *rest = words
    inhibited_low, inhibited_high, beta, zeta, acts, gamma, sparsity = rest
    inhibited = Start(float(inhibited_low), float(inhibited_high))
    constrained = name == "dream-constrained"
    experiment = catalogue.experiments[name]
    assert (experiment.dataset, experiment.grid) == ("digits", Grid(int(rows), int(cols)))
    assert (experiment.epochs, experiment.steps_per_epoch) == (int(epochs), 6000)
    assert experiment.order == "shuffled"
    assert experiment.settings == SparseDream(
        start=Start(0.1, 1.0),
        learning_rate=0.02,
        sparsity=float(sparsity),
        threshold_rate=float(gamma),
        excitation=Excitation(
            reach_rows=int(reach_rows),
            reach_cols=int(reach_cols),
            start=Start(float(low), float(high)),
            rate=float(alpha),
            learns_from=source,
            symmetric=yes[symmetric],
            uniform=constrained,
        ),
        global_inhibition=Inhibition(inhibited, float(beta)),
        column_inhibition=ColumnInhibition(inhibited, float(zeta), yes[acts]),
        unit_norm=constrained,
    )


# What both authors wanted next: rows, cols that excitation reaches, sparsity, epochs, its rule,
# strength, limit, what it learns from, whether inhibition spares its pairs.
NEXT = """
dream-no-excitation     0 1 0.01 10 fixed       0   -   drive    no
dream-fixed             0 1 0.01 10 fixed       0.2 -   drive    no
dream-hebbian           0 1 0.01 10 hebbian     0   -   activity no
dream-hebbian-drive     0 1 0.01 10 hebbian     0   -   drive    no
dream-hebbian-limited   0 1 0.01 10 hebbian     0   0.3 activity no
dream-oja               0 1 0.01 10 oja         0   -   activity no
dream-wide-spared       1 2 0.03 20 reconstruct -   -   drive    yes
dream-wide-fixed-spared 1 2 0.03 20 fixed       0.2 -   drive    yes
dream-patches-fixed     1 2 0.03 20 fixed       0.2 -   drive    yes
dream-patches-hebbian   1 2 0.03 20 hebbian     0   -   activity yes
"""


@pytest.mark.parametrize("line", NEXT.strip().splitlines(), ids=lambda line: line.split()[0])
def test_next_dreams_differ_in_what_they_ask(line, catalogue):
    name, rows, cols, sparsity, epochs, rule, strength, limit, source, spares = line.split()
    found, plain = catalogue.experiments[name], catalogue.experiments["dream-symmetric"]
    excitation = replace(
        plain.settings.excitation,
        reach_rows=int(rows),
        reach_cols=int(cols),
        rule=rule,
        strength=number(strength),
        limit=number(limit),
        learns_from=source,
    )
    assert found == replace(
        plain,
        name=name,
        dataset="patches" if "patches" in name else "digits",
        epochs=int(epochs),
        settings=replace(
            plain.settings,
            sparsity=float(sparsity),
            excitation=excitation,
            global_inhibition=replace(
                plain.settings.global_inhibition, spares_excited_pairs=spares == "yes"
            ),
        ),
    )


def test_a_radius_at_one_sum_excites_as_much_as_the_experiment_that_it_varies(catalogue):
    sweep = catalogue.sweeps["radius-at-one-sum"]
    plain = catalogue.experiments[sweep.extends].settings.lateral
    for name in sweep.maps:
        lateral = catalogue.experiments[name].settings.lateral
        n_neighbours = (2 * plain.radius + 1) ** 2 - 1
        assert lateral.row_sum == pytest.approx(n_neighbours * plain.strength)


# ------------------------------------------------------------------ merging


def test_extends_merges_groups_and_replaces_values(some_config):
    some_config["experiments"]["mine"] = {
        "extends": "trace-40-normalised",
        "lateral": {"radius": 4},
        "trace": None,
    }
    mine = resolve(some_config).experiments["mine"]
    assert mine.settings.lateral == Lateral(1.0, 4, "notebook", 0.5)
    assert mine.settings.trace is None
    assert mine.order == "sequential"


def test_one_key_moves_all_experiments_but_those_that_say_otherwise(some_config):
    some_config["device"] = "gpu"
    some_config["experiments"]["excited-40"]["device"] = "cpu"
    some_config["defaults"]["sparse_dream"]["device"] = "auto"
    found = {name: one.device for name, one in resolve(some_config).experiments.items()}
    assert found["trace-40"] == found["excited-20"] == "gpu"
    assert found["excited-40"] == found["excited-50"] == "cpu"  # which extends it
    assert found["dream-wide"] == "auto"


@pytest.mark.parametrize("value", [1, 1.0])
def test_a_number_is_one_setting_however_it_is_written(some_config, value):
    some_config["experiments"]["excited-20"]["lateral"] = {"strength": value, "radius": value}
    resolved = config.to_mapping(resolve(some_config).experiments["excited-20"])
    assert repr(resolved["lateral"]["strength"]) == "1.0"
    assert repr(resolved["lateral"]["radius"]) == "1"


@pytest.mark.parametrize("number", [300, 300.0])
def test_numbers_of_data_and_evaluation_have_their_type_too(some_config, number):
    some_config["datasets"]["pan"]["frames"] = number
    some_config["datasets"]["pan"]["max_speed"] = number
    some_config["evaluation"]["held_out"] = number
    some_config["animation"]["sequence_frames"] = number
    resolved = resolve(some_config)
    assert repr(resolved.datasets["pan"]["frames"]) == "300"
    assert repr(resolved.datasets["pan"]["max_speed"]) == "300.0"
    assert repr(resolved.evaluation["held_out"]) == "300"
    assert repr(resolved.animation["sequence_frames"]) == "300"


def test_settings_that_refer_to_themselves(some_config):
    some_config["experiments"]["excited-20"]["grid"] = some_config["experiments"]
    with pytest.raises(InputError, match="nested too deep"):
        resolve(some_config)


@pytest.mark.slow
def test_resolved_settings_come_back_from_their_file(catalogue, tmp_path):
    for experiment in catalogue.experiments.values():
        path = tmp_path / f"{experiment.name}.yaml"
        path.write_text(yaml.safe_dump(config.to_mapping(experiment)))
        assert config.read_experiment(path) == experiment


@pytest.mark.parametrize(
    ("run", "selected"),
    [
        ("demo", ["excited-20", "digits-competition"]),
        ("trace-40", ["trace-40"]),
        (["trace-40", "demo", "excited-20"], ["excited-20", "trace-40", "digits-competition"]),
    ],
)
def test_run_names_selections_and_experiments(some_config, run, selected):
    some_config["run"] = run
    some_config["selections"]["demo"] = ["excited-20", "digits-competition"]
    assert resolve(some_config).selected == selected


# ------------------------------------------------------------------ errors


def put(path, value):
    """A change of the config: set the value at a dotted path."""

    def change(content):
        *groups, last = path.split("/")
        for group in groups:
            content = content.setdefault(group, {})
        content[last] = value

    return change


E40 = "experiments/excited-40"
RING = {"grid": {"rows": 2}, "lateral": {"edge": "wrap", "radius": 0}}
WRONG = [
    (
        put("defaults/mwta/epoch", 3),
        "experiment 'excited-20': unknown key epoch = 3 (set in defaults.mwta) (did you mean",
    ),
    (
        put(f"{E40}/n_winners", "7"),
        "; a number in quotes, or nested in --config, is text: write it into a file",
    ),
    (
        put("selections/excited-20", ["trace-40"]),
        "config: selections: the name 'excited-20' is taken",
    ),
    (
        put("selections/unused", ["nope"]),
        "config: selections.unused: 'nope' is no experiment, group, sweep or selection",
    ),
    (put("experiments/abc\n", {}), "the name 'abc\\n' is not allowed"),
    (put("experiments/logs", {}), "the name 'logs' is not allowed"),
    (
        put("datasets/digits/folder", "somewhere"),
        "data set 'digits': folder = 'somewhere' is not allowed: left out unless source is idx",
    ),
    (
        put("datasets/digits/mirrors", ["https://a/"]),
        "mirrors = ['https://a/'] is not allowed: left out unless source is mirror",
    ),
    (
        lambda c: c["datasets"]["digits"].update(source="mirror", mirrors=["ftp://a/"]),
        "mirrors.0 = 'ftp://a/' is not allowed: an address that begins with http",
    ),
    (put(f"{E40}/question", "x" * 1001), "question = 'xxx"),
    (put(f"{E40}/question", "\ud800"), "NUL and surrogates (half a character) can't be written"),
    (put(f"{E40}/question", "\x07"), "is not allowed: what the experiment asks"),
    (put("datasets/digits/folder", "a\0b"), "folder = 'a\\x00b' is not allowed: NUL"),
    (put("groups/few", {"about": "\ud800", "experiments": ["excited-20"]}), "half a character"),
    (put("sweeps/some", {"question": "\udfff"}), "half a character"),
    (put("animation/images_ms", 10**5000), "is not allowed: a number of 64 bits"),
    (put("evaluation/held_out", -(10**400)), "is not allowed: a number of 64 bits"),
    (
        put(f"{E40}/epoch", 3),
        "experiment 'excited-40': unknown key epoch = 3 (did you mean 'epochs'?)",
    ),
    (
        put(f"{E40}/lateral", {"strenght": 0.2}),
        "experiment 'excited-40': unknown key lateral.strenght = 0.2 (did you mean 'strength'?)",
    ),
    (
        put(f"{E40}/lateral", {"strength": -1}),
        "experiment 'excited-40': lateral.strength = -1 is not allowed: a number from 0 to 10 "
        "(weight of each neighbour's drive; 0 for no lateral excitation)",
    ),
    (
        put(f"{E40}/trace", 0),
        "experiment 'excited-40': trace = 0 is not allowed: a number above 0 to 1 or null (how far",
    ),
    (
        put(f"{E40}/epochs", 2.5),
        "experiment 'excited-40': epochs = 2.5 is not allowed: a whole number from 1 to 100000",
    ),
    (put(f"{E40}/epochs", True), "experiment 'excited-40': epochs = True is not allowed"),
    (
        put(f"{E40}/order", "random"),
        "experiment 'excited-40': order = 'random' is not allowed: one of shuffled, sequential",
    ),
    (
        put(f"{E40}/grid", 40),
        "experiment 'excited-40': grid = 40 is not allowed: keys and values (the grid",
    ),
    (
        put(f"{E40}/learning_rate", "3e-2"),
        "is not allowed: a number from 0 to 10 (factor of each weight change); "
        "YAML reads 1e-3 as text: write 1.0e-3 or 0.001",
    ),
    (
        put(f"{E40}/trace", float("nan")),
        "config: experiments.excited-40.trace = nan is not allowed: a finite number",
    ),
    (
        put("experiments/excited-20/n_winners", 0),
        "experiment 'excited-20': n_winners = 0 is not allowed: a whole number from 1",
    ),
    (
        put("defaults/mwta/start", {"low": 3, "high": 2}),
        "experiment 'excited-20': start.low = 3 (set in defaults.mwta) is not allowed: at most "
        "start.high, 2.0",
    ),
    (
        put(f"{E40}/n_winners", 1601),
        "experiment 'excited-40': n_winners = 1601 is not allowed: at most the 1600 units of a "
        "grid of 40 x 40",
    ),
    (
        put(f"{E40}/weight_clip", 0.1),
        "experiment 'excited-40': start.high = 0.16 (set in defaults.mwta) is not allowed: at most "
        "weight_clip, 0.1",
    ),
    (
        put(f"{E40}/lateral", {"strength": 0, "row_norm": 0.5}),
        "experiment 'excited-40': lateral.row_norm = 0.5 is not allowed: null where",
    ),
    (
        put(f"{E40}/lateral", {"strength": 0, "row_sum": 2.4}),
        "experiment 'excited-40': lateral.row_sum = 2.4 is not allowed: null where",
    ),
    (
        put(f"{E40}/lateral", {"row_norm": 0.5, "row_sum": 2.4}),
        "experiment 'excited-40': lateral.row_sum = 2.4 is not allowed: null where "
        "lateral.row_norm says how rows are scaled",
    ),
    (
        put("experiments/dream-narrow/excitation", {"rule": "fixed"}),
        "experiment 'dream-narrow': excitation.strength = None (set in defaults.sparse_dream) is "
        "not allowed: a number where excitation.rule is fixed",
    ),
    (
        put("experiments/dream-narrow/excitation", {"rule": "fixed", "strength": 1, "limit": 2}),
        "experiment 'dream-narrow': excitation.limit = 2 is not allowed: null where "
        "excitation.rule is fixed, which changes no weight",
    ),
    (
        put("experiments/dream-narrow/excitation", {"rule": "fixed", "strength": 1, "budget": 2}),
        "experiment 'dream-narrow': excitation.budget = 2 is not allowed: null where",
    ),
    (
        put(
            "experiments/dream-narrow/excitation", {"rule": "fixed", "strength": 1, "uniform": True}
        ),
        "experiment 'dream-narrow': excitation.uniform = True is not allowed: false where",
    ),
    (
        put("experiments/dream-narrow/excitation", {"rule": "oja", "strength": 0, "budget": 0}),
        "experiment 'dream-narrow': excitation.budget = 0 is not allowed",
    ),
    (
        put(f"{E40}/lateral", {"edge": "wrap", "radius": 20}),
        "experiment 'excited-40': lateral.radius = 20 is not allowed: at most 19 where "
        "lateral.edge is wrap, on a grid of 40 x 40",
    ),
    (
        put("experiments/ring", {"extends": "excited-40", **RING}),
        "experiment 'ring': lateral.edge = 'wrap' is not allowed: full or notebook on a grid of "
        "2 x 40; wrap needs 3 rows and columns",
    ),
    (
        put(f"{E40}/extends", "excited-2"),
        "experiment 'excited-40': extends = 'excited-2': no such experiment "
        "(did you mean 'excited-20'?)",
    ),
    (
        put("experiments/excited-20/extends", "excited-50"),
        "experiment 'excited-40': extends = 'excited-20': a loop, "
        "excited-20 -> excited-50 -> excited-40 -> excited-20",
    ),
    (
        put(f"{E40}/extends", "excited-40"),
        "experiment 'excited-40': extends = 'excited-40': a loop, excited-40 -> excited-40",
    ),
    (put(f"{E40}/extends", ["a"]), "experiments.excited-40.extends = ['a'] is not allowed: a text"),
    (
        put(f"{E40}/dataset", "tapestry"),
        "experiment 'excited-40': dataset = 'tapestry' is not allowed: what can be learnt is one of "
        "digits, pan",
    ),
    (
        put(f"{E40}/model", "som"),
        f"experiment 'excited-40': model = 'som' is not allowed: one of {', '.join(MODELS)}",
    ),
    (
        put("model", "som"),
        f"config: model = 'som' is not allowed: one of {', '.join(MODELS)} (the model",
    ),
    (lambda c: c.pop("model"), "config: the key model is missing"),
    (put("device", "tpu"), "config: device = 'tpu' is not allowed: one of cpu, gpu, auto (what"),
    (
        put(f"{E40}/device", "cuda"),
        "experiment 'excited-40': device = 'cuda' is not allowed: one of cpu, gpu, auto (what",
    ),
    (
        lambda c: put(f"{E40}/engine", "reference")(c) or put("device", "gpu")(c),
        "experiment 'excited-40': device = 'gpu' (set in config) is not allowed: cpu where engine "
        "is reference",
    ),
    (
        lambda c: put("defaults/mwta/device", "auto")(c) or put(f"{E40}/engine", "reference")(c),
        "experiment 'excited-40': device = 'auto' (set in defaults.mwta) is not allowed: cpu where",
    ),
    (
        put("maps_per_gpu_job", 0),
        "config: maps_per_gpu_job = 0 is not allowed: a whole number from 1 to 500",
    ),
    (
        put("maps_per_job", 501),
        "config: maps_per_job = 501 is not allowed: a whole number from 1 to 500 or auto",
    ),
    (
        put("maps_per_job", "automatic"),
        "config: maps_per_job = 'automatic' is not allowed: a whole number from 1 to 500 or auto",
    ),
    (
        put("run", "demoo"),
        "config: run: 'demoo' is no experiment, group, sweep or selection (did you mean 'demo'?)",
    ),
    (
        put("run", "my-map"),
        "is no experiment, group, sweep or selection (is --configfile missing?)",
    ),
    (put("run", "demo,my-map"), "selection (to name several: --config 'run=[a, b]')"),
    (put("run", "demo all"), "selection (to name several: --config 'run=[a, b]')"),
    (put("run", 3), "config: run = 3 is not allowed: a text or a list"),
    (put("selections/demo", ["nope"]), "config: selections.demo: 'nope' is no experiment"),
    (
        put("experiments/Bad Name", {}),
        "config: experiments: the name 'Bad Name' is not allowed: a name of lower-case letters",
    ),
    (lambda c: c["experiments"].update({"../up": {}}), "the name '../up' is not allowed"),
    (put("experiments/data", {}), "config: experiments: the name 'data' is not allowed"),
    (
        put("experiments/empty", None),
        "config: experiments.empty = None is not allowed: keys and values",
    ),
    (
        lambda c: c["experiments"].update({3: {}}),
        "config: experiments: the key 3 is not a text: quote it",
    ),
    (put("experiment", {}), "config: unknown key experiment = {} (did you mean 'experiments'?)"),
    (lambda c: c.pop("run"), "config: the key run is missing"),
    (
        lambda c: c["defaults"]["mwta"].pop("epochs"),
        "experiment 'trace-40': the key epochs is missing",
    ),
    (
        put("datasets/digits/sorce", "idx"),
        "data set 'digits': unknown key sorce = 'idx' (did you mean 'source'?)",
    ),
    (
        put("datasets/digits/source", "web"),
        "data set 'digits': source = 'web' is not allowed: one of embedded, keras, mirror, idx "
        "(where the images come from)",
    ),
    (put("datasets/digits/source", "idx"), "data set 'digits': the key folder is missing"),
    (
        put("datasets/digits/kind", "cifar"),
        "data set 'digits': kind = 'cifar' is not allowed: one of mnist, images, cifar10, photographs, patches, tapestry, pan",
    ),
    (
        put("datasets/pan/over", "digits"),
        "data set 'pan': over = 'digits' is not a data set of kind photographs or tapestry: one of tapestry, raccoon",
    ),
    (
        put("datasets/patches/images", "patches"),
        "data set 'patches': images = 'patches' is not allowed: a loop, patches -> patches",
    ),
    (
        lambda c: c["datasets"].update(
            a=c["datasets"]["patches"] | {"images": "b"},
            b=c["datasets"]["patches"] | {"images": "a"},
        ),
        "data set 'a': images = 'a' is not allowed: a loop, a -> b -> a",
    ),
    (
        put("datasets/patches/images", "pan"),
        "data set 'patches': images = 'pan' is not a data set of kind mnist or images or cifar10 or "
        "photographs or patches",
    ),
    (
        put("datasets/patches/colours", "rgb"),
        "data set 'patches': colours = 'rgb' is not allowed: it needs filter = none and channels = raw",
    ),
    (
        put("datasets/pan/colours", "opponent"),
        "data set 'pan': colours = 'opponent' is not allowed: it needs filter = centre_surround and "
        "channels = on_off",
    ),
    (
        put("datasets/patches/filter", "sharpen"),
        "data set 'patches': filter = 'sharpen' is not allowed: one of none, centre_surround, "
        "wide_centre_surround (what is seen",
    ),
    (
        put("datasets/patches/count", 0),
        "data set 'patches': count = 0 is not allowed: a whole number from 2 to 1000000 (patches to",
    ),
    (
        put("datasets/raccoon/folder", "here"),
        "data set 'raccoon': folder = 'here' is not allowed: left out unless source is folder",
    ),
    (put("datasets/raccoon/source", "folder"), "data set 'raccoon': the key folder is missing"),
    (
        put(f"{E40}/dataset", "raccoon"),
        "experiment 'excited-40': dataset = 'raccoon' is not allowed: what can be learnt is one of",
    ),
    (
        put("animation/sequence_ms", 33),
        "config: animation.sequence_ms = 33 is not allowed: a whole number from 20 to 10000 in "
        "steps of 10",
    ),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[said[:50] for _, said in WRONG])
def test_what_is_wrong_is_said_in_one_line(some_config, change, message):
    change(some_config)
    with pytest.raises(InputError) as caught:
        resolve(some_config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_inherited_value_is_traced_to_where_it_stands(some_config):
    some_config["experiments"]["digits-excited"]["epochs"] = 0
    some_config["experiments"] = {
        # The heir comes first, so that it is the one found wrong.
        "digits-competition": some_config["experiments"]["digits-competition"],
        "digits-excited": some_config["experiments"]["digits-excited"],
    }
    with pytest.raises(InputError) as caught:
        resolve(some_config)
    assert (
        "experiment 'digits-competition': epochs = 0 (set in experiment 'digits-excited')"
        in str(caught.value)
    )


def test_a_wrong_default_is_traced_to_the_defaults(some_config):
    some_config["defaults"]["mwta"]["dtype"] = "float16"
    with pytest.raises(InputError, match=r"dtype = 'float16' \(set in defaults.mwta\) is not"):
        resolve(some_config)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=2)
    ),
    max_leaves=4,
)


def paths(content, prefix=()):
    """Every path into nested mappings and lists."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*prefix, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*prefix, key))


SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text())
# Four experiments tell all there is to tell, and resolve quicker than thirty.
SHIPPED["experiments"] = dict(list(SHIPPED["experiments"].items())[:4])
SHIPPED["selections"] = {"demo": ["excited-20", "few"]}
SHIPPED["groups"] = {"few": {"about": "Some of them", "experiments": ["excited-40"]}}
SHIPPED["sweeps"] = {
    "some": {
        "question": "Why?",
        "extends": "excited-20",
        "over": {"lateral.strength": [0.1, 0.2], "trace": [None, 0.5], "seed": [0, 1]},
        "measures": ["held_out_mse"],
    }
}
CLAIM = {"measure": "held_out_mse", "of": "excited-20", "minus": "some--0.1--none", "below": 0}
STATEMENT = {"said": "So it is.", "source": "a test", "because": "", "claims": [CLAIM]}
STATEMENT |= {"seeds": [3, 9], "undecided_because": "It is close."}
SHIPPED["findings"] = {"seeds": [0, 3], "statements": {"so-it-is": STATEMENT}}
resolve(SHIPPED)  # what is changed below is right before


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(path=st.sampled_from(sorted(paths(SHIPPED), key=str)), value=VALUES)
def test_any_value_anywhere_resolves_or_is_one_clear_line(path, value):
    content = copy.deepcopy(SHIPPED)
    group = content
    for key in path[:-1]:
        group = group[key]
    group[path[-1]] = value
    try:
        resolve(content)
    except InputError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 'x\n", "not a YAML file: line 3: found unexpected end of stream"),
        ("a: 1\nb: c: d\n", "not a YAML file: line 2: mapping values are not allowed "),
        ("- 1", "has to hold keys and values, not [1]"),
        ("", "has to hold keys and values, not None"),
        (b"\xff\xfe\x00", "not a YAML file"),
    ],
)
def test_files_that_are_no_settings(tmp_path, text, message):
    path = tmp_path / "some.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        strict.read_yaml(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("has_c", [True, False])
def test_without_its_parser_in_c_yaml_reads_the_same(monkeypatch, tmp_path, has_c):
    assert hasattr(yaml, "CSafeLoader")
    if not has_c:
        monkeypatch.delattr(yaml, "CSafeLoader")
    read = runpy.run_path(strict.__file__)["read_yaml"]
    for name in ("config.yaml", "findings.yaml"):
        assert read(ROOT / name) == yaml.safe_load((ROOT / name).read_text())
    path = tmp_path / "some.yaml"
    for text, message in (("a: 1\na: 2", "the key 'a' stands in line 1 and again in line 2"),
                          ("a: 1\nb: 010", "line 2: 010 is the number 8"),
                          ("a: 1\nb: c: d", "line 2: mapping values are not allowed ")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read(path)


def test_missing_file_and_folder_in_its_place(tmp_path):
    with pytest.raises(InputError, match="cannot read .*no such file"):
        strict.read_yaml(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="cannot read .*it is a folder"):
        strict.read_yaml(tmp_path)


def test_a_resolved_file_changed_by_hand_is_checked_again(catalogue, tmp_path):
    path = tmp_path / "mine.yaml"
    settings_ = config.to_mapping(catalogue.experiments["excited-20"])
    path.write_text(yaml.safe_dump({**settings_, "epochs": -3}))
    with pytest.raises(InputError, match=r"mine.yaml: epochs = -3 is not allowed"):
        config.read_experiment(path)
    path.write_text(yaml.safe_dump({**settings_, "name": "../elsewhere"}))
    with pytest.raises(InputError, match=r"mine.yaml: the name '../elsewhere' is not allowed"):
        config.read_experiment(path)
    path.write_text(yaml.safe_dump({**settings_, "dataset": "../elsewhere"}))
    with pytest.raises(InputError, match=r"dataset: the name '../elsewhere' is not allowed"):
        config.read_experiment(path)
    del settings_["name"]
    path.write_text(yaml.safe_dump(settings_))
    with pytest.raises(InputError, match=r"mine.yaml: the key name is missing"):
        config.read_experiment(path)


def test_a_key_with_a_line_break_leaves_the_error_on_one_line(some_config):
    some_config["animation"]["sequence_frames"] = {"a\n": {0: 1}}
    with pytest.raises(InputError) as caught:
        resolve(some_config)
    assert str(caught.value) == (
        "config: animation.sequence_frames.'a\\n': the key 0 is not a text: quote it"
    )


# ------------------------------------------------------------------ schema and dataclasses


def nested_schemas(schema, path=()):
    for key, part in schema.get("properties", {}).items():
        yield (*path, key), part
        yield from nested_schemas(part, (*path, key))


def schema_of(name):
    return checking.schema(name)


def every_key():
    yield from nested_schemas(schema_of("config"))
    for name in ("experiment", "mwta", "sparse_dream"):
        yield from nested_schemas(schema_of(name))
    for kind in KINDS:
        yield from nested_schemas(schema_of(f"data/{kind}"))


def test_every_key_is_described_and_has_a_type():
    for path, part in every_key():
        assert part.get("description"), path
        assert {"type", "enum", "const"} & set(part), path


def test_no_schema_fills_in_defaults():
    assert not [path for path, part in every_key() if "default" in part]


def fields(kind):
    """The keys a dataclass holds: name -> whether it may be None, and of which type."""
    return typing.get_type_hints(kind)


@pytest.mark.parametrize("name", MODELS)
def test_schema_and_dataclasses_agree(name):
    kind = MODELS[name].settings
    common, own = schema_of("experiment")["properties"], schema_of(name)["properties"]
    assert not set(common) & set(own)
    assert set(common) == set(fields(Experiment)) - {"name", "model", "settings"}
    assert set(own) == {*fields(kind), "model"}
    check_group(common | own, {**fields(Experiment), **fields(kind)})
    assert checking._with_base(schema_of(name))["required"] == [*common, *own]


def test_kernels_know_every_rule_of_excitation():
    excitation = schema_of("sparse_dream")["properties"]["excitation"]["properties"]
    assert tuple(excitation["rule"]["enum"]) == sparse_dream.RULES


def check_group(properties, hints):
    check_types(properties, hints)
    for key, part in properties.items():
        if part.get("type") == "object":
            kind = hints[key]
            assert list(part["properties"]) == [f.name for f in dataclasses.fields(kind)]
            assert part["required"] == list(part["properties"])
            check_group(part["properties"], fields(kind))


def check_types(properties, hints):
    python = {"integer": int, "number": float, "string": str, "boolean": bool, "null": type(None)}
    for key, part in properties.items():
        if part.get("type") == "object":
            continue
        named = part.get("type", "string")
        expected = {python[name] for name in ([named] if isinstance(named, str) else named)}
        assert set(typing.get_args(hints[key]) or [hints[key]]) == expected, key


def test_names_that_are_taken_are_documented():
    pattern = schema_of("config")["$defs"]["name"]["pattern"]
    taken = re.match(r"\^\(\?!\(([a-z|]+)\)\$\)", pattern)[1].split("|")
    folders = re.findall(r"\w+", re.match(r"\(\?!\(\?:([a-z|]+)\)/\)", NAME_OF_EXPERIMENT)[1])
    assert set(folders) | {"all", "findings"} == set(taken)  # and what `run` can name
    text = (ROOT / "docs" / "configuration.md").read_text()
    said = re.search(r"They are not ((?:`\w+`(?:,| or)?\s+)+)", text)[1]
    assert re.findall(r"`(\w+)`", said) == taken
    assert ", ".join(taken) in schema_of("config")["$defs"]["name"]["description"]


def test_the_model_of_experiments_that_name_none(some_config):
    some_config["model"] = "sparse_dream"
    some_config["experiments"]["mine"] = {"dataset": "digits"}
    some_config["experiments"]["named"] = {"dataset": "digits", "model": "mwta"}
    # The shipped ones of MWTA have settings that only MWTA has.
    some_config["experiments"] = {k: some_config["experiments"][k] for k in ("mine", "named")}
    some_config.update({"selections": {}, "groups": {}, "sweeps": {}})
    some_config["findings"]["statements"] = {}
    found = {name: one.model for name, one in resolve(some_config).experiments.items()}
    assert found == {"mine": "sparse_dream", "named": "mwta"}


def test_every_key_of_the_config_is_documented():
    # Those of data sets may stand with their kinds.
    text = "".join((ROOT / "docs" / f"{name}.md").read_text() for name in ("configuration", "data"))
    missing = {path[-1] for path, _ in every_key() if f"`{path[-1]}`" not in text}
    assert missing <= set(MODELS)
    assert all(f"`model: {name}`" in text for name in MODELS)
