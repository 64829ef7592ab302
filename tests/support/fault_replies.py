"""What the fault server says: verdicts that follow from the messages alone, and the faults, frozen before any client was read.

A verdict follows from the messages' digest, so that whoever asks, how often and in which order, must end with the same scores.
Whether a request meets a fault follows from its bytes, how often they came before, and the seed.
"""

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SLOW = ("slow",)  # a right answer all the same: its bytes trickle
LOST = (
    "hang",
    "trickle",
    "reset",
    "reset-midway",
    "cut-body",
    "half-json",
    "wrong-schema",
    "empty-choices",
)  # made, billed, lost
UNMADE = ("429", "429-seconds", "429-date", "500")  # nobody is billed for these
FAULTS = SLOW + LOST + UNMADE
CODE = re.compile(r'(?:"code":|VERDICT|OMDÖME) ?(\d{4,})')  # a prompt may ask for one to be repeated


@dataclass
class Settings:
    """How the server behaves; times in seconds, prices in USD a token.

    `share`: of the requests that meet one of `faults`. `slow`: how long a slow answer takes; a "trickle" takes a hundred times
    that. `refused`, `cut_off`: shares of the messages that are always answered so. `text`: of a verdict, with {score} of `scale`,
    {choice} of `choices`, and {code}, which the prompt told. `echo`: error texts and odd answers repeat the request's headers, as
    careless proxies do.
    """

    latency: float = 0.0
    share: float = 0.0
    faults: tuple[str, ...] = FAULTS
    seed: int = 0
    slow: float = 0.3
    retry_after: int = 1
    refused: float = 0.0
    cut_off: float = 0.0
    text: str = "Score: {score}"
    scale: tuple[int, int] = (1, 3)
    choices: tuple[str, ...] = ("A", "B")
    echo: bool = True
    price_in: float = 0.0
    price_out: float = 0.0
    bytes_a_token: float = 3.0


def fault_of(settings: Settings, body_digest: str, arrival: int) -> str | None:
    """The fault that this arrival (0 the first) of a body meets, None for most."""
    drawn = _draw(f"{settings.seed}|{body_digest}|{arrival}")
    if drawn >= settings.share:
        return None
    return settings.faults[int(_draw(f"which|{settings.seed}|{body_digest}|{arrival}") * len(settings.faults))]


def digest_of(messages: Sequence[dict[str, Any]]) -> str:
    """What a verdict follows from."""
    return hashlib.sha256(json.dumps([[m["role"], m["content"]] for m in messages]).encode()).hexdigest()


def score_of(digest: str, scale: tuple[int, int] = (1, 3)) -> int:
    """The verdict on a scale."""
    return scale[0] + int(_draw(f"score|{digest}") * (scale[1] - scale[0] + 1))


def choice_of(digest: str, choices: Sequence[str] = ("A", "B")) -> str:
    """The verdict among choices."""
    return choices[int(_draw(f"choice|{digest}") * len(choices))]


def probabilities_of(digest: str, scale: tuple[int, int] = (1, 3)) -> dict[int, float]:
    """The verdict's probabilities, the verdict itself the most probable."""
    weights = {value: 0.2 + 0.6 * _draw(f"p{value}|{digest}") for value in range(scale[0], scale[1] + 1)}
    weights[score_of(digest, scale)] = 1.0
    total = sum(weights.values())
    return {value: weight / total for value, weight in weights.items()}


