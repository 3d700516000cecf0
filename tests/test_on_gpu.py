"""What can only be seen on a GPU: skipped where there is none, as wherever this has been run."""

import pytest

from topodream import gpu_check
from topodream.engines import cupy
from topodream.files.errors import InputError


def missing():
    try:
        cupy.find()
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.parametrize(
    "case", gpu_check.agreements(), ids=lambda case: f"{case.name} {case.rows}"
)
def test_a_gpu_follows_the_reference(case):
    assert gpu_check.compare(case, cupy.find()).holds
