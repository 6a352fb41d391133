/** The models that scikit-learn has made, and what it says of rows. */
import { readFileSync } from 'node:fs';

const file = (name: string) => new URL(`../fixtures/onnx/${name}`, import.meta.url);

export const onnxFile = (name: string): Uint8Array => readFileSync(file(`${name}.onnx`));

const [head = [], ...lines] = readFileSync(file('rows.csv'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(','));

export const ONNX_FEATURES = head.slice(0, 4);
export const ROWS = lines.length;
export const VALUES = Float64Array.from(lines.flatMap((line) => line.slice(0, 4).map(Number)));
/** By scikit-learn. */
export const chancesBy = (name: string): number[] => lines.map((line) => Number(line[head.indexOf(name)]));
