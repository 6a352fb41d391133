/** What a user is told of a key that another took the place of, or that a later version brings. */
import { expect, test } from 'vitest';
import { fileSchema } from '../../src/config/config.ts';
import { allFindings } from '../../src/config/issues.ts';
import { notYet, replaced } from '../../src/config/section.ts';

const NOTICES = [
  replaced('windows.*.grace', 'allowedLateness: 5s'),
  replaced('streams.*.source.csv', 'source: { file: { path: x.csv } }'),
  replaced('topology', 'streams: …'),
  notYet('models'),
];

const found = (data: object): string[] => {
  const { error } = fileSchema.safeParse(data, { reportInput: true });
  return allFindings(error?.issues ?? [], NOTICES).map(
    ({ path, message }) => `${path.map(String).join('.')} ${message}`,
  );
};
const windows = { w: { stream: 's', window: { tumbling: '1s' }, aggregate: { n: 'count()' }, grace: '5s' } };

test('the text to write stands in place of "is not a key here", and names no other key', () => {
  expect(found({ streams: {}, windows })).toEqual([
    'windows.w.grace is no longer a key; write `allowedLateness: 5s` instead',
  ]);
});

test('a name of the user may stand for the asterisk, and nothing else may', () => {
  expect(found({ streams: {}, grace: '5s', windows: {} })).toEqual([
    expect.stringContaining('grace is not a key here'),
  ]);
  expect(found({ streams: {}, windows: { w: { ...windows.w, grace: undefined, grce: '5s' } } })).toHaveLength(2);
});

test('it is found in one of several forms, and where a whole section is gone', () => {
  const stream = { builtin: 'Transaction', key: 'customerId', eventTime: 'occurredAt', source: { csv: 'x.csv' } };
  expect(found({ streams: { s: stream } })).toEqual([
    'streams.s.source.csv is no longer a key; write `source: { file: { path: x.csv } }` instead',
  ]);
  expect(found({ models: {}, streams: {} })).toEqual(['models is not supported yet']);
});

test('what is missing beside it is not told: it is what the old key stood for', () => {
  expect(found({ topology: {} })).toEqual(['topology is no longer a key; write `streams: …` instead']);
});
