"""Reads template sets out of YAML files: the shipped ones, the user's own, either with what a build config says otherwise."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from harness.config import shipped
from harness.errors import HarnessError, PluginError, did_you_mean
from harness.yaml_lines import Document, read_yaml
from harness_plugins.datasets.template.engine import Engine, Expression, Template
from harness_plugins.datasets.template.problems import TemplateProblem
from harness_plugins.datasets.template.sets import BUILT_IN, AsideRule, InstructionTemplate, TemplateSet, problem_of

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*\Z")
_TEXTS = (
    "set",
    "title",
    "language",
    "response_language",
    "licence",
    "citation",
    "task",
    "form",
    "data",
    "dataset",
    "config",
    "revision",
    "within",
)
_EXPRESSIONS = ("id", "cluster", "label", "choices", "source")
_KEYS = (
    *_TEXTS,
    *_EXPRESSIONS,
    "documents",
    "notes",
    "needs",
    "columns",
    "fields",
    "splits",
    "evaluation",
    "answers",
    "set_aside",
)
_TEMPLATE_KEYS = ("id", "instruction", "response", "answers", "choices")
_OVERRIDES = (*_KEYS, "use", "per_item", "templates")


def template_set(name: str, overrides: Mapping[str, Any], language: str) -> TemplateSet:
    """The set of a shipped name (`swefaq`) or of the user's YAML file, with what the build config says otherwise.

    Raises ConfigError naming the file, the line and the key of what is wrong, PluginError for an unknown set.
    """
    document = read_yaml(find_set(name, language))
    for key in overrides:
        if key not in _OVERRIDES:
            raise PluginError(f"template set {name!r}: unknown key {key!r}.{did_you_mean(key, _OVERRIDES)}")
    return _Reader(document, overrides).read()


def find_set(name: str, language: str) -> Path:
    """The file of a set: a path that ends in .yaml, or a shipped one's name."""
    if not isinstance(name, str) or not name:
        raise PluginError(f"a template set is a shipped one's name or a YAML file, got {name!r:.60}")
    if name.endswith((".yaml", ".yml")):
        path = Path(name).expanduser()
        if not path.is_file():
            raise PluginError(f"there is no file {name}, where a template set should be")
        return path
    folder = shipped("configs") / "templates"
    path = folder / f"{name}.{language}.yaml"
    if not path.is_file() or not _NAME.match(name):
        known = [file.name.removesuffix(f".{language}.yaml") for file in folder.glob(f"*.{language}.yaml")]
        raise PluginError(f"there is no template set {name!r}.{did_you_mean(name, known)} Your own: the path of a YAML file.")
    return path


