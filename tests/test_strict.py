"""What YAML and JSON lose or change without a word: equal keys, numbers of another base."""

import json

import pytest
import yaml

from topodream.files import cli
from topodream.files.errors import InputError
from topodream.files.storage import read_json, write_json
from topodream.files.strict import check_overlay, load_json, read_yaml

TWICE = [
    ("a: 1\nb: 2\na: 3\n", "the key 'a' stands in line 1 and again in line 3"),
    ("a:\n  b: 1\n  c: 2\n  b: 1\n", "the key 'b' stands in line 2 and again in line 4"),
    ("a: {b: 1,\n  'b': 2}\n", "the key 'b' stands in line 1 and again in line 2"),
    ("a:\n- {b: 1}\n- {c: 1, c: 2}\n", "the key 'c' stands in line 3 and again in line 3"),
    ("a: {? b\n : 1,\n ? b\n : 2}\n", "the key 'b' stands in line 1 and again in line 3"),
]
OTHER_BASE = [
    ("seed: 010", "line 1: 010 is the number 8 to YAML: write 10 or 8, or '010' in quotes"),
    ("a: 1\nb: [0, -017]", "line 2: -017 is the number -15 to YAML: write -17 or -15, or"),
    ("a: 07", "line 1: 07 is the number 7 to YAML: write 7, or '07' in quotes"),
    ("epochs: 1:30", "line 1: 1:30 is the number 90 to YAML: write 90, or '1:30' in quotes"),
    ("a: {b: 1:00:00.5}", "line 1: 1:00:00.5 is the number 3600.5 to YAML: write 3600.5, or"),
    ("a: &x 010\nb: *x", "line 1: 010 is the number 8"),
    ("010: a", "line 1: 010 is the number 8"),
]
MEANT = [
    ("a: [0, 0.5, -0.5, 10, 1_000, 0x10, 1.0e-3]", [0, 0.5, -0.5, 10, 1000, 16, 0.001]),
    ("a: ['010', \"1:30\", 08, 1e-3, 1:90]", ["010", "1:30", "08", "1e-3", "1:90"]),
    ("b: &b {x: 1, y: 2}\na: {<<: *b, x: 3}", {"x": 3, "y": 2}),
    ("b: &b {x: 1}\nc: &c {y: 2}\na: {<<: *b, <<: *c}", {"x": 1, "y": 2}),
    ("a: {b: 1, B: 2, c: {b: 3}}", {"b": 1, "B": 2, "c": {"b": 3}}),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.yaml"


@pytest.mark.parametrize("read", [read_yaml, check_overlay])
@pytest.mark.parametrize(("text", "said"), TWICE + OTHER_BASE)
def test_what_would_be_lost_or_changed_is_refused(path, read, text, said):
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize(("text", "expected"), MEANT)
def test_what_is_meant_is_read(path, text, expected):
    path.write_text(text)
    check_overlay(path)
    assert read_yaml(path)["a"] == expected == yaml.safe_load(text)["a"]


@pytest.mark.parametrize("indent", [" ", "\t"])
def test_equal_keys_of_a_json_file_are_named_with_their_lines(path, indent):
    path.write_text(f'{{\n{indent}"a": "010",\n{indent}"b": {{"c": 1}},\n{indent}"a": 2\n}}')
    with pytest.raises(InputError, match="the key 'a' stands in line 2 and again in line 4"):
        check_overlay(path)
    with pytest.raises(InputError, match="the key 'a' stands in line 2 and again in line 4"):
        read_json(path)
    with pytest.raises(InputError, match="the key 'a' stands in line 2 and again in line 4"):
        cli.from_json("--settings", path.read_text())


def test_json_that_is_no_yaml_is_json(path):
    text = json.dumps({"a\ud83d\ude00": "1:30", "b": 1e-05}, indent="\t")
    path.write_text(text)
    check_overlay(path)
    assert load_json(text) == json.loads(text)


def test_results_have_each_key_once(path):
    write_json(path, {"a": 1, "b": 2})
    assert read_json(path) == {"a": 1, "b": 2}
    path.write_text(path.read_text().replace("{\n", '{\n  "b": 5,\n'))
    with pytest.raises(InputError, match="the key 'b' stands in line 2 and again in line 4"):
        read_json(path)


def test_what_a_template_engine_reads_is_left_to_it(path):
    """Only equal keys and such numbers are looked for: Snakemake has read the file already."""
    for text in ("__use_yte__: true\n?if True:\n  a: 1\n", "", "- 1", '{"a": NaN}'):
        path.write_text(text)
        check_overlay(path)
