"""The emulator of a GPU, on kernels of a few lines: it sees what it is there to see."""

import numpy as np
import pytest
from emulator import building, cubins, races
from emulator.stand_in import DeviceError, StandIn

pytestmark = pytest.mark.skipif(bool(building.missing()), reason=f"{building.missing()}")
needs_races = pytest.mark.skipif(bool(races.missing()), reason=f"{races.missing()}")

BEGIN = """
#ifndef DYNAMIC_SHARED
#define DYNAMIC_SHARED(name) extern __shared__ double name[]
#endif
typedef REAL real;
"""


def kernel(body, parameters="real* out", name="tested"):
    return f'{BEGIN}\nextern "C" __global__ void {name}({parameters}) {{\n{body}\n}}\n'


def launched(text, *arguments, xp=None, grid=(1,), threads=64, shared=0, real="float"):
    xp = xp or StandIn()
    module = xp.RawModule(code=text, options=(f"-DREAL={real}",))
    module.get_function("tested")(grid, (threads,), arguments, shared_mem=shared)
    return xp


def result(body, n=64, *, dtype=np.float32, **options):
    xp = options.pop("xp", None) or StandIn()
    out = xp.zeros((n,), dtype)
    launched(kernel(body), out, xp=xp, **options)
    return xp.asnumpy(out)


# ------------------------------------------------------------------ what is modelled


def test_every_thread_of_every_block_runs_once():
    found = result("out[blockIdx.x * blockDim.x + threadIdx.x] += 1;", 192, grid=(3,))
    assert found.tolist() == [1] * 192


def test_a_grid_has_three_axes():
    body = "out[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = blockIdx.z + 1;"
    assert result(body, 12, grid=(3, 2, 2), threads=32).tolist() == [1] * 6 + [2] * 6


def test_shuffles_move_values_within_warps():
    body = """
    real sum = threadIdx.x;
    for (int apart = 16; apart > 0; apart /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, apart);
    out[threadIdx.x] = __shfl_sync(0xffffffffu, sum, 5);"""
    assert result(body).tolist() == [sum(range(32))] * 32 + [sum(range(32, 64))] * 32


@pytest.mark.parametrize("order", [0, 1, 2])
def test_threads_meet_at_barriers_whatever_their_order(order):
    body = """
    DYNAMIC_SHARED(shared);
    shared[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = shared[63 - threadIdx.x];"""
    found = result(body, xp=StandIn(order), shared=64 * 8)
    assert found.tolist() == list(range(63, -1, -1))


def test_threads_and_blocks_run_in_an_order_of_choice():
    """Last write wins: in descending order the first one's."""
    body = "out[0] = blockIdx.x * blockDim.x + threadIdx.x;"
    last = [int(result(body, xp=StandIn(order), grid=(4,))[0]) for order in (0, 1, 2)]
    assert last[:2] == [255, 0]
    assert last[2] not in last[:2]


def test_shared_memory_is_poisoned_for_every_block():
    body = "DYNAMIC_SHARED(shared); if (threadIdx.x) return; out[blockIdx.x] = shared[0]; shared[0] = 1;"
    assert np.isnan(result(body, 2, grid=(2,), shared=8)).all()


def test_small_floats_are_flushed_as_cupy_compiles_them():
    body = "out[threadIdx.x] = out[threadIdx.x] + (real)1e-30 * (real)1e-15;"
    assert result(body)[0] == 0
    assert result(body, dtype=np.float64, real="double")[0] > 0
    assert np.float32(1e-30) * np.float32(1e-15) > 0  # and the host is as before


# ------------------------------------------------------------------ what is refused


def test_a_barrier_that_not_all_threads_reach():
    with pytest.raises(DeviceError, match="different lines|deadlock"):
        result("if (threadIdx.x < 40) __syncthreads();\n__syncthreads();")


def test_a_shuffle_that_half_a_warp_reaches():
    body = "if (threadIdx.x % 2) out[0] = __shfl_xor_sync(0xffffffffu, out[1], 1);"
    with pytest.raises(DeviceError, match="deadlock|has ended"):
        result(body + "\n__syncthreads();")


def test_writes_outside_of_memory():
    with pytest.raises(DeviceError, match="a write behind the end of shared memory"):
        result("DYNAMIC_SHARED(shared); shared[threadIdx.x] = 1;", shared=63 * 8)
    with pytest.raises(DeviceError, match="tested: a write outside of out"):
        result("out[threadIdx.x + 1] = 1;")
    with pytest.raises(DeviceError, match="tested: a write outside of out"):
        result("out[(int)threadIdx.x - 1] = 1;")


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        (lambda xp: xp.zeros((4,), np.float64), "an array of float64 for real\\*"),
        (lambda xp: np.zeros(4, np.float32), "ndarray for a pointer"),
        (lambda xp: np.float32(1), "float32 for a pointer"),
    ],
)
def test_arguments_that_are_no_such_pointers(argument, reason):
    xp = StandIn()
    with pytest.raises(DeviceError, match=reason):
        launched(kernel(""), argument(xp), xp=xp)


