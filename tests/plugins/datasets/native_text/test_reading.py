"""Native text as documents: what each format becomes, and that blocks are spans of it."""

import hashlib
import json
from pathlib import Path

import pytest
from harness_plugins.datasets.native_text.documents import Document, TextSource, decode
from harness_plugins.datasets.native_text.markdown import markdown_blocks
from harness_plugins.datasets.native_text.reading import documents, text_source

from harness.errors import ConfigError, InputError

PAGE = """<html><head><meta charset="iso-8859-1"><title>Min bok</title><style>p {}</style></head><body>
<nav><a href="/">Start</a></nav>
<h1>F&ouml;rsta kapitlet</h1>
<p>Ett   stycke
med <b>fet</b> text&nbsp;h&auml;r.<a href="#1"><sup>1</sup></a> Slut.<br>Ny rad<p>Utan sluttagg
<ul><li>ett<li>tv&aring;</ul>
<script>var x = 1;</script>
<table><tr><td>a</td><td>b</td></tr></table>
<pre>x  =  1
y</pre>
<h1>Andra</h1><blockquote><p>Citat.</p></blockquote>
<p><a name="1"><sup>1</sup></a>En not.</p>
</body></html>"""


def read(folder: Path, name: str, content: str | bytes, **settings) -> list[Document]:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return list(documents(TextSource(path=str(file), **settings)))


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_a_page_becomes_its_visible_blocks_with_blanks_as_a_browser_shows_them(tmp_path: Path):
    (document,) = read(tmp_path, "bok.html", PAGE)
    assert blocks(document) == [
        ("navigation", "Start"),
        ("heading", "Första kapitlet"),
        ("paragraph", "Ett stycke med fet text\u00a0här. Slut.\nNy rad"),
        ("paragraph", "Utan sluttagg"),
        ("list", "ett"),
        ("list", "två"),
        ("table", "a"),
        ("table", "b"),
        ("code", "x  =  1\ny"),
        ("heading", "Andra"),
        ("quote", "Citat."),
        ("note", "En not."),
    ]
    assert document.titles == ("Min bok",)
    assert (document.id, document.dataset) == ("bok/bok", "bok")


def test_headings_of_a_level_begin_documents_that_are_named_by_them(tmp_path: Path):
    first, second, third = read(tmp_path, "bok.html", PAGE, split_at=1)
    assert [one.id for one in (first, second, third)] == ["bok/bok", "bok/bok/första-kapitlet", "bok/bok/andra"]
    assert second.text.startswith("Första kapitlet\n\nEtt stycke")
    assert blocks(third)[-1] == ("note", "En not.")


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        ('<meta charset="iso-8859-1"><p>Får åäö'.encode("latin-1"), {}),
        ('<meta http-equiv="Content-Type" content="text/html; charset=utf-8"><p>Får åäö'.encode(), {}),
        ("<p>Får åäö".encode("latin-1"), {}),
        ("<p>Får åäö".encode("latin-1"), {"encoding": "iso-8859-1"}),
        ("\ufeff<p>Får åäö".encode(), {}),
        ("<p>Får åäö".encode("utf-16"), {}),
        (b"<p>F&aring;r &#229;&#xe4;&ouml;", {}),
    ],
)
def test_the_encoding_is_what_the_user_the_file_or_its_bytes_say(tmp_path: Path, data: bytes, settings: dict):
    (document,) = read(tmp_path, "sida.html", data, **settings)
    assert document.text == "Får åäö"


def test_bytes_that_are_not_in_the_encoding_are_named_with_their_line(tmp_path: Path):
    with pytest.raises(InputError, match=r"text.txt, line 2: byte 0xe5 is not utf-8; give its `encoding`"):
        read(tmp_path, "text.txt", b"rad ett\nf\xe5r\n", encoding="utf-8")
    with pytest.raises(InputError, match="no encoding"):
        decode(b"a", tmp_path, "utf-99")


