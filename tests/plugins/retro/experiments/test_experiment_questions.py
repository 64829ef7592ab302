"""Short questions about real documents: which are asked, when an answer is right, and what a model that reads is asked with."""

import json
import re

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from click.testing import CliRunner  # noqa: E402
from harness_plugins.retro.database.tokenizers import trained_tokenizer  # noqa: E402
from harness_plugins.retro.database.writing import text_digest  # noqa: E402
from harness_plugins.retro.experiments.checking import checked_experiment  # noqa: E402
from harness_plugins.retro.experiments.material import material_of  # noqa: E402
from harness_plugins.retro.experiments.question_files import asked_and_shots, read_questions  # noqa: E402
from harness_plugins.retro.experiments.questions import LONGEST, SHOTS, exact_match, is_right, summary  # noqa: E402
from harness_plugins.retro.shapes import from_scratch  # noqa: E402

from harness.cli.main import harness  # noqa: E402
from harness.config import find_config  # noqa: E402
from harness.errors import ConfigError, InputError  # noqa: E402

TEXTS = [f"Nummer {number} bor i stad {number} och har en katt. Katten heter Misse {number}." for number in range(12)]
LONG = "ett svar som är så långt att det aldrig får plats bland de få tecken som ett kort svar högst får ha"


def rows():
    asked = [
        {"question": f"Vad heter katten hos {number}?", "answer": f"Misse {number}", "document": text}
        for number, text in enumerate(TEXTS)
    ]
    return [*asked, {"question": "Varför?", "answer": LONG, "document": TEXTS[0]}, {"question": "Vem?", "answer": "ingen"}]


def written(folder, lines):
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def words():
    return trained_tokenizer([*TEXTS, LONG], 300)


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (" ditt pass. Fråga: Vad?", True),
        ("Ditt Pass", True),
        ("ditt pass.", True),
        ("ditt pass. ", True),
        ("ditt pass.5", False),
        ("ditt pass.se är en sida", False),
        ("ditt pass\nFråga", True),
        ("ditt passfoto.", False),
        ("ditt pass och visum.", False),
        ("ditt\xa0 pass\r\nFråga", True),
        ("pass.", False),
        ("", False),
    ],
)
def test_an_answer_is_right_up_to_its_end(said, right):
    assert is_right(said, "ditt pass") is right


def test_those_about_documents_of_the_database_are_asked_behind_others(tmp_path):
    name, known = written(tmp_path, rows()), {text_digest(text) for text in TEXTS[:4]}
    asked, shots = asked_and_shots(name, known, words(), 100, 0)
    assert sorted(answer for _, answer in asked) == ["Misse 0", "Misse 1", "Misse 2", "Misse 3", "ingen"]  # and none that is long
    assert len(shots) == SHOTS
    assert not {*asked} & {*shots}
    assert all(int(answer.split()[1]) >= 4 for _, answer in shots)
    assert asked_and_shots(name, known, words(), 2, 0)[0] == asked[:2]
    with pytest.raises(InputError, match="of 14 questions 13 have an answer of at most 16 tokens, 1 of them about a document"):
        asked_and_shots(name, set(), words(), 0, 0)


def test_a_question_that_is_asked_is_never_its_own_example(tmp_path):
    twice = [{**row, "document": TEXTS[11]} for row in rows()[:4]]  # the same about a document that is not in the database
    asked, shots = asked_and_shots(written(tmp_path, rows() + twice), {text_digest(text) for text in TEXTS[:4]}, words(), 100, 0)
    assert len(asked) == 5
    assert not {question for question, _ in asked} & {question for question, _ in shots}


