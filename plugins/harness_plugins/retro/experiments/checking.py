"""What a config of an experiment names is looked at before anything is computed: the model's shape, retrievers, paraphrases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.yaml_lines import Document, read_yaml
from harness_plugins.retro.experiments.config import Experiment, read_experiment

_BYTES = 256  # tokens of a vocabulary that is not trained yet, at least


def checked_experiment(path: Path) -> Experiment:
    """The experiment in the file. ConfigError names file, line and key of what cannot be: besides what `read_experiment` says, a
    shape of which no model can be made (tried without weights), retrievers, and paraphrases that cannot be had."""
    found, document = read_experiment(path), read_yaml(path)
    _check_shape(found, document)
    how = found.training
    _told(lambda: _check_retriever(how.retriever, how.retriever_params), document, "training", "retriever")
    for name, one in found.measure.retrievers.items():
        keys = ("measure", "retrievers", name)
        _told(lambda one=one: _check_retriever(one["retriever"], one.get("params")), document, *keys)  # type: ignore[misc]
    if found.text.questions is not None:
        from harness_plugins.retro.experiments.question_files import read_questions

        named = found.text.questions
        _told(lambda: read_questions(named), document, "text", "questions")
    if found.paraphrases is not None:
        from harness_plugins.retro.experiments.paraphrases import check_paraphrases

        _told(lambda: check_paraphrases(found.paraphrases), document, "paraphrases")
    return found


def _check_shape(found: Experiment, document: Document) -> None:
    from harness_plugins.judges.local_files import longest_prompt
    from harness_plugins.retro.shapes import ShapeError, checked_shape

    how, text = found.training, found.text
    ids = {"vocabulary": _BYTES, "chunk": text.chunk, "pad": None, "end": None}
    try:
        config = checked_shape(how.preset, how.decoder, how.model, neighbours=how.neighbours, **ids)  # type: ignore[arg-type]
    except ShapeError as error:
        raise document.error(str(error).removeprefix(f"{error.part}: "), "training", error.part) from error
    longest = longest_prompt(config)
    if longest is not None and text.length > longest:
        raise document.error(f"the model reads {longest:,} tokens at most, not sequences of {text.length:,}", "text", "length")


def _check_retriever(name: Any, params: Any) -> None:
    from harness_plugins.retro.retrievers.base import check_parameters

    check_parameters(str(name), params)


def _told(check: Callable[[], object], document: Document, *keys: str) -> None:
    """What a check says, as an error of the config at these keys."""
    try:
        check()
    except HarnessError as error:
        raise document.error(str(error).removeprefix(f"{keys[0]}: "), *keys) from error
