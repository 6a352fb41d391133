/** The models of a data directory: `DIR/models/<id>.model`, each written once. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameHint } from '../../nearest-word.ts';
import { type Model, type ModelFacts, modelFile, readModel } from '../model.ts';

const SUFFIX = '.model';

export function saveModel(dataDir: string, facts: ModelFacts): Model {
  const { id, text } = modelFile(facts);
  const directory = join(dataDir, 'models');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, id + SUFFIX);
  // The id says the content, so a file that is there is the same, or damaged.
  writeFileSync(`${file}.tmp`, text, { flush: true });
  renameSync(`${file}.tmp`, file);
  return { ...facts, id };
}

export function modelIds(dataDir: string): string[] {
  const directory = join(dataDir, 'models');
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .sort();
}

/** Throws in words for people: there is none of this id, or its file is damaged. */
export function loadModel(dataDir: string, id: string): Model {
  return modelWithText(dataDir, id).model;
}

/** The same with the text of its file. */
export function modelWithText(dataDir: string, id: string): { readonly model: Model; readonly text: string } {
  const known = modelIds(dataDir);
  if (!known.includes(id)) {
    const hint = known.length === 0 ? 'there is none yet: see millrace model train' : nameHint(id, known);
    throw new Error(`there is no model ${id}; ${hint}`);
  }
  const file = join(dataDir, 'models', id + SUFFIX);
  const text = readFileSync(file, 'utf8');
  return { model: readModel(file, text), text };
}
