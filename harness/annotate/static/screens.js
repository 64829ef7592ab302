// Each screen of the rater's page as elements; what a button does is given by the caller.

import { el } from "./dom.js";

const button = (text, onclick, className = "") => el("button", { type: "button", className, onclick }, text);

export function heading(text) {
  return el("h1", { tabindex: -1 }, text);
}

export function consent({ t, words, name, accept, decline }) {
  return el(
    "article",
    { className: "page" },
    heading(t("consent_title")),
    words,
    el("p", { className: "hint" }, t("consent_pseudonym", { name })),
    el("div", { className: "actions even" }, button(t("consent_yes"), accept, "choice-button"), button(t("consent_no"), decline, "choice-button")),
  );
}

export function declined({ t, again }) {
  return el(
    "article",
    { className: "page" },
    heading(t("declined_title")),
    el("p", {}, t("declined_text")),
    el("div", { className: "actions" }, button(t("declined_again"), again)),
  );
}

export function guidelines({ t, words, go }) {
  return el(
    "article",
    { className: "page" },
    heading(t("guidelines_title")),
    words,
    el("p", { className: "hint" }, t("guidelines_hint")),
    el("div", { className: "actions" }, button(t("start"), go, "primary")),
  );
}

/** A page of a heading, a text and buttons given as [text, action, class]. */
export function message({ title, text, buttons = [] }) {
  return el(
    "article",
    { className: "page" },
    heading(title),
    text && el("p", {}, text),
    el("div", { className: "actions" }, buttons.map(([label, action, kind]) => button(label, action, kind))),
  );
}

/** A task: the texts on one side, the questions and buttons on the other. `note` stands between heading and texts. */
export function task({ t, title, note, news, content, form, feedback, previous, next, nextText, toOpen, keys }) {
  return el(
    "article",
    { className: "task" },
    heading(title),
    news && el("p", { className: "notice calm news" }, news),
    note && el("p", { className: "hint" }, note),
    el(
      "div",
      { className: "split" },
      content,
      el(
        "div",
        { className: "panel" },
        form,
        feedback,
        el("p", { className: "missing", id: "missing", role: "alert" }),
        el(
          "div",
          { className: "actions steps" },
          previous && button(t("previous"), previous, "previous"),
          toOpen && button(t("to_open"), toOpen),
          button(nextText, next, "primary next"),
        ),
        keys && el("p", { className: "hint keys-hint" }, keys),
      ),
    ),
  );
}

/** What the study's owner would have answered, beside what the rater did. */
export function feedback({ t, language, criteria, values, expected, words }) {
  const label = (criterion, value) => {
    const text = criterion.choices.find((one) => one.value === value)?.label[language];
    if (typeof value !== "number") return text ?? String(value);
    return text ? `${value} – ${text}` : String(value);
  };
  const judged = criteria.filter((criterion) => expected[criterion.name]?.length); // nothing is said where no answer is the right one
  const lines = judged.map((criterion) => {
    const wanted = expected[criterion.name];
    const given = values[criterion.name];
    const same = wanted.includes(given);
    const ours = t("feedback_we", { expected: wanted.map((value) => label(criterion, value)).join(" / ") });
    return el(
      "li",
      { className: same ? "same" : "other" },
      el("strong", {}, t(same ? "feedback_same" : "feedback_of", { criterion: criterion.title[language] })),
      el("div", {}, t("feedback_you", { given: label(criterion, given) })),
      !same && el("div", {}, ours),
    );
  });
  return el(
    "section",
    { className: "feedback", tabindex: -1 },
    el("h2", {}, t("feedback_title")),
    el("ul", {}, lines),
    words && el("p", {}, words),
  );
}

/** The keys and what they do. */
export function keys({ t, zero, two_digits, cannot, letters, ties }) {
  const rows = [
    [zero ? "0  1  2 …" : "1  2  3 …", "key_digits"],
    two_digits && ["1  0", "key_two_digits"],
    cannot && ["X", "key_cannot"],
    letters && [ties ? t("key_sides") : "A  B", ties ? "key_letters" : "key_letters_only"],
    ["←  →", "key_arrows"],
    ["Tab", "key_tab"],
    ["Enter", "key_enter"],
    ["Backspace", "key_back"],
    ["End", "key_end"],
    ["G", "key_guidelines"],
    ["P", "key_pause"],
    ["?", "key_help"],
    ["Esc", "key_escape"],
  ].filter(Boolean);
  return el(
    "dl",
    { className: "keys" },
    rows.map(([key, what]) => [el("dt", {}, key.split("  ").map((one) => el("kbd", {}, one))), el("dd", {}, t(what))]),
  );
}
