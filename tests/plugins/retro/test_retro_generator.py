"""The generator `retro`: what it writes is what the model gives for the whole text with its neighbours, whoever asks it how."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.retro.generator import RetroGenerator  # noqa: E402
from harness_plugins.retro.live import load_retro  # noqa: E402
from harness_plugins.retro.retrieval import open_retrieval  # noqa: E402
from tiny_models import tiny_llama  # noqa: E402
from tiny_retro import CHUNK, save_tiny, text, texts, tiny_corpus, tiny_retro  # noqa: E402

from harness.errors import HarnessError, InputError, PluginError  # noqa: E402
from harness.records import Example, Message, TextPart  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return tiny_corpus(tmp_path_factory.mktemp("retro") / "db")


@pytest.fixture(scope="module")
def folder(corpus, tmp_path_factory):
    return save_tiny(tiny_retro(corpus), corpus, tmp_path_factory.mktemp("checkpoint") / "model")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def made(folder, **params):
    return RetroGenerator(str(folder), device="cpu", **{"max_new_tokens": 20, **params})


def document(id, words):
    return Example(id=id, kind="document", language="sv", messages=(Message(role="document", parts=(TextPart(text=words),)),))


def asked(words, **fields):
    return Example.from_instruction(f"q/{words}", words, language="sv", **fields)


def said(corpus, tokens):
    """The tokens' text without special tokens and without blanks around it."""
    return corpus.tokenizer.inner.decode(tokens, skip_special_tokens=True).strip()


def logits(model, retrieval, tokens, own=-1):
    """Logits of a whole text in one pass, with the neighbours of its finished chunks."""
    finished = len(tokens) // CHUNK
    chunks = np.array(tokens[: finished * CHUNK], np.int32).reshape(finished, CHUNK)
    numbers = retrieval.numbers(chunks, own=own)
    near, mask = retrieval.database.with_continuation(numbers)
    with torch.no_grad():
        out = model(
            torch.tensor([tokens]), neighbour_ids=torch.tensor(near).long()[None], neighbour_mask=torch.tensor(mask)[None]
        )
    return out.logits[0], numbers


def greedy(model, retrieval, prompt, count, own=-1):
    tokens, numbers = list(prompt), None
    for _ in range(count):
        found, numbers = logits(model, retrieval, tokens, own)
        tokens.append(int(found[-1].argmax()))
    return tokens[len(prompt) :], numbers


@pytest.mark.parametrize("length", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 3])
def test_an_answer_is_that_of_a_whole_pass_after_each_token(folder, corpus, length):
    retrieval = open_retrieval(folder)
    generator = made(folder, prompt_tokens=length)
    [output] = generator.generate([document("x/1", text(77, 20))])
    prompt = corpus.tokenizer.encode([text(77, 20)])[0][:length]
    expected, numbers = greedy(generator._open.loaded.model, retrieval, prompt, 20)
    assert output.text == said(corpus, expected)
    assert output.tokens_in == length
    assert output.meta["neighbours"] == [[number for number in row if number >= 0] for row in numbers.tolist()]
    assert len(output.meta["neighbours"]) == (length + 19) // CHUNK


def test_every_row_is_answered_as_it_is_alone(folder):
    examples = [asked(text(seed, words)) for seed, words in ((1, 4), (2, 4), (3, 9), (4, 30), (5, 4))]
    together = list(made(folder).generate(examples))
    alone = [next(made(folder).generate([example])) for example in examples]
    assert [(one.text, one.meta) for one in together] == [(one.text, one.meta) for one in alone]


def test_no_neighbour_is_of_the_document_that_is_gone_on_from(folder, corpus):
    id, words, _ = texts()[9]
    own = corpus.number_of[id]
    for example in (document(id, words), document("another/id", words)):
        [output] = made(folder, prompt_tokens=40).generate([example])
        found = np.array([number for row in output.meta["neighbours"] for number in row])
        assert len(found)
        assert own not in corpus.document_of(found)
    [output] = made(folder, prompt_tokens=40).generate([asked(words)])
    plain = made(folder, prompt_tokens=40)._asked(asked(words))
    assert len(plain.prompt) > 40  # only documents are cut


