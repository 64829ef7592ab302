"""Recording what judges reply: asked for real and kept, or replies that are there put under the requests of today."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from harness.chat.messages import CallPlan, Reply, Request
from harness.chat.openings import Overheard
from harness.chat.store import key_of
from harness.chat.transcript import About, Asked, Said, Transcript, asked, replied, said
from harness.errors import HarnessError
from harness.gate.judges import build_heard, verdicts_of
from harness.gate.judges_config import GatedJudge
from harness.judgments import JudgmentSet
from harness.registry import Registry
from harness.stages.score import score
from harness.verdicts import Verdict

Form = tuple[str, frozenset[str]]  # a judge, and the parameters that its requests have


def record(judge: GatedJudge, data: JudgmentSet, registry: Registry) -> Transcript:
    """Asks the judge about the answers, through the user's store of replies, and returns what it said.

    Raises HarnessError where some requests have no reply; what was received is kept, and the same command goes on from there.
    """
    models: dict[str, str] = {}
    metric, heard = build_heard(judge, registry, models)
    score(data, [metric])
    verdicts = verdicts_of(metric, data)
    failed = [verdict for verdict in verdicts if verdict.status in ("error", "not-recorded")]
    if failed:
        raise HarnessError(
            f"{judge.label}: {len(failed)} of {len(verdicts)} verdicts have no reply, the first for "
            f"{' + '.join(failed[0].targets)}: {failed[0].detail or failed[0].status}. What was received is kept; run it again"
        )
    names = dict.fromkeys(verdict.judge for verdict in verdicts)
    origin = f"{', '.join(names)}, recorded on {datetime.now(UTC).date().isoformat()}"
    return _transcript(About(metric=judge.label, origin=origin, models=models), verdicts, heard)


def rekeyed(
    judge: GatedJudge,
    data: JudgmentSet,
    registry: Registry,
    replies: Transcript,
    write: Callable[[Verdict, Request, Reply | None], Reply | None] = lambda verdict, request, reply: reply,
) -> Transcript:
    """The same replies under the requests of today, which may have another prompt: each by its outputs, judge and sample.

    For replies that were written by hand; of a real model this would say that it replied to what it never saw. A request that
    has no reply is left out. `write` says each reply, given the one that there was.
    """
    known = {(tuple(one.of), one.judge, one.sample, name): one for one in replies.replies for name in one.criteria or [""]}
    taken = frozenset((one.judge, frozenset(one.params)) for one in replies.requests)
    metric, heard = build_heard(judge, registry, dict(replies.about.models), lambda model: _Blank(model.name, taken))
    score(data, [metric])
    found: list[Verdict] = []
    for verdict in verdicts_of(metric, data):
        own = (verdict.targets, verdict.judge, verdict.sample)
        old = known.get((*own, verdict.criterion or "")) or known.get((*own, ""))
        for model in heard:
            request = model.requests.get(verdict.key or "") if model.name == verdict.judge else None
            if request is None or verdict.key is None:
                continue
            new = write(verdict, request, None if old is None else replied(old, verdict.key))
            if new is not None:
                model.replies[verdict.key] = new
                found.append(verdict)
    return _transcript(replies.about, found, heard)


class _Blank:
    """A model that says nothing, and takes only such requests as it took before, if any are known."""

    def __init__(self, name: str, taken: frozenset[Form]) -> None:
        self.name = name
        self._taken = taken

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """An empty reply to each, or the error of a server that does not offer what a request asks for."""
        return [self._reply(request) for request in requests]

    def stored(self, requests: Sequence[Request]) -> list[Reply]:
        """The same: verdicts are made of what is stored."""
        return self.ask(requests)

    def plan(self, requests: Sequence[Request]) -> CallPlan:
        """Nothing that costs."""
        return CallPlan(judge=self.name, calls=0, cached=len(requests), tokens_in=0, tokens_out=0, price=0.0)

    def _reply(self, request: Request) -> Reply:
        key = key_of(self.name, request)
        if self._taken and (self.name, frozenset(request.params)) not in self._taken:
            return Reply(key=key, status="error", detail="HTTP 400: not recorded in this form")
        return Reply(key=key, status="ok", text="")


def _transcript(about: About, verdicts: Sequence[Verdict], heard: Sequence[Overheard]) -> Transcript:
    """The replies that the verdicts were read from, each once, and of each kind of request the first whole."""
    requests: dict[tuple[object, ...], Asked] = {}
    replies: dict[str, Said] = {}
    criteria: dict[str | None, list[str]] = {}
    for verdict in verdicts:
        criteria.setdefault(verdict.key, []).append(verdict.criterion or "")
    several = len({verdict.criterion for verdict in verdicts}) > 1
    for verdict in verdicts:
        key = verdict.key
        if key is None or key in replies:
            continue
        request, reply = next((model.requests[key], model.replies[key]) for model in heard if key in model.requests)
        replies[key] = said(
            verdict.targets, verdict.judge, verdict.sample, dict.fromkeys(criteria[key]) if several else (), reply
        )
        kind = (verdict.judge, verdict.prompt, len(verdict.targets), msgspec.json.encode(request.params, order="deterministic"))
        requests.setdefault(kind, asked(verdict.judge, key, request))
    return Transcript(about=about, requests=tuple(requests.values()), replies=tuple(replies.values()))
