/** Numbers, money and time as text. Pure: the present is an argument. */

export function count(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1e9) return `${trimmed(value / 1e9)}G`;
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e4) return `${trimmed(value / 1e3)}k`;
  return value.toLocaleString('en-US', { maximumFractionDigits: size < 10 ? 2 : 0 });
}

function trimmed(value) {
  return value.toFixed(Math.abs(value) >= 100 ? 0 : 1);
}

/** How many of how many, and what share that is, which is rounded where a share says something. */
export function share(part, whole) {
  if (part === null || whole === null) return '';
  if (whole === 0) return 'of none';
  const percent = (part / whole) * 100;
  const rounded = percent > 0 && percent < 0.01 ? '< 0.01' : String(Number(percent.toFixed(2)));
  return `${exact(part)} of ${exact(whole)} (${rounded} %)`;
}

export function exact(value) {
  return typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 3 }) : '–';
}

export function rate(perSecond) {
  return `${count(perSecond >= 10 ? Math.round(perSecond) : Math.round(perSecond * 10) / 10)}/s`;
}

/** Minor units to major; the stream does not say which currency. */
export function money(cents) {
  if (typeof cents !== 'number') return '–';
  return (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

export function bytes(value) {
  if (value >= 1 << 30) return `${(value / (1 << 30)).toFixed(1)} GiB`;
  return `${Math.round(value / (1 << 20))} MiB`;
}

export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  const size = Math.abs(ms);
  if (size < 1_000) return `${Math.round(ms)} ms`;
  if (size < 60_000) return `${(ms / 1_000).toFixed(size < 10_000 ? 1 : 0)} s`;
  if (size < 3_600_000) return twoParts(ms, 60_000, 'min', 1_000, 's');
  if (size < 86_400_000) return twoParts(ms, 3_600_000, 'h', 60_000, 'min');
  return `${(ms / 86_400_000).toFixed(1)} d`;
}

function twoParts(ms, large, largeWord, small, smallWord) {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeWord}${rest === 0 ? '' : ` ${rest} ${smallWord}`}`;
}

/** Within a day how long ago, then the date: a replay of old data would otherwise say "8 years ago" everywhere. */
export function relative(at, now) {
  const ago = now - at;
  if (Math.abs(ago) >= 86_400_000) return stamp(at);
  const word = (text) => (ago >= 0 ? `${text} ago` : `in ${text}`);
  const size = Math.abs(ago);
  if (size < 2_000) return 'now';
  if (size < 60_000) return word(`${Math.floor(size / 1_000)} s`);
  if (size < 3_600_000) return word(`${Math.floor(size / 60_000)} min`);
  return word(`${Math.floor(size / 3_600_000)} h`);
}

export function clock(at) {
  return new Date(at).toISOString().slice(11, 19);
}

export function minute(at) {
  return new Date(at).toISOString().slice(11, 16);
}

export function stamp(at) {
  const iso = new Date(at).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
}

/** JSON text of a row's column; null when it is none, so that one odd row does not stop the page. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const SHOWN_CHARACTERS = 60;

/** A text that does not take a whole row; null when it is short enough as it is. */
export function shortened(text) {
  return text.length <= SHOWN_CHARACTERS ? null : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

export const amount = (number, word) => `${exact(number)} ${word}${number === 1 ? '' : 's'}`;
