// Answers on their way to the server: each is stored in this browser first, and removed only when the server has committed it.

import { Refused } from "./dom.js";

const DATABASE = "harness-annotate";
const STORE = "outbox";
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;

/** Entries of one rater, `owner`. `send(entry)` posts one; `changed({waiting, offline, refused, durable})` is told of every change. */
export class Outbox {
  constructor(owner, send, changed) {
    this.owner = owner;
    this.send = send;
    this.changed = changed;
    this.wait = FIRST_WAIT;
    this.timer = null;
    this.sending = null;
    this.again = false;
    this.replies = new Map(); // client id → what is to be done with the server's reply
    this.state = { waiting: 0, offline: false, refused: null, durable: true };
  }

  /** Opens the store and returns what an earlier visit left unsent, oldest first. */
  async open() {
    this.store = await openStore();
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.retryNow());
    const entries = await this.entries();
    this.tell({ waiting: entries.length });
    this.flush();
    return entries;
  }

  async entries() {
    const all = await this.store.all();
    return all.filter((entry) => entry.owner === this.owner).sort((one, other) => one.sequence - other.sequence);
  }

  /** Resolves when the entry is stored in this browser, with `sent`: a promise of the server's reply, null if another tab got it. */
  async add(entry) {
    const mine = { ...entry, owner: this.owner };
    try {
      await this.store.put(mine);
    } catch {
      this.store = memoryStore(); // the browser's store is full or gone: the page says so, and what lies there is sent on the next visit
      await this.store.put(mine);
    }
    this.tell({ waiting: this.state.waiting + 1 });
    const sent = new Promise((resolve) => this.replies.set(entry.client_id, resolve));
    this.retryNow();
    return { sent };
  }

  retryNow() {
    clearTimeout(this.timer);
    this.timer = null;
    this.wait = FIRST_WAIT;
    this.flush();
  }

  /** Sends everything, one at a time in order; one sender in a tab. A second tab may send the same entry: the server knows its id. */
  flush() {
    this.again = true;
    this.sending ??= this.sendAll()
      .catch(() => this.later()) // the browser's own store failed
      .finally(() => {
        this.sending = null;
        if (this.again) this.flush();
      });
    return this.sending;
  }

  async sendAll() {
    while (this.again) {
      this.again = false;
      let refused = null;
      for (const entry of await this.entries()) {
        let reply;
        try {
          reply = await this.send(entry);
        } catch (error) {
          if (!(error instanceof Refused)) return this.failed({ offline: true, refused });
          refused = error; // the entry stays: a wrongly started server must not cost an answer; the others go on
          continue;
        }
        await this.store.remove(entry.client_id);
        this.reply(entry.client_id, reply);
        this.tell({ offline: false, waiting: (await this.entries()).length });
      }
      if (refused) return this.failed({ offline: false, refused });
      this.wait = FIRST_WAIT;
      const left = await this.entries();
      this.tell({ offline: false, refused: null, waiting: left.length });
      if (left.length) this.again = true; // another tab has added one meanwhile: without a further round it would stay counted here
      const ids = new Set(left.map((entry) => entry.client_id));
      for (const id of [...this.replies.keys()]) if (!ids.has(id)) this.reply(id, null);
    }
  }

  reply(id, reply) {
    this.replies.get(id)?.(reply);
    this.replies.delete(id);
  }

  async failed(how) {
    this.tell({ ...how, waiting: (await this.entries()).length });
    this.later();
  }

  later() {
    this.again = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  tell(change) {
    Object.assign(this.state, change, { durable: this.store.durable });
    this.changed(this.state);
  }
}

async function openStore() {
  try {
    return indexedStore(await openDatabase());
  } catch {
    return memoryStore(); // a private window that keeps nothing: the page says so
  }
}

function openDatabase() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "client_id" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("the browser's database is blocked"));
  });
}

/** IndexedDB with durability "strict": a put resolves when the answer is on disk, not in a buffer that a crash takes away. */
function indexedStore(database) {
  const run = (mode, work) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const asked = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  return {
    durable: true,
    all: () => run("readonly", (store) => store.getAll()),
    put: (entry) => run("readwrite", (store) => store.put(entry)),
    remove: (id) => run("readwrite", (store) => store.delete(id)),
  };
}

function memoryStore() {
  const entries = new Map();
  return {
    durable: false,
    all: async () => [...entries.values()],
    put: async (entry) => void entries.set(entry.client_id, entry),
    remove: async (id) => void entries.delete(id),
  };
}
