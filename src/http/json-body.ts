/** The body of a request as the object that its JSON says. */
import { isMap } from '../messages/json-map.ts';
import type { RouteContext } from './route.ts';

/** Null for a body that is no such object, that does not say its length, or that is longer than `bytesMax`. */
export async function jsonBody(c: RouteContext, bytesMax: number): Promise<Readonly<Record<string, unknown>> | null> {
  if (!(Number(c.req.header('content-length')) <= bytesMax)) return null;
  try {
    const body: unknown = JSON.parse(await c.req.text());
    return isMap(body) ? body : null;
  } catch {
    return null;
  }
}
