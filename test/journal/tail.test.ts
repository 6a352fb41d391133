/** Torn tail or rot, told apart at every byte: what was acknowledged is never cut off, what was not never stops a start. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeFs } from '../../src/journal/fs.ts';
import { recoverLog } from '../../src/journal/recovery.ts';
import { scanSegment } from '../../src/journal/segment.ts';
import {
  bodies,
  crashed,
  damage,
  flipped,
  KIND,
  LOG,
  lastSegment,
  open,
  scratchDirectory,
  segments,
  text,
  withLog,
} from './scratch.ts';

const RECORDS = ['first', 'second record', 'third'];

/** A killed process's log of acknowledged records, one group each, and where each one's frame ends. */
async function acknowledged(): Promise<{ dir: string; ends: number[] }> {
  const dir = join(scratchDirectory(), 'journal');
  return withLog(dir, async (log) => {
    const ends: number[] = [];
    for (const record of RECORDS) {
      await log.append(KIND, 1, [text(record)]);
      ends.push(log.sizeBytes());
    }
    return { dir: crashed(dir), ends };
  });
}

/** Recovers without the lock and the files around it: quick enough for every byte. */
async function recover(
  dir: string,
  witness: number,
): Promise<{ nextOffset: number; torn: boolean } | { corrupt: number }> {
  try {
    const { start, torn } = await recoverLog(nodeFs, join(dir, LOG), LOG, witness);
    return { nextOffset: start.nextOffset, torn: torn !== null };
  } catch (error) {
    if (!(error instanceof Error && 'fault' in error)) throw error;
    expect(error).toMatchObject({ fault: { kind: 'corrupt', log: LOG, file: lastSegment(dir) } });
    return { corrupt: readFileSync(lastSegment(dir)).length };
  }
}

describe('a group that was not acknowledged', () => {
  test('is cut off whole wherever it is torn, and what was acknowledged stays', async () => {
    const { dir, ends } = await acknowledged();
    const path = lastSegment(dir);
    const whole = readFileSync(path);
    const [, start = 0, end = 0] = ends;
    expect(end).toBe(whole.length);
    for (let cut = start; cut < end; cut++) {
      writeFileSync(path, whole.subarray(0, cut));
      expect(await recover(dir, 2), `cut at ${cut}`).toEqual({ nextOffset: 2, torn: cut > start });
      expect(readFileSync(path)).toEqual(whole.subarray(0, start));
      if (cut > start) expect(readFileSync(`${path}.${start}.torn`)).toEqual(whole.subarray(start, cut));
    }
    expect(bodies(dir, 0, 2)).toEqual(RECORDS.slice(0, 2));
  });

  test('is cut off with any of its bytes changed or zeroed', async () => {
    const { dir, ends } = await acknowledged();
    const path = lastSegment(dir);
    const whole = readFileSync(path);
    const [, start = 0] = ends;
    for (let byte = start; byte < whole.length; byte++) {
      writeFileSync(path, flipped(whole, byte, byte % 8));
      expect(await recover(dir, 2), `flip at ${byte}`).toEqual({ nextOffset: 2, torn: true });
    }
  });

  test('of zeros alone is a clean end, and leaves no copy', async () => {
    const { dir, ends } = await acknowledged();
    const path = lastSegment(dir);
    damage(path, (bytes) => Buffer.concat([bytes, Buffer.alloc(4096)]));
    expect(await recover(dir, 3)).toEqual({ nextOffset: 3, torn: false });
    expect(readFileSync(path).length).toBe(ends[2]);
    expect(readdirSync(join(dir, LOG)).filter((name) => name.endsWith('.torn'))).toEqual([]);
  });

  test('does not stop the log: appends go on where the acknowledged ones ended', async () => {
    const { dir } = await acknowledged();
    damage(lastSegment(dir), (bytes) => bytes.subarray(0, bytes.length - 1));
    const torn: string[] = [];
    await withLog(dir, (log) => log.append(KIND, 1, [text('again')]), { onTorn: ({ savedAs }) => torn.push(savedAs) });
    expect(torn).toHaveLength(1);
    expect(existsSync(torn[0] ?? '')).toBe(true);
    expect(bodies(dir, 0, 3)).toEqual(['first', 'second record', 'again']);
  });
});

