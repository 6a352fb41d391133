/**
 * The orderly stop of one child: it is asked to end, waited for within its bound, and killed once that has passed. The stop
 * is also over when the child fails or ends by itself.
 */
import { type Child, dismiss } from './child-table.ts';
import { note, type SupervisionPorts } from './record-change.ts';
import { asError, type Clock, type RunningChild } from './supervised.ts';

/** Ends one child in order, and by force once its bound has passed. */
export async function stopChild(path: string, ports: SupervisionPorts, child: Child): Promise<void> {
  const { life, running, spec } = child;
  if (running !== null) {
    const boundMs = spec.shutdownMs ?? ports.shutdownMs;
    const overdue = timer(ports.clock, boundMs);
    const over = new Promise<'over'>((resolve) => {
      life.signal.addEventListener('abort', () => resolve('over'), { once: true });
    });
    const outcome = await Promise.race([drained(running), over, overdue.passed]);
    overdue.cancel();
    if (outcome === 'overdue') child.lastError = `It did not stop within ${boundMs} ms and was killed`;
    if (outcome instanceof Error) child.lastError = `Stopping it failed: ${outcome.message}`;
    if (outcome === 'drained') {
      // A child that said so itself is noted already.
      if (child.phase !== 'stopped') note(path, ports, child, 'stopped', null);
    } else if (outcome !== 'over') note(path, ports, child, 'failed', child.lastError);
  }
  if (child.phase !== 'stopped') dismiss(child, 'stopped');
}

async function drained(running: RunningChild): Promise<'drained' | Error> {
  try {
    await running.drain();
    return 'drained';
  } catch (error) {
    return asError(error);
  }
}

function timer(clock: Clock | undefined, delayMs: number): { passed: Promise<'overdue'>; cancel: () => void } {
  let cancel = (): void => {};
  const passed = new Promise<'overdue'>((resolve) => {
    if (delayMs === Number.POSITIVE_INFINITY) return;
    const fire = (): void => resolve('overdue');
    if (clock === undefined) {
      const id = setTimeout(fire, delayMs);
      cancel = () => clearTimeout(id);
    } else {
      const id = clock.setTimeout(fire, delayMs);
      cancel = () => clock.clearTimeout(id);
    }
  });
  return { passed, cancel };
}
