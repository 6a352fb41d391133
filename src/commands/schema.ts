/** `millrace schema infer FILE`: the Avro schema and the stream's section that a file needs to be run as it is. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { draftFile } from '../infer/draft-file.ts';
import { type Draft, DraftError, streamName } from '../infer/stream-draft.ts';
import { type Command, JSON_OPTION, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const schemaCommand: Command = {
  name: 'schema',
  summary: 'read a file, and write the schema and the stream that it would be',
  usage: 'schema infer FILE [--name NAME] [--output DIR] [--json]',
  options: {
    ...JSON_OPTION,
    name: { type: 'string', value: 'NAME', help: "the stream's name; else the file's" },
    output: { type: 'string', value: 'DIR', help: 'write NAME.avsc and NAME.yaml there, and overwrite nothing' },
  },
  async run(values, [action, file, ...rest]) {
    if (action !== 'infer' || file === undefined) throw new UsageError('say of which file: schema infer FILE');
    if (rest.length > 0) throw new UsageError(`schema infer takes one file; there was also ${rest.join(' ')}`);
    const name = text(values, 'name') ?? streamName(file);
    if (!/^[A-Za-z][A-Za-z0-9._-]*$/.test(name)) throw new UsageError(`--name ${name} can't be a stream's name`);
    const draft = await drafted(file, name);
    const directory = text(values, 'output');
    if (values.json === true) await print(JSON.stringify({ ...draft, streams: streamsOf(draft) }));
    else if (directory === undefined) await print(`${schemaText(draft)}\n---\n${pipelineText(draft, file)}`.trimEnd());
    if (directory !== undefined) writeFiles(draft, file, directory);
    if (draft.misfits > 0) {
      process.stderr.write(
        `millrace: ${draft.misfits} of ${draft.records} records do not fit, and would be dead letters\n`,
      );
    }
    return EXIT.ok;
  },
};

async function drafted(file: string, name: string): Promise<Draft> {
  if (!existsSync(file)) throw new UsageError(`${file}: there is no such file`);
  try {
    return await draftFile(file, name);
  } catch (error) {
    if (error instanceof DraftError) throw new Error(error.message, { cause: error });
    throw error;
  }
}

function writeFiles(draft: Draft, file: string, directory: string): void {
  mkdirSync(directory, { recursive: true });
  const files = [
    { path: join(directory, `${draft.name}.avsc`), content: `${schemaText(draft)}\n` },
    { path: join(directory, `${draft.name}.yaml`), content: pipelineText(draft, file) },
  ];
  for (const { path } of files)
    if (existsSync(path)) throw new UsageError(`${path} is there already, and nothing was written`);
  for (const { path, content } of files) {
    writeFileSync(path, content);
    process.stderr.write(`wrote ${path}\n`);
  }
  const [, pipeline] = files;
  const shown = relative('.', resolve(file)) || file;
  process.stderr.write(`try it: millrace run --config ${pipeline?.path} --input ${draft.name}=${shown}\n`);
}

function schemaText({ schema }: Draft): string {
  const { fields, ...head } = schema;
  const lines = fields.map((field) => `    ${JSON.stringify(field)}`);
  return `${JSON.stringify(head).slice(0, -1)}, "fields": [\n${lines.join(',\n')}\n]}`;
}

function streamsOf({ name, section }: Draft): Record<string, unknown> {
  return { [name]: { schema: `./${name}.avsc`, ...section } };
}

/** A whole pipeline file; a map of JSON is one of YAML too. */
function pipelineText(draft: Draft, file: string): string {
  const section = Object.entries(streamsOf(draft)[draft.name] ?? {});
  const lines = section.map(([key, value]) => `    ${key}: ${flow(value)}`);
  return `# Drafted from ${file.split('/').at(-1)}, ${draft.records} records.\nstreams:\n  ${draft.name}:\n${lines.join('\n')}\n`;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, own]) => `${plain(key)}: ${flow(own)}`)
      .join(', ')} }`;
  }
  return typeof value === 'string' ? plain(value) : JSON.stringify(value);
}

/** Without quotes where YAML can take the word for nothing else. */
function plain(word: string): string {
  const isPlain =
    /^[A-Za-z_.][A-Za-z0-9_./-]*$/.test(word) &&
    !/^(y|n|yes|no|on|off|true|false|null|nan|\.nan|\.inf|na)$/i.test(word);
  return isPlain || /^\d+[a-z]+$/.test(word) ? word : JSON.stringify(word);
}
