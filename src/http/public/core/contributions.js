/**
 * What the page is made of: pages, panels, headline figures and kinds of live events, of the page itself and of each domain
 * that the pipeline declares. The document names a module of each; they run before the page starts.
 *
 *   page:   { address, title, nav?: { group, order }, under?, shows?(pipeline) }
 *   panel:  { id, title, on: { address: { order, width? } }, shows?(pipeline), view }, on a wide screen of the width wide (the
 *           default), or main with side beside it
 *   figure: { order, shows?(pipeline), of(overview) → { name, value, title?, extra?, level? } }
 */
const parts = [];

export function contribute(part) {
  parts.push(part);
}

/** All of a sort that this pipeline has something for. */
export function contributed(sort, pipeline) {
  return parts.flatMap((part) => part[sort] ?? []).filter(({ shows }) => shows === undefined || shows(pipeline));
}
