"""docs/results.md: its tables are of maps and measures that there are, and are renewed as they should."""

import json

import pytest
import tabulate_results
from conftest import ROOT

from topodream.files.strict import read_yaml
from topodream.measures.registry import MEASURES

PAGE = (ROOT / "docs" / "results.md").read_text()
TABLES = [match.groups() for match in tabulate_results.TABLE.finditer(PAGE)]
TABLE = """Text.

<!-- maps: one, two; measures: held_out_mse, dead_in_training -->

| map | seeds | a | b |
|---|--:|--:|--:|
| `one` | 9 | old | old |
| `two` | 1 | kept | kept |

<!-- end -->

More text.
"""


@pytest.fixture
def results(tmp_path):
    values = {"one": 0.25, "one--seed-1": 0.125, "one--seed-12": 0.5, "one-more": 9.0}
    for name, value in values.items():
        measures = {"held_out_mse": value, "dead_in_training": None}
        (tmp_path / name).mkdir()
        (tmp_path / name / "measures.json").write_text(json.dumps({"measures": measures}))
    return tmp_path


def test_tables_have_the_least_and_the_largest_over_seeds_and_keep_what_is_not_there(results):
    page = tabulate_results.renewed(TABLE, results)
    assert "| map | seeds | held-out error | dead" in page
    assert "| `one` | 3 | 0.1250 to 0.5000 | — |\n" in page
    assert "| `two` | 1 | kept | kept |\n" in page
    assert "9.0" not in page  # another map, whose name begins like it
    assert page.startswith("Text.\n\n<!-- maps: one")
    assert page.endswith("\n\nMore text.\n")
    assert tabulate_results.renewed(page, results) == page


def test_every_table_is_of_maps_and_measures_that_there_are():
    known = set(read_yaml(ROOT / "config.yaml")["experiments"])
    assert len(TABLES) > 5
    for maps, measures, lines in TABLES:
        assert known.issuperset(maps.split(", ")), maps
        assert MEASURES.keys() >= set(measures.split(", ")), measures
        assert [line.split("`")[1] for line in lines.splitlines() if "`" in line] == maps.split(
            ", "
        )
        assert "| 0 |" not in lines  # nothing was left out when it was written
