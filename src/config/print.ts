/** A configuration as a pipeline file again: what it reads back as is the same configuration. Secrets are left out. */
import { Document, isPair, isScalar, isMap as isYamlMap } from 'yaml';
import { type Config, deriveConfig, redacted, withoutViews } from './config.ts';
import { SECTIONS } from './sections.ts';
import { descriptionAt } from './shape.ts';

export interface PrintOptions {
  readonly secrets: 'shown' | 'redacted';
}

/** The configuration as YAML with every default filled in. Its comments are the schema's. */
export function printConfig(config: Config, { secrets }: PrintOptions): string {
  const shown = withoutViews(secrets === 'shown' ? config : redacted(config));
  return commented(Object.fromEntries(SECTIONS.map((section) => [section.key, section.print(shown)])));
}

/** Every setting at its default, with an empty pipeline. */
export function printDefaults(): string {
  const nothing = (): never => {
    throw new Error('an empty pipeline names nothing');
  };
  const empty = { file: { streams: {} }, report: nothing, resolve: nothing, readSchema: nothing };
  return printConfig(deriveConfig(empty), { secrets: 'shown' });
}

const WIDTH = 120;

function commented(data: Record<string, unknown>): string {
  const document = new Document(data, { aliasDuplicateObjects: false });
  describe(document.contents, []);
  return document.toString({ lineWidth: WIDTH });
}

/** The data as YAML without the schema's comments. */
export function yamlOf(data: Readonly<Record<string, unknown>>): string {
  return new Document(data, { aliasDuplicateObjects: false }).toString({ lineWidth: WIDTH });
}

function describe(node: unknown, path: readonly string[]): void {
  if (!isYamlMap(node)) return;
  for (const pair of node.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const at = [...path, String(pair.key.value)];
    const description = descriptionAt(at);
    if (description !== undefined) pair.key.commentBefore = ` ${description}`;
    describe(pair.value, at);
  }
}
