/** Results of windows and joins, and late events, in the words of the API's description. */
import { RESULT_COLUMNS, type ResultKind } from '../projections/result-pages.ts';
import { formatParameter, limitParameter, problem, query, rows } from './operations.ts';
import type { Operation } from './route.ts';

export const RESULT_PATHS: Readonly<Record<ResultKind, string>> = {
  windows: 'windows',
  joins: 'joins',
  late_events: 'late-events',
};

const PARAMETERS = [
  query('key', 'The key, as a result shows it; null for keys that are numbers or for one group over all'),
  query('keyPrefix', 'How the key begins'),
  query('nullKey', 'Results whose key is null', { type: 'string', enum: ['true'] }),
  query('from', 'The first time, of a window its start: epoch ms or ISO 8601, such as 2018-04-01T00:00:00Z'),
  query('to', 'The time that is not within any more'),
  { ...limitParameter, description: 'Rows of one answer. A CSV without it has all rows.' },
  query('cursor', 'The header x-next-cursor of the answer before'),
  formatParameter,
];

const named = (parameter: string, what: string) => query(parameter, `Its name; of all ${what} when it is left out`);

const OWN_PARAMETERS: Readonly<Record<ResultKind, readonly object[]>> = {
  windows: [
    named('window', 'windows'),
    query('revisions', 'The newest result of a window, key and start, or also those that it replaced', {
      type: 'string',
      enum: ['newest', 'all'],
      default: 'newest',
    }),
  ],
  joins: [named('join', 'joins')],
  late_events: [named('window', 'windows and joins')],
};

export function resultOperation(kind: ResultKind): Operation {
  return {
    summary: `Newest first: ${RESULT_COLUMNS[kind].join(', ')}. The headers link and x-next-cursor say where it goes on`,
    parameters: [...OWN_PARAMETERS[kind], ...PARAMETERS],
    responses: {
      200: rows,
      400: problem('A parameter is not valid, or there is none of this name'),
      404: problem('No such window or join; names those there are'),
    },
  };
}
