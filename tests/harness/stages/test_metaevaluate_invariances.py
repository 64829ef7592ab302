"""What must not change a number: the order of records, the unit of a metric, its sign, hash seeds, threads."""

import os
import random
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judgment_sets import Sheet, find

from harness.records import MetaRow

SUPPORT = Path(__file__).resolve().parents[2] / "support"
ACCURACIES = ("accuracy_raw", "accuracy", "accuracy_heldout", "above_floor", "accuracy_difference")


def sheet_of(seed: int, scale: float = 1.0, shift: float = 0.0, sign: int = 1) -> Sheet:
    """Twelve items in nine clusters, three systems, two raters, preferences, two metrics; `m` is turned as told."""
    rng = random.Random(seed)
    sheet = Sheet()
    sheet.metric("m", higher_is_better=sign > 0)
    for number in range(12):
        item = f"item{number}"
        fields = {"language": "en" if number % 2 else "sv", "parallel_id": f"p{number // 2}", "source": "en källa som ändras"}
        sheet.item(item, cluster_id=f"c{number % 9}", references=("ett svar på frågan",) * (number % 3), **fields)
        for system in "abc":
            ratings = {"anna": rng.choice([1.0, 2.0, 3.0]), "bo": rng.choice([None, 1.0, 2.0, 3.0])}
            given = rng.choice([None, 0.0, 1.0, 2.0, 3.0, 5.0])
            text = "ett svar"[: rng.randint(1, 8)] + " till"
            m = None if given is None else sign * (given * scale + shift)
            sheet.answer(item, system, ratings, text=text, m=m, other=rng.random())
        pair = (f"{item}/a/0", f"{item}/b/0")
        for rater in ("anna", "bo", "cilla"):
            sheet.prefer(*pair[:: rng.choice([1, -1])], rng.choice(["a", "b", "tie"]), rater)
    return sheet


def numbers(rows: list[MetaRow]) -> list[MetaRow]:
    """The rows without the digest of the set, which stands for the order of its records."""
    return [msgspec.structs.replace(row, judgments="") for row in rows]


@cache
def plain(seed: int) -> list[MetaRow]:
    """The rows of the set as it is."""
    return numbers(sheet_of(seed).rows())


def changed(one: list[MetaRow], two: list[MetaRow]) -> list[tuple[MetaRow, MetaRow]]:
    """The first rows that differ (a list of rows compared by pytest takes minutes to print)."""
    assert len(one) == len(two)
    return [(a, b) for a, b in zip(one, two, strict=True) if a != b][:3]


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), shuffle=st.integers(1, 1000))
def test_the_order_of_records_changes_no_number(seed: int, shuffle: int) -> None:
    options = {"raters": "mean", "slices": ("language", "length"), "resamples": 10}
    before = sheet_of(seed).rows(**options)
    sheet = sheet_of(seed)
    rng = random.Random(shuffle)
    names = list(sheet.examples)
    rng.shuffle(names)
    sheet.examples = {name: sheet.examples[name] for name in names}
    for records in (sheet.outputs, sheet.judgments, sheet.preferences, sheet.scores):
        rng.shuffle(records)
    assert not changed(numbers(sheet.rows(**options)), numbers(before))


@settings(max_examples=6)
@given(seed=st.integers(0, 3), scale=st.integers(1, 1000), shift=st.integers(-1000, 1000))
def test_a_positive_scale_and_a_shift_change_no_raw_accuracy(seed: int, scale: int, shift: int) -> None:
    def raw(rows: list[MetaRow]) -> list[MetaRow]:
        return [row for row in rows if row.statistic in ("accuracy_raw", "kendall_b")]

    assert not changed(raw(numbers(sheet_of(seed, float(scale), float(shift)).rows())), raw(plain(seed)))


@settings(max_examples=6)
@given(seed=st.integers(0, 3), power=st.integers(-60, 60))
def test_a_scale_of_a_power_of_two_changes_nothing_but_epsilon(seed: int, power: int) -> None:
    scale = 2.0**power
    rows = numbers(sheet_of(seed, scale).rows())
    turned = [msgspec.structs.replace(r, epsilon=r.epsilon and r.epsilon / scale) if r.metric == "m" else r for r in rows]
    assert not changed(turned, plain(seed))


@settings(max_examples=6)
@given(seed=st.integers(0, 3), scale=st.integers(2, 50))
def test_a_whole_scale_changes_no_calibrated_accuracy_interval_or_p_of_whole_numbers(seed: int, scale: int) -> None:
    def kept(rows: list[MetaRow]) -> list[MetaRow]:
        return [msgspec.structs.replace(row, epsilon=None) for row in rows if row.statistic in ACCURACIES]

    assert not changed(kept(numbers(sheet_of(seed, float(scale)).rows())), kept(plain(seed)))


@settings(max_examples=6)
@given(seed=st.integers(0, 3))
def test_a_negated_metric_of_which_less_is_better_gives_the_same_rows(seed: int) -> None:
    assert not changed(numbers(sheet_of(seed, sign=-1).rows()), plain(seed))


def test_another_seed_changes_intervals_and_nothing_that_is_not_drawn() -> None:
    def values(seed: int) -> dict[tuple[Any, ...], float | None]:
        rows = [r for r in sheet_of(3).rows(seed=seed) if not (r.metric or "").startswith("random")]
        drawn = ("soft_pairwise_accuracy",)
        kept = [r for r in rows if r.statistic not in drawn and not (r.against or "").startswith("random")]
        return {(r.metric, r.component, r.against, r.grouping, r.statistic, r.support, r.criterion): r.value for r in kept}

    assert values(0) == values(1)
    intervals = [find(sheet_of(3).rows(seed=s), metric="other", grouping="item", statistic="accuracy_raw")[0] for s in (0, 1)]
    assert (intervals[0].low, intervals[0].high) != (intervals[1].low, intervals[1].high)


PROGRAM = """
import hashlib, sys
import msgspec
from test_metaevaluate_invariances import sheet_of
rows = sheet_of(5).rows(raters="mean", slices=("form", "task", "language", "length", "systems"), resamples=300)
sys.stdout.buffer.write(msgspec.json.encode(rows))
"""


GEC = """
import sys
import msgspec
import harness
rows = harness.metaevaluate("gec-sv", ["chrf", "rouge-l"], criteria=["meaning"], resamples=300)
sys.stdout.buffer.write(msgspec.json.encode(rows))
"""


def run_apart(hash_seed: str, threads: str, program: str = PROGRAM, **more: str) -> bytes:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    path = os.pathsep.join([str(SUPPORT), str(Path(__file__).parent)])
    environment = {**os.environ, **dict.fromkeys(names, threads), "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path, **more}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize(("hash_seed", "threads"), [("1", "1"), ("2", "2")])
def test_rows_are_byte_identical_whatever_the_hash_seed_and_the_threads(hash_seed: str, threads: str) -> None:
    rows = sheet_of(5).rows(raters="mean", slices=("form", "task", "language", "length", "systems"), resamples=300)
    assert run_apart(hash_seed, threads) == msgspec.json.encode(rows)


@pytest.mark.slow
def test_the_swedish_ratings_give_byte_identical_rows_on_one_thread_and_two(shared_data: Path) -> None:
    one, two = (run_apart(threads, threads, GEC, HARNESS_DATA=str(shared_data)) for threads in ("1", "2"))
    assert len(one) > 300_000
    assert one == two
