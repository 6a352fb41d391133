import { expect, it } from 'vitest';
import { logSink } from '../../src/sinks/log.ts';
import { alertOf } from './alert-fixture.ts';

it('writes an alert as one line that holds all of it', async () => {
  const lines: string[] = [];
  const sink = logSink({ name: 'log', write: (line) => lines.push(line) });
  await sink.deliver(alertOf('a'), 'key-1', new AbortController().signal);
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain('\n');
  expect(JSON.parse(lines[0] ?? '')).toEqual({ idempotencyKey: 'key-1', ...alertOf('a') });
});
