// What this page knows of a rater's work: the study, how far it is, the tasks at hand, and the draft of the one in view.

import { randomId, remember, remembered, request } from "./dom.js";

const AHEAD = 12; // tasks kept ready, so that a short outage does not stop the work

export class Session {
  constructor(base) {
    this.base = base;
    this.state = null;
    this.tasks = new Map(); // position → task, with the answers given so far
    this.unsent = new Map(); // task id → the newest entry that an earlier visit left behind
    this.fetching = null;
  }

  get(path) {
    return request("GET", `${this.base}/${path}`);
  }

  post(path, body) {
    return request("POST", `${this.base}/${path}`, body);
  }

  get progress() {
    return this.state.progress;
  }

  get total() {
    return this.progress.training_total + this.progress.main_total;
  }

  /** The first position without an answer; one beyond the last when all are done. */
  get next() {
    return this.progress.next_position ?? this.total + 1;
  }

  /** A task's number among those of its kind, and how many there are. */
  places(task) {
    const { training_total, main_total } = this.progress;
    if (task.phase === "training") return { i: task.position, n: training_total };
    return { i: task.position - training_total, n: main_total };
  }

  criteriaOf(task) {
    return task.criteria.map((name) => this.state.study.criteria[task.form][name]);
  }

  /** Makes sure that the tasks from here on are at hand; `insist` repeats the request where the rater waits for the first one. */
  async prefetch(from, insist = (ask) => ask()) {
    if (this.fetching) await this.fetching;
    let first = Math.max(1, from);
    while (this.tasks.has(first)) first += 1;
    if (first > Math.min(this.total, from + AHEAD / 2)) return;
    const ask = () => this.get(`tasks?first=${first}&count=${AHEAD}`);
    this.fetching = insist(ask)
      .then(({ tasks }) => tasks.forEach((task) => this.keep(task)))
      .catch(() => null) // no contact: asked again when the next task is opened
      .finally(() => (this.fetching = null));
    await this.fetching;
  }

  keep(task) {
    if (this.tasks.has(task.position)) return;
    const entry = this.unsent.get(task.id);
    this.tasks.set(task.position, entry ? { ...task, answers: entry.answers, note: entry.note } : task);
  }

  /** Takes an answer, given here or in another window, into what is known. */
  note(entry) {
    const task = this.tasks.get(entry.position);
    if (task) Object.assign(task, { answers: entry.answers, note: entry.note });
    if (entry.position >= this.next) this.progress.next_position = entry.position < this.total ? entry.position + 1 : null;
  }

  /** A submission of the task as it is sent and stored: an id of its own, and when and how long. */
  entry(task, draft, seconds) {
    return {
      client_id: randomId(),
      sequence: Date.now(),
      task: task.id,
      position: task.position,
      answers: { ...draft.values },
      note: draft.note?.replaceAll("\0", "").trim() || null,
      seconds,
      client_time: new Date().toISOString(),
    };
  }

  /** What was chosen and not yet submitted, else the answers given before. */
  draft(task) {
    try {
      const found = JSON.parse(remembered(this.draftKey));
      if (found?.task === task.id) return found;
    } catch {
      // not ours, or cut off: as if there were none
    }
    return { task: task.id, values: { ...(task.answers ?? {}) }, note: task.note, seconds: 0, changed: false };
  }

  keepDraft(draft) {
    remember(this.draftKey, draft && JSON.stringify(draft));
  }

  get draftKey() {
    return `harness-draft ${this.base}`;
  }
}

/** The part of an entry that the server is told. */
export function submission({ client_id, task, answers, note, seconds, client_time }) {
  return { client_id, task, answers, note, seconds, client_time };
}
