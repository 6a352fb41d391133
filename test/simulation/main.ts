/**
 * `npm run simulate -- --seed N --steps M [--seeds K] [--nightly] [--trace FILE]`
 * Exit codes: 0 all invariants held, 2 usage, 3 one did not.
 */
import { openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Outcome, simulate } from './simulation.ts';

const NIGHTLY_SEEDS = 500;
const RECENT = 30;

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} must be a whole number, not "${text}"\n`);
  process.exit(2);
}

function report(outcome: Outcome, seconds: number): void {
  const { violation, recent, ...counts } = outcome;
  process.stdout.write(`${JSON.stringify(counts)} ${Math.round(outcome.steps / seconds)} steps/s\n`);
  if (violation === null) return;
  process.stdout.write(
    `${recent.slice(-RECENT).join('\n')}\n\nseed ${outcome.seed}, step ${violation.step}: BROKEN: ${violation.invariant}\n` +
      `  ${violation.detail}\n  replay: npm run simulate -- --seed ${outcome.seed} --steps ${steps}\n`,
  );
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    steps: { type: 'string', default: '20000' },
    nightly: { type: 'boolean', default: false },
    trace: { type: 'string' },
  },
});
const first = wholeNumber('seed', values.seed);
const steps = wholeNumber('steps', values.steps);
const seeds = wholeNumber('seeds', values.seeds ?? String(values.nightly ? NIGHTLY_SEEDS : 1));
const trace = values.trace === undefined ? null : openSync(values.trace, 'w');
const onLine = (line: string): void => {
  if (trace !== null) writeSync(trace, `${line}\n`);
};
const broken: number[] = [];
for (let seed = first; seed < first + seeds; seed++) {
  const startedAt = performance.now();
  const outcome = await simulate({ seed, steps, onLine });
  report(outcome, (performance.now() - startedAt) / 1000);
  if (outcome.violation !== null) broken.push(seed);
}
if (broken.length > 0) {
  process.stdout.write(`${broken.length} of ${seeds} seeds broke an invariant: ${broken.join(', ')}\n`);
  process.exitCode = 3;
}
