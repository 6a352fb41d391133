/**
 * The port of a kind of store, as the pipeline file names it: `stores: { warehouse: { postgres: { … }, tables: [ … ] }
 * }`. The adapter of a kind has all that belongs to it: how its settings and those of its tables are written and
 * printed, and the driver that runs it.
 */
import { z } from 'zod';
import type { Report } from '../keys/names.ts';
import type { StoreDriver } from '../projections/driver.ts';
import type { DeclaredStore } from '../projections/store-tables.ts';
import type { TableShapes } from '../projections/table-shapes.ts';

/** What a table's entry says beside its name, as plain data. */
export type TableOptions = Readonly<Record<string, unknown>>;

/** A table as the pipeline file has it. */
export interface NamedTable<Options = TableOptions> {
  readonly of: string;
  readonly options: Options;
}

interface Definition<Kind extends string, Raw, Settings extends object, Table extends TableOptions> {
  readonly kind: Kind;
  /** What stands under the kind. */
  readonly schema: z.ZodType<Raw>;
  /** What stands under the name of a table; a name in a list is one with nothing there. */
  readonly table: z.ZodType<Table>;
  /** `resolve` takes a path of the file against the file's own directory. */
  derive(raw: Raw, resolve: (path: string) => string): Settings;
  /** What `derive` makes the same settings of again. */
  print(settings: Settings): unknown;
  printTable(options: Table): unknown;
  /** In place of the settings that are secret: what may be shown, and what is kept with the data. */
  redact?(settings: Settings): Partial<Settings>;
  /** Reports what can't work, under the name of the table. */
  check?(tables: readonly NamedTable<Table>[], report: (table: string, message: string) => void): void;
  /** Asks what it is kept in. Resolves with what is there, and rejects with why it can't be had, both for people. */
  reach(settings: Settings): Promise<string>;
  /** Of a store of this name; `own` finds its settings in what it is opened with. */
  driver(name: string, own: (shapes: TableShapes) => OpenedStore<Settings, Table>): StoreDriver;
}

/** The settings of a store with its tables. */
export type OpenedStore<Settings, Table> = Settings & {
  readonly tables: readonly (DeclaredStore['tables'][number] & { readonly options: Table })[];
};

/** A store as it is written, whole once the paths in it are resolved. */
export interface Written {
  settings(resolve: (path: string) => string): StoreSettings;
  readonly tables: readonly NamedTable[];
}

/** The settings of any kind. */
export interface StoreSettings {
  readonly kind: string;
}

export interface StoreAdapter {
  readonly kind: string;
  readonly form: z.ZodType<Written>;
  /** For settings of another kind, this and what follows say that there is nothing to say. */
  print(store: StoreSettings & { readonly tables: readonly NamedTable[] }): object;
  redact<Store extends StoreSettings>(store: Store): Store;
  check(store: StoreSettings, tables: readonly NamedTable[], report: Report, at: readonly string[]): void;
  /** Null for another kind; else as of the definition. */
  reach(store: StoreSettings): Promise<string> | null;
  /** Null for another kind. */
  driver(kind: string, name: string): StoreDriver | null;
}

export function storeAdapter<Kind extends string, Raw, Settings extends object, Table extends TableOptions>(
  definition: Definition<Kind, Raw, Settings, Table>,
): StoreAdapter {
  type Given = Settings & { readonly kind: Kind };
  const { kind, schema, table, derive, print, printTable, redact, check, reach, driver } = definition;
  const isOwn = (store: StoreSettings): store is Given => store.kind === kind;
  // Entries of a store of this kind were parsed by its own schema.
  const areOwn = (_: readonly NamedTable[]): _ is readonly NamedTable<Table>[] => true;
  const isOpened = (store: StoreSettings): store is StoreSettings & OpenedStore<Settings, Table> => isOwn(store);
  const listed = z
    .array(z.string())
    .min(1)
    .transform((names) => names.map((of): NamedTable => ({ of, options: table.parse({}) })));
  const mapped = z
    .record(z.string(), table)
    .refine((tables) => Object.keys(tables).length > 0, { message: 'names no table' })
    .transform((tables) => Object.entries(tables).map(([of, options]): NamedTable => ({ of, options })));
  const settingsOf =
    (raw: Raw) =>
    (resolve: (path: string) => string): Given => ({ kind, ...derive(raw, resolve) });
  const tables = z
    .union([listed, mapped])
    .describe('Streams, windows, joins, their .late and .dead-letters, alerts: a list, or each with its settings.');
  // Beside a key that is known at run time only, TypeScript no longer tells which key has which type.
  const form = z.strictObject({ [kind]: schema.transform(settingsOf), tables }).transform((map): Written => {
    const settings = map[kind];
    if (typeof settings !== 'function') throw new Error(`A store of the kind ${kind} without its settings`);
    return { settings, tables: Array.isArray(map.tables) ? map.tables : [] };
  });
  return {
    kind,
    form,
    print(store) {
      if (!isOwn(store) || !areOwn(store.tables)) return {};
      const entries = store.tables.map(({ of, options }) => [of, printTable(options)]);
      return { [kind]: print(store), tables: Object.fromEntries(entries) };
    },
    redact: (store) => (isOwn(store) ? { ...store, ...redact?.(store) } : store),
    check(store, named, report, at) {
      if (!isOwn(store) || !areOwn(named)) return;
      check?.(named, (of, message) => report([...at, 'tables', of], message));
    },
    reach: (store) => (isOwn(store) ? reach(store) : null),
    driver(ofKind, name) {
      if (ofKind !== kind) return null;
      return driver(name, ({ declared = [] }) => {
        const found = declared.find((store) => store.name === name);
        if (found === undefined || !isOpened(found)) throw new Error(`There is no ${kind} store ${name}`);
        return found;
      });
    },
  };
}
