// Elements, interface strings and small helpers. Every text goes in as a text node: nothing here parses markup.

/** An element with properties, attributes and children (elements or strings). `on*` are listeners; null and false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "className") node.className = value;
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A function that gives the interface string of a key in the current language, its {places} filled. */
export function translator(texts, language) {
  return (key, values = {}) => {
    const text = texts[language()]?.[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}

/** Sets the page's language and every element marked data-text to its string. */
export function relabel(t, language) {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language));
  }
}

/** A random id of 128 bits; works on plain http too, where crypto.randomUUID is missing. */
export function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A choice kept in this browser, or null where the browser keeps none. */
export function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is switched off
  }
}

/** Keeps a choice in this browser, where it may be kept; null removes it. */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // storage is switched off or full: the choice lasts as long as the page
  }
}

export class Refused extends Error {
  constructor(status, reason) {
    super(reason || `HTTP ${status}`);
    this.status = status;
  }
}

/** The JSON that the server answers. Raises Refused for 4xx, and another error when there is no server or it failed. */
export async function request(method, url, body, { timeout = 15000 } = {}) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  try {
    const response = await fetch(url, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      keepalive: body !== undefined,
      signal: abort.signal,
    });
    if (response.ok) return await response.json();
    const temporary = response.status >= 500 || response.status === 408 || response.status === 429;
    if (temporary) throw new Error(`HTTP ${response.status}`);
    const told = await response.json().catch(() => ({}));
    throw new Refused(response.status, told.error);
  } finally {
    clearTimeout(timer);
  }
}
