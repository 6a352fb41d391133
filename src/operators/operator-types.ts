/**
 * The types of an operator as its user writes it: a function for each input stream, over the state of the event's key.
 * Types of state, outputs, options and events are read off their schemas. The definition is also checked when its module is
 * loaded (definition.ts), so that plain JavaScript is held to the same rules.
 */

import type { KnownStreams } from '../builtin-types.ts';
import type { FromShape, Shape } from './shape.ts';

/** Stands in `events` for a stream whose type is written in TypeScript. The schema is then the stream's own. */
export interface TypedEvents<T> {
  readonly events: 'typed';
  /** Holds the type alone; there never is a value. */
  readonly of?: T;
}

export type Shapes = { readonly [name: string]: Shape };
export type EventShapes = { readonly [stream: string]: Shape | TypedEvents<unknown> };

type StreamName<E> = (keyof E | keyof KnownStreams) & string;
export type EventOf<E, N> = N extends keyof E
  ? E[N] extends TypedEvents<infer T>
    ? Readonly<T>
    : Readonly<FromShape<E[N]>>
  : N extends keyof KnownStreams
    ? Readonly<KnownStreams[N]>
    : never;

/** The key's type while the definition has no `key`: whatever the pipeline file has as key. */
type UndeclaredKey = ReturnType<JSON['parse']>;
export type KeyName = 'long' | 'string';
export type KeyOf<K> = [K] extends [never]
  ? UndeclaredKey
  : [K] extends ['long']
    ? number
    : [K] extends ['string']
      ? string
      : UndeclaredKey;

/** What a handler gets beside its event and state. The context is valid only until the handler returns. */
export interface OperatorContext<K, O, P, B> {
  /** The key of the event, or of the timer. */
  readonly key: KeyOf<K>;
  /** Event time of the event, or the instant of the timer, in epoch ms. */
  readonly time: number;
  /** No on-time event at or before it is still to come; -Infinity before the first event. */
  readonly watermark: number;
  readonly options: Readonly<FromShape<P>>;
  /** The record that the broadcast inputs write, the same for all keys. */
  readonly broadcast: Readonly<FromShape<B>>;
  /**
   * Writes an event of an output stream, with this context's key and time. Throws when the record does not fit the output's
   * schema.
   */
  emit<N extends keyof O & string>(output: N, record: FromShape<O[N]>): void;
  /** Has onTimer called once the watermark has reached `at`, in epoch ms. A key has at most one timer for an instant. */
  timer(at: number): void;
  deleteTimer(at: number): void;
  /** Forgets the key: its state and its timers. */
  clear(): void;
  /** A number from 0 to 1 that depends on the key, the time and the seed alone, so it is the same in every replay. */
  random(seed?: number | string): number;
}

/**
 * The context of a broadcast event, which every partition sees. The event belongs to no key, so outputs and timers are made
 * in a key's turn.
 */
export interface BroadcastContext<K, S, O, P, B> {
  readonly time: number;
  readonly watermark: number;
  readonly options: Readonly<FromShape<P>>;
  /** Calls `visit` for each key that has state. */
  forEachKey(visit: (state: FromShape<S>, ctx: OperatorContext<K, O, P, B>) => void): void;
}

export interface OperatorSpec<
  S extends Shape,
  O extends Shapes,
  P extends Shape,
  E extends EventShapes,
  B extends Shape,
  K extends KeyName,
> {
  /** The fields of the record that each key has; a key has none when this is left out. */
  readonly state?: S;
  /** The fields of each output, which is the stream `<operator>.<output>`. */
  readonly outputs?: O;
  /** What the pipeline file may set. */
  readonly options?: P;
  /** The fields that the handlers need of input streams that are not Millrace's own. */
  readonly events?: E;
  /** The fields of the one record that broadcast inputs write and every key reads. */
  readonly broadcast?: B;
  /** The type of the inputs' key. */
  readonly key?: K;
  /** The state that a key begins with. When this is left out, a key begins with zeros, empty texts and nulls. */
  readonly initial?: (key: KeyOf<K>, options: Readonly<FromShape<P>>) => FromShape<S>;
  readonly initialBroadcast?: (options: Readonly<FromShape<P>>) => FromShape<B>;
  /** Handlers by input stream. A handler changes the state in place. */
  readonly on?: {
    readonly [N in StreamName<E>]?: (
      event: EventOf<E, N>,
      state: FromShape<S>,
      ctx: OperatorContext<K, O, P, B>,
    ) => void;
  };
  /** Handlers by input stream, for the streams whose key is null in the pipeline file. */
  readonly onBroadcast?: {
    readonly [N in StreamName<E>]?: (
      event: EventOf<E, N>,
      broadcast: FromShape<B>,
      ctx: BroadcastContext<K, S, O, P, B>,
    ) => void;
  };
  readonly onTimer?: (at: number, state: FromShape<S>, ctx: OperatorContext<K, O, P, B>) => void;
}

/** The type of a part that is not declared. */
export type Nothing = Record<never, never>;

/** What a module exports as its default. */
export interface OperatorDefinition<
  S extends Shape = Shape,
  O extends Shapes = Shapes,
  P extends Shape = Shape,
  E extends EventShapes = EventShapes,
> {
  /** A word marks a definition. Identity would not do, since a project may have two copies of the package. */
  readonly millrace: 'operator';
  readonly spec: object;
  /** Holds types alone; there never is a value. */
  readonly types?: { readonly state: S; readonly outputs: O; readonly options: P; readonly events: E };
}
