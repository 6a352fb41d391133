/** The API's description, made of the routes that the router has; a test asks the server for every path in it. */
import type { Route } from './route.ts';

export function openApi(version: string, routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, role, operation } of routes) {
    if (operation === null) continue;
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '');
    const parameters = [...names.map(inPath), ...(operation.parameters ?? [])];
    const own = paths[path.replace(/:(\w+)/g, '{$1}')] ?? {};
    own[method.toLowerCase()] = { ...operation, ...(parameters.length === 0 ? {} : { parameters }), 'x-role': role };
    paths[path.replace(/:(\w+)/g, '{$1}')] = own;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description:
        'Instants are epoch milliseconds, money is in minor units. `x-role` is the least role that an operation needs.',
    },
    paths,
    components: { schemas: { Problem: PROBLEM } },
  };
}

const inPath = (name: string) => ({ name, in: 'path', required: true, schema: { type: 'string' } });

const PROBLEM = {
  type: 'object',
  required: ['error', 'message', 'hint'],
  properties: { error: { type: 'string' }, message: { type: 'string' }, hint: { type: 'string' } },
};
