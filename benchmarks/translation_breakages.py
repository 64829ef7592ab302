"""How many of 60 frozen rows, of which 40 a careless translator breaks, come out of the builder `translate` whole.

    python benchmarks/translation_breakages.py [--set 1|2] [--unit text|sentence] [--show]

The rows, the simulated translator and the conditions are those of tests/translation_breakages (set 1, on whose failures the
builder was mended) and tests/translation_breakages_2 (set 2, written when it was finished); the builder, its readers, masks,
checks and repairs are the real ones. Exits with 1 where a file is not the frozen one.
"""

import argparse
import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness_plugins.datasets.translators.base import Translated

from harness.build.rows import SetAside

TESTS = Path(__file__).resolve().parent.parent / "tests"
SETS = {  # set → its file and sha256
    "1": (TESTS / "translation_breakages/breakages.jsonl", "8673a8352d722f9721681e21a7fae192b6e897ad1e9fc91cdda773cc92fd06db"),
    "2": (TESTS / "translation_breakages_2/breakages.jsonl", "4a7b24efe9680b7fc0594cbd02f24f7d34caac6f804c8970db745937e91f4b31"),
}
KEPT, ASIDE, SILENT = "protected or repaired", "set aside", "silently kept"


class Careless:
    """The simulated translator of one row: phrase by phrase, and a term that has several translations gets another each call."""

    def __init__(self, source: str, target: str, *, row: str, unit: str = "text", nonce: str = "") -> None:
        self.unit, self.signature = unit, f"careless|row:{row}|unit:{unit}|{nonce}"
        rows = [found for number in SETS for found in read_rows(number)]
        self._phrases = next(found["careless"] for found in rows if found["id"] == row)
        self._calls: Counter[str] = Counter()

    def translate(self, texts: Sequence[str]) -> list[Translated]:
        """Each text is a call."""
        return [Translated(self._one(text)) for text in texts]

    def _one(self, text: str) -> str:
        for phrase, translations in self._phrases:
            if phrase in text:
                text = text.replace(phrase, translations[min(self._calls[phrase], len(translations) - 1)])
                self._calls[phrase] += 1
        return text


def read_rows(number: str = "1") -> list[dict[str, Any]]:
    """The frozen rows of a set; SystemExit where somebody changed them."""
    file, sha256 = SETS[number]
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{file} is not the frozen file (sha256 {sha256})")
    return [json.loads(line) for line in data.splitlines()]


def grade(row: Mapping[str, Any], unit: str) -> tuple[str, str]:
    """What the builder did with a row, and the reason or the first condition that does not hold."""
    from harness_plugins.datasets.translate.builder import Translate

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "row.jsonl"
        file.write_text(json.dumps({key: row[key] for key in ("id", "instruction", "input", "output")}), encoding="utf-8")
        parameters = {"from": row["from"], "to": row["to"], "dataset": "breakages", "licence": "MIT"}
        nonce = folder  # the count of calls starts anew, so nothing may come from the cache
        careless = {"name": f"{__name__}:Careless", "row": row["id"], "unit": unit, "nonce": nonce}
        [made] = Translate(data=str(file), translator=careless, **parameters).examples()
    if isinstance(made, SetAside):
        return ASIDE, f"{made.reason} {made.detail or ''}"
    fields = {name: text for name, text in _fields(made).items()}
    for condition in row["must_hold"]:
        if not holds(condition, fields):
            return SILENT, json.dumps(condition, ensure_ascii=False)
    return KEPT, "; ".join(made.meta.get("repaired", []))


def _fields(example: Any) -> dict[str, str]:
    """The fields back from the example: input follows the instruction after a blank line, and its source says where it begins."""
    source = example.meta["source"]
    question, answer = example.messages[-1].text, example.references[0]
    if "input" not in source:
        return {"instruction": question, "input": "", "output": answer}
    blanks = source["instruction"].rstrip().count("\n\n")
    parts = question.split("\n\n")
    return {"instruction": "\n\n".join(parts[: blanks + 1]), "input": "\n\n".join(parts[blanks + 1 :]), "output": answer}


def holds(condition: Mapping[str, Any], fields: Mapping[str, str]) -> bool:
    """Whether a condition of the set holds on the translated fields."""
    kind, field = condition["kind"], fields.get(condition.get("field", ""), "")
    if kind == "verbatim":
        return condition["text"] in field
    if kind == "absent":
        return condition["text"] not in field
    if kind == "count":
        return field.count(condition["text"]) == condition["n"]
    if kind == "same-in":
        texts = [fields[name].casefold() for name in condition["fields"]]
        used = [{word for word in condition["any_of"] if word.casefold() in text} for text in texts]
        return all(len(found) == 1 and found == used[0] for found in used)
    if kind == "json":
        try:
            json.loads(field)
        except ValueError:
            return False
        return True
    if kind == "equals-a-line-or-option-of":
        return bool(field.strip()) and field.strip() in fields[condition["in"]]
    if kind == "impossible":
        return False
    raise SystemExit(f"unknown condition {kind!r}")


def graded(unit: str, number: str = "1") -> list[tuple[dict[str, Any], str, str]]:
    """Every row of a set with what became of it."""
    return [(row, *grade(row, unit)) for row in read_rows(number)]


def main() -> None:
    """Prints the counts by category, and with `--show` every row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", choices=tuple(SETS), default="1", help="which set of rows (default: 1)")
    parser.add_argument("--unit", choices=("text", "sentence"), action="append", help="what the translator takes (default: both)")
    parser.add_argument("--show", action="store_true", help="print every row with its reason")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HARNESS_CACHE"] = cache  # what this translator says is of no use to anybody
        for unit in arguments.unit or ("text", "sentence"):
            _print(unit, graded(unit, arguments.set), arguments.show)


def _print(unit: str, rows: Sequence[tuple[dict[str, Any], str, str]], show: bool) -> None:
    print(f"\nA translator that takes a {unit} at a time\n")
    print(f"{'category':22} {'rows':>4} {KEPT:>22} {ASIDE:>10} {SILENT:>14}")
    counts: Counter[tuple[str, str]] = Counter((row["category"], what) for row, what, _ in rows)
    for category in dict.fromkeys(row["category"] for row, _, _ in rows):
        if category != "harmless":
            _line(category, [counts[category, what] for what in (KEPT, ASIDE, SILENT)])
    planted = [(row, what) for row, what, _ in rows if row["category"] != "harmless"]
    impossible = {row["id"] for row, _ in planted if any(held["kind"] == "impossible" for held in row["must_hold"])}
    for name, chosen in (("planted, possible", False), ("planted, impossible", True)):
        found = Counter(what for row, what in planted if (row["id"] in impossible) == chosen)
        _line(name, [found[what] for what in (KEPT, ASIDE, SILENT)])
    _line("planted, all", [sum(what == wanted for _, what in planted) for wanted in (KEPT, ASIDE, SILENT)])
    vain = [row["id"] for row, what, _ in rows if row["category"] == "harmless" and what == ASIDE]
    print(f"harmless rows set aside in vain: {len(vain)} of {len(rows) - len(planted)} {vain or ''}")
    for row, what, why in rows:
        if show or what == SILENT:
            print(f"  {what:22} {row['id']:24} {why[:150]}")


def _line(name: str, counts: Sequence[int]) -> None:
    print(f"{name:22} {sum(counts):>4} {counts[0]:>22} {counts[1]:>10} {counts[2]:>14}")


if __name__ == "__main__":
    import sys

    sys.modules.setdefault("translation_breakages", sys.modules["__main__"])
    main()
