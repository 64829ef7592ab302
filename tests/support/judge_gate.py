"""A small gate with one judge, in a folder of its own, and a server that is the judge."""

import json
import re
from pathlib import Path

from chat_server import Answer, Seen, completion

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
