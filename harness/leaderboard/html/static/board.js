// Choosing columns and models, and two models side by side. Without it everything is shown; nothing here makes markup out of texts.
(() => {
  'use strict';
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const plural = (n, noun) => `${n} ${noun}${n === 1 ? '' : 's'}`;

  function startBoard(part) {
    const table = part.querySelector('.board-table');
    const tools = part.querySelector('.tools');
    const selects = all('select', tools);
    const only = tools.querySelector('.main-only');
    const input = tools.querySelector('input[type=search]');
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    const names = new Map(rows.map((row) => [row, row.cells[0].textContent.toLocaleLowerCase()]));
    const fits = (head, index) => index < 2
      || (selects.every((s) => !s.value || head.dataset[s.dataset.columns] === s.value) && (!only || !only.checked || head.dataset.main));
    const update = () => {
      const shown = heads.map(fits);
      [table.tHead.rows[0], ...rows].forEach((row) => [...row.cells].forEach((cell, index) => { cell.hidden = !shown[index]; }));
      const words = input ? input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean) : [];
      rows.forEach((row) => { row.hidden = !words.every((word) => names.get(row).includes(word)); });
      const columns = shown.filter(Boolean).length - 2;
      const models = rows.filter((row) => !row.hidden).length;
      const some = (n, of, noun) => (n === of ? plural(n, noun) : `${n} of ${plural(of, noun)}`);
      tools.querySelector('output').textContent = `${some(models, rows.length, 'model')}, ${some(columns, heads.length - 2, 'column')}`;
      part.querySelector('.none-fit').hidden = models > 0 && columns > 0;
    };
    [...selects, only, input].filter(Boolean).forEach((control) => control.addEventListener('input', update));
    tools.hidden = false;
    update();
  }

  function startSides(part) {
    const first = part.querySelector('.first');
    const second = part.querySelector('.second');
    const pairs = all('.pair', part);
    const none = part.querySelector('.no-pair');
    const cards = part.querySelector('.answers');
    const which = cards && cards.querySelector('.which');
    const value = (card, model) => {
      const side = model && card.querySelector(`.by[data-model="${model}"]`);
      return side && side.dataset.v !== undefined ? parseFloat(side.dataset.v) : NaN;
    };
    // How much better the first is; NaN where one of the two has no value.
    const gap = (card) => (value(card, first.value) - value(card, second.value)) * (card.dataset.lower ? -1 : 1);
    const asked = {
      '': () => true,
      first: (card) => gap(card) > 0,
      second: (card) => gap(card) < 0,
      differ: (card) => Math.abs(gap(card)) > 0,
      chance: (card) => !card.dataset.differ,
    };
    const update = () => {
      const [a, b] = [first.value, second.value];
      let found = false;
      pairs.forEach((pair) => {
        const { first: one, second: other } = pair.dataset;
        pair.hidden = !((one === a && other === b) || (one === b && other === a));
        if (!pair.hidden) { pair.open = true; found = true; }
      });
      none.hidden = found || !b;
      none.textContent = a === b ? 'Choose two different models.' : 'This pair has no table here.';
      if (!cards) return;
      all('.card', cards).forEach((card) => {
        all('.by', card).forEach((side) => {
          side.hidden = side.dataset.model !== a && side.dataset.model !== b;
          side.classList.toggle('other', side.dataset.model === b && a !== b);
        });
        const by = gap(card);
        card.querySelector('.gap').textContent = b && a !== b && !Number.isNaN(by) && by !== 0 ? `${by > 0 ? 'first' : 'second'} is better` : '';
      });
      if (cards.renew) cards.renew();
    };
    if (cards) {
      cards.fits = (card) => asked[which.value](card);
      which.addEventListener('input', () => cards.renew());
    }
    [first, second].forEach((select) => select.addEventListener('input', update));
    all('[data-one]').forEach((link) => link.addEventListener('click', () => {
      first.value = link.dataset.one;
      second.value = '';
      update();
    }));
    if (second.options.length > 2) second.value = '1';
    part.querySelector('.choose').hidden = false;
    update();
  }

  document.addEventListener('DOMContentLoaded', () => {
    all('div.board').forEach(startBoard);
    all('.sides-part').forEach(startSides);
  });
})();
