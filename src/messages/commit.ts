/**
 * The body of a commit frame: a header, then sections. One consumed batch makes one commit, so the input, everything
 * derived from it and the source's position stand or fall together.
 *
 * Events take their offsets in section order: the first event of the first counted section has the frame's offset.
 */
import type { FromAvro } from './avro.ts';
import type { Block } from './block.ts';
import { eventType } from './codec.ts';
import { type CommitHeader, commitHeaderSchema } from './streams.ts';

/** The kind of a frame that holds a commit. */
export const COMMIT_FRAME = 1;

const headerType = eventType(commitHeaderSchema);

export type SectionRole = CommitHeader['sections'][number]['role'];

export interface Section extends Block {
  readonly role: SectionRole;
}

export interface Commit {
  readonly stream: string;
  readonly partition: number;
  readonly source: string;
  /** The source's position for this partition after this commit. */
  readonly next: number;
  readonly committedAt: number;
  readonly sections: readonly Section[];
}

/** The section of an input block, without the origins that only the batch knows. */
export function inputSection({ fingerprint, count, bytes }: Block): Section {
  return { fingerprint, count, bytes, role: 'input' };
}

/** A commit's body in parts, to be written one after another. */
export function encodeCommit(commit: Commit): { readonly parts: Uint8Array[]; readonly count: number } {
  let count = 0;
  const payloads: Uint8Array[] = [];
  const sections: CommitHeader['sections'] = [];
  for (const section of commit.sections) {
    count += section.count;
    payloads.push(section.bytes);
    sections.push({
      fingerprint: section.fingerprint,
      role: section.role,
      count: section.count,
      bytes: section.bytes.byteLength,
    });
  }
  const header = headerType.encode({ ...commit, sections });
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(header.byteLength);
  return { parts: [length, header, ...payloads], count };
}

/** Reads a commit's body; section bytes are views into it. Throws when the lengths do not add up. */
export function decodeCommit(body: Uint8Array): Commit {
  const view = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const headerBytes = view.readUInt32LE(0);
  const header: FromAvro<typeof commitHeaderSchema> = headerType.decode(view.subarray(4, 4 + headerBytes));
  let at = 4 + headerBytes;
  const sections: Section[] = [];
  for (const { fingerprint, role, count, bytes } of header.sections) {
    sections.push({ fingerprint, role, count, bytes: view.subarray(at, at + bytes) });
    at += bytes;
  }
  if (at !== view.byteLength) throw new Error(`A commit of ${view.byteLength} bytes names sections up to byte ${at}`);
  return { ...header, sections };
}
