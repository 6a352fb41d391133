/**
 * The models that score in a partition: the champion, whose scores raise alerts, and a challenger beside it, which
 * raises nothing. Commands in the log choose both, and hold the models' files: so a replay needs no other file.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { NoOnnxRuntime } from '../models/onnx-runtime.ts';
import { fieldAt, valueTypeOf } from '../streams/field-type.ts';
import { type Model, readModel, type Scorer } from './model.ts';
import type { ModelChanged, ModelCommand, ServedModel } from './model-schemas.ts';
import { createScorer } from './scorer.ts';

export interface Serving {
  readonly id: string;
  readonly threshold: number;
  readonly scorer: Scorer;
  /** The features of a row, for the scorer: good until another row is asked about. */
  featuresOf(row: number): Float64Array;
  /** Chance of fraud, from 0 to 1. */
  score(row: number): number;
}

export interface ServedModels {
  /** Null where there is none. */
  champion(): Serving | null;
  challenger(): Serving | null;
  /** The events whose rows are asked about from now on. */
  begin(columns: Columns): void;
  /**
   * Null for a command that was taken before. A model that can't score here is refused, and the one before goes on. Throws
   * NoOnnxRuntime: what this process lacks must not decide what stands in the log.
   */
  take(command: ModelCommand, nowMs: number): ModelChanged | null;
  snapshot(): { models: ServedModel[]; modelCommand: string };
  restore(state: { readonly models: readonly ServedModel[]; readonly modelCommand: string }): void;
}

/** A model that can score, with what a snapshot keeps of it. */
interface Held extends Serving {
  readonly content: string;
  bind(columns: Columns): void;
}

/**
 * Of events of the schema. With `only` this model is the champion for good, whatever the log says: a backtest of it. Throws
 * when that one can't score them.
 */
export function createServedModels(schema: AvroRecord, only?: Omit<ServedModel, 'isChampion'>): ServedModels {
  let champion: Held | null = only === undefined ? null : heldOf(schema, only.content, only.threshold);
  let challenger: Held | null = null;
  let lastCommand = '';
  let columns: Columns | null = null;

  const held = (content: string, threshold: number): Held | null => {
    if (content === '') return null;
    const made = heldOf(schema, content, threshold);
    if (columns !== null) made.bind(columns);
    return made;
  };

  return {
    champion: () => champion,
    challenger: () => challenger,
    begin(all) {
      columns = all;
      champion?.bind(all);
      challenger?.bind(all);
    },
    take({ content, ...command }, nowMs) {
      if (only !== undefined || command.commandId === lastCommand) return null;
      lastCommand = command.commandId;
      const isOfChampion = command.action === 'promote' || command.action === 'rollback';
      const previous = (isOfChampion ? champion : challenger)?.id ?? '';
      const changed = { ...command, previous, at: nowMs };
      let next: Held | null;
      try {
        next = held(content, command.threshold);
      } catch (error) {
        if (error instanceof NoOnnxRuntime) throw error;
        return { ...changed, outcome: 'refused', detail: error instanceof Error ? error.message : String(error) };
      }
      if (isOfChampion) champion = next;
      else challenger = next;
      // Beside itself it would say nothing new.
      if (challenger !== null && challenger.id === champion?.id) challenger = null;
      return { ...changed, outcome: 'done', detail: '' };
    },
    snapshot() {
      const saved = (of: Held | null, isChampion: boolean): ServedModel[] =>
        of === null ? [] : [{ isChampion, threshold: of.threshold, content: of.content }];
      const models = only === undefined ? [...saved(champion, true), ...saved(challenger, false)] : [];
      return { models, modelCommand: lastCommand };
    },
    restore({ models, modelCommand }) {
      lastCommand = modelCommand;
      if (only !== undefined) return;
      for (const { isChampion, threshold, content } of models) {
        const own = fitting(schema, content, threshold);
        if (isChampion) champion = own;
        else challenger = own;
      }
    },
  };
}

/** Null for a model of features that events no longer have: the pipeline file was changed. Rules alone then score. */
function fitting(schema: AvroRecord, content: string, threshold: number): Held | null {
  try {
    return heldOf(schema, content, threshold);
  } catch (error) {
    if (error instanceof NoOnnxRuntime) throw error;
    return null;
  }
}

function heldOf(schema: AvroRecord, content: string, threshold: number): Held {
  const model = readModel('The file of the model', content);
  refuseUnfit(model, schema);
  const scorer = createScorer(model);
  const { features } = model;
  const own = new Float64Array(features.length);
  const values: Float64Array[] = features.map(() => own);
  const nulls: (Uint8Array | null)[] = features.map(() => null);
  const featuresOf = (row: number): Float64Array => {
    for (let at = 0; at < own.length; at++) own[at] = nulls[at]?.[row] === 1 ? Number.NaN : values[at]![row]!;
    return own;
  };
  /** Of all rows at hand, where they are better asked about together; null until one is. */
  let scores: Float64Array | null = null;
  let count = 0;
  const scoreAll = (): Float64Array => {
    const all = new Float64Array(count * own.length);
    for (let row = 0; row < count; row++) all.set(featuresOf(row), row * own.length);
    return scorer.scoreRows(all, count);
  };
  return {
    id: model.id,
    threshold,
    scorer,
    content,
    bind(columns) {
      scores = null;
      count = columns.count;
      for (const [at, feature] of features.entries()) {
        const column = columns.column(feature);
        values[at] = columns.numbers(feature);
        nulls[at] = column?.kind === 'number' ? column.nulls : null;
      }
    },
    featuresOf,
    score: scorer.inBlocks
      ? (row) => {
          scores ??= scoreAll();
          return scores[row]!;
        }
      : (row) => scorer.score(featuresOf(row), 0),
  };
}

function refuseUnfit({ id, features }: Model, schema: AvroRecord): void {
  const missing = features.filter((name) => {
    const field = fieldAt(schema, name);
    return field === undefined || valueTypeOf(field) !== 'number';
  });
  if (missing.length === 0) return;
  const list = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? `, and ${missing.length - 5} more` : ''}`;
  throw new Error(
    `model ${id} needs ${list}, which the events have not: declare these features, or train on those there are`,
  );
}
