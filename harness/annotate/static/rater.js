// The rater's page: which screen is shown when, and what keys and buttons do.

import { Clock } from "./clock.js";
import { Refused, el, randomId, relabel, remember, remembered, request, translator } from "./dom.js";
import { Outbox } from "./outbox.js";
import { questions, texts } from "./questions.js";
import * as screens from "./screens.js";
import { showState } from "./saved.js";

const AHEAD = 8; // tasks kept ready, so that a short outage does not stop the work
const byId = (id) => document.getElementById(id);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function start() {
  const base = location.pathname.replace(/\/+$/, "");
  const languages = document.body.dataset.languages.split(" ");
  const kept = remembered("harness-language");
  let language = languages.includes(kept) ? kept : document.documentElement.lang;
  let strings = {};
  const t = translator(strings, () => language);
  const clock = new Clock();
  const tasks = new Map(); // position → task, with the answers given so far
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(`harness ${base}`) : null;
  let state, outbox, show, form, draft, position, action = {}, busy = false, fetching = null;

  const get = (path) => request("GET", `${base}/${path}`);
  const post = (path, body) => request("POST", `${base}/${path}`, body);
  const say = (text) => (byId("live").textContent = text);
  const total = () => state.progress.training_total + state.progress.main_total;
  const draftKey = () => `harness-draft ${base}`;

  /** Repeats until the server answers; a refusal of the link ends the page. */
  async function insist(ask) {
    for (let wait = 500; ; wait = Math.min(wait * 2, 10000)) {
      try {
        return await ask();
      } catch (error) {
        if (error instanceof Refused) {
          render(screens.message({ title: t("link_gone"), text: error.status === 404 ? t("not_found_text") : error.message }));
          throw error;
        }
        byId("waiting").hidden = false;
        await sleep(wait);
      } finally {
        if (state) byId("waiting").hidden = true;
      }
    }
  }

  let quiet = false; // a new language redraws the screen and leaves the focus where it is
  function render(node, focus = !quiet) {
    byId("main").replaceChildren(node);
    const top = node.querySelector("h1");
    document.title = `${top.textContent} – ${state?.study.title[language] ?? ""}`;
    if (focus) {
      top.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }

  function go(screen) {
    action = {};
    form = null;
    clock.pause();
    show = screen;
    screen();
  }

  const clone = (name) => byId(`${name}-${language}`).content.cloneNode(true);

  function consent() {
    const accept = async () => {
      state.progress = (await insist(() => post("consent", { language }))).progress;
      remember(`harness-declined ${base}`, null);
      go(state.progress.next_position === 1 ? guidelines : resume);
    };
    const decline = () => {
      remember(`harness-declined ${base}`, "yes");
      go(declined);
    };
    render(screens.consent({ t, words: clone("consent"), name: state.rater, accept, decline }));
  }

  function declined() {
    render(screens.declined({ t, again: () => go(consent) }));
  }

  function guidelines() {
    action.next = () => go(resume);
    render(screens.guidelines({ t, words: clone("guidelines"), go: action.next }));
  }

  function resume() {
    return state.progress.next_position === null ? go(done) : open(state.progress.next_position);
  }

  async function open(wanted) {
    if (wanted === null || wanted > total()) return go(done);
    position = wanted;
    if (!tasks.has(position)) {
      [form, action] = [null, {}]; // keys mean nothing until the task is there
      await prefetch(position);
    }
    if (!tasks.has(position) || position !== wanted) return;
    const task = tasks.get(position);
    draft = savedDraft(task) ?? { values: { ...(task.answers ?? {}) }, note: task.note, seconds: 0 };
    draft.changed = draft.changed ?? false;
    go(ask);
    clock.restart(draft.seconds);
    prefetch(position + 1);
  }

  /** Makes sure that the tasks from here on are at hand. */
  async function prefetch(from) {
    const need = [...Array(AHEAD).keys()].map((step) => from + step).filter((at) => at >= 1 && at <= total());
    const first = need.find((at) => !tasks.has(at));
    if (first === undefined || (first > from + AHEAD / 2 && tasks.has(from))) return;
    if (fetching) await fetching;
    if (tasks.has(first)) return;
    const ask = () => get(`tasks?first=${first}&count=${AHEAD}`);
    const urgent = first === position;
    fetching = (urgent ? insist(ask) : ask()).then(keep).catch(() => null).finally(() => (fetching = null));
    await fetching;
  }

  function keep(answer) {
    for (const task of answer.tasks) if (!tasks.has(task.position)) tasks.set(task.position, withUnsent(task));
  }

  const unsent = new Map(); // task id → the newest entry that an earlier visit left behind
  function withUnsent(task) {
    const entry = unsent.get(task.id);
    return entry ? { ...task, answers: entry.answers, note: entry.note } : task;
  }

  const step = (act) => act && (() => once(act));
  const criteriaOf = (task) => task.criteria.map((name) => state.study.criteria[task.form][name]);

  function ask() {
    const task = tasks.get(position);
    const training = task.phase === "training";
    const places = training
      ? { i: position, n: state.progress.training_total }
      : { i: position - state.progress.training_total, n: state.progress.main_total };
    const next = state.progress.next_position ?? total() + 1;
    form = questions({
      criteria: criteriaOf(task), draft, language, t, comments: state.study.comments && !training,
      changed: () => {
        draft.changed = true;
        byId("missing").textContent = "";
        keepDraft(task);
      },
    });
    action = {
      next: () => submit(task),
      previous: position > 1 ? () => leave(task, position - 1) : null,
      end: position < next - 1 ? () => leave(task, next) : null,
    };
    render(
      screens.task({
        t, title: t(training ? "training_title" : "task_title", places), note: training && t("training_intro"),
        content: texts(task, t), form: form.node, previous: step(action.previous), next: step(action.next),
        nextText: t("next"), toOpen: step(action.end),
      }),
    );
    progress();
  }

  async function submit(task) {
    const missing = form.missing();
    if (missing.length) {
      byId("missing").textContent = t("missing", { names: missing.map((criterion) => criterion.title[language]).join(", ") });
      return form.focusMissing();
    }
    if (task.answers && !draft.changed) return open(position + 1);
    const { entry, sent } = await store(task);
    if (task.phase === "training") await feedback(task, entry, sent);
    else await open(position + 1);
  }

  /** Goes elsewhere; what was chosen is not thrown away. */
  async function leave(task, wanted) {
    if (draft.changed && !form.missing().length) await store(task);
    await open(wanted);
  }

  async function store(task) {
    clock.pause();
    const entry = {
      client_id: randomId(), sequence: Date.now(), task: task.id, position, answers: { ...draft.values },
      note: draft.note?.replaceAll("\0", "").trim() || null, seconds: clock.seconds(), client_time: new Date().toISOString(),
    };
    const { sent } = await outbox.add(entry);
    remember(draftKey(), null);
    note(entry);
    channel?.postMessage(entry);
    return { entry, sent };
  }

  /** Takes an answer into what this page knows. */
  function note(entry) {
    const task = tasks.get(entry.position);
    if (task) Object.assign(task, { answers: entry.answers, note: entry.note });
    const next = state.progress.next_position;
    if (next !== null && entry.position >= next) {
      state.progress.next_position = entry.position < total() ? entry.position + 1 : null;
    }
    progress();
  }

  async function feedback(task, entry, sent) {
    byId("waiting").hidden = false;
    const saved = await sent;
    byId("waiting").hidden = true;
    const last = position === state.progress.training_total;
    if (!saved?.feedback) return last ? go(trained) : open(position + 1);
    const shown = () => {
      const criteria = criteriaOf(task);
      const next = () => (last ? go(trained) : open(position + 1));
      action = { next, previous: () => open(position) };
      const words = saved.feedback.text[language];
      const box = screens.feedback({ t, language, criteria, values: entry.answers, expected: saved.feedback.expected, words });
      const places = { i: position, n: state.progress.training_total };
      const content = texts(task, t);
      render(
        screens.task({ t, title: t("training_title", places), content, feedback: box, previous: action.previous, next, nextText: t("continue") }),
      );
      if (quiet) return;
      box.focus({ preventScroll: true });
      box.scrollIntoView({ block: "nearest" });
    };
    go(shown);
  }

  function trained() {
    action.next = () => resume();
    const buttons = [[t("start"), action.next, "primary"]];
    render(screens.message({ title: t("training_done"), text: t("training_done_text", { n: state.progress.main_total }), buttons }));
  }

  function done() {
    const waiting = outbox.state.waiting > 0;
    const first = state.progress.training_total + 1;
    const buttons = [[t("done_review"), () => open(first), ""]];
    action.previous = () => open(total());
    const text = waiting ? t("done_waiting") : t("done_text", { n: state.progress.main_total });
    render(screens.message({ title: t(waiting ? "finish" : "done_title"), text, buttons }));
    progress();
  }

  function pause() {
    if (!form) return;
    keepDraft(tasks.get(position));
    go(paused);
  }

  function paused() {
    action.next = () => open(position);
    const buttons = [[t("continue"), action.next, "primary"]];
    render(screens.message({ title: t("paused_title"), text: t("paused_text"), buttons }));
  }

  function keepDraft(task) {
    draft.seconds = clock.seconds();
    const { values, note, seconds, changed } = draft;
    remember(draftKey(), JSON.stringify({ task: task.id, values, note, seconds, changed }));
  }

  function savedDraft(task) {
    const found = JSON.parse(remembered(draftKey()) ?? "null");
    return found?.task === task.id ? found : null;
  }

  function progress() {
    const finished = (state.progress.next_position ?? total() + 1) - 1;
    const main = Math.max(0, finished - state.progress.training_total);
    byId("bar").max = state.progress.main_total || 1;
    byId("bar").value = main;
    byId("count").textContent = t("answered", { i: main, n: state.progress.main_total });
    byId("progress").hidden = byId("saved").hidden = !state.progress.consented;
    byId("pause").hidden = !form;
  }

  function setLanguage(chosen) {
    language = chosen;
    remember("harness-language", chosen);
    relabel(t, language);
    showState(t, outbox?.state);
    if (!show) return;
    quiet = true;
    show();
    quiet = false;
    progress();
  }

  function openDialog(id) {
    const dialog = byId(id);
    if (dialog.open) return;
    const slot = dialog.querySelector(".slot");
    if (id === "guidelines") slot.replaceChildren(clone("guidelines"));
    else slot.replaceChildren(screens.keys({ t, ...state.study.keys }));
    dialog.showModal();
  }

  function pressed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
    const target = event.target;
    if (target.closest("textarea, input:not([type=radio]), select")) return;
    const known = {
      Enter: () => !event.repeat && !target.closest("button, a, summary") && action.next,
      Backspace: () => !event.repeat && action.previous,
      End: () => action.end,
      "?": () => () => openDialog("help"),
      g: () => state.progress.consented && (() => openDialog("guidelines")),
      p: () => pause,
    };
    if (event.key.length === 1 && remembered("harness-keys") === "off") return;
    const act = known[event.key.length === 1 ? event.key.toLowerCase() : event.key]?.();
    if (act) {
      event.preventDefault();
      once(act);
    } else if (!busy && form?.press(event.key)) event.preventDefault();
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

  function wire() {
    document.addEventListener("keydown", pressed);
    for (const node of document.querySelectorAll("[data-opens]")) node.addEventListener("click", () => openDialog(node.dataset.opens));
    for (const node of document.querySelectorAll("[data-language]")) {
      node.addEventListener("click", () => setLanguage(node.dataset.language));
    }
    byId("pause").addEventListener("click", pause);
    const keys = byId("keys-on");
    keys.checked = remembered("harness-keys") !== "off";
    keys.addEventListener("change", () => remember("harness-keys", keys.checked ? null : "off"));
    addEventListener("beforeunload", (event) => {
      if (outbox.state.waiting && (outbox.state.offline || !outbox.durable)) event.preventDefault();
    });
    channel?.addEventListener("message", ({ data }) => {
      const here = form && data.position === position;
      note(data);
      if (here) {
        say(t("elsewhere"));
        open(position);
      }
    });
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

  state = await insist(() => get("state"));
  Object.assign(strings, state.texts);
  byId("waiting").hidden = true;
  outbox = new Outbox(base, (entry) => post("answers", wire_format(entry)), outboxChanged);
  for (const entry of await outbox.open()) {
    unsent.set(entry.task, entry);
    note(entry);
  }
  wire();
  relabel(t, language);
  if (!state.progress.consented) go(remembered(`harness-declined ${base}`) ? declined : consent);
  else if (state.progress.next_position === 1) go(guidelines);
  else resume();
}

function wire_format({ client_id, task, answers, note, seconds, client_time }) {
  return { client_id, task, answers, note, seconds, client_time };
}

start();
