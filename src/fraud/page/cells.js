/** Cells of scores and reasons. */
import { exact, parsed } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { Bar } from '../../http/public/view/marks.js';

export function Score({ score }) {
  if (typeof score !== 'number') return '–';
  const level = score >= 0.9 ? 'high' : score >= 0.6 ? 'medium' : 'low';
  return html`<span class="line"><${Bar} ratio=${score} level=${level} /><span class="mono">${score.toFixed(3)}</span></span>`;
}

/** `text` is the JSON of an alert's reasons. */
export function Reasons({ text }) {
  const reasons = parsed(text);
  if (!Array.isArray(reasons)) return null;
  return html`<ul class="reasons">
    ${reasons.map(
      ({ code, text: words, value, norm }) => html`<li title=${code}>
        ${words}${typeof value === 'number' && typeof norm === 'number' && html`<span class="muted mono"> ${exact(value)}, usually ${exact(norm)}</span>`}
      </li>`,
    )}
  </ul>`;
}
