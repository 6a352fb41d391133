/** Which models score, by the changes that were made: what a page, a rollback and the command line go by. */
import type { StoreQuery } from '../projections/store.ts';

/** A change, as every partition took it. */
export interface RoleChange {
  readonly commandId: string;
  readonly action: string;
  /** Empty for none. */
  readonly model: string;
  readonly threshold: number;
  readonly reason: string;
  /** An evaluation as JSON; empty where none was made. */
  readonly measured: string;
  readonly by: string;
  readonly note: string;
  readonly requestedAtMs: number;
  /** Partitions that took it. */
  readonly partitions: number;
}

/** A model in a role: its id is empty where there is none. */
export type Role = Pick<RoleChange, 'model' | 'threshold'>;

export interface Roles {
  readonly champion: Role;
  readonly challenger: Role;
  /** What a rollback goes back to; null when nothing was promoted. */
  readonly before: Role | null;
}

const NOBODY: Role = { model: '', threshold: 0 };

/** The changes that were done, oldest first. */
export function* roleChanges(): Generator<
  StoreQuery,
  readonly RoleChange[],
  readonly Readonly<Record<string, unknown>>[]
> {
  const rows = yield {
    store: 'sqlite',
    sql: `SELECT command_id, action, model, threshold, reason, measured, "by", note, requested_at, count(*) AS partitions
      FROM model_changes WHERE outcome = 'done' GROUP BY command_id ORDER BY requested_at, command_id`,
  };
  return rows.map((row) => ({
    commandId: String(row.command_id),
    action: String(row.action),
    model: String(row.model),
    threshold: Number(row.threshold),
    reason: String(row.reason),
    measured: String(row.measured),
    by: String(row.by),
    note: String(row.note),
    requestedAtMs: Number(row.requested_at),
    partitions: Number(row.partitions),
  }));
}

/** A rollback takes back the last promotion that was not taken back yet. */
export function rolesAfter(changes: readonly RoleChange[]): Roles {
  const champions: Role[] = [];
  let challenger = NOBODY;
  for (const { action, model, threshold } of changes) {
    if (action === 'promote') champions.push({ model, threshold });
    else if (action === 'rollback') champions.pop();
    else challenger = action === 'challenge' ? { model, threshold } : NOBODY;
    if (challenger.model === champions.at(-1)?.model) challenger = NOBODY;
  }
  return {
    champion: champions.at(-1) ?? NOBODY,
    challenger,
    before: champions.length === 0 ? null : (champions.at(-2) ?? NOBODY),
  };
}
