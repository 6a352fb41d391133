/**
 * The types of an operator as its user writes it: a function for each input stream, over the state of the event's key.
 * Types of state, outputs, options and events are read off their schemas. What is written is checked where a module is
 * loaded (definition.ts), so that plain JavaScript is held to the same.
 */

import type { KnownStreams } from '../builtin-types.ts';
import type { FromShape, Shape } from './shape.ts';

/** In `events`, for a stream whose type is written in TypeScript; the schema is then the stream's own. */
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

/** Whatever the pipeline file has as key, until `key` says which: only then can it be held to a type. */
type UndeclaredKey = ReturnType<JSON['parse']>;
export type KeyName = 'long' | 'string';
export type KeyOf<K> = [K] extends [never]
  ? UndeclaredKey
  : [K] extends ['long']
    ? number
    : [K] extends ['string']
      ? string
      : UndeclaredKey;

/** What a handler has beside its event and state. It is good only until the handler returns. */
export interface OperatorContext<K, O, P, B> {
  /** Of the event, or of the timer. */
  readonly key: KeyOf<K>;
  /** Event time of the event, or the instant of the timer; epoch ms. */
  readonly time: number;
  /** No on-time event at or before it is still to come; -Infinity before the first event. */
  readonly watermark: number;
  readonly options: Readonly<FromShape<P>>;
  /** What the broadcast inputs have told, the same for all keys. */
  readonly broadcast: Readonly<FromShape<B>>;
  /** Writes an event of an output stream; its key is this key, its time this time. Throws when it does not fit. */
  emit<N extends keyof O & string>(output: N, record: FromShape<O[N]>): void;
  /** Has onTimer called once the watermark has reached `at`. A key has one timer an instant. */
  timer(at: number): void;
  deleteTimer(at: number): void;
  /** Forgets the key: its state and its timers. */
  clear(): void;
  /** From 0 to 1, the same in every replay: of the key, the time and the seed. */
  random(seed?: number | string): number;
}

/** Of a broadcast event, which every partition sees: it belongs to no key, so outputs and timers come of a key's turn. */
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
  /** One record a key; nothing, when it is left out. */
  readonly state?: S;
  /** Each is the stream `<operator>.<output>`. */
  readonly outputs?: O;
  /** What the pipeline file may set. */
  readonly options?: P;
  /** Of input streams that are not Millrace's own: the fields that the handlers need. */
  readonly events?: E;
  /** One record, that broadcast inputs write and every key reads. */
  readonly broadcast?: B;
  /** What the key of its inputs is. */
  readonly key?: K;
  /** State of a key that has none; zeros, empty texts and nulls, when it is left out. */
  readonly initial?: (key: KeyOf<K>, options: Readonly<FromShape<P>>) => FromShape<S>;
  readonly initialBroadcast?: (options: Readonly<FromShape<P>>) => FromShape<B>;
  /** By input stream. The state is changed in place. */
  readonly on?: {
    readonly [N in StreamName<E>]?: (
      event: EventOf<E, N>,
      state: FromShape<S>,
      ctx: OperatorContext<K, O, P, B>,
    ) => void;
  };
  /** By input stream whose key is null in the pipeline file. */
  readonly onBroadcast?: {
    readonly [N in StreamName<E>]?: (
      event: EventOf<E, N>,
      broadcast: FromShape<B>,
      ctx: BroadcastContext<K, S, O, P, B>,
    ) => void;
  };
  readonly onTimer?: (at: number, state: FromShape<S>, ctx: OperatorContext<K, O, P, B>) => void;
}

/** Of what is not declared. */
export type Nothing = Record<never, never>;

/** What a module exports as its default. */
export interface OperatorDefinition<
  S extends Shape = Shape,
  O extends Shapes = Shapes,
  P extends Shape = Shape,
  E extends EventShapes = EventShapes,
> {
  /** Told by a word, not by identity: a project may have two copies of the package. */
  readonly millrace: 'operator';
  readonly spec: object;
  /** Hold the types alone. */
  readonly types?: { readonly state: S; readonly outputs: O; readonly options: P; readonly events: E };
}
