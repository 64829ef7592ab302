"""`harness judge-card`: of a set's recorded judges, and of a run whose verdicts are in its table."""

import json

import pytest
from click.testing import CliRunner

from harness.cli.main import harness

FEW = ("--resamples", "100", "--set", "draws=50", "--set", "random_draws=2")


def invoke(*arguments, code=0):
    result = CliRunner().invoke(harness, list(map(str, arguments)))
    assert result.exit_code == code, result.stderr + str(result.exception)
    return result


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """A set whose outputs hold the verdicts of a judge that saw every pair in both orders, and always liked the first."""
    path = tmp_path_factory.mktemp("card") / "judged.py"
    path.write_text(
        '''"""Forty items, two answers each."""
from harness import JudgmentSourceSpec, hookimpl
from harness.records import Example, JudgmentInfo, Output, Preference


class Judged:
    info = JudgmentInfo(name="judged", version="1", criteria=("quality",))

    def read(self):
        for n in range(40):
            yield Example(id=f"judged/{n}", kind="instruction", language="en")
            a, b = f"judged/{n}/a", f"judged/{n}/b"
            for own, other, text in ((a, b, "short"), (b, a, "an answer that is long")):
                held = {"firstly": {other: {"winner": "first", "reply": "<i>The first</i>"}}}
                yield Output(id=own, example_id=f"judged/{n}", system=own[-1], text=text, meta={"recorded_verdicts": held})
            yield Preference(output_a=a, output_b=b, rater="anna", criterion="quality", winner="a" if n % 4 else "b")


@hookimpl
def harness_judgment_sources():
    return [JudgmentSourceSpec("judged", build=Judged)]
''',
        encoding="utf-8",
    )
    return path


def found(card):
    return {one["name"]: one for one in card["findings"]}


def test_the_names_of_recorded_judges_are_found_and_their_card_is_json(plugin):
    said = json.loads(invoke("judge-card", "--judgments", "judged", "--plugin", plugin, *FEW, "--json", "-q").stdout)
    (card,) = said["cards"]
    assert (card["judge"], card["form"], card["n_verdicts"]) == ("firstly", "pair", 80)
    own = found(card)
    assert (own["order_flip"]["value"], own["order_flip"]["n"]) == (1.0, 40)
    assert own["first_chosen"]["shows"] == "more"
    assert own["self_agreement"]["value"] is None
    assert own["self_agreement"]["note"] == "every verdict was asked for once"
    assert [one["metric"] for one in said["accuracies"] if one["judge"]] == ["recorded-verdict:name=firstly"]


def test_the_card_in_words_says_what_is_shown_and_what_cannot_be(plugin):
    text = invoke("judge-card", "--judgments", "judged", "--plugin", plugin, *FEW, "-q").stdout
    words = " ".join(text.split())
    assert "firstly: verdicts on pairs without reference (recorded-verdict)" in words
    assert "Position, " not in words
    assert "not measurable, no item was judged in two languages (parallel_id)" in words
    assert (
        "bootstrap over clusters (100 resamples, seed 0); under 30 clusters it is approximate, and under 10 it shows nothing."
        in words
    )


def test_a_run_has_the_same_card_from_its_tables_and_in_its_report(plugin, tmp_path):
    run = tmp_path / "run"
    invoke("metaeval", "--judgments", "judged", "-m", "recorded-verdict:firstly", "--plugin", plugin, *FEW, "-o", run, "-q")
    of_run = json.loads(invoke("judge-card", run, "--json", "-q").stdout)
    direct = json.loads(invoke("judge-card", "--judgments", "judged", "--plugin", plugin, *FEW, "--json", "-q").stdout)
    assert of_run["cards"] == direct["cards"]
    assert "The judges at a glance" in (run / "report.md").read_text(encoding="utf-8")
    assert json.loads(invoke("show", run, "verdicts", "--json", "--limit", "1").stdout)[0]["judge"] == "firstly"


def test_own_answers_can_be_named_and_a_wrong_name_is_told(plugin):
    named = ("judge-card", "--judgments", "judged", "--plugin", plugin, *FEW, "-q")
    card = json.loads(invoke(*named, "--own", "a", "--json").stdout)["cards"][0]
    assert found(card)["own_chosen"]["value"] == 0.5
    assert "has no system 'c'" in invoke(*named, "--own", "c", code=2).stderr


def test_what_has_no_judge_is_told_so(plugin, tmp_path):
    assert "Give a RUN, or --judgments NAME" in invoke("judge-card", code=2).stderr
    assert "already has its judgments" in invoke("judge-card", tmp_path, "--judgments", "judged", code=2).stderr
    table = tmp_path / "ratings.csv"
    table.write_text("item,system,output,rating\n1,a,x,1\n1,b,y,2\n", encoding="utf-8")
    assert "holds no judge's verdicts" in invoke("judge-card", "--judgments", f"table:{table}", "-q", code=2).stderr


def test_a_dry_run_says_what_asking_would_take_and_asks_nobody(plugin):
    asked = ("judge-card", "--judgments", "judged", "-m", "llm-judge-pair:gpt-4o-mini", "--plugin", plugin, "--dry-run")
    said = json.loads(invoke(*asked, "--json").stdout)
    assert [row["metric"] for row in said["metrics"]] == ["recorded-verdict:name=firstly", "llm-judge-pair:model=gpt-4o-mini"]
    assert [(call["judge"], call["calls"]) for call in said["calls"]] == [("gpt-4o-mini@api.openai.com", 2)]  # equal texts
    assert invoke(*asked).stdout.endswith("nothing was computed (--dry-run)\n")
    assert "a RUN's verdicts are only read" in invoke("judge-card", "run", "--dry-run", code=2).stderr
