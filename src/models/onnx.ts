/**
 * A model that was made elsewhere, as an ONNX file: its input and output, and the probabilities of class 1 that it
 * gives.
 */
import { type OnnxSession, type OnnxValue, openOnnx } from './onnx-runtime.ts';

export interface OnnxModel {
  /** The file, in base64. */
  readonly content: string;
  readonly input: string;
  readonly type: 'float' | 'double';
  /** Numbers that a row has. */
  readonly columns: number;
  readonly output: string;
  /** Numbers that it says of a row: the last is the chance of class 1. */
  readonly said: number;
}

/** A model stands in the command that promotes it and in every snapshot of a partition that it scores in. */
const MOST_BYTES = 16 * 1024 * 1024;
/**
 * Rows that are asked about at once, always so many: how a sum of floats is ordered depends on that, and a score must not
 * depend on how a stream was cut into batches.
 */
const BLOCK_ROWS = 64;

const TYPES = new Map([
  [1, 'float'],
  [11, 'double'],
] as const);

/** Throws, in words for people, when the file can't be opened, or is none of rows of so many numbers. */
export function onnxModel(bytes: Uint8Array, columns: number): OnnxModel {
  if (bytes.byteLength > MOST_BYTES)
    throw new Error(`it has ${bytes.byteLength} bytes, and a model may have ${MOST_BYTES}: make a smaller one`);
  const { inputs, outputs } = openOnnx(bytes);
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    const names = inputs.map(({ name }) => name).join(', ');
    throw new Error(`it takes ${inputs.length} inputs (${names}): make it of one table, with a column a feature`);
  }
  const type = typeOf(input);
  const [, width = 0] = input.shape ?? [];
  if (type === undefined || input.shape?.length !== 2)
    throw new Error(
      `its input ${input.name} is no table of floats or doubles: make it of one, with a column a feature`,
    );
  if (width > 0 && width !== columns)
    throw new Error(`it takes ${width} numbers a row, and --features names ${columns}: name them in its own order`);
  const output = outputs.find((each) => typeOf(each) !== undefined && saidBy(each) !== undefined);
  if (output === undefined) {
    const names = outputs.map(({ name, isTensor }) => (isTensor ? name : `${name}, which is no tensor`)).join(', ');
    throw new Error(
      `it says ${names}: it has to say a chance as a float, or one a class; scikit-learn's models do with zipmap: False`,
    );
  }
  const said = saidBy(output) ?? 1;
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return { content, input: input.name, type, columns, output: output.name, said };
}

function typeOf({ isTensor, type }: OnnxValue): OnnxModel['type'] | undefined {
  return isTensor && (type === 1 || type === 11) ? TYPES.get(type) : undefined;
}

/** Undefined where it is not one chance a row, nor one of each of two classes. */
function saidBy({ shape = [] }: OnnxValue): number | undefined {
  if (shape.length === 1) return 1;
  const [, width] = shape;
  return shape.length === 2 && (width === 1 || width === 2) ? width : undefined;
}

/** Gives the chance of class 1 of each row. Throws NoOnnxRuntime. */
export function onnxChances(model: OnnxModel): (values: Float64Array, rows: number) => Float64Array {
  const { columns, input, output, said } = model;
  const session: OnnxSession = openOnnx(Buffer.from(model.content, 'base64'));
  const length = BLOCK_ROWS * columns;
  const block = model.type === 'float' ? new Float32Array(length) : new Float64Array(length);
  return (values, rows) => {
    const chances = new Float64Array(rows);
    for (let from = 0; from < rows; from += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - from);
      block.fill(0);
      block.set(values.subarray(from * columns, (from + count) * columns));
      const given = session.run(input, block, columns, output);
      for (let row = 0; row < count; row++) chances[from + row] = given[row * said + said - 1]!;
    }
    return chances;
  };
}
