"""What `harness score` prints: per metric, component and system, how many scores there are and their range."""

import json
from statistics import median
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.main import harness
from harness.cli.score import _summary
from harness.records import Output, Score

VALUES = st.sampled_from([None, 0.25, 1.0, 2.5, -3.0])
SCORES = st.lists(
    st.tuples(
        st.sampled_from(["m", "n"]), st.sampled_from(["x", "y"]), st.lists(st.integers(0, 5), min_size=1, max_size=2), VALUES
    ),
    max_size=30,
    unique_by=lambda row: (row[0], row[1], *row[2]),
)


def told(metric, component, ids, value):
    """A score, and why it is missing."""
    status = "ok" if value is not None else "empty" if ids[0] % 2 else "error"
    return Score(targets=tuple(f"o{id}" for id in ids), metric=metric, component=component, value=value, status=status)


@given(SCORES)
def test_every_system_has_a_row_a_component_with_its_scores_counted(rows):
    outputs = [Output(id=f"o{n}", example_id="e", system=f"s{n % 3}", text="å") for n in range(6)]
    scores = [told(*row) for row in rows]
    groups = {}
    for score in scores:
        systems = [f"s{int(id[1:]) % 3}" for id in score.targets]
        groups.setdefault((score.metric, score.component, "+".join(dict.fromkeys(systems))), []).append(score)
    wanted = set()
    for (metric, component, names), some in groups.items():
        values = [score.value for score in some if score.value is not None]
        reasons = sorted({score.status for score in some if score.value is None})
        figures = [f"{pick(values):.4g}" for pick in (min, median, max)] if values else ["–"] * 3
        missing = str(len(some) - len(values)) + (f" ({', '.join(reasons)})" if reasons else "")
        wanted.add((metric, component, names, str(len(values)), missing, *figures))
    done = SimpleNamespace(data=SimpleNamespace(outputs=outputs), scores=scores, labels={"m": "m", "n": "n"})
    found = [tuple(row) for row in _summary(done)]
    assert len(found) == len(wanted)
    assert set(found) == wanted


@pytest.mark.parametrize(("metric", "blank"), [("rouge-l", "no words in the answer"), ("chrf", "the answer is blank")])
def test_the_table_tells_an_output_that_is_not_there_from_one_that_is_blank(tmp_path, metric, blank):
    table, run = tmp_path / "answers.jsonl", tmp_path / "run"
    about = {"system": "a", "instruction": "Huvudstad?", "reference": "Oslo", "rater": "anna", "rating": 1}
    lines = [{"item": str(number), "output": said, **about} for number, said in enumerate(["Oslo", None, "", " \n"])]
    table.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    asked = ["score", "--judgments", f"table:{table}:language=sv", "--metric", metric, "--output", str(run)]
    done = CliRunner().invoke(harness, asked)
    assert done.exit_code == 0, done.output
    assert "1 (empty)" in done.stdout  # what is not there has no score, what is blank has 0
    said = CliRunner().invoke(harness, ["export", str(run), "scores", "--format", "jsonl"])
    rows = [json.loads(line) for line in said.stdout.split("\n") if line]
    first = [row for row in rows if row["component"] == rows[0]["component"]]
    found = {row["targets"][0]: (row["value"], row["status"], row["detail"]) for row in first}
    absent, *blanks = [id for id, (_, status, _) in found.items() if status == "empty"]
    assert found[absent] == (None, "empty", f"no output: {absent!r} has neither a text nor log-likelihoods")
    assert [found[id] for id in blanks] == [(0.0, "empty", blank)] * 2
    assert len(found) == 4
