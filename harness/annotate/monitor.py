"""The owner's numbers: progress, agreement so far, speed, who drifts; plain data for the page and for `--json`.

Flags say where to look, not who is wrong; their limits are constants below and stand in `docs/how-to/collect-ratings.md`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean, median, variance
from typing import Any

import numpy as np

from harness.annotate.answers import wrong_of_known
from harness.annotate.contents import Answered
from harness.annotate.store import Store
from harness.annotate.study import Study, allowed_answers
from harness.annotate.views import Rater
from harness.meta.agreement import fleiss_kappa, krippendorff_alpha
from harness.meta.pairs import Floats

FAILED_CHECKS = 0.25  # share of attention checks, and the fewest failures
FEWEST_FAILED = 2
ONE_ANSWER = 0.9  # share of one answer on every criterion, and the fewest answers
FEWEST_ANSWERS = 20
APART = 0.25  # of the scale's range: mean distance from the others, or its change from the first half to the second
ERRORS = 3  # standard errors that such a distance or change must exceed as well: several criteria and raters are looked at
FEWEST_SHARED = 10  # overlapping outputs (in each half, for a change)
FAST = 1 / 3  # of the others' median time
_FORMS = ("rate", "compare")

ByRater = Mapping[int, Sequence[Answered]]
Unit = tuple[str, ...]


def study_status(store: Store) -> dict[str, Any]:
    """Everything the owner's page shows, as plain values (every figure with its n, None where nothing can be said yet).

    ```
    {"study": str, "generated_at": iso, "items": int, "outputs": int, "tasks_done": int, "tasks_total": int, "answers": int,
     "raters": [{"pseudonym", "consented", "training_done", "training_total", "done", "total", "median_seconds", "n_seconds",
                 "last_answer_at", "checks_failed", "checks_done", "straight_lining": {criterion: {"share", "value", "n"}},
                 "drift": {criterion: {"difference", "n", "early", "n_early", "late", "n_late", "se", "se_change"}},
                 "flags": [str]}],
     "agreement": [{"criterion", "form": "rate" | "compare", "alpha_ordinal" | "alpha_nominal", "fleiss_kappa", "n_fleiss", "n",
                    "raters", "pairwise": [{"a", "b", "exact", "alpha", "n"}]}]}
    ```
    `answers` counts tasks of the study proper that have an answer, checks and training left out. `drift` is the mean of a rater's
    rating minus the others' mean on the outputs they share (in points of the scale), all and by halves of their order; `se` and
    `se_change` are standard errors. Criteria of comparisons are `compare:NAME` in `straight_lining`, where `value` is a side.
    `flags`: checks, straight-lining, apart, drifts, fast.
    """
    from harness.annotate.contents import now

    raters = store.raters()
    answered: dict[int, list[Answered]] = {rater.id: [] for rater in raters}
    for answer in store.last_answers():
        answered.setdefault(answer.rater_id, []).append(answer)
    proper = {rater: [answer for answer in given if answer.known is None] for rater, given in answered.items()}
    progress = {rater.id: store.progress(rater) for rater in raters}
    study = store.study
    described = [_rater(study, rater, answered, proper, progress[rater.id]) for rater in raters]
    return {
        "study": study.name,
        "generated_at": now(),
        "items": len(store.contents.examples),
        "outputs": len(store.contents.outputs),
        "tasks_done": sum(one.training_done + one.main_done for one in progress.values()),
        "tasks_total": sum(one.training_total + one.main_total for one in progress.values()),
        "answers": sum(map(len, proper.values())),
        "raters": described,
        "agreement": list(_agreement(study, raters, proper)),
    }


def _rater(study: Study, rater: Rater, answered: ByRater, proper: ByRater, progress: Any) -> dict[str, Any]:
    checks = [answer for answer in answered[rater.id] if answer.kind == "check"]
    failed = sum(bool(wrong_of_known(study, answer, answer.answers)) for answer in checks)
    seconds = _seconds(proper[rater.id])
    lines = _straight_lining(study, proper[rater.id])
    drift = _drift(study, rater.id, proper)
    others = [value for other, given in proper.items() if other != rater.id for value in _seconds(given)]
    return {
        "pseudonym": rater.pseudonym,
        "consented": progress.consented,
        "training_done": progress.training_done,
        "training_total": progress.training_total,
        "done": progress.main_done,
        "total": progress.main_total,
        "median_seconds": median(seconds) if seconds else None,
        "n_seconds": len(seconds),
        "last_answer_at": max((answer.saved_at for answer in answered[rater.id]), default=None),
        "checks_failed": failed,
        "checks_done": len(checks),
        "straight_lining": lines,
        "drift": drift,
        "flags": list(_flags(study, failed, len(checks), lines, drift, seconds, others)),
    }


def _flags(
    study: Study,
    failed: int,
    checks: int,
    lines: Mapping[str, Any],
    drift: Mapping[str, Any],
    seconds: Sequence[float],
    others: Sequence[float],
) -> Iterable[str]:
    if failed >= FEWEST_FAILED and failed > FAILED_CHECKS * checks:
        yield "checks"
    if lines and all(line["n"] >= FEWEST_ANSWERS and line["share"] >= ONE_ANSWER for line in lines.values()):
        yield "straight-lining"
    limits = {criterion.name: APART * (criterion.high - criterion.low) for criterion in study.criteria}
    shared = [(limits[name], d) for name, d in drift.items() if d["n"] >= FEWEST_SHARED]
    if any(abs(d["difference"]) > max(limit, ERRORS * d["se"]) for limit, d in shared):
        yield "apart"
    halves = [(limits[name], d) for name, d in drift.items() if min(d["n_early"], d["n_late"]) >= FEWEST_SHARED]
    if any(abs(d["late"] - d["early"]) > max(limit, ERRORS * d["se_change"]) for limit, d in halves):
        yield "drifts"
    if min(len(seconds), len(others)) >= FEWEST_SHARED and median(seconds) < FAST * median(others):
        yield "fast"


def _seconds(given: Iterable[Answered]) -> list[float]:
    return [answer.seconds for answer in given if answer.seconds is not None]


def _straight_lining(study: Study, given: Sequence[Answered]) -> dict[str, Any]:
    """The most frequent answer on each criterion and its share."""
    found = {}
    for form in _FORMS:
        for criterion in allowed_answers(study, form):
            values = [answer.answers.get(criterion) for answer in given if answer.form == form]
            counts = Counter(value for value in values if value is not None)
            if counts:
                value, count = counts.most_common(1)[0]
                name = criterion if form == "rate" else f"compare:{criterion}"
                found[name] = {"share": count / counts.total(), "value": value, "n": counts.total()}
    return found


def _drift(study: Study, rater: int, proper: ByRater) -> dict[str, Any]:
    """How far a rater's ratings lie above the others' on the outputs that they share, all in all and by halves of their order."""
    found = {}
    for criterion in study.criteria:
        elsewhere: dict[Unit, list[float]] = {}
        for other, given in proper.items():
            if other != rater:
                for unit, value in _values(given, "rate", criterion.name):
                    elsewhere.setdefault(unit, []).append(value)
        own = [(unit, value) for unit, value in _values(proper[rater], "rate", criterion.name) if unit in elsewhere]
        gaps = [value - fmean(elsewhere[unit]) for unit, value in own]
        early, late = gaps[: len(gaps) // 2], gaps[len(gaps) // 2 :]
        found[criterion.name] = {
            "difference": fmean(gaps) if gaps else None,
            "n": len(gaps),
            "early": fmean(early) if early else None,
            "n_early": len(early),
            "late": fmean(late) if late else None,
            "n_late": len(late),
            "se": _variance_of_mean(gaps) ** 0.5,
            "se_change": (_variance_of_mean(early) + _variance_of_mean(late)) ** 0.5,
        }
    return found


def _variance_of_mean(values: Sequence[float]) -> float:
    return variance(values) / len(values) if len(values) > 1 else 0.0


def _agreement(study: Study, raters: Sequence[Rater], proper: ByRater) -> Iterable[dict[str, Any]]:
    for form in _FORMS:
        for criterion in allowed_answers(study, form):
            values = {rater.pseudonym: dict(_values(proper[rater.id], form, criterion)) for rater in raters}
            values = {pseudonym: given for pseudonym, given in values.items() if given}
            ratings = _matrix(values)
            several = np.isfinite(ratings).sum(axis=0) > 1 if ratings.size else np.zeros(0, dtype=bool)
            complete = np.isfinite(ratings).all(axis=0) if len(ratings) > 1 else np.zeros(0, dtype=bool)
            level = "ordinal" if form == "rate" else "nominal"
            yield {
                "criterion": criterion,
                "form": form,
                f"alpha_{level}": _alpha(ratings, form),
                "fleiss_kappa": fleiss_kappa(ratings) if len(ratings) > 1 else None,
                "n_fleiss": int(complete.sum()),
                "n": int(several.sum()),
                "raters": len(values),
                "pairwise": [_pair(a, b, values, form) for a, b in combinations(values, 2)],
            }


def _pair(a: str, b: str, values: Mapping[str, Mapping[Unit, float]], form: str) -> dict[str, Any]:
    ratings = _matrix({name: values[name] for name in (a, b)})
    both = ratings[:, np.isfinite(ratings).all(axis=0)]
    count = both.shape[1]
    exact = float((both[0] == both[1]).mean()) if count else None
    return {"a": a, "b": b, "exact": exact, "alpha": _alpha(ratings, form), "n": count}


def _alpha(ratings: Floats, form: str) -> float | None:
    return krippendorff_alpha(ratings, "ordinal" if form == "rate" else "nominal") if ratings.size else None


def _matrix(values: Mapping[str, Mapping[Unit, float]]) -> Floats:
    """(raters, units), nan where a rater has no value."""
    units = sorted({unit for given in values.values() for unit in given})
    rows = [[given.get(unit, np.nan) for unit in units] for given in values.values()]
    return np.array(rows, dtype=float).reshape(len(values), len(units))


def _values(given: Iterable[Answered], form: str, criterion: str) -> Iterable[tuple[Unit, float]]:
    """(what was judged, a number): a rating, or which output of the pair won: -1 the first by id, 0 neither, 1 the second."""
    for answer in given:
        value = answer.answers.get(criterion) if answer.form == form else None
        if isinstance(value, int):
            yield answer.outputs, float(value)
        elif value is not None:
            side = {"first": -1.0, "tie": 0.0, "second": 1.0}[value]
            turned = answer.outputs[0] > answer.outputs[1]
            yield tuple(sorted(answer.outputs)), -side if turned else side
