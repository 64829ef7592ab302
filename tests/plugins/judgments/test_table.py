"""Tables of ratings are read in every shape that people have."""

import csv
import io
import json
import unicodedata
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_plugins.judgments.gec_sv import GecSv
from harness_plugins.judgments.table import Table
from hypothesis import given
from hypothesis import strategies as st

from harness import Unit
from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments
from harness.plugins import load_plugins
from harness.records import TextPart
from harness.registry import PluginRef

LONG = """item,system,output,reference,rater,criterion,rating
1,a,Hej då,Hej då!,anna,fluency,4
1,a,Hej då,Hej då!,bo,fluency,3
1,b,Hejdå,Hej då!,anna,fluency,
2,a,Tack,Tack så mycket,anna,fluency,2
"""


def write(folder: Path, text: str | bytes, name: str = "ratings.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(path: Path, **parameters: Any) -> JudgmentSet:
    return read_judgments(Table(path, **parameters))


def values(data: JudgmentSet) -> dict[tuple[str, str, str], Any]:
    return {(j.output_id, j.rater, j.criterion): j.value for j in data.judgments}


def test_a_long_table_becomes_examples_outputs_and_ratings(tmp_path: Path) -> None:
    data = read(write(tmp_path, LONG), language="sv", scale=[1, 4])
    assert [(e.id, e.references, e.language) for e in data.examples] == [
        ("ratings/1", ("Hej då!",), "sv"),
        ("ratings/2", ("Tack så mycket",), "sv"),
    ]
    assert {o.id: o.text for o in data.outputs} == {"ratings/1/a": "Hej då", "ratings/1/b": "Hejdå", "ratings/2/a": "Tack"}
    assert values(data) == {
        ("ratings/1/a", "anna", "fluency"): 4.0,
        ("ratings/1/a", "bo", "fluency"): 3.0,
        ("ratings/1/b", "anna", "fluency"): None,
        ("ratings/2/a", "anna", "fluency"): 2.0,
    }
    assert {(s.low, s.high, s.direction) for j in data.judgments if (s := j.scale)} == {(1.0, 4.0, "up")}
    assert (data.info.name, data.info.primary_rater) == ("table:ratings.csv", None)


def test_it_is_found_by_name_with_the_file_after_the_colon(tmp_path: Path) -> None:
    path = write(tmp_path, LONG)
    plugins = load_plugins()
    source = plugins.build("judgment source", plugins.parse("judgment source", f"table:{path},language=sv,primary=bo"))
    assert read_judgments(source).info.primary_rater == "bo"


@pytest.mark.parametrize(
    "spoilt",
    [
        b"\xef\xbb\xbf" + LONG.encode(),
        LONG.replace("\n", "\r\n").encode(),
        LONG.replace("\n", "\r").encode(),
        LONG.rstrip().encode(),
        (LONG + "\n\n,,,,,,\n").encode(),
        LONG.replace("item,system", " Item , SYSTEM").encode(),
        LONG.replace(",", "\t").encode(),
        LONG.replace(",", ";").encode(),
        ("sep=;\n" + LONG.replace(",", ";")).encode(),
        LONG.replace("item,", "segment,").replace("output", "hypothesis").replace("rater", "annotator").encode(),
    ],
    ids=["BOM", "CRLF", "CR", "no last newline", "empty rows", "names", "tabs", "semicolons", "sep line", "aliases"],
)
def test_spreadsheets_ways_of_writing_the_same_table_read_the_same(spoilt: bytes, tmp_path: Path) -> None:
    assert read(write(tmp_path, spoilt)).digest == read(write(tmp_path, LONG)).digest


SWEDISH = """uppgift,modell,svar,facit,bedömare,kriterium,betyg
1,a,Hej då,Hej då!,anna,fluency,4
1,a,Hej då,Hej då!,bo,fluency,3
1,b,Hejdå,Hej då!,anna,fluency,
2,a,Tack,Tack så mycket,anna,fluency,2
"""


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_swedish_headings_are_understood(form: Literal["NFC", "NFD"], tmp_path: Path) -> None:
    header, _, rest = SWEDISH.partition("\n")
    text = f"{unicodedata.normalize(form, header.title())}\n{rest}"
    assert read(write(tmp_path, text)).digest == read(write(tmp_path, LONG)).digest


def test_every_swedish_heading_has_its_role(tmp_path: Path) -> None:
    header = "post,modell,utdata,referens 1,referens 2,källa,fråga,språk,Bedömare 1,Bedömare 2"
    data = read(write(tmp_path, f"{header}\n1,a,x,r,s,k,f?,sv,3,4\n1,b,y,,,,,,1,2\n"))
    (example,) = data.examples
    assert (example.references, example.source, example.language) == (("r", "s"), "k", "sv")
    assert example.messages[0].parts == (TextPart(text="f?"),)
    assert {j.rater for j in data.judgments} == {"Bedömare 1", "Bedömare 2"}


def test_english_headings_and_the_users_own_mapping_go_before_swedish_ones(tmp_path: Path) -> None:
    both = write(tmp_path, "id,uppgift,model,text,svar,score,betyg\n1,x,a,Hej,Nej,3,5\n")
    data = read(both)
    assert ([o.text for o in data.outputs], [j.value for j in data.judgments]) == (["Hej"], [3.0])
    data = read(both, output="svar", rating="betyg", instruction="uppgift")
    assert ([o.text for o in data.outputs], [j.value for j in data.judgments]) == (["Nej"], [5.0])
    assert data.examples[0].messages[0].parts == (TextPart(text="x"),)
    with pytest.raises(InputError, match="columns 'betyg', 'poäng' could each be the rating; say which: rating=betyg"):
        read(write(tmp_path, "id,modell,svar,betyg,poäng\n1,a,Hej,3,5\n"))


def test_tsv_and_json_lines_read_as_the_csv_does(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(LONG)))
    lines = [json.dumps({**row, "rating": float(row["rating"]) if row["rating"] else None}, ensure_ascii=False) for row in rows]
    expected = values(read(write(tmp_path, LONG)))
    assert values(read(write(tmp_path, LONG.replace(",", "\t"), "ratings.tsv"))) == expected
    assert values(read(write(tmp_path, "\n".join(lines), "ratings.jsonl"))) == expected
    assert values(read(write(tmp_path, LONG, "ratings.txt"), format="csv")) == expected


