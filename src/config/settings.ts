/** Every setting as it stands, and who set it: a line of the file, a variable of the environment, an option, or nobody. */
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { isMap as isRecord } from '../messages/json-map.ts';
import { type Config, redacted, withoutViews } from './config.ts';
import { type Environment, environmentOverrides, type Override } from './overrides.ts';
import { locate } from './positions.ts';
import { SECTIONS } from './sections.ts';
import { descriptionAt } from './shape.ts';

export interface Setting {
  /** Keys from the file's root on, joined by dots. */
  readonly path: string;
  /** As JSON; secrets are redacted. */
  readonly value: string;
  /** Who set it, such as `pipeline.yaml:12`, `MILLRACE__HTTP__PORT`, `--port`, or `default`. */
  readonly source: string;
  /** What the setting is for; empty where nobody says. */
  readonly description: string;
}

/** Every setting with its source. `text` is that of the file when the configuration was loaded. */
export function settingsOf(
  config: Config,
  text: string,
  file: string,
  environment: Environment,
  flags: readonly Override[],
): readonly Setting[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const overrides = [...environmentOverrides(environment, document.toJS() ?? {}), ...flags];
  const shown = withoutViews(redacted(config));
  return SECTIONS.flatMap((section) => [...leaves(section.print(shown), [section.key])]).map(({ path, value }) => ({
    path: path.join('.'),
    value: JSON.stringify(value) ?? 'null',
    source: sourceOf(path, { document, lines, file, overrides }),
    description: descriptionAt(path) ?? '',
  }));
}

interface Written {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly file: string;
  readonly overrides: readonly Override[];
}

function sourceOf(path: readonly string[], { document, lines, file, overrides }: Written): string {
  const override = overrides.findLast((each) => each.path.every((key, depth) => key === path[depth]));
  if (override !== undefined) return override.origin;
  if (!isWritten(document, path)) return 'default';
  const at = locate(document, lines, path);
  return at === null ? 'default' : `${file}:${at.line}`;
}

/** Whether the file has the setting, even by a short form in the place of one of its ancestors. */
function isWritten(document: Document, path: readonly string[]): boolean {
  let node: unknown = document.contents;
  for (const key of path) {
    if (isMap(node)) {
      if (!node.has(key)) return false;
      node = node.get(key, true);
    } else if (isSeq(node)) node = node.get(Number(key), true);
    else return isScalar(node);
  }
  return true;
}

/** The values that have no keys of their own. A list of plain values is one value. */
function* leaves(value: unknown, path: readonly string[]): Generator<{ path: readonly string[]; value: unknown }> {
  if (Array.isArray(value) && value.some(isRecord)) {
    for (const [i, item] of value.entries()) yield* leaves(item, [...path, String(i)]);
  } else if (isRecord(value) && Object.keys(value).length > 0) {
    for (const [key, item] of Object.entries(value)) yield* leaves(item, [...path, key]);
  } else if (value !== undefined) yield { path, value };
}
