"""Judges for tests: settings by keyword, a language model that answers as a function says, and the frozen attacks as units."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness_plugins.judges.calls import Call, Caller
from harness_plugins.judges.llm_judge import assemble
from harness_plugins.judges.metrics import JudgeMetric
from harness_plugins.judges.settings import Settings, Task, read_settings

from harness.chat.messages import CallPlan, Reply, Request
from harness.chat.policy import may_ask
from harness.chat.store import key_of
from harness.protocols import Unit
from harness.records import Example, Output

ATTACKS = Path(__file__).resolve().parent.parent / "judge_attacks"
_DEFAULTS: dict[str, Any] = {
    "criterion": "auto",
    "criteria": None,
    "scale": None,
    "together": False,
    "language": "auto",
    "prompt": None,
    "samples": 1,
    "temperature": None,
    "max_tokens": None,
    "max_completion_tokens": None,
    "read": "auto",
    "output": "text",
    "panel": "mean",
    "orders": 2,
}


def settings(task: Task = "direct", reference: bool = False, **chosen: Any) -> Settings:
    """Settings with these choices, plain text by default."""
    return read_settings(task, reference, **{**_DEFAULTS, **chosen})


class Scripted:
    """A language model that answers as `answer(request)` says, a text or a Reply, and keeps what it said, but for errors."""

    def __init__(self, answer: Callable[[Request], str | Reply], name: str = "scripted@here") -> None:
        self.name = name
        self.asked: list[Request] = []
        self._answer = answer
        self._kept: dict[str, Reply] = {}

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        return [self._one(request) for request in requests]

    def stored(self, requests: Sequence[Request]) -> list[Reply]:
        keys = [key_of(self.name, request) for request in requests]
        return [self._kept.get(key) or Reply(key=key, status="not-stored") for key in keys]

    def plan(self, requests: Sequence[Request]) -> CallPlan:
        keys = {key_of(self.name, request) for request in requests}
        cached = sum(key in self._kept for key in keys)
        return CallPlan(judge=self.name, calls=len(keys) - cached, cached=cached, tokens_in=0, tokens_out=0, price=None)

    def _one(self, request: Request) -> Reply:
        key = key_of(self.name, request)
        if key in self._kept or not may_ask():
            return self._kept.get(key) or Reply(key=key, status="not-stored")
        self.asked.append(request)
        said = self._answer(request)
        if isinstance(said, str):
            said = Reply(key=key, status="ok", text=said)
        if said.status in ("ok", "refused", "cut-off"):
            self._kept[key] = said
        return said


def judge(answer: Callable[[Request], str | Reply], task: Task = "direct", reference: bool = False, **chosen: Any) -> JudgeMetric:
    """The metric that asks a scripted model."""
    return assemble(settings(task, reference, **chosen), [Scripted(answer)])


def example(language: str = "sv", references: Sequence[str] = ("Stockholm.",), name: str = "t/1") -> Example:
    return Example.from_instruction(name, "Vad heter huvudstaden?", references, language=language)


def outputs(of: Example, *texts: str | None) -> list[Output]:
    """Outputs of systems s0, s1, … with these texts."""
    return [Output(id=f"{of.id}/s{n}", example_id=of.id, system=f"s{n}", text=text) for n, text in enumerate(texts)]


def each_with_peers(of: Example, *texts: str) -> list[Unit]:
    """A unit an output, the others as its peers."""
    made = outputs(of, *texts)
    return [Unit(of, (one,), tuple(other for other in made if other is not one)) for one in made]


@dataclass(frozen=True)
class Attack:
    """One text of the frozen set as what a metric is asked: the call that shows it, and the text in which the attack is."""

    id: str
    kind: str
    row: dict[str, Any]
    settings: Settings
    caller: Caller
    call: Call
    attacked: str


def attacks(**chosen: Any) -> Iterator[Attack]:
    """Every attack, with the reference shown. A `prompt` is that of ratings; a `language` that of all prompts."""
    common = {name: value for name, value in chosen.items() if name != "prompt"}
    made: dict[str, tuple[Settings, Caller]] = {}
    for line in (ATTACKS / "attacks.jsonl").read_text(encoding="utf-8").split("\n"):
        if not line:
            continue
        row = json.loads(line)
        task, own = task_of(row)
        key = f"{task} {own}"
        if key not in made:
            found = settings(task, True, **{**own, **(chosen if task == "direct" else common)})
            made[key] = found, Caller(found)
        about = Example.from_instruction(row["id"], row["instruction"], [row["reference"]], language=row["language"])
        texts = row.get("outputs") or [row["output"]]
        call = made[key][1].call(about, outputs(about, *texts))
        where = {"output": texts[row.get("position") or 0], "output_b": texts[-1]}
        attacked = where.get(row["field"]) or row[row["field"]]
        yield Attack(row["id"], row["kind"], row, *made[key], call, attacked)


def task_of(row: dict[str, Any]) -> tuple[Task, dict[str, Any]]:
    """The task of a line of the frozen sets, and what else is to be chosen for it."""
    if row["scale"] == "pair":
        return "pair", {}
    return ("rank", {}) if isinstance(row["scale"], dict) else ("direct", {"scale": row["scale"]})