def test_tables_in_memory_read_as_the_file_does(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="needs the development dependency pandas")
    expected = {(j.output_id.partition("/")[2], j.rater): j.value for j in read(write(tmp_path, LONG)).judgments}
    frame = pandas.read_csv(io.StringIO(LONG))
    nullable = frame.convert_dtypes()
    tables = [list(csv.DictReader(io.StringIO(LONG))), frame, nullable, pa.Table.from_pandas(frame)]
    for table in tables:
        data = read_judgments(Table(rows=table))
        assert {(j.output_id.partition("/")[2], j.rater): j.value for j in data.judgments} == expected
        assert data.info.name == "table"


def test_a_polars_frame_is_read() -> None:
    polars = pytest.importorskip("polars", reason="needs polars")
    frame = polars.DataFrame({"item": [1, 1], "system": ["a", "b"], "output": ["x", "y"], "rating": [1.0, None]})
    assert [j.value for j in read_judgments(Table(rows=frame)).judgments] == [1.0, None]


def test_a_wide_table_has_one_column_a_rater(tmp_path: Path) -> None:
    text = "id,model,text,rater_anna,rater_bo\n1,a,Hej,3,2\n1,b,Hallå,1,\n"
    expected = {
        ("ratings/1/a", "rater_anna", "rating"): 3.0,
        ("ratings/1/a", "rater_bo", "rating"): 2.0,
        ("ratings/1/b", "rater_anna", "rating"): 1.0,
        ("ratings/1/b", "rater_bo", "rating"): None,
    }
    assert values(read(write(tmp_path, text))) == expected
    named = text.replace("rater_anna", "anna").replace("rater_bo", "bo")
    assert set(values(read(write(tmp_path, named), raters=["anna", "bo"]))) == {
        (output, rater.removeprefix("rater_"), criterion) for output, rater, criterion in expected
    }


def test_a_wide_table_has_one_column_a_criterion_with_scales_of_their_own(tmp_path: Path) -> None:
    text = "item,system,output,annotator,fluency,errors\n1,a,Hej,anna,4,0\n1,b,Hallå,anna,2,7\n"
    data = read(
        write(tmp_path, text),
        criteria=["fluency", "errors"],
        scale={"fluency": [1, 5], "errors": [0, 9]},
        direction={"errors": "down"},
    )
    scales = {j.criterion: j.scale for j in data.judgments}
    assert data.criteria == ("fluency", "errors")
    assert [(s.low, s.high, s.direction) for c in data.criteria if (s := scales[c])] == [(1, 5, "up"), (0, 9, "down")]
    assert values(data)["ratings/1/b", "anna", "errors"] == 7.0


