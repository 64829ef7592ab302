"""Every kind of record keeps its content through one line of JSON, and bad lines are refused by the field's name."""

import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import (
    ChoiceLoglik,
    Example,
    Judgment,
    JudgmentInfo,
    Manifest,
    MediaPart,
    Message,
    MetaRow,
    Origin,
    Output,
    Preference,
    Scale,
    Score,
    Span,
    TextPart,
    digest,
    from_json,
    to_json,
)


def say(role, *texts):
    return Message(role=role, parts=tuple(TextPart(text=text) for text in texts))


INSTRUCTION = Example.from_instruction(
    "mat/1",
    "Vad kostar en semla?",
    ["Trettio kronor.", "30 kr"],
    language="sv",
    task="qa",
    form="short",
    parallel_id="mat-1",
    origin=Origin(builder="hand", dataset="mat", licence="CC0-1.0"),
    meta={"år": 2024, "taggar": ["mat", "pris"]},
)
CHAT = Example(
    id="chatt/1",
    kind="chat",
    language="sv",
    messages=(
        say("system", "Svara kort."),
        say("user", "Hej! Vem skrev Röda rummet?"),
        say("assistant", "August Strindberg."),
        say("user", "När kom den ut?"),
        say("assistant", "1879."),
    ),
    references=("1879",),
)
CHOICE = Example(
    id="val/1",
    kind="choice",
    language="sv-FI",
    messages=(say("user", "Vilken stad är Finlands huvudstad?"),),
    choices=("Åbo", "Helsingfors", "Tammerfors"),
    references=("Helsingfors",),
)
DOCUMENT = Example(
    id="korpus/17",
    kind="document",
    language="sv",
    messages=(
        say("document", "Älgen är det största hjortdjuret.", "Den lever i skogar."),
        say("neighbour", "Hjortdjur är en familj av partåiga hovdjur."),
        say("neighbour", "Älgtjuren fäller hornen varje vinter."),
    ),
    cluster_id="korpus/17",
)
ALIGNED = Example(
    id="film/1",
    kind="aligned",
    language="sv",
    messages=(
        Message(
            role="user",
            parts=(
                TextPart(text="En röd boll rullar åt höger."),
                MediaPart(media="video", uri="film.mp4", sha256="ab" * 32, start=1.5, end=4.0),
            ),
        ),
    ),
)
EVERY_KIND = {
    "an instruction": INSTRUCTION,
    "a chat with two turns": CHAT,
    "a choice": CHOICE,
    "a document with neighbours": DOCUMENT,
    "a text with a video part": ALIGNED,
    "log-likelihoods of choices": Output(
        id="val/1/m",
        example_id="val/1",
        system="m",
        loglik=tuple(ChoiceLoglik(sum=value, tokens=n, characters=n) for value, n in ((-3.25, 3), (-0.5, 11), (-4.0, 10))),
        finish="stop",
    ),
    "a cut-off answer": Output(
        id="a", example_id="mat/1", system="m", text="Tre\nti…", finish="length", tokens_in=9, tokens_out=4
    ),
    "a missing score": Score(targets=("a",), metric="m|v:1", component="f1", status="no-reference", detail="no reference"),
    "a pair's score": Score(targets=("a", "b"), metric="judge|v:1", value=0.5),
    "a span judgment": Judgment(output_id="a", rater="r", criterion="error", value="spelling", span=Span(start=0, end=3)),
    "a rating on a reversed scale": Judgment(
        output_id="a", rater="r", criterion="effort", value=1, scale=Scale(low=1, high=5, direction="down")
    ),
    "a rating that was asked for and not given": Judgment(
        output_id="a", rater="r", criterion="fluency", value=None, note="skipped"
    ),
    "a preference": Preference(output_a="a", output_b="b", rater="r", criterion="overall", winner="b", shown_first="b"),
    "a source's word on itself": JudgmentInfo(name="s", version="1", criteria=("c",), system_sets={"machine": ("m", "n")}),
    "a meta-evaluation row": MetaRow(
        judgments="s@0123", metric="chrf|v:1", criterion="c", statistic="accuracy", value=0.5, low=0.4, high=0.6, n_items=9
    ),
    "a manifest": Manifest(command=("harness", "run"), status="running", config={"name": "x"}, cost={"usd": 0.25}),
}


