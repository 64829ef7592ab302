"""What a server says of its time is put together over the replies that tell it."""

import json
from pathlib import Path

from benchmark_scripts import benchmark

from harness.chat.messages import Reply, Request
from harness.chat.store import ReplyStore

script = benchmark("local_judge_times")


def test_times_are_those_of_the_stored_replies_by_form(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path)
    said = {"cache_n": 100, "prompt_n": 100, "prompt_ms": 600.0, "predicted_n": 20, "predicted_ms": 200.0}
    raws = [json.dumps({"timings": said}), json.dumps({"timings": {**said, "cache_n": 0}}), "{}", "no JSON"]
    for number, raw in enumerate(raws):
        params = {"logprobs": True} if number == 0 else {}
        request = Request(messages=(("user", str(number)),), params=params)
        key = store.key_of("judge", request)
        store.put(key, request, Reply(key=key, status="ok", text="2"), raw, name="judge")
    found = script.timings(store)
    assert {name: len(each) for name, each in found.items()} == {"ratings": 1, "comparisons": 1}
    assert script.line("ratings", found["ratings"]) == (
        "ratings: 1 replies; 200 tokens a prompt, 50% of them at hand; 6.0, 6.0 ms for each other, 10.0, 10.0 ms for each of 20 "
        "in the reply; 75% of the time for the prompt; 0.80, 0.80 s a verdict"
    )
