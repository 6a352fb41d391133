/**
 * The models that score in a partition: the champion, whose scores raise alerts, and a challenger beside it, which
 * raises nothing. Commands in the log choose both, and hold the models' files: so a replay needs no other file.
 *
 * A model that was made elsewhere needs a package that a process may lack. The log says when that begins and ends: from there
 * on the own model that was champion before scores in its place, or the rules alone, on whatever machine the log is replayed.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import { NoOnnxRuntime } from '../models/onnx-runtime.ts';
import { type HeldModel, heldOf, type Serving } from './held-model.ts';
import type { ModelChanged, ModelCommand, ModelOutage, RuntimeFound, ServedModel } from './model-schemas.ts';

/** What a snapshot keeps. */
export interface ServedState {
  readonly models: ServedModel[];
  readonly modelCommand: string;
  readonly lacking: string;
}

export interface ServedModels {
  /** Null where there is none, also where the one that there is can't score and none can in its place. */
  champion(): Serving | null;
  challenger(): Serving | null;
  /** The events whose rows are asked about from now on. */
  begin(columns: Columns): void;
  /** Null for a command that was taken before. A model that can't score here is refused, and the one before goes on. */
  take(command: ModelCommand, nowMs: number): ModelChanged | null;
  /** What the log has yet to learn of this process; null for nothing. */
  found(): RuntimeFound | null;
  learn(found: RuntimeFound): void;
  /** Outages that have begun or ended since this was last asked. */
  outages(nowMs: number): ModelOutage[];
  snapshot(): ServedState;
  restore(state: ServedState): void;
}

type Role = ModelOutage['role'];
const ROLES: readonly Role[] = ['champion', 'challenger'];

/**
 * Of events of the schema. With `only` this model is the champion for good, whatever the log says: a backtest of it. Throws
 * when that one can't score them.
 */
export function createServedModels(
  schema: AvroRecord,
  only?: Omit<ServedModel, 'isChampion' | 'isSubstitute'>,
): ServedModels {
  const held: Record<Role, HeldModel | null> = {
    champion: only === undefined ? null : onlyOne(schema, only),
    challenger: null,
  };
  /** Scores where the champion can't: the own model that was champion before it. */
  let substitute: HeldModel | null = null;
  /** What processes lack for models that were made elsewhere, as the log has it; empty for nothing. */
  let lacking = '';
  let said: Readonly<Record<Role, string>> = { champion: '', challenger: '' };
  let lastCommand = '';
  let columns: Columns | null = null;

  const opened = (content: string, threshold: number): HeldModel | null => {
    if (content === '') return null;
    const made = heldOf(schema, content, threshold);
    if (lacking !== '' && made.isForeign) throw new Error(`${made.id} can't score now: ${lacking}`);
    if (columns !== null) made.bind(columns);
    return made;
  };
  const isOut = (model: HeldModel | null): model is HeldModel => lacking !== '' && model?.isForeign === true;
  const able = (model: HeldModel | null): HeldModel | null => (isOut(model) ? null : model);
  const champion = (): HeldModel | null => (isOut(held.champion) ? substitute : held.champion);
  const idOfOut = (role: Role): string => (isOut(held[role]) ? held[role].id : '');

  function put(isOfChampion: boolean, next: HeldModel | null, action: ModelCommand['action']): void {
    if (!isOfChampion) held.challenger = next;
    else {
      const before = held.champion;
      if (next?.isForeign !== true) substitute = null;
      // A model that was taken back does not come again in place of another.
      else if (before?.isForeign !== true) substitute = action === 'promote' ? before : null;
      held.champion = next;
    }
    // Beside itself it would say nothing new.
    if (held.challenger !== null && held.challenger.id === held.champion?.id) held.challenger = null;
  }

  return {
    champion,
    challenger: () => able(held.challenger),
    begin(all) {
      columns = all;
      for (const model of [held.champion, held.challenger, substitute]) model?.bind(all);
    },
    take({ content, ...command }, nowMs) {
      if (only !== undefined || command.commandId === lastCommand) return null;
      lastCommand = command.commandId;
      const isOfChampion = command.action === 'promote' || command.action === 'rollback';
      const previous = held[isOfChampion ? 'champion' : 'challenger']?.id ?? '';
      const changed = { ...command, previous, at: nowMs };
      try {
        put(isOfChampion, opened(content, command.threshold), command.action);
      } catch (error) {
        return { ...changed, outcome: 'refused', detail: error instanceof Error ? error.message : String(error) };
      }
      return { ...changed, outcome: 'done', detail: '' };
    },
    found() {
      const foreign = ROLES.map((role) => held[role]).find((model) => model?.isForeign === true);
      if (only !== undefined || foreign === undefined || foreign === null) return null;
      const isPresent = foreign.lacking === '';
      return isPresent === (lacking === '') ? null : { isPresent, detail: foreign.lacking };
    },
    learn({ isPresent, detail }) {
      if (only === undefined) lacking = isPresent ? '' : detail;
    },
    outages(nowMs) {
      const before = said;
      said = { champion: idOfOut('champion'), challenger: idOfOut('challenger') };
      const instead = champion()?.id ?? '';
      return ROLES.flatMap((role): ModelOutage[] => {
        if (before[role] === said[role]) return [];
        const event = { role, at: nowMs };
        const ended = { ...event, model: before[role], state: 'ended' as const, instead: '', detail: '' };
        const began = { ...event, model: said[role], state: 'began' as const, detail: lacking };
        return [
          ...(before[role] === '' ? [] : [ended]),
          ...(said[role] === '' ? [] : [{ ...began, instead: role === 'champion' ? instead : '' }]),
        ];
      });
    },
    snapshot() {
      const saved = (of: HeldModel | null, isChampion: boolean, isSubstitute = false): ServedModel[] =>
        of === null ? [] : [{ isChampion, threshold: of.threshold, content: of.content, isSubstitute }];
      const { champion: first, challenger: second } = held;
      const models = [...saved(first, true), ...saved(second, false), ...saved(substitute, false, true)];
      return { models: only === undefined ? models : [], modelCommand: lastCommand, lacking };
    },
    restore(state) {
      lastCommand = state.modelCommand;
      if (only !== undefined) return;
      lacking = state.lacking;
      for (const { isChampion, isSubstitute, threshold, content } of state.models) {
        const own = fitting(schema, content, threshold);
        if (isSubstitute) substitute = own;
        else held[isChampion ? 'champion' : 'challenger'] = own;
      }
      said = { champion: idOfOut('champion'), challenger: idOfOut('challenger') };
    },
  };
}

/** Null for a model of features that events no longer have: the pipeline file was changed. Rules alone then score. */
function fitting(schema: AvroRecord, content: string, threshold: number): HeldModel | null {
  try {
    return heldOf(schema, content, threshold);
  } catch {
    return null;
  }
}

function onlyOne(schema: AvroRecord, { content, threshold }: Pick<ServedModel, 'content' | 'threshold'>): HeldModel {
  const model = heldOf(schema, content, threshold);
  if (model.lacking !== '') throw new NoOnnxRuntime(model.lacking);
  return model;
}