@pytest.mark.parametrize("record", EVERY_KIND.values(), ids=EVERY_KIND.keys())
def test_every_kind_of_record_survives_one_line_of_json(record):
    line = to_json(record)
    assert b"\n" not in line
    assert from_json(line, type(record)) == record
    assert to_json(from_json(line, type(record))) == line


def test_a_text_is_stored_as_utf8_and_not_as_escapes():
    assert "Trettio kronor." in to_json(INSTRUCTION).decode()
    assert json.loads(to_json(INSTRUCTION))["meta"] == {"år": 2024, "taggar": ["mat", "pris"]}
    assert "år".encode() in to_json(INSTRUCTION)


def test_three_samples_of_one_system_are_three_outputs():
    samples = [Output(id=f"mat/1/m/{n}", example_id="mat/1", system="m", sample=n, text=f"svar {n}") for n in range(3)]
    lines = [to_json(sample) for sample in samples]
    assert [from_json(line, Output).sample for line in lines] == [0, 1, 2]
    assert len(set(lines)) == 3


def test_the_instruction_of_a_chat_is_its_last_user_message():
    assert CHAT.instruction == "När kom den ut?"
    assert INSTRUCTION.instruction == "Vad kostar en semla?"
    assert DOCUMENT.instruction is None


def test_a_message_reads_as_its_text_parts_and_leaves_media_out():
    assert DOCUMENT.messages[0].text == "Älgen är det största hjortdjuret.\nDen lever i skogar."
    assert ALIGNED.messages[0].text == "En röd boll rullar åt höger."


def test_an_example_without_a_cluster_is_resampled_alone():
    assert INSTRUCTION.cluster == "mat/1"
    assert Example(id="a/1", kind="document", language="sv", cluster_id="a").cluster == "a"


@pytest.mark.parametrize(
    ("line", "record", "complaint"),
    [
        ('{"id":"a","kind":"poem","language":"sv"}', Example, r"kind"),
        ('{"id":"a","kind":"chat"}', Example, r"language"),
        ('{"id":"a","kind":"chat","language":"sv","langauge":"sv"}', Example, r"langauge"),
        ('{"id":"a","example_id":"e","system":"s","sample":"1"}', Output, r"sample"),
        ('{"id":"a","example_id":"e","system":"s","text":"x","loglik":[]}', Output, r"text or loglik"),
        ('{"targets":["a"],"metric":"m","status":"fine"}', Score, r"status"),
        ('{"low":5,"high":1}', Scale, r"low 5 must be less than high 1"),
        ('{"start":4,"end":2}', Span, r"start <= end"),
        ('{"output_a":"a","output_b":"a","rater":"r","criterion":"c","winner":"a"}', Preference, r"compared with itself"),
        ('{"output_a":"a","output_b":"b","rater":"r","criterion":"c","winner":"c"}', Preference, r"winner"),
        ('{"role":"narrator","parts":[]}', Message, r"role"),
        ('{"type":"media","media":"smell","uri":"x"}', MediaPart, r"media"),
    ],
)
def test_a_wrong_line_is_refused_by_the_field_that_is_wrong(line, record, complaint):
    with pytest.raises(msgspec.ValidationError, match=complaint):
        from_json(line, record)


def test_a_record_cannot_be_changed():
    with pytest.raises(AttributeError):
        INSTRUCTION.id = "other"  # type: ignore[misc]


