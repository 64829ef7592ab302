"""How answers are drawn, as every local generator understands it: greedy, by beams or sampled; how many, how long, until what."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Example


@dataclass(frozen=True)
class Decoding:
    """Checked settings; see `decoding`."""

    limit: int
    temperature: float
    top_p: float
    beams: int
    samples: int
    stop: tuple[str, ...]
    seed: int

    @property
    def signature(self) -> str:
        """What of it changes answers."""
        parts = [f"max:{self.limit}|temperature:{self.temperature:g}"]
        if self.temperature > 0:
            parts.append(f"top_p:{self.top_p:g}|samples:{self.samples}|seed:{self.seed}")
        if self.beams > 1:
            parts.append(f"beams:{self.beams}")
        if self.stop:
            parts.append(f"stop:{list(self.stop)!r}")
        return "|".join(parts)

    def seed_of(self, example: Example, sample: int) -> int:
        """A seed for this example's sample alone: no answer depends on what is generated beside it."""
        said = f"{self.seed}\0{example.id}\0{sample}".encode()
        return int.from_bytes(hashlib.sha256(said).digest()[:7])

    def cut(self, text: str) -> str:
        """The text up to its first stop text, without blanks around it."""
        return text[: min((text.find(stop) for stop in self.stop if stop in text), default=len(text))].strip()


def decoding(
    max_new_tokens: int, temperature: float, top_p: float, beams: int, samples: int, stop: str | Sequence[str], seed: int
) -> Decoding:
    """The settings; ValueError for ones that do not fit together.

    `temperature` 0 is greedy; `beams` above 1 searches (temperature 0 only); `samples` answers an example. An answer ends at a
    `stop` text (left out), at the model's end token, or after `max_new_tokens`.
    """
    for name, value in (("max_new_tokens", max_new_tokens), ("beams", beams), ("samples", samples)):
        check_count(name, value)
    if temperature < 0 or not 0 < top_p <= 1:
        raise ValueError(f"temperature is at least 0 and top_p above 0 and at most 1, got {temperature:g} and {top_p:g}")
    if beams > 1 and (temperature > 0 or samples > 1):
        raise ValueError("a beam search draws nothing: leave out beams, or temperature and samples")
    if samples > 1 and temperature == 0:
        raise ValueError("greedy answers are all alike: samples above 1 need a temperature above 0")
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    if not all(isinstance(text, str) and text for text in stops):
        raise ValueError(f"stop is a text or a list of texts, got {stop!r}")
    return Decoding(max_new_tokens, float(temperature), float(top_p), beams, samples, stops, seed)


def check_count(name: str, value: object) -> None:
    """ValueError for what is not a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is a whole number of at least 1, got {value!r}")
