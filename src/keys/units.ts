/** Durations and sizes as people write them, and back. */
const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/** Milliseconds of `500ms`, `3s`, `5m`, `1h`, `7d`; null when the text is not one. */
export function parseDuration(text: string): number | null {
  return parseUnit(text, DURATION_MS);
}

/** Bytes of `64MB`, `64mb` and the like, in powers of 1024; null when the text is not one. */
export function parseSize(text: string): number | null {
  return parseUnit(text.toUpperCase(), SIZE_BYTES);
}

/** In the largest unit that leaves a whole number: what parseDuration reads back as the same. */
export function formatDuration(durationMs: number): string {
  return formatUnit(durationMs, DURATION_MS, 's');
}

export function formatSize(bytes: number): string {
  return formatUnit(bytes, SIZE_BYTES, 'B');
}

function parseUnit(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]+)$/.exec(text.trim());
  const unit = match?.[2] === undefined || !Object.hasOwn(units, match[2]) ? undefined : units[match[2]];
  if (match === null || unit === undefined) return null;
  const value = Number(match[1]) * unit;
  return Number.isSafeInteger(value) ? value : null;
}

function formatUnit(value: number, units: Readonly<Record<string, number>>, unitOfZero: string): string {
  if (value === 0) return `0${unitOfZero}`;
  let [unit, factor] = ['', 1];
  for (const [name, size] of Object.entries(units)) if (value % size === 0) [unit, factor] = [name, size];
  return `${value / factor}${unit}`;
}
