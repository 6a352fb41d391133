/**
 * The protocol between the service and a thread that hosts partitions. Every value is structured-cloneable; events cross as
 * Avro blocks. A host has a number that no other host ever had.
 */
import type { MessagePort } from 'node:worker_threads';
import type { HostSnapshot, Restored } from '../actors/partition-host.ts';
import type { JournalPlace } from '../journal/open-reader.ts';
import type { Block } from '../messages/block.ts';
import { type Commit, inputSection, type Section } from '../messages/commit.ts';
import type { Derivation } from '../partition/derivation.ts';
import type { BatchPart } from '../partition/divide.ts';
import type { Places } from '../partition/known-places.ts';
import type { Applied, PartitionInput, PartitionStatus } from '../partition/partition.ts';
import type { KnownRequest, RequestLimits } from '../partition/requests.ts';
import type { HeldState, OperatorAnew } from '../streams/operator.ts';

/** What a thread is started with. */
export interface ThreadTask {
  readonly port: MessagePort;
  /** Where it shows which operator's code runs. */
  readonly running: SharedArrayBuffer;
}

export interface OpenPartition {
  readonly dataDir: string;
  readonly journal: JournalPlace;
  readonly partition: number;
  readonly derivation: Derivation;
  readonly requests: RequestLimits;
}

/** The answers by kind of request, each given once, in order. */
export interface HostAnswers {
  restore: { readonly restored: Restored; readonly state: HostState };
  rebuild: null;
  replay: { readonly state: HostState };
  apply: AppliedInThread;
  divide: readonly BatchPart[];
  request: KnownRequest;
  snapshot: HostSnapshot;
  drain: null;
}

export type HostRequest =
  | { readonly kind: 'restore'; readonly body: Uint8Array }
  | { readonly kind: 'rebuild'; readonly anew: readonly OperatorAnew[]; readonly toOffset: number }
  | { readonly kind: 'replay'; readonly fromOffset: number; readonly toOffset: number }
  | { readonly kind: 'apply'; readonly batch: PartitionInput; readonly committedAt: number }
  | { readonly kind: 'divide'; readonly batch: PartitionInput; readonly committedAt: number }
  | { readonly kind: 'request'; readonly key: string }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'drain'; readonly deriver: string };

export type ToThread =
  | { readonly kind: 'open'; readonly host: number; readonly partition: OpenPartition }
  | { readonly kind: 'start'; readonly host: number; readonly deriver: string }
  | { readonly kind: 'kill'; readonly host: number; readonly deriver: string }
  | { readonly kind: 'recovered'; readonly host: number }
  | { readonly kind: 'close'; readonly host: number }
  | { readonly kind: 'ask'; readonly host: number; readonly id: number; readonly request: HostRequest };

export type FromThread =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: HostAnswers[keyof HostAnswers] }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: Error }
  | { readonly kind: 'changed'; readonly host: number; readonly deriver: string; readonly state: string }
  | { readonly kind: 'held'; readonly host: number; readonly deriver: null; readonly held: readonly HeldState[] }
  /** Null: the thread as a whole. */
  | { readonly kind: 'failed'; readonly host: number; readonly deriver: string | null; readonly error: Error }
  | { readonly kind: 'stopped'; readonly host: number; readonly deriver: string };

/** The state of a partition that the service needs to know. */
export interface HostState {
  readonly positions: ReadonlyMap<string, number>;
  readonly places: Places;
  readonly status: PartitionStatus;
}

/** A commit without the input that the service has itself. */
export interface AppliedInThread extends Omit<Applied, 'commit'> {
  /** A number stands for the batch's block of this index, as it was sent. */
  readonly inputs: readonly (Section | number)[];
  readonly sections: readonly Section[];
  readonly status: PartitionStatus;
}

export function withoutInput(
  { commit, ...applied }: Applied,
  { blocks }: PartitionInput,
  status: PartitionStatus,
): AppliedInThread {
  const sections = commit.sections.filter(({ role }) => role === 'derived');
  const inputs = commit.sections.flatMap((section): Section | number | [] => {
    if (section.role === 'derived') return [];
    const sent = blocks.findIndex(({ bytes }) => bytes === section.bytes);
    return sent < 0 ? section : sent;
  });
  return { ...applied, inputs, sections, status };
}

export function withInput(
  { inputs, sections, status: _, ...applied }: AppliedInThread,
  { source, next, blocks }: PartitionInput,
  place: Pick<Commit, 'stream' | 'partition' | 'committedAt'>,
): Applied {
  const taken = inputs.map((section) => (typeof section === 'number' ? inputSection(blocks[section]!) : section));
  return { ...applied, commit: { ...place, source, next, sections: [...taken, ...sections] } };
}

/** Blocks in memory of their own, which can be handed over; a view would take along everything it looks into. */
export function ownBlocks<T extends Block>(
  blocks: readonly T[],
): { readonly blocks: T[]; readonly memory: ArrayBuffer[] } {
  const memory: ArrayBuffer[] = [];
  const own = blocks.map((block) => {
    const bytes = new Uint8Array(block.bytes);
    memory.push(bytes.buffer);
    return { ...block, bytes };
  });
  return { blocks: own, memory };
}
