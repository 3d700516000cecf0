"""The checks of the GPU engine can fail, and its kernels compile for real devices.

Nothing here runs on a GPU: faults are looked for by the emulator, compiled kernels are not run.
"""

import importlib.util
import itertools
import re

import pytest
from emulator import building, cubins, faults, races, tables
from emulator.stand_in import StandIn

from topodream.engines.cupy import C_TYPES, options
from topodream.engines.cupy_mwta import CupyMwta
from topodream.engines.cupy_sparse_dream import CupySparseDream

needs_races = pytest.mark.skipif(bool(races.missing()), reason=f"{races.missing()}")
COMPILER = cubins.compiler()


# ------------------------------------------------------------------ races, faults


@needs_races
@pytest.mark.parametrize(
    "case",
    [
        "MWTA",
        "trace",
        "SparseDream, evened out",
        "SparseDream, Hebb's rule on activity, within limits",
    ],
)
def test_no_race(case):
    assert races.find(faults.for_races(case)) == []


@needs_races
@pytest.mark.parametrize("case", ["SparseDream", "SparseDream, four rules"])
def test_no_race_between_the_blocks_of_a_phase(case):
    assert races.find(faults.for_races(case, in_phases=True)) == []


@needs_races
def test_a_race_between_the_blocks_of_a_phase_is_seen(tmp_path):
    alone = 'alone = PHASES[phase] == "ACCOUNT"'
    fault = faults.Fault(
        "several blocks that account", "cupy_sparse_dream.py", alone, "alone = False", "", ""
    )
    script = faults.for_races("SparseDream", in_phases=True)
    assert races.find(script, fault.plant(tmp_path))


@needs_races
@pytest.mark.parametrize("fault", faults.all_faults(), ids=lambda fault: fault.name)
def test_a_planted_fault_is_seen(fault, tmp_path):
    assert fault.seen_by in faults.look(fault.plant(tmp_path), fault.case, [fault.seen_by])


@needs_races
def test_sources_without_a_fault_show_nothing():
    assert faults.look(faults.SRC, "MWTA") == {}


def test_the_tables_are_of_what_is_checked():
    page = (tables.DOCS / "gpu-evidence.md").read_text()
    agreement, planted = (
        [line.split(" | ") for line in re.findall(r"^\| (.+)", part, re.MULTILINE)[1:]]
        for part in re.findall(r"<!-- \w+ -->(.*?)<!-- end", page, re.DOTALL)
    )
    assert [row[0] for row in planted] == [fault.name for fault in faults.all_faults()]
    assert [row[:6] for row in agreement] == [
        [
            case.name,
            str(case.n_maps),
            f"{case.rows * case.cols:,}",
            f"{case.n_inputs:,}",
            case.dtype,
            str(case.n_steps),
        ]
        for case in tables.cases()
    ]


# ------------------------------------------------------------------ real packages, real devices


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed")
def test_the_real_cupy_has_what_the_engine_uses():
    """Every call of the stand-in is checked against a signature; of compiled code it has none."""
    import cupy

    assert StandIn().unchecked == {"cuda.Device", "RawModule"}
    assert "RawModule(str code=None, *, str path=None, tuple options=()" in cupy.RawModule.__doc__
    launch = cupy.RawKernel.__call__.__doc__
    assert "__call__(self, grid, block, args, \\*, shared_mem=0)" in launch
    for owner, names in {
        cupy.cuda.Device: ["id", "attributes", "compute_capability"],
        cupy.cuda.MemoryPool: ["total_bytes", "free_all_blocks"],
        cupy.cuda.nvrtc: ["getVersion"],
        cupy.RawKernel: ["max_dynamic_shared_size_bytes"],
        cupy.RawModule: ["get_function"],
        cupy.cuda.runtime: [
            "cudaDevAttrMaxSharedMemoryPerBlockOptin",  # a key of attributes, without its prefix
            "driverGetVersion",
            "getDeviceCount",
            "getDeviceProperties",
            "runtimeGetVersion",
        ],
    }.items():
        assert set(names) <= set(dir(owner))
    assert issubclass(cupy.cuda.runtime.CUDARuntimeError, RuntimeError)
    assert issubclass(cupy.cuda.memory.OutOfMemoryError, MemoryError)


@pytest.mark.skipif(COMPILER is None, reason="neither nvcc nor NVRTC is installed")
@pytest.mark.parametrize(
    ("engine", "changed", "architecture"),
    [
        *itertools.product(
            [CupyMwta],
            [{"IS_OUTSIDE": 0}],
            cubins.ARCHITECTURES,
        ),
        *itertools.product([CupySparseDream], [{"KEEPS": 1}], cubins.ARCHITECTURES),
        (CupyMwta, {"IS_OUTSIDE": 1}, "sm_90"),
        (CupySparseDream, {"KEEPS": 0}, "sm_90"),
    ],
)
@pytest.mark.parametrize("dtype", C_TYPES)
def test_kernels_compile_and_spill_nothing(engine, changed, dtype, architecture):
    text = engine.source(**changed)
    kernels = cubins.compile_kernels(COMPILER, text, options(dtype), architecture)
    assert {kernel.name for kernel in kernels} == set(building.signatures(engine.source()))
    for kernel in kernels:
        assert (kernel.spilled_bytes, kernel.stack_bytes) == (0, 0), kernel


@pytest.mark.skipif(COMPILER is None, reason="neither nvcc nor NVRTC is installed")
def test_a_kernel_that_spills_is_told_from_one_that_does_not():
    values = 300
    text = f"""
    extern "C" __global__ void __launch_bounds__(1024) spills(double* out, int n) {{
        double values[{values}];
        for (int i = 0; i < {values}; ++i) values[i] = out[i * n];
        for (int round = 0; round < n; ++round)
            for (int i = 0; i < {values}; ++i) values[i] += values[(i * n + round) % {values}];
        for (int i = 0; i < {values}; ++i) out[i * n] = values[i];
    }}"""
    (kernel,) = cubins.compile_kernels(COMPILER, text, ["--std=c++17"], "sm_90")
    assert kernel.stack_bytes + kernel.spilled_bytes > 0