def test_columns_of_any_name_are_mapped(tmp_path: Path) -> None:
    text = "fråga,vem,svar,facit,facit2,betyg,språk\n1,a,Hej,Hej!,Hejsan!,3,sv\n1,b,Hi,Hej!,,1,sv\n1,b,Hi,Hej!,Hejsan!,,sv\n"
    mapping = {
        "id": "fråga",
        "system": "vem",
        "text": "svar",
        "reference": ["facit", "facit2"],
        "rating": "betyg",
        "language": "språk",
    }
    with pytest.raises(InputError, match=r"item '1' has two different reference values"):
        read(write(tmp_path, text), columns=mapping)
    data = read(write(tmp_path, text.replace("Hej!,,1", "Hej!,Hejsan!,1").rsplit("\n", 2)[0]), columns=mapping)
    assert data.examples[0].references == ("Hej!", "Hejsan!")
    assert [j.value for j in data.judgments] == [3.0, 1.0]
    same = read(
        tmp_path / "ratings.csv",
        item="fråga",
        system="vem",
        output="svar",
        reference=["facit", "facit2"],
        rating="betyg",
        language="språk",
    )
    assert same.digest == data.digest


def test_several_references_stand_in_numbered_columns_or_in_a_list(tmp_path: Path) -> None:
    text = "item,system,output,reference,reference_2,reference_3,rating\n1,a,Hej,Hej!,,Hallå!,3\n"
    assert read(write(tmp_path, text)).examples[0].references == ("Hej!", "Hallå!")
    line = {"item": 1, "system": "a", "output": "Hej", "references": ["Hej!", "Hallå!"], "rating": 3}
    assert read(write(tmp_path, json.dumps(line), "r.jsonl")).examples[0].references == ("Hej!", "Hallå!")


def test_every_field_of_an_example_can_be_given(tmp_path: Path) -> None:
    text = (
        "item,system,output,rating,source,instruction,language,task,form,cluster,parallel_id,sample\n"
        "1,a,Hej,3,hej,Rätta.,sv,gec,short,doc1,p1,0\n1,a,Hejsan,2,hej,Rätta.,sv,gec,short,doc1,p1,1\n"
    )
    data = read(write(tmp_path, text))
    example = data.examples[0]
    assert (example.source, example.instruction, example.language, example.task) == ("hej", "Rätta.", "sv", "gec")
    assert (example.form, example.cluster, example.parallel_id) == ("short", "doc1", "p1")
    assert [(o.id, o.sample) for o in data.outputs] == [("ratings/1/a", 0), ("ratings/1/a#1", 1)]


def test_semicolon_files_may_hold_decimal_commas(tmp_path: Path) -> None:
    data = read(write(tmp_path, 'item;system;output;rating\n1;a;"Hej, du; där";3,5\n1;b;Hej;2.25\n'))
    assert [j.value for j in data.judgments] == [3.5, 2.25]
    assert data.outputs[0].text == "Hej, du; där"


def test_quoted_texts_keep_line_breaks_and_doubled_marks(tmp_path: Path) -> None:
    data = read(write(tmp_path, 'item,system,output,rating\n1,a,"Hon sa ""hej"".\nSen gick hon.",3\n'))
    assert data.outputs[0].text == 'Hon sa "hej".\nSen gick hon.'


def test_a_tsv_may_take_quotation_marks_as_text(tmp_path: Path) -> None:
    path = write(tmp_path, 'item\tsystem\toutput\trating\n1\ta\t"Hej" sa han\t3\n', "r.tsv")
    with pytest.raises(InputError, match=r"r\.tsv, line 2: a quotation mark stands where none is expected.*quote=null"):
        read(path)
    assert read(path, quote=None).outputs[0].text == '"Hej" sa han'


