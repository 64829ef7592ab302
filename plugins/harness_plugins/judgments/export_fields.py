"""Which field of an annotation tool's task holds what: found by the usual names, or named by the user's parameters."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import InputError, did_you_mean
from harness_plugins.judgments.table_columns import ALIASES, FORMS, SWEDISH

ROLES = ("source", "instruction", "language", "task", "form", "cluster", "parallel_id")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
Pairs = Mapping[str, Any] | Sequence[str] | None


@dataclass(frozen=True)
class FieldMap:
    """Where a task keeps what. `systems` stands beside `outputs`: a field that names the system, or the system's own name.

    `item` None: the task's id is the item. `constants`: role → one value for all tasks.
    """

    item: str | None
    outputs: tuple[str, ...]
    systems: tuple[str, ...]
    roles: Mapping[str, str]
    constants: Mapping[str, str]
    references: tuple[str, ...]

    @property
    def used(self) -> set[str]:
        """The fields that say something."""
        item = () if self.item is None else (self.item,)
        return {*item, *self.outputs, *self.systems, *self.roles.values(), *self.references}


def find_fields(label: str, fields: Iterable[str], given: Mapping[str, Any]) -> FieldMap:
    """The map of a file whose tasks have these fields; raises InputError naming what is not there and what to give.

    `given`: role → field as the user names it, `outputs` and `systems` (lists) among them; None where not given.
    """
    known = tuple(dict.fromkeys(fields))
    told = {role: value for role, value in given.items() if value is not None}
    if "output" in told and "outputs" in told:
        raise InputError(f"{label}: give output (one a task) or outputs (several a task), not both")
    constants = {role: told.pop(role) for role in ("language", "form") if _is_constant(role, told.get(role), known)}
    references = tuple(_named(label, known, name, "reference") for name in _list(told.pop("reference", ())))
    outputs = _outputs(label, known, told)
    systems = _systems(label, known, told, outputs)
    claimed = {*outputs, *systems, *references}
    roles: dict[str, str] = {}
    for role in ("item", *ROLES):
        if role in told:
            roles[role] = _named(label, known, told[role], role)
        elif role not in constants:
            found = _guess(label, known, role, claimed)
            if found is not None:
                roles[role] = found
        claimed |= {roles[role]} if role in roles else set()
    if not references:
        found = _guess(label, known, "reference", claimed)
        references = () if found is None else (found,)
    return FieldMap(roles.pop("item", None), outputs, systems, roles, constants, references)


def pairs(key: str, value: Pairs) -> dict[str, Any]:
    """`[a:b, c]` (or a mapping) as a mapping; a word without a colon maps to itself."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): meant for name, meant in value.items()}
    found: dict[str, Any] = {}
    for word in [value] if isinstance(value, str) else value:
        name, colon, meant = str(word).rpartition(":")
        name, meant = (name.strip(), meant.strip()) if colon else (meant.strip(), meant.strip())
        if not name or not meant:
            raise ValueError(f"{key} is a list of NAME:MEANING, got {word!r}")
        found[name] = meant
    return found


def _outputs(label: str, known: Sequence[str], told: Mapping[str, Any]) -> tuple[str, ...]:
    if "outputs" in told:
        return tuple(_named(label, known, name, "outputs") for name in _list(told["outputs"]))
    if "output" in told:
        return (_named(label, known, told["output"], "output"),)
    found = _guess(label, known, "output", set())
    if found is None:
        raise InputError(
            f"{label}: no field of the tasks holds the output (looked for {', '.join(ALIASES['output'])}); give output=FIELD, "
            f"or outputs=[FIELD, FIELD] where a task shows several. The fields are: {', '.join(known) or 'none'}"
        )
    return (found,)


def _systems(label: str, known: Sequence[str], told: Mapping[str, Any], outputs: Sequence[str]) -> tuple[str, ...]:
    if "systems" in told and "system" in told:
        raise InputError(f"{label}: give system or systems, not both")
    if "systems" in told:
        systems = tuple(map(str, _list(told["systems"])))
        if len(systems) != len(outputs):
            raise InputError(f"{label}: systems names one field or system for each of the {len(outputs)} outputs, got {systems}")
        return systems
    if "system" in told:
        if len(outputs) > 1:
            raise InputError(f"{label}: a task shows {len(outputs)} outputs; give systems=[…], one for each")
        return (str(told["system"]),)
    found = _guess(label, known, "system", set(outputs)) if len(outputs) == 1 else None
    return tuple(outputs) if found is None else (found,)


def _is_constant(role: str, value: Any, known: Sequence[str]) -> bool:
    if not isinstance(value, str) or value in known:
        return False
    return (role == "language" and bool(_LANGUAGE_TAG.match(value))) or (role == "form" and value in FORMS)


def _named(label: str, known: Sequence[str], name: Any, key: str) -> str:
    if name not in known:
        raise InputError(f"{label}: the tasks have no field {name!r} ({key}).{did_you_mean(str(name), known)}")
    return str(name)


def _guess(label: str, known: Sequence[str], role: str, claimed: set[str]) -> str | None:
    free = [field for field in known if field not in claimed]
    for names in (ALIASES[role], SWEDISH.get(role, ())):
        wanted = [name for name in names if role != "item" or name != "id"]  # a task's own id is not its item's
        found = [field for field in free if field.casefold() in wanted]
        own = [field for field in found if field.casefold() == role]
        if len(own) == 1 or len(found) == 1:
            return (own or found)[0]
        if found:
            listed = ", ".join(map(repr, found))
            raise InputError(f"{label}: fields {listed} could each be the {role}; say which: {role}={found[0]}")
    return None


def _list(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, str) else list(value)