def test_texts_hold_any_character_and_a_file_may_begin_with_a_mark(tmp_path):
    row = {"question": "Vad\u2028är\u0085det?", "answer": "ett\x1cbord", "document": "x\u2029y"}
    path = tmp_path / "q.jsonl"
    path.write_text("\ufeff" + json.dumps(row, ensure_ascii=False) + "\r\n", encoding="utf-8")
    assert read_questions(str(path)) == [(row["question"], row["answer"], text_digest("x\u2029y"))]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"question": " ", "answer": "x"}', "question is blank"),
        ('{"question": "x", "answer": ""}', "answer is blank"),
        ('{"question": "x", "answer": "y", "dokument": "z"}', "unknown key 'dokument'. Did you mean 'document'?"),
        ("[" * 100_000, "RecursionError"),
    ],
)
def test_a_line_that_cannot_be_meant_is_told(tmp_path, line, said):
    (tmp_path / "q.jsonl").write_text('{"question": "x", "answer": "y"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="q.jsonl, line 2: .*" + re.escape(said)):
        read_questions(str(tmp_path / "q.jsonl"))


def test_a_file_of_questions_that_cannot_be_read_is_named_with_its_line(tmp_path):
    with pytest.raises(InputError, match=r"questions.jsonl, line 2: expected .*question"):
        read_questions(written(tmp_path, [rows()[0], {"q": 1}]))
    with pytest.raises(InputError, match=r"nowhere.jsonl: questions cannot be read"):
        read_questions("nowhere.jsonl")
    (tmp_path / "s.json").write_text('{"data": [{"context": "x"}]}')
    with pytest.raises(InputError, match="expected SweQUAD's JSON"):
        read_questions(str(tmp_path / "s.json"))


def experiment_of(folder):
    lines = "".join(json.dumps({"id": f"t{number}", "body": text}) + "\n" for number, text in enumerate(TEXTS))
    (folder / "texts.jsonl").write_text(lines, encoding="utf-8")
    written(folder, rows())
    (folder / "e.yaml").write_text(
        "kind: retrievers\nseeds: [1]\n"
        "text: {sources: [{path: texts.jsonl, field: body, id_field: id, licence: CC0}], questions: questions.jsonl, "
        "held_out: 0.4, tokens: 300, chunk: 4, length: 16}\n"
        "training: {neighbours: 1, steps: 1, preset: tiny}\n"
        "measure: {questions: 3, retrievers: {bm25: {retriever: bm25}}}\n",
        encoding="utf-8",
    )
    return checked_experiment(folder / "e.yaml")


class Knowing:
    """A model that finds the answer in the neighbours that it is given, and says it; without them it says nothing."""

    device = torch.device("cpu")

    def __init__(self, model, tokenizer):
        self.generation_config, self.retriever, self._tokenizer = model.generation_config, None, tokenizer
        self.prompts = []

    def eval(self):
        return self

    def generate(self, ids, *, max_new_tokens, do_sample, pad_token_id):
        assert (max_new_tokens, do_sample) == (LONGEST, False)
        said = []
        near = None if self.retriever is None else self.retriever(ids.unflatten(1, (-1, 4)))
        for row, prompt in enumerate(ids.tolist()):
            self.prompts.append(self._tokenizer.decode(prompt))
            number = self.prompts[-1].rpartition("hos ")[2].partition("?")[0]
            read = [] if near is None else [self._tokenizer.decode(one.tolist()) for one in near[0][row].flatten(0, 1)]
            known = any(f"Misse {number}" in one or f"se {number}" in one for one in read)
            tokens = [*self._tokenizer.encode([f" Misse {number}." if known else " Nej."])[0], self._tokenizer.end]
            said.append((prompt + tokens + [pad_token_id] * LONGEST)[: len(prompt) + LONGEST])
        return torch.tensor(said)


def test_prompts_end_with_a_chunk_and_neighbours_are_read_on_and_not_off(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    experiment = experiment_of(tmp_path)
    material = material_of(experiment, tmp_path / "out")
    asked = material.facts.questions
    assert len(asked) == 3
    assert len(material.facts.shots) == SHOTS
    model = from_scratch(material.train, "tiny", {}, {}, neighbours=1, seed=1)
    knowing = Knowing(model, material.train.tokenizer)
    on, off = exact_match(experiment, material, knowing, asked)
    assert off == 0
    assert on > 0
    assert all(prompt.endswith("Svar:") for prompt in knowing.prompts)
    assert exact_match(experiment, material, model, asked) == exact_match(experiment, material, model, asked)
    assert model.retriever is None


def test_the_summary_has_an_interval_of_a_share():
    from harness_plugins.retro.experiments.questions import Answered

    found = summary([Answered("q", "a", "a", right, False) for right in (True, False, False, False)], 0.95)
    assert (found.asked, found.right, found.share) == (4, 1, 0.25)
    assert 0 < found.low < 0.25 < found.high < 0.8


def test_a_trained_model_is_asked_from_the_shell(tmp_path, monkeypatch):
    from harness_plugins.retro.database.reading import Database
    from harness_plugins.retro.database.writing import extend
    from harness_plugins.retro.retrieval import save_retrieval

    monkeypatch.chdir(tmp_path)
    extend(tmp_path / "db", [(f"t{n}", text, "sv") for n, text in enumerate(TEXTS[:5])], words(), chunk=4)
    database = Database(tmp_path / "db")
    model = from_scratch(database, "tiny", {}, {}, neighbours=1, seed=1)
    model.save_pretrained(tmp_path / "model")
    database.tokenizer.save(tmp_path / "model")
    save_retrieval(tmp_path / "model", database, "bm25", {}, 1)
    name = written(tmp_path, rows())
    plan = CliRunner().invoke(harness, ["retro", "questions", "model", name, "--dry-run"])
    assert (plan.exit_code, "6 questions of" in plan.output) == (0, True), plan.output
    done = CliRunner().invoke(harness, ["retro", "questions", "model", name, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [found["ways"][way]["asked"] for way in ("ON", "OFF")] == [6, 6]
    assert found["answer_in_neighbours"] > 0
    shown = CliRunner().invoke(harness, ["retro", "questions", "model", name, "--show", "1", "--number", "1"])
    assert (shown.exit_code, "OFF:" in shown.output) == (0, True)


def test_the_shipped_experiment_asks_about_real_contexts(shared_data, monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    if not (shared_data / "swequad-mc").is_dir():
        pytest.skip("needs swequad-mc in the data home")
    experiment = checked_experiment(find_config("retro/questions-real"))
    assert experiment.measure.questions == 200
    questions = read_questions("swequad-mc")
    assert len(questions) > 900
    assert ("Vad ska du ta med när du hämtar ditt beslut?", "ditt pass") in [(one.question, one.answer) for one in questions]


def test_questions_that_are_not_there_are_named_by_the_dry_run(tmp_path):
    (tmp_path / "e.yaml").write_text(
        "kind: overlap\ntext:\n  sources: [swequad-mc]\n  questions: nowhere.jsonl\nmeasure: {questions: 5}\n", encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"line 4, text.questions: nowhere.jsonl: questions cannot be read"):
        checked_experiment(tmp_path / "e.yaml")
