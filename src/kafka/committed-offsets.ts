/** What groups have committed. A broker that has just started has no coordinator for a group yet, and says so in three ways. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';

const SOON = new Set(['GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP', 'GROUP_LOAD_IN_PROGRESS']);
const AGAIN_MS = 200;
const PATIENCE_MS = 15_000;

/** Of a group in topics. Rejects with an error of kafkajs; for lack of a coordinator alone after PATIENCE_MS. */
export async function committedOffsets(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): ReturnType<Admin['fetchOffsets']> {
  for (const untilMs = performance.now() + PATIENCE_MS; ; await sleep(AGAIN_MS)) {
    try {
      return await admin.fetchOffsets({ groupId, topics: [...topics] });
    } catch (error) {
      const type: unknown = error instanceof Error ? Reflect.get(error, 'type') : undefined;
      if (typeof type !== 'string' || !SOON.has(type) || performance.now() > untilMs) throw error;
    }
  }
}
