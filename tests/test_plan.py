"""What rules are told of their inputs, params and resources, and which names they are of."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
from conftest import ROOT
from snakemake.io import is_callable, is_flagged

from topodream.data import raw_files
from topodream.models import MODELS
from topodream.pictures.figures import FIGURES
from topodream.pictures.picture import Still
from topodream.plan import catalogue as catalogues
from topodream.plan import found, params, resources, wildcards
from topodream.plan.inputs import Inputs
from topodream.plan.maps import map_kind, map_kinds, text_for_report
from topodream.plan.needs import BEFORE_TRAINING, Needs, named
from topodream.plan.params import Params, flags
from topodream.plan.shown import Shown
from topodream.plan.sources import Sources
from topodream.traits import LABELS, OF_DATA, SEQUENCE


def of(**values):
    return SimpleNamespace(**values)


@pytest.fixture
def sources():
    """Those of the project; other inputs are a reason to run again."""
    return Sources(ROOT, is_module=False, inputs_count=lambda: True)


@pytest.fixture
def inputs(catalogue, sources):
    return Inputs(catalogue, sources)


@pytest.fixture
def needs(catalogue):
    return Needs(catalogue)


# ------------------------------------------------------------------ the workflow


def test_files_of_rules_define_no_function_but_for_rules():
    for path in [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*")]:
        if path.name == "Snakefile" or path.suffix == ".smk":
            defined = re.split(r"^(?= *(?:async )?(?:def|class) )", path.read_text(), flags=re.M)[
                1:
            ]
            # All that asks Snakemake itself, when jobs are planned.
            asks = re.findall(r"^.*\blambda\b.*", path.read_text(), re.MULTILINE)
            assert all(re.search(r"^    rule:\n", one, re.M) for one in defined), path
            assert all("workflow." in line for line in asks), path


def test_what_a_workflow_imports_loads_nothing_heavy():
    """Each job of a cluster starts two Snakemakes, and each of them reads the workflow."""
    text = (ROOT / "workflow" / "rules" / "common.smk").read_text()
    lines = re.findall(r"^from topodream\..*", text, re.MULTILINE)
    heavy = "{'matplotlib', 'scipy', 'sklearn', 'numba', 'PIL'}"
    code = "\n".join(["import sys", *lines, f"print({heavy} & set(sys.modules) or '')"])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": ROOT / "src"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == ""
    assert len(lines) > 5


def test_only_the_workflow_needs_snakemake():
    importing = {
        path.name
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"^ *(?:from|import) snakemake\b", path.read_text(), re.MULTILINE)
    }
    assert importing == {"sources.py"}
    read = "".join(path.read_text() for path in (ROOT / "src").glob("*.py"))
    assert "plan.sources" not in read
    assert "plan.inputs" not in read


# ------------------------------------------------------------------ names


def test_a_pattern_matches_its_names_and_nothing_else():
    pattern = re.compile(wildcards.pattern(["v1.5", "a+b"]))
    assert [bool(pattern.fullmatch(name)) for name in ("v1.5", "a+b", "v1x5", "aab")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not re.compile(wildcards.pattern([])).search("anything, and nothing")


def test_data_sets_of_a_kind(catalogue):
    assert wildcards.datasets_of(catalogue, "tapestry") == "tapestry"
    none = replace(catalogue, datasets={})
    assert wildcards.datasets_of(none, "pan") == wildcards.NOTHING


def test_an_experiment_that_is_none_ends_snakemake_in_a_line(catalogue):
    with pytest.raises(SystemExit) as ended:
        wildcards.experiment_of(catalogue, of(experiment="excited-21"))
    said = str(ended.value)
    assert said.startswith("topodream: the folder of an experiment = 'excited-21': no such")
    assert "excited-20" in said
    assert "\n" not in said


# ------------------------------------------------------------------ kinds of maps


def test_every_trait_can_name_a_rule():
    assert all(trait.isidentifier() for trait in OF_DATA)


def test_a_map_has_the_traits_of_its_model_and_of_its_data(catalogue):
    kind = map_kind(catalogue, "trace-40")
    assert str(kind) == "mwta_sequence"
    assert kind.traits == MODELS["mwta"].traits | {SEQUENCE}
    assert "trajectory" in names_of(kind.animations)
    assert "label_map" not in names_of(kind.figures)
    kind = map_kind(catalogue, "dream-wide")
    assert str(kind) == "sparse_dream_labels"
    assert kind.traits == MODELS["sparse_dream"].traits | {LABELS}
    assert "label_map" in names_of(kind.figures)
    assert set(kind.pictures) == {*kind.figures, *kind.animations}


def names_of(pictures):
    return [picture.name for picture in pictures]


def test_a_figure_in_snakemakes_report_has_a_text_or_that_of_all():
    folder = ROOT / "workflow" / "rules"
    new = Still("new", "A new one.", "new.draw")
    assert new.in_report
    for figure in [*FIGURES, new]:
        text = text_for_report(ROOT, figure)
        own = figure.in_report and figure != new
        assert text == f"../report/{figure.name if own else 'picture'}.rst"
        assert (folder / text).is_file()


def test_pictures_depend_on_what_draws_them_and_on_no_other(inputs, catalogue):
    """Neither those that this map doesn't have."""
    kind = map_kind(catalogue, "trace-40")
    code = inputs.code_for_pictures("plot_map.py", kind.figures)(of(experiment="trace-40"))
    ends = {str(path).split("topodream/")[-1] for path in code}
    drawn = {f"pictures/figures/{name}.py" for name in ("hit_map", "lateral_tiles")}
    assert {"models/mwta.py", *drawn} <= ends
    assert not [path for path in ends if "label_map" in path or "animation" in path]


