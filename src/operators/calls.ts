/**
 * Calls of a user's code: the arguments of each call, and the effects that it leaves. A turn is one key's part in a call.
 * The turn holds a copy of the key's state, its timers and whether it is cleared; these take effect once the call has
 * returned.
 */

import type { DynamicEvent } from '../messages/codec.ts';
import { exactJson } from '../messages/event-json.ts';
import type { CutOffs } from './cut-offs.ts';
import type { BroadcastHandler, Definition, ForAllContext, Handler, Key, KeyContext, Row } from './definition.ts';
import type { KeyState, KeyStates } from './key-states.ts';
import type { OutputWriter } from './output-writer.ts';
import { randomOf } from './random.ts';
import type { RecordCode } from './record-code.ts';
import { enterOperator, leaveOperator, running } from './running.ts';

export interface CallsSpec {
  readonly name: string;
  /** The number of the partition that it runs in. */
  readonly partition: number;
  readonly cutOffs: CutOffs;
  readonly definition: Definition;
  readonly options: Readonly<Row>;
  readonly code: RecordCode;
  readonly broadcastCode: RecordCode;
  readonly states: KeyStates;
  readonly outputs: ReadonlyMap<string, OutputWriter>;
}

/**
 * Each function throws what the user's code threw. It has then changed nothing but the outputs, and these only behind their
 * mark.
 */
export interface Calls {
  watermarkMs: number;
  onEvent(handler: Handler, event: DynamicEvent, key: Key, timeMs: number): void;
  onBroadcast(stream: string, event: DynamicEvent, timeMs: number): void;
  onTimer(key: KeyState, at: number): void;
  /** From now on, timers that are set by timers wait until they are released. */
  holdTimers(): void;
  releaseTimers(): void;
}

interface Turn {
  key: Key;
  /** Null for a key that has no state yet. */
  known: KeyState | null;
  state: Row;
  timeMs: number;
  isCleared: boolean;
  /** Timers set or deleted, in order, without those before a clearing. Null for none. */
  timers: TimerChange[] | null;
}

interface TimerChange {
  readonly at: number;
  readonly isSet: boolean;
}

