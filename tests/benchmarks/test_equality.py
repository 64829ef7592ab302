"""The comparison with independent tools: that it would see a difference, and what it finds on the set that ships."""

import math
import sys
from collections import defaultdict

import pytest
from benchmark_scripts import FOLDER, benchmark


@pytest.fixture(scope="module")
def equality():
    sys.path.insert(0, str(FOLDER))  # the scripts import their frame as a neighbour
    try:
        yield benchmark("equality")
    finally:
        sys.path.remove(str(FOLDER))


def test_the_largest_difference_is_kept_with_its_place_and_a_missing_number_equals_only_a_missing_one(equality):
    found = equality.Found()
    found.add(0.5, 0.5, "first")
    found.add(None, math.nan, "both missing")
    found.add(0.5, 0.75, "third")
    assert (found.numbers, found.largest, found.where) == (3, 0.25, "third")
    assert "NO REASON KNOWN" in equality.line(found)
    found.add(None, 0.1, "one missing")
    assert found.largest == math.inf


def test_metrics_equal_sacrebleu_and_rouge_score_on_the_set_that_ships(equality):
    data = equality.read_source(*equality._source("contrast-sv"))
    table = defaultdict(equality.Found)
    equality.compare_metrics("contrast-sv", data, table)
    tools = {(what, tool) for _, what, tool in table}
    assert {("chrf", "sacrebleu"), ("bleu", "sacrebleu"), ("rouge-l", "rouge-score"), ("rouge-2", "rouge-score")} <= tools
    assert all(found.numbers >= 500 and found.largest <= 1e-9 for found in table.values())