def test_plain_text_is_the_file_itself_and_a_line_each_a_paragraph(tmp_path: Path):
    text = "Rubriken\r\nDetta är ett stycke.\r\nDetta är ett annat stycke.\r\n\r\nSkälen är\r\nett skäl\r\n• ett till\r\n"
    (document,) = read(tmp_path, "t.txt", text)
    assert document.text == text
    assert blocks(document) == [
        ("heading", "Rubriken"),
        ("paragraph", "Detta är ett stycke."),
        ("paragraph", "Detta är ett annat stycke."),
        ("list", "Skälen är"),
        ("list", "ett skäl"),
        ("list", "• ett till"),
    ]


def test_wrapped_lines_are_one_paragraph_up_to_the_empty_line(tmp_path: Path):
    text = (
        "En lång rad som går vidare på nästa rad och som där\nfår sitt slut.\n\n"
        "Nästa stycke börjar här och går även det vidare\ntill sitt slut.\n"
    )
    (document,) = read(tmp_path, "t.txt", text)
    assert [one for _, one in blocks(document)] == [part.strip() for part in text.split("\n\n")]


def test_many_short_lines_are_a_list_and_only_the_last_is_a_heading(tmp_path: Path):
    (document,) = read(tmp_path, "t.txt", "Hem\nOm oss\nKontakt\nVåra tjänster\nVi gör allt möjligt för alla.\n")
    assert [kind for kind, _ in blocks(document)] == ["list", "list", "list", "heading", "paragraph"]


def test_markdown_is_the_file_itself_with_the_kinds_of_its_blocks(tmp_path: Path):
    text = (
        "---\ntitle: x\n---\n# Titel #\n\nEtt *stycke*\nsom fortsätter.\n\n- punkt ett\n  mer\n- punkt två\n\n> citat\n\n"
        "| a | b |\n|---|---|\n\n```python\n# ingen rubrik\n```\n\nUnder\n=====\n\n    indraget\n\nSlut.\n"
    )
    (document,) = read(tmp_path, "t.md", text)
    assert document.text == text
    assert blocks(document) == [
        ("heading", "Titel"),
        ("paragraph", "Ett *stycke*\nsom fortsätter."),
        ("list", "- punkt ett\n  mer"),
        ("list", "- punkt två"),
        ("quote", "> citat"),
        ("table", "| a | b |\n|---|---|"),
        ("code", "```python\n# ingen rubrik\n```"),
        ("heading", "Under"),
        ("code", "indraget"),
        ("paragraph", "Slut."),
    ]


def test_each_row_of_json_lines_is_a_document_named_by_its_id_or_its_content(tmp_path: Path):
    rows = [{"id": "a", "text": "En text."}, {"id": "b", "text": ""}, {"id": "c", "text": "En text."}]
    content = "\n".join(json.dumps(row) for row in rows)
    assert [one.id for one in read(tmp_path, "r.jsonl", content, id_field="id")] == ["r/a", "r/c"]
    (named,) = read(tmp_path, "r.jsonl", content)  # equal texts are one document
    assert named.id == "r/" + hashlib.sha256(b"En text.").hexdigest()[:12]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", "line 1: expected an object"),
        ("{", "line 1:"),
        ('{"text": 3}', "'text' is int, not text"),
        ('{"text": "a"}', "there is no 'id'"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_file_and_line(tmp_path: Path, line: str, said: str):
    with pytest.raises(InputError, match=said):
        read(tmp_path, "r.jsonl", line, id_field="id")


def test_a_treebank_has_a_document_for_each_newdoc_and_a_paragraph_for_each_newpar(tmp_path: Path):
    text = (
        "# newdoc id = P1\n# newpar id = P1.1\n# text = En mening.\n1\tEn\n\n# text = En till.\n\n# newpar\n# text = Ny.\n\n"
        "# newdoc id = P2\n# text = Annan.\n"
    )
    first, second = read(tmp_path, "t.conllu", text)
    assert (first.id, first.text) == ("t/t/p1", "En mening. En till.\n\nNy.")
    assert (second.id, second.text) == ("t/t/p2", "Annan.")


def test_a_folder_is_read_file_by_file_in_the_order_of_their_names(tmp_path: Path):
    (tmp_path / "b").mkdir()
    for name in ("b/x.txt", "a.md", "c.bin"):
        (tmp_path / name).write_text("Text.", encoding="utf-8")
    found = list(documents(TextSource(path=str(tmp_path), name="mapp")))
    assert [one.id for one in found] == ["mapp/a", "mapp/b/x"]


@pytest.mark.slow  # importing `datasets` takes seconds
def test_a_data_set_of_the_hub_is_read_as_a_stream(tmp_path: Path):
    pytest.importorskip("datasets")
    (tmp_path / "set").mkdir()
    rows = [json.dumps({"text": f"Text nummer {n}.", "id": n}) for n in range(5)]
    (tmp_path / "set" / "train.jsonl").write_text("\n".join(rows), encoding="utf-8")
    source = TextSource(hub=str(tmp_path / "set"), name="hubb", id_field="id", limit=3)
    assert [(one.id, one.text) for one in documents(source)] == [(f"hubb/{n}", f"Text nummer {n}.") for n in range(3)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("swequad-mcc", "Did you mean 'swequad-mc'"),
        ({"path": "a", "hub": "b"}, "give one of them"),
        ({"path": "a", "forma": "html"}, "forma"),
        ({"path": "a", "split_at": 9}, "1 to 6"),
    ],
)
def test_a_source_that_cannot_be_is_refused(value, said: str):
    with pytest.raises(ConfigError, match=said):
        text_source(value)


