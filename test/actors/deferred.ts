/** Promises that a test settles itself, and a wait for what follows from that. */
export function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve: (value: T) => resolve(value), reject: (reason: Error) => reject(reason) };
}

/** Resolves when every reaction to promises that are settled by now has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
