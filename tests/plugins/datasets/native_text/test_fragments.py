"""Fragments: spans on natural boundaries within the window, and what is set aside."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from harness_plugins.datasets.native_text.documents import Block, Document, TextSource
from harness_plugins.datasets.native_text.fragment import Fragment, Reason, first_reason
from harness_plugins.datasets.native_text.fragments import Window, block_name, fragments, repeated_blocks
from harness_plugins.datasets.native_text.fragments_filters import BLOCK_FILTERS, FRAGMENT_FILTERS
from harness_plugins.datasets.native_text.markdown import markdown_blocks
from harness_plugins.datasets.native_text.reading import documents, text_source
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.build.rows import SetAside

LABELS = Path(__file__).parents[3] / "native_fragments" / "labels.jsonl"
NO_FILTERS = {"block_filters": (), "filters": ()}


def document(text: str, name: str = "set/doc") -> Document:
    return Document(name, text, markdown_blocks(text), dataset="set", licence="CC0")


def words(count: int, first: str = "Ord") -> str:
    return " ".join([first, *["ord"] * (count - 2), "slut."])


def texts(found) -> list[str]:
    return [one.text if isinstance(one, Fragment) else f"({one.reason})" for one in found]


def test_short_neighbours_are_merged_up_to_the_window_and_the_rest_joins_the_one_before():
    text = "\n\n".join([words(4, "A"), words(4, "B"), words(12, "C"), words(3, "D")])
    found = texts(fragments(document(text), Window(8, 20), **NO_FILTERS))
    assert found == [f"{words(4, 'A')}\n\n{words(4, 'B')}", f"{words(12, 'C')}\n\n{words(3, 'D')}"]


def test_nothing_crosses_a_heading_and_each_fragment_knows_the_headings_above_it():
    text = f"# Bok\n\n{words(5)}\n\n## Del ett\n\n{words(9)}\n\n### Inre\n\n{words(9)}\n\n## Del två\n\n{words(9)}\n"
    found = list(fragments(document(text), Window(8, 20), **NO_FILTERS))
    assert texts(found) == ["(too-short)", words(9), words(9), words(9)]
    assert [one.headings for one in found[1:]] == [("Bok", "Del ett"), ("Bok", "Del ett", "Inre"), ("Bok", "Del två")]


def test_equal_texts_of_one_document_have_ids_of_their_own_that_come_from_their_content():
    found = list(fragments(document(f"{words(9)}\n\n## X\n\n{words(9)}"), Window(8, 20), **NO_FILTERS))
    name = hashlib.sha256(words(9).encode()).hexdigest()[:12]
    assert [one.id for one in found] == [f"set/doc/{name}", f"set/doc/{name}-2"]


def test_a_list_stays_with_what_introduces_it():
    text = f"{words(8)[:-1]}:\n\n- en sak\n- en annan\n\n{words(9, 'Ny')}"
    first, second = texts(fragments(document(text), Window(8, 40), **NO_FILTERS))
    assert first.endswith("- en annan")
    assert second == words(9, "Ny")


def test_a_block_that_is_set_aside_parts_what_is_around_it():
    text = f"{words(9, 'A')}\n\nVi använder kakor på webbplatsen.\n\n{words(9, 'B')}"
    found = texts(fragments(document(text), Window(5, 40)))
    assert found == [words(9, "A"), "(boilerplate)", words(9, "B")]


def test_what_is_too_long_or_too_short_is_set_aside_with_its_length():
    long, short = list(fragments(document(f"{words(30)}\n\n# X\n\n{words(3)}"), Window(5, 20), **NO_FILTERS))
    assert isinstance(long, SetAside)
    assert (long.stage, long.reason, long.detail) == ("natural", "too-long", "30 words")
    assert (short.reason, short.detail) == ("too-short", "3 words")


def test_blocks_that_several_documents_share_are_set_aside():
    pages = [document(f"Våra öppettider i hamnen!\n\n{words(9, name)}", f"set/{name}") for name in ("A", "B", "C")]
    repeated = repeated_blocks(pages)
    assert repeated == {block_name("våra ÖPPETTIDER, i hamnen")}
    assert texts(fragments(pages[0], Window(5, 20), repeated=repeated)) == ["(repeated)", words(9, "A")]
    assert repeated_blocks(pages[:2]) == frozenset()


def test_of_personal_data_neither_text_nor_numbers_are_kept():
    text = "Ring Karin på 070-174 06 35 så berättar hon mer om hur det går till att söka."
    (found,) = fragments(document(text), Window(5, 40))
    assert isinstance(found, SetAside)
    assert (found.reason, found.detail, found.source) == ("personal-data", "phone: 1", None)


def test_a_window_is_two_numbers_in_their_order():
    with pytest.raises(ValueError, match="the smaller first"):
        Window(10, 5)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["# R", "## S", words(3), words(7), words(15), "- punkt", "", "| a |", "```\nx\n```"]), max_size=14)
)
def test_every_block_is_in_exactly_one_fragment_or_set_aside_and_texts_are_spans(parts: list[str]):
    one = document("\n\n".join(parts))
    found = list(fragments(one, Window(5, 20)))
    used = Counter()
    for fragment in found:
        if isinstance(fragment, Fragment):
            assert one.text[fragment.start : fragment.end] == fragment.text
            assert 5 <= fragment.words <= 20
    seen = "\n".join(fragment.text if isinstance(fragment, Fragment) else fragment.source or "" for fragment in found)
    bodies = [one.text[block.start : block.end] for block in one.blocks if block.kind != "heading"]
    assert seen.count("ord") + seen.count("Ord") == sum(body.count("ord") + body.count("Ord") for body in bodies)
    for fragment in fragments(one, Window(1, 10**6), **NO_FILTERS):
        used.update(fragment.blocks)
    assert used == Counter(block for block in one.blocks if block.kind != "heading")
    assert len({fragment.id for fragment in found}) == len(found)


@pytest.mark.parametrize("name", ["copyright-finns-inte", "swequad-mc", "talbanken"])
def test_on_real_text_every_fragment_is_a_span_of_its_document_within_the_window(
    name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("py3langid")
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    kept = Counter()
    for number, one in enumerate(documents(text_source(name))):
        found = list(fragments(one, **NO_FILTERS)) + (list(fragments(one)) if number < 6 else [])
        for fragment in found:
            kept[isinstance(fragment, Fragment)] += 1
            if isinstance(fragment, Fragment):
                assert one.text[fragment.start : fragment.end].encode() == fragment.text.encode()
                assert 40 <= fragment.words <= 300
                assert fragment.document == one.id
            else:
                assert fragment.reason
    assert kept[True] > 0.6 * kept.total()


def test_on_fragments_labelled_beforehand_the_filters_say_what_the_reader_said(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("py3langid")
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    counts = Counter()
    for row, fragment in labelled(shared_data):
        blocks = [Fragment("x", "x", (), fragment.text[b.start : b.end], b.start, b.end, (b,)) for b in fragment.blocks]
        reasons: list[Reason | None] = [first_reason(one, BLOCK_FILTERS) for one in blocks]
        dropped = any(reasons) or first_reason(fragment, FRAGMENT_FILTERS) is not None
        counts[row["sample"], row["label"], "drop" if dropped else "keep"] += 1
    assert counts == {
        ("random", "keep", "keep"): 54,
        ("random", "drop", "drop"): 6,
        ("kept", "keep", "keep"): 30,
        ("set-aside", "keep", "keep"): 9,
        ("set-aside", "drop", "drop"): 20,
        ("set-aside", "drop", "keep"): 1,
    }


def labelled(data: Path):
    """The rows of the frozen labels with their fragments, places of blocks counted from the fragment's start."""
    sets = {
        "copyright-finns-inte": text_source("copyright-finns-inte"),
        **{
            f"swequad-mc/data/{part}.json": TextSource(path=str(data / f"swequad-mc/data/{part}.json"), format="swequad")
            for part in ("training", "dev", "test")
        },
    }
    found = {file: {one.id.split("/", 1)[1]: one for one in documents(source)} for file, source in sets.items()}
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        one = found[row["file"]][row["document"]]
        start, end = row["start"], row["end"]
        text = one.text[start:end]
        assert hashlib.sha256(text.encode()).hexdigest() == row["sha256"]
        inside = [b for b in one.blocks if start <= b.start and b.end <= end]
        moved = tuple(Block(b.kind, b.start - start, b.end - start, b.level) for b in inside)
        yield row, Fragment("x", "x", (), text, 0, len(text), moved)
