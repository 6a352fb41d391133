/** The rules of the house that can be read off the syntax. Each finding says where, which rule, and what. */
import { circles } from './circles.ts';
import { OWN_FILES, PACKAGES, ROOMS, roomOf } from './rooms.ts';
import { isIdentifier, matches, type Node, resolveImport, type SourceFile } from './source-file.ts';

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: Rule;
  readonly what: string;
}

export type Rule =
  | 'room'
  | 'direction'
  | 'circle'
  | 'package'
  | 'builtin'
  | 'computed-import'
  | 'barrel'
  | 'name'
  | 'clock'
  | 'effect'
  | 'length'
  | 'any'
  | 'double-cast';

const MAX_LINES = 300;

/**
 * All findings of a tree: names and `any` everywhere, the rest for src. A test may cast twice, to send a machine what
 * only xstate's own timers and actors send.
 */
export function check(files: readonly SourceFile[]): Finding[] {
  const product = files.filter(({ path }) => path.startsWith('src/'));
  return [
    ...files.flatMap((file) => [...checkName(file), ...checkAny(file)]),
    ...product.flatMap((file) => [
      ...checkImports(file),
      ...checkComputedImports(file),
      ...checkBarrel(file),
      ...checkLength(file),
      ...checkPurity(file),
      ...checkCasts(file),
    ]),
    ...checkCircles(product),
  ];
}

function belowSrc(path: string): string {
  return path.slice('src/'.length);
}

function checkImports(file: SourceFile): Finding[] {
  const roomName = roomOf(belowSrc(file.path));
  const room = ROOMS[roomName];
  if (room === undefined) return [{ file: file.path, line: 1, rule: 'room', what: `${roomName} is not in the table` }];
  return file.imports.flatMap(({ specifier, line }): Finding[] => {
    const at = { file: file.path, line };
    const target = resolveImport(file.path, specifier);
    if (target !== null) {
      if (!target.startsWith('src/')) return [{ ...at, rule: 'direction', what: `${specifier} is outside src` }];
      const path = belowSrc(target);
      const other = roomOf(path);
      if (other !== roomName && OWN_FILES.includes(path)) {
        return [{ ...at, rule: 'direction', what: `${path} is for ${other} alone` }];
      }
      if (other === roomName || room.mayImport.includes(other) || room.mayImport.includes(path)) return [];
      return [{ ...at, rule: 'direction', what: `${roomName} may not import ${path}` }];
    }
    if (specifier.startsWith('node:')) {
      if (room.builtins === undefined || room.builtins.includes(specifier)) return [];
      return [{ ...at, rule: 'builtin', what: `${roomName} may not import ${specifier}` }];
    }
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    const homes = PACKAGES[name] ?? [];
    if (homes.includes(roomName) || homes.includes(belowSrc(file.path))) return [];
    const where = homes.length === 0 ? 'nowhere' : homes.join(' and ');
    return [{ ...at, rule: 'package', what: `${name} belongs in ${where}` }];
  });
}

/** An import whose name is put together at run time can't be held to the table. */
function checkComputedImports(file: SourceFile): Finding[] {
  return file.nodes
    .filter((node) => node.type === 'ImportExpression' && !matches(node.source, 'Literal'))
    .map((node) => ({
      file: file.path,
      line: file.lineOf(node),
      rule: 'computed-import',
      what: 'import() of no literal',
    }));
}

function checkCircles(files: readonly SourceFile[]): Finding[] {
  const known = new Set(files.map(({ path }) => path));
  const edges = new Map(
    files.map((file) => {
      const targets = file.imports.map(({ specifier }) => resolveImport(file.path, specifier));
      return [file.path, targets.filter((target) => target !== null && known.has(target))];
    }),
  );
  const between = new Map<string, Set<string>>();
  for (const [file, targets] of edges) {
    const from = roomOf(belowSrc(file));
    const rooms = targets.flatMap((target) => (target === null ? [] : [roomOf(belowSrc(target))]));
    between.set(from, new Set([...(between.get(from) ?? []), ...rooms.filter((room) => room !== from)]));
  }
  return [...circles(edges), ...circles(between)].map((circle) => ({
    file: circle[0] ?? '',
    line: 1,
    rule: 'circle',
    what: [...circle, circle[0]].join(' -> '),
  }));
}

