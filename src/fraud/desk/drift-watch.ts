/**
 * How far features and scores of the last days are from those that a model was trained on, while the service runs: by
 * one statement over the analytics store, so it costs the hot path nothing.
 */
import type { Row } from '../../projections/store.ts';
import type { ServiceCore } from '../../service.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { type Drift, driftFrom, type Moved } from '../lab/drift.ts';
import { loadModel } from '../lab/model-files.ts';
import type { Model } from '../model.ts';
import { rolesAfter } from '../model-roles.ts';
import type { ModelDesk } from './model-desk.ts';
import { createPost } from './post.ts';

const DAYS = 7;
/** Fewer transactions say nothing of a distribution in ten parts. */
const LEAST_ROWS = 1000;
const EVERY_MS = 60_000;

type Ask = (store: string, sql: string) => Promise<readonly Row[]>;

export interface LiveDrift {
  readonly model: string;
  /** Event time that is looked at; null where there is too little of it. */
  readonly from: number | null;
  readonly to: number | null;
  /** Transactions in it. */
  readonly rows: number;
  /** The score first, where the model scored enough of them, then the features, those that moved most first. */
  readonly drifts: readonly Drift[];
}

export interface DriftWatch {
  /** Throws in words for people when the model can't be had, or the vectors lack a feature of it. */
  driftOf(model: string): Promise<LiveDrift>;
  /** Looks at the models that score, now and each minute, for the metrics. The returned function ends that. */
  start(): () => void;
}

export function createDriftWatch(core: ServiceCore, desk: ModelDesk, stream: string): DriftWatch {
  const { rows } = createPost(core);
  const { config, observer, platform } = core;
  const driftOf = (id: string): Promise<LiveDrift> => liveDrift(rows, loadModel(config.dataDir, id), stream);

  return {
    driftOf,
    start() {
      let known: readonly LiveDrift[] = [];
      let looks = false;
      const look = async (): Promise<void> => {
        if (looks) return;
        looks = true;
        try {
          const { champion, challenger } = rolesAfter(await desk.changes());
          const ids = [champion.model, challenger.model].filter((id) => id !== '');
          known = await Promise.all(ids.map(driftOf));
        } catch {
          // A store that is rebuilt, or a model's file that is gone: nothing is known until the next look.
          known = [];
        } finally {
          looks = false;
        }
      };
      const unwatch = observer.watchDrift(() =>
        known.flatMap(({ model, drifts }) => drifts.map(({ of, psi }) => ({ labels: { model, of }, value: psi }))),
      );
      const stop = platform.every(EVERY_MS, () => void look());
      void look();
      return () => {
        stop();
        unwatch();
      };
    },
  };
}

/** Of vectors of the stream, as DuckDB has them. */
export async function liveDrift(rows: Ask, model: Model, stream: string): Promise<LiveDrift> {
  const vectors = quotedName(`${stream}.features`);
  const asked = `SELECT ${vectorsAsked(model)} FROM ${vectors} WHERE ${lastDays('occurredAt', vectors)}`;
  const [found] = await rows('duckdb', asked);
  const count = Number(found?.rows ?? 0);
  const range = { from: timeOf(found?.from_time), to: timeOf(found?.to_time) };
  if (found === undefined || count < LEAST_ROWS) return { model: model.id, ...range, rows: count, drifts: [] };
  const features = model.features.map((name, at) => driftFrom(name, model.ranges[at]!, movedOf(found, String(at))));
  return { model: model.id, ...range, rows: count, drifts: [...(await scoreDrift(rows, model)), ...byDrift(features)] };
}

/** Of what it said itself, as champion or as challenger. */
async function scoreDrift(rows: Ask, model: Model): Promise<Drift[]> {
  const [found] = await rows(
    'duckdb',
    `SELECT ${partsOf('score', model.scores.tenths, 'score')} FROM (
      SELECT score FROM scores WHERE model = ${quotedText(model.id)} AND ${lastDays('occurred_at', 'scores')}
      UNION ALL
      SELECT score FROM challenger_scores WHERE model = ${quotedText(model.id)} AND ${lastDays('occurred_at', 'scores')})`,
  );
  if (found === undefined || Number(found.rows_score) < LEAST_ROWS) return [];
  return [driftFrom('score', model.scores, movedOf(found, 'score'))];
}

function vectorsAsked({ features, ranges }: Model): string {
  const parts = features.map((name, at) => partsOf(quotedName(name), ranges[at]!.tenths, String(at)));
  return ['count(*) AS "rows"', 'min("occurredAt") AS from_time', 'max("occurredAt") AS to_time', ...parts].join(', ');
}

/** How many there are, up to each cut, and their mean. */
function partsOf(column: string, cuts: readonly number[], name: string): string {
  const upTo = cuts.map((cut, at) => `count(*) FILTER (WHERE ${column} <= ${cut}) AS upto_${name}_${at}`);
  return [`count(${column}) AS rows_${name}`, `avg(${column}) AS mean_${name}`, ...upTo].join(', ');
}

function movedOf(row: Row, name: string): Moved {
  const count = Number(row[`rows_${name}`]);
  const upTo: number[] = [];
  for (let at = 0; row[`upto_${name}_${at}`] !== undefined; at++) upTo.push(Number(row[`upto_${name}_${at}`]));
  const shares = [...upTo, count].map((end, at) => (count === 0 ? 0 : (end - (upTo[at - 1] ?? 0)) / count));
  return { shares, mean: Number(row[`mean_${name}`] ?? 0) };
}

function byDrift(drifts: readonly Drift[]): Drift[] {
  return [...drifts].sort((a, b) => b.psi - a.psi);
}

function lastDays(column: string, table: string): string {
  return `${quotedName(column)} > (SELECT max(${quotedName(column)}) FROM ${table}) - INTERVAL ${DAYS} DAY`;
}

function timeOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return null;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}
