// Filters rows, moves by keys, keeps marks. Without it every row is shown; nothing here makes markup out of texts.
(() => {
  'use strict';
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const STEP = 20;

  function start() {
    const part = document.querySelector('.review');
    if (!part) return;
    const entries = all('.entry', part);
    const selects = all('.bar select', part);
    const input = part.querySelector('.bar input');
    const more = part.querySelector('.more-rows');
    const none = part.querySelector('.none-fit');
    const texts = new Map(entries.map((entry) => [entry, entry.textContent.toLocaleLowerCase()]));
    const kept = `review-marks:${document.title}`;
    let marks = {};
    try { marks = JSON.parse(localStorage.getItem(kept)) || {}; } catch { /* a browser that stores nothing begins anew */ }
    let most = STEP;
    let here = null;

    const fits = (entry, words) => selects.every((s) => !s.value || entry.dataset[s.dataset.by] === s.value)
      && words.every((word) => texts.get(entry).includes(word));
    const fitting = () => {
      const words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      return entries.filter((entry) => fits(entry, words));
    };
    const update = () => {
      const found = fitting();
      const shown = new Set(found.slice(0, most));
      entries.forEach((entry) => { entry.hidden = !shown.has(entry); });
      part.querySelector('.count').textContent = `${shown.size} of ${found.length} row${found.length === 1 ? '' : 's'}`;
      more.hidden = found.length <= most;
      more.textContent = `Show ${Math.min(STEP, found.length - most)} more`;
      none.hidden = found.length > 0;
    };

    // Wilson's interval of the share of bad rows among those drawn by chance: the others were chosen, and say nothing of the whole.
    const interval = (bad, n) => {
      const z = 1.96;
      const middle = (bad + z * z / 2) / (n + z * z);
      const half = z / (n + z * z) * Math.sqrt(bad * (n - bad) / n + z * z / 4);
      return [Math.max(0, middle - half), Math.min(1, middle + half)].map((x) => Math.round(100 * x));
    };
    const tell = () => {
      const random = entries.filter((entry) => entry.dataset.group === 'random' && marks[entry.dataset.name]);
      const bad = random.filter((entry) => marks[entry.dataset.name] === 'bad').length;
      const out = part.querySelector('.marks');
      if (random.length) {
        const [low, high] = interval(bad, random.length);
        out.textContent = `Of ${random.length} rows drawn by chance that you marked, ${bad} are bad: ${Math.round(100 * bad / random.length)} % [${low}, ${high}]`;
      } else out.textContent = 'Nothing marked yet.';
      part.querySelector('.copy-marks').hidden = !Object.keys(marks).length;
    };
    const draw = (entry) => {
      const mark = marks[entry.dataset.name];
      entry.classList.toggle('good', mark === 'good');
      entry.classList.toggle('bad', mark === 'bad');
      all('[data-mark]', entry).forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.mark === mark)));
    };
    const set = (entry, mark) => {
      if (mark && marks[entry.dataset.name] !== mark) marks[entry.dataset.name] = mark; else delete marks[entry.dataset.name];
      try { localStorage.setItem(kept, JSON.stringify(marks)); } catch { /* kept until the page is closed */ }
      entries.filter((other) => other.dataset.name === entry.dataset.name).forEach(draw);
      tell();
    };

    const go = (entry) => {
      if (!entry) return;
      if (here) here.classList.remove('here');
      here = entry;
      here.classList.add('here');
      here.focus({ preventScroll: true });
      here.scrollIntoView({ block: 'start', behavior: 'instant' });
    };
    const move = (by) => {
      const found = fitting();
      const place = here && !here.hidden ? found.indexOf(here) + by : by > 0 ? 0 : found.length - 1;
      const next = Math.min(found.length - 1, Math.max(0, place));
      if (next >= most) { most = next + STEP; update(); }
      go(found[next]);
    };

    selects.forEach((s) => s.addEventListener('input', () => { most = STEP; update(); }));
    input.addEventListener('input', () => { most = STEP; update(); });
    more.addEventListener('click', () => { const first = most; most += STEP; update(); go(fitting()[first]); });
    entries.forEach((entry) => {
      draw(entry);
      entry.querySelector('.judge').hidden = false;
      all('[data-mark]', entry).forEach((b) => b.addEventListener('click', () => set(entry, b.dataset.mark)));
    });
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest('input, select, textarea')) { if (event.key === 'Escape') event.target.blur(); return; }
      const mark = { 1: 'good', 2: 'bad', 0: '' }[event.key];
      if (event.key === 'j') move(1);
      else if (event.key === 'k') move(-1);
      else if (event.key === '/') input.focus();
      else if (event.key === 'm' && here) all('details.meta', here).forEach((d) => { d.open = !d.open; });
      else if (mark !== undefined && here) set(here, mark);
      else return;
      event.preventDefault();
    });
    const cell = (text) => {
      const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
      return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    part.querySelector('.copy-marks').addEventListener('click', async () => {
      const rows = Object.entries(marks).map(([name, mark]) => `${cell(name)},${mark}`);
      const place = document.querySelector('.announce');
      try {
        await navigator.clipboard.writeText(`id,mark\n${rows.join('\n')}\n`);
        place.textContent = 'Copied as CSV.';
      } catch { place.textContent = 'The browser did not allow copying.'; }
      setTimeout(() => { place.textContent = ''; }, 4000);
    });
    part.querySelector('.bar').hidden = false;
    update();
    tell();
  }

  document.addEventListener('DOMContentLoaded', start);
})();
