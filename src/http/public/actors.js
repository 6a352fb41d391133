/** The tree of actors: state, restarts, last error. Kept by path, so that a folded branch stays folded. */
import { byId, h, setText, stateMark } from './dom.js';
import { holdStill } from './hold.js';

const folded = new Set();
let shown = '';
let update = null;

export function renderActors({ actors }) {
  if (actors === null) return;
  const text = JSON.stringify(actors);
  if (text === shown) return;
  shown = text;
  update ??= holdStill(byId('actors-tree'), drawTree, () => 0);
  update(actors);
  const all = flat(actors);
  const restarts = all.reduce((sum, actor) => sum + actor.restarts, 0);
  const failed = all.filter((actor) => /fail|escalat/i.test(actor.state)).length;
  const trouble = failed > 0 ? `, ✕ ${failed} failed` : '';
  setText(
    byId('actors-note'),
    `${all.length} in a tree, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'}${trouble}`,
  );
}

function drawTree(actors) {
  const focused = document.activeElement?.closest?.('[data-path]')?.dataset.path;
  const tree = byId('actors-tree');
  tree.replaceChildren(h('ul', { class: 'tree' }, branch(actors)));
  if (focused !== undefined) tree.querySelector(`[data-path="${CSS.escape(focused)}"] summary`)?.focus();
}

function branch(actor) {
  const line = [
    h('span', { class: 'actor-name' }, actor.name),
    h('span', { class: 'muted kind-word' }, actor.kind === actor.name ? '' : actor.kind),
    stateMark(actor.state),
    h(
      'span',
      { class: actor.restarts > 0 ? 'restarts some' : 'restarts muted' },
      actor.restarts > 0 ? `↻ ${actor.restarts} restarts` : '',
    ),
    actor.lastError !== null && h('span', { class: 'detail error', title: actor.lastError }, actor.lastError),
  ];
  const attributes = { id: `actors/${actor.path}`, 'data-path': actor.path };
  if (actor.children.length === 0) return h('li', attributes, h('div', { class: 'actor leaf' }, line));
  const details = h(
    'details',
    { open: !folded.has(actor.path) },
    h('summary', { class: 'actor' }, line),
    h('ul', {}, actor.children.map(branch)),
  );
  details.addEventListener('toggle', () => {
    if (details.open) folded.delete(actor.path);
    else folded.add(actor.path);
  });
  return h('li', attributes, details);
}

function flat(actor) {
  return [actor, ...actor.children.flatMap(flat)];
}
