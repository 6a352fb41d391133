/**
 * The one table of logical types: how a writer's value becomes a reader's value. A pair that is not in the table can't be
 * converted exactly, and is refused in words. No number is ever taken in another unit than its own.
 */

/** The meaning of a number, text or bytes. */
export type Logical =
  /** `timestamp-*` is an instant, `local-timestamp-*` a wall clock's date and time, `time-*` a time of day. */
  | { readonly kind: 'timestamp' | 'local-timestamp' | 'time'; readonly unit: TimeUnit }
  | { readonly kind: 'date' }
  | ({ readonly kind: 'decimal' } & DecimalForm)
  | { readonly kind: 'uuid' }
  | { readonly kind: 'duration' };

export type TimeUnit = 'millis' | 'micros' | 'nanos';

const A_SECOND: Readonly<Record<TimeUnit, number>> = { millis: 1e3, micros: 1e6, nanos: 1e9 };
const UUID_BYTES = 16;
const DURATION_BYTES = 12;
const PRECISION_MAX = 1000;

/** The type that carries a logical type. */
interface Underlying {
  readonly kind: string;
  /** Bytes of a fixed. */
  readonly size: number;
  readonly annotation: Readonly<Record<string, unknown>>;
}

/** Null when Avro does not know it, or it does not fit its type: Avro's specification then ignores it. */
export function logicalOf({ kind, size, annotation }: Underlying): Logical | null {
  const name = annotation.logicalType;
  if (typeof name !== 'string') return null;
  const time = /^(timestamp|local-timestamp|time)-(millis|micros|nanos)$/.exec(name);
  if (time !== null) {
    const [, of, unit] = time;
    if (unit !== 'millis' && unit !== 'micros' && unit !== 'nanos') return null;
    if (of === 'time') {
      if (unit === 'nanos' || kind !== (unit === 'millis' ? 'int' : 'long')) return null;
      return { kind: 'time', unit };
    }
    if (kind !== 'long') return null;
    return { kind: of === 'timestamp' ? 'timestamp' : 'local-timestamp', unit };
  }
  switch (name) {
    case 'date':
      return kind === 'int' ? { kind: 'date' } : null;
    case 'uuid':
      return kind === 'string' || (kind === 'fixed' && size === UUID_BYTES) ? { kind: 'uuid' } : null;
    case 'duration':
      return kind === 'fixed' && size === DURATION_BYTES ? { kind: 'duration' } : null;
    case 'decimal':
      return kind === 'bytes' || kind === 'fixed' ? decimalOf(annotation) : null;
    default:
      return null;
  }
}

/** What a schema's type is, where it is a decimal. */
export function decimalForm(type: unknown): DecimalForm | null {
  if (typeof type !== 'object' || type === null || !('type' in type)) return null;
  const size = 'size' in type && typeof type.size === 'number' ? type.size : 0;
  const logical = logicalOf({ kind: String(type.type), size, annotation: { ...type } });
  return logical?.kind === 'decimal' ? logical : null;
}

/** Digits in all, and those behind the point. */
export interface DecimalForm {
  readonly precision: number;
  readonly scale: number;
}

function decimalOf({ precision, scale = 0 }: Underlying['annotation']): Logical | null {
  if (typeof precision !== 'number' || typeof scale !== 'number') return null;
  if (!Number.isInteger(precision) || !Number.isInteger(scale)) return null;
  if (precision < 1 || precision > PRECISION_MAX || scale < 0 || scale > precision) return null;
  return { kind: 'decimal', precision, scale };
}

export function logicalName(logical: Logical): string {
  if ('unit' in logical) return `${logical.kind}-${logical.unit}`;
  return logical.kind === 'decimal' ? `decimal(${logical.precision}, ${logical.scale})` : logical.kind;
}

/** How a writer's value becomes the reader's. */
export type Conversion =
  /** The meanings are equal, or one side has none: only Avro's own promotions apply. */
  | { readonly kind: 'same' }
  /** Ticks are multiplied, divided and floored, also before 1970. */
  | { readonly kind: 'ticks'; readonly multiply: number; readonly divide: number }
  /** Exactly, or the value is a misfit. */
  | DecimalConversion
  | { readonly kind: 'uuid' };

export interface DecimalConversion {
  readonly kind: 'decimal';
  readonly fromScale: number;
  readonly scale: number;
  readonly precision: number;
}

/** Null when there is no exact conversion. */
export function conversion(writer: Logical | null, reader: Logical | null): Conversion | null {
  if (writer === null) return { kind: reader?.kind === 'uuid' ? 'uuid' : 'same' };
  // A plain number, text or bytes is what the writer wrote; only a decimal's or duration's bytes make no text.
  if (reader === null) return { kind: writer.kind === 'uuid' ? 'uuid' : 'same' };
  if (writer.kind !== reader.kind) return null;
  if ('unit' in writer && 'unit' in reader) {
    const from = A_SECOND[writer.unit];
    const to = A_SECOND[reader.unit];
    if (from === to) return { kind: 'same' };
    return to > from
      ? { kind: 'ticks', multiply: to / from, divide: 1 }
      : { kind: 'ticks', multiply: 1, divide: from / to };
  }
  if (writer.kind === 'decimal' && reader.kind === 'decimal') {
    return { kind: 'decimal', fromScale: writer.scale, scale: reader.scale, precision: reader.precision };
  }
  return { kind: writer.kind === 'uuid' ? 'uuid' : 'same' };
}

const TWO_32 = 2 ** 32;

/**
 * Converts a 64-bit whole number, given in two halves, the upper one with the sign. The result is exact when it is a safe
 * integer; otherwise it is beyond ±(2^53 − 1) too.
 */
export function convertedTicks(high: number, low: number, multiply: number, divide: number): number {
  if (divide === 1) return (high * TWO_32 + low) * multiply;
  const upper = Math.floor(high / divide);
  const rest = high - upper * divide;
  return upper * TWO_32 + Math.floor((rest * TWO_32 + low) / divide);
}

/** Converts a number from the writer's scale; null when it has digits that the reader's scale has no place for. */
export function decimalConverter({ fromScale, scale, precision }: DecimalConversion): (value: bigint) => bigint | null {
  const shift = 10n ** BigInt(Math.abs(scale - fromScale));
  const limit = 10n ** BigInt(precision);
  const isFiner = scale >= fromScale;
  return (unscaled) => {
    if (!isFiner && unscaled % shift !== 0n) return null;
    const converted = isFiner ? unscaled * shift : unscaled / shift;
    return converted < limit && converted > -limit ? converted : null;
  };
}

/** Reads two's complement, highest byte first. */
export function unscaledOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const hex = Buffer.from(bytes).toString('hex');
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`));
}

/** Two's complement in the fewest bytes, or in `size`; null when it needs more. */
export function bytesOfUnscaled(value: bigint, size: number | null): Buffer | null {
  const magnitude = value < 0n ? -value - 1n : value;
  // The sign takes one bit more than the magnitude.
  const least = magnitude === 0n ? 1 : Math.floor(magnitude.toString(2).length / 8) + 1;
  if (size !== null && least > size) return null;
  const length = size ?? least;
  const hex = BigInt.asUintN(8 * length, value)
    .toString(16)
    .padStart(2 * length, '0');
  return Buffer.from(hex, 'hex');
}

export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The bytes of a UUID; null when the text is none. */
export function uuidBytes(text: string): Buffer | null {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return null;
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}
