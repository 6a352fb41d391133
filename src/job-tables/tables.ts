/** The read model of publications: a row a run and table. */
import { tablePublishedType } from '../messages/types.ts';
import { type Table, tableOf } from '../projections/table.ts';

const publications = tableOf(tablePublishedType, {
  name: 'table_publications',
  label: 'Publications of job tables',
  store: 'sqlite',
  key: ['table_name', 'run_id'],
  columns: [
    { name: 'table_name', kind: 'text', from: 'table' },
    { name: 'run_id', kind: 'text', from: 'runId' },
    { name: 'job', kind: 'text', from: 'job' },
    { name: 'step', kind: 'text', from: 'step' },
    { name: 'mode', kind: 'text', from: 'mode' },
    { name: 'rows', kind: 'long', from: 'rows' },
    { name: 'hash', kind: 'text', from: 'hash' },
    { name: 'table_rows', kind: 'long', from: 'tableRows' },
    { name: 'published_at', kind: 'instant', from: 'publishedAt', isState: false },
  ],
  indexes: [{ name: 'publications_by_time', columns: ['published_at'] }],
  read: {
    path: 'table-publications',
    columns: ['table_name', 'run_id', 'job', 'step', 'mode', 'rows', 'hash', 'table_rows', 'published_at'],
    newest: 'published_at',
    thenBy: 'table_name',
  },
});

export const JOB_TABLE_TABLES: readonly Table[] = [publications];