def test_very_long_texts_are_read_and_the_csv_module_is_left_as_it_was(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    long = "ord " * 100_000
    assert read(write(tmp_path, f"item,system,output,rating\n1,a,{long},3\n")).outputs[0].text == long
    assert csv.field_size_limit() == limit


def test_an_empty_answer_is_an_empty_text_and_is_counted(tmp_path: Path) -> None:
    data = read(write(tmp_path, "item,system,output,rating\n1,a,,1\n1,b,Hej,3\n"))
    assert [o.text for o in data.outputs] == ["", "Hej"]
    assert "1 output is an empty text" in data.notes


def test_an_output_that_is_null_or_not_there_is_missing_and_never_an_empty_text(tmp_path: Path) -> None:
    rows = [
        {"item": 1, "system": "a", "output": None, "reference": "Hej", "rating": 1},
        {"item": 1, "system": "b", "reference": "Hej", "rating": 1},
        {"item": 1, "system": "c", "output": "", "reference": "Hej", "rating": 1},
        {"item": 1, "system": "d", "output": "Hej", "reference": "Hej", "rating": 3},
    ]
    path = tmp_path / "ratings.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    parquet = tmp_path / "ratings.parquet"
    pq.write_table(pa.Table.from_pylist([{"output": None, **row} for row in rows]), parquet)
    pandas = pytest.importorskip("pandas", reason="needs the development dependency pandas")
    frame = pandas.DataFrame(rows)
    for data in (read(path), read(parquet), read_judgments(Table(rows=rows)), read_judgments(Table(rows=frame))):
        assert [output.text for output in data.outputs] == [None, None, "", "Hej"]
        assert "2 outputs are missing (null), and no metric can score what is not there" in data.notes
        assert "1 output is an empty text" in data.notes
    results = (
        load_plugins()
        .build("metric", PluginRef("chrf", {}))
        .score([Unit(data.examples[0], (output,)) for output in data.outputs])
    )
    assert [result.value is None for result in results] == [True, True, False, False]


def test_notes_say_what_was_assumed(tmp_path: Path) -> None:
    notes = read(write(tmp_path, "item,system,output,rating,comment\n1,a,Hej,1,bra\n1,b,Hå,3,nja\n")).notes
    assert 'items without a language are marked "und" (unknown); name it with language=sv, or a column' in notes
    assert "the scale of 'rating' was not given; the range of its ratings, 1 to 3, stands in for it" in notes
    assert "columns not used: comment" in notes


def test_a_table_without_ratings_is_read_when_told_so(tmp_path: Path) -> None:
    data = read(write(tmp_path, "item,system,output\n1,a,Hej\n1,b,Hå\n"), raters=[])
    assert (len(data.outputs), data.judgments) == (2, ())


def test_one_rater_is_the_primary_one(tmp_path: Path) -> None:
    assert read(write(tmp_path, "item,system,output,rating\n1,a,Hej,1\n")).info.primary_rater == "rater"


def test_systems_that_are_the_reference_are_declared(tmp_path: Path) -> None:
    path = write(tmp_path, "item,system,output,rating\n1,a,Hej,1\n1,human,Hå,2\n")
    assert read(path, reference_systems=["human"]).info.reference_systems == ("human",)
    with pytest.raises(InputError, match=r"no system 'humn'.*Did you mean 'human'"):
        read(path, reference_systems=["humn"])


def test_ids_with_slashes_do_not_collide(tmp_path: Path) -> None:
    data = read(write(tmp_path, "item,system,output,rating\nx/y,z,Hej,1\nx,y/z,Hå,2\n"))
    assert [o.id for o in data.outputs] == ["ratings/x/y/z", "ratings/x/y%2Fz"]


def test_the_swedish_ratings_survive_a_swedish_spreadsheet(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    original = read_judgments(GecSv())
    examples, outputs = {e.id: e for e in original.examples}, {o.id: o for o in original.outputs}
    path = tmp_path / "gec.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["id", "system", "text", "facit", "rater", "criterion", "score"])
        for j in original.judgments:
            output = outputs[j.output_id]
            example = examples[output.example_id]
            rating = "" if j.value is None else str(j.value).replace(".", ",")
            writer.writerow([example.id, output.system, output.text, *example.references, j.rater, j.criterion, rating])
    data = read(path, reference="facit", scale=[1, 4])
    assert [o.text for o in data.outputs] == [o.text for o in original.outputs]
    assert [e.references for e in data.examples] == [e.references for e in original.examples]
    assert [(j.value, j.scale, j.rater) for j in data.judgments] == [(j.value, j.scale, j.rater) for j in original.judgments]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@given(texts=st.lists(CELLS, min_size=1, max_size=6), delimiter=st.sampled_from(",;\t"))
def test_any_text_written_by_the_csv_module_is_read_back(texts: list[str], delimiter: str, tmp_path_factory: Any) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["item", "system", "output", "rating"])
    writer.writerows([number, "a", text, 1] for number, text in enumerate(texts))
    path = write(tmp_path_factory.mktemp("csv"), buffer.getvalue())
    assert [output.text for output in read(path).outputs] == texts


@given(ratings=st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=1, max_size=8))
def test_ratings_survive_the_table(ratings: list[float | None]) -> None:
    rows = [{"item": n, "system": "a", "output": "x", "rating": value} for n, value in enumerate(ratings)]
    assert [j.value for j in read_judgments(Table(rows=rows)).judgments] == ratings
