"""How an example becomes the text that a model goes on from, and the answer that training puts after it."""

from collections.abc import Sequence
from typing import Literal, get_args

from harness.errors import PluginError
from harness.records import Example
from harness_plugins.judges.local_prompts import Prompts

Style = Literal["chat", "sweinstruct", "alpaca", "plain"]
STYLES: tuple[str, ...] = get_args(Style)
# Taori et al. 2023 (Alpaca), the form without a separate input: our instructions hold theirs.
_ALPACA = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Response:\n"
)


def prompt_of(example: Example, style: Style, prompts: Prompts) -> str:
    """The text of an example that a model goes on from.

    `chat`: the model's own template. `sweinstruct`: `input: …\\noutput: ` of
    Holmström & Doostmohammadi 2023, the constraints that stand in meta on a line of their own. `alpaca`: Taori et al. 2023.
    `plain`: the messages' text alone. Raises PluginError for an example without messages, turns that a style has no words for, or
    a model without a template.
    """
    turns = [(message.role, message.text) for message in example.messages]
    if not turns:
        raise PluginError(f"example {example.id!r} has no messages to go on from")
    if style == "plain":
        return "\n".join(text for _, text in turns)
    if style == "chat":
        if not prompts.has_template:
            raise PluginError(f"model {prompts.name!r} has no chat template: set style to sweinstruct, alpaca or plain")
        return prompts.render([_chat_turn(role, text, example) for role, text in turns])
    instruction = _only_instruction(turns, example, style)
    if style == "alpaca":
        return _ALPACA.replace("{instruction}", instruction)
    constraints = example.meta.get("constraints")
    middle = f"{constraints}\n" if isinstance(constraints, str) and constraints.strip() else ""
    return f"input: {instruction}\n{middle}output: "


def check_style(style: str) -> Style:
    """The style, if there is one of that name; ValueError otherwise."""
    if style not in STYLES:
        raise ValueError(f"style is one of {', '.join(STYLES)}, got {style!r}")
    return style  # type: ignore[return-value]  # just seen to be one of them


def _chat_turn(role: str, text: str, example: Example) -> tuple[str, str]:
    if role not in ("system", "user", "assistant"):
        raise PluginError(f"example {example.id!r}: a chat template has no role {role!r}; use style=plain")
    return role, text


def _only_instruction(turns: Sequence[tuple[str, str]], example: Example, style: str) -> str:
    """What the user says, the system's words before it."""
    if [role for role, _ in turns if role != "system"] != ["user"]:
        raise PluginError(f"example {example.id!r} has several turns, for which style={style} has no words; use style=chat")
    return "\n\n".join(text for _, text in turns)
