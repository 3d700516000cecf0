"""Products are those of their order of summation, to the bit, whatever computes them."""

import os
import platform
import shutil
import subprocess
import sys
from fractions import Fraction

import llvmlite.binding
import numba
import numpy as np
import pytest
from conftest import ROOT
from test_surroundings import KERNEL, said

from topodream.engines import create, fast_mwta
from topodream.engines.jit import without_subnormals
from topodream.engines.products import BYTES_PER_CHUNK, multiply_tile
from topodream.grid import Grid
from topodream.models import mwta
from topodream.models.mwta import Lateral, Mwta
from topodream.models.prototypes import Start
from topodream.settings.config import Experiment

DTYPES = [np.float32, np.float64]
TILES = [(1, 1), (3, 2), (5, 5), (8, 1)]
ON_X86 = platform.machine() in ("x86_64", "AMD64")
HAS_FMA = ON_X86 and llvmlite.binding.get_host_cpu_features().get("fma", False)


# ------------------------------------------------------------------ one product


def rounded(exact, dtype):
    """The number of a type that is nearest to a fraction."""
    near = float(exact)
    if dtype == np.float64 or Fraction(near) == exact:
        return dtype(near)
    # To odd first: so rounding once more is as if it were the only time.
    if np.float64(near).view(np.int64) % 2 == 0:
        near = np.nextafter(near, np.inf if exact > Fraction(near) else -np.inf)
    return dtype(near)


def fma(w, v, lanes):
    exact = (
        Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
        for a, b, c in zip(w, v, lanes, strict=True)
    )
    return np.array([rounded(number, w.dtype.type) for number in exact], w.dtype)


