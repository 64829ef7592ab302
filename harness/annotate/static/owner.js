// The owner's page: figures that update themselves, links for raters, deletion with a second question.

import { Refused, el, relabel, remember, remembered, request, translator } from "./dom.js";

const EVERY = 4000;
const byId = (id) => document.getElementById(id);

async function start() {
  const base = location.pathname.replace(/\/+$/, "");
  const raters = (document.body.dataset.base || location.origin + base.replace(/\/owner\/[^/]+$/, "")) + "/r/";
  let language = remembered("harness-language") ?? document.documentElement.lang;
  const strings = {};
  const t = translator(strings, () => language);
  let latest = null, seen = null;

  const number = (value, digits) =>
    value === null || value === undefined ? t("no_value") : value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const signed = (value) => (value > 0.005 ? "+" : "") + number(Math.abs(value) < 0.005 ? 0 : value, 2);
  const n = (count) => el("span", { className: "n" }, ` n = ${count}`);

  function table(columns, rows) {
    return el(
      "table",
      {},
      el("thead", {}, el("tr", {}, columns.map((key) => el("th", { scope: "col" }, t(key))))),
      el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, at) => el(at ? "td" : "th", at ? {} : { scope: "row" }, cell))))),
    );
  }

  function raterRow(rater) {
    const name = rater.pseudonym;
    const state = !rater.consented ? "new" : rater.done >= rater.total ? "done" : rater.training_done < rater.training_total ? "training" : "rating";
    const failed = rater.checks_failed > 0;
    return [
      name,
      t(`state_${state}`),
      [el("progress", { value: rater.done, max: rater.total || 1, "aria-label": name }), ` ${rater.done}/${rater.total}`],
      rater.median_seconds === null ? t("no_value") : [t("seconds", { n: number(rater.median_seconds, 1) }), n(rater.n_seconds)],
      rater.checks_done ? el("span", { className: failed ? "flag" : "" }, `${rater.checks_done - rater.checks_failed}/${rater.checks_done}`) : t("no_value"),
      apart(rater.drift),
      rater.flags.length ? rater.flags.map((flag) => el("div", { className: "flag" }, t(`flag_${flag}`))) : t("no_value"),
      rater.last_answer_at ? ago(rater.last_answer_at) : t("no_value"),
      [
        el("button", { type: "button", onclick: () => renew(name), "aria-label": `${t("owner_new_link")}: ${name}` }, t("owner_new_link")),
        el("button", { type: "button", className: "danger", onclick: () => erase(name), "aria-label": `${t("owner_delete")}: ${name}` }, t("owner_delete")),
      ],
    ];
  }

  function apart(drift) {
    const known = Object.entries(drift).filter(([, found]) => found.n > 0);
    if (!known.length) return t("no_value");
    return known.map(([criterion, found]) => {
      const halves = found.n_early && found.n_late && t("apart_halves", { early: signed(found.early), late: signed(found.late) });
      const now = t("apart", { criterion, difference: signed(found.difference) });
      return el("div", {}, now, n(found.n), halves && el("div", { className: "n" }, halves));
    });
  }

  function ago(iso) {
    const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(iso)) / 60000));
    if (minutes < 1) return t("ago_now");
    if (minutes < 60) return t("ago_minutes", { n: minutes });
    return minutes < 48 * 60 ? t("ago_hours", { n: Math.floor(minutes / 60) }) : t("ago_days", { n: Math.floor(minutes / 1440) });
  }

  function agreementRow(found) {
    const alpha = found.alpha_ordinal ?? found.alpha_nominal ?? null;
    const pairs = found.pairwise.map((pair) => el("div", {}, `${pair.a} – ${pair.b}: ${number(pair.exact === null ? null : pair.exact * 100, 0)} %`, n(pair.n)));
    const name = found.form === "compare" ? t("form_compare", { criterion: found.criterion }) : found.criterion;
    return [name, [number(alpha, 2), n(found.n)], [number(found.fleiss_kappa, 2), n(found.n_fleiss)], found.raters, pairs];
  }

  function draw() {
    if (!latest) return;
    const busy = document.activeElement?.closest("#raters button");
    const label = busy?.getAttribute("aria-label");
    byId("total").max = latest.tasks_total || 1;
    byId("total").value = latest.tasks_done;
    byId("total-text").textContent = t("owner_answers", { i: latest.tasks_done, n: latest.tasks_total });
    const columns = ["col_rater", "col_state", "col_done", "col_median", "col_attention", "col_apart", "col_flags", "col_last", "col_actions"];
    byId("raters").replaceChildren(...(latest.raters.length ? [table(columns, latest.raters.map(raterRow)), el("p", { className: "hint" }, t("apart_hint"))] : [el("p", {}, t("owner_no_raters"))]));
    const agreement = latest.agreement.filter((found) => found.n > 0);
    const measured = ["col_criterion", "col_value", "col_kappa", "col_n_raters", "col_exact"];
    byId("agreement").replaceChildren(agreement.length ? table(measured, agreement.map(agreementRow)) : el("p", {}, t("owner_agreement_none")));
    byId("export").hidden = latest.answers === 0;
    byId("updated").textContent = t("owner_updated", { time: seen.toLocaleTimeString(language) });
    if (label) [...document.querySelectorAll("#raters button")].find((one) => one.getAttribute("aria-label") === label)?.focus();
  }

  async function refresh() {
    try {
      latest = await request("GET", `${base}/status`);
      seen = new Date();
      if (byId("notice").dataset.stale) byId("notice").hidden = true;
      draw();
    } catch (error) {
      byId("notice").dataset.stale = "yes";
      complain(error instanceof Refused ? t("link_gone") : t("owner_stale", { time: seen?.toLocaleTimeString(language) ?? t("no_value") }));
    }
  }

  function complain(text) {
    byId("notice").hidden = false;
    byId("notice").textContent = text;
  }

  async function attempt(work) {
    byId("notice").hidden = true;
    try {
      await work();
    } catch (error) {
      delete byId("notice").dataset.stale;
      const key = `refused_${error.message}`;
      complain(t("owner_failed", { reason: key in strings[language] ? t(key) : t("refused_other") }));
    }
    await refresh();
  }

  function showLink({ pseudonym, token }) {
    const field = el("input", { readonly: true, value: raters + token, "aria-label": t("owner_link", { name: pseudonym }), onfocus: () => field.select() });
    const copy = el("button", { type: "button", className: "primary" }, t("owner_copy"));
    copy.addEventListener("click", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        copy.textContent = t("owner_copied");
      } catch {
        field.focus(); // no clipboard on plain http: the link is selected, Ctrl-C copies it
      }
    });
    byId("link").hidden = false;
    byId("link").replaceChildren(el("strong", {}, t("owner_link", { name: pseudonym })), field, el("p", {}, t("owner_link_once")), copy);
    copy.focus();
  }

  const renew = async (name) => {
    if (!(await confirmed({ title: t("owner_new_link"), text: t("owner_new_link_ask", { name }), yes: t("owner_new_link") }))) return;
    await attempt(async () => showLink(await request("POST", `${base}/raters/${encodeURIComponent(name)}/link`, {})));
  };

  const erase = async (name) => {
    const word = { word: name, ask: t("owner_delete_type", { name }) };
    if (!(await confirmed({ title: t("owner_delete_title"), text: t("owner_delete_ask", { name }), yes: t("owner_delete_yes"), ...word }))) return;
    await attempt(async () => {
      await request("DELETE", `${base}/raters/${encodeURIComponent(name)}`, {});
      byId("link").hidden = false;
      byId("link").textContent = t("owner_deleted", { name });
    });
  };

  /** Whether the owner says yes; with `word`, only after typing it. */
  function confirmed({ title, text, yes, word = null, ask = "" }) {
    const dialog = byId("confirm");
    const field = byId("confirm-word").querySelector("input");
    byId("confirm-title").textContent = title;
    byId("confirm-text").textContent = text;
    byId("confirm-yes").textContent = yes;
    byId("confirm-word").hidden = word === null;
    byId("confirm-word").querySelector("span").textContent = ask;
    field.value = "";
    const check = () => (byId("confirm-yes").disabled = word !== null && field.value !== word);
    field.oninput = check;
    check();
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
  }

  byId("add").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      showLink(await request("POST", `${base}/raters`, { pseudonym: byId("name").value.trim() || null }));
      byId("name").value = "";
    });
  });
  for (const node of document.querySelectorAll("[data-language]")) {
    node.addEventListener("click", () => {
      language = node.dataset.language;
      remember("harness-language", language);
      relabel(t, language);
      draw();
    });
  }
  byId("export").href = `${base}/export`;
  Object.assign(strings, await request("GET", `${base}/texts`));
  if (!(language in strings)) language = "en";
  relabel(t, language);
  await refresh();
  setInterval(() => document.hidden || byId("confirm").open || refresh(), EVERY);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}

start();