def test_every_experiment_of_the_config_is_of_one_kind_and_no_point_of_a_sweep(catalogue):
    kinds = map_kinds(catalogue)
    assert sorted(name for some in kinds.values() for name in some) == sorted(catalogue.listed)
    assert all(map_kind(catalogue, name) == kind for kind, some in kinds.items() for name in some)


# ------------------------------------------------------------------ inputs


def test_a_file_is_recorded_by_its_name_and_content_not_its_place(tmp_path, monkeypatch):
    recorded = []
    for clone in ("one", "other"):
        (tmp_path / clone).mkdir()
        (tmp_path / clone / "code.py").write_text("content")
        monkeypatch.chdir(tmp_path / clone)
        sources = Sources(tmp_path / clone, is_module=False, inputs_count=lambda: True)
        recorded.append(sources.file(tmp_path / clone / "code.py"))
        assert recorded[-1] == "code.py"
        assert not is_flagged(recorded[-1], "ancient")
    first, second = (file.flags["sourcecache_entry"] for file in recorded)
    assert first == second
    assert re.fullmatch("code.py [0-9a-f]{12}", first)
    (tmp_path / "other" / "code.py").write_text("other content")
    sources = Sources(tmp_path / "other", is_module=False, inputs_count=lambda: True)
    assert sources.file(tmp_path / "other" / "code.py").flags["sourcecache_entry"] != first


@pytest.mark.parametrize("inputs_count", [True, False])
def test_seen_from_elsewhere_no_time_counts_unless_nothing_else_does(
    tmp_path, monkeypatch, inputs_count
):
    (tmp_path / "work").mkdir()
    (tmp_path / "code.py").write_text("content")
    monkeypatch.chdir(tmp_path / "work")
    file = Sources(tmp_path, False, lambda: inputs_count).file(tmp_path / "code.py")
    assert file == "../code.py"
    assert is_flagged(file, "ancient") == inputs_count


def test_files_of_a_module_are_local(tmp_path):
    (tmp_path / "code.py").write_text("content")
    for is_module in (True, False):
        file = Sources(tmp_path, is_module, lambda: True).file(tmp_path / "code.py")
        assert is_flagged(file, "local") == is_module


