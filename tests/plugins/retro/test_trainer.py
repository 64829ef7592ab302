"""The trainer retro: a checkpoint that reads and writes with retrieval, a training that goes on exactly, and what it refuses."""

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from harness_plugins.retro.database.reading import Database  # noqa: E402
from harness_plugins.retro.retrieval import open_retrieval  # noqa: E402
from harness_plugins.retro.trainer import Retro  # noqa: E402
from harness_plugins.trainers.loop import fit  # noqa: E402
from small_training import StopAt  # noqa: E402
from tiny_retro import CHUNK, text  # noqa: E402
from tiny_retro_training import AROUND, HOW, LLAMA, RETRIEVER, database, documents, learner  # noqa: E402

from harness.errors import InputError, PluginError  # noqa: E402
from harness.plugins import load_plugins  # noqa: E402
from harness.records import Example  # noqa: E402
from harness.registry import PluginRef  # noqa: E402
from harness.stages.train import train  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return database(tmp_path_factory.mktemp("trainer") / "db")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def scratch(corpus, **more):
    how = {"decoder": LLAMA, "model": AROUND, "retriever": RETRIEVER, "length": 4 * CHUNK, "steps": 3, "batch": 4}
    return Retro(database=str(corpus.folder), **{**how, **more})


def loaded(folder):
    from harness_plugins.retro.model import RetroForCausalLM

    return RetroForCausalLM.from_pretrained(folder).eval()


