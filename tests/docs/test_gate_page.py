"""What the page about the gate prints is of the pairs that come with the program."""

import re

from documents import DOCS

from harness.config import find_config
from harness.gate.config import DEFAULT, load_gate, set_name
from harness.gate.pairs import read_pairs


def test_the_page_counts_the_pairs_that_there_are() -> None:
    page = (DOCS / "how-to" / "gate.md").read_text(encoding="utf-8")
    pairs = {set_name(path): len(read_pairs(path).outputs) for path in load_gate(find_config(DEFAULT)).pairs}
    told = re.findall(r"of (\d+) pairs of ([\w-]+)", page)
    assert len(told) > 1
    assert {name: int(count) for count, name in told}.items() <= pairs.items()
    assert set(re.findall(r"^wrote gate/([\w-]+)\.jsonl$", page, re.MULTILINE)) == set(pairs)
    (moved_of,) = re.findall(r"word-recall: scores moved on \d+ of (\d+) pairs\n", page)
    assert int(moved_of) == sum(pairs.values())
