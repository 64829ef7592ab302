"""Preferences from one's own file: every usual spelling of a winner, one output for equal texts, and mistakes with their line."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_plugins.judgments.preference_words import winner_of
from harness_plugins.judgments.preferences import Preferences
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, InputError
from harness.judgments import JudgmentSet, read_judgments

HEADER = "item,instruction,system_a,system_b,output_a,output_b,rater,winner,shown_first"


def csv(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "pairs.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def read(path: Path, **parameters: Any) -> JudgmentSet:
    return read_judgments(Preferences(path, **parameters))


def winners(data: JudgmentSet) -> list[Any]:
    return [preference.winner for preference in data.preferences]


def test_a_row_is_a_raters_word_on_a_pair(tmp_path: Path) -> None:
    path = csv(tmp_path, "q1,Hälsa.,gpt,llama,hej,hallå,Anna,a,b", "q1,Hälsa.,gpt,llama,hej,hallå,Bo,tie,a")
    data = read(path, language="sv")
    assert [(e.id, e.instruction, e.language) for e in data.examples] == [("pairs/q1", "Hälsa.", "sv")]
    assert [(o.id, o.text) for o in data.outputs] == [("pairs/q1/gpt", "hej"), ("pairs/q1/llama", "hallå")]
    assert [(p.output_a, p.rater, p.winner, p.shown_first) for p in data.preferences] == [
        ("pairs/q1/gpt", "Anna", "a", "b"),
        ("pairs/q1/gpt", "Bo", "tie", "a"),
    ]
    assert (data.info.name, data.info.criteria) == ("preferences:pairs.csv", ("preference",))


@pytest.mark.parametrize(
    ("word", "winner"),
    [
        ("a", "a"), ("B", "b"), ("Model_A", "a"), ("model b", "b"), ("left", "a"), ("right", "b"), ("1", "a"), (2, "b"),
        (2.0, "b"), ("tie", "tie"), (0, "tie"), ("Both bad", "tie"), ("tie (bothbad)", "tie"), ("equal", "tie"),
        ("oavgjort", "tie"),
        ("vänster", "a"), ("höger", "b"), ("maybe", None), ("", None), (None, None), (True, None), (3, None),
        (["a"], None),
    ],
)  # fmt: skip
def test_the_usual_words_for_a_winner_are_understood(word: Any, winner: str | None) -> None:
    assert winner_of(word) == winner


def test_a_winner_may_be_the_systems_name_and_an_empty_one_was_left_open(tmp_path: Path) -> None:
    path = csv(tmp_path, "q1,x,gpt,llama,one,two,Anna,llama,", "q1,x,gpt,llama,one,two,Bo,,", "q1,x,gpt,llama,one,two,Cy,gpt,")
    assert winners(read(path)) == ["b", None, "a"]


def test_an_output_that_is_null_is_missing_and_never_an_empty_text(tmp_path: Path) -> None:
    both = {"item": "1", "system_a": "x", "system_b": "y", "output_a": "hej"}
    rows = [{**both, "output_b": None, "winner": "a"}, {**both, "system_b": "z", "output_b": "", "winner": "a"}]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    data = read(path)
    assert [output.text for output in data.outputs] == ["hej", None, ""]
    assert "1 output is missing (null), and no metric can score what is not there" in data.notes


@pytest.mark.parametrize(
    ("a", "b", "winner"), [("B", "A", "A"), ("b", "a", "A"), ("tie", "gpt", "tie"), ("gpt", "tie", "tie"), ("2", "1", "1")]
)
def test_a_word_that_means_another_winner_than_the_system_of_that_name_is_refused(
    tmp_path: Path, a: str, b: str, winner: str
) -> None:
    with pytest.raises(InputError, match=r"line 3, column 'winner': .* is the name of the system .* write first, second or tie"):
        read(csv(tmp_path, f"q1,x,{a},{b},one,two,Anna,first,", f"q1,x,{a},{b},one,two,Bo,{winner},"))


def test_a_systems_name_that_means_the_same_winner_as_a_word_is_read(tmp_path: Path) -> None:
    rows = ["q1,x,A,B,one,two,Anna,A,", "q1,x,A,B,one,two,Bo,b,", "q2,x,B,A,one,two,Anna,first,", "q2,x,B,A,one,two,Bo,tie,"]
    assert winners(read(csv(tmp_path, *rows))) == ["a", "b", "a", "tie"]
    assert winners(read(csv(tmp_path, "q1,x,gpt,llama,one,two,Anna,llama,"))) == ["b"]


def test_equal_texts_of_a_system_are_one_output_whichever_side_they_stand_on(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "q1,x,gpt,llama,one,two,Anna,a,",
        "q1,x,llama,gpt,two,one,Bo,b,",
        "q1,x,gpt,gpt,one,uno,Anna,a,",
    )
    data = read(path)
    assert [(o.id, o.text) for o in data.outputs] == [
        ("pairs/q1/gpt", "one"),
        ("pairs/q1/llama", "two"),
        ("pairs/q1/gpt#1", "uno"),
    ]
    assert [(p.output_a, p.output_b, p.winner) for p in data.preferences][1] == ("pairs/q1/llama", "pairs/q1/gpt", "b")


def test_without_an_item_column_one_instruction_is_one_item(tmp_path: Path) -> None:
    path = csv(
        tmp_path, "Say hi,a1,b1,a", "Say ho,a2,b2,b", "Say hi,a3,b3,tie", header="prompt,response_a,response_b,preferred"
    )  # fmt: skip
    data = read(path)
    assert [e.id for e in data.examples] == ["pairs/0001", "pairs/0002"]
    assert data.systems == ("output-a", "output-b")
    assert any("no column names the systems" in note for note in data.notes)
    assert winners(data) == ["a", "tie", "b"]  # by item


def test_items_without_any_text_in_common_are_one_a_row(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,y,1", "x,y,2", header="answer_1,answer_2,vote")
    assert len(read(path).examples) == 2


def test_columns_of_other_names_are_named(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,y,1,sv", header="good,other,best,tongue")
    data = read(path, output_a="good", output_b="other", winner="best", columns={"language": "tongue"})
    assert winners(data) == ["a"]
    assert data.examples[0].language == "sv"


def test_references_sources_tasks_forms_and_clusters_belong_to_the_item(tmp_path: Path) -> None:
    header = "item,source,reference,reference_2,task,form,cluster,output_a,output_b,winner"
    data = read(csv(tmp_path, "q1,src,r1,r2,summary,short,doc1,x,y,a", header=header))
    (example,) = data.examples
    assert (example.source, example.references, example.task, example.form) == ("src", ("r1", "r2"), "summary", "short")
    assert example.cluster_id == "doc1"


@pytest.mark.parametrize("suffix", ["tsv", "jsonl", "json", "parquet"])
def test_every_format_reads_the_same(tmp_path: Path, suffix: str) -> None:
    rows = [
        {"item": "1", "output_a": "x", "output_b": "y,\tz\n", "winner": "a", "rater": "Anna"},
        {"item": "2", "output_a": "å", "output_b": "ö", "winner": "tie", "rater": "Anna"},
    ]
    path = tmp_path / f"pairs.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == "json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        lines = ["\t".join(rows[0]), *('"' + '"\t"'.join(row.values()) + '"' for row in rows)]
        path.write_text("\n".join(lines), encoding="utf-8")
    data = read(path)
    assert [o.text for o in data.outputs] == ["x", "y,\tz\n", "å", "ö"]
    assert winners(data) == ["a", "tie"]
    assert read_judgments(Preferences(rows=rows)).outputs[1].text == "y,\tz\n"


def test_votes_that_both_are_bad_are_ties_and_counted(tmp_path: Path) -> None:
    data = read(csv(tmp_path, "q1,x,g,l,one,two,Anna,tie (bothbad),", "q2,y,g,l,one,two,Anna,both_bad,"))
    assert winners(data) == ["tie", "tie"]
    assert "2 of 2 votes say that both are bad; they count as ties" in data.notes


def test_a_pair_of_one_and_the_same_output_is_left_out_and_counted(tmp_path: Path) -> None:
    data = read(csv(tmp_path, "q1,x,g,g,one,one,Anna,a,", "q2,x,g,l,one,two,Anna,a,"))
    assert len(data.preferences) == 1
    assert any("1 of 2 rows compare an output with itself" in note for note in data.notes)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["q1,x,g,l,one,two,Anna,better,"],
            r"pairs.csv, line 2, column 'winner': 'better' says neither a, b nor tie, and is neither system \(g, l\)",
        ),
        (
            ["q1,x,g,l,one,two,Anna,a,", "q1,x,l,g,two,one,Anna,b,"],
            r"line 3: 'Anna' has already judged these two outputs of item 'q1' on 'preference' \(.*line 2\)",
        ),
        (
            ["q1,x,g,l,one,two,Anna,a,", "q1,y,g,l,one,two,Bo,a,"],
            "line 3: item 'q1' has two different instruction values: 'y', but 'x' in line 2",
        ),
        (["q1,x,,l,one,two,Anna,a,"], "line 2, column 'system_a': the cell is empty"),
        (
            ["q1,x,g,l,one,two,Anna,1,", "q2,x,g,l,one,two,Anna,0,"],
            "every winner is 0 or 1, which may mean first and second, or tie and first",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(csv(tmp_path, *lines))


@pytest.mark.parametrize(
    ("header", "parameters", "message"),
    [
        ("item,output_a,winner", {}, r"no column holds the output_b .* give output_b=COLUMN"),
        ("item,output_a,outptu_b,winner", {}, r"'preferences:.*pairs.csv,output_b=outptu_b'"),
        ("output_a,output_b,who", {}, "no column holds the winner"),
        ("output_a,output_b,winner", {"rater": "person"}, r"no column 'person' \(rater=person\)"),
        ("output_a,output_b,winner", {"columns": {"score": "x"}}, "nothing called 'score' in a table of preferences"),
        ("output_a,output_b,winner", {"primary": "Eva"}, r"there is no rater 'Eva' \(primary\)"),
    ],
)
def test_a_column_that_is_not_there_is_answered_with_what_to_type(
    tmp_path: Path, header: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(csv(tmp_path, ",".join("a" * len(header.split(","))), header=header), **parameters)


def test_one_of_path_and_rows_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one of them"):
        Preferences()
    with pytest.raises(HarnessError, match="cannot tell the format"):
        Preferences(tmp_path / "pairs.xlsx")
    with pytest.raises(HarnessError, match="this is a folder; name a file in it"):
        Preferences(tmp_path)


votes = st.lists(
    st.tuples(st.sampled_from("12"), st.sampled_from("xyz"), st.sampled_from("xyz"), st.sampled_from(["Anna", "Bo"]),
              st.sampled_from(["a", "b", "tie"])),
    min_size=1, max_size=12, unique_by=lambda vote: (vote[0], frozenset(vote[1:3]), vote[3]),
)  # fmt: skip


@given(votes)
def test_every_vote_comes_out_once_and_turning_the_sides_changes_nothing(votes: list[tuple[str, ...]]) -> None:
    votes = [vote for vote in votes if vote[1] != vote[2]]
    if not votes:
        return
    rows = [
        {"item": item, "system_a": a, "system_b": b, "output_a": a, "output_b": b, "rater": rater, "winner": winner}
        for item, a, b, rater, winner in votes
    ]
    swap = {"a": "b", "b": "a", "tie": "tie"}
    turned = [
        {"item": item, "system_a": b, "system_b": a, "output_a": b, "output_b": a, "rater": rater, "winner": swap[winner]}
        for item, a, b, rater, winner in votes
    ]

    def said(rows: list[dict[str, str]]) -> set[tuple[Any, ...]]:
        data = read_judgments(Preferences(rows=rows))
        assert len(data.preferences) == len(rows)
        better = {(p.output_a if p.winner == "a" else p.output_b if p.winner == "b" else None, p.rater,
                   frozenset((p.output_a, p.output_b))) for p in data.preferences}  # fmt: skip
        return better

    assert said(rows) == said(turned)