def stated(row, sample):
    """The product as the head of the module states it."""
    n_lanes = BYTES_PER_CHUNK // row.itemsize
    lanes = np.zeros(n_lanes, row.dtype)
    for w, v in zip(row.reshape(-1, n_lanes), sample.reshape(-1, n_lanes), strict=True):
        lanes = fma(w, v, lanes)
    while len(lanes) > 1:
        lanes = lanes[: len(lanes) // 2] + lanes[len(lanes) // 2 :]
    return lanes[0] + row.dtype.type(0)


def multiplied(weights, samples, chunks, shape):
    """All products, by tiles of a shape that divides them."""
    n_rows, n_samples = shape

    @numba.njit
    def compute(weights, units, samples, chunks, products):
        for i in range(0, len(units), n_rows):
            for s in range(0, len(samples), n_samples):
                multiply_tile(
                    n_rows, n_samples, weights, units[i:], samples[s:], chunks, len(chunks),
                    products[s:], 0,
                )  # fmt: skip

    units = np.arange(len(weights), dtype=np.uint32)[::-1].copy()
    products = np.full((len(samples), len(weights)), np.nan, weights.dtype)
    compute(weights, units, samples, chunks.astype(np.uint32), products)
    return products


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_add_up_in_the_order_that_is_stated(dtype):
    rng = np.random.default_rng(0)
    n_numbers = 5 * BYTES_PER_CHUNK // np.dtype(dtype).itemsize
    # Of all sizes and both signs: sums that depend on their order.
    weights = rng.normal(size=(120, n_numbers)) * 10.0 ** rng.integers(-3, 4, (120, n_numbers))
    samples = rng.integers(0, 256, (10, n_numbers)) / 255
    weights, samples = weights.astype(dtype), samples.astype(dtype)
    samples[:, n_numbers // 5 : 2 * n_numbers // 5] = 0
    found = [multiplied(weights, samples, np.array([0, 2, 3, 4]), shape) for shape in TILES]
    found += [multiplied(weights, samples, np.arange(5), shape) for shape in TILES[1:3]]
    assert len({products.tobytes() for products in found}) == 1
    for s, u in ((0, 0), (0, 119), (3, 57), (9, 8)):
        assert found[0][s, u] == stated(weights[u], samples[s])
    assert found[0].tobytes() != (samples @ weights.T).tobytes()


@pytest.mark.skipif(not ON_X86, reason="only x86 processors are told to leave subnormals out")
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_product_is_never_minus_0(dtype):
    """Each lane is: a product too small to be a number keeps its sign."""
    weights = np.full((1, BYTES_PER_CHUNK // np.dtype(dtype).itemsize), -np.finfo(dtype).tiny)
    samples = np.full_like(weights, 1 / 255)
    with without_subnormals():
        products = multiplied(weights.astype(dtype), samples.astype(dtype), np.array([0]), (1, 1))
    assert products[0, 0] == 0
    assert not np.signbit(products[0, 0])


# ------------------------------------------------------------------ whole maps

# Multiplies in each type, and trains small maps of some: as for another processor, if it is told one.
# Prints digests of what came out.
TRAINED = """
import json, sys
from numba.core import config
dtypes, *features = sys.argv[1:]
if features:  # beyond those of the first processors of 64 bits; the name of ours would add its own
    config.CPU_NAME, (config.CPU_FEATURES,) = "x86-64", features
import hashlib
import numba
import numpy as np
from topodream.engines import create, fast_mwta, products
from topodream.grid import Grid
from topodream.models.mwta import Lateral, Mwta
from topodream.models.prototypes import Start
from topodream.settings.config import Experiment
from topodream.training import states

COMMON = dict(name="drawn", dataset="drawn", device="cpu", on_divergence="keep", seed=0, epochs=1,
              steps_per_epoch=60, snapshot_every=1, order="shuffled", model="mwta", engine="fast")
TILE = products.TILE_ROWS, products.TILE_SAMPLES
ROWS, SAMPLES = TILE

@numba.njit
def multiply(weights, units, samples, chunks, found):
    products.multiply_tile(
        ROWS, SAMPLES, weights, units, samples, chunks, len(chunks), found, 0
    )

def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()

found = {}
for dtype in ("float32", "float64"):
    rng = np.random.default_rng(0)
    shape = (8, 4 * products.BYTES_PER_CHUNK // np.dtype(dtype).itemsize)
    weights, samples = rng.normal(size=(2, *shape)).astype(dtype)
    drives = np.zeros((8, 8), dtype)
    multiply(weights, np.arange(8, dtype=np.uint32), samples, np.arange(4, dtype=np.uint32), drives)
    found[dtype] = digest(drives[:2, :3])  # which any tile has
for dtype in dtypes.split():
    for trace in (None, 0.3):
        settings = Mwta(Start(0.1, 0.2), 0.05, 2, "excited", trace, Lateral(0.1, 2, "full", None), None, None)
        experiment = Experiment(grid=Grid(5, 7), dtype=dtype, settings=settings, **COMMON)
        rng = np.random.default_rng(0)
        pixels = rng.integers(1, 256, (20, 75)) * (rng.random((20, 75)) < 0.2)
        state = states.start(experiment, 75, rng)
        engine = create(experiment, state, pixels.astype(np.uint8))
        engine.advance(np.arange(70) % 20, lambda _: None)
        found[f"{dtype}, {trace}"] = digest(engine.state.weights)
print(json.dumps([TILE, found]))
"""
# By the package itself; but a variable that changes lets Numba forget which processor it was told.
SET_LATER = {"NUMBA_DISABLE_INTEL_SVML": "1"}
AVX2 = "+sse4.2,+popcnt,+avx,+avx2,+fma"
NEITHER = "+sse4.2,+popcnt"  # nor fused multiply-adds


def trained(tmp_path, dtypes, *features, **environment):
    """A tile's shape, and digests of products and maps, with all or some features of the processor."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", TRAINED, dtypes, *features],
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(ROOT / "src"), **SET_LATER} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return said(done)


@pytest.fixture(scope="module")
def as_it_is(tmp_path_factory):
    _, digests = trained(tmp_path_factory.mktemp("as it is"), "float32 float64")
    assert len(set(digests.values())) == 6
    return digests


@pytest.mark.slow  # to compile
@pytest.mark.skipif(not HAS_FMA, reason="an x86 processor with AVX2 can do as if it had less")
def test_no_bit_depends_on_the_width_of_registers(as_it_is, tmp_path):
    tile, digests = trained(tmp_path, "float32", AVX2)
    assert tile == [3, 2]
    assert len(digests) == 4
    assert digests.items() <= as_it_is.items()


@pytest.mark.slow  # to compile
@pytest.mark.skipif(not HAS_FMA, reason="an x86 processor with AVX2 can do as if it had less")
def test_no_bit_depends_on_fused_multiply_adds_being_an_instruction(as_it_is, tmp_path):
    # The C library is told that there is none either.
    without = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX2_Usable,-FMA_Usable"
    _, digests = trained(tmp_path, "float64", NEITHER, GLIBC_TUNABLES=without)
    assert len(digests) == 4
    assert digests.items() <= as_it_is.items()


# ------------------------------------------------------------------ weights that are not finite


def overflowing(monkeypatch, samples_ahead):
    """Train a map of which a weight becomes infinite at the first step; who wins the others?

    Unit 0 learns pixel 20, unit 1 pixel 0, and both are as they should be. Unit 2 wins with
    next to nothing at pixel 25; then its weights there and at pixel 20 overflow.
    """
    monkeypatch.setattr(fast_mwta, "SAMPLES_AHEAD_IN_CACHE", samples_ahead)
    lateral = Lateral(0.0, 0, "full", None)
    settings = Mwta(Start(0, 0), 1e36, 1, "drive", None, lateral, None, None)
    experiment = Experiment(
        name="overflowing", dataset="drawn", model="mwta", engine="fast", device="cpu",
        dtype="float32", on_divergence="keep", seed=0, epochs=1, steps_per_epoch=41,
        snapshot_every=1, order="sequential", grid=Grid(1, 3), settings=settings,
    )  # fmt: skip
    pixels = np.zeros((3, 32), np.uint8)
    pixels[[0, 1, 2], [25, 0, 20]] = 255
    weights = np.zeros((3, 32), np.float32)
    weights[0, 20] = weights[1, 0] = 1
    weights[2, [0, 25, 20]] = 2, 1e-28, 1e34
    engine = create(experiment, mwta.State(weights, np.zeros(3, np.float32)), pixels)
    tally = engine.advance(np.array([0] + 20 * [1]), lambda _: None)
    return engine.state.weights, tally


def test_an_infinite_weight_makes_a_drive_no_number_wherever_a_block_begins(monkeypatch):
    """As in the equations: 0 times it is no number, in chunks that are left out before too."""
    ends = []
    for samples_ahead in (1, 3, 30):
        weights, tally = overflowing(monkeypatch, samples_ahead)
        assert np.isinf(weights[2, 20])
        assert np.isfinite(weights[:2]).all()
        assert tally.steps == 21
        # At pixel 0 unit 2 would win by far, if chunk 1 were left out.
        assert tally.wins.tolist() == [0, 20, 1]
        ends.append(weights.tobytes())
    assert len(set(ends)) == 1


# ------------------------------------------------------------------ what is compiled


@pytest.mark.slow
def test_other_instructions_of_products_are_other_kernels(tmp_path):
    """Machine code is kept by the kernel's own file, and what is written into it lies in another."""
    shutil.copytree(ROOT / "src/topodream", tmp_path / "topodream")
    (tmp_path / "some_kernel.py").write_text(KERNEL)
    code = """if True:
        import some_kernel
        assert some_kernel.twice(2.5) == 5
        print(sum(some_kernel.twice.stats.cache_hits.values()))
    """
    environment = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    found = []
    for file in (None, None, "products.py", None, "jit.py", "fast_mwta.py"):
        if file:
            with (tmp_path / "topodream/engines" / file).open("a") as source:
                source.write("# a remark\n")
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | environment,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.append(int(done.stdout))
    assert found == [0, 1, 0, 1, 0, 1]
