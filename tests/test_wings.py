"""The package's wings: imports go down, as CONTRIBUTING draws it."""

import ast
import re

import pytest
from conftest import ROOT

PACKAGE = ROOT / "src" / "topodream"
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def floors():
    """The floor of each wing, the ground's is 0: by the drawing."""
    drawing = re.search(r"```text\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)[1]
    lines = drawing.splitlines()[::-1]
    ground = dict.fromkeys(lines[0].split(), 0)
    # Names stand in columns of ten characters, words about them follow.
    names = [re.findall(r"\w+/?(?= |$)", line[:36]) for line in lines[1:]]
    return ground | {
        name.rstrip("/"): floor for floor, on_it in enumerate(names, 1) for name in on_it
    }


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
