/** A small file, replaced as a whole: after a crash it is the old one or the new one. */
import { join } from 'node:path';
import type { File, Fs } from './fs.ts';
import { writeAll } from './write.ts';

/** Writes the parts, one after another, as the file; durable once it resolves. A failure leaves nothing behind. */
export async function replaceFile(
  fs: Fs,
  directory: string,
  name: string,
  parts: readonly Uint8Array[],
): Promise<void> {
  const temporary = join(directory, `${name}.tmp`);
  await fs.unlink(temporary).catch(() => {});
  try {
    await writeWhole(await fs.create(temporary), parts);
    await fs.rename(temporary, join(directory, name));
    await fs.syncDirectory(directory);
  } catch (error) {
    await fs.unlink(temporary).catch(() => {});
    throw error;
  }
}

async function writeWhole(file: File, parts: readonly Uint8Array[]): Promise<void> {
  try {
    await writeAll(file, parts, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
}
