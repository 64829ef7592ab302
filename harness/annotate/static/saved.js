// The small line that says whether everything is saved.

const byId = (id) => document.getElementById(id);

/** Shows the outbox's state: saved, saving, kept here until the server is back, or refused. */
export function showState(t, now) {
  if (!now) return;
  const place = byId("saved");
  const kind = now.refused ? "refused" : now.offline ? "offline" : now.waiting ? "saving" : "saved";
  place.dataset.state = kind;
  place.textContent = kind === "saved" || kind === "saving" ? t(kind) : t("unsaved", { n: now.waiting });
  place.dataset.waiting = now.waiting;
  const notice = byId("notice");
  const lasting = now.durable === false && now.waiting > 0;
  notice.hidden = kind === "saved" || (kind === "saving" && !lasting);
  if (kind === "refused") notice.textContent = t("refused");
  else if (lasting) notice.textContent = t("not_durable");
  else if (kind === "offline") notice.textContent = t("offline", { n: now.waiting });
}
