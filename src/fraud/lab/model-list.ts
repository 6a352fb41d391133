/** The models of a data directory as people see them: what each is, and whether it scores. */
import { requireJournal } from '../../data-directory/require-journal.ts';
import type { Role, Roles } from '../model-roles.ts';
import { whyNotScored } from '../scorer.ts';
import { loadModel, modelIds } from './model-files.ts';

export interface ListedModel {
  readonly model: string;
  readonly role: 'champion' | 'challenger' | null;
  readonly kind: string;
  /** Epoch ms, the end exclusive. */
  readonly trainedFrom: number;
  readonly trainedTo: number;
  readonly rows: number;
  readonly positives: number;
  /** By which it raises alerts; of one that does not score that of its training. */
  readonly threshold: number;
  readonly alertsPerDay: number;
  /** Why it can't be used; null where it can. */
  readonly problem: string | null;
}

/** Also one that scores and whose file is gone: the journal has it. Throws when there is no journal. */
export function listModels(dataDir: string, { champion, challenger }: Roles): ListedModel[] {
  requireJournal(dataDir);
  const roleOf = (id: string): ListedModel['role'] =>
    id === champion.model ? 'champion' : id === challenger.model ? 'challenger' : null;
  const known = modelIds(dataDir);
  const ids = new Set([champion.model, challenger.model, ...known].filter((id) => id !== ''));
  return [...ids].map((model) => {
    const role = roleOf(model);
    const served = [champion, challenger].find((each: Role) => each.model === model);
    try {
      const loaded = loadModel(dataDir, model);
      const { kind, trainedFromMs, trainedToMs, rows, positives, threshold, alertsPerDay } = loaded;
      const trained = { trainedFrom: trainedFromMs, trainedTo: trainedToMs, rows, positives, alertsPerDay };
      return {
        model,
        role,
        kind,
        ...trained,
        threshold: served?.threshold ?? threshold,
        problem: whyNotScored(loaded),
      };
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      const none = { kind: '', trainedFrom: 0, trainedTo: 0, rows: 0, positives: 0, alertsPerDay: 0 };
      return { model, role, ...none, threshold: served?.threshold ?? 0, problem };
    }
  });
}
