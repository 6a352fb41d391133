/** Words and what they are, side by side. */
import { html } from '../core/html.js';

/** `facts`: [[word, markup], …] */
export const Facts = ({ facts }) =>
  html`<dl class="facts">
    ${facts.map(([word, value]) => html`<div><dt>${word}</dt><dd>${value}</dd></div>`)}
  </dl>`;
