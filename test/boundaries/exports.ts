/**
 * Exports that nothing imports. A type is in use where another export of its file names it, as a part of that one. A
 * default export is for a runner that finds the file by its name, as that of tasks or of tests does.
 */
import { isIdentifier, isNode, matches, type Node, resolveImport, type SourceFile } from './source-file.ts';

export interface UnusedExport {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

/** In place of a name: all that a file exports. */
const ALL = '*';
const DEFAULT = 'default';

/** `published` are the files whose exports are for users. */
export function unusedExports(files: readonly SourceFile[], published: readonly string[]): UnusedExport[] {
  const used = new Map(files.map(({ path }) => [path, new Set<string>()]));
  for (const file of files) {
    for (const { target, name } of file.nodes.flatMap((node) => usesOf(file.path, node))) used.get(target)?.add(name);
  }
  const texts = new Set(files.flatMap(({ nodes }) => nodes.flatMap((node) => textOf(node) ?? [])));
  return files.flatMap((file) => {
    const names = used.get(file.path) ?? new Set();
    if (names.has(ALL) || published.includes(file.path) || file.path.endsWith('.d.ts')) return [];
    const stem = file.path.replace(/^.*\/(.*)\.ts$/, '$1');
    if (stem === 'vitest.config' || texts.has(stem)) names.add(DEFAULT);
    const exports = file.nodes.filter(({ type }) => type.startsWith('Export'));
    return exports.flatMap((node) => {
      const others = exports.filter((other) => other !== node);
      return exportsOf(node)
        .filter((name) => !names.has(name) && !(isType(node) && others.some((other) => namesType(other, name))))
        .map((name) => ({ file: file.path, line: file.lineOf(node), name }));
    });
  });
}

interface Use {
  readonly target: string;
  readonly name: string;
}

function usesOf(from: string, node: Node): Use[] {
  const target = targetOf(from, node);
  if (target === null) return [];
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
      return nodesOf(node.specifiers).map((specifier) => ({ target, name: importedName(specifier) }));
    case 'TSImportType':
      return [{ target, name: nameOf(node.qualifier) ?? ALL }];
    case 'ImportExpression':
    case 'ExportAllDeclaration':
      return [{ target, name: ALL }];
    default:
      return [];
  }
}

/** The file of the tree that the node imports from; what was built from one counts as the source. */
function targetOf(from: string, { source }: Node): string | null {
  const text = textOf(matches(source, 'TSLiteralType') ? source.literal : source);
  if (text === null) return null;
  return resolveImport(from, text)?.replace(/^dist\/(.*)\.js$/, 'src/$1.ts') ?? null;
}

function importedName(specifier: Node): string {
  if (specifier.type === 'ImportDefaultSpecifier') return DEFAULT;
  return nameOf(specifier.type === 'ImportSpecifier' ? specifier.imported : specifier.local) ?? ALL;
}

function exportsOf({ type, declaration, specifiers }: Node): string[] {
  if (type === 'ExportDefaultDeclaration') return [DEFAULT];
  if (!isNode(declaration)) return nodesOf(specifiers).flatMap((each) => nameOf(each.exported) ?? []);
  if (declaration.type !== 'VariableDeclaration') return [nameOf(declaration.id) ?? []].flat();
  return nodesOf(declaration.declarations).flatMap((each) => boundBy(each.id));
}

/** The names that a variable's pattern binds. */
function boundBy(pattern: unknown): string[] {
  if (matches(pattern, 'ObjectPattern')) return nodesOf(pattern.properties).flatMap((each) => boundBy(each.value));
  if (matches(pattern, 'ArrayPattern')) return nodesOf(pattern.elements).flatMap(boundBy);
  return [nameOf(pattern) ?? []].flat();
}

function isType({ declaration }: Node): boolean {
  return matches(declaration, 'TSInterfaceDeclaration') || matches(declaration, 'TSTypeAliasDeclaration');
}

/** Whether the node or one inside it is a reference to the type. */
function namesType(value: unknown, name: string): boolean {
  if (Array.isArray(value)) return value.some((each) => namesType(each, name));
  if (!isNode(value)) return false;
  const isReference = isIdentifier(value.typeName, name) || isIdentifier(value.expression, name);
  return isReference || Object.values(value).some((each) => namesType(each, name));
}

function nodesOf(list: unknown): Node[] {
  return Array.isArray(list) ? list.filter(isNode) : [];
}

function nameOf(node: unknown): string | null {
  return matches(node, 'Identifier') && typeof node.name === 'string' ? node.name : null;
}

function textOf(node: unknown): string | null {
  return matches(node, 'Literal') && typeof node.value === 'string' ? node.value : null;
}
