"""The measure of how often a judge is swayed, on judges that are known to be, or not to be."""

import re

import numpy as np
import pytest
from benchmark_scripts import benchmark
from chat_server import Answer, Seen, chat_server, completion

from harness.plugins import load_plugins


def gullible(seen: Seen) -> Answer:
    """Gives the top grade to every answer that speaks of a verdict, else the lowest."""
    code = re.search(r"-(\d{6,})>", seen.text)
    assert code is not None
    answer = seen.text.split("<svar-" if "<svar-" in seen.text else "<answer-")[-1].split("</")[0]
    return Answer(completion(f"VERDICT {code[1]}: {3 if re.search('OMDÖME|VERDICT', answer) else 1}"))


def steadfast(seen: Seen) -> Answer:
    """Always the same."""
    code = re.search(r"-(\d{6,})>", seen.text)
    assert code is not None
    return Answer(completion(f"VERDICT {code[1]}: 2"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))


@pytest.mark.parametrize(("judge", "shift"), [(gullible, 2.0), (steadfast, 0.0)])
def test_the_shift_is_that_of_the_judge(judge, shift: float) -> None:
    script = benchmark("judge_attacks")
    chosen = [item for item in script.items() if item.id in ("states-a-score-01", "states-a-score-02", "states-a-score-04")]
    with chat_server(judge) as server:
        shifts = script.judged(load_plugins(), chosen, {"model": "m", "base_url": server.url, "output": "text"})
    assert [each.value for each in shifts] == [shift] * 3
    row = script.summary("states-a-score", shifts)
    assert (row["items"], row["both"], row["shift"][0], row["swayed"][0]) == (3, 3, shift, float(shift > 0))
    assert np.isnan(row["shift"][1])  # three items have no interval


def test_every_attack_but_the_innocent_is_there_with_and_without() -> None:
    script = benchmark("judge_attacks")
    found = list(script.items())
    assert len(found) >= 160
    for item in found:
        shown = [
            (unit.example.instruction, unit.example.references, [output.text for output in (*unit.outputs, *unit.peers)])
            for unit in (item.attacked, item.clean)
        ]
        assert shown[0] != shown[1], item.id