def base_of(corpus, folder):
    """A plain decoder with the database's tokenizer, as a folder."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(7)
    words = corpus.info.tokenizer.vocabulary
    AutoModelForCausalLM.from_config(AutoConfig.for_model(**LLAMA, vocab_size=words)).save_pretrained(folder)
    corpus.tokenizer.save(folder)
    return folder


def test_a_training_is_a_stage_and_its_checkpoint_retrieves(corpus, tmp_path):
    params = {"database": str(corpus.folder), "decoder": LLAMA, "model": AROUND, "retriever": RETRIEVER}
    ref = PluginRef("retro", {**params, "length": 4 * CHUNK, "steps": 12, "batch": 8, "learning_rate": 0.02})
    done = train(load_plugins(), "small", ref, documents(), tmp_path)
    assert done.facts["losses"][-1] < done.facts["losses"][0] - 1
    assert done.facts["sequences"] == sum(1 for row in learner(corpus)[1])
    assert "retrieval.json" in done.files
    folder = tmp_path / done.checkpoint
    model, opened = loaded(folder), open_retrieval(folder)
    assert (opened.database.digest, opened.name, opened.neighbours) == (corpus.digest, RETRIEVER, 2)
    model.retriever = opened.for_model(own=3)
    ids = torch.tensor([corpus.tokenizer.encode([text(3, 30)])[0][: 2 * CHUNK]])
    near, mask = model.retriever(ids.view(1, 2, CHUNK))
    assert mask.any()
    on = model(ids, neighbour_ids=near, neighbour_mask=mask).logits
    assert not torch.equal(on, model(ids).logits)
    assert model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=10, do_sample=False).shape[1] > ids.shape[1]


def test_stopped_and_gone_on_it_is_to_the_bit_what_it_is_uninterrupted(corpus, tmp_path, monkeypatch):
    whole = scratch(corpus, save_every=1, model={**AROUND, "dropout": 0.1})
    wanted = loaded(whole.train(documents(), tmp_path / "whole")).state_dict()

    def stopping(*args, **kwargs):
        return fit(*args, **{**kwargs, "watchers": [StopAt(2)]})

    monkeypatch.setattr("harness_plugins.retro.trainer.fit", stopping)
    with pytest.raises(KeyboardInterrupt):
        whole.train(documents(), tmp_path / "parts")
    monkeypatch.undo()
    found = loaded(whole.train(documents(), tmp_path / "parts")).state_dict()
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)
    for other, told in (({"neighbours": 1}, "neighbours was 2 and is 1"), ({"length": 2 * CHUNK}, "length was 32 and is 16")):
        with pytest.raises(InputError, match=told):
            scratch(corpus, save_every=1, **{"model": {**AROUND, "dropout": 0.1}, **other}).train(documents(), tmp_path / "parts")


def test_trained_without_neighbours_it_is_its_decoder_alone(corpus, tmp_path):
    folder = scratch(corpus, neighbours=0).train(documents(), tmp_path)
    model = loaded(folder)
    ids = torch.randint(4, 280, (1, 3 * CHUNK))
    near = torch.randint(4, 280, (1, 3, 2, 2 * CHUNK))
    assert torch.equal(model(ids, neighbour_ids=near).logits, model(ids).logits)
    facts = json.loads((folder / "facts.json").read_text())
    assert (facts["retriever"], facts["neighbours"]) == ("off", 0)
    assert facts["trained_parameters"] < facts["parameters"]


@pytest.mark.parametrize("freeze", [True, False])
def test_a_retrofitted_base_learns_unless_it_is_frozen(corpus, tmp_path, freeze):
    base = base_of(corpus, tmp_path / "base")
    how = {"decoder": None, "model": {**AROUND, "encoder_width": 64}, "base": str(base), "freeze": freeze}
    folder = scratch(corpus, learning_rate=0.01, gradient_checkpointing=True, **how).train(documents(), tmp_path / "tuned")
    from transformers import AutoModelForCausalLM

    ids = torch.randint(4, 280, (1, 3 * CHUNK))
    near = torch.randint(4, 280, (1, 3, 2, 2 * CHUNK))
    model = loaded(folder)
    off = model(ids).logits
    assert torch.equal(off, AutoModelForCausalLM.from_pretrained(base).eval()(ids).logits) is freeze
    assert not torch.equal(model(ids, neighbour_ids=near).logits, off)


def test_documents_that_the_database_lacks_are_a_corpus_of_their_own_and_never_read_themselves(corpus, tmp_path):
    new = [
        Example(id=f"new/{number}", kind="document", language="sv", messages=one.messages, split="train")
        for number, one in enumerate(documents()[5:9])
    ]
    folder = scratch(corpus).train(new, tmp_path)
    own = Database(tmp_path / "corpus")
    assert [entry.id for entry in own.entries] == [one.id for one in new]
    from harness_plugins.retro.neighbours import neighbour_table

    table = neighbour_table(own, corpus, RETRIEVER, {}, 2)
    same = {entry.sha256: number for number, entry in enumerate(corpus.entries)}
    for number, entry in enumerate(own.entries):
        mine = table.numbers[own.document_of(torch.arange(own.chunks).numpy()) == number]
        assert same[entry.sha256] not in corpus.document_of(mine.ravel())
    assert open_retrieval(folder).database.folder.resolve() == corpus.folder.resolve()


def test_the_best_checkpoint_by_the_loss_of_held_out_documents_is_kept(corpus, tmp_path):
    some = documents()
    held = [Example(**{**_fields(one), "split": "validation"}) if place % 3 == 2 else one for place, one in enumerate(some)]
    folder = scratch(corpus, best_by="loss", evaluate_every=1).train(held, tmp_path)
    facts = json.loads((folder / "facts.json").read_text())
    looks = facts["held_out"]["looks"]
    assert [look["step"] for look in looks] == [1, 2, 3]
    assert facts["held_out"]["best_value"] == min(look["value"] for look in looks)
    assert facts["sequences"] < len(learner(corpus)[1])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"decoder": None}, "either base"),
        ({"base": "x"}, "either base"),
        ({"freeze": True}, "freeze"),
        ({"neighbours": -1}, "neighbours"),
        ({"preset": "huge"}, "norlund"),
        ({"model": {"cros_layers": [1]}}, "cross_layers"),
        ({"dtype": "float16"}, "dtype"),
        ({"best_by": "rouge-l"}, "loss"),
        ({"length": 0}, "length"),
        ({"learning_rate": -1.0}, "learning_rate"),
    ],
)
def test_wrong_parameters_are_refused(corpus, wrong, told):
    with pytest.raises(ValueError, match=told):
        scratch(corpus, **wrong)


SHAPES = [
    ({"preset": "tiny", "decoder": {"hidden_sise": 64}}, "llama has no setting 'hidden_sise'. Did you mean 'hidden_size'"),
    ({"preset": "norlund", "decoder": {"hidden_sise": 64}}, "harness-relative has no setting 'hidden_sise'"),
    ({"preset": "tiny", "decoder": {"num_hidden_layers": 2}, "model": {}}, r"cross_layers are different layers .*got \[2, 4\]"),
    ({"model": {**AROUND, "cross_layers": [9]}}, r"model: .*cross_layers .*got \[9\]"),
    ({"model": {**AROUND, "cross_layers": 2}}, "model: no model can be made"),
    ({"model": {**AROUND, "encoder_heads": 7}}, "split into 7 heads"),
    ({"model": {**AROUND, "cross_heads": 3}}, "3 heads do not divide"),
    ({"decoder": {**LLAMA, "hidden_size": 63}}, "decoder: .*63"),
    ({"decoder": {**LLAMA, "hidden_act": "none"}}, "decoder: .*'none'"),
    ({"decoder": {**LLAMA, "vocab_size": 12}}, "a vocabulary of 12"),
    ({"decoder": {"model_type": "bert"}}, "layers of a BertLMHeadModel are not known"),
    ({"decoder": {"model_type": "lama"}}, "no decoder of the type 'lama'.*'llama'"),
    ({"decoder": {"hidden_size": 16}}, "names a `model_type`"),
    ({"length": 128}, "at most"),
    ({"retriever": "nowhere_to_be_found:Thing"}, "No module named 'nowhere_to_be_found'.*current folder"),
    ({"retriever": "bm25", "retriever_params": {"k2": 1}}, "no parameter 'k2'"),
]


@pytest.mark.parametrize(("wrong", "told"), SHAPES)
def test_a_shape_or_a_retriever_that_no_training_takes_is_refused_by_the_dry_run_too(corpus, tmp_path, wrong, told):
    one = scratch(corpus, **wrong)
    with pytest.raises((InputError, PluginError), match=told) as before:
        one.check(documents())
    with pytest.raises((InputError, PluginError)) as later:
        one.train(documents(), tmp_path / "run")
    assert str(later.value) == str(before.value)
    assert not (tmp_path / "run" / "model").exists()


@pytest.mark.parametrize(
    ("decoder", "has"),
    [
        ({"rope_theta": 5e5, "dtype": "float32"}, "llama"),
        ({"model_type": "gpt2", "n_embd": 16, "n_head": 2, "n_layer": 2}, "gpt2"),
    ],
)
def test_settings_that_a_decoder_takes_by_another_name_are_taken(corpus, decoder, has):
    kept = LLAMA if has == "llama" else {"n_positions": 64}
    one = scratch(corpus, decoder={**kept, **decoder})
    one.check(documents())
    model = one._model(corpus)
    assert {key: model.config.decoder[key] for key in decoder} == decoder
    assert model.get_input_embeddings().weight.shape[1] == 16  # `hidden_size` or `n_embd`


def test_looking_at_a_shape_changes_no_weight(corpus):
    one = scratch(corpus)
    plain = one._model(corpus).state_dict()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one.check(documents())
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(tensor, plain[name]) for name, tensor in one._model(corpus).state_dict().items())


def test_a_base_in_a_folder_is_held_to_its_shape_and_its_tokenizer_by_the_dry_run(corpus, tmp_path):
    base = str(base_of(corpus, tmp_path / "base"))
    how = {"database": str(corpus.folder), "retriever": RETRIEVER, "length": 4 * CHUNK}
    Retro(base, **how, freeze=True).check(documents())
    other = str(tiny_other(tmp_path))
    for one, told in (
        (Retro(base, **how, model={"encoder_heads": 7}), "cannot be retrofitted: encoder_width .* 7 heads"),
        (Retro(base, **{**how, "length": 128}), "at most"),
        (Retro(other, **how), "tokenizer"),
    ):
        with pytest.raises((InputError, PluginError), match=told) as before:
            one.check(documents())
        with pytest.raises((InputError, PluginError)) as later:
            one.train(documents(), tmp_path / "run")
        assert str(later.value) == str(before.value)


def test_a_shape_that_is_refused_in_another_process_is_told_as_it_was():
    import pickle

    from harness_plugins.retro.shapes import ShapeError

    error = pickle.loads(pickle.dumps(ShapeError("decoder", "too few words")))
    assert (str(error), error.part) == ("decoder: no model can be made of it: too few words", "decoder")


def test_settings_are_given_by_their_names(corpus):
    for name in ("decoder", "model", "retriever_params"):
        with pytest.raises(ValueError, match=f"{name} is settings by their names"):
            scratch(corpus, **{name: ["hidden_size"]})


@pytest.mark.filterwarnings("error::FutureWarning")
def test_recomputing_activations_says_nothing_of_later_versions(corpus, tmp_path):
    folder = scratch(corpus, steps=1, gradient_checkpointing=True, dtype="bfloat16").train(documents(), tmp_path)
    assert torch.isfinite(loaded(folder)(torch.randint(4, 280, (1, 3 * CHUNK))).logits).all()


def test_what_cannot_be_trained_on_is_refused_before_anything_is_written(corpus, tmp_path):
    said = documents()[1].messages[0]
    few = type(said)(role="user", parts=(type(said.parts[0])(text="hus"),))
    short = [Example(id="short", kind="document", language="sv", messages=(few,))]
    empty = [one for one in documents() if one.id == "d/empty"]
    other = Retro(str(tiny_other(tmp_path)), database=str(corpus.folder), retriever=RETRIEVER)
    for trainer, examples, told in (
        (scratch(corpus, length=12), documents(), "multiple"),
        (scratch(corpus, length=128), documents(), "at most"),
        (scratch(corpus), short, "reads a neighbour"),
        (scratch(corpus), empty, "nothing to learn"),
        (other, documents(), "tokenizer"),
        (Retro(database=str(tmp_path / "none"), preset="tiny"), documents(), "holds no retrieval database"),
    ):
        with pytest.raises((InputError, PluginError), match=told):
            trainer.train(examples, tmp_path / "run")
        assert not (tmp_path / "run" / "model").exists()


def tiny_other(tmp_path: Path) -> Path:
    from tiny_models import tiny_llama

    return tiny_llama(tmp_path / "other")


def _fields(example: Example) -> dict:
    return {name: getattr(example, name) for name in example.__struct_fields__}


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(corpus, tmp_path):
    import os
    import subprocess
    import sys

    taught, rows = learner(corpus)
    alone = fit(taught, rows, HOW, tmp_path / "alone")
    script = tmp_path / "worker.py"
    script.write_text(_WORKER)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", str(script)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [*command, str(corpus.folder), str(tmp_path)], timeout=300, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-6000:]
    for kind in ("ddp", "fsdp"):
        found = torch.load(tmp_path / f"{kind}.pt", weights_only=True)
        assert found["losses"] == pytest.approx(alone.losses, abs=1e-9)
        for name, parameter in taught.model.named_parameters():
            torch.testing.assert_close(found["weights"][name], parameter.detach(), atol=1e-9, rtol=1e-7)


_WORKER = """
import faulthandler
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
faulthandler.dump_traceback_later(200, exit=True)
from harness_plugins.retro.database.reading import Database
from harness_plugins.trainers.distributed import joined
from harness_plugins.trainers.loop import fit
from tiny_retro_training import HOW, learner

corpus, folder = Database(sys.argv[1]), Path(sys.argv[2])
for kind in ("ddp", "fsdp"):
    with joined(kind) as processes:
        taught, rows = learner(corpus, recomputing=kind == "fsdp")
        done = fit(taught, rows, HOW, folder / kind, processes=processes)
        weights = processes.weights(dict(taught.model.named_parameters()))
        if processes.rank == 0:
            torch.save({"losses": done.losses, "weights": weights}, folder / f"{kind}.pt")
        processes.wait()
"""