class _Reader:
    def __init__(self, document: Document, overrides: Mapping[str, Any]) -> None:
        self.document = document
        self.overridden = frozenset(overrides) - {"templates"}
        self.value = {**document.value, **{key: overrides[key] for key in self.overridden}}
        self.wanted = overrides.get("templates")
        self.engine = Engine()

    def problem(self, message: str, *keys: str | int, line: int | None = None) -> HarnessError:
        return problem_of(self.document, self.overridden, message, *keys, line=line)

    def read(self) -> TemplateSet:
        for key in self.document.value:
            if key not in (*_KEYS, "templates"):
                raise self.problem(f"unknown key {key!r}.{did_you_mean(key, (*_KEYS, 'templates'))}", key)
        texts = {key: self.text(key) for key in (*_TEXTS, "documents", "notes")}
        name = texts["set"]
        if name is None or not _NAME.match(name):
            raise self.problem(f"a set's name is kebab-case (a-z, 0-9, single hyphens), got {name!r}", "set")
        for key in ("language", "task", "licence"):
            if texts[key] is None:
                raise self.problem(f"the key {key!r} is missing (a licence nobody knows is written `unknown`)", key)
        if texts["form"] not in (None, "short", "long"):
            raise self.problem(f"form is short or long, got {texts['form']!r}", "form")
        splits = self.splits()
        self.needs()
        if texts["dataset"] is not None and texts["data"] is not None:
            raise self.problem("give `data` or `dataset`, not both", "dataset")
        answers = self.words(self.value.get("answers"), "answers")
        expressions = {key: self.expression(self.value[key], key) for key in _EXPRESSIONS if self.value.get(key) is not None}
        if answers and "label" not in expressions:
            raise self.problem("which value is the label? Write, for example, `label: label`", "answers")
        if answers and "choices" in expressions:
            raise self.problem("give `answers` (the same for every row) or `choices` (a row's own), not both", "choices")
        return TemplateSet(
            name=name,
            document=self.document,
            overridden=self.overridden,
            texts=texts,
            splits=splits,
            evaluation=self.evaluation(splits),
            columns=self.pairs("columns"),
            fields={key: self.expression(source, "fields", key, shown=True) for key, source in self.pairs("fields").items()},
            expressions=expressions,
            aside=tuple(self.aside()),
            templates=tuple(self.templates(answers)),
            use=self.names("use"),
            per_item=self.per_item(),
        )

    def text(self, key: str) -> str | None:
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.problem(f"expected text, got {value!r:.60}", key)
        return value.strip()

    def splits(self) -> Mapping[str, Any]:
        value = self.value.get("splits")
        if not isinstance(value, Mapping) or not value:
            raise self.problem("where are the rows? Write, for example, `splits: {train: my_train.jsonl}`", "splits")
        return value

    def needs(self) -> None:
        """Raises an error for what a general set leaves to the build config; files of the user's own do for a data set's name."""
        for key in self.names("needs") or ():
            if self.value.get(key) is None and not (key == "dataset" and "splits" in self.overridden):
                name = self.document.value.get("set")
                raise self.problem(f"this set is for data of your own; say which: `{name}: {{{key}: …}}`", "needs")

    def evaluation(self, splits: Mapping[str, Any]) -> tuple[str, ...]:
        names = self.names("evaluation")
        if names is None:
            return tuple(name for name in splits if name == "test")
        for name in names:
            if name not in splits:
                raise self.problem(f"there is no split {name!r}.{did_you_mean(name, splits)}", "evaluation")
        return names

    def names(self, key: str) -> tuple[str, ...] | None:
        value = self.value.get(key)
        if value is None:
            return None
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.problem(f"expected a list of names, got {value!r:.60}", key)
        return tuple(names)

    def per_item(self) -> int | Literal["all"] | None:
        value = self.value.get("per_item")
        return None if value is None else checked_per_item(value)

    def pairs(self, key: str) -> dict[str, str]:
        value = self.value.get(key) or {}
        if not isinstance(value, Mapping):
            raise self.problem(f"expected keys and values, got {value!r:.60}", key)
        for name, text in value.items():
            if not _VARIABLE.match(name):
                raise self.problem(f"{name!r} is no name for a template: use small letters, digits and underscores", key, name)
            if name in BUILT_IN and (name != "answer" or self.value.get("answers") or self.value.get("choices")):
                raise self.problem(f"{name!r} has a meaning of its own in templates; use another name", key, name)
            if not isinstance(text, str) or not text.strip():
                raise self.problem(f"expected text, got {text!r:.60}", key, name)
        return dict(value)

    def words(self, value: Any, *keys: str | int) -> dict[str, str]:
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(word, str) and word.strip() for word in value.values()):
            raise self.problem("expected what each label is called: `answers: {entailment: ja, neutral: kanske}`", *keys)
        called: dict[str, str] = {}
        for label, word in value.items():
            other = called.setdefault(word, label)
            if other != label:
                merged = f"\"'{other}' if label in ['{other}', '{label}'] else label\""
                raise self.problem(
                    f"two labels have the same answer: {other!r} and {label!r} are both {word!r}. Labels that mean the same are "
                    f"made one by the expression under `label`, for example: label: {merged}",
                    *keys,
                )
        return dict(value)

    def expression(self, source: Any, *keys: str | int, shown: bool = False) -> Expression:
        if not isinstance(source, str) or not source.strip():
            raise self.problem(f"expected an expression such as `meta.source`, got {source!r:.60}", *keys)
        try:
            return self.engine.expression(source.strip(), shown)
        except TemplateProblem as problem:
            raise self.problem(str(problem), *keys) from problem

    def aside(self) -> "list[AsideRule]":
        value = self.value.get("set_aside") or []
        rules = []
        for index, rule in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(rule, Mapping) or not {"reason", "when"} <= set(rule) <= {"reason", "when", "detail"}:
                raise self.problem("a rule has `reason`, `when` and perhaps `detail`", "set_aside", index)
            if not isinstance(rule["reason"], str) or not _NAME.match(rule["reason"]):
                raise self.problem(f"a reason is a code in kebab-case, got {rule['reason']!r:.60}", "set_aside", index, "reason")
            when = self.expression(rule["when"], "set_aside", index, "when")
            rules.append(AsideRule(rule["reason"], when, rule.get("detail")))
        return rules

    def templates(self, answers: Mapping[str, str]) -> "list[InstructionTemplate]":
        value = self.document.value.get("templates")
        if not isinstance(value, list) or not value:
            raise self.problem("expected a list of templates, each with `id`, `instruction` and `response`", "templates")
        made: list[InstructionTemplate] = []
        for index, item in enumerate(value):
            template = self.template(item, index, answers)
            if template.id in [other.id for other in made]:
                raise self.problem(f"there are two templates {template.id!r}", "templates", index, "id")
            made.append(template)
        if self.wanted is None:
            return made
        known = {template.id: template for template in made}
        wanted = self.wanted if isinstance(self.wanted, list) else [self.wanted]
        for id in wanted:
            if id not in known:
                raise self.problem(f"there is no template {id!r}.{did_you_mean(str(id), known)}", "templates")
        return [template for template in made if template.id in wanted]

    def template(self, item: Any, index: int, answers: Mapping[str, str]) -> InstructionTemplate:
        keys = ("templates", index)
        if not isinstance(item, Mapping):
            raise self.problem("expected a template with `id`, `instruction` and `response`", *keys)
        for key in item:
            if key not in _TEMPLATE_KEYS:
                raise self.problem(f"unknown key {key!r}.{did_you_mean(key, _TEMPLATE_KEYS)}", *keys, key)
        id = item.get("id")
        if not isinstance(id, str) or not _NAME.match(id):
            raise self.problem(f"a template's id is kebab-case (a-z, 0-9, single hyphens), got {id!r:.60}", *keys, "id")
        own = self.words(item.get("answers"), *keys, "answers")
        if own and set(own) != set(answers):
            raise self.problem(f"its answers are for other labels than the set's ({', '.join(answers)})", *keys, "answers")
        if not isinstance(item.get("choices", True), bool):
            raise self.problem("choices is true or false", *keys, "choices")
        return InstructionTemplate(
            id=id,
            instruction=self.compiled(item.get("instruction"), id, index, "instruction"),
            response=self.compiled(item.get("response", "{{ answer }}"), id, index, "response"),
            answers=own or answers,
            choices=item.get("choices", True),
        )

    def compiled(self, source: Any, id: str, index: int, key: str) -> Template:
        if not isinstance(source, str) or not source.strip():
            raise self.problem(f"template {id!r}: expected text, got {source!r:.60}", "templates", index, key)
        try:
            return self.engine.template(source)
        except TemplateProblem as problem:
            message = f"template {id!r}: {problem}"
            raise self.problem(message, "templates", index, key, line=problem.line) from problem


def checked_per_item(value: Any) -> int | Literal["all"]:
    """How many templates a row is put into: a number, or all."""
    if value == "all":
        return "all"
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PluginError(f"per_item is a number of templates, at least 1, or all; got {value!r}")
    return value
