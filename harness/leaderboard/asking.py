"""A model as lm-eval asks it, answered from what is kept, or asked and kept as it arrives."""

import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from harness.cache import cache_key
from harness.errors import PluginError
from harness.leaderboard.replies import Replies, Reply, plain
from harness.leaderboard.surroundings import seed_all

_ABSENT = "\0no reply came\0"
_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)
_ROLLING = 8  # texts of which lm-eval's models tell the log-likelihood together, and only at the end


class KeptModel:
    """A model as lm-eval wants it (an `LM` in all but its class), which is opened when something is asked that is not kept.

    `used` are the replies of the task at hand; `report(done, total)` says how far it is.
    """

    rank = 0
    world_size = 1

    def __init__(self, name: str, signature: str, open_model: Callable[[], Any], replies: Replies) -> None:
        self.name, self.signature = name, signature
        self.used: list[Reply] = []
        self.report: Callable[[int, int], None] = lambda done, total: None
        self._open_model, self._replies = open_model, replies
        self._opened: Any = None
        self._problem: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.opened, name)

    @property
    def opened(self) -> Any:
        """The model itself."""
        if self._opened is None and self._problem is None:
            try:
                self._opened = self._open_model()
                seed_all()  # torch may have come with the model
            except Exception as error:  # whatever it raises is raised for every task, without loading for each
                self._problem = error
        if self._problem is not None:
            raise self._problem
        return self._opened

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    def close(self) -> None:
        """Lets the model go: the next one may need its memory."""
        torch = sys.modules.get("torch")
        if self._opened is None or torch is None:
            return
        import gc

        self._opened = None
        gc.collect()  # models hold themselves in circles
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def apply_chat_template(self, chat_history: Any, add_generation_prompt: bool = True) -> str:
        """The turns as one prompt; PluginError where the model has no template."""
        try:
            return self.opened.apply_chat_template(chat_history, add_generation_prompt=add_generation_prompt)
        except (ValueError, NotImplementedError) as error:
            if "template" not in str(error):
                raise
            raise PluginError(
                f"model {self.name!r} has no chat template ({_short(error)}): leave out `chat: true`, or give it a template"
            ) from error

    @property
    def tokenizer_name(self) -> str:
        """lm-eval keeps prompts under this name; none are kept here."""
        return self.signature

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        return [(value, greedy) for value, greedy in self._answers("loglikelihood", requests)]

    def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
        return self._answers("loglikelihood_rolling", requests)

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        return self._answers("generate_until", requests)

    def _answers(self, kind: str, requests: Sequence[Any]) -> list[Any]:
        """What the model says to each request, in their order."""
        keys = self._keys(kind, requests)
        missing = [place for place, key in enumerate(keys) if self._replies.get(key) is None]
        self.report(len(keys) - len(missing), len(keys))
        if missing:
            size = _ROLLING if kind == "loglikelihood_rolling" else len(missing)
            arriving = _Arriving(self, self._replies, kind, len(keys), len(missing))
            try:
                for start in range(0, len(missing), size):
                    some = missing[start : start + size]
                    self._ask(kind, [requests[place] for place in some], [keys[place] for place in some], arriving)
            finally:
                self._replies.flush()
        self._replies.flush()
        found = [self._replies.get(key) for key in keys]
        left = sum(one is None for one in found)
        if left:
            raise PluginError(
                f"model {self.name!r}: {left:,} of {len(keys):,} replies could not be had; the others are kept, and the same "
                "command asks for the rest again"
            )
        replies = [one for one in found if one is not None]
        self.used += replies
        return [json.loads(one.said) for one in replies]

    def _ask(self, kind: str, requests: Sequence[Any], keys: Sequence[str], arriving: "_Arriving") -> None:
        model = self.opened
        arriving.expect(kind, requests, keys, model)
        if hasattr(model, "set_cache_hook"):
            model.set_cache_hook(arriving)
        try:
            with _marked_absence(model):
                said = getattr(model, kind)(list(requests))
        except (RuntimeError, MemoryError) as error:
            if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(str(error)):
                raise
            raise PluginError(
                f"model {self.name!r} ran out of memory ({_short(error)}): lower what it computes at once (`batch_size` of "
                "lm-eval's models, `rows` or `batch_tokens` of a generator) or `max_length`; what was answered is kept, and the "
                "same command goes on from there"
            ) from error
        for key, request, reply in zip(keys, requests, said, strict=True):
            arriving.arrived(key, request.args, reply)

    def _keys(self, kind: str, requests: Sequence[Any]) -> list[str]:
        seen: Counter[str] = Counter()
        keys = []
        for request in requests:
            asked = plain(request.args)
            text = json.dumps(asked, sort_keys=True)
            keys.append(cache_key(model=self.signature, kind=kind, request=asked, number=seen[text]))
            seen[text] += 1
        return keys


