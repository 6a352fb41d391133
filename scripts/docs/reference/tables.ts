/** Tables of the read models that every service has. */
import { TABLES } from '../../../src/tables.ts';
import { code, table } from './markdown.ts';

export function tablesText(): string {
  const parts = [...TABLES]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, label, store, key, columns, read, isOfProcess }) => {
      const facts = [
        `${label}, in ${store}.`,
        key === null ? 'Each event is a row of its own.' : `One row a ${key.map(code).join(', ')}.`,
        read === undefined ? '' : `\`GET /api/v1/${read.path}\`.`,
        isOfProcess === true ? 'The process writes it about itself: no part of a digest.' : '',
      ].filter((fact) => fact !== '');
      const rows = columns.map((column) => [code(column.name), column.kind, column.nullable === true ? 'yes' : '']);
      return `## ${name}\n\n${facts.join(' ')}\n\n${table(['column', 'kind', 'may be null'], rows)}`;
    });
  return `Tables that \`millrace query\`, the API and the page read. Streams, windows and joins of a pipeline file have tables of
their own beside them: [results.md](../results.md).

${parts.join('\n')}`;
}
