/**
 * Keeps the clock, chance and waiting out of operators and functions: what would make a replay say something else throws a sentence that
 * says what to use. The functions are replaced once, when the first module is loaded; they ask whether one runs, and
 * are else what they were.
 */
import { running } from '../operators/running.ts';

/** What to use instead. */
const TIME = 'use ctx.time, which is the time of the event, or ctx.watermark';
const CHANCE = 'use ctx.random(seed), which a replay repeats';
const WAITING = 'use ctx.timer(at), which is in event time';
const WORLD = 'fetch in a job that fills a table, and join with it';

/** Replaced on the object, by name. */
const GUARDED: readonly {
  readonly on: object;
  readonly name: string;
  readonly text: string;
  readonly instead: string;
}[] = [
  { on: Math, name: 'random', text: 'Math.random()', instead: CHANCE },
  { on: performance, name: 'now', text: 'performance.now()', instead: TIME },
  { on: process, name: 'hrtime', text: 'process.hrtime()', instead: TIME },
  { on: globalThis, name: 'setTimeout', text: 'setTimeout()', instead: WAITING },
  { on: globalThis, name: 'setInterval', text: 'setInterval()', instead: WAITING },
  { on: globalThis, name: 'setImmediate', text: 'setImmediate()', instead: WAITING },
  { on: globalThis, name: 'fetch', text: 'fetch()', instead: WORLD },
  { on: crypto, name: 'randomUUID', text: 'crypto.randomUUID()', instead: CHANCE },
  { on: crypto, name: 'getRandomValues', text: 'crypto.getRandomValues()', instead: CHANCE },
];

let isGuarded = false;

export function guardClock(): void {
  if (isGuarded) return;
  isGuarded = true;
  for (const { on, name, text, instead } of GUARDED) guardFunction(on, name, text, instead);
  guardFunction(process.hrtime, 'bigint', 'process.hrtime.bigint()', TIME);
  guardDate();
}

function refuse(text: string, instead: string): void {
  if (running.function !== null) {
    throw new Error(
      `${text} was called in it, where a replay would give something else: pass what it needs as arguments`,
    );
  }
  if (running.operator === null) return;
  throw new Error(
    `${text} was called in the operator ${running.operator}, where a replay would give something else: ${instead}`,
  );
}

/** A proxy is called, and has the properties, as what it stands for. */
function guardFunction(on: object, name: string, text: string, instead: string): void {
  const own: unknown = Reflect.get(on, name);
  if (typeof own !== 'function') return;
  const guarded = new Proxy(own, {
    apply(target, self, args) {
      refuse(text, instead);
      return Reflect.apply(target, self, args);
    },
  });
  Reflect.set(on, name, guarded);
}

/** Dates of a given time stay as they are; only the date of now is none of an operator's. */
function guardDate(): void {
  const own = Date;
  guardFunction(own, 'now', 'Date.now()', TIME);
  globalThis.Date = new Proxy(own, {
    construct(target, args, newTarget) {
      if (args.length === 0) refuse('new Date()', TIME);
      return Reflect.construct(target, args, newTarget);
    },
    apply(target, self, args) {
      refuse('Date()', TIME);
      return Reflect.apply(target, self, args);
    },
  });
}