export function createCalls(spec: CallsSpec): Calls {
  const { name, partition, cutOffs, definition, options, code, broadcastCode, states, outputs } = spec;
  let turn: Turn | null = null;
  let isTimer = false;
  let held: { readonly key: KeyState; readonly at: number }[] | null = null;

  function now(what: string): Turn {
    if (turn === null) throw new Error(`ctx.${what}() was called after the handler had returned, which it may not`);
    return turn;
  }
  const ctx = {
    key: null as Key,
    time: 0,
    watermark: Number.NEGATIVE_INFINITY,
    options,
    broadcast: states.broadcast,
    emit(output: string, record: Readonly<Row>): void {
      const { key, timeMs } = now('emit');
      const writer = outputs.get(output);
      if (writer === undefined) {
        throw new TypeError(`there is no output ${output}; declared: ${[...outputs.keys()].join(', ') || 'none'}`);
      }
      writer.push(key, record, timeMs);
    },
    timer(at: number): void {
      const own = now('timer');
      const { timeMs } = own;
      if (!Number.isSafeInteger(at)) throw new RangeError(`a timer is at a whole number of epoch ms, not at ${at}`);
      if (isTimer && at <= timeMs)
        throw new RangeError(`a timer at ${timeMs} can set later ones only, not one at ${at}`);
      if (definition.onTimer === null) throw new Error('a timer was set, and there is no onTimer');
      own.timers ??= [];
      own.timers.push({ at, isSet: true });
    },
    deleteTimer(at: number): void {
      const own = now('deleteTimer');
      own.timers ??= [];
      own.timers.push({ at, isSet: false });
    },
    clear(): void {
      const own = now('clear');
      own.isCleared = true;
      own.timers = null;
    },
    random(seed: number | string = 0): number {
      const { key, timeMs } = now('random');
      return randomOf(exactJson([name, key, timeMs, seed]));
    },
  } satisfies KeyContext;

  function initial(key: Key): Row {
    enterOperator(name, partition, cutOffs.place);
    try {
      const state = definition.initial(key, options);
      requireFit(code.misfit(state), state, 'initial() gave');
      return code.copy(state);
    } finally {
      leaveOperator();
    }
  }
  function turnOf(key: Key, known: KeyState | null, timeMs: number): Turn {
    const state = known === null ? initial(key) : code.copy(known.state);
    return { key, known, state, timeMs, isCleared: false, timers: null };
  }
  /** The one turn of an event or a timer. The next event's turn reuses the object. */
  const single: Turn = { key: null, known: null, state: {}, timeMs: 0, isCleared: false, timers: null };
  function singleTurn(key: Key, known: KeyState | null, timeMs: number): Turn {
    single.key = key;
    single.known = known;
    single.timeMs = timeMs;
    single.isCleared = false;
    single.timers = null;
    if (known === null) single.state = initial(key);
    else if (known.spare === null) single.state = code.copy(known.state);
    else {
      single.state = code.copyInto(known.spare, known.state);
      // A failed call may leave anything in the copy, which is then not used again.
      known.spare = null;
    }
    return single;
  }
  function enter(own: Turn, watermarkMs: number): void {
    turn = own;
    ctx.key = own.key;
    ctx.time = own.timeMs;
    ctx.watermark = watermarkMs;
    ctx.broadcast = states.broadcast;
    enterOperator(name, partition, cutOffs.place);
  }
  function leave(): void {
    turn = null;
    leaveOperator();
  }
  function finish(own: Turn, returned: unknown): void {
    requireNoPromise(returned);
    if (!own.isCleared) requireFit(code.misfit(own.state), own.state, 'the state has');
  }
  function keep({ key, known, state, timeMs, isCleared, timers }: Turn, isOfTimer: boolean): void {
    let kept = known;
    if (isCleared) {
      if (kept !== null) states.remove(kept);
      // Timers that were set after the clearing belong to a key that begins anew.
      kept = timers?.some(({ isSet }) => isSet) === true ? states.add(key, initial(key), timeMs) : null;
    } else if (kept === null) kept = states.add(key, state, timeMs);
    else {
      kept.spare = kept.state;
      kept.state = state;
      if (timeMs > kept.touchedMs) kept.touchedMs = timeMs;
    }
    if (kept === null || timers === null) return;
    for (const { at, isSet } of timers) {
      if (!isSet) states.timers.remove(kept, at);
      else if (held !== null && isOfTimer) held.push({ key: kept, at });
      else states.timers.set(kept, at);
    }
  }
  function callTimer(own: Turn, at: number): void {
    isTimer = true;
    enter(own, Math.max(calls.watermarkMs, at));
    try {
      finish(own, definition.onTimer?.(at, own.state, ctx));
    } finally {
      leave();
      isTimer = false;
    }
  }
  function markOutputs(): void {
    for (const output of outputs.values()) output.mark();
  }
  function forAll(turns: Map<KeyState, Turn>, timeMs: number): ForAllContext {
    return {
      time: timeMs,
      watermark: calls.watermarkMs,
      options,
      forEachKey(visit) {
        if (running.operator !== name) throw new Error('ctx.forEachKey() was called after the handler had returned');
        for (const known of states.all()) {
          // A second visit goes on from the first.
          const own = turns.get(known) ?? turnOf(known.key, known, timeMs);
          turns.set(known, own);
          enter(own, calls.watermarkMs);
          finish(own, visit(own.state, ctx));
          turn = null;
        }
      },
    };
  }

  const calls: Calls = {
    watermarkMs: Number.NEGATIVE_INFINITY,
    onEvent(handler, event, key, timeMs) {
      cutOffs.call();
      const own = singleTurn(key, states.find(key, timeMs) ?? null, timeMs);
      enter(own, calls.watermarkMs);
      try {
        finish(own, handler(event, own.state, ctx));
      } finally {
        leave();
      }
      keep(own, false);
    },
    onBroadcast(stream, event, timeMs) {
      const handler: BroadcastHandler | undefined = definition.onBroadcast.get(stream);
      if (handler === undefined) return;
      cutOffs.call();
      const turns = new Map<KeyState, Turn>();
      const broadcast = broadcastCode.copy(states.broadcast);
      enterOperator(name, partition, cutOffs.place);
      try {
        requireNoPromise(handler(event, broadcast, forAll(turns, timeMs)));
        requireFit(broadcastCode.misfit(broadcast), broadcast, 'the broadcast state has');
      } finally {
        leave();
      }
      states.broadcast = broadcast;
      // A broadcast event is no sign of life of a key.
      for (const [known, own] of turns) keep({ ...own, timeMs: known.touchedMs }, false);
    },
    onTimer(known, at) {
      markOutputs();
      cutOffs.call();
      const own = singleTurn(known.key, known, at);
      callTimer(own, at);
      keep(own, true);
    },
    holdTimers() {
      held = [];
    },
    releaseTimers() {
      const waiting = held ?? [];
      held = null;
      for (const { key, at } of waiting) states.timers.set(key, at);
    },
  };
  return calls;
}

function requireFit(path: string | null, record: Readonly<Row>, what: string): void {
  if (path === null) return;
  const value = path.split('.').reduce<unknown>((inner, name) => Object(inner)[name], record);
  throw new TypeError(`${what} ${exactJson(value)} as ${path}, which its schema does not allow`);
}

function requireNoPromise(returned: unknown): void {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return;
  // A promise that the handler returned may reject with nobody there to hear it.
  Promise.resolve(returned).catch(() => {});
  throw new TypeError(
    'a handler may not be async: it is done when it returns. Fetch in a job, and join with its table',
  );
}
