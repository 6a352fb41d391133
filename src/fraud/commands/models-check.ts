/** `millrace doctor`: whether the models of a data directory can be read, and can score on this machine. */
import type { DoctorCheck } from '../../commands/doctor-check.ts';
import { loadModel, modelIds } from '../lab/model-files.ts';
import { whyNotScored } from '../scorer.ts';

export const modelsCheck: DoctorCheck = {
  name: 'models',
  run(dataDir) {
    const ids = modelIds(dataDir);
    if (ids.length === 0) return null;
    const problems = ids.flatMap((id) => {
      const why = problemOf(dataDir, id);
      return why === null ? [] : [`${id}: ${why}`];
    });
    if (problems.length > 0) throw new Error(problems.join('; '));
    return `${ids.length} can score`;
  },
};

function problemOf(dataDir: string, id: string): string | null {
  try {
    return whyNotScored(loadModel(dataDir, id));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