/** A file whose every statement passes on what another file holds. */
function checkBarrel(file: SourceFile): Finding[] {
  const [program] = file.nodes;
  const body = program !== undefined && Array.isArray(program.body) ? program.body : [];
  const passesOn = (statement: unknown): boolean =>
    matches(statement, 'ExportAllDeclaration') ||
    (matches(statement, 'ExportNamedDeclaration') && statement.declaration === null) ||
    matches(statement, 'ImportDeclaration');
  const exports = body.filter((statement) => passesOn(statement) && !matches(statement, 'ImportDeclaration'));
  if (exports.length === 0 || !body.every(passesOn)) return [];
  return [{ file: file.path, line: 1, rule: 'barrel', what: 'only passes on what other files export' }];
}

function checkName({ path }: SourceFile): Finding[] {
  const part = path.split('/').find((name) => /^(utils?|helpers?|common|misc|index)(\.\w+)*$/.test(name));
  if (part === undefined || part === 'index.html') return [];
  return [{ file: path, line: 1, rule: 'name', what: `${part} says nothing of what is inside` }];
}

function checkLength({ path, lines }: SourceFile): Finding[] {
  if (lines <= MAX_LINES) return [];
  return [{ file: path, line: MAX_LINES + 1, rule: 'length', what: `${lines} lines; a file has at most ${MAX_LINES}` }];
}

function checkAny(file: SourceFile): Finding[] {
  return file.nodes
    .filter((node) => node.type === 'TSAnyKeyword')
    .map((node) => ({ file: file.path, line: file.lineOf(node), rule: 'any', what: 'any' }));
}

function checkCasts(file: SourceFile): Finding[] {
  return file.nodes
    .filter((node) => node.type === 'TSAsExpression' && matches(node.expression, 'TSAsExpression'))
    .map((node) => ({ file: file.path, line: file.lineOf(node), rule: 'double-cast', what: 'a cast of a cast' }));
}

/** What reads the clock or chance, and what acts on the world. A null stands for every member of the object. */
const CLOCKS: Forbidden = {
  rule: 'clock',
  objects: { Date: ['now'], Math: ['random'], performance: null, crypto: null, globalThis: null },
  functions: ['Date', 'randomUUID', 'randomBytes', 'randomInt', 'getRandomValues'],
};
const EFFECTS: Forbidden = {
  rule: 'effect',
  objects: { process: null, console: null },
  functions: ['setTimeout', 'setInterval', 'setImmediate', 'fetch'],
};

interface Forbidden {
  readonly rule: Rule;
  readonly objects: Readonly<Record<string, readonly string[] | null>>;
  readonly functions: readonly string[];
}

function checkPurity(file: SourceFile): Finding[] {
  const room = ROOMS[roomOf(belowSrc(file.path))];
  const forbidden = [...(room?.clockless === true ? [CLOCKS] : []), ...(room?.pure === true ? [EFFECTS] : [])];
  return forbidden.flatMap((list) =>
    file.nodes.flatMap((node): Finding[] => {
      const what = use(node, list);
      return what === null ? [] : [{ file: file.path, line: file.lineOf(node), rule: list.rule, what }];
    }),
  );
}

/** What of the list this node uses: `Date.now` even uncalled, `new Date()`, `setTimeout(…)`, `const { now } = Date`. */
function use(node: Node, { objects, functions }: Forbidden): string | null {
  const named = (value: unknown): string | null => functions.find((name) => isIdentifier(value, name)) ?? null;
  if (node.type === 'NewExpression' && Array.isArray(node.arguments) && node.arguments.length === 0) {
    const name = named(node.callee);
    return name === null ? null : `new ${name}()`;
  }
  if (node.type === 'CallExpression') return named(node.callee);
  if (node.type === 'ImportSpecifier') return named(node.imported);
  for (const [name, members] of Object.entries(objects)) {
    if (node.type === 'MemberExpression' && isIdentifier(node.object, name)) {
      if (members === null || node.computed === true) return name;
      const member = members.find((candidate) => isIdentifier(node.property, candidate));
      return member === undefined ? null : `${name}.${member}`;
    }
    if (node.type === 'VariableDeclarator' && isIdentifier(node.init, name)) return name;
  }
  return null;
}
