"""The records that flow through the harness, left to right: Example → Output → Score, and Judgment → MetaRow.

Every record is frozen, validated when it is read, and one JSON object a line when it is written.
Missing is `None`; no default ever stands in for a value.
"""

import hashlib
from collections.abc import Iterable
from itertools import islice
from typing import Any, Literal, TypeVar

import msgspec

Kind = Literal["instruction", "chat", "choice", "document", "aligned"]
Role = Literal["system", "user", "assistant", "tool", "document", "neighbour"]
Status = Literal[
    "ok",
    "empty",
    "unparsed",
    "refused",
    "cut-off",
    "no-reference",
    "no-source",
    "no-peers",
    "reference-is-system",
    "inconsistent",
    "not-recorded",
    "error",
]


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Records hold no reference to what holds them, so the collector of cycles need not walk through millions of them."""


def _make_float(record: msgspec.Struct, *names: str) -> None:
    """Makes whole numbers floats, as reading JSON does: else a record's digest would change when it is stored and read."""
    for name in names:
        value = getattr(record, name)
        if type(value) is int:
            msgspec.structs.force_setattr(record, name, float(value))


class TextPart(_Record, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """A run of text inside a message."""

    text: str


class MediaPart(_Record, frozen=True, kw_only=True, tag_field="type", tag="media"):
    """An image, a sound or a stretch of video; `start` and `end` are seconds, `sha256` is of the whole file."""

    media: Literal["image", "audio", "video"]
    uri: str
    sha256: str | None = None
    start: float | None = None
    end: float | None = None


class Message(_Record, frozen=True, kw_only=True):
    """One turn of a chat, one document, or one retrieved neighbour of a document."""

    role: Role
    parts: tuple[TextPart | MediaPart, ...]

    @property
    def text(self) -> str:
        """The text parts, joined by newlines."""
        if len(self.parts) == 1 and isinstance(self.parts[0], TextPart):  # as nearly always
            return self.parts[0].text
        return "\n".join([part.text for part in self.parts if isinstance(part, TextPart)])


class Origin(_Record, frozen=True, kw_only=True):
    """Where an example comes from: the builder or source, the dataset and its licence."""

    builder: str | None = None
    dataset: str | None = None
    licence: str | None = None


class Example(_Record, frozen=True, kw_only=True):
    """One thing that a system is asked, or one document that a model reads.

    `id` is `dataset/name`; `language` is a BCP-47 tag; `form` is the task author's word; `source` is the text
    that is transformed (translated, corrected, summarised); examples that share `cluster_id` are resampled together (default: the
    example alone); examples in several languages that say the same share `parallel_id`.
    """

    id: str
    kind: Kind
    language: str
    task: str | None = None
    form: Literal["short", "long"] | None = None
    messages: tuple[Message, ...] = ()
    choices: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    source: str | None = None
    cluster_id: str | None = None
    parallel_id: str | None = None
    split: str | None = None
    origin: Origin | None = None
    meta: dict[str, Any] = {}

    @property
    def cluster(self) -> str:
        """What is resampled together: `cluster_id`, or the example itself."""
        return self.id if self.cluster_id is None else self.cluster_id

    @property
    def instruction(self) -> str | None:
        """The text of the last user message, or None."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.text
        return None

    @classmethod
    def from_instruction(
        cls, id: str, instruction: str, references: Iterable[str] = (), *, language: str, **fields: Any
    ) -> "Example":
        """An example of the everyday shape: one user message and its reference answers."""
        return cls(
            id=id,
            kind=fields.pop("kind", "instruction"),
            language=language,
            messages=(Message(role="user", parts=(TextPart(text=instruction),)),),
            references=tuple(references),
            **fields,
        )


class ChoiceLoglik(_Record, frozen=True, kw_only=True):
    """Log-likelihood of one choice: the sum in nats, and its length in tokens and in characters."""

    sum: float
    tokens: int
    characters: int


class Output(_Record, frozen=True, kw_only=True):
    """What a system said about an example: a text, or log-likelihoods of its choices in their order."""

    id: str
    example_id: str
    system: str
    sample: int = 0
    text: str | None = None
    loglik: tuple[ChoiceLoglik, ...] | None = None
    finish: Literal["stop", "length", "error"] | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    key: str | None = None
    meta: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if self.text is not None and self.loglik is not None:
            raise ValueError(f"output {self.id!r}: give text or loglik, not both")


class Score(_Record, frozen=True, kw_only=True):
    """What a metric says about one output (or pair, or group): `value` is None exactly when there is no score."""

    targets: tuple[str, ...]
    metric: str
    component: str | None = None
    value: float | None = None
    status: Status = "ok"
    detail: str | None = None


class Scale(_Record, frozen=True, kw_only=True):
    """A rating scale; `direction` is "down" where a lower rating is the better one."""

    low: float
    high: float
    direction: Literal["up", "down"] = "up"

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"scale: low {self.low:g} must be less than high {self.high:g}")
        _make_float(self, "low", "high")


class Span(_Record, frozen=True, kw_only=True):
    """A stretch of an output's text in code points, end exclusive."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span: 0 <= start <= end must hold, got {self.start}, {self.end}")


class Judgment(_Record, frozen=True, kw_only=True):
    """One person's word on one output and criterion: a number on a scale, a label, or None (asked, not answered)."""

    output_id: str
    rater: str
    criterion: str
    value: float | str | None
    scale: Scale | None = None
    span: Span | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        _make_float(self, "value")


class Preference(_Record, frozen=True, kw_only=True):
    """One person's choice between two outputs of one example."""

    output_a: str
    output_b: str
    rater: str
    criterion: str
    winner: Literal["a", "b", "tie"] | None
    shown_first: Literal["a", "b"] | None = None

    def __post_init__(self) -> None:
        if self.output_a == self.output_b:
            raise ValueError(f"preference: output {self.output_a!r} is compared with itself")


class JudgmentInfo(_Record, frozen=True, kw_only=True):
    """What a judgment source says of itself.

    `constructed` marks sets whose better answer is better by construction: no human judgment, and never a ground for advice.
    `reference_systems` are systems whose outputs are the references; `system_sets` names subsets of systems that can be selected.
    `unknown_systems` are names under which outputs of several systems stand, since nobody knows which is whose: such outputs are
    compared on their item, never as a system.
    """

    name: str
    version: str
    criteria: tuple[str, ...] = ()
    primary_rater: str | None = None
    constructed: bool = False
    reference_systems: tuple[str, ...] = ()
    unknown_systems: tuple[str, ...] = ()
    system_sets: dict[str, tuple[str, ...]] = {}
    licence: str | None = None
    citation: str | None = None
    notes: tuple[str, ...] = ()


class MetaRow(_Record, frozen=True, kw_only=True):
    """One number of a meta-evaluation, long format: statistic of a metric, with its interval and its n.

    `metric` is a signature, or None where the row belongs to the slice alone (floor, human level). `p` compares `metric` with
    `against`. `support` says which outputs count: the metric's `own`, the ones `common` to both metrics, or `missing-wrong`.
    """

    judgments: str
    metric: str | None
    against: str | None = None
    component: str | None = None
    criterion: str | None = None
    slice: str = "all"
    grouping: str | None = None
    epsilon_scope: str | None = None
    raters: str | None = None
    statistic: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n_items: int = 0
    n_clusters: int = 0
    n_pairs: int = 0
    epsilon: float | None = None
    coverage: float | None = None
    support: str | None = None
    rank_cluster: int | None = None
    p: float | None = None
    p_adjusted: float | None = None
    seed: int | None = None
    note: str | None = None


class Manifest(_Record, frozen=True, kw_only=True):
    """What ran: `status` is "running" from the first moment and "done" (or "failed") at the end.

    `described` is what the judgment source and the metrics say of themselves, so that finished tables can be read without them.
    """

    command: tuple[str, ...]
    status: Literal["running", "done", "failed"]
    config: dict[str, Any]
    versions: dict[str, str] = {}
    seeds: dict[str, int] = {}
    device: str | None = None
    fingerprints: dict[str, str] = {}
    signatures: dict[str, str] = {}
    described: dict[str, Any] = {}
    counts: dict[str, int] = {}
    cost: dict[str, float] = {}
    times: dict[str, float] = {}
    notes: tuple[str, ...] = ()


RecordT = TypeVar("RecordT", bound=msgspec.Struct)
_encoder = msgspec.json.Encoder(order="sorted")
_CHUNK = 5_000


def to_json(record: msgspec.Struct) -> bytes:
    """One record as one line of UTF-8 JSON, fields in a fixed order, without a newline."""
    return _encoder.encode(record)


def from_json(line: bytes | str, kind: type[RecordT]) -> RecordT:
    """The record of one JSON line; raises `msgspec.ValidationError` naming the field that is wrong."""
    return msgspec.json.decode(line, type=kind)


def digest(records: Iterable[msgspec.Struct]) -> str:
    """sha256 over the records' JSON lines, in their order, as hex."""
    sha = hashlib.sha256()
    source = iter(records)
    while chunk := list(islice(source, _CHUNK)):
        sha.update(_encoder.encode_lines(chunk))
    return sha.hexdigest()