def test_the_digest_depends_on_content_and_order():
    a, b = EVERY_KIND["a preference"], EVERY_KIND["a span judgment"]
    assert digest([a, b]) == digest([from_json(to_json(a), Preference), b])
    assert digest([a, b]) != digest([b, a])
    # sha256 of nothing, by any other tool
    assert digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


texts = st.text(max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 10**6)
maybe = st.none
parts = st.one_of(
    st.builds(TextPart, text=texts),
    st.builds(
        MediaPart, media=st.sampled_from(["image", "audio", "video"]), uri=texts, sha256=maybe() | texts, start=maybe() | numbers
    ),
)
messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool", "document", "neighbour"]),
    parts=st.lists(parts, max_size=3).map(tuple),
)
tuples_of_text = st.lists(texts, max_size=3).map(tuple)
json_values = st.recursive(
    maybe() | st.booleans() | st.integers(-(2**53), 2**53) | texts, lambda v: st.lists(v, max_size=3), max_leaves=5
)
examples = st.builds(
    Example,
    id=texts,
    kind=st.sampled_from(["instruction", "chat", "choice", "document", "aligned"]),
    language=texts,
    task=maybe() | texts,
    form=st.sampled_from([None, "short", "long"]),
    messages=st.lists(messages, max_size=3).map(tuple),
    choices=tuples_of_text,
    references=tuples_of_text,
    source=maybe() | texts,
    cluster_id=maybe() | texts,
    parallel_id=maybe() | texts,
    split=maybe() | texts,
    origin=maybe() | st.builds(Origin, builder=maybe() | texts, dataset=maybe() | texts, licence=maybe() | texts),
    meta=st.dictionaries(texts, json_values, max_size=3),
)
logliks = st.lists(st.builds(ChoiceLoglik, sum=numbers, tokens=counts, characters=counts), max_size=3).map(tuple)
outputs = st.one_of(
    st.builds(Output, id=texts, example_id=texts, system=texts, sample=counts, text=maybe() | texts),
    st.builds(Output, id=texts, example_id=texts, system=texts, sample=counts, loglik=maybe() | logliks),
)
scales = st.builds(
    lambda low, width, direction: Scale(low=low, high=low + width, direction=direction),
    st.integers(-100, 100),
    st.integers(1, 100),
    st.sampled_from(["up", "down"]),
)
spans = st.builds(lambda start, length: Span(start=start, end=start + length), counts, counts)
judgments = st.builds(
    Judgment,
    output_id=texts,
    rater=texts,
    criterion=texts,
    value=maybe() | numbers | texts,
    scale=maybe() | scales,
    span=maybe() | spans,
)
preferences = st.builds(
    lambda a, rest, **fields: Preference(output_a=a, output_b=a + rest, **fields),
    texts,
    st.text(min_size=1, max_size=5),
    rater=texts,
    criterion=texts,
    winner=st.sampled_from(["a", "b", "tie", None]),
    shown_first=st.sampled_from(["a", "b", None]),
)
scores = st.builds(
    Score, targets=tuples_of_text, metric=texts, component=maybe() | texts, value=maybe() | numbers, detail=maybe() | texts
)
rows = st.builds(
    MetaRow,
    judgments=texts,
    metric=maybe() | texts,
    statistic=texts,
    value=maybe() | numbers,
    low=maybe() | numbers,
    n_pairs=counts,
)


@given(st.one_of(examples, outputs, judgments, preferences, scores, rows))
def test_any_record_is_equal_after_a_round_trip_and_its_line_is_valid_json(record):
    line = to_json(record)
    assert from_json(line, type(record)) == record
    assert set(json.loads(line)) >= {name for name in type(record).__struct_fields__ if name == "id"}
    assert b"\n" not in line


@given(scores.filter(lambda score: score.value is not None))
def test_a_score_keeps_every_bit_of_its_value(score):
    value = from_json(to_json(score), Score).value
    assert value == score.value
    assert math.copysign(1, value) == math.copysign(1, score.value)
