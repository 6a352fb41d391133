/** `millrace init DIR`: a project of one's own, with a pipeline file, an operator, its test and two commands. */
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, print } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
/** The project that is copied; it is built and tested as it stands. */
const PROJECT = join(PACKAGE, 'examples', 'operator-project');

export const initCommand: Command = {
  name: 'init',
  summary:
    'Writes a project: a pipeline file, an operator in TypeScript, its test, and a package.json with two commands.',
  usage: 'init DIR',
  options: {},
  async run(_, words) {
    const [word, ...rest] = words;
    if (word === undefined) throw new UsageError('say which directory to write: init DIR');
    if (rest.length > 0) throw new UsageError(`init takes one directory; there was also ${rest.join(' ')}`);
    const directory = resolve(word);
    requireEmpty(directory);
    cpSync(PROJECT, directory, { recursive: true, filter: (path) => !/[\\/](node_modules|build|data)$/.test(path) });
    const manifest = join(directory, 'package.json');
    writeFileSync(manifest, manifestOf(basename(directory), readFileSync(manifest, 'utf8')));
    writeFileSync(join(directory, '.gitignore'), 'node_modules/\nbuild/\ndata/\n');
    await print(`Wrote ${readdirSync(directory).length} files to ${directory}. Next:`);
    await print(`  cd ${word} && npm install && npm test && npm start`);
    return EXIT.ok;
  },
};

function requireEmpty(directory: string): void {
  if (!existsSync(directory)) return;
  if (!statSync(directory).isDirectory()) throw new UsageError(`${directory} is a file; init writes a directory`);
  const [first] = readdirSync(directory);
  if (first !== undefined) {
    throw new UsageError(`${directory} is not empty: it has ${first}, and nothing was written; name a new directory`);
  }
}

/** It depends on the Millrace that wrote it, wherever that lies. */
function manifestOf(name: string, text: string): string {
  const manifest = JSON.parse(text);
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '-')
    .replace(/^[._]+/, '');
  const own = {
    ...manifest,
    name: plain || manifest.name,
    dependencies: { millrace: `file:${PACKAGE.replace(/[\\/]$/, '')}` },
  };
  return `${JSON.stringify(own, null, 2)}\n`;
}