class _Arriving:
    """lm-eval's models tell each reply to such a hook (`add_partial`) as soon as it is there; those that do not, at the end."""

    def __init__(self, owner: KeptModel, replies: Replies, kind: str, total: int, missing: int) -> None:
        self._owner, self._replies, self._kind = owner, replies, kind
        self._total, self._done = total, total - missing
        self._waiting: dict[str, list[str]] = defaultdict(list)
        self._left: set[str] = set()
        self._model: Any = None
        self._counts = True

    def expect(self, kind: str, requests: Sequence[Any], keys: Sequence[str], model: Any) -> None:
        self._model = model
        self._waiting.clear()
        for request, key in zip(requests, keys, strict=True):
            self._waiting[_told(request.args)].append(key)
        self._left = set(keys)
        self._since = time.monotonic()

    def add_partial(self, kind: str, args: Any, reply: Any) -> None:
        """lm-eval's hook: one request's reply. A request that a model makes up for itself is passed over."""
        waiting = self._waiting.get(_told(args)) if kind == self._kind else None
        if waiting:
            self.arrived(waiting.pop(0), args, reply)

    def arrived(self, key: str, args: Any, reply: Any) -> None:
        if key not in self._left or reply is None or reply == _ABSENT:
            return
        self._left.discard(key)
        now = time.monotonic()
        read, written = self._tokens(args, reply)
        usd = getattr(self._model, "usd", {}).get(_told(args))
        said = json.dumps(plain(reply), ensure_ascii=False)
        seconds, cut = now - self._since, self._is_cut(args, read)
        self._replies.put(Reply(key=key, said=said, seconds=seconds, read=read, written=written, usd=usd, cut=cut))
        self._since = now
        self._done += 1
        self._owner.report(self._done, self._total)

    def _tokens(self, args: Any, reply: Any) -> tuple[int | None, int | None]:
        """How many tokens were read and written, None where the model does not tell."""
        texts = [part for part in args if isinstance(part, str)]
        read = self._count("".join(texts)) if texts else None
        return read, (self._count(reply) if isinstance(reply, str) else 0 if read is not None else None)

    def _is_cut(self, args: Any, read: int | None) -> bool:
        """Whether lm-eval's models cut the prompt: it stands in their log, a line a prompt, if at all."""
        longest = getattr(self._model, "max_length", None)
        if read is None or not isinstance(longest, int):
            return False
        if self._kind == "generate_until":
            return read > longest - int(args[1].get("max_gen_toks", getattr(self._model, "max_gen_toks", 0)))
        return self._kind == "loglikelihood" and read > longest + 1  # the last token is not read

    def _count(self, text: str) -> int | None:
        if not self._counts or vars(self._model).get("tokenizer") is None:  # one that is fetched when it is looked at is not
            return None
        try:
            tokens = self._model.tok_encode(text)
        except Exception:  # models without a tokenizer here say so in many ways; the count is then missing, not wrong
            tokens = None
        self._counts = isinstance(tokens, (list, tuple)) and not isinstance(tokens, str)
        return len(tokens) if self._counts and tokens is not None else None


def _told(args: Any) -> str:
    return json.dumps(plain(tuple(args)), sort_keys=True)


@contextmanager
def _marked_absence(model: Any) -> Iterator[None]:
    """While this lasts, lm-eval's models of endpoints put `_ABSENT` in place of a reply that did not come; by default it is an
    empty text, which is an answer, too."""
    if not any(one.__name__ == "TemplateAPI" for one in type(model).__mro__):  # its module would import torch
        yield
        return
    from lm_eval.models import api_models

    before = api_models.LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER
    api_models.LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER = _ABSENT
    try:
        yield
    finally:
        api_models.LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER = before


def _short(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
