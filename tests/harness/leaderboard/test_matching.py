"""What has to be equal before ratings say something of a column."""

import pytest

from harness.leaderboard.evidence import Evidence
from harness.leaderboard.matching import closeness, kind_of, metric_names, same_language, same_metric
from harness.leaderboard.records import TaskInfo
from harness.plugins import load_plugins
from harness.protocols import Result, Unit
from harness.records import Example, Output
from harness.stages.score import build_metrics

CHRF = "chrf|beta:2|case:mixed|eff:yes|nc:6|norm:nfc|nw:0|sacrebleu:2.6.0|space:no|v:1"


def rated(language: str = "sv", task: str | None = "gec", form: str | None = None) -> Evidence:
    return Evidence(
        judgments="s@1", metric=CHRF, criterion="c", raters="mean", slice="all", language=language, task=task, form=form,
        verdict="use", reason="", statistic="accuracy_heldout", value=0.7, items=100, clusters=100, pairs=1000,
    )  # fmt: skip


def task(language: str | None = "sv", kind: str | None = None, form: str | None = None) -> TaskInfo:
    return TaskInfo(name="t", language=language, kind=kind, form=form)


@pytest.mark.parametrize(
    ("asked", "there", "close"),
    [
        (task(kind="gec"), rated(), "task"),
        (task(kind="gec", form="long"), rated(), "task"),  # the ratings do not say their form
        (task(kind="gec", form="long"), rated(form="short"), None),
        (task(kind="gec", form="short"), rated(form="short"), "task"),
        (task(kind="summarisation", form="long"), rated(form="long"), "form"),
        (task(form="long"), rated(form="long", task=None), "form"),
        (task(kind="translation", form="long"), rated(), None),  # another kind, and nobody says of which form
        (task(form="long"), rated(task="t"), "task"),  # ratings of answers to this very task
        (task(kind="gec"), rated("en"), None),
        (task(kind="gec"), rated("da"), None),
        (task("sv-FI", kind="gec"), rated("sv"), "task"),
        (task(None, kind="gec"), rated(), None),
        (task(), rated(task=None), None),  # two Nones are nothing in common
    ],
)
def test_ratings_are_of_a_tasks_kind_or_at_least_of_its_form_and_always_of_its_language(
    asked: TaskInfo, there: Evidence, close: str | None
) -> None:
    assert closeness(asked, there) == close


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sv", "sv-SE", True),
        ("SV", "sv_FI", True),
        ("sv", "da", False),
        ("nb", "no", False),
        ("zh-Hans", "zh-Hant", False),
        ("zh", "zh-Hant", True),
        ("sr-Latn-RS", "sr-Latn", True),
    ],
)
def test_regions_do_not_make_a_language_and_scripts_do(one: str, other: str, same: bool) -> None:
    assert same_language(one, other) is same
    assert same_language(other, one) is same


def test_signatures_that_differ_in_a_librarys_version_alone_are_one_metric_and_say_so() -> None:
    assert same_metric(CHRF, CHRF) == (True, None)
    assert same_metric(CHRF.replace("2.6.0", "2.5.1"), CHRF) == (True, "rated with sacrebleu 2.6.0")
    assert same_metric(CHRF.replace("sacrebleu:2.6.0|", ""), CHRF) == (True, None)


@pytest.mark.parametrize("other", ["nw:2", "beta:1", "case:lower"])
def test_any_other_difference_makes_another_metric(other: str) -> None:
    key = other.partition(":")[0]
    changed = "|".join(other if part.partition(":")[0] == key else part for part in CHRF.split("|"))
    assert same_metric(changed, CHRF) == (False, None)
    assert same_metric(CHRF.replace("chrf|", "chrg|"), CHRF) == (False, None)


@pytest.mark.parametrize(
    ("metric", "output_type", "kind"),
    [
        ("acc", "multiple_choice", "key"),
        ("f1", "multiple_choice", "key"),
        ("acc", None, "key"),
        ("exact_match,strict-match", "generate_until", "equal-text"),
        ("character_perplexity", "loglikelihood_rolling", "of-text"),
        ("word_perplexity", None, "of-text"),
        ("chrf", "generate_until", "answer"),
        ("chrf", None, "answer"),
        ("rougeL", "generate_until", "answer"),
        ("f1", "generate_until", "answer"),
    ],
)
def test_a_choice_is_by_key_and_a_perplexity_scores_no_answer(metric: str, output_type: str | None, kind: str) -> None:
    assert kind_of(metric, output_type) == kind


@pytest.mark.parametrize(("name", "plugin"), [("chrf", "chrf"), ("chrf++", "chrf:word_order=2"), ("bleu", "bleu")])
def test_lm_evals_metrics_give_an_answer_alone_what_the_plugin_of_that_signature_gives_it(name: str, plugin: str) -> None:
    api = pytest.importorskip("lm_eval.api.metrics", reason="needs metaeval-harness[leaderboard]")
    registry = load_plugins()
    [metric] = build_metrics(registry, [registry.parse("metric", plugin)])
    assert same_metric(metric_names().text[name].signature, metric.signature)[0]
    wanted, said = "Snön faller över staden medan barnen leker.", "Snön föll över en stad medan några barn leker."
    [found] = metric.metric.score([unit(wanted, said)])
    assert isinstance(found, Result)
    theirs = {"chrf": "chrf", "chrf++": "chrfpp", "bleu": "bleu"}[name]
    assert getattr(api, theirs)([(wanted, said)]) == pytest.approx(found.value, abs=1e-9)


def unit(reference: str, text: str) -> Unit:
    example = Example.from_instruction("e/1", "Säg.", [reference], language="sv")
    return Unit(example, (Output(id="o", example_id="e/1", system="s", text=text),))
