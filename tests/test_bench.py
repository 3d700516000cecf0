"""The benchmark: its arithmetic, its tables, and that a short run writes what a long one does."""

import json
import subprocess
import sys
from importlib.util import find_spec

import bench_catalogue
import bench_report
import bench_steps
import numpy as np
import pytest
import som_libraries
from conftest import ROOT
from PIL import Image

from topodream.files.errors import InputError

BENCH = ROOT / "benchmarks" / "bench.py"
FILES = {"performance.json", "performance.md", "performance.png"}


def run_bench(*args, **options):
    command = [sys.executable, str(BENCH), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    # The medians' ratio would be 20 / 2 = 10.
    found = bench_steps.ratios([10.0, 20.0, 90.0], [1.0, 5.0, 2.0])
    assert found == bench_steps.Spread(median=10.0, least=4.0, most=45.0)
    found = bench_steps.ratios([12.0, 20.0, 30.0], [1.0, 2.0, 30.0])
    assert found == bench_steps.Spread(median=10.0, least=1.0, most=12.0)
    with pytest.raises(ValueError, match="argument 2"):
        bench_steps.ratios([1.0], [1.0, 2.0])


def test_contestants_take_turns_and_rates_are_by_the_clock(monkeypatch):
    now, turns = 0.0, []

    def contestant(name, seconds_per_step):
        def prepare(steps):
            nonlocal now
            now += 100  # to prepare a turn is not timed

            def train():
                nonlocal now
                turns.append(name)
                now += steps * seconds_per_step

            return train

        return prepare

    monkeypatch.setattr(bench_steps.time, "perf_counter", lambda: now)
    both = {"slow": contestant("slow", 0.5), "quick": contestant("quick", 0.001)}
    rates = bench_steps.take_turns(both, bench_steps.Effort(rounds=3, turn=1.0))
    assert turns[-6:] == ["slow", "quick"] * 3
    assert rates["slow"] == pytest.approx([2.0] * 3)
    assert rates["quick"] == pytest.approx([1000.0] * 3)


@pytest.mark.parametrize(
    ("value", "text"),
    [(26487.2, "26,500"), (1430, "1,430"), (999.9, "1,000"), (99.96, "100"), (28.31, "28.3"),
     (0.9876, "0.988")],
)  # fmt: skip
def test_numbers_have_three_digits(value, text):
    assert bench_report.number(value) == text


def spread(median):
    return {"median": median, "least": median / 2, "most": median * 2}


def steps_row(name="excited-20"):
    names = ("dense", "reference", "fast float32", "fast float64")
    medians = (1000.0, 4000.0, 32000.0, 16000.0)
    rates = {name: spread(rate) for name, rate in zip(names, medians, strict=True)}
    return {
        "experiment": name, "model": "mwta", "rows": 20, "cols": 20, "inputs": 400,
        "notebook": 2100, "rates": rates,
        "over_dense": {"fast float32": spread(32.0), "fast float64": spread(16.0)},
    }  # fmt: skip


def test_steps_are_tabled():
    lines = bench_report.steps_table([steps_row()]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2] == (
        "| `excited-20` | 20 x 20 | 400 | 2,100 | 1,000 | 4,000 | 32,000 | 16,000 "
        "| 32 (16 to 64) | 16 (8 to 32) |"
    )


def test_densities_are_tabled():
    rates = {"dense": spread(30.0), "product": spread(11000.0), "fast float32": spread(12000.0)}
    row = {
        "images": "grey", "inputs": 1024, "lit": 0.4979, "rates": rates,
        "over_dense": spread(400.0), "over_product": spread(1.1),
    }  # fmt: skip
    assert bench_report.density_table([row]).splitlines()[2] == (
        "| grey | 1,024 | 50% | 30 | 11,000 | 12,000 | 400 (200 to 800) | 1.1 (0.55 to 2.2) |"
    )


def test_inputs_are_of_the_density_that_they_are_said_to_be():
    lit = {
        case.name: np.mean(bench_steps.SAMPLES[case.samples](case.n_inputs) > 0)
        for case in bench_steps.DENSITIES
    }
    for name, share in lit.items():
        expected = 0.19 if "digits" in name else 1 if "32 x 32" in name else 0.5
        assert share == pytest.approx(expected, abs=0.005), name


@pytest.mark.parametrize(("peak", "verdict"), [(599.0, "within"), (601.0, "BEYOND")])
def test_memory_is_compared_with_the_limit(peak, verdict):
    row = {"job": "a", "steps": 12000, "seconds": 1.26, "peak_mib": peak}
    text = bench_report.jobs_table([row | {"peak_mib": 10.0}, row])
    assert f"| a | 12,000 | 1.3 | {peak:.0f} |" in text
    assert f"{peak:.0f} MiB, {verdict} the 600 MiB" in text


def test_the_catalogues_parts_are_added_up():
    parts = [
        {"part": "training", "processes": 30, "cpu_seconds": 90.4},
        {"part": "measures", "processes": 30, "cpu_seconds": 60.0},
    ]
    measured = {"cores": 2, "seconds": 125.4, "seconds_again": 2.71, "parts": parts}
    lines = bench_report.catalogue_table(measured).splitlines()
    assert (
        lines[0] == "2 min 5 s by the clock on 2 cores; once all is made, 2.7 s to find that out."
    )
    assert "| training | 30 | 90 |" in lines
    assert lines[-1] == "| sum | 60 | 150 |"


def test_every_script_belongs_to_a_part():
    starts = list(bench_catalogue.PARTS)
    assert starts[-1] == ""  # which fits all that is left
    for start in ("train", "measure", "plot_", "render_"):
        assert list((ROOT / "src").glob(f"{start}*.py")), start


def test_missing_libraries_are_named():
    library = {
        "name": "MiniSom", "version": "2.3.6", "note": "online",
        "samples_per_cpu_second": spread(100.0), "ours_over_it": spread(200.0),
    }  # fmt: skip
    measured = {"ours": spread(20000.0), "libraries": [library], "missing": ["XPySom", "fastersom"]}
    text = bench_report.libraries_table(measured)
    assert "| MiniSom | 100 | 200 (100 to 400) | 2.3.6 | online |" in text
    assert text.endswith("Not installed, so not measured: XPySom, fastersom.")


@pytest.mark.filterwarnings("ignore")  # some of the libraries have their own
def test_absent_libraries_are_left_out():
    names = som_libraries.measure(np.ones((4, 9), np.float32), 2, 1)[1]
    assert names == [
        name for name, (package, _) in som_libraries.LIBRARIES.items() if find_spec(package) is None
    ]


def test_only_what_stands_between_the_markers_is_replaced():
    begin, end = bench_report.BEGIN, bench_report.END
    text = f"above\n{begin}\nold\n{end}\nbelow\n"
    once = bench_report.put_between(text, "new")
    assert once == f"above\n{begin}\n\nnew\n\n{end}\nbelow\n"
    assert bench_report.put_between(once, "new") == once
    for damaged in ("", begin, end, f"{end}{begin}"):
        with pytest.raises(InputError, match="has to hold"):
            bench_report.put_between(damaged, "new")


def test_measured_experiments_are_in_the_config(catalogue):
    assert set(bench_steps.NOTEBOOK) <= set(catalogue.experiments)


@pytest.mark.parametrize("model", ["mwta", "sparse_dream"])
def test_every_contestant_can_train(model, small_experiment, digits):
    experiment = small_experiment(model=model)
    pixels = digits["train/pixels"].reshape(-1, 784)
    effort = bench_steps.Effort(rounds=1, turn=0.001, warm_up=20)
    found = bench_steps.contestants(experiment, pixels, effort)
    assert list(found) == ["dense", "fast float32", "reference", "fast float64"]
    for prepare in found.values():
        prepare(10)()


def test_help_is_the_docstring(tmp_path):
    done = run_bench("--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Measure how fast training is" in done.stdout
    assert "--quick" in done.stdout


def test_a_page_without_markers_is_refused_before_anything_is_measured(tmp_path):
    (tmp_path / "performance.md").write_text("by hand\n")
    done = run_bench("--quick", "--output", tmp_path, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith("bench.py: error: the page to renew has to hold")
    assert (tmp_path / "performance.md").read_text() == "by hand\n"


@pytest.mark.slow
def test_a_quick_run_writes_the_three_files(tmp_path):
    page = f"# By hand\n\n{bench_report.BEGIN}\n{bench_report.END}\n\nThe end.\n"
    (tmp_path / "performance.md").write_text(page)
    done = run_bench("--quick", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == FILES

    measured = json.loads((tmp_path / "performance.json").read_text())
    assert measured["quick"] is True
    assert [row["experiment"] for row in measured["steps"]] == ["excited-20", "dream-symmetric"]
    for row in measured["steps"]:
        assert all(rate["least"] > 0 for rate in row["rates"].values())
    assert {"processor", "cores", "python", "numpy", "h5py", "numba"} == set(measured["machine"])

    text = (tmp_path / "performance.md").read_text()
    assert text.startswith("# By hand\n")
    assert text.endswith("\n\nThe end.\n")
    first = text.split(bench_report.BEGIN)[1].strip().splitlines()[0]
    assert first.startswith("Measured by `python benchmarks/bench.py --quick` on: ")
    assert "`dream-symmetric`" in text

    with Image.open(tmp_path / "performance.png") as image:
        assert image.width > 600
