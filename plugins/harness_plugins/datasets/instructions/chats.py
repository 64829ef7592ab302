"""Rows out of conversations: OASST's trees, ShareGPT, lists of messages, questions in turns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.errors import InputError
from harness_plugins.datasets.instructions.files import Found
from harness_plugins.datasets.instructions.rows import OUTPUT, Row, row_digest

_ROLES = {
    "system": "system", "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "bard": "assistant", "bing": "assistant", "chatgpt": "assistant",
    "model": "assistant", "bot": "assistant",
}  # fmt: skip
_TOOLS = {"tool", "function", "function_call", "observation"}


def sharegpt_rows(found: Found) -> Iterator[Row]:
    """A conversation with `from` and `value`."""
    said = [(message["from"], message["value"]) for message in found.record["conversations"]]
    yield chat_row(found, said, found.record.get("id"))


def messages_rows(found: Found) -> Iterator[Row]:
    """A list of messages with `role` and `content`."""
    said = [(message["role"], message["content"]) for message in found.record["messages"]]
    name = next((found.record[key] for key in ("id", "prompt_id", "conversation_id") if found.record.get(key)), None)
    yield chat_row(found, said, name)


def turns_rows(found: Found) -> Iterator[Row]:
    """Questions one after another, with reference answers for some (MT-Bench)."""
    turns, answers = found.record["turns"], found.record.get("reference") or []
    said: list[tuple[str, Any]] = []
    for place, turn in enumerate(turns):
        said.append(("user", turn))
        if place < len(answers):
            said.append(("assistant", answers[place]))
    yield chat_row(found, said, found.record["question_id"], task=found.record.get("category"))


def oasst_rows(found: Found) -> Iterator[Row]:
    """One row a tree: from the prompt always along the reply that people ranked first, to the last answer."""
    record = found.record
    node = record["prompt"]
    language, said = node.get("lang"), [(node["role"], node["text"])]
    while best := _best(node.get("replies") or ()):
        node = best
        said.append((node["role"], node["text"]))
    yield chat_row(found, said, record["message_tree_id"], language=language)


def oasst_trees(messages: Iterable[Found]) -> Iterator[Found]:
    """Trees out of a flat list of their messages, which stand together tree by tree; InputError where a tree comes twice."""
    done: set[str] = set()
    tree: list[Mapping[str, Any]] = []
    last: Found | None = None
    for found in messages:
        name = str(found.record.get("message_tree_id") or found.record["message_id"])
        if tree and name != tree[0]["_tree"]:
            assert last is not None  # a tree has messages
            done.add(tree[0]["_tree"])
            yield _tree(tree, last)
            tree = []
        if name in done:
            raise InputError(f"{found.place}: tree {name} goes on here after another one; sort the messages by message_tree_id")
        tree.append({**found.record, "_tree": name})
        last = found
    if tree and last is not None:
        yield _tree(tree, last)


def chat_row(found: Found, said: Sequence[tuple[Any, Any]], name: Any = None, **fields: Any) -> Row:
    """The row of a conversation; what follows the last answer is left out, and messages of one role in a row are joined."""
    turns: list[tuple[str, str]] = []
    odd: tuple[str, str] | None = None
    for role, text in said:
        known = _ROLES.get(str(role).casefold())
        if known is None:
            reason = "tool-messages" if str(role).casefold() in _TOOLS else "unknown-role"
            odd = odd or (reason, f"{found.place}: a message of role {role!r}")
            continue
        text = _content(found, text)
        if turns and turns[-1][0] == known:
            turns[-1] = (known, f"{turns[-1][1]}\n\n{text}")
        elif text:
            turns.append((known, text))
    while turns and turns[-1][0] != "assistant":
        turns.pop()
    texts = _texts(turns)
    if not turns:
        odd = odd or ("no-output", f"{found.place}: the conversation has no answer")
    elif next((role for role, _ in turns if role != "system"), None) != "user":
        odd = odd or ("no-question", f"{found.place}: the conversation begins with an answer")
    named = str(name) if isinstance(name, str | int) and str(name).strip() else row_digest(texts or {"said": repr(said)})
    return Row(named, texts, odd=odd, **fields)


def _texts(turns: Sequence[tuple[str, str]]) -> dict[str, str]:
    """One question is an instruction; more are numbered by their place."""
    texts: dict[str, str] = {}
    if turns and turns[0][0] == "system":
        texts["system"] = turns[0][1]
        turns = turns[1:]
    if len(turns) == 2:
        return {**texts, "instruction": turns[0][1], OUTPUT: turns[1][1]}
    for place, (role, text) in enumerate(turns, 1):
        texts[OUTPUT if place == len(turns) else f"{role}-{place}"] = text
    return texts


def _content(found: Found, content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, list) and all(isinstance(part, Mapping) for part in content):
        return "\n".join(str(part.get("text") or "") for part in content if part.get("type", "text") == "text").strip()
    raise InputError(f"{found.place}: a message's text is to be text, got {type(content).__name__}")


def _best(replies: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The reply ranked first of those that people let stand; the first one where nobody ranked."""
    good = [reply for reply in replies if not reply.get("deleted") and reply.get("review_result") is not False]
    return min(good, key=lambda reply: (_rank(reply), str(reply.get("message_id"))), default=None)


def _rank(reply: Mapping[str, Any]) -> float:
    rank = reply.get("rank")
    return float(rank) if isinstance(rank, int | float) else float("inf")


def _tree(messages: Sequence[Mapping[str, Any]], last: Found) -> Found:
    nodes = {str(message["message_id"]): {**message, "replies": []} for message in messages}
    root = None
    for message in messages:
        parent = message.get("parent_id")
        if parent is None:
            root = nodes[str(message["message_id"])]
        elif str(parent) in nodes:
            nodes[str(parent)]["replies"].append(nodes[str(message["message_id"])])
    if root is None:
        raise InputError(f"{last.place}: tree {messages[0]['_tree']} has no first message (one whose parent_id is empty)")
    return Found({"message_tree_id": messages[0]["_tree"], "prompt": root}, last.stem, last.place)