def test_a_source_that_is_missing_ends_snakemake_in_a_line(sources):
    with pytest.raises(SystemExit, match="^topodream: .*missing.py"):
        sources.file(ROOT / "src" / "missing.py")


def test_training_depends_on_its_model_and_engine_and_no_other(catalogue, inputs):
    code = [str(path) for path in inputs.code_for_training(of(experiment="excited-20"))]
    assert code[0].endswith("src/train.py")
    ends = {path.rsplit("/", 1)[-1] for path in code}
    assert {"mwta.py", "fast_mwta.py"} <= ends
    assert not {"sparse_dream.py", "fast_sparse_dream.py", "reference.py"} & ends


def test_data_are_of_what_their_section_names(inputs):
    assert inputs.data(of(experiment="trace-40")) == "results/data/pan.h5"
    assert inputs.made_of(["over"])["over"](of(dataset="pan")) == "results/data/tapestry.h5"
    of_images = inputs.made_of(["digits"])["digits"]
    assert of_images(of(dataset="tapestry")) == "results/data/digits.h5"
    assert inputs.made_of([]) == {}


def idx_inputs(some_config, sources, folder):
    some_config["datasets"]["digits"] = {"kind": "mnist", "source": "idx", "folder": str(folder)}
    return Inputs(catalogues.resolve(some_config), sources)