@pytest.mark.parametrize("name", ["copyright-finns-inte", "swequad-mc", "talbanken", "zaragoza-construction-faq"])
def test_blocks_of_the_real_sets_are_spans_in_order_without_blanks_at_their_ends(
    name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    found = list(documents(text_source(name)))
    words = sum(len(one.text.split()) for one in found)
    assert (
        words
        == {
            "copyright-finns-inte": 107_157,
            "swequad-mc": 157_996,
            "talbanken": 18_457,
            "zaragoza-construction-faq": 15_545,
        }[name]
    )
    for document in found:
        end = 0
        for block in document.blocks:
            assert end <= block.start < block.end <= len(document.text)
            assert document.text[block.start : block.end].strip() == document.text[block.start : block.end]
            end = block.end


def test_the_texts_of_swequad_are_its_contexts_to_the_byte(shared_data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    rows = json.loads((shared_data / "swequad-mc/data/training.json").read_text(encoding="utf-8"))["data"]
    assert {one.text for one in documents(text_source("swequad-mc"))} == {row["context"] for row in rows}


def test_a_markdown_heading_may_be_closed_by_marks_and_hold_some():
    text = "# C# och F#\n\n## Slut ##\n\n#" + " " * 50_000 + "x\n"
    assert [text[block.start : block.end] for block in markdown_blocks(text)] == ["C# och F#", "Slut", "x"]


def test_an_id_of_two_texts_is_refused_with_both_places(tmp_path):
    rows = [
        '{"id": "a", "text": "ett"}',
        '{"id": "a", "text": "ett"}',
        '{"id": "b", "text": "två"}',
        '{"id": "a", "text": "tre"}',
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(rows))
    source = text_source({"path": str(tmp_path / "x.jsonl"), "id_field": "id"})
    with pytest.raises(InputError, match=r"x\.jsonl, line 4: the id 'x/a' is that of another text, .*x\.jsonl, line 1"):
        list(documents(source))


def test_a_text_that_is_there_twice_comes_once_but_for_those_who_count(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"id": "a", "text": "ett"}\n' * 2 + '{"id": "b", "text": "ett"}\n')
    source = text_source({"path": str(tmp_path / "x.jsonl"), "id_field": "id"})
    assert [one.id for one in documents(source)] == ["x/a", "x/b"]
    assert [one.id for one in documents(source, empty=True)] == ["x/a", "x/a", "x/b"]


@pytest.mark.parametrize("id", ["", "  "])
def test_a_blank_id_is_no_name(tmp_path, id):
    (tmp_path / "x.jsonl").write_text(f'{{"id": "{id}", "text": "ett"}}\n')
    with pytest.raises(InputError, match="line 1: 'id' is blank"):
        list(documents(text_source({"path": str(tmp_path / "x.jsonl"), "id_field": "id"})))
