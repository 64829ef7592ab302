"""What `harness score` prints: per metric, component and system, how many scores there are and their range."""

from statistics import median
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

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
