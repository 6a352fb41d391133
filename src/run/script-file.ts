/** Reads the lines of test scripts, and the content by which a script is recognised. */
import { openInput } from '../sources/file/open.ts';
import { createLineSplitter } from '../sources/lines.ts';

export interface ScriptInput {
  readonly stream: string;
  /** Absolute path of a `.jsonl` file, packed or not. */
  readonly path: string;
}

/** Any word that begins with `$`: a misspelt one is an error of the script, and no unknown field of an event. */
const CONTROL_WORD = /"\$[A-Za-z]+"\s*:/;
/** More bytes than such a word has. */
const OVERLAP_BYTES = 64;

/** Whether any line may be a control: a quick look, no parse. */
export async function hasControls(path: string): Promise<boolean> {
  let tail = '';
  for await (const bytes of openInput(path)) {
    const chunk: Buffer = bytes;
    if (chunk.includes('"$') || tail.includes('"')) {
      if (CONTROL_WORD.test(tail + chunk.toString('latin1'))) return true;
    }
    tail = chunk.subarray(-OVERLAP_BYTES).toString('latin1');
  }
  return false;
}

export interface ScriptLine {
  /** The line; only its beginning when it is too long. */
  readonly line: Buffer;
  readonly number: number;
  readonly length: number;
}

/** Lines that are not empty. */
export async function* scriptLines(path: string): AsyncGenerator<ScriptLine> {
  let lines: ScriptLine[] = [];
  const splitter = createLineSplitter({
    line(bytes, number) {
      if (bytes.length > 0) lines.push({ line: Buffer.from(bytes), number, length: bytes.length });
    },
    tooLong(head, length, number) {
      lines.push({ line: Buffer.from(head), number, length });
    },
  });
  for await (const bytes of openInput(path)) {
    splitter.push(bytes);
    yield* lines;
    lines = [];
  }
  splitter.end();
  yield* lines;
}

/** All lines of some scripts, by which they are recognised: a step's position is its place in them. */
export async function* contentOf(inputs: readonly ScriptInput[]): AsyncGenerator<Buffer> {
  for (const { path } of inputs) for await (const line of scriptLines(path)) yield contentOfLine(line);
}

export function contentOfLine({ line, number, length }: ScriptLine): Buffer {
  return Buffer.concat([Buffer.from(`${number} ${length} `), line, Buffer.from('\n')]);
}
