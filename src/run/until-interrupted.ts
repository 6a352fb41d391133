/** Ctrl-C during a run. */

/**
 * Waits for what `running` ends with, null when all is well. Ctrl-C ends a run in good order: what was read is committed,
 * and the next run on the same data goes on from there.
 */
export async function untilInterrupted(running: Promise<Error | null>): Promise<Error | null> {
  let stop = (): void => {};
  const interrupted = new Promise<Error>((resolve) => {
    stop = () => resolve(new Error('Interrupted; run the same command again to go on from here'));
  });
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await Promise.race([running, interrupted]);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