def test_off_is_the_same_checkpoint_without_neighbours(folder, corpus):
    example = asked(text(5, 12))
    [off] = made(folder, retrieval="off").generate([example])
    [on] = made(folder).generate([example])
    assert off.text != on.text
    assert "neighbours" not in off.meta
    model = load_retro(made(folder)._model, "cpu", "float32")
    tokens = corpus.tokenizer.encode([example.instruction])[0]
    prompt = len(tokens)
    for _ in range(20):
        tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))
    assert off.text == said(corpus, tokens[prompt:])


def test_beams_are_those_of_transformers_with_the_same_retrieval(folder, corpus):
    example = asked(text(6, 12))
    [output] = made(folder, beams=3).generate([example])
    model = load_retro(made(folder)._model, "cpu", "float32")
    model.retriever = open_retrieval(folder).for_model()
    ids = torch.tensor(corpus.tokenizer.encode([example.instruction]))
    out = model.generate(
        ids, attention_mask=torch.ones_like(ids), num_beams=3, do_sample=False, max_new_tokens=20, use_cache=False, pad_token_id=0
    )
    assert output.text == said(corpus, out[0, ids.shape[1] :].tolist())


@pytest.mark.slow
def test_samples_come_again_with_the_same_seed_whatever_is_beside_them(folder):
    examples = [asked(text(seed, 4)) for seed in (1, 2)]
    first = [o.text for o in made(folder, temperature=1.0, samples=3).generate(examples)]
    again = [o.text for o in made(folder, temperature=1.0, samples=3, rows=1).generate(examples)]
    assert first == again
    assert len(set(first)) > 2


@pytest.mark.parametrize("words", [1, 3, 12])
def test_choices_get_the_log_likelihoods_of_a_whole_pass(folder, corpus, words):
    choices = ("katten", "hunden och boken och vägen", "nej")
    example = asked(text(8, words), kind="choice", choices=choices)
    [output] = made(folder).generate([example])
    retrieval, generator = open_retrieval(folder), made(folder)
    model = generator._open.loaded.model
    prompt = corpus.tokenizer.encode([example.instruction])[0]
    for choice, found in zip(choices, output.loglik, strict=True):
        tokens = corpus.tokenizer.encode([f" {choice}"])[0]
        logs = logits(model, retrieval, prompt + tokens)[0].log_softmax(-1)
        expected = sum(float(logs[len(prompt) + place - 1, token]) for place, token in enumerate(tokens))
        assert found.sum == pytest.approx(expected, abs=1e-4)
        assert found.tokens == len(tokens)


def test_a_row_without_neighbours_leaves_the_others_theirs(folder, corpus, monkeypatch):
    examples = [asked(text(seed, 9)) for seed in (11, 12, 13)]
    prompts = [corpus.tokenizer.encode([example.instruction])[0] for example in examples]
    length = min(map(len, prompts))
    generator = made(folder)
    live = generator._open.loaded
    ids = torch.tensor([prompt[:length] for prompt in prompts])
    before = live(ids).logits
    numbers = live.numbers
    hidden = tuple(prompts[1][:CHUNK])
    monkeypatch.setattr(
        live,
        "numbers",
        lambda chunks, own: [
            (-1, -1) if tuple(chunk) == hidden else row for chunk, row in zip(chunks, numbers(chunks, own), strict=True)
        ],
    )
    after = live(ids).logits
    assert torch.equal(after[[0, 2]], before[[0, 2]])
    assert not torch.equal(after[1], before[1])


def test_what_is_empty_or_too_long_is_an_error_that_says_so(folder):
    [empty, long, fine] = made(folder, max_new_tokens=30).generate(
        [document("e/1", ""), document("e/2", text(3, 40)), document("e/3", text(3, 4))]
    )
    assert (empty.finish, empty.meta["status"]) == ("error", "empty")
    assert (long.finish, long.meta["status"]) == ("error", "too-long")
    assert "reads 64" in long.meta["detail"]
    assert fine.finish == "length"


def test_a_retriever_that_fails_stops_the_run_and_is_not_off(folder, monkeypatch):
    generator = made(folder)
    monkeypatch.setattr(generator._retrieval.retriever, "search", lambda *_: 1 / 0)
    with pytest.raises(PluginError, match=r"ZeroDivisionError.*finished answers are kept"):
        list(generator.generate([asked(text(1, 9))]))


