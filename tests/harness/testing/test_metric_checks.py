"""Each check finds the fault that it is there for, and a good metric passes them all."""

import contextlib
import itertools
import random
import re
import socket
import threading

import pytest

from harness import MetricSpec, Result
from harness.testing import check_metric, metric_problems
from harness.testing.metric_checks import CHECKS


class WordRecall:
    """The share of a reference's words that the answer holds; of several references the best."""

    def __init__(self, fold: bool = True, power: float = 1.0, batch_size: int = 8) -> None:
        self.fold, self.power = fold, power
        self.signature = f"word-recall|fold:{fold}|power:{power}|v:1"

    def score(self, units):
        return [self.one(unit) for unit in units]

    def one(self, unit):
        said = self.words(unit.output.text)
        if not said:
            return Result(None, "empty")
        shares = [len(said & words) / len(words) for words in map(self.words, unit.example.references) if words]
        return max(shares, default=0.0) ** self.power

    def words(self, text):
        return set(re.findall(r"\w+", text.casefold() if self.fold else text))


def spec(build, **fields):
    return MetricSpec("probed", build=build, needs=fields.pop("needs", ("reference",)), **fields)


def found(build, options=None, **fields):
    """The checks that find something, with all that they say."""
    told = {}
    for problem in metric_problems(spec(build, **fields), **{"skip": ["process"], **(options or {})}):
        told[problem.check] = f"{told.get(problem.check, '')}{problem.message}\n"
    return told


def changed(**members):
    return type("Changed", (WordRecall,), members)


def test_a_good_metric_passes_every_check():
    check_metric(spec(WordRecall), score_range=(0, 1))


def test_every_problem_is_told_in_one_error():
    bad = changed(score=lambda self, units: [random.random() for _ in units])
    with pytest.raises(AssertionError, match=r"metric 'probed' has \d problem") as error:
        check_metric(spec(bad))
    assert "- determinism: " in str(error.value)
    assert "- order: " in str(error.value)


class CountsCalls(WordRecall):
    calls = 0

    def score(self, units):
        type(self).calls += 1
        return [float(type(self).calls)] * len(units)


def by_place(self, units):
    return [float(place) for place, _ in enumerate(units)]


def by_size(self, units):
    return [1 / len(units)] * len(units)


def fails_on_emoji(self, unit):
    if any(ord(char) > 0xFFFF for char in unit.output.text):
        raise ValueError("no such character")
    return 0.5


def last_reference(self, unit):
    words = self.words(unit.example.references[-1]) if unit.example.references else set()
    return len(self.words(unit.output.text) & words) / max(1, len(words))


def joined_in_order(self, unit):
    first = unit.example.references[0] if unit.example.references else ""
    return float(len(first) == len(unit.output.text))


@pytest.mark.parametrize(
    ("check", "build", "said"),
    [
        ("determinism", CountsCalls, "the same object says"),
        ("order", changed(score=by_place), "depends on the other units of the call"),
        ("batch-size", changed(score=by_size), "alone"),
        ("input", changed(one=fails_on_emoji), "it fails on emoji: ValueError: no such character"),
        ("references", changed(one=last_reference), "the order of the references changes the score"),
        ("references", changed(one=joined_in_order), "the order of the references"),
        ("range", changed(one=lambda self, unit: 100.0), "100.0 lies outside 0 to 1"),
        ("needs", changed(one=lambda self, unit: float(len(unit.output.text))), "no score changes with it"),
        ("protocol", changed(score=lambda self, units: [0.5]), "returned 1 results"),
        ("protocol", changed(one=lambda self, unit: "high"), "must be a number or a Result"),
    ],
)
def test_a_fault_is_found_by_the_check_for_it(check, build, said):
    assert said in found(build, {"score_range": (0, 1)})[check]


def test_only_the_first_reference_is_read():
    def one(self, unit):
        words = self.words(min(unit.example.references)) if unit.example.references else set()  # in any order the same one
        return len(self.words(unit.output.text) & words) / max(1, len(words))

    assert "only one is read" in found(changed(one=one))["references"]


def test_a_need_that_is_not_declared_is_found():
    assert "add 'reference'" in found(changed(one=lambda self, unit: float(len(unit.example.references[0]))), needs=())["needs"]
    honest = changed(one=lambda self, unit: 1.0 if unit.example.references else Result(None, "no-reference"))
    assert "no-reference" in found(honest, needs=())["needs"]
    assert "add 'source'" in found(changed(one=lambda self, unit: float(len(unit.example.source))))["needs"]


def test_the_wrong_direction_is_found():
    assert "is the direction right?" in found(WordRecall, higher_is_better=False)["direction"]


@pytest.mark.parametrize("forgotten", ["fold", "power"])
def test_a_parameter_that_the_signature_lacks_is_found(forgotten):
    def init(self, fold=True, power=1.0):
        self.fold, self.power = fold, power
        self.signature = "|".join(["word-recall", *(f"{k}:{v}" for k, v in vars(self).items() if k != forgotten), "v:1"])

    assert f"{forgotten}=" in found(changed(__init__=init))["signature"]
    assert "signature" not in found(changed(__init__=init), {"without_effect": [forgotten]})


def test_a_parameter_whose_values_cannot_be_guessed_is_asked_for():
    def init(self, stemmer=None):
        self.fold, self.power, self.signature = True, 1.0, f"word-recall|stemmer:{stemmer}|v:1"

    build = changed(__init__=init)
    assert "alternatives={'stemmer': [...]}" in found(build)["parameters"]
    assert "parameters" not in found(build, {"alternatives": {"stemmer": ["swedish"]}})


def test_what_cannot_be_pickled_is_found():
    def init(self):
        self.fold, self.power, self.lock, self.signature = True, 1.0, threading.Lock(), "word-recall|v:1"

    assert "cannot be pickled" in found(changed(__init__=init))["pickle"]


def test_a_metric_that_calls_out_is_found_even_if_it_hides_it():
    def one(self, unit):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), timeout=0.1)  # nobody listens there
        return WordRecall.one(self, unit)

    assert "127.0.0.1" in found(changed(one=one))["network"]


HASHED = '''
"""A metric that depends on Python's seed of hashes."""

class Hashed:
    signature = "hashed|v:1"

    def score(self, units):
        return [float(hash(unit.output.text) % 1000) for unit in units]
'''


def test_a_metric_that_depends_on_the_seed_of_hashes_is_found(tmp_path, monkeypatch):
    (tmp_path / "hashed_metric.py").write_text(HASHED)
    monkeypatch.syspath_prepend(tmp_path)
    import hashed_metric

    said = found(hashed_metric.Hashed, {"skip": [name for name in CHECKS if name not in ("protocol", "process")]}, needs=())
    assert "does it depend on `hash`" in said["process"]


def test_checks_can_be_left_out_by_name_only():
    bad = changed(score=lambda self, units: list(itertools.islice(itertools.cycle([0.1, 0.2]), len(units))))
    assert "order" in found(bad)
    assert "order" not in found(bad, {"skip": ["order", "batch-size"]})
    with pytest.raises(ValueError, match="there is no check 'ordre'"):
        metric_problems(spec(WordRecall), skip=["ordre"])


@pytest.mark.parametrize(
    ("name", "alternatives"),
    [
        ("rouge-l", {"tokenizer": ["rouge-score"], "stemmer": ["swedish"], "implementation": ["rouge-score"]}),
        ("chrf", {"norm": ["none"]}),
    ],
)
def test_shipped_metrics_pass(name, alternatives):
    check_metric(name, alternatives=alternatives, skip=["process"])
