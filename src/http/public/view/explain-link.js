/** The address of the page that says what something came of, and what came of it. */
import { to } from '../core/router.js';

/** `explained('alert', id)`, `explained('window', name, key, start)`, or a place: `explained(null, stream, partition, offset)`. */
export const explained = (kind, ...parts) =>
  `${to('/explain')}?of=${encodeURIComponent((kind === null ? '' : `${kind}:`) + parts.join('/'))}`;
