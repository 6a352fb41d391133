/**
 * Well-formed texts: every surrogate has its partner, and the bytes are UTF-8. Two stores would not agree on the bytes of
 * any other text, and two such texts could become the same U+FFFD. So each decoder refuses them: JSON, CSV and Avro
 * containers by `isWellFormed` and `isUtf8`, HTTP paths and scripts as JSON does.
 *
 * A malformed text that is written nevertheless (a detail cut within a character, an event of an older version) gets
 * U+FFFD, as in TextEncoder. avsc 5.7.9 alone writes a surrogate without a partner as three bytes that are not UTF-8.
 */

/** The reason of such a dead letter. */
export const NOT_UNICODE = 'not-unicode';

/** The message behind the field's name. */
export const NOT_UNICODE_PROBLEM =
  'is not well-formed Unicode: it has half of a surrogate pair, or bytes that are not UTF-8';

interface Tap {
  readonly buf: Uint8Array;
  pos: number;
  readString(): string | undefined;
  writeString(text: string): void;
}

/**
 * Mends how avsc writes texts. `readsText` makes avsc read one text through the prototype of StringType, which reveals
 * avsc's tap; map keys are written by the tap alone.
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
  const write: unknown = Reflect.get(tap, 'writeString');
  if (!isWriter(write)) {
    throw new Error('This version of avsc writes texts in another way; see src/messages/well-formed.ts');
  }
  Reflect.set(tap, 'writeString', function writeString(this: Tap, text: string): void {
    write.call(this, text.isWellFormed() ? text : text.toWellFormed());
  });
}

function isWriter(value: unknown): value is (this: Tap, text: string) => void {
  return typeof value === 'function';
}
