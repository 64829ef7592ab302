"""Opening a model where somebody listens."""

import pickle
import threading

from harness.chat.messages import CallPlan, Reply, Request
from harness.chat.openings import Overheard, opened, openings


class Parrot:
    name = "parrot@here"

    def ask(self, requests):
        return [Reply(key=request.messages[0][1], status="ok", text=request.messages[0][1]) for request in requests]

    def stored(self, requests):
        return [Reply(key=request.messages[0][1], status="not-stored") for request in requests]

    def plan(self, requests):
        return CallPlan(judge=self.name, calls=len(requests), cached=0, tokens_in=0, tokens_out=0, price=None)


def test_a_model_is_what_it_is_where_nobody_listens() -> None:
    parrot = Parrot()
    assert opened("parrot", "openai", lambda: parrot) is parrot


def test_whoever_listens_is_told_the_model_as_written_and_may_put_another_in_its_place() -> None:
    told, parrot = [], Parrot()

    def listen(model, backend, make):
        told.append((model, backend))
        return parrot

    with openings(listen):
        assert opened("gone.gguf", "server", lambda: 1 / 0) is parrot
    assert told == [("gone.gguf", "server")]
    other = Parrot()
    assert opened("parrot", "openai", lambda: other) is other


def test_an_overheard_model_keeps_its_requests_by_the_keys_of_its_replies() -> None:
    heard, request = Overheard(Parrot()), Request(messages=(("user", "hej"),))
    assert heard.stored([request])[0].status == "not-stored"
    assert heard.ask([request])[0].text == "hej"
    assert heard.plan([request]).calls == 1
    assert heard.requests == {"hej": request}
    assert heard.replies["hej"].status == "ok"


def test_what_was_asked_reaches_another_process_though_the_model_cannot() -> None:
    heard, request = Overheard(Parrot()), Request(messages=(("user", "hej"),))
    heard._model.lock = threading.RLock()  # type: ignore[attr-defined]  # as that of a store of replies
    heard.ask([request])
    copy = pickle.loads(pickle.dumps(heard))
    assert (copy.name, copy.requests, copy.replies) == (heard.name, heard.requests, heard.replies)
