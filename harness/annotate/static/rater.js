// The rater's page: which screen is shown when, and what keys and buttons do.

import { Clock } from "./clock.js";
import { Refused, relabel, remember, remembered, translator } from "./dom.js";
import { Outbox } from "./outbox.js";
import { questions, texts } from "./questions.js";
import { showState } from "./saved.js";
import * as screens from "./screens.js";
import { Session, submission } from "./session.js";

const byId = (id) => document.getElementById(id);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function start() {
  const base = location.pathname.replace(/\/+$/, "");
  const session = new Session(base);
  const clock = new Clock();
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(`harness ${base}`) : null;
  const strings = {};
  const t = translator(strings, () => language);
  const say = (text) => (byId("live").textContent = text);
  const clone = (name) => byId(`${name}-${language}`).content.cloneNode(true);
  const kept = remembered("harness-language");
  let language = document.body.dataset.languages.split(" ").includes(kept) ? kept : document.documentElement.lang;
  let show = null; // draws the screen in view
  let form = null; // the questions in view
  let action = {}; // what Enter (next), Backspace (previous) and End (end) do
  let draft, position, outbox;
  let news = null; // {position, key}: what happened to this task elsewhere
  let busy = false;
  let quiet = false; // a new language redraws the screen and leaves the focus where it is

  // Screens

  function go(screen) {
    [form, action, show] = [null, {}, screen];
    clock.pause();
    screen();
  }

  function render(node, focus = !quiet) {
    byId("main").replaceChildren(node);
    byId("main").inert = false;
    const top = node.querySelector("h1");
    document.title = `${top.textContent} – ${session.state?.study.title[language] ?? ""}`;
    progress();
    if (!focus) return;
    top.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  function progress() {
    const known = session.state?.progress;
    const main = known ? Math.max(0, session.next - 1 - known.training_total) : 0;
    byId("bar").max = known?.main_total || 1;
    byId("bar").value = main;
    byId("count").textContent = t("answered", { i: main, n: known?.main_total });
    byId("progress").hidden = byId("saved").hidden = !known?.consented;
    byId("pause").hidden = !form;
  }

  function consent() {
    const accept = async () => {
      session.state.progress = (await insist(() => session.post("consent", { language }))).progress;
      remember(`harness-declined ${base}`, null);
      go(session.next === 1 ? guidelines : resume);
    };
    const decline = () => {
      remember(`harness-declined ${base}`, "yes");
      go(declined);
    };
    const name = session.state.rater;
    render(screens.consent({ t, words: clone("consent"), name, accept: () => once(accept), decline }));
  }

  function declined() {
    render(screens.declined({ t, again: () => go(consent) }));
  }

  function guidelines() {
    action.next = resume;
    render(screens.guidelines({ t, words: clone("guidelines"), go: resume }));
  }

  function resume() {
    return open(session.next);
  }

  async function open(wanted) {
    if (news?.position !== wanted) news = null;
    if (wanted > session.total) return go(done);
    position = wanted;
    if (!session.tasks.has(wanted)) {
      [form, action] = [null, {}]; // keys and clicks mean nothing until the task is there
      byId("main").inert = true;
      await session.prefetch(wanted, insist);
    }
    if (!session.tasks.has(wanted) || position !== wanted) return;
    draft = session.draft(session.tasks.get(wanted));
    go(task);
    clock.restart(draft.seconds);
    session.prefetch(wanted + 1);
  }

  function task() {
    const shown = session.tasks.get(position);
    const training = shown.phase === "training";
    const criteria = session.criteriaOf(shown);
    form = questions({ criteria, draft, language, t, comments: session.state.study.comments && !training, changed });
    action = {
      next: () => submit(shown),
      previous: position > 1 ? () => leave(shown, position - 1) : null,
      end: position < session.next - 1 ? () => leave(shown, session.next) : null,
    };
    const title = t(training ? "training_title" : "task_title", session.places(shown));
    const note = training && t("training_intro");
    const told = news?.position === position && t(news.key);
    render(screens.task({ t, title, note, news: told, content: texts(shown, t), form: form.node, ...steps(), nextText: t("next"), keys: t("keys_hint") }));
  }

  function steps() {
    const guarded = (act) => act && (() => once(act));
    return { previous: guarded(action.previous), next: guarded(action.next), toOpen: guarded(action.end) };
  }

  function feedback(shown, entry, saved) {
    const next = () => (position === session.progress.training_total ? go(trained) : open(position + 1));
    if (!saved?.feedback) return next(); // another window got the reply
    go(() => {
      action = { next, previous: () => open(position) };
      const { expected, text } = saved.feedback;
      const criteria = session.criteriaOf(shown);
      const box = screens.feedback({ t, language, criteria, values: entry.answers, expected, words: text[language] });
      const title = t("training_title", session.places(shown));
      render(screens.task({ t, title, content: texts(shown, t), feedback: box, ...steps(), nextText: t("continue") }));
      if (quiet) return;
      box.focus({ preventScroll: true });
      box.scrollIntoView({ block: "nearest" });
    });
  }

  function trained() {
    action.next = resume;
    const text = t("training_done_text", { n: session.progress.main_total });
    render(screens.message({ title: t("training_done"), text, buttons: [[t("start"), resume, "primary"]] }));
  }

  function done() {
    const waiting = outbox.state.waiting > 0;
    action.previous = () => open(session.total);
    const buttons = [[t("done_review"), () => open(session.progress.training_total + 1), ""]];
    const text = waiting ? t("done_waiting") : t("done_text", { n: session.progress.main_total });
    render(screens.message({ title: t(waiting ? "finish" : "done_title"), text, buttons }));
  }

  function pause() {
    if (!form) return;
    keepDraft();
    go(paused);
  }

  function paused() {
    action.next = () => open(position);
    render(screens.message({ title: t("paused_title"), text: t("paused_text"), buttons: [[t("continue"), action.next, "primary"]] }));
  }

  // Answers

  function changed() {
    draft.changed = true;
    byId("missing").textContent = "";
    keepDraft();
  }

  function keepDraft() {
    draft.seconds = clock.seconds();
    session.keepDraft(draft);
  }

  async function submit(shown) {
    const missing = form.missing();
    if (missing.length) {
      byId("missing").textContent = t("missing", { names: missing.map((criterion) => criterion.title[language]).join(", ") });
      return form.focusMissing();
    }
    if (shown.answers && !draft.changed) return open(position + 1);
    const { entry, sent } = await store(shown);
    if (shown.phase === "main") return open(position + 1);
    byId("waiting").hidden = false;
    const saved = await sent;
    byId("waiting").hidden = true;
    return feedback(shown, entry, saved);
  }

  /** Goes elsewhere; what was chosen is not thrown away. */
  async function leave(shown, wanted) {
    if (draft.changed && !form.missing().length) await store(shown);
    await open(wanted);
  }

  async function store(shown) {
    clock.pause();
    const entry = session.entry(shown, draft, clock.seconds());
    const { sent } = await outbox.add(entry);
    session.keepDraft(null);
    session.note(entry);
    channel?.postMessage(entry);
    progress();
    return { entry, sent };
  }

  const said = { waiting: 0, offline: false }; // what the live region has told: trouble and its end, not every answer
  function outboxChanged(now) {
    showState(t, now);
    if (now.refused) say(t("refused"));
    else if (now.offline && !said.offline) say(t("offline", { n: now.waiting }));
    else if (said.offline && now.waiting === 0 && !now.offline) say(t("online"));
    if (show === done && said.waiting > 0 && now.waiting === 0) done(); // saved: the page may be closed now
    said.offline = now.offline || (said.offline && now.waiting > 0);
    said.waiting = now.waiting;
  }

  /** Repeats until the server answers; a refusal of the link ends the page. */
  async function insist(ask) {
    for (let wait = 500; ; wait = Math.min(wait * 2, 10000)) {
      try {
        const answer = await ask();
        byId("waiting").hidden = true;
        return answer;
      } catch (error) {
        byId("waiting").hidden = error instanceof Refused;
        if (error instanceof Refused) {
          go(() => render(screens.message({ title: t("link_gone"), text: error.status === 404 ? t("not_found_text") : error.message })));
          return new Promise(() => {}); // nothing more can be done here
        }
        await sleep(wait);
      }
    }
  }

  // Keys and buttons

  function pressed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.closest("textarea, input:not([type=radio]), select")) {
      if (event.key === "Escape") byId("main").querySelector("h1").focus(); // out of the comment: keys choose again
      return;
    }
    const one = event.key.length === 1;
    if (one && remembered("harness-keys") === "off") return;
    const act = acts(event)[one ? event.key.toLowerCase() : event.key];
    if (act) once(act);
    else if (busy || event.repeat || !form?.press(event.key)) return;
    event.preventDefault();
  }

  function acts(event) {
    const onButton = event.target.closest("button, a, summary");
    return {
      Enter: !event.repeat && !onButton && action.next,
      Backspace: !event.repeat && action.previous,
      End: action.end,
      "?": () => openDialog("help"),
      g: session.progress.consented && (() => openDialog("guidelines")),
      p: pause,
    };
  }

  /** One step at a time: a key pressed twice must not skip a task. */
  async function once(act) {
    if (busy) return;
    busy = true;
    try {
      await act();
    } finally {
      busy = false;
    }
  }

  function openDialog(id) {
    const words = id === "guidelines" ? clone("guidelines") : screens.keys({ t, ...session.state.study.keys });
    byId(id).querySelector(".slot").replaceChildren(words);
    byId(id).showModal();
  }

  function setLanguage(chosen) {
    language = chosen;
    remember("harness-language", chosen);
    relabel(t, language);
    showState(t, outbox.state);
    quiet = true;
    show?.();
    quiet = false;
  }

  function wire() {
    document.addEventListener("keydown", pressed);
    const clicked = (selector, act) => {
      for (const node of document.querySelectorAll(selector)) node.addEventListener("click", () => act(node.dataset));
    };
    clicked("[data-opens]", ({ opens }) => openDialog(opens));
    clicked("[data-language]", ({ language: chosen }) => setLanguage(chosen));
    clicked("#pause", pause);
    byId("keys-on").checked = remembered("harness-keys") !== "off";
    byId("keys-on").addEventListener("change", () => remember("harness-keys", byId("keys-on").checked ? null : "off"));
    addEventListener("beforeunload", (event) => {
      const { waiting, offline, durable } = outbox.state;
      if (waiting && (offline || !durable)) event.preventDefault();
    });
    channel?.addEventListener("message", ({ data }) => {
      session.note(data);
      progress();
      if (!form || data.position !== position) return;
      say(t("elsewhere"));
      news = { position, key: "elsewhere" };
      session.keepDraft(null); // what is left of the other window's draft may reach this one late
      open(position);
    });
  }

  session.state = await insist(() => session.get("state"));
  Object.assign(strings, session.state.texts);
  byId("waiting").dataset.text = "waiting"; // from now on something else is waited for
  outbox = new Outbox(session.state.key, (entry) => session.post("answers", submission(entry)), outboxChanged);
  for (const entry of await outbox.open()) {
    session.unsent.set(entry.task, entry);
    session.note(entry);
  }
  wire();
  relabel(t, language);
  if (!session.progress.consented) go(remembered(`harness-declined ${base}`) ? declined : consent);
  else if (session.next === 1) go(guidelines);
  else resume();
}

start();
