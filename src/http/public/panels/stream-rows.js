/** The newest events of a stream with a schema of its own, in columns of that. */
import { html } from '../core/html.js';
import { streamRowsSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Exports, Frame } from '../view/frame.js';
import { columnOf } from '../view/row-cells.js';
import { Table } from '../view/table.js';

export const streamRowsPanel = {
  id: 'stream-rows',
  title: 'Newest events',
  on: { '/streams/:stream': { order: 20 } },
  view: StreamRows,
};

function StreamRows({ panel, params, pipeline }) {
  const stream = pipeline.streams.find(({ name }) => name === params.stream);
  if (stream === undefined) return null;
  if (stream.rows === null) {
    return html`<${Frame} panel=${panel}>
      <p class="empty">A stream of a built-in schema has no table of its events of its own.</p>
    <//>`;
  }
  return html`<${OwnRows} panel=${panel} stream=${stream} />`;
}

function OwnRows({ panel, stream }) {
  const shown = useSource(streamRowsSource(stream));
  return html`<${Frame} panel=${panel} note="by event time" tools=${html`<${Exports} path=${stream.rows} name=${stream.name} />`}>
    <${Table}
      caption="Events of ${stream.name}, newest first"
      empty="No event so far."
      shown=${shown}
      columns=${stream.columns.map(columnOf)}
      keyOf=${(row) => `${row.partition}|${row.log_offset}`}
    />
  <//>`;
}
