"""mt-metrics-eval's file tree: small trees written by hand after its README, and WMT23's real files laid out as one."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from harness_plugins.judgments.mt_metrics_eval import MtMetricsEval
from harness_plugins.judgments.wmt_da import DATA, ROOT, SYSTEMS, WmtDa
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.judgments import read_judgments
from harness.plugins import load_plugins
from harness.records import Example, Output

FILES = {
    "sources/en-sv.txt": "one\ntwo\nthree\n",
    "documents/en-sv.docs": "news doc1\nnews doc1\nchat doc2\n",
    "references/en-sv.refA.txt": "ett\ntvå\ntre\n",
    "system-outputs/en-sv/good.txt": "ett\ntvå\n[No translation supplied]\n",
    "system-outputs/en-sv/bad-1.2B.txt": "en\ntvå två\ntri\n",
    "system-outputs/en-sv/refA.txt": "ett\ntvå\ntre\n",
    "human-scores/en-sv.mqm.seg.score": "good\t0\ngood\t-1\ngood\tNone\nbad-1.2B\t-5\nbad-1.2B\t-5.5\nbad-1.2B\t-25\n",
    "human-scores/en-sv.mqm.sys.score": "good\t-0.5\nbad-1.2B\t-11\n",
    "metric-scores/en-sv/BLEU-refA.seg.score": "good 1\ngood 2\ngood 3\nbad-1.2B 0.1\nbad-1.2B 0.2\nbad-1.2B 0.3\n",
    "metric-scores/en-sv/QE-src.seg.score": "".join(f"{name} 0.5\n" * 3 for name in ("good", "bad-1.2B", "refA")),
    "metric-scores/en-sv/BLEU-refA.sys.score": "good 30\nbad-1.2B 3\n",
}


def plant(root: Path, changes: dict[str, str | None] | None = None, testset: str = "wmt99") -> Path:
    """A tree with one test set; a change of None leaves the file out."""
    for name, content in {**FILES, **(changes or {})}.items():
        if content is not None:
            path = root / testset / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="")
    return root


def outputs(source: MtMetricsEval) -> dict[str, Output]:
    return {record.id: record for record in source.read() if isinstance(record, Output)}


def test_a_segment_has_its_source_reference_document_and_domain(tmp_path: Path) -> None:
    data = read_judgments(MtMetricsEval(plant(tmp_path)))
    assert [(e.id, e.source, e.references, e.language) for e in data.examples] == [
        ("wmt99.en-sv/0001", "one", ("ett",), "sv"),
        ("wmt99.en-sv/0002", "two", ("två",), "sv"),
        ("wmt99.en-sv/0003", "three", ("tre",), "sv"),
    ]
    assert [e.cluster for e in data.examples] == ["wmt99.en-sv/doc1", "wmt99.en-sv/doc1", "wmt99.en-sv/doc2"]
    assert [e.meta["domain"] for e in data.examples] == ["news", "news", "chat"]


def test_systems_have_their_texts_and_scores_and_none_is_missing(tmp_path: Path) -> None:
    data = read_judgments(MtMetricsEval(plant(tmp_path)))
    assert data.systems == ("bad-1.2B", "good")
    assert {o.id.split("/", 1)[1]: o.text for o in data.outputs}["0003/good"] is None
    assert [(j.output_id.split("/", 1)[1], j.value) for j in data.judgments] == [
        ("0001/bad-1.2B", -5), ("0001/good", 0), ("0002/bad-1.2B", -5.5), ("0002/good", -1),
        ("0003/bad-1.2B", -25), ("0003/good", None),
    ]  # fmt: skip
    assert data.criteria == ("mqm",)


def test_human_translations_are_read_when_asked_and_the_one_used_as_reference_is_declared(tmp_path: Path) -> None:
    tree = plant(tmp_path, {"references/en-sv.refB.txt": "1\n2\n3\n", "system-outputs/en-sv/refB.txt": "1\n2\n3\n"})
    without = MtMetricsEval(tree, reference="refA")
    assert any("human translations are left out: refA, refB" in note for note in without.info.notes)
    source = MtMetricsEval(tree, reference="refA", humans=True)
    assert source.info.reference_systems == ("refA",)
    assert source.info.system_sets == {"machine": ("bad-1.2B", "good"), "human": ("refA", "refB")}
    assert read_judgments(source, systems="machine").systems == ("bad-1.2B", "good")
    both = read_judgments(MtMetricsEval(tree, reference=["refB", "refA"], humans=True))
    assert both.examples[0].references == ("1", "ett")
    assert both.info.reference_systems == ("refA", "refB")


def test_recorded_metric_scores_lie_in_the_outputs_meta(tmp_path: Path) -> None:
    tree = plant(tmp_path)
    found = outputs(MtMetricsEval(tree, recorded="all", humans=True))
    assert found["wmt99.en-sv/0002/good"].meta == {"recorded": {"BLEU-refA": 2.0, "QE-src": 0.5}}
    assert found["wmt99.en-sv/0002/refA"].meta == {"recorded": {"QE-src": 0.5}}  # BLEU used it as the reference
    assert outputs(MtMetricsEval(tree, recorded=["QE-src"]))["wmt99.en-sv/0001/good"].meta == {"recorded": {"QE-src": 0.5}}
    assert {output.meta == {} for output in outputs(MtMetricsEval(tree)).values()} == {True}
    assert any("recorded=all: 2, such as BLEU-refA" in note for note in MtMetricsEval(tree).info.notes)


def test_several_human_scores_are_several_criteria(tmp_path: Path) -> None:
    tree = plant(tmp_path, {"human-scores/en-sv.da-sqm.seg.score": "good 90\ngood 80\ngood 70\n"})
    data = read_judgments(MtMetricsEval(tree, score=["mqm", "da-sqm"]))
    assert data.criteria == ("mqm", "da-sqm")
    assert [j.value for j in data.judgments if j.criterion == "da-sqm"] == [90, 80, 70]
    assert any("other human scores: da-sqm" in note for note in MtMetricsEval(tree, score="mqm").info.notes)


def test_the_folder_of_a_test_set_does_as_well_as_the_tree(tmp_path: Path) -> None:
    tree = plant(tmp_path)
    assert read_judgments(MtMetricsEval(tree / "wmt99")).digest == read_judgments(MtMetricsEval(tree)).digest
    with pytest.raises(InputError, match="the folder of the test set 'wmt99', not 'wmt23'"):
        MtMetricsEval(tree / "wmt99", testset="wmt23")


def test_json_lines_are_read_like_plain_lines(tmp_path: Path) -> None:
    lines = {
        "sources/en-sv.txt": None,
        "sources/en-sv.jsonl": '{"source": "one"}\n{"source": "two\\nlines"}\n{"source": "three"}\n',
        "references/en-sv.refA.txt": None,
        "references/en-sv.refA.jsonl": '{"target": "ett"}\n{"target": "två"}\n{"target": "tre"}\n',
        "system-outputs/en-sv/good.txt": None,
        "system-outputs/en-sv/good.jsonl": '{"hypothesis": "ett"}\n{"hypothesis": "två"}\n{"hypothesis": "tre"}\n',
    }
    data = read_judgments(MtMetricsEval(plant(tmp_path, lines)))
    assert [example.source for example in data.examples] == ["one", "two\nlines", "three"]
    assert [output.text for output in data.outputs if output.system == "good"] == ["ett", "två", "tre"]
    lines["system-outputs/en-sv/good.jsonl"] = '{"hypothesis": "a"}\n{"target": "b"}\n'
    with pytest.raises(InputError, match=r"good\.jsonl, line 2: no text in the field 'hypothesis'; found target"):
        MtMetricsEval(plant(tmp_path, lines))


def test_without_a_documents_file_segments_are_clusters_and_a_note_says_so(tmp_path: Path) -> None:
    data = read_judgments(MtMetricsEval(plant(tmp_path, {"documents/en-sv.docs": None})))
    assert len({example.cluster for example in data.examples}) == 3
    assert any("intervals are too narrow" in note for note in data.notes)


def test_without_references_there_are_none(tmp_path: Path) -> None:
    changes: dict[str, str | None] = {"references/en-sv.refA.txt": None, "system-outputs/en-sv/refA.txt": None}
    changes["metric-scores/en-sv/QE-src.seg.score"] = None
    data = read_judgments(MtMetricsEval(plant(tmp_path, changes)))
    assert {example.references for example in data.examples} == {()}


@pytest.mark.parametrize(("lp", "tag"), [("en-sv_SE", "sv-SE"), ("en-sr_Cyrl_RS", "sr-Cyrl-RS")])
def test_the_language_is_that_of_the_translations(lp: str, tag: str, tmp_path: Path) -> None:
    for name, content in FILES.items():
        path = tmp_path / "wmt99" / name.replace("en-sv", lp)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    assert {example.language for example in read_judgments(MtMetricsEval(tmp_path)).examples} == {tag}


def test_where_there_are_several_one_is_asked_for(tmp_path: Path) -> None:
    tree = plant(tmp_path, {"sources/en-da.txt": "one\n", "references/en-sv.refB.txt": "1\n2\n3\n"})
    plant(tmp_path, testset="wmt98")
    with pytest.raises(InputError, match=r"several test sets: wmt98, wmt99; choose with testset=NAME"):
        MtMetricsEval(tree)
    with pytest.raises(InputError, match=r"several language pairs: en-da, en-sv; choose with lp=NAME"):
        MtMetricsEval(tree, testset="wmt99")
    with pytest.raises(InputError, match=r"several references: refA, refB; choose with reference=NAME"):
        MtMetricsEval(tree, testset="wmt99", lp="en-sv")
    with pytest.raises(InputError, match=r"no human scores of segments 'mgm'.*Did you mean 'mqm'"):
        MtMetricsEval(tree, testset="wmt99", lp="en-sv", score="mgm")
    with pytest.raises(InputError, match=r"no language pair 'en-no'"):
        MtMetricsEval(tree, testset="wmt99", lp="en-no")
    with pytest.raises(InputError, match=r"no recorded metric 'BLEU'.*Did you mean 'BLEU-refA'"):
        MtMetricsEval(tree, testset="wmt99", lp="en-sv", reference="refA", recorded="BLEU")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"system-outputs/en-sv/good.txt": "ett\n"}, r"good\.txt: 1 segments, the source has 3"),
        ({"references/en-sv.refA.txt": "1\n2\n3\n4\n"}, r"refA\.txt: 4 segments, the source has 3"),
        ({"documents/en-sv.docs": "news doc1\n"}, r"en-sv\.docs: 1 segments, the source has 3"),
        ({"documents/en-sv.docs": "doc1\n" * 3}, r"en-sv\.docs, line 1: expected `domain document`, got 'doc1'"),
        ({"human-scores/en-sv.mqm.seg.score": "good 1\n"}, r"mqm\.seg\.score: 1 scores of good, the source has 3 segments"),
        ({"human-scores/en-sv.mqm.seg.score": "god 1\n" * 3}, r"scores of 'god', which has no file.*Did you mean 'good'"),
        ({"human-scores/en-sv.mqm.seg.score": "news good 1\n"}, r"line 1: expected `system score`, got 'news good 1'"),
        ({"human-scores/en-sv.mqm.seg.score": None}, "has no human scores of segments"),
        ({name: None for name in FILES if "outputs" in name}, "there are no system outputs"),
        ({"sources/en-sv.txt": None}, "there is no test set in it|there is no language pair in it"),
    ],
)
def test_a_damaged_tree_is_named_file_by_file(changes: dict[str, str | None], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        MtMetricsEval(plant(tmp_path, changes))


def test_what_is_no_tree_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        MtMetricsEval(tmp_path / "absent")
    with pytest.raises(InputError, match="is it mt-metrics-eval's data"):
        MtMetricsEval(tmp_path)
    with pytest.raises(ValueError, match="level is seg: scores of a whole 'doc' belong to no single text"):
        MtMetricsEval(plant(tmp_path), level="doc")


lines = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12).filter(
    lambda text: text.strip() != "[No translation supplied]" and not text.startswith("\ufeff")
)
numbers = st.one_of(st.none(), st.floats(-25, 100, allow_nan=False))


@settings(max_examples=40)
@given(st.lists(st.tuples(lines, lines, lines, numbers), min_size=1, max_size=6))
def test_what_is_written_is_read_whatever_the_characters(rows: list[tuple[str, str, str, float | None]]) -> None:
    sources, references, texts, scores = zip(*rows, strict=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = plant(
            Path(folder),
            {name: None for name in FILES}
            | {
                "sources/en-sv.txt": "".join(f"{line}\n" for line in sources),
                "references/en-sv.r.txt": "".join(f"{line}\n" for line in references),
                "system-outputs/en-sv/s.txt": "".join(f"{line}\n" for line in texts),
                "human-scores/en-sv.mqm.seg.score": "".join(f"s {score!r}\n" for score in scores),
            },
        )
        data = read_judgments(MtMetricsEval(tree))
    assert tuple(example.source for example in data.examples) == sources
    assert tuple(example.references for example in data.examples) == tuple((line,) for line in references)
    assert tuple(output.text for output in data.outputs) == texts
    assert tuple(judgment.value for judgment in data.judgments) == scores


def test_the_reference_on_the_command_line_names_the_folder_first(tmp_path: Path) -> None:
    plugins = load_plugins()
    ref = plugins.parse("judgment source", f"mt-metrics-eval:{plant(tmp_path)},testset=wmt99,lp=en-sv,level=seg,score=mqm")
    assert plugins.build("judgment source", ref).info.name == "mt-metrics-eval:wmt99.en-sv"


def test_real_wmt23_files_laid_out_as_a_tree_give_the_numbers_of_wmt_da(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same texts and scores by two readers, and the number of pairs that people scored."""
    real = shared_data / DATA.folder / ROOT
    tree = tmp_path / "wmt23"
    for target, source in {
        "sources/en-de.txt": "en-de_source.txt",
        "references/en-de.refA.txt": "en-de_ref.txt",
        "human-scores/en-de.da-sqm.seg.score": "en-de_score.txt",
        **{f"system-outputs/en-de/{system}.txt": f"en-de/{system}.txt" for system in (*SYSTEMS, "refA")},
    }.items():
        (tree / target).parent.mkdir(parents=True, exist_ok=True)
        (tree / target).write_bytes((real / source).read_bytes())
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    one, other = read_judgments(WmtDa()), read_judgments(MtMetricsEval(tmp_path))
    assert [(e.source, e.references, e.language) for e in one.examples] == [
        (e.source, e.references, e.language) for e in other.examples
    ]
    assert one.systems == other.systems
    values = [
        {(j.output_id.rsplit("/", 2)[1][-3:], j.output_id.rsplit("/", 1)[1]): j.value for j in data.judgments}
        for data in (one, other)
    ]
    assert values[0] == values[1]
    rated = Counter(j.output_id.rsplit("/", 1)[0] for j in other.judgments if j.value is not None)
    assert sum(n * (n - 1) // 2 for n in rated.values()) == 36_234


def test_records_of_an_example_come_in_order(tmp_path: Path) -> None:
    kinds = [type(record) for record in MtMetricsEval(plant(tmp_path)).read()]
    assert kinds[0] is Example
    assert kinds.count(Example) == 3
