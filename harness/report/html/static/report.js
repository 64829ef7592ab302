// Sorting, filtering, copying and the theme. Without it the page reads the same; nothing here makes markup out of texts.
(() => {
  'use strict';
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const plural = (n, noun) => `${n} ${noun}${n === 1 ? '' : 's'}`;

  // The theme is set before anything is drawn.
  const remembered = () => { try { return localStorage.getItem('report-theme') || ''; } catch { return ''; } };
  const setTheme = (theme) => {
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme; else delete root.dataset.theme;
  };
  setTheme(remembered());

  function startTheme() {
    const group = document.querySelector('.theme');
    const buttons = all('button', group);
    const show = (theme) => buttons.forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.themeChoice === theme)));
    buttons.forEach((button) => button.addEventListener('click', () => {
      const theme = button.dataset.themeChoice;
      setTheme(theme);
      show(theme);
      try { localStorage.setItem('report-theme', theme); } catch { /* a browser that stores nothing forgets the choice */ }
    }));
    show(root.dataset.theme || '');
    group.hidden = false;
  }

  function say(text) {
    const place = document.querySelector('.announce');
    place.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { place.textContent = ''; }, 4000);
  }

  // Tables. Where fewer figures are shown than known, data-v has them. Missing cells (x) sort last.
  const read = (text) => parseFloat(text.replaceAll('−', '-').replaceAll(',', ''));
  const key = (row, index, numeric) => {
    const cell = row.cells[index];
    if (!cell || cell.classList.contains('x')) return null;
    if (!numeric) return cell.textContent.trim();
    const value = read(cell.dataset.v ?? cell.textContent);
    return Number.isNaN(value) ? null : value;
  };

  function sort(table, index, direction) {
    const body = table.tBodies[0];
    const numeric = table.tHead.rows[0].cells[index].classList.contains('number');
    const language = root.lang || undefined;
    const rows = [...body.rows].map((row, place) => ({ row, place, key: key(row, index, numeric) }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.place - b.place;
      const order = numeric ? a.key - b.key : a.key.localeCompare(b.key, language, { numeric: true });
      return direction * order || a.place - b.place;
    });
    body.append(...rows.map((entry) => entry.row));
  }

  function startSorting(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, index) => {
      const place = head.querySelector('.sorts') || head; // a head that says more than its name sorts by its name
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...place.childNodes);
      place.append(button);
      button.addEventListener('click', () => {
        const first = head.classList.contains('number') && !head.classList.contains('lower') ? 'descending' : 'ascending';
        const now = head.getAttribute('aria-sort');
        const next = now ? (now === 'ascending' ? 'descending' : 'ascending') : first;
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', next);
        sort(table, index, next === 'ascending' ? 1 : -1);
      });
    });
  }

  const matches = (element, words) => {
    const text = element.textContent.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  };
  const wordsOf = (input) => input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);

  function startTable(part) {
    const table = part.querySelector('table');
    const rows = [...table.tBodies[0].rows];
    const output = part.querySelector('output');
    const input = part.querySelector('input');
    if (input) {
      input.addEventListener('input', () => {
        const words = wordsOf(input);
        rows.forEach((row) => { row.hidden = !matches(row, words); });
        const shown = rows.filter((row) => !row.hidden).length;
        output.textContent = shown === rows.length ? plural(rows.length, 'row') : `${shown} of ${plural(rows.length, 'row')}`;
      });
    }
    part.querySelector('.copy').addEventListener('click', () => copy(csv(table)));
    part.querySelector('.tools').hidden = false;
  }

  // A text that a spreadsheet would run as a formula is marked as text.
  const field = (cell, numeric) => {
    if (cell.classList.contains('x')) return '';
    const number = numeric && cell.tagName === 'TD' ? read(cell.dataset.v ?? cell.textContent) : NaN;
    if (!Number.isNaN(number)) return String(number);
    let text = cell.textContent.trim();
    if (/^[=+\-@\t]/.test(text)) text = `'${text}`;
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const csv = (table) => {
    const numeric = [...table.tHead.rows[0].cells].map((head) => head.classList.contains('number'));
    const line = (row) => [...row.cells].map((cell, index) => field(cell, numeric[index])).join(',');
    return [...table.rows].filter((row) => !row.hidden).map(line).join('\n') + '\n';
  };

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      if (!done) { say('The browser did not allow copying.'); return; }
    }
    say('Copied as CSV.');
  }

  // Legends switch statistics off and on.
  function startLegend(figure) {
    const items = all('.legend [data-look]', figure);
    if (items.length < 2) return;
    items.forEach((item) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.setAttribute('aria-pressed', 'true');
      button.title = 'Show or hide';
      button.append(...item.childNodes);
      item.append(button);
      button.addEventListener('click', () => {
        const hidden = figure.classList.toggle(`hide-${item.dataset.look}`);
        button.setAttribute('aria-pressed', String(!hidden));
      });
    });
  }

  // Cards: ten at a time, by what the selects name, by words, and by what another script of the page asks (`fits`).
  function startCards(part) {
    const cards = all('.card', part);
    const selects = all('select[data-by]', part);
    const noun = part.dataset.noun || 'disagreement';
    const input = part.querySelector('input');
    const output = part.querySelector('output');
    const more = part.querySelector('.more');
    const step = 10;
    let most = step;
    const update = () => {
      const words = wordsOf(input);
      const fitting = cards.filter((card) => selects.every((s) => !s.value || card.dataset[s.dataset.by] === s.value)
        && (!part.fits || part.fits(card)) && matches(card, words));
      const shown = new Set(fitting.slice(0, most));
      cards.forEach((card) => { card.hidden = !shown.has(card); });
      const chosen = fitting.length === cards.length ? '' : `, ${cards.length} in all`;
      output.textContent = `${shown.size} of ${plural(fitting.length, noun)} shown${chosen}`;
      more.hidden = fitting.length <= most;
      more.textContent = `Show ${Math.min(step, fitting.length - most)} more`;
    };
    [...selects, input].forEach((control) => control.addEventListener('input', () => { most = step; update(); }));
    more.addEventListener('click', () => {
      const before = cards.filter((card) => !card.hidden).length;
      most += step;
      update();
      cards.filter((card) => !card.hidden)[before]?.querySelector('summary').focus();
    });
    part.querySelector('.open-all').addEventListener('click', (event) => {
      const shown = cards.filter((card) => !card.hidden);
      const open = !shown.every((card) => card.open);
      shown.forEach((card) => { card.open = open; });
      event.currentTarget.textContent = open ? 'Close those shown' : 'Open those shown';
    });
    cards.forEach((card) => card.addEventListener('toggle', () => {
      all('.passage', card).forEach((p) => { if (p.scrollHeight > p.clientHeight + 1) p.tabIndex = 0; });
    }));
    part.querySelector('.tools').hidden = false;
    update();
    part.renew = () => { most = step; update(); };
    part.reveal = (card) => { input.value = ''; selects.forEach((s) => { s.value = ''; }); most = Math.max(most, cards.indexOf(card) + 1); update(); };
  }

  // A link to something folded opens it.
  function openTarget() {
    let name = '';
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = name && document.getElementById(name);
    if (!target) return;
    if (target.classList.contains('card')) target.closest('.cards')?.reveal(target);
    for (let at = target; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
    if (name === 'manifest') document.querySelector('.manifest').open = true;
    target.scrollIntoView({ behavior: 'instant' });
  }

  // The contents list marks where the reader is.
  function startContents() {
    const details = document.querySelector('.contents details');
    const wide = matchMedia('(min-width: 68rem)');
    const fold = () => { details.open = wide.matches; };
    wide.addEventListener('change', fold);
    fold();
    const links = new Map(all('.contents a').map((link) => [link.hash.slice(1), link]));
    const heads = all('main :is(h2, h3)[id]').filter((head) => links.has(head.id));
    let waiting = false;
    const mark = () => {
      waiting = false;
      const bottom = scrollY + innerHeight >= root.scrollHeight - 2;
      const above = heads.filter((head) => head.getBoundingClientRect().top < innerHeight * 0.3);
      const here = bottom ? heads[heads.length - 1] : above[above.length - 1] || heads[0];
      links.forEach((link, name) => {
        if (here && name === here.id) {
          if (!link.hasAttribute('aria-current')) {
            link.setAttribute('aria-current', 'location');
            if (wide.matches) {
              const nav = details.parentElement;
              const top = link.getBoundingClientRect().top - nav.getBoundingClientRect().top;
              if (top < 0 || top > nav.clientHeight - 40) nav.scrollTop += top - nav.clientHeight / 2;
            }
          }
        } else link.removeAttribute('aria-current');
      });
    };
    addEventListener('scroll', () => { if (!waiting) { waiting = true; requestAnimationFrame(mark); } }, { passive: true });
    mark();
  }

  document.addEventListener('DOMContentLoaded', () => {
    startTheme();
    all('table.sortable').forEach(startSorting);
    all('div.table').forEach(startTable);
    all('.figure.dot-plot').forEach(startLegend);
    all('.cards').forEach(startCards);
    startContents();
    addEventListener('hashchange', openTarget);
    openTarget();
  });
})();
