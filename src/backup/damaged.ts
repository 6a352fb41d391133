/** Something of a backup is not what was written there. */
export class DamagedError extends Error {}

/** Bytes can be changed on their way as well: what is damaged at its place is so again. */
export async function twice<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    return read();
  }
}
