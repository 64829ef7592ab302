import gc
from contextlib import suppress

import pytest

from harness.few_collections import few_collections


@pytest.fixture(autouse=True)
def own_thresholds():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(("before", "meanwhile"), [(700, 500_000), (900_000, 900_000), (0, 0)])
def test_python_looks_more_seldom_meanwhile_and_as_before_afterwards_even_after_an_error(before, meanwhile):
    gc.set_threshold(before, 7, 9)
    with suppress(KeyError), few_collections():
        assert gc.get_threshold() == (meanwhile, 7, 9)
        raise KeyError
    assert gc.get_threshold() == (before, 7, 9)