def test_raw_files_are_none_where_one_is_missing_and_nothing_was_made(
    some_config, sources, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    inputs = idx_inputs(some_config, sources, tmp_path)
    assert inputs.raw_files(of(dataset="digits")) == []
    assert Params(inputs.catalogue, inputs).dataset(of(dataset="digits")) == shlex.join(
        [f"--folder={tmp_path}", "--source=idx"]
    )
    (tmp_path / "results/data").mkdir(parents=True)
    (tmp_path / "results/data/digits.h5").touch()
    with pytest.raises(SystemExit) as ended:
        inputs.raw_files(of(dataset="digits"))
    assert str(ended.value).endswith("(results/data/digits.h5 is left as it is)")


def test_raw_files_are_recorded_by_their_raw_content(some_config, sources, tmp_path, monkeypatch):
    digests = {"train-images-idx3-ubyte": (tmp_path / "Train.gz", "0123456789abcdef")}
    monkeypatch.setattr(raw_files, "digests_of", lambda folder: digests)
    inputs = idx_inputs(some_config, sources, tmp_path)
    (file,) = inputs.raw_files(of(dataset="digits"))
    assert file == str(tmp_path / "Train.gz")
    assert file.flags["sourcecache_entry"] == "train-images-idx3-ubyte 0123456789ab"
    assert is_flagged(file, "local")
    assert is_flagged(file, "ancient")
    # Where the files are inputs, their folder is no param.
    assert Params(inputs.catalogue, inputs).dataset(of(dataset="digits")) == "--source=idx"


# ------------------------------------------------------------------ params


def test_flags_are_in_order_and_survive_a_shell():
    settings = {"b": "it's $HOME", "a_long_one": -1, "several": ["x y", "-z"]}
    said = flags(settings)
    assert shlex.split(said) == ["--a-long-one=-1", "--b=it's $HOME", "--several", "x y", "-z"]
    assert said == flags(dict(reversed(settings.items())))


def test_a_data_set_says_the_settings_that_it_has(catalogue, inputs):
    of_params = Params(catalogue, inputs)
    assert of_params.dataset(of(dataset="tapestry")) == "--side=30"
    assert of_params.dataset(of(dataset="digits")) == "--source=embedded"
    assert of_params.not_compared(of(dataset="digits"), []) == ""


def test_mirrors_are_told_and_not_compared(some_config, sources):
    some_config["datasets"]["digits"] |= {"source": "mirror", "mirrors": ["http://a/", "http://b/"]}
    catalogue = catalogues.resolve(some_config)
    of_params = Params(catalogue, Inputs(catalogue, sources))
    assert of_params.dataset(of(dataset="digits")) == "--source=mirror"
    told = of_params.not_compared(of(dataset="digits"), [])
    assert told == "--mirrors http://a/ http://b/"


def test_the_picture_of_a_data_set_has_a_caption(catalogue, inputs):
    of_params = Params(catalogue, inputs)
    assert "windows" in of_params.caption(of(dataset="tapestry"), [])
    assert "holds" in of_params.caption(of(dataset="digits"), [])
    frames = catalogue.animation["sequence_frames"]
    assert of_params.animation({"frames": "sequence_frames"}) == f"--frames={frames}"
    assert of_params.animation({}) == ""


def test_versions_name_cupy_only_where_a_gpu_may_train(some_config, sources):
    some_config["experiments"]["excited-20"]["device"] = "auto"
    catalogue = catalogues.resolve(some_config)
    of_params = Params(catalogue, Inputs(catalogue, sources))
    names = ("excited-20", "dream-wide")
    said = [of_params.versions_for_training(of(experiment=name)) for name in names]
    assert ["cupy " in one for one in said] == [True, False]
    assert said[1] == params.versions_for("train.py")
    assert not set("{}") & set("".join(said))  # they would be wildcards


def test_the_curve_is_measured_of_maps_with_pictures_and_their_replicates(catalogue, inputs):
    point = catalogue.sweeps["strength"].maps[0]
    of_replicates = ["excited-20--seed-1", "fixed-strength--0.2--seed-4"]  # of a map, of a point
    names = ["excited-20", point, *of_replicates]
    assert [Params(catalogue, inputs).curve(of(experiment=name)) for name in names] == [
        "", "--no-curve", "", "--no-curve",
    ]  # fmt: skip


# ------------------------------------------------------------------ resources


def test_a_second_attempt_asks_for_twice_as_much(needs):
    data, one = of(dataset="pan"), of(experiment="excited-20")
    sweep = of(sweep="strength")
    asked = [
        (needs.data_memory, data), (needs.data_runtime, data), (needs.data_picture_memory, data),
        (needs.data_picture_runtime, data), (needs.training_memory(named), one),
        (needs.training_runtime(named), one), (needs.measure_memory(named), one),
        (needs.measure_runtime(named), one), (needs.figures_memory, one),
        (needs.map_gifs_memory, one), (needs.map_runtime, one), (needs.small_memory, one),
        (needs.small_runtime, one), (needs.sweep_memory, sweep), (needs.findings_memory, one),
        (needs.page_memory, one), (needs.page_runtime, one),
    ]  # fmt: skip
    for function, about in asked:
        # By the name of this parameter Snakemake finds out what to tell.
        assert function(about, attempt=2) == 2 * function(about, attempt=1) > 0, function
        step = 100 if "memory" in function.__qualname__ else 1
        assert function(about, attempt=1) % step == 0


def test_a_batch_asks_for_the_time_of_all_and_the_memory_of_the_largest(needs):
    small, large = "excited-20", "competition-100"

    def asked(function, *names):
        return function(lambda wildcards: names)(of(), attempt=1)

    assert asked(needs.measure_memory, small) < asked(needs.measure_memory, large)
    for function in (needs.measure_memory, needs.training_memory):
        assert asked(function, *[large] * 3) == asked(function, large)
        assert asked(function, small, large) == asked(function, large)
    for function in (needs.measure_runtime, needs.training_runtime):
        alone, ten = asked(function, large), asked(function, *[large] * 10)
        # It starts once, which takes three minutes at most; and is rounded up.
        assert 10 * (alone - 4) <= ten < 10 * alone


def test_one_map_of_each_kind_is_trained_first_then_those_that_take_longest(needs, catalogue):
    """The first compiles for those of its kind, of which the most wait comes before the others."""

    def priority(name):
        return needs.training_priority(of(experiment=name))

    def kind(name):
        return catalogue.experiments[name].model, catalogue.experiments[name].dtype

    names = sorted(catalogue.selected, key=priority, reverse=True)
    waiting = Counter(map(kind, names))
    first, others = names[: len(waiting)], names[len(waiting) :]
    assert [kind(name) for name in first] == [kind for kind, _ in waiting.most_common()]
    seconds = [resources.training_seconds(*needs._sized([name])) for name in others]
    assert seconds == sorted(seconds, reverse=True)
    assert 0 < priority(names[-1]) < priority(names[0]) < BEFORE_TRAINING
    assert all(priority(name) == 0 for name in catalogue.families)


def test_a_gpu_is_asked_for_only_where_one_has_to_be(some_config):
    for name, device in (("excited-20", "gpu"), ("excited-40", "auto")):
        some_config["experiments"][name]["device"] = device
    gpus = Needs(catalogues.resolve(some_config)).training_gpus
    asked = [gpus(of(experiment=name)) for name in ("excited-20", "excited-40", "excited-50")]
    assert asked == [1, None, None]


def test_a_download_is_given_time(some_config):
    minutes = []
    for source in ("embedded", "keras"):
        some_config["datasets"]["digits"] = {"kind": "mnist", "source": source}
        catalogue = catalogues.resolve(some_config)
        minutes.append(Needs(catalogue).data_runtime(of(dataset="digits"), attempt=1))
    assert minutes[1] >= minutes[0] + 20


def test_snakemake_takes_them_for_functions(inputs, needs, catalogue):
    """It takes methods and functions for such, and other callables for paths."""
    found = [inputs.data, inputs.code("measure.py"), inputs.code_for_training, needs.page_memory]
    assert all(is_callable(one) and type(one).__name__ in ("method", "function") for one in found)


# ------------------------------------------------------------------ the page


def test_the_page_shows_what_is_selected_and_what_that_is_made_of(some_config, tmp_path):
    some_config["run"] = ["trace-40"]
    shown = Shown(catalogues.resolve(some_config), tmp_path)
    assert shown.datasets() == ["digits", "tapestry", "pan"]
    pictures = ["digits.png", "tapestry.png", "pan.gif"]
    assert shown.data_pictures() == [f"results/data/{name}" for name in pictures]
    assert "results/trace-40/trajectory.gif" in shown.files()
    assert "results/trace-40/thumbnail.png" in shown.files()
    gifs = {path for path in shown.files() if path.endswith(".gif")}
    scripts = {path for path in shown.files() if path.endswith(".gif.js")}
    assert "results/data/pan.gif" in gifs
    assert scripts == {f"{path}.js" for path in gifs}
    assert shown.made_files()[0] == "results/index.html"
    assert not [path for path in shown.made_files() if "findings" in path or "sweeps" in path]
    content = json.loads(shown.contents(of()))
    assert list(content["experiments"]) == ["trace-40"]
    assert content["experiments"]["trace-40"]["pictures"][:2] == ["prototypes", "trajectory"]


def test_what_lacks_a_source_is_shown_as_not_made_and_said_in_a_line(some_config, tmp_path):
    some_config["groups"]["mixed"] = {"about": "", "experiments": ["excited-20", "cifar-grey"]}
    del some_config["groups"]["windows"], some_config["groups"]["cifar-10"]
    some_config["run"] = ["mixed", "radius"]
    (tmp_path / "cifar-grey").mkdir()
    (tmp_path / "cifar-grey/model.h5").touch()  # made when there was a source
    shown = Shown(catalogues.resolve(some_config), tmp_path)
    why = "needs CIFAR-10: set datasets.cifar10.source (docs/data.md)"
    content = json.loads(shown.contents(of()))
    question = some_config["experiments"]["cifar-grey"]["question"]
    assert content["not_made"] == {"cifar-grey": {"question": question, "why": why}}
    assert list(content["experiments"]) == ["excited-20"]
    assert not content["besides"]["experiments"]
    assert not [path for path in shown.made_files() if "cifar" in path]
    line = f"topodream: not made, 1 of 3 experiments and sweeps: {why}\n"
    assert shown.said_of_not_made(["snakemake", "-n"]) == line
    assert shown.said_of_not_made(["snakemake", "results/patches/model.h5"]) == ""
    assert shown.said_of_not_made(["snakemake", "all", "--target-jobs", "all:"]) == ""


@pytest.mark.parametrize("source", ["none", "binary"])
def test_a_file_that_lacks_a_source_ends_snakemake_in_a_line(some_config, sources, source):
    """Whatever was made of it before; where one is named the file is the script's business."""
    some_config["datasets"]["cifar10"] |= {"source": source}
    if source == "binary":
        some_config["datasets"]["cifar10"] |= {"folder": "missing"}
    inputs = Inputs(catalogues.resolve(some_config), sources)
    of_map, of_data = of(experiment="cifar-colour"), of(dataset="cifar10")
    if source == "binary":
        assert (inputs.data(of_map), inputs.raw_files(of_data)) == ("results/data/cifar10.h5", [])
        return
    why = "needs CIFAR-10: set datasets.cifar10.source"
    with pytest.raises(SystemExit, match=rf"^topodream: experiment 'cifar-colour' {why} \(docs"):
        inputs.data(of_map)
    with pytest.raises(SystemExit, match=rf"^topodream: data set 'cifar10' {why} \(docs"):
        inputs.raw_files(of_data)


def test_findings_and_sweeps_are_shown_where_they_are_selected(some_config, tmp_path):
    some_config["run"] = ["findings", "strength"]
    made = Shown(catalogues.resolve(some_config), tmp_path).made_files()
    assert {"results/findings.json", "results/findings.md"} <= set(made)
    assert {f"results/sweeps/strength.{suffix}" for suffix in ("json", "png")} <= set(made)


def test_replicates_are_asked_for_with_the_findings_or_found(some_config, tmp_path):
    """Without the findings nothing has to be made of them; other measures make the page anew."""
    name, told = "excited-20--seed-1", []
    some_config["run"] = ["excited-20"]
    for text in ("", "one", "other"):
        if text:
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "measures.json").write_text(text)
        shown = Shown(catalogues.resolve(some_config), tmp_path)
        content = json.loads(shown.contents(of()))
        told.append(content["besides"]["replicates"])
        assert not content["replicates"]
        assert not [path for path in shown.files() if "--seed-" in path]
    assert [list(one) for one in told] == [[], [name], [name]]
    assert told[1][name]["of"] == "excited-20"
    assert told[1] != told[2]
    some_config["run"] = ["excited-20", "findings"]
    shown = Shown(catalogues.resolve(some_config), tmp_path)
    content = json.loads(shown.contents(of()))
    assert name in content["replicates"]["excited-20"]
    assert not content["besides"]["replicates"]
    assert f"results/{name}/measures.json" in shown.files()


def test_baselines_that_lie_there_are_shown_and_others_make_the_page_anew(some_config, tmp_path):
    told = []
    for text in ("", "one", "other"):
        if text:
            (tmp_path / "patches").mkdir(exist_ok=True)
            (tmp_path / "patches" / "baselines.json").write_text(text)
        shown = Shown(catalogues.resolve(some_config), tmp_path)
        told.append(json.loads(shown.contents(of()))["baselines"])
        assert not [path for path in shown.made_files() if "baselines" in path]
    assert [list(one) for one in told] == [[], ["patches"], ["patches"]]
    assert told[1] != told[2]


def test_where_images_lie_makes_no_page_anew(some_config, tmp_path):
    section = {"kind": "images", "labels": "folders", "held_out_share": 0.5, "seed": 0}
    shown = []
    for path in ("here", "there"):
        some_config["datasets"]["own"] = {**section, "path": path}
        shown.append(found.besides(catalogues.resolve(some_config), tmp_path)["datasets"]["own"])
    assert shown == [section, section]
