/**
 * A source file as its syntax tree, and what it imports: statements, re-exports, type imports, `import()`,
 * `import('x').T`, `require.resolve` and `new URL('./x.ts', import.meta.url)`. The parser is the one vitest ships.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, posix, relative, sep } from 'node:path';
import { parseAst } from 'vitest/node';

/** A node of the tree: ESTree's, with TypeScript's. Fields are looked at, never assumed. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

export interface SourceFile {
  /** From the root, with slashes: `src/journal/log.ts`. */
  readonly path: string;
  readonly lines: number;
  readonly nodes: readonly Node[];
  readonly imports: readonly Import[];
  lineOf(node: Node): number;
}

const PARSED = { '.ts': 'ts', '.js': 'js' } as const;
const COUNTED = ['.ts', '.js', '.css', '.html'];

/** Every file of these folders that is code, or that is read as long as code is. */
export function readTree(root: string, folders: readonly string[]): SourceFile[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && COUNTED.includes(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes(`${sep}fixtures${sep}`))
    .sort()
    .map((path) => readSource(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')));
}

export function readSource(path: string, text: string): SourceFile {
  const extension = extname(path);
  const nodes = extension === '.ts' || extension === '.js' ? parse(path, text, PARSED[extension]) : [];
  const lineOf = ({ start }: Node): number => text.slice(0, start).split('\n').length;
  const imports = nodes.flatMap((node) => {
    const specifier = importedBy(node);
    return specifier === null ? [] : [{ specifier, line: lineOf(node) }];
  });
  return { path, lines: text.replace(/\n$/, '').split('\n').length, nodes, imports, lineOf };
}

function parse(path: string, text: string, lang: 'ts' | 'js'): Node[] {
  try {
    const nodes: Node[] = [];
    collect(parseAst(text, { lang }), nodes);
    return nodes;
  } catch (cause) {
    throw new Error(`${path} could not be parsed`, { cause });
  }
}

function collect(value: unknown, into: Node[]): void {
  if (Array.isArray(value)) for (const item of value) collect(item, into);
  else if (isNode(value)) {
    into.push(value);
    for (const child of Object.values(value)) collect(child, into);
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** Whether the value is a node of this type whose fields have these values. */
export function matches(value: unknown, type: string, fields: Readonly<Record<string, unknown>> = {}): value is Node {
  return isNode(value) && value.type === type && Object.entries(fields).every(([name, is]) => value[name] === is);
}

export function isIdentifier(value: unknown, name: string): boolean {
  return matches(value, 'Identifier', { name });
}

function importedBy(node: Node): string | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return stringOf(node.source);
    case 'CallExpression':
      return isResolve(node.callee) ? stringOf(first(node.arguments)) : null;
    case 'NewExpression':
      return isIdentifier(node.callee, 'URL') ? codeFile(stringOf(first(node.arguments))) : null;
    default:
      return null;
  }
}

/** `require(…)`, `require.resolve(…)`, `createRequire(import.meta.url).resolve(…)`, `import.meta.resolve(…)`. */
function isResolve(callee: unknown): boolean {
  if (isIdentifier(callee, 'require')) return true;
  if (!matches(callee, 'MemberExpression')) return false;
  if (matches(callee.object, 'MetaProperty') || isIdentifier(callee.object, 'require')) {
    return isIdentifier(callee.property, 'resolve');
  }
  if (!matches(callee.object, 'CallExpression')) return false;
  return isIdentifier(callee.object.callee, 'createRequire') && isMetaUrl(first(callee.object.arguments));
}

function isMetaUrl(value: unknown): boolean {
  return matches(value, 'MemberExpression') && matches(value.object, 'MetaProperty');
}

/** A relative URL that names code, as a worker's does. */
function codeFile(specifier: string | null): string | null {
  return specifier !== null && /^\.{1,2}\/.*\.[tj]s$/.test(specifier) ? specifier : null;
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function stringOf(value: unknown): string | null {
  if (matches(value, 'Literal')) return typeof value.value === 'string' ? value.value : null;
  // import('x').T holds its string in a type.
  return matches(value, 'TSLiteralType') ? stringOf(value.literal) : null;
}

/** The file that a relative import names, from the root. */
export function resolveImport(from: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null;
}
