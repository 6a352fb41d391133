/** One fraud case over HTTP, of any age: an answer of the fraud domain, beside those that every service has. */
import type { CaseFile } from '../fraud/case-file.ts';
import { DEADLINE, withDeadline } from '../http/deadline.ts';
import { json, problem } from '../http/operations.ts';
import { problemResponse } from '../http/problem.ts';
import { TOO_SLOW } from '../http/refusals.ts';
import { pathParameter, type Route, uncached } from '../http/route.ts';

/** `read` gives null when there is no such case. */
export function caseRoute(read: (caseId: string) => Promise<CaseFile | null>, deadlineMs: number): Route {
  return {
    method: 'GET',
    path: '/api/v1/cases/:case',
    role: 'viewer',
    operation: {
      summary:
        'A case of any age: its row, then its alerts, their deliveries, and the transactions and sessions of its time',
      responses: { 200: json('The case'), 404: problem('No such case') },
    },
    async answer(c) {
      const id = pathParameter(c, 'case');
      const found = await withDeadline(read(id), deadlineMs);
      if (found === DEADLINE) return problemResponse(TOO_SLOW);
      if (found !== null) {
        const { case: row, ...rest } = found;
        return uncached(c, { ...row, ...rest });
      }
      return problemResponse({
        status: 404,
        error: 'unknown-case',
        message: `There is no case ${JSON.stringify(id.slice(0, 100))}.`,
        hint: 'Cases show once the read models have them, mostly within a second. /api/v1/cases lists the newest.',
      });
    },
  };
}