@pytest.mark.parametrize("value", [3, np.int64(3), np.float32(3)])
def test_numbers_of_another_type(value):
    text = kernel("out[0] = n;", "real* out, int n")
    xp = StandIn()
    out = xp.zeros((1,), np.float32)
    with pytest.raises(DeviceError, match="is no int32"):
        launched(text, out, value, xp=xp)
    launched(text, out, np.int32(3), xp=xp)
    with pytest.raises(DeviceError, match="1 arguments for 2 parameters"):
        launched(text, out, xp=xp)


def test_launches_that_a_device_refuses():
    for options, reason in (
        ({"threads": 1056}, "1056 threads, at most 1024"),
        ({"threads": 33}, "33 threads are no whole warps"),
        ({"grid": (0,)}, "a grid of"),
        ({"grid": (1, 65536)}, "a grid of"),
        ({"shared": 48 * 1024 + 1}, "49153 bytes of shared memory, of which 49152 were"),
    ):
        with pytest.raises(DeviceError, match=reason):
            result("", **options)


def test_shared_memory_has_to_be_asked_for_and_be_there():
    xp = StandIn(most_shared_bytes=99 * 1024)
    module = xp.RawModule(code=kernel(""), options=("-DREAL=float",))
    tested = module.get_function("tested")
    tested.max_dynamic_shared_size_bytes = 90_000
    tested((1,), (32,), (xp.zeros((1,), np.float32),), shared_mem=90_000)
    with pytest.raises(DeviceError, match="101377 bytes of shared memory, at most 101376"):
        tested.max_dynamic_shared_size_bytes = 99 * 1024 + 1


def test_arrays_are_not_numpy_s():
    array = StandIn().zeros((3,), np.float32)
    with pytest.raises(TypeError, match="no implicit conversion"):
        np.asarray(array)


def test_names_that_nobody_looked_at():
    with pytest.raises(AttributeError, match="matmul is not among what the engine is known to use"):
        _ = StandIn().matmul


@pytest.mark.parametrize(
    "body", ["__shared__ float room[3];", "atomicAdd(out, 1);", "__threadfence();"]
)
def test_kernels_that_the_emulator_knows_too_little_for(body):
    with pytest.raises(ValueError, match="the emulator doesn't know"):
        result(body)


# ------------------------------------------------------------------ races

RACE = """
from emulator.stand_in import StandIn
import numpy as np
xp = StandIn(races=True)
module = xp.RawModule(code={text!r}, options=("-DREAL=float",))
out = xp.zeros((256,), np.float32)
for launch in range(2):
    module.get_function("tested")(({grid},), (64,), (out,), shared_mem=1024)
"""


def raced(body, grid=1):
    text = f'{BEGIN}#line 1 "test.cu"\n' + kernel(body).removeprefix(BEGIN).lstrip()
    return races.find(RACE.format(text=text, grid=grid))


@needs_races
def test_a_missing_barrier_is_a_race_whatever_the_order():
    body = "{shared}\nreal mine = threadIdx.x;\nout[threadIdx.x] = mine;\n{barrier}\n{read}"
    parts = {"shared": "", "read": "out[64 + threadIdx.x] = out[63 - threadIdx.x];"}
    assert raced(body.format(barrier="__syncthreads();", **parts)) == []
    found = raced(body.format(barrier="", **parts))
    assert found[0] in ("data race at test.cu:4, test.cu:6", "data race at test.cu:6, test.cu:4")


@needs_races
def test_a_shuffle_orders_no_memory():
    body = """out[threadIdx.x] = 1;
    __shfl_xor_sync(0xffffffffu, 1, 1);
    if (threadIdx.x == 0) out[64] = out[1];"""
    assert raced(body)


@needs_races
def test_blocks_are_not_ordered_but_launches_are():
    own = "out[blockIdx.x * 64 + threadIdx.x] += 1;"
    assert raced(own, grid=3) == []
    assert raced(own + "\nif (blockIdx.x == 1) out[200] = out[threadIdx.x];", grid=3)


@needs_races
def test_blocks_have_shared_memory_of_their_own():
    body = (
        "DYNAMIC_SHARED(shared);\nshared[threadIdx.x] = 1;\nout[threadIdx.x + 64 * blockIdx.x] = 1;"
    )
    assert raced(body, grid=3) == []


# ------------------------------------------------------------------ compiling


@pytest.mark.skipif(cubins.compiler() is None, reason="neither nvcc nor NVRTC is installed")
def test_what_does_not_compile_is_an_error():
    compiler = cubins.compiler()
    with pytest.raises(RuntimeError, match="undefined"):
        cubins.compile_kernels(compiler, kernel("nothing = 1;"), ["-DREAL=float"], "sm_90")
