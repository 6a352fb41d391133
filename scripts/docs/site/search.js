/** The site's search: its index is fetched when the field is first used. */
import MiniSearch from './minisearch.js';

const SHOWN = 12;
const field = document.querySelector('#search');
const list = document.querySelector('#found');
const up = document.body.dataset.up;
let index = null;

async function load() {
  index ??= fetch(`${up}/search.json`).then(async (answer) => {
    const options = { fields: ['heading', 'text'], storeFields: ['page', 'heading', 'address'] };
    return MiniSearch.loadJSON(await answer.text(), options);
  });
  return index;
}

async function search() {
  const asked = field.value.trim();
  const found = asked === '' ? [] : (await load()).search(asked, { prefix: true, fuzzy: 0.15, boost: { heading: 4 } });
  if (field.value.trim() !== asked) return;
  const items = found.slice(0, SHOWN).map(({ page, heading, address }) => {
    const link = document.createElement('a');
    link.href = `${up}/${address}`;
    link.textContent = heading === page ? page : `${page}: ${heading}`;
    const item = document.createElement('li');
    item.append(link);
    return item;
  });
  if (asked !== '' && items.length === 0) {
    const none = document.createElement('li');
    none.textContent = 'Nothing is found.';
    items.push(none);
  }
  list.replaceChildren(...items);
}

field.addEventListener('focus', load);
field.addEventListener('input', search);
field.addEventListener('keydown', ({ key }) => {
  if (key === 'Enter') list.querySelector('a')?.click();
  if (key === 'Escape') {
    field.value = '';
    list.replaceChildren();
  }
});