def said(settings: Settings, body: dict[str, Any], digest: str) -> dict[str, Any]:
    """The whole chat completion, with usage, and log probabilities if they are asked for."""
    text = _text(settings, body, digest)
    tokens = re.findall(r"\s*\w+|\s*[^\w\s]|\s+$", text)
    most = body.get("max_completion_tokens") or body.get("max_tokens") or len(tokens)
    finish, refusal = ("stop", None) if len(tokens) <= most else ("length", None)
    tokens = tokens[:most]
    if _draw(f"cut|{digest}") < settings.cut_off:
        finish, tokens = "length", tokens[: max(1, len(tokens) // 2)]
    if _draw(f"refused|{digest}") < settings.refused:
        finish, refusal, tokens = "stop", "I cannot help with that.", ["I", " cannot"]
    message = {"role": "assistant", "content": None if refusal else "".join(tokens), "refusal": refusal}
    logprobs = _logprobs(settings, body, digest, tokens) if body.get("logprobs") and not refusal else None
    choice = {"message": message, "finish_reason": finish, "logprobs": logprobs}
    tokens_in = prompt_tokens(settings, body)
    tokens_out = len(tokens) * (body.get("n") or 1)
    return {
        "id": f"chatcmpl-{digest[:24]}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": [{"index": number, **choice} for number in range(body.get("n") or 1)],
        "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out},
    }


def prompt_tokens(settings: Settings, body: dict[str, Any]) -> int:
    """A token for every few bytes, and four for every message: fewer than bytes, more than words."""
    sizes = [len(json.dumps(message["content"], ensure_ascii=False).encode()) - 2 for message in body["messages"]]
    return sum(4 + math.ceil(size / settings.bytes_a_token) for size in sizes)


def wrong_schema(body_digest: str, echoed: str) -> bytes:
    """A whole answer that is none: one of several kinds."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    choice = {"index": 0, "finish_reason": "stop"}
    odd: tuple[Any, ...] = (
        {"status": "ok", "echo": echoed},
        {"object": "chat.completion", "choices": {"text": "Score: 3", "echo": echoed}, "usage": usage},
        {"object": "chat.completion", "choices": [{**choice, "message": None}], "usage": usage},
        {"object": "chat.completion", "choices": [{**choice, "message": {"role": "assistant", "content": 3}}], "usage": "many"},
        {"object": "chat.completion", "choices": ["Score: 3"], "usage": None},
        {"error": {"message": f"upstream failed: {echoed}", "type": "proxy"}},
        [],
        None,
        f"<html><body>502 Score: 3 {echoed}</body></html>",
    )
    chosen = odd[int(_draw(f"odd|{body_digest}") * len(odd))]
    return chosen.encode() if isinstance(chosen, str) else json.dumps(chosen).encode()


def _text(settings: Settings, body: dict[str, Any], digest: str) -> str:
    asked = body.get("response_format") or {}
    codes = CODE.findall(str(body["messages"][-1]["content"]))
    if asked.get("type") == "json_schema":
        made = _of_schema(asked["json_schema"]["schema"], digest)
        return json.dumps({**made, "code": int(codes[-1])} if codes and "code" in made else made)
    score, choice = score_of(digest, settings.scale), choice_of(digest, settings.choices)
    return settings.text.format(score=score, choice=choice, code=codes[-1] if codes else "")


def _of_schema(schema: dict[str, Any], digest: str) -> Any:
    """Something that the schema allows; numbers and choices are the verdict's."""
    if "enum" in schema:
        return choice_of(digest, schema["enum"])
    if schema.get("type") == "object":
        return {key: _of_schema(inner, digest) for key, inner in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [_of_schema(schema["items"], f"{digest}{place}") for place in range(schema.get("minItems", 1))]
    if schema.get("type") in ("integer", "number"):
        return score_of(digest, (schema.get("minimum", 1), schema.get("maximum", 3)))
    return True if schema.get("type") == "boolean" else "so it is"


def _logprobs(settings: Settings, body: dict[str, Any], digest: str, tokens: Sequence[str]) -> dict[str, Any]:
    probable = probabilities_of(digest, settings.scale)
    content = []
    for token in tokens:
        space = " " * (len(token) - len(token.lstrip()))
        if token.strip() == str(score_of(digest, settings.scale)):
            ranked = sorted(probable.items(), key=lambda pair: -pair[1])
            top = [_probable(f"{space}{value}", math.log(p)) for value, p in ranked[: body.get("top_logprobs") or 0]]
            content.append({**_probable(token, math.log(ranked[0][1])), "top_logprobs": top})
        else:
            content.append(
                {**_probable(token, -0.01), "top_logprobs": [_probable(token, -0.01)][: body.get("top_logprobs") or 0]}
            )
    return {"content": content, "refusal": None}


def _probable(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
