"""The probe from checkpoints to page, section and scores: two tiny models are trained, asked and compared."""

import json
import os
import shutil

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import tiny_video_training as tiny  # noqa: E402
from click.testing import CliRunner  # noqa: E402
from harness_plugins.judges.local_files import LocalModel  # noqa: E402
from harness_plugins.video.generator import VideoMlmGenerator  # noqa: E402
from harness_plugins.video.probe.asking import tokenizer_digest  # noqa: E402
from harness_plugins.video.probe.config import ModelAt, ProbeRun, Probing, Statistics  # noqa: E402
from harness_plugins.video.probe.inputs import model_digest  # noqa: E402
from harness_plugins.video.probe.metric import ImageabilityProbe  # noqa: E402
from harness_plugins.video.probe.results import Asked, read_answers  # noqa: E402
from harness_plugins.video.probe.running import SECTION, check, run_probe  # noqa: E402
from harness_plugins.video.probe.subject import questions, subject_of  # noqa: E402
from harness_plugins.video.trainer import VideoMlm  # noqa: E402

from harness import Unit  # noqa: E402
from harness.cli.main import harness  # noqa: E402
from harness.errors import InputError  # noqa: E402
from harness.records import Example  # noqa: E402
from harness.report.kept_sections import kept_sections  # noqa: E402

