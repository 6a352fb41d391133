/** A bound on how long an answer waits for work that goes on in the background. */

export const DEADLINE = Symbol('deadline');

export async function withDeadline<T>(work: Promise<T>, deadlineMs: number): Promise<T | typeof DEADLINE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof DEADLINE>((resolve) => {
    timer = setTimeout(() => resolve(DEADLINE), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
