"""A small gate with one judge, in a folder of its own, and a server that is the judge."""

import json
import re
from functools import cache
from pathlib import Path

from chat_server import Answer, Seen, completion

from harness.chat.transcript import write_transcript
from harness.gate.baseline import Baseline
from harness.gate.config import load_gate
from harness.gate.findings import Finding
from harness.gate.judge_checks import judge_agreement, judge_replies, judge_scores, judge_verdicts, judges_not_compared
from harness.gate.judges import Judged, asked_of, read_asked, replay_all
from harness.gate.judges_config import load_judges
from harness.gate.measure import Measured
from harness.gate.recording import record
from harness.plugins import load_plugins
from harness.registry import Registry

ANSWERS = (
    {"id": "capital", "language": "en", "messages": [["user", "Capital of Norway?"]], "answers": {"a": "Oslo.", "b": "Bergen."}},
    {"id": "river", "language": "en", "messages": [["user", "Name a river."]], "answers": {"a": "Nile", "b": "Alp", "c": None}},
)
GOOD = ("Oslo.", "Nile")


def write_gate(folder: Path, url: str, metric: str = "llm-judge", **params: object) -> Path:
    """`gate.yaml` with one judge behind the address, and its answers; the config's path."""
    lines = "".join(json.dumps(line) + "\n" for line in ANSWERS)
    (folder / "answers.jsonl").write_text(lines, encoding="utf-8")
    given = {"model": "tiny", "base_url": url, "output": "text", "read": "verdict", **params}
    judge = {"metric": {metric: given}, "name": "tiny", "replies": "replies/tiny.jsonl"}
    (folder / "judges.yaml").write_text(json.dumps({"answers": "answers.jsonl", "judges": [judge]}), encoding="utf-8")
    config = folder / "gate.yaml"
    config.write_text(json.dumps({"metrics": [], "judges": "judges.yaml"}), encoding="utf-8")
    return config


def strict(seen: Seen) -> Answer:
    """A judge that gives good answers 3, and all others 1."""
    rating = 3 if any(f"{good}\n" in seen.text for good in GOOD) else 1
    return Answer(completion(f"VERDICT {code_in(seen.text)}: {rating}"))


def generous(seen: Seen) -> Answer:
    """A judge that gives everything 3."""
    return Answer(completion(f"VERDICT {code_in(seen.text)}: 3"))


def code_in(prompt: str) -> str:
    """The code that the prompt asks for."""
    found = re.search(r"-(\d{6,})>", prompt)
    assert found is not None
    return found[1]


@cache
def plugins() -> Registry:
    """The installed plugins, loaded once."""
    return load_plugins()


def record_all(folder: Path) -> Baseline:
    """Records the judge's replies of now, and returns the baseline that they make."""
    config = load_judges(folder / "judges.yaml")
    (judge,) = config.judges
    made = record(judge, asked_of(judge, read_asked(config, plugins())), plugins())
    judge.replies.parent.mkdir(exist_ok=True)
    write_transcript(judge.replies, made)
    return Baseline(judges={judge.label: judged(folder).now})  # type: ignore[dict-item]  # it has no problem


def judged(folder: Path) -> Judged:
    """What the judge makes of its recorded replies."""
    (found,) = replay_all(folder / "judges.yaml", plugins())
    return found


def findings(folder: Path, before: Baseline) -> dict[str, Finding]:
    """The findings about the judge by their checks, but for those that pass."""
    measured = Measured(Baseline(), {}, {}, {}, judges=[judged(folder)])
    config = load_gate(folder / "gate.yaml")
    checks = (judge_replies, judge_verdicts, judge_scores, judge_agreement)
    found = [*judges_not_compared(before, measured)]
    found += [finding for check in checks for finding in check(config, before, measured)]
    return {finding.check: finding for finding in found if finding.level != "pass"}
