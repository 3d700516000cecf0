"""The package's wings: imports go down, as CONTRIBUTING draws it."""

import ast
import re

import pytest
from conftest import ROOT

from topodream.engines import load
from topodream.models import MODELS

PACKAGE = ROOT / "src" / "topodream"
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def floors():
    """The floor of each wing, the ground's is 0: by the drawing."""
    drawing = re.search(r"```text\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)[1]
    # Names begin in the first three columns; what is said of them follows.
    names = [re.findall(r"\w+/?(?= |$)", line[:36]) for line in drawing.splitlines()[::-1]]
    return {name.rstrip("/"): floor for floor, on_it in enumerate(names) for name in on_it}


def imports(path):
    """The modules of the package that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return {name for name in found if name in MODULES and name != "topodream"}


def wing_of(module):
    return module.split(".")[1]


def test_the_drawing_has_every_wing():
    wings = {wing_of(name) for name in MODULES if name != "topodream"}
    assert wings == set(floors())


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"topodream"}))
def test_imports_go_down(module):
    floor = floors()
    for other in imports(MODULES[module]) - {module}:
        here, there = wing_of(module), wing_of(other)
        assert here == there or floor[here] > floor[there], f"{module} imports {other}"


def test_no_imports_in_a_circle():
    left = {name: imports(path) - {name} for name, path in MODULES.items()}
    while left:
        done = {name for name, needed in left.items() if not needed & set(left)}
        assert done, f"a circle among {sorted(left)}"
        left = {name: needed for name, needed in left.items() if name not in done}


def origins(module, name):
    """Where a name that is imported from a module is defined: followed through what imports it."""
    for node in ast.parse(MODULES[module].read_text()).body:
        if isinstance(node, ast.ImportFrom) and name in {a.asname or a.name for a in node.names}:
            return origins(node.module, name) if node.module in MODULES else node.module
    return module


@pytest.mark.slow
def test_a_name_that_others_import_stands_for_one_thing():
    found = {}
    for path in [*MODULES.values(), *(ROOT / "src").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in MODULES:
                for name in {alias.name for alias in node.names}:
                    if f"{node.module}.{name}" not in MODULES:
                        found.setdefault(name, set()).add(origins(node.module, name))
    assert {name: where for name, where in found.items() if len(where) > 1} == {}
    assert len(found) > 200


# Those that are about certain models: what they compute by, and the check of what a GPU does.
ABOUT_MODELS = re.compile(r"models/|engines/(fast|cupy)_\w+|gpu_check")


@pytest.mark.slow
def test_models_are_asked_and_not_told_apart():
    """No other module imports a model, or compares its name or its class."""
    known = {type(model).__module__.split(".")[-1] for model in MODELS.values()}
    classes = {one.__name__ for model in MODELS.values() for one in (model.settings, type(model))}
    for path in PACKAGE.rglob("*.py"):
        if not ABOUT_MODELS.match(path.relative_to(PACKAGE).as_posix()):
            tree = ast.parse(path.read_text())
            texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            assert not {text for text in texts if text in MODELS}, path
            assert not {name.split(".")[-1] for name in imports(path)} & known, path
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            assert not names & classes, path
    rules = "".join(path.read_text() for path in (ROOT / "workflow").rglob("*.smk"))
    assert not [name for name in MODELS if name in rules]
    told_apart = re.compile(r"isinstance\([^)]*(?:settings|state)[^)]*, \w+")
    about = [path for path in PACKAGE.rglob("*.py") if "engines/__init__" not in path.as_posix()]
    assert not [path for path in about if told_apart.search(path.read_text())]


@pytest.mark.parametrize("name", MODELS)
def test_engines_that_a_model_names_are_there(name):
    for engine in ("reference", *MODELS[name].engines):
        module, kind = MODELS[name].engine(engine).split(".")
        assert callable(getattr(load(module), kind).advance)
