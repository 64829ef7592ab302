"""A retrieval-augmented model as a generator: it finds the neighbours of its own text in a database while it reads and writes."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from harness import Example, GeneratorSpec, Output, hookimpl
from harness_plugins.generators.asked import Asked
from harness_plugins.generators.decoding import check_count
from harness_plugins.generators.transformers_generator import TransformersGenerator
from harness_plugins.judges.local_files import LocalModel
from harness_plugins.judges.local_model import OpenModel
from harness_plugins.judges.local_prompts import Prompts
from harness_plugins.retro.database.writing import text_of
from harness_plugins.retro.retrieval import OpenRetrieval, open_retrieval

_WAYS = ("on", "off")


class RetroGenerator(TransformersGenerator):
    """Answers of a model that the trainer `retro` made, from its folder `model`; loaded when first asked.

    `retrieval`: `on`, or `off` for the same checkpoint without neighbours. What it retrieves from is what it was trained with,
    but for what is given: `database`, a folder with the same tokenizer and chunks; `retriever` and `retriever_params`;
    `neighbours` of each chunk. A chunk's neighbours are sought when it is finished, never in the document that the prompt is
    (an example of kind `document` with the id or the text of one of the database's). An example of kind `document` is gone on
    from at its end, or after its first `prompt_tokens`, whatever the `style`. `meta` of an output holds the neighbours that were
    read, by chunk.

    Everything else is as in the generator `transformers`. Prompts of one length are read together, others one after the other.
    Raises ValueError for parameters that do not fit, PluginError or InputError for a model or a database that cannot be used.
    """

    def __init__(
        self,
        model: str,
        *,
        retrieval: str | bool = "on",
        database: str | None = None,
        retriever: str | None = None,
        retriever_params: Mapping[str, Any] | None = None,
        neighbours: int | None = None,
        prompt_tokens: int | None = None,
        style: str = "plain",
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        top_p: float = 1.0,
        beams: int = 1,
        samples: int = 1,
        stop: str | Sequence[str] = (),
        seed: int = 0,
        device: str = "auto",
        dtype: str = "float32",
        rows: int | None = None,
        batch_tokens: int | None = None,
        ahead: int | None = None,
    ) -> None:
        way = {True: "on", False: "off"}.get(retrieval, retrieval) if isinstance(retrieval, bool) else retrieval
        if way not in _WAYS:
            raise ValueError(f"retrieval is on or off, got {retrieval!r}")
        if prompt_tokens is not None:
            check_count("prompt_tokens", prompt_tokens)
        given = {"database": database, "retriever": retriever, "retriever_params": retriever_params, "neighbours": neighbours}
        useless = [name for name, value in given.items() if value is not None]
        if way == "off" and useless:
            raise ValueError(f"retrieval=off reads no neighbours: leave out {', '.join(useless)}")
        super().__init__(
            model,
            style=style,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            beams=beams,
            samples=samples,
            stop=stop,
            seed=seed,
            device=device,
            dtype=dtype,
            rows=rows,
            batch_tokens=batch_tokens,
            ahead=ahead,
        )
        folder = self._model.folder
        self._retrieval = open_retrieval(folder, database, retriever, retriever_params, neighbours) if way == "on" else None
        self._prompt_tokens = prompt_tokens
        self._open = OpenRetro(self._model, device, dtype, self._retrieval)
        self._weights += f"|retrieval:{'off' if self._retrieval is None else self._retrieval.signature}"
        cut = "" if prompt_tokens is None else f"|prompt:{prompt_tokens}"
        self.signature = f"retro|model:{self._weights}|style:{self.style}{cut}|{self.how.signature}|v:1"

    def generate_as_done(self, examples: Sequence[Example]) -> Iterator[Output]:
        if examples and self._retrieval is not None:
            self._open.loaded.owners.clear()  # answers depend on these examples alone, not on those asked before
        yield from super().generate_as_done(examples)

    def _asked(self, example: Example) -> Asked:
        if example.kind != "document":
            return super()._asked(example)
        text = text_of(example)
        asked = Asked(example, self._open.prompts.tokens(text)[: self._prompt_tokens])
        if self._retrieval is not None:
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            own = self._retrieval.database.number_of.get(example.id, self._texts.get(digest, -1))
            if own >= 0:
                self._open.loaded.owners[tuple(asked.prompt)] = own
        return asked

    @cached_property
    def _texts(self) -> dict[str, int]:
        """sha256 of a document's text → its number in the database."""
        assert self._retrieval is not None
        return {entry.sha256: number for number, entry in enumerate(self._retrieval.database.entries)}

    def _output(self, asked: Asked, sample: int, tokens: list[int], finish: Any) -> Output:
        import msgspec

        output = super()._output(asked, sample, tokens, finish)
        if self._retrieval is None:
            return output
        ended = finish == "stop" and not any(stop in self._open.prompts.decode(tokens) for stop in self.how.stop)
        read = [*asked.prompt, *(tokens if ended else tokens[:-1])]  # by its own end a model answers all that it wrote
        chunk = self._retrieval.database.chunk
        chunks = [read[start : start + chunk] for start in range(0, len(read) - chunk + 1, chunk)]
        live = self._open.loaded
        own = live.owners.get(tuple(asked.prompt), -1)
        found = [[number for number in row if number >= 0] for row in live.numbers(chunks, [own] * len(chunks))]
        return msgspec.structs.replace(output, meta={**output.meta, "neighbours": found})


class OpenRetro(OpenModel):
    """The model on a device, which retrieves; or its decoder alone, which is the model with retrieval OFF exactly."""

    def __init__(self, found: LocalModel, device: str, dtype: str, retrieval: OpenRetrieval | None) -> None:
        super().__init__(found, device, dtype)
        self.retrieval = retrieval

    @cached_property
    def loaded(self) -> Any:
        from harness_plugins.retro.live import LiveModel, load_retro

        model = self.put(load_retro)
        if self.retrieval is not None:
            return LiveModel(model, self.retrieval)
        model.decoder.generation_config = model.generation_config
        return model.decoder

    @cached_property
    def prompts(self) -> Prompts:
        return _Plain(self.tokenizer, self.found.name)


class _Plain(Prompts):
    """Prompts without a token that their text does not have: chunks of the database have none either."""

    def tokens(self, rendered: str) -> list[int]:
        return self._plain(rendered)


@hookimpl
def harness_generators() -> list[GeneratorSpec]:
    return [
        GeneratorSpec(
            "retro",
            build=RetroGenerator,
            help="a retrieval-augmented model, which finds the neighbours of its own text in a database; or without (OFF)",
            extra="retro",
            argument="model",
            cost="gpu",
        )
    ]
