r"""Names of several raters in one text, as a MetaRow holds them: `anna+bo`, a + that is part of a name written as `\+`."""

import re
from collections.abc import Iterable


def join_names(names: Iterable[str]) -> str:
    r"""The names with + between them; before a + or a backslash within a name stands a backslash."""
    return "+".join(re.sub(r"[\\+]", r"\\\g<0>", name) for name in names)


def split_names(text: str) -> list[str]:
    """The names that `join_names` joined; none for an empty text."""
    found = re.findall(r"((?:[^\\+]|\\.)*)(?:\+|\Z)", text, re.DOTALL)
    # the pattern also matches the empty end after the last name
    return [re.sub(r"\\(.)", r"\1", name, flags=re.DOTALL) for name in found[:-1]] if text else []
