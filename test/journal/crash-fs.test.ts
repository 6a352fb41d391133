/** The disk that the journal's fault tests stand on: what a power cut may keep of it, and what it may not. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Choose, everyChoice, keepNothing, seededChoice } from './choices.ts';
import { type CrashFs, crashFs, failing } from './crash-fs.ts';

const FILE = '/d/f';

async function withFile(synced: string, options: Parameters<typeof crashFs>[0] = {}): Promise<CrashFs> {
  const fs = crashFs(options);
  await fs.makeDirectory('/d');
  await fs.syncDirectory('/');
  const file = await fs.create(FILE);
  await file.write([Buffer.from(synced)], 0);
  await file.datasync();
  await fs.syncDirectory('/d');
  return fs;
}

async function after(fs: CrashFs, choose: Choose): Promise<string> {
  const found = fs.crash(choose);
  const names = await found.list('/d');
  return names.length === 0 ? '(gone)' : `${names.join()}:${await found.read(`/d/${names[0]}`)}`;
}

/** Everything that a crash can leave, each once. */
async function outcomes(fs: CrashFs): Promise<string[]> {
  const found = new Set<string>();
  for (const choose of everyChoice(10_000)) found.add(await after(fs, choose));
  return [...found].sort();
}

describe('a power cut', () => {
  test('keeps what was synced, in one way', async () => {
    expect(await outcomes(await withFile('abc'))).toEqual(['f:abc']);
  });

  test('leaves of an overwritten sector the old, the new, or the new up to a byte', async () => {
    const fs = await withFile('abc');
    await (await fs.openForAppend(FILE)).write([Buffer.from('xyz')], 0);
    expect(await outcomes(fs)).toEqual(['f:abc', 'f:xbc', 'f:xyc', 'f:xyz']);
  });

  test('may keep the length without the bytes, and the bytes without the length', async () => {
    const fs = await withFile('a');
    await (await fs.openForAppend(FILE)).write([Buffer.from('b')], 1);
    expect(await outcomes(fs)).toEqual(['f:a', 'f:a\0', 'f:ab']);
  });

  test('keeps any of two sectors without the other', async () => {
    const fs = await withFile('');
    await (await fs.openForAppend(FILE)).write([Buffer.alloc(512, 'a'), Buffer.from('b')], 0);
    const heads = new Set((await outcomes(fs)).map((left) => `${left.at(2)}${left.length > 514 ? left.at(514) : '-'}`));
    expect([...heads].sort()).toEqual(['\0\0', '\0b', 'a-', 'a\0', 'ab', 'undefined-'].sort());
  });

  test('may undo a cut that was not synced, and bring back what was written before it', async () => {
    const fs = await withFile('ab');
    const file = await fs.openForAppend(FILE);
    await file.write([Buffer.from('cd')], 2);
    await file.truncate(2);
    expect(await outcomes(fs)).toEqual(expect.arrayContaining(['f:ab', 'f:abcd']));
    await file.datasync();
    expect(await outcomes(fs)).toEqual(['f:ab']);
  });

  test('keeps or loses each change of a directory that was not synced', async () => {
    const fs = await withFile('a');
    await fs.rename(FILE, '/d/g');
    expect(await outcomes(fs)).toEqual(['f:a', 'g:a']);
    await fs.syncDirectory('/d');
    await fs.unlink('/d/g');
    await fs.create('/d/h');
    expect(await outcomes(fs)).toEqual(['(gone)', 'g,h:a', 'g:a', 'h:']);
  });

  test('takes a file whose bytes were synced and whose name was not', async () => {
    const fs = await withFile('a');
    const file = await fs.create('/d/new');
    await file.write([Buffer.from('b')], 0);
    await file.datasync();
    expect(await fs.crash(keepNothing).list('/d')).toEqual(['f']);
  });

  test('changes nothing for the process that goes on', async () => {
    const fs = await withFile('a');
    const image = fs.image();
    await (await fs.openForAppend(FILE)).write([Buffer.from('b')], 0);
    for (let seed = 0; seed < 20; seed++) await after(fs, seededChoice(seed));
    expect((await fs.read(FILE)).toString()).toBe('b');
    expect((await crashFs({ disk: image }).read(FILE)).toString()).toBe('a');
  });
});

test('what a failed sync left out, no later sync brings to the disk, until it is written again', async () => {
  let failNext = false;
  const fs = await withFile('a', {
    onOperation(operation) {
      if (failNext && operation.kind === 'datasync') failing(operation.index, 'EIO', false)(operation);
    },
  });
  const file = await fs.openForAppend(FILE);
  await file.write([Buffer.from('b')], 0);
  failNext = true;
  await expect(file.datasync()).rejects.toMatchObject({ code: 'EIO' });
  failNext = false;
  await file.datasync();
  expect(await outcomes(fs)).toEqual(['f:a', 'f:b']);
  await file.write([Buffer.from('b')], 0);
  await file.datasync();
  expect(await outcomes(fs)).toEqual(['f:b']);
});

test('an operation fails once or for ever, by its number, and leaves the disk as it was', async () => {
  // 0 mkdir, 1 syncDirectory, 2 create, 3 write.
  await expect(withFile('a', { onOperation: failing(3, 'ENOSPC', false) })).rejects.toMatchObject({ code: 'ENOSPC' });
  const fs = crashFs({ onOperation: failing(1, 'EMFILE', true) });
  await fs.makeDirectory('/d');
  for (let times = 0; times < 2; times++) await expect(fs.create(FILE)).rejects.toMatchObject({ code: 'EMFILE' });
  expect(await fs.crash(() => 1).syncFs.list('/d')).toEqual([]);
});

test('a write takes no more than it is let', async () => {
  const fs = await withFile('', { shortWrite: () => 2 });
  const file = await fs.openForAppend(FILE);
  expect(await file.write([Buffer.from('a'), Buffer.from('bcd')], 0)).toBe(2);
  expect((await fs.read(FILE)).toString()).toBe('ab');
});

test('bytes come back as they were written, wherever sectors end, by either port', async () => {
  const writes = fc.array(fc.record({ at: fc.nat(1500), bytes: fc.uint8Array({ maxLength: 1200 }) }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(writes, fc.nat(3000), async (all, cut) => {
      const fs = await withFile('');
      const file = await fs.openForAppend(FILE);
      let expected = Buffer.alloc(0);
      for (const { at, bytes } of all) {
        await file.write([bytes], at);
        if (bytes.length === 0) continue;
        const longer = Buffer.alloc(Math.max(expected.length, at + bytes.length));
        expected.copy(longer);
        longer.set(bytes, at);
        expected = longer;
      }
      await file.truncate(cut);
      const cutTo = Buffer.alloc(cut);
      expected.copy(cutTo);
      expect((await fs.read(FILE)).equals(cutTo)).toBe(true);
      expect(fs.syncFs.read(FILE).equals(cutTo)).toBe(true);
      await file.datasync();
      expect((await fs.crash(keepNothing).read(FILE)).equals(cutTo)).toBe(true);
    }),
  );
});
