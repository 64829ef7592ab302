"""The files of pairs: what is read, and what is told of a damaged one."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import find_config
from harness.errors import InputError
from harness.gate.pairs import read_pairs
from harness.gate.traits import TRAITS, texts_of

LINE = {"id": "01", "language": "sv", "instruction": "Räkna.", "references": ["ett", "två"], "text": "ett"}
SHIPPED = [find_config(f"gate/{name}") for name in ("pairs.jsonl", "more-pairs.jsonl", "wide-pairs.jsonl")]


def read(folder, *lines):
    path = folder / "pairs.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return read_pairs(path)


def test_a_line_is_an_example_with_its_answer(tmp_path):
    data = read(tmp_path, LINE, "", {**LINE, "id": "02", "source": "s", "form": "short", "repeat_text": 3, "repeat_reference": 2})
    assert [output.id for output in data.outputs] == ["01", "02"]
    assert data.examples[0].references == ("ett", "två")
    assert (data.outputs[1].text, data.examples[1].references, data.examples[1].source) == (
        "ettettett",
        ("ettett", "tvåtvå"),
        "s",
    )


def test_line_ends_blank_lines_keys_in_another_order_and_what_is_left_out_are_no_other_set(tmp_path):
    other = {**LINE, "id": "02", "text": "å"}
    plain, turned = json.dumps(LINE), json.dumps(dict(reversed(LINE.items())))
    readable, told = json.dumps(other, ensure_ascii=False), json.dumps({**other, "form": None, "repeat_text": 1})
    files = [(plain, json.dumps(other)), (f"{plain}\r", f"{readable}\r", ""), (turned, "", told, "", "")]
    assert len({read(tmp_path, *lines).digest for lines in files}) == 1


def test_any_other_text_or_order_is_another_set(tmp_path):
    other = {**LINE, "id": "02"}
    digests = {read(tmp_path, *lines).digest for lines in ([LINE, other], [other, LINE], [LINE, {**other, "text": "en"}])}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([LINE, LINE], "line 2: the id '01' is there twice"),
        ([{**LINE, "id": " "}], "line 1: the id is empty"),
        ([{**LINE, "repeat_text": 0}], "line 1: repeat_text and repeat_reference are at least 1"),
        ([{**LINE, "repeat_text": 10**8}], "line 1: a text of 300,000,000 characters"),
        ([{**LINE, "txt": "a"}], "line 1: .*unknown field `txt`"),
        (["{"], "line 1: "),
        ([""], "holds no pairs"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, lines, said):
    with pytest.raises(InputError, match=said):
        read(tmp_path, *lines)


@given(st.binary(max_size=200))
def test_any_bytes_are_pairs_or_an_input_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bytes\.jsonl"):
        read_pairs(path)


def test_the_shipped_pairs_have_ids_of_their_own_and_show_each_trait_on_both_sides():
    units = {}
    for path in SHIPPED:
        data = read_pairs(path)
        found = texts_of(data, [output.id for output in data.outputs])
        assert not units.keys() & found.keys()
        units |= found
    assert len(units) == 71 + 76 + 10
    for name, has in TRAITS.items():
        count = sum(map(has, units.values()))
        assert 0 < count < len(units), name


def test_invisible_characters_are_written_out_in_the_second_file():
    text = Path(SHIPPED[1]).read_text(encoding="utf-8")
    assert not set(text) & {"\u00ad", "\u200b", "\u200c", "\u200d", "\ufeff", "\u200e", "\u200f", "\ufe0f"}
