/**
 * Texts that are Unicode: every surrogate has its partner, and the bytes are UTF-8. What is no such text has no bytes that
 * two stores agree on, and two different ones would become the same U+FFFD, so each decoder refuses it: JSON and CSV by
 * `isWellFormed` and `isUtf8`, Avro containers by the count below, HTTP paths and scripts as JSON does.
 *
 * What is written all the same (a detail that was cut within a character, an event of an older version) gets U+FFFD, as
 * TextEncoder does. avsc 5.7.9 by itself writes a surrogate without a partner as three bytes that are no UTF-8.
 */
import { isUtf8 } from 'node:buffer';

/** The reason of a dead letter. */
export const NOT_UNICODE = 'not-unicode';

/** What follows the name of the field. */
export const NOT_UNICODE_PROBLEM =
  'is not well-formed Unicode: it has half of a surrogate pair, or bytes that are not UTF-8';

interface Tap {
  readonly buf: Uint8Array;
  pos: number;
  readString(): string | undefined;
  writeString(text: string): void;
}

let illFormed = 0;

/**
 * How many texts avsc has read in this thread whose bytes are not UTF-8, map keys among them. A decoder that compares it
 * before and after an event knows whether the event holds one; the text itself reads as U+FFFD.
 */
export function illFormedTextsRead(): number {
  return illFormed;
}

/**
 * Mends how avsc reads and writes texts. `readsText` has avsc read one text through the prototype of StringType, which
 * shows its tap: map keys are read by the tap alone.
 */
export function makeTextsWellFormed(stringPrototype: object, readsText: () => void): void {
  const read: unknown = Reflect.get(stringPrototype, '_read');
  let tapPrototype: object | null = null;
  Reflect.set(stringPrototype, '_read', (tap: Tap) => {
    tapPrototype = Object.getPrototypeOf(tap);
    return tap.readString();
  });
  readsText();
  Reflect.set(stringPrototype, '_read', read);
  if (tapPrototype === null) throw new Error('This version of avsc reads texts in another way; see well-formed.ts');
  mendTap(tapPrototype);
}

function mendTap(tap: object): void {
  const read: unknown = Reflect.get(tap, 'readString');
  const write: unknown = Reflect.get(tap, 'writeString');
  if (!isReader(read) || !isWriter(write)) {
    throw new Error('This version of avsc reads and writes texts in another way; see src/messages/well-formed.ts');
  }
  Reflect.set(tap, 'readString', function readString(this: Tap): string | undefined {
    const start = this.pos;
    const text = read.call(this);
    if (text?.includes('\uFFFD') && !isUtf8(textBytes(this, start))) illFormed += 1;
    return text;
  });
  Reflect.set(tap, 'writeString', function writeString(this: Tap, text: string): void {
    write.call(this, text.isWellFormed() ? text : text.toWellFormed());
  });
}

/** Behind the length, whose bytes but for the last have their highest bit set. */
function textBytes({ buf, pos }: Tap, start: number): Uint8Array {
  let at = start;
  while (buf[at]! >= 0x80) at += 1;
  return buf.subarray(at + 1, pos);
}

function isReader(value: unknown): value is (this: Tap) => string | undefined {
  return typeof value === 'function';
}

function isWriter(value: unknown): value is (this: Tap, text: string) => void {
  return typeof value === 'function';
}
