/** Customers over HTTP: their profiles, read from the stores when they are asked for. */
import { DEADLINE, withDeadline } from '../../http/deadline.ts';
import { json, limitParameter, problem } from '../../http/operations.ts';
import { problemResponse } from '../../http/problem.ts';
import { badParameter, TOO_SLOW } from '../../http/refusals.ts';
import { pathParameter, type Route, uncached } from '../../http/route.ts';
import { type Asking, customerList, customerProfile, isOrder, ORDERS } from './customers.ts';

const MOST = 1000;

export function customerRoutes(asked: <T>(asking: Asking<T>) => Promise<T>, deadlineMs: number): readonly Route[] {
  const orders = Object.keys(ORDERS);
  return [
    {
      method: 'GET',
      path: '/api/v1/customers',
      role: 'viewer',
      operation: {
        summary: `Customers with counts, amounts, scores, hits and frauds; the first by ${orders.join(', ')}`,
        parameters: [limitParameter, { name: 'by', in: 'query', schema: { enum: orders, default: 'hits' } }],
        responses: { 200: json('Customers'), 400: problem('No such order, or no such limit') },
      },
      async answer(c) {
        const by = c.req.query('by') ?? 'hits';
        if (!isOrder(by)) return problemResponse(badParameter('by', by, `It is one of ${orders.join(', ')}.`));
        const written = c.req.query('limit') ?? '100';
        const limit = /^\d{1,4}$/.test(written) ? Number(written) : 0;
        if (limit < 1 || limit > MOST)
          return problemResponse(badParameter('limit', written, `It is a whole number from 1 to ${MOST}.`));
        const found = await withDeadline(asked(customerList(by, limit)), deadlineMs);
        return found === DEADLINE ? problemResponse(TOO_SLOW) : uncached(c, found);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/customers/:customer',
      role: 'viewer',
      operation: {
        summary: 'One customer: hours, terminals, newest transactions with their scores, sessions and cases',
        responses: { 200: json('The profile'), 404: problem('No transaction of such a customer') },
      },
      async answer(c) {
        const written = pathParameter(c, 'customer');
        const id = Number(written);
        const asking = /^-?\d{1,16}$/.test(written) && Number.isSafeInteger(id) ? customerProfile(id) : null;
        const found = asking === null ? null : await withDeadline(asked(asking), deadlineMs);
        if (found === DEADLINE) return problemResponse(TOO_SLOW);
        if (found !== null) return uncached(c, found);
        return problemResponse({
          status: 404,
          error: 'unknown-customer',
          message: `There is no transaction of a customer ${JSON.stringify(written.slice(0, 100))}.`,
          hint: '/api/v1/customers lists them.',
        });
      },
    },
  ];
}
