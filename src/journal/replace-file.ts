/** A small file, replaced as a whole: after a crash it is the old one or the new one. */
import { join } from 'node:path';
import type { Fs } from './fs.ts';
import { writeAll } from './write.ts';

/** Durable once it resolves. */
export async function replaceFile(fs: Fs, directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(directory, `${name}.tmp`);
  await fs.unlink(temporary).catch(() => {});
  const file = await fs.create(temporary);
  try {
    await writeAll(file, [bytes], 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await fs.rename(temporary, join(directory, name));
  await fs.syncDirectory(directory);
}
