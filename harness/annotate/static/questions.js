// The questions of one task as groups of radio buttons, and what was chosen in them.

import { el } from "./dom.js";

const LETTERS = new Map([["a", "first"], ["b", "second"], ["t", "tie"], ["l", "tie"]]); // l: lika
const TYPING = 700; // milliseconds in which a second digit belongs to the first

/**
 * `criteria` are {name, question, choices: [{value, key, label}]} with texts per language; `draft` is {values, note} and is changed
 * in place; `changed()` is called after every choice.
 */
export function questions({ criteria, draft, language, t, comments, changed }) {
  const groups = criteria.map((criterion, number) => group(criterion, number, draft, language, () => chosen(number)));
  let active = Math.max(0, criteria.findIndex((criterion) => !(criterion.name in draft.values)));

  let typed = null; // the first digit of what may become a rating of two digits, and the timer that ends it

  function activate(number) {
    if (number !== active) forget();
    active = number;
    groups.forEach((node, index) => node.classList.toggle("active", groups.length > 1 && index === active));
  }

  function chosen(number) {
    forget();
    activate(number);
    changed();
  }

  /** Chooses by a key in the active group and moves on to the next open one. False where the key means nothing. */
  function press(key) {
    const low = key.toLowerCase();
    const place = (wanted) => criteria[active].choices.findIndex((one) => one.key === wanted || (LETTERS.has(wanted) && one.value === LETTERS.get(wanted)));
    let at = typed ? place(typed.digit + low) : -1;
    if (at >= 0) forget();
    else {
      if (typed) moveOn(); // the digit before stood alone
      at = place(low);
    }
    if (at < 0) return false;
    const criterion = criteria[active];
    const input = groups[active].querySelectorAll("input")[at];
    input.checked = true;
    draft.values[criterion.name] = criterion.choices[at].value;
    if (criterion.choices.some((one) => one.key !== low && one.key.startsWith(low)) && criterion.choices[at].key === low) {
      input.focus();
      typed = { digit: low, timer: setTimeout(() => moveOn(), TYPING) };
    } else moveOn();
    changed();
    return true;
  }

  function forget() {
    clearTimeout(typed?.timer);
    typed = null;
  }

  /** Marks the next open question, and the next one where all are answered. */
  function moveOn() {
    forget();
    if (!groups[active].isConnected) return; // the task was left meanwhile
    const input = groups[active].querySelector("input:checked");
    const open = criteria.findIndex((one) => !(one.name in draft.values));
    const next = open >= 0 ? open : Math.min(active + 1, groups.length - 1); // an answered task is gone through again in order
    if (next === active) input.focus();
    else (groups[next].querySelector("input:checked") ?? groups[next].querySelector("input")).focus(); // its question is read out
    groups[active].scrollIntoView({ block: "nearest" });
    document.activeElement.closest(".choice")?.scrollIntoView({ block: "nearest" }); // where the question is higher than its room
  }

  groups.forEach((node, number) => node.addEventListener("focusin", () => activate(number)));
  activate(active);
  const field = comments && noteField(draft, changed, t("comment"));
  const note = comments && el("details", { className: "note", open: Boolean(draft.note) }, el("summary", {}, t("comment")), field);
  return {
    node: el("div", { className: "questions" }, groups, note),
    press,
    missing: () => criteria.filter((criterion) => !(criterion.name in draft.values)),
    focusMissing: () => {
      const number = criteria.findIndex((criterion) => !(criterion.name in draft.values));
      groups[number]?.querySelector("input").focus();
    },
  };
}

function group(criterion, number, draft, language, chosen) {
  const ratings = criterion.choices.filter((choice) => typeof choice.value === "number");
  const between = ratings.slice(1, -1);
  const bare = between.length > 0 && between.every((choice) => !choice.label[language]); // words at the ends only: one even row
  const choices = criterion.choices.map((choice, at) => {
    const input = el("input", { type: "radio", name: `criterion-${number}`, value: at });
    input.checked = draft.values[criterion.name] === choice.value;
    input.addEventListener("change", () => {
      draft.values[criterion.name] = choice.value;
      chosen();
    });
    const rating = typeof choice.value === "number";
    const own = rating && choice.key === String(choice.value); // the key says the rating itself
    const key = el("kbd", { "aria-hidden": own ? null : "true", className: own ? "own" : "" }, choice.key);
    const words = [rating && !own && String(choice.value), choice.label[language]].filter(Boolean).join(" – ");
    if (!bare || !rating) return el("label", { className: "choice" }, input, key, el("span", {}, words));
    const shown = !own && el("span", { "aria-hidden": "true" }, String(choice.value));
    return el("label", { className: "choice" }, input, shown, key, el("span", { className: "aside" }, words));
  });
  const legend = el("legend", {}, criterion.question[language]);
  if (bare) {
    const ends = [ratings[0], ratings[ratings.length - 1]].map((choice) => el("span", {}, choice.label[language]));
    const row = el("div", { className: "scale" }, choices.slice(0, ratings.length));
    return el("fieldset", { className: "criterion" }, legend, row, el("div", { className: "ends", "aria-hidden": "true" }, ends), choices.slice(ratings.length));
  }
  return el(
    "fieldset",
    { className: "criterion" },
    legend,
    el("div", { className: choices.length > 4 ? "choices many" : "choices" }, choices),
  );
}

function noteField(draft, changed, label) {
  const field = el("textarea", { rows: 2, maxlength: 2000, "aria-label": label });
  field.value = draft.note ?? "";
  field.addEventListener("input", () => {
    draft.note = field.value;
    changed();
  });
  return field;
}

/** The texts of a task: instruction, source, reference and one or two answers, each under its heading. */
export function texts(task, t) {
  const card = (title, text, kind) =>
    text !== null &&
    text !== undefined &&
    el(
      "section",
      { className: `card ${kind}` },
      el("h2", {}, title),
      el("div", { className: text === "" ? "text nothing" : "text", lang: text === "" ? null : task.language }, text || t("empty")),
    );
  const two = task.texts.length === 2;
  return el(
    "div",
    { className: "texts" },
    card(t("instruction"), task.instruction, "instruction"),
    card(t("source"), task.source, "source"),
    task.references.map((text) => card(t("reference"), text, "reference")),
    el(
      "div",
      { className: two ? "answers pair" : "answers" },
      task.texts.map((text, number) => card(two ? t(number ? "answer_b" : "answer_a") : t("answer"), text, "answer")),
    ),
  );
}
