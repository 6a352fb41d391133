/** A view whose module is loaded when it is first shown: what a page weighs before it is opened does not count. */
import { useEffect, useState } from 'preact/hooks';
import { html } from '../core/html.js';
import { Failure } from './table.js';

/** `load` gives the module, whose `View` it is. */
export const lazily = (load) =>
  function Lazy(props) {
    const [loaded, setLoaded] = useState({});
    useEffect(
      () =>
        void load().then(
          ({ View }) => setLoaded({ View }),
          (error) => setLoaded({ error }),
        ),
      [],
    );
    if (loaded.error !== undefined) return html`<${Failure} error=${loaded.error} />`;
    if (loaded.View === undefined) return html`<p class="empty loading" role="status">Reading …</p>`;
    return html`<${loaded.View} ...${props} />`;
  };
