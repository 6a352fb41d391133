/** Which models score, on a running service: a command goes into the log of every partition that scores. */
import type { Row } from '../../projections/store.ts';
import type { ServiceCore } from '../../service.ts';
import { hexText } from '../../sql-quotes.ts';
import { modelWithText } from '../lab/model-files.ts';
import { type Role, type RoleChange, roleChanges, rolesAfter } from '../model-roles.ts';
import type { ModelCommand, ModelRound } from '../model-schemas.ts';
import { createScorer } from '../scorer.ts';
import { modelCommandType, modelRoundType } from '../types.ts';
import { createPost } from './post.ts';

export interface ModelAsk extends Pick<ModelCommand, 'commandId' | 'by' | 'note' | 'action' | 'measured'> {
  /** Not asked of a rollback and a withdrawal. */
  readonly model: string;
  /** Null for that of the model's training. */
  readonly threshold: number | null;
  /** What the threshold was chosen by; null for as in training. */
  readonly reason: string | null;
}

export type ModelAnswer =
  | { readonly kind: 'done' | 'refused'; readonly change: Row }
  /** A command of this id asked for something else. */
  | { readonly kind: 'reused' }
  /** The model can't be had, or there is nothing to go back to. In words for people. */
  | { readonly kind: 'impossible'; readonly why: string };

export interface ModelDesk {
  act(ask: ModelAsk, signal?: AbortSignal): Promise<ModelAnswer>;
  changes(): Promise<readonly RoleChange[]>;
  /** Journals what came of a round, once for each id. */
  record(round: ModelRound, signal?: AbortSignal): Promise<void>;
}

/** What partitions are to be told. */
interface Target extends Role {
  readonly content: string;
  readonly reason: string;
}

/** Throws when the pipeline has no fraud detection. */
export function createModelDesk(core: ServiceCore): ModelDesk {
  const { home, tell, caughtUp, rows } = createPost(core);
  const { dataDir } = core.config;
  let underWay: Promise<unknown> = Promise.resolve();

  async function changes(): Promise<readonly RoleChange[]> {
    const reading = roleChanges();
    let step = reading.next([]);
    while (step.done !== true) step = reading.next(await rows(step.value.store, step.value.sql));
    return step.value;
  }

  async function targetOf({ action, model, threshold, reason }: ModelAsk): Promise<Target | string> {
    const why = { promote: 'as in training', challenge: 'as in training', rollback: '', withdraw: '' }[action];
    if (action === 'withdraw') return { model: '', threshold: 0, content: '', reason: reason ?? why };
    if (action !== 'rollback') return fileOf(dataDir, model, threshold, reason ?? why);
    const { before, champion } = rolesAfter(await changes());
    if (before === null) return 'no model was promoted, so there is none to go back from';
    const said = `back from ${champion.model}`;
    if (before.model === '') return { ...before, content: '', reason: said };
    return fileOf(dataDir, before.model, before.threshold, said);
  }

  async function act(ask: ModelAsk, signal: AbortSignal | undefined): Promise<ModelAnswer> {
    await caughtUp(signal);
    const asked = `SELECT * FROM model_changes WHERE command_id = ${hexText(ask.commandId)} ORDER BY "partition"`;
    const before = await rows('sqlite', asked);
    const [known] = before;
    if (known !== undefined && (known.action !== ask.action || known.by !== ask.by)) return { kind: 'reused' };
    if (before.length < home.units.length) {
      // Those partitions that have taken it do not take it twice.
      const target =
        known === undefined || known.model === ''
          ? await targetOf(ask)
          : fileOf(dataDir, String(known.model), Number(known.threshold), String(known.reason));
      if (typeof target === 'string') return { kind: 'impossible', why: target };
      const { commandId, by, note, action, measured } = ask;
      const command = { commandId, by, note, action, measured, ...target, requestedAt: core.platform.nowMs() };
      const block = modelCommandType.encodeBlock([command]);
      await Promise.all(home.units.map((_, partition) => tell(partition, block)));
      await caughtUp(signal);
    }
    const [change] = await rows('sqlite', asked);
    if (change === undefined) throw new Error(`No partition has answered the command ${ask.commandId}`);
    return { kind: change.outcome === 'done' ? 'done' : 'refused', change };
  }

  async function record(round: ModelRound, signal: AbortSignal | undefined): Promise<void> {
    await caughtUp(signal);
    const known = await rows('sqlite', `SELECT 1 FROM model_rounds WHERE round_id = ${hexText(round.roundId)}`);
    if (known.length > 0) return;
    await tell(0, modelRoundType.encodeBlock([round]));
    await caughtUp(signal);
  }

  return {
    changes,
    record,
    act(ask, signal) {
      // One after the other: a rollback goes by what the command before it did.
      const answer = underWay.then(() => act(ask, signal));
      underWay = answer.catch(() => {});
      return answer;
    },
  };
}

/** In words for people, why the model can't be had. */
function fileOf(dataDir: string, id: string, threshold: number | null, reason: string): Target | string {
  try {
    const { model, text } = modelWithText(dataDir, id);
    // A partition would stop that can't score it.
    createScorer(model);
    return { model: id, threshold: threshold ?? model.threshold, content: text, reason };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
