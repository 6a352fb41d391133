/** One at a time, in the order in which they ask. */
export interface Turns {
  /** Resolves once nobody else has the turn; the returned function ends it, and may be called again. */
  take(): Promise<() => void>;
  alone<T>(act: () => Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  async function take(): Promise<() => void> {
    const before = last;
    let end = (): void => {};
    last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  }
  return {
    take,
    async alone(act) {
      const end = await take();
      try {
        return await act();
      } finally {
        end();
      }
    },
  };
}
