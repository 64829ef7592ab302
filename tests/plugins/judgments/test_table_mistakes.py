"""Every mistake in a table of ratings is named with its place, and with what to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.judgments.table import Table

from harness.errors import InputError
from harness.judgments import JudgmentSet, read_judgments


def write(folder: Path, text: str | bytes, name: str = "ratings.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(path: Path, **parameters: Any) -> JudgmentSet:
    return read_judgments(Table(path, **parameters))


HEAD = "item,system,output,rating\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\ufeff \n", "the file is empty"),
        (HEAD, "there is only a header"),
        (
            "item,system,outptu,rating\n1,a,x,1\n",
            "no column holds the output.*,output=outptu'.*The columns are: item, system, outptu, rating. Did you mean 'outptu'",
        ),
        ("item,model,systm,rating\n1,a,x,1\n", r"no column holds the output.*The columns are: item, model, systm, rating\.$"),
        ("item,model,txt,modl,rating\n1,a,x,1,1\n", r"no column holds the output.*rating\. Did you mean 'txt'\?$"),
        ("a,b\n1,2\n", "no column holds the item.*The columns are: a, b"),
        ("item,system,output\n1,a,x\n", r"no column holds the rating.*'table:\S+ratings\.csv,raters=\[Anna, Bo\]'"),
        ("item,system,output,Eva,Bo,Note\n1,a,x,1,,x\n1,b,x,,2,\n", r"the rating.*'table:\S+ratings\.csv,raters=\[Eva, Bo\]'"),
        ("item,item,system,output,rating\n1,1,a,x,1\n", "line 1: column 'item' occurs twice"),
        ("item,system,text,hypothesis,rating\n1,a,x,y,1\n", "columns 'text', 'hypothesis' could each be the output"),
        (HEAD + "1,a,x\n", "line 2: 3 cells, but the header has 4 columns"),
        (HEAD + "1,a,Hej, du,2\n", "line 2: 5 cells.*a text that holds ','"),
        (HEAD + '1,a,"x\ny",1\n2,a,"x,1\n3,b,y,2\n', r"line 4: a quotation mark is opened and never closed \(.*read to line 5\)"),
        (HEAD + "1,a,x,3\n1,a,x,3\n", "line 3: the rating of item '1', system 'a', sample 0.*already in line 2.*rater=COLUMN"),
        (HEAD + "1,a,x,3\n1,a,y,\n", "line 3: system 'a' has two different outputs on item '1'.*'y', but 'x' in line 2"),
        (HEAD + ",a,x,3\n", "line 2, column 'item': the cell is empty"),
        (HEAD + "1, ,x,3\n", "line 2, column 'system': the cell is empty"),
        (HEAD + "1,a,x,NaN\n", "line 2, column 'rating': 'NaN' is no rating; leave the cell empty"),
        (HEAD + "1,a,x,-inf\n", "line 2, column 'rating': '-inf' is no rating"),
        (HEAD + "1,a,x,1e999\n", "line 2, column 'rating': '1e999' is no rating"),
        (HEAD + "1,a,x,good\n", "line 2, column 'rating': 'good' is not a number; map labels to numbers"),
        (HEAD + "1,a,x,1_0\n", "'1_0' is not a number"),
        (HEAD + '1,a,x,"3,5"\n', "'3,5' is not a number.*Decimal commas are read in semicolon-separated files only"),
        ("item,system,output,rating,sample\n1,a,x,3,1.5\n", "column 'sample': a sample is a whole number from 0, got 1.5"),
        ("item,system,output,rating,form\n1,a,x,3,medium\n", "line 2, column 'form': form is short or long, got 'medium'"),
        (
            "item,system,output,rating,source\n1,a,x,3,s\n1,b,x,3,t\n",
            "line 3: item '1' has two different source values: 't', but 's' in line 2",
        ),
    ],
)
def test_a_mistake_is_named_with_line_column_and_advice(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"(?s)ratings\.csv.*{message}"):
        read(write(tmp_path, text))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scale": [1, 3]}, "line 3: the rating 4 on 'rating' is off the scale 1 to 3"),
        ({"scale": {"ratng": [1, 3]}}, r"no criterion 'ratng' \(scale\)\. Did you mean 'rating'"),
        ({"direction": {"ratng": "down"}}, r"no criterion 'ratng' \(direction\)"),
        ({"rating": "ratng"}, r"no column 'ratng' \(rating=ratng\)\. Did you mean 'rating'"),
        ({"raters": ["anna"]}, r"no column 'anna' \(raters\)"),
        ({"raters": ["rating"], "rating": "rating"}, "the columns of a wide table exclude each other"),
        ({"raters": ["rating"], "criteria": ["rating"]}, "give raters or criteria, not both"),
        ({"language": "swedish"}, r"no column 'swedish' \(language=swedish\)"),
        ({"columns": {"ratng": "rating"}}, "nothing called 'ratng'.*Did you mean 'rating'"),
        ({"primary": "anna"}, r"no rater 'anna' \(primary\)\. Known: rater"),
        ({"format": "xlsx"}, "cannot tell the format"),
        ({"delimiter": "||"}, "delimiter is one character"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path, HEAD + "1,a,x,1\n1,b,y,4\n"), **parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scale": [3, 1]}, "low below high .direction=down turns it., got .3, 1."),
        ({"scale": [1]}, r"scale is \[low, high\], got \[1\]"),
        ({"direction": "left"}, "direction is up or down, got 'left'"),
        ({"item": "item", "columns": {"id": "system"}}, "item=item and columns: id: system differ"),
        ({"rows": [{}]}, "give the path of a file"),
    ],
)
def test_a_parameter_of_a_wrong_shape_is_named(parameters: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path, HEAD + "1,a,x,1\n1,b,y,1\n"), **parameters)


def test_a_file_that_is_not_utf8_is_named_with_line_and_offset(tmp_path: Path) -> None:
    text = HEAD + "1,a,hej,1\n1,b,hallå,2\n"
    with pytest.raises(InputError, match=r"line 3: byte 0xe5 at offset 44 is not UTF-8; save the file as UTF-8"):
        read(write(tmp_path, text.encode("windows-1252")))
    with pytest.raises(InputError, match="the file is UTF-16"):
        read(write(tmp_path, text.encode("utf-16")))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nope\.csv: cannot be read: No such file or directory"):
        Table(tmp_path / "nope.csv")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"item": 1'], r"line 1: not JSON: Expecting ',' delimiter \(column 11\)"),
        (["[1]"], "line 1: each line is one JSON object, got list"),
        (
            ['{"item": 1, "system": "a", "output": "x", "rating": 1}', "", '{"item": 1}'],
            "line 3, column 'system': the cell is empty",
        ),
        (['{"item": 1, "system": "a", "output": "x", "rating": NaN}'], "line 1, column 'rating': nan is no rating"),
        (['{"item": 1, "system": "a", "output": "x", "rating": true}'], "a rating is a number, got True"),
        (['{"item": 1, "system": "a", "output": {"x": 1}, "rating": 1}'], "column 'output': expected a text, got {'x': 1}"),
        ([f'{{"item": 1, "system": "a", "output": "x", "rating": {"9" * 400}}}'], "line 1, column 'rating': 999.* is no rating"),
        (['{"item": 1, "system": "a", "output": "\\ud800", "rating": 1}'], "line 1: half of a surrogate pair"),
    ],
)
def test_a_mistake_in_json_lines_is_named(lines: Sequence[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"r\.jsonl, {message}" if message.startswith("line") else message):
        read(write(tmp_path, "\n".join(lines), "r.jsonl"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "rows: the table is empty"),
        ([1], "rows, row 1: a row is a dict of column to value, got int"),
        ("item,system", "expected a list of dicts or a table"),
        ([{"item": 1, "system": "a", "output": "x", "rating": float("nan")}], "rows, row 1, column 'rating': nan is no rating"),
    ],
)
def test_a_mistake_in_memory_is_named_by_row(rows: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Table(rows=rows)


def test_what_to_give_keeps_what_was_given(tmp_path: Path) -> None:
    rows = [{"nr": 1, "system": "a", "output": "x", "Anna": 1, "Bo": 2}]
    with pytest.raises(InputError, match=r"read=\{'item': 'nr', 'raters': \['Anna', 'Bo'\]\}"):
        Table(rows=rows, item="nr")
    path = write(tmp_path, "nr,2024,output,Anna,Bo\n1,a,x,1,2\n")
    with pytest.raises(InputError, match=r"'table:\S+ratings\.csv,item=nr,system=2024,raters=\[Anna, Bo\]'"):
        Table(path, item="nr", columns={"system": 2024})  # what a command line makes of system=2024
