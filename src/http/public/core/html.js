/** Markup in templates, without a build. Text goes in as text, so nothing that a stream carries becomes markup. */
import htm from 'htm';
import { h } from 'preact';

export const html = htm.bind(h);
