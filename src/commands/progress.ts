/** A progress line on standard error: drawn over itself on a terminal, a line every few seconds otherwise. */
export interface Progress {
  update(done: number): void;
  end(): void;
}

const TERMINAL_EVERY_MS = 100;
const PLAIN_EVERY_MS = 5000;
const BAR_WIDTH = 24;

export interface ProgressOptions {
  /** What is counted; events, when not given. */
  readonly unit?: string;
  readonly quiet?: boolean;
}

/** `total` is null where the end is not known. */
export function progressLine(what: string, total: number | null, options: ProgressOptions = {}): Progress {
  const { unit = 'events', quiet = false } = options;
  const terminal = process.stderr.isTTY === true;
  const startedAt = performance.now();
  let shownAt = startedAt;
  let drawn = false;
  return {
    update(done) {
      const now = performance.now();
      if (quiet || now - shownAt < (terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)) return;
      shownAt = now;
      const rate = Math.round((done * 1000) / (now - startedAt)).toLocaleString('en');
      const line = `${what} ${bar(done, total)}${done.toLocaleString('en')} ${unit}, ${rate}/s`;
      process.stderr.write(terminal ? `\r\x1b[K${line}` : `${line}\n`);
      drawn = terminal;
    },
    end() {
      if (drawn) process.stderr.write('\r\x1b[K');
    },
  };
}

function bar(done: number, total: number | null): string {
  if (total === null || total === 0) return '';
  const share = Math.min(1, done / total);
  const filled = Math.round(share * BAR_WIDTH);
  return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${Math.floor(share * 100)} % `;
}