FAST = Statistics(resamples=100, permutations=99, bins=2, named=1)
VALUES = {word: 6.5 for word in tiny.COLOURS} | {word: 4.0 for word in tiny.FORMS} | dict.fromkeys(("måndag", "tisdag"), 1.0)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with examples, video tokens, norms, and models trained with video and without."""
    home = tmp_path_factory.mktemp("probe")
    tokens = tiny.tokens_of(home / "tokens")
    every = [tiny.example(number, "train" if number < 20 else "test") for number in range(24)]
    (home / "examples.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in every))
    (home / "norms.csv").write_text("word,imageability\n" + "".join(f"{word},{value}\n" for word, value in VALUES.items()))
    for kind in ("real", "none"):
        trainer = VideoMlm(**{**tiny.HOW, "tokens": str(tokens.folder), "video": kind, "seed": 1})
        trainer.train(every, home / kind)
    return home


def run_of(home, **more):
    models = more.pop("models", None) or tuple(
        ModelAt(path=str(home / kind / "model"), trained=kind) for kind in ("real", "none")
    )
    probe = Probing(norms={"source": str(home / "norms.csv")}, **{"shown": ("none", "blank", "shuffled"), **more})
    return ProbeRun(
        name="tiny",
        data=str(home / "examples.jsonl"),
        tokens=str(home / "tokens"),
        models=models,
        probe=probe,
        statistics=FAST,
    )


def test_checkpoints_are_asked_once_and_page_answers_and_section_are_left(place, tmp_path, monkeypatch):
    (written, found) = run_probe(run_of(place), tmp_path / "out", section=tmp_path)
    subject = subject_of([msgspec.json.decode(line, type=Example) for line in (place / "examples.jsonl").open("rb")],
                         run_of(place).probe, "x")  # fmt: skip
    answers = read_answers([tmp_path / "out" / "probe.parquet"], subject.occurrences)
    assert {(one.trained, one.shown) for one in answers} == {
        ("none", "none"), ("real", "real"), ("real", "none"), ("real", "blank"), ("real", "shuffled"),
    }  # fmt: skip
    real, none = (answers[Asked(size="one size", seed=0, trained=one, shown=one)].logprob for one in ("real", "none"))
    gains = {}
    for one, value in zip(subject.occurrences, real - none, strict=True):
        gains.setdefault(one.word, []).append(value)
    assert found.gains[0].mean.value == pytest.approx(np.mean([np.mean(values) for values in gains.values()]))
    assert found.tokens.keys() == gains.keys()
    html = written[1].read_text()
    assert "its video cannot be shown: there is no file" in html
    assert "a video that is none" not in html
    said = written[0].read_text().partition("## What was probed")[2]
    rows = [line.split(" | ") for line in said.splitlines() if line.startswith("| one size | real")]
    facts = json.loads((place / "real" / "model" / "facts.json").read_text())
    assert len(rows) == 1
    assert rows[0][:5] == ["| one size", "real", "0", str(facts["parameters"]), str(facts["steps"])]
    sections, warnings = kept_sections(tmp_path)
    assert [one.title for one in sections] == ["Imageability probe"]
    assert any("one seed only" in one for one in warnings)
    assert (tmp_path / "sections" / f"{SECTION}.json").is_file()

    def never(*_, **__):
        raise AssertionError("asked again")

    monkeypatch.setattr("harness_plugins.video.probe.running.asked", never)
    _, again = run_probe(run_of(place), tmp_path / "out")
    assert msgspec.json.encode(again) == msgspec.json.encode(found)


def test_what_cannot_be_compared_is_refused_before_a_checkpoint_is_asked_and_an_earlier_probe_stays(place, tmp_path, monkeypatch):
    run_probe(run_of(place, shown=("none",)), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def never(*_, **__):
        raise AssertionError("asked")

    monkeypatch.setattr("harness_plugins.video.probe.running.asked", never)
    real = ModelAt(path=str(place / "real" / "model"), trained="real")
    unequal = (msgspec.structs.replace(real, seed=2), ModelAt(path=str(place / "none" / "model"), trained="none"))
    for models, said in (((real,), "and there is none, only real"), (unequal, "real .seed 2. and none .seed 0. have no seed in")):
        for act in (check, lambda run: run_probe(run, tmp_path)):
            with pytest.raises(InputError, match=said):
                act(run_of(place, models=models))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.fixture(scope="module")
def probed(place, tmp_path_factory):
    """The folder with all that was probed, and below `out` what came of it."""
    home = tmp_path_factory.mktemp("probed") / "all"
    shutil.copytree(place, home)
    run_probe(run_of(home, shown=("none",)), home / "out")
    return home


def another_text(home):
    path = home / "examples.jsonl"
    path.write_text(path.read_text().replace("rullar", "hoppar"))


def another_video(home):
    tokens = home / "tokens" / "videos"
    shutil.copyfile(tokens / f"{tiny.sha256_of(1)}.safetensors", tokens / f"{tiny.sha256_of(20)}.safetensors")


def another_span(home):
    path = home / "examples.jsonl"
    path.write_text(path.read_text().replace('"end":3.0', '"end":1.0'))


def other_weights(home):
    path = home / "real" / "model" / "model.safetensors"
    stat = path.stat()
    held = bytearray(path.read_bytes())
    held[-1] ^= 1
    path.write_bytes(bytes(held))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def fewer_words(home):
    path = home / "norms.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "tisdag" not in line))


@pytest.mark.parametrize(
    "change", [another_text, another_video, another_span, other_weights, fewer_words], ids=lambda one: one.__name__
)
def test_what_is_asked_shown_or_weighed_otherwise_is_asked_again(probed, tmp_path, monkeypatch, change):
    """Paths, sizes and times of files say the same before and after."""

    def again(*_, **__):
        raise InputError("asked again")

    monkeypatch.setattr("harness_plugins.video.probe.running.asked", again)
    shutil.copytree(probed, tmp_path / "before")
    try:
        change(probed)
        with pytest.raises(InputError, match="asked again"):
            run_probe(run_of(probed, shown=("none",)), probed / "out")
    finally:
        shutil.rmtree(probed)
        shutil.copytree(tmp_path / "before", probed)
    run_probe(run_of(probed, shown=("none",)), probed / "out")  # as it was: not asked again


def test_the_same_content_elsewhere_is_not_asked_again(probed, tmp_path, monkeypatch):
    home = tmp_path / "all"
    shutil.copytree(probed, home)

    def never(*_, **__):
        raise AssertionError("asked again")

    monkeypatch.setattr("harness_plugins.video.probe.running.asked", never)
    _, found = run_probe(run_of(home, shown=("none",)), home / "out")
    assert found.occurrences


def test_a_model_of_text_alone_is_asked_without_video_and_relies_on_none(place, tmp_path):
    _, found = run_probe(run_of(place), tmp_path)
    assert [(level.arm, level.shown) for level in found.levels if level.arm == "none"] == [("none", "none")]
    assert {one.removed for one in found.reliances} == {"none", "blank", "shuffled"}


def test_different_tokenizers_are_refused_with_both_named(place, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(place / "none" / "model", other)
    file = other / "tokenizer.json"
    file.write_text(file.read_text().replace('"type": "Lowercase"', '"type":  "Lowercase"') + " ")
    models = (
        ModelAt(path=str(place / "real" / "model"), trained="real"),
        ModelAt(path=str(other), trained="none"),
    )
    with pytest.raises(InputError, match="different tokenizers") as caught:
        run_probe(run_of(place, models=models), tmp_path / "out")
    assert str(other) in str(caught.value)
    assert str(place / "real" / "model") in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_model_of_text_alone_by_name_is_the_files_that_it_resolves_to(place, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "harness_plugins.video.bases.find_model", lambda name, _: LocalModel(name, place / "none" / "model", "digest")
    )
    assert tokenizer_digest("someone/small") == tokenizer_digest(place / "none" / "model")
    assert model_digest("someone/small") == model_digest(str(place / "none" / "model"))
    assert model_digest("someone/small") != model_digest(str(place / "real" / "model"))


def test_a_checkpoint_that_was_trained_with_something_else_is_refused(place, tmp_path):
    models = tuple(ModelAt(path=str(place / "real" / "model"), trained=kind) for kind in ("real", "none"))
    with pytest.raises(InputError, match=r"trained with the video 'real', as its facts\.json says, not 'none'"):
        run_probe(run_of(place, models=models), tmp_path / "out")


@pytest.mark.parametrize(
    ("tokenizer", "damage", "said"),
    [
        ("b" * 64, None, "made with the video tokenizer bbbbbbbbbbbb"),
        ("a" * 64, "cut", "not the tokens of a video"),
        ("a" * 64, "gone", "lacks the tokens of 1 video"),
    ],
)
def test_video_tokens_that_a_checkpoint_cannot_read_are_refused_by_the_dry_run_too(place, tmp_path, tokenizer, damage, said):
    tokens = tiny.tokens_of(tmp_path / "tokens", tokenizer=tokenizer)
    file = tokens.folder / "videos" / f"{tiny.sha256_of(21)}.safetensors"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-8])
    elif damage == "gone":
        file.unlink()
    (tmp_path / "probe.yaml").write_text(
        f"name: tiny\ndata: {place / 'examples.jsonl'}\ntokens: {tokens.folder}\n"
        f"models:\n- {{path: {place / 'real' / 'model'}, trained: real}}\n- {{path: {place / 'none' / 'model'}, trained: none}}\n"
        f"probe: {{norms: {{source: {place / 'norms.csv'}}}, shown: [none]}}\n"
    )
    for more in (["--dry-run"], []):
        result = CliRunner().invoke(
            harness, ["probe", "run", str(tmp_path / "probe.yaml"), "--out", str(tmp_path / "out"), *more]
        )
        assert result.exit_code == 2
        assert said in result.output.replace("\n", " ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere", "nowhere: there is no such folder; give the folder `model`"),
        ("real", r"real is the folder of a training; its model is .*real/model"),
        ("tokens/videos", "has no video part, so it was not trained with real video"),
    ],
)
def test_a_checkpoint_that_is_no_model_with_video_is_refused_with_what_it_is(place, tmp_path, path, said):
    models = (msgspec.structs.replace(run_of(place).models[0], path=str(place / path), trained="real"), *run_of(place).models[1:])
    with pytest.raises(InputError, match=said):
        run_probe(run_of(place, models=models), tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": "nowhere"}, "no aligned example of the split 'nowhere'.*test, train"),
        ({"language": "fi"}, "in the language 'fi'"),
    ],
)
def test_nothing_to_probe_is_refused(place, tmp_path, changes, said):
    with pytest.raises(InputError, match=said):
        run_probe(run_of(place, **changes), tmp_path / "out")


def test_words_that_are_nowhere_are_refused_with_their_number(place, tmp_path):
    (tmp_path / "norms.csv").write_text("word,imageability\nzyx1,3\nzyx2,4\n")
    run = msgspec.structs.replace(run_of(place), probe=Probing(norms={"source": str(tmp_path / "norms.csv")}))
    with pytest.raises(InputError, match=r"0 of the 2 words of norms\.csv stand in the 4 texts"):
        run_probe(run, tmp_path / "out")


def test_generator_and_metric_say_what_the_probe_says(place, tmp_path):
    run_probe(run_of(place), tmp_path)
    every = [msgspec.json.decode(line, type=Example) for line in (place / "examples.jsonl").open("rb")]
    subject = subject_of(every, run_of(place).probe, "x")
    answers = read_answers([tmp_path / "probe.parquet"], subject.occurrences)
    asked = [msgspec.json.decode(line, type=Example) for line in questions(subject).splitlines()]
    said = {}
    for kind in ("real", "none"):
        shown = {"tokens": str(place / "tokens")} if kind == "real" else {"shown": "none"}
        generator = VideoMlmGenerator(str(place / kind / "model"), device="cpu", **shown)
        said[kind] = [msgspec.structs.replace(one, system=kind) for one in generator.generate(asked)]
        wanted = answers[Asked(size="one size", seed=0, trained=kind, shown=kind)]
        assert [one.loglik[0].sum for one in said[kind]] == pytest.approx(wanted.logprob, abs=1e-5)
        assert [one.meta["rank"] for one in said[kind]] == wanted.rank.tolist()
    scores = ImageabilityProbe().score([Unit(example, (one,)) for example, one in zip(asked, said["real"], strict=True)])
    assert [one.value for one in scores] == [one.loglik[0].sum for one in said["real"]]
    assert [one.components["rank"] for one in scores] == [one.meta["rank"] for one in said["real"]]


def test_an_example_without_a_word_ends_in_an_error_that_says_so(place):
    generator = VideoMlmGenerator(str(place / "none" / "model"), shown="none", device="cpu")
    plain = tiny.example(1)
    wrong = msgspec.structs.replace(plain, id="b", meta={"word": {"start": 3, "end": 900}})
    outputs = list(generator.generate([plain, wrong]))
    assert [one.finish for one in outputs] == ["error", "error"]
    assert "meta.word does not say" in outputs[0].meta["detail"]
    assert "no span of the text: 3 to 900" in outputs[1].meta["detail"]
    assert ImageabilityProbe().score([Unit(plain, (outputs[0],))])[0].value is None


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"shown": "shuffled"}, "harness probe run"),
        ({"shown": "dreamt"}, "shown is one of"),
        ({"how": "backwards"}, "how is together or left-to-right"),
        ({"shown": "real"}, "tokens is the folder"),
        ({"shown": "none", "batch_tokens": True}, "batch_tokens"),
    ],
)
def test_parameters_of_the_generator_that_cannot_be_are_refused(place, params, said):
    with pytest.raises(ValueError, match=said):
        VideoMlmGenerator(str(place / "none" / "model"), **params)


def test_the_command_lists_words_and_writes_an_example_of_each_occurrence(place, tmp_path):
    arguments = ["probe", "words", str(place / "examples.jsonl"), "--norms", str(place / "norms.csv"), "--split", "test"]
    done = CliRunner().invoke(harness, [*arguments, "--write", str(tmp_path / "asked.jsonl")])
    assert done.exit_code == 0, done.output
    assert "stand in 4 texts" in done.output
    rows = [msgspec.json.decode(line, type=Example) for line in (tmp_path / "asked.jsonl").open("rb")]
    assert all(row.messages[0].text[slice(row.meta["word"]["start"], row.meta["word"]["end"])] for row in rows)
    counts = [line.split()[-1] for line in done.output.splitlines() if line.split()[0] in VALUES]
    assert len({row.id for row in rows}) == sum(map(int, counts))
