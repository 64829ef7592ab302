"""Who writes and who rates: models as a config names them."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.chat.messages import LanguageModel
from harness.config import shipped
from harness_plugins.judges.models import ModelChoice, choices_of, open_model

_OWN = ("criterion", "criteria", "prompt", "samples", "read", "output", "temperature", "max_tokens", "max_completion_tokens")


def one_model(what: str, value: Any, purpose: str) -> tuple[ModelChoice, LanguageModel]:
    """The model that a config names, and how it is reached; ValueError for several or none. Nothing is started yet."""
    found = choices_of(value, {})
    if len(found) != 1:
        raise ValueError(f"{what} is one model, got {len(found)}")
    return found[0], open_model(found[0], purpose)


def judge_of(rating: Any, writer: ModelChoice, purpose: str) -> Any:
    """The metric that rates pairs from 1 to 5: the writer's model for `true`, else the one that is named, with what of
    `llm-judge` is to be otherwise (`{model: …, samples: 3}`); None for `false`."""
    if rating is None or rating is False:
        return None
    from harness_plugins.judges.llm_judge import build

    own: dict[str, Any] = {}
    if rating is True:
        choice = writer
    else:
        given = {"model": rating} if not isinstance(rating, Mapping) else dict(rating)
        own = {name: given.pop(name) for name in _OWN if name in given}
        if "model" in given:
            choice, _ = one_model("rating", given, purpose)
        elif given:
            raise ValueError(f"rating: {', '.join(map(str, given))} without a model")
        else:
            choice = writer
    return build("direct", False, **{**_settings(), **own}, **asdict(choice))


def rating_files(rating: Any) -> list[Path]:
    """The files of the prompt and of the criteria that rating reads."""
    if rating is None or rating is False:
        return []
    from harness_plugins.judges.prompts import PromptFiles

    settings = {**_settings(), **(rating if isinstance(rating, Mapping) else {})}
    return [*PromptFiles(str(settings["prompt"])).files.values(), Path(settings["criteria"])]


def _settings() -> dict[str, str]:
    folder = shipped("configs") / "natural"
    return {"prompt": str(folder / "rating"), "criteria": str(folder / "criteria.yaml"), "criterion": "fit"}
