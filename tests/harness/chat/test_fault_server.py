"""The fault server does what it says, seen without any client library: else the tests that lean on it would show nothing."""

import http.client
import json
import socket
import time
from email.utils import parsedate_to_datetime

import pytest
from fault_replies import FAULTS, choice_of, digest_of, fault_of, probabilities_of, score_of
from fault_server import Server, Settings, fault_server

MESSAGES = [{"role": "user", "content": "Är svaret bra?"}]
BODY = {"model": "judge", "messages": MESSAGES, "logprobs": True, "top_logprobs": 5}


@pytest.fixture(scope="module")
def server():
    with fault_server() as running:
        yield running


@pytest.fixture(autouse=True)
def as_new(server: Server):
    server.set(**{key: getattr(Settings(), key) for key in ("share", "faults", "text", "echo", "slow", "latency", "price_out")})
    server.forget()


def asked(server: Server, body: dict, timeout: float = 5.0) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(server.host, timeout=timeout)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Authorization": "Bearer sk-secret"})
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer.status, {key.lower(): value for key, value in answer.getheaders()}, read


def faulty(server: Server, fault: str) -> tuple[int, dict[str, str], bytes]:
    server.set(share=1.0, faults=[fault])
    return asked(server, BODY)


def test_a_verdict_follows_from_the_messages_alone(server):
    first, again = (json.loads(asked(server, {**BODY, "temperature": heat})[2]) for heat in (0, 1))
    assert first["choices"][0]["message"]["content"] == f"Score: {score_of(digest_of(MESSAGES))}"
    assert again["choices"] == first["choices"]
    assert first["usage"] == {"prompt_tokens": 4 + 5, "completion_tokens": 3, "total_tokens": 12}  # 15 bytes, 3 a token


def test_the_verdicts_token_comes_with_its_probabilities(server):
    tokens = json.loads(asked(server, BODY)[2])["choices"][0]["logprobs"]["content"]
    assert [token["token"] for token in tokens] == ["Score", ":", f" {score_of(digest_of(MESSAGES))}"]
    assert len(tokens[2]["top_logprobs"]) == 3
    assert sum(probabilities_of(digest_of(MESSAGES)).values()) == pytest.approx(1)


def test_a_schema_is_kept_to(server):
    schema = {
        "type": "object",
        "properties": {"score": {"type": "integer", "minimum": 5, "maximum": 9}, "why": {"type": "string"}},
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    text = json.loads(asked(server, {**BODY, "response_format": wanted})[2])["choices"][0]["message"]["content"]
    assert json.loads(text) == {"score": score_of(digest_of(MESSAGES), (5, 9)), "why": "so it is"}


def test_the_text_can_hold_a_choice(server):
    server.set(text="Better: {choice}")
    text = json.loads(asked(server, BODY)[2])["choices"][0]["message"]["content"]
    assert text == f"Better: {choice_of(digest_of(MESSAGES))}"


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("429-seconds", 429), ("429-date", 429), ("500", 500)])
def test_errors_have_their_status_and_repeat_the_key(server, fault, status):
    code, headers, body = faulty(server, fault)
    assert code == status
    assert b"sk-secret" in body
    assert "sk-secret" in headers["x-echo"]
    assert ("retry-after" in headers) == (fault in ("429-seconds", "429-date"))


def test_coming_back_before_the_time_is_noticed(server):
    _, headers, _ = faulty(server, "429-date")
    assert 0 < parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time() <= 2
    server.set(share=0.0)
    asked(server, BODY)
    assert server.counts()["came_before_retry_after"] == 1
    faulty(server, "429-seconds")
    time.sleep(1.05)
    asked(server, BODY)
    assert server.counts()["came_before_retry_after"] == 1


@pytest.mark.parametrize("fault", ["reset", "reset-midway", "trickle"])
def test_connections_are_reset(server, fault):
    server.set(slow=0.001)
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        faulty(server, fault)


def test_half_of_an_answer_ends_early_or_is_no_json(server):
    with pytest.raises(http.client.IncompleteRead):
        faulty(server, "cut-body")
    status, _, body = faulty(server, "half-json")
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert json.loads(faulty(server, "empty-choices")[2])["choices"] == []


def test_a_hang_lasts_until_the_client_goes_and_a_slow_answer_is_right(server):
    server.set(share=1.0, faults=["hang"])
    with pytest.raises(socket.timeout):
        asked(server, BODY, timeout=0.1)
    server.set(faults=["slow"], slow=0.2)
    started = time.monotonic()
    answer = json.loads(asked(server, BODY)[2])
    assert time.monotonic() - started > 0.15
    assert answer["choices"][0]["message"]["content"] == f"Score: {score_of(digest_of(MESSAGES))}"


def test_what_was_made_is_on_the_bill_even_if_it_was_lost(server):
    server.set(price_out=1.0)
    for fault in ("half-json", "empty-choices", "500", "429", "wrong-schema"):
        faulty(server, fault)
    server.set(share=0.0)
    asked(server, BODY)
    counts = server.counts()
    assert counts["bill"] == 4 * 3  # all but the two that were refused, three tokens each
    assert (counts["asked"], counts["good"], counts["bodies"]) == (6, 1, 1)
    assert list(server.bodies().values()) == [{"asked": 6, "good": 1, "lost": 3}]


def test_the_share_of_faults_is_the_one_asked_for_and_all_kinds_come():
    met = [fault_of(Settings(share=0.3), str(body), arrival) for body in range(3000) for arrival in range(2)]
    assert 0.28 < sum(fault is not None for fault in met) / len(met) < 0.32
    assert set(met) == {*FAULTS, None}
