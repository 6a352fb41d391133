/** Paths of the API, of the description that a service gives of itself. */
import type { Role } from '../../../src/http/route.ts';
import { code, table } from './markdown.ts';

/** What is read here of /openapi.json. */
export interface ApiDescription {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly summary: string;
            readonly deprecated?: boolean;
            readonly 'x-role': Role;
            readonly parameters?: readonly { readonly name: string; readonly in: string }[];
          }
        >
      >
    >
  >;
}

export function apiText({ paths }: ApiDescription): string {
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, deprecated, parameters = [], 'x-role': role }]) => {
      const asked = parameters.flatMap((each) => (each.in === 'query' ? [code(each.name)] : []));
      return [
        code(`${method.toUpperCase()} ${path}`),
        role,
        asked.join(', '),
        deprecated === true ? `${summary} (older address)` : summary,
      ];
    }),
  );
  return `What a service with config/demo.yaml answers. \`/openapi.json\` has the same with bodies and answers, and
[http.md](../http.md) says how to send events, repeat requests and read errors.

${table(['path', 'role', 'asked', 'what it does'], rows)}`;
}
