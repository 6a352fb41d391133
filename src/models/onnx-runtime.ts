/**
 * onnxruntime-node, where a user has installed it beside Millrace: only a model that was made elsewhere needs it. The
 * package's public `run` answers by a promise, but a partition derives without waiting. So this file takes the native
 * session below `run`, and checks its form before it is used.
 */
import { createRequire } from 'node:module';

/** What a model takes or gives, by the model's own name for it. */
export interface OnnxValue {
  readonly name: string;
  readonly isTensor: boolean;
  /** Of ONNX's TensorProto.DataType: 1 is float, 11 is double. */
  readonly type?: number;
  /** -1 for a length that the model leaves open. */
  readonly shape?: readonly number[];
}

type Numbers = Float32Array | Float64Array;

export interface OnnxSession {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Rows of `columns` numbers each, in the type that the input has. */
  run(input: string, values: Numbers, columns: number, output: string): ArrayLike<number>;
}

interface NativeSession {
  readonly inputMetadata: readonly OnnxValue[];
  readonly outputMetadata: readonly OnnxValue[];
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: object): void;
  run(feeds: object, fetches: object, options: object): Readonly<Record<string, { readonly data: ArrayLike<number> }>>;
}

interface Runtime {
  readonly newSession: () => NativeSession;
  readonly tensor: (values: Numbers, dims: readonly number[]) => object;
}

/** One thread: partitions have their own, and the order of sums does not depend on how many cores there are. */
const OPTIONS = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' };

const INSTALL = 'npm install onnxruntime-node@1.30.0, in the folder where Millrace is installed';

/** A process that has once looked for the package in vain does not look again. */
let loaded: Runtime | NoOnnxRuntime | null = null;

/** An ONNX model can't be opened in this process, whatever the model: the package is missing, or is another one. */
export class NoOnnxRuntime extends Error {
  /** For a command: what it depends on is not there. */
  readonly isDown = true;
}

/** Throws NoOnnxRuntime, and an Error in words for people when the bytes are no model that the package can open. */
export function openOnnx(bytes: Uint8Array): OnnxSession {
  const { newSession, tensor } = runtime();
  const session = newSession();
  try {
    session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, OPTIONS);
  } catch (error) {
    throw new Error(`onnxruntime-node can't open it: ${wordsOf(error)}`);
  }
  const fetched = new Map<string, object>();
  return {
    inputs: session.inputMetadata,
    outputs: session.outputMetadata,
    run(input, values, columns, output) {
      const fetches = fetched.get(output) ?? { [output]: null };
      fetched.set(output, fetches);
      const feeds = { [input]: tensor(values, [values.length / columns, columns]) };
      return session.run(feeds, fetches, {})[output]?.data ?? [];
    },
  };
}

/** Null where ONNX models can be opened; else why not, in words for people. */
export function whyNoOnnx(): string | null {
  try {
    runtime();
    return null;
  } catch (error) {
    return wordsOf(error);
  }
}

function runtime(): Runtime {
  try {
    loaded ??= loadedRuntime();
  } catch (error) {
    if (!(error instanceof NoOnnxRuntime)) throw error;
    loaded = error;
  }
  if (loaded instanceof NoOnnxRuntime) throw loaded;
  return loaded;
}

function loadedRuntime(): Runtime {
  const require = createRequire(import.meta.url);
  let binding: { InferenceSession?: new () => NativeSession };
  let Tensor: new (type: string, values: Numbers, dims: readonly number[]) => object;
  try {
    ({ Tensor } = require('onnxruntime-node'));
    const native = require('onnxruntime-node/dist/binding.js');
    native.initOrt();
    binding = native.binding;
  } catch (error) {
    throw new NoOnnxRuntime(`an ONNX model needs the package onnxruntime-node: ${INSTALL} (${wordsOf(error)})`);
  }
  const Session = binding?.InferenceSession;
  if (typeof Session !== 'function' || typeof Session.prototype?.loadModel !== 'function') {
    throw new NoOnnxRuntime(`the onnxruntime-node that is installed has no session as 1.30.0 has it: ${INSTALL}`);
  }
  return {
    newSession: () => new Session(),
    tensor: (values, dims) => new Tensor(values instanceof Float32Array ? 'float32' : 'float64', values, dims),
  };
}

/** The first line: what follows is a stack of the native code, or a list of folders. */
function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
