/** The benchmark at a small size: that it runs, and what comes of its input. Its times say nothing here. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const EVENTS = 30_000;

function whole(...names: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'bench/main.ts', 'whole', ...names, '--json'],
    { encoding: 'utf8', env: { ...process.env, BENCH_EVENTS: String(EVENTS) } },
  );
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout).whole;
}

test('each scenario gives figures, and the same counts live and replayed', () => {
  const all = whole('fraud, live', 'fraud, replay', 'windows and sessions, live', 'recovery');
  const live = all['fraud, live'][0];
  const replay = all['fraud, replay'][0];
  expect(live.counts).toMatchObject({ ...replay.counts, events: EVENTS, transactions: EVENTS, scores: EVENTS });
  expect(live.counts.sessions).toBe(live.counts.session_parts);
  expect(live.counts.windows).toBe(
    replay.counts.window_payments_per_minute + replay.counts.window_spend_per_customer_day,
  );
  expect(all['fraud, live, no stores'][0].counts).toEqual({
    events: live.counts.events,
    windows: live.counts.windows,
    sessions: live.counts.sessions,
    alerts: live.counts.alerts,
  });
  expect(all['windows and sessions, live'][0].counts).toMatchObject({ transactions: EVENTS, scores: 0 });
  for (const [figures] of Object.values<readonly { nsPerEvent: number }[]>(all))
    expect(figures?.nsPerEvent).toBeGreaterThan(0);
  expect(all['fraud, recovery'][0].secondsWithSnapshot).toBeGreaterThan(0);
}, 240_000);