def test_its_signature_says_which_retrieval(folder, corpus):
    assert f"retrieval:database:{corpus.digest[:12]}|retriever:bm25|" in made(folder).signature
    assert "retrieval:off" in made(folder, retrieval=False).signature
    assert made(folder).signature != made(folder, neighbours=1).signature


def test_what_cannot_be_used_is_refused(folder, corpus, tmp_path):
    with pytest.raises(ValueError, match="on or off"):
        made(folder, retrieval="maybe")
    with pytest.raises(ValueError, match="leave out retriever"):
        made(folder, retrieval="off", retriever="bm25")
    with pytest.raises(InputError, match=r"retrieval\.json is absent"):
        made(tiny_llama(tmp_path / "plain"))
    with pytest.raises(PluginError, match="reads no neighbours"):
        list(made(tmp_path / "plain", retrieval="off", style="plain").generate([asked("hej")]))
    told = json.loads((folder / "retrieval.json").read_text())
    moved = save_tiny(tiny_retro(corpus), corpus, tmp_path / "moved")
    (moved / "retrieval.json").write_text(json.dumps({**told, "database": "nowhere"}))
    with pytest.raises(HarnessError, match="not there"):
        made(moved)
    assert made(moved, database=str(corpus.folder)).signature


@pytest.mark.slow
def test_lm_eval_is_told_what_a_whole_pass_says(folder, corpus):
    instance = pytest.importorskip("lm_eval.api.instance", reason="needs metaeval-harness[leaderboard]").Instance
    generator = made(folder)
    model, retrieval = generator._open.loaded.model, open_retrieval(folder)
    lm = generator.lm_eval_model()
    context, more = text(21, 6), " katten och hunden"
    asked = [instance("loglikelihood", {}, (context, more), 0), instance("loglikelihood", {}, (context, " solen"), 1)]
    prompt = corpus.tokenizer.encode([context])[0]
    for request, (value, _) in zip(asked, lm.loglikelihood(asked), strict=True):
        tokens = corpus.tokenizer.encode([request.args[1]])[0]
        logs = logits(model, retrieval, prompt + tokens)[0].log_softmax(-1)
        expected = sum(float(logs[len(prompt) + place - 1, token]) for place, token in enumerate(tokens))
        assert value == pytest.approx(expected, abs=1e-4)
    [answer] = lm.generate_until([instance("generate_until", {}, (context, {"until": [], "max_gen_toks": 12}), 0)])
    tokens, _ = greedy(model, retrieval, prompt, 12)
    assert answer.strip() == said(corpus, tokens)
    assert "retrieval:database" in lm.signature
    assert lm.max_length == 64


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gpt2", "relative"])
def test_other_decoders_answer_up_to_their_last_position(corpus, tmp_path, kind):
    """GPT-2's learned positions, and the papers' relative ones, which have no last."""
    if kind == "gpt2":
        model = tiny_retro(corpus, "gpt2", positions=40)
    else:
        from harness_plugins.retro.shapes import from_scratch

        shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        around = {"cross_layers": [2], "encoder_width": 16, "encoder_heads": 2, "encoder_layers": 1, "initializer_range": 0.5}
        model = from_scratch(corpus, "norlund", shape, around, neighbours=2, seed=0).eval()
    place = save_tiny(model, corpus, tmp_path / "model")
    generator = made(place, max_new_tokens=24, prompt_tokens=16)
    [output] = generator.generate([document("x/1", text(30, 20))])
    prompt = corpus.tokenizer.encode([text(30, 20)])[0][:16]
    expected, _ = greedy(generator._open.loaded.model, open_retrieval(place), prompt, 24)
    assert output.text == said(corpus, expected)
    [searched] = made(place, max_new_tokens=24, prompt_tokens=16, beams=2).generate([document("x/1", text(30, 20))])
    assert searched.tokens_out is not None
    if kind == "gpt2":
        [long] = made(place, max_new_tokens=25, prompt_tokens=16).generate([document("x/1", text(30, 20))])
        assert (long.finish, long.meta["status"]) == ("error", "too-long")