describe('what was acknowledged', () => {
  test('is refused with any bit of it flipped, and the file stays as it is', async () => {
    const { dir } = await acknowledged();
    const path = lastSegment(dir);
    const whole = readFileSync(path);
    for (let byte = 0; byte < whole.length; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        const scan = scanSegment(flipped(whole, byte, bit), 0, RECORDS.length);
        expect(scan.tail, `bit ${bit} of byte ${byte}`).toBe('corrupt');
      }
      const rotten = flipped(whole, byte, byte % 8);
      writeFileSync(path, rotten);
      expect(await recover(dir, RECORDS.length), `byte ${byte}`).toEqual({ corrupt: whole.length });
      expect(readFileSync(path).equals(rotten)).toBe(true);
    }
    expect(readdirSync(join(dir, LOG))).toEqual(['00000000000000000000.log']);
  });

  test('is refused when the file is cut anywhere', async () => {
    const { dir } = await acknowledged();
    const path = lastSegment(dir);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(await recover(dir, RECORDS.length), `cut at ${length}`).toEqual({ corrupt: length });
      expect(readFileSync(path).length).toBe(length);
    }
  });

  test('is refused without any witness when a later frame vouches for it', async () => {
    const { dir, ends } = await acknowledged();
    const whole = readFileSync(lastSegment(dir));
    const [, vouchedFor = 0] = ends;
    for (let byte = 0; byte < vouchedFor; byte++) {
      expect(scanSegment(flipped(whole, byte, byte % 8), 0, 0).tail, `byte ${byte}`).toBe('corrupt');
    }
  });

  test('is refused in its last group after a close: HEAD is the witness', async () => {
    const dir = join(scratchDirectory(), 'journal');
    await withLog(dir, (log) => log.append(KIND, 1, [text('only')]));
    damage(lastSegment(dir), (bytes) => flipped(bytes, bytes.length - 8, 0));
    await expect(withLog(dir, () => {})).rejects.toMatchObject({ fault: { kind: 'corrupt', offset: 0, toOffset: 1 } });
  });

  test('is refused in its last group after a kill, once HEAD was written while it ran', async () => {
    const dir = join(scratchDirectory(), 'journal');
    const due: (() => void)[] = [];
    const timer = {
      after(_: number, callback: () => void) {
        due.push(callback);
        return () => {};
      },
    };
    const killed = await withLog(
      dir,
      async (log) => {
        await log.append(KIND, 1, [text('only')]);
        expect(due).toHaveLength(1);
        due[0]?.();
        await expect.poll(() => existsSync(join(dir, LOG, 'HEAD'))).toBe(true);
        return crashed(dir);
      },
      { timer },
    );
    await withLog(crashed(killed), (log) => expect(log.nextOffset()).toBe(1));
    damage(lastSegment(killed), (bytes) => flipped(bytes, bytes.length - 8, 0));
    await expect(withLog(killed, () => {})).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('is refused when a witness elsewhere has seen more', async () => {
    const { dir } = await acknowledged();
    await withLog(crashed(dir), (log) => expect(log.nextOffset()).toBe(3), { witnesses: () => 3 });
    await expect(withLog(dir, () => {}, { witnesses: (log) => (log === LOG ? 4 : 0) })).rejects.toMatchObject({
      fault: { kind: 'corrupt', log: LOG, file: lastSegment(dir), offset: 3, toOffset: 4 },
    });
  });

  test('is refused when every segment is gone', async () => {
    const dir = join(scratchDirectory(), 'journal');
    await withLog(dir, (log) => log.append(KIND, 1, [text('only')]));
    await nodeFs.unlink(lastSegment(dir));
    await expect(withLog(dir, () => {})).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('is not condemned by a damaged HEAD', async () => {
    const dir = join(scratchDirectory(), 'journal');
    await withLog(dir, (log) => log.append(KIND, 1, [text('only')]));
    const head = join(dir, LOG, 'HEAD');
    const whole = readFileSync(head);
    for (let at = 0; at < 8 * whole.length; at++) {
      writeFileSync(head, flipped(whole, Math.floor(at / 8), at % 8));
      expect(await recover(dir, 0), `bit ${at}`).toEqual({ nextOffset: 1, torn: false });
    }
    writeFileSync(head, '');
    expect(await recover(dir, 0)).toEqual({ nextOffset: 1, torn: false });
  });
});

function attempt(read: () => string[]): string[] | 'refused' {
  try {
    return read();
  } catch (error) {
    expect(error).toMatchObject({ kind: 'corrupt' });
    return 'refused';
  }
}

describe('a sealed segment', () => {
  async function rolled(): Promise<string> {
    const dir = join(scratchDirectory(), 'journal');
    await withLog(
      dir,
      async (log) => {
        for (const record of RECORDS) await log.append(KIND, 1, [text(record)]);
      },
      { segmentBytes: 1 },
    );
    expect(segments(dir)).toHaveLength(3);
    return dir;
  }

  test('that is cut anywhere stops the start and the reading, and no event is skipped', async () => {
    const dir = await rolled();
    const [path = ''] = segments(dir);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      await expect(recoverLog(nodeFs, join(dir, LOG), LOG, 0), `cut at ${length}`).rejects.toMatchObject({
        fault: { kind: 'corrupt', file: path, offset: 0, toOffset: 1 },
      });
      // Cut behind its events, all of them are there to be read; cut before, none that follows may be.
      const outcome = attempt(() => bodies(dir, 0, RECORDS.length));
      expect([RECORDS, 'refused'], `cut at ${length}`).toContainEqual(outcome);
      if (length < whole.indexOf(RECORDS[0] ?? '') + 5) expect(outcome).toBe('refused');
    }
  });

  test('with any byte changed stops whoever reads it', async () => {
    const dir = await rolled();
    const [path = ''] = segments(dir);
    const whole = readFileSync(path);
    for (let byte = 0; byte < whole.length; byte++) {
      writeFileSync(path, flipped(whole, byte, byte % 8));
      expect(() => readAll(dir), `byte ${byte}`).toThrowError(/damaged or missing/);
    }
  });

  test('that is missing between two others stops the start and the reading', async () => {
    const dir = await rolled();
    await nodeFs.unlink(segments(dir)[1] ?? '');
    await expect(withLog(dir, () => {})).rejects.toMatchObject({ fault: { kind: 'corrupt', offset: 1, toOffset: 2 } });
    expect(() => readAll(dir)).toThrowError(/offset 1/);
  });

  function readAll(dir: string): string[] {
    return bodies(dir, 0, RECORDS.length);
  }
});

test('a segment whose first frame never reached the disk is made anew', async () => {
  for (const content of [Buffer.alloc(0), Buffer.alloc(4096), Buffer.from('MRJ1 torn')]) {
    const dir = join(scratchDirectory(), 'journal');
    await withLog(dir, (log) => log.append(KIND, 1, [text('first')]), { segmentBytes: 1 });
    writeFileSync(join(dir, LOG, `${'1'.padStart(20, '0')}.log`), content);
    // A roll seals the segment before: here the close did not.
    await expect(withLog(dir, () => {})).rejects.toMatchObject({ kind: 'corrupt' });
    const [first = '', second = ''] = segments(dir);
    await nodeFs.unlink(second);
    await withLog(dir, (log) => log.append(KIND, 1, [text('second')]), { segmentBytes: 1 });
    expect(segments(dir)).toHaveLength(2);
    expect(segments(dir)[0]).toBe(first);
    await nodeFs.unlink(join(dir, LOG, 'HEAD'));
    writeFileSync(segments(dir)[1] ?? '', content);
    await withLog(dir, async (log) => {
      expect(log.nextOffset()).toBe(1);
      await log.append(KIND, 1, [text('again')]);
    });
    expect(bodies(dir, 0, 2)).toEqual(['first', 'again']);
  }
});

test('a log that could not be opened can be opened once its file is restored', async () => {
  const { dir } = await acknowledged();
  const path = lastSegment(dir);
  const whole = readFileSync(path);
  writeFileSync(path, flipped(whole, 60, 0));
  const journal = await open(dir);
  await expect(journal.openLog(LOG)).rejects.toMatchObject({ kind: 'corrupt' });
  writeFileSync(path, whole);
  expect((await journal.openLog(LOG)).nextOffset()).toBe(3);
  await journal.close();
});
