"""The transformers engine as a model for lm-eval: the numbers of its `hf`, with shared prefixes read once and no row waiting.

`lm_eval_model(generator)`, or `TransformersGenerator(…).lm_eval_model()`, gives an `lm_eval.api.model.LM` for `simple_evaluate`
or `evaluate`. It is lm-eval's own HFLM in all that is text (tokens, chat templates, windows, stop sequences, cutting of what is
too long), as it is with `batch_size=1`, and another in how batches are computed:

- `loglikelihood`: requests with the same context are read together, the context once;
- `loglikelihood_rolling`: windows of like lengths together;
- `generate_until`: greedy requests in batches that rows leave when they are done. What lm-eval's tasks seldom ask for (sampling,
  beams, penalties, also those of the model's own generation config) goes through HFLM's `generate`, one request at a time.

`cache_hook.add_partial(attr, args, result)` is called for each request as soon as its result is there, with the arguments that
HFLM would give it: whoever keeps replies per request sets such a hook (`set_cache_hook`) and leaves known requests out.
`signature` names the model by its digest; `counted` is how many tokens were read and generated so far.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text

from harness_plugins.generators.engine import Answer, Wish, answers
from harness_plugins.generators.likelihoods import Likelihood, Options, log_likelihoods
from harness_plugins.generators.stops import Stops
from harness_plugins.judges.local_torch import Sampling

_GREEDY = {"do_sample", "temperature"}  # what a request may say beside its stop texts and limit to be answered by the engine
# Settings of a model's generation config that change greedy answers, with the value at which they do nothing.
_NEUTRAL: Mapping[str, Any] = {
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "encoder_repetition_penalty": 1.0,
    "num_beams": 1,
    "min_length": 0,
    "min_new_tokens": None,
    "bad_words_ids": None,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "sequence_bias": None,
    "exponential_decay_length_penalty": None,
    "guidance_scale": None,
}


class EngineLM(HFLM):
    """An LM over a loaded model and its tokenizer; `tokens` and `rows`: of a batch at most."""

    def __init__(
        self, model: Any, tokenizer: Any, *, name: str, signature: str, tokens: int, rows: int, max_length: int | None = None
    ) -> None:
        super().__init__(pretrained=model, tokenizer=tokenizer, backend="causal", batch_size=1, max_length=max_length)
        self.signature = signature
        self.counted = {"tokens_in": 0, "tokens_out": 0}
        self._name, self._tokens, self._rows = name, tokens, rows

    def get_model_info(self) -> dict[str, Any]:
        """What lm-eval writes of a model into its results."""
        told = {"model_num_parameters": self.model.num_parameters(), "model_dtype": self.model.dtype}
        return {**told, "model_revision": "main", "model_sha": "", "model_name": self._name, "signature": self.signature}

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """The sum of each text's log-likelihoods over its windows."""
        from lm_eval import utils

        windows: list[tuple[None, list[int], list[int]]] = []
        owners: list[int] = []
        for number, request in enumerate(requests):
            (text,) = request.args
            rolling = utils.get_rolling_token_windows(
                token_list=self.tok_encode(text), prefix_token=self.prefix_token_id, max_seq_len=self.max_length, context_len=1
            )
            for window in map(utils.make_disjoint_window, rolling):
                windows.append((None, *window))
                owners.append(number)
        totals = [0.0] * len(requests)
        for owner, (value, _) in zip(owners, self._loglikelihood_tokens(windows, disable_tqdm), strict=True):
            totals[owner] += value
        for request, total in zip(requests, totals, strict=True):
            self.cache_hook.add_partial("loglikelihood_rolling", request.args, total)
        return totals

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[Any, list[int], list[int]]], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        """(log-likelihood, whether greedy decoding gives it) of each (request, context, continuation), in their order."""
        asked: dict[tuple[int, ...], dict[tuple[int, ...], list[int]]] = {}
        for number, (_, context, continuation) in enumerate(requests):
            kept = max(1, self.max_length + 1 - len(continuation))
            choices = asked.setdefault(tuple(context[-kept:]), {})
            choices.setdefault(tuple(continuation), []).append(number)
        options = [Options(place, context, tuple(choices)) for place, (context, choices) in enumerate(asked.items())]
        said: list[tuple[float, bool]] = [(0.0, False)] * len(requests)
        for place, values in self._said(options):
            option = options[place]
            self.counted["tokens_in"] += len(option.prompt) + sum(len(choice) - 1 for choice in option.choices)
            for choice, value in zip(option.choices, values, strict=True):
                for number in asked[tuple(option.prompt)][choice]:
                    said[number] = (value.sum, value.greedy)
                    if requests[number][0] is not None:
                        self.cache_hook.add_partial("loglikelihood", requests[number][0], said[number])
        return said

    def _said(self, options: Sequence[Options]) -> Iterator[tuple[int, list[Likelihood]]]:
        return log_likelihoods(self.model, options, tokens=self._tokens)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """The text that each request's context goes on with, up to a stop text or the limit."""
        found: dict[int, str] = {}
        wishes: list[Wish] = []
        stops: list[Stops] = []
        numbers: list[int] = []
        ends = self._ends
        for number, request in enumerate(requests):
            kwargs: dict[str, Any] = dict(normalize_gen_kwargs(request.args[1], self.max_gen_toks))
            limit, until = int(kwargs.pop("max_gen_toks")), kwargs.pop("until", None)
            if not self._is_plain(kwargs):
                (found[number],) = super().generate_until([request], disable_tqdm=True)
                continue
            texts = handle_stop_sequences(until, eos=self.tok_decode(self.eot_token_id, skip_special_tokens=False))
            room = self.max_length - limit
            if room < 1:
                raise ValueError(f"max_gen_toks is {limit}, and the model reads {self.max_length} tokens with the prompt")
            ids, _ = self.tok_batch_encode([request.args[0]], left_truncate_len=room, truncation=self.truncation)
            wishes.append(Wish(len(wishes), ids[0].tolist(), Sampling(limit, temperature=0.0)))
            stops.append(Stops(self.tokenizer, texts))
            numbers.append(number)

        def stopped(answer: Answer) -> bool:
            return answer.tokens[-1] in ends or stops[answer.index].found(answer.tokens)

        # As in HFLM, the token that ends an answer is part of it: its text is left out only where that token is a special one.
        for answer in answers(self.model, wishes, frozenset(), stopped, rows=self._rows, tokens=self._tokens):
            self.counted["tokens_in"] += len(wishes[answer.index].prompt)
            self.counted["tokens_out"] += len(answer.tokens)
            number = numbers[answer.index]
            text = self.tok_decode(answer.tokens)
            found[number] = postprocess_generated_text(text, stops[answer.index].texts, None)
            self.cache_hook.add_partial("generate_until", requests[number].args, found[number])
        return [found[number] for number in range(len(requests))]

    def _is_plain(self, kwargs: Mapping[str, Any]) -> bool:
        """Whether the likeliest token is all that is wanted, by the request and by the model's own settings."""
        if kwargs.get("do_sample") or set(kwargs) - _GREEDY:
            return False
        config = self.model.generation_config
        return all(getattr(config, name, None) in (None, neutral) for name, neutral in _NEUTRAL.items())

    @property
    def _ends(self) -> frozenset[int]:
        said = self.model.generation_config.eos_token_id
        return frozenset(said if isinstance(said, list) else [] if said is None else [said])


def lm_eval_model(model: Any, tokenizer: Any, **settings: Any) -> EngineLM:
    """The LM; `settings` are EngineLM's."""
    return EngineLM(model, tokenizer, **settings)
