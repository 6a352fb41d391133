/**
 * What a user's own operators and functions import: `import { defineOperator } from 'millrace'`. Declares and computes nothing, so that
 * a module that is loaded for its definition alone pulls in no more than this.
 */
export type { KnownStreams } from './builtin-types.ts';

import type {
  EventShapes,
  KeyName,
  Nothing,
  OperatorDefinition,
  OperatorSpec,
  Shapes,
  TypedEvents,
} from './operators/operator-types.ts';
import type { Shape } from './operators/shape.ts';
import type { FunctionDefinition, FunctionSpec } from './user-code/function-types.ts';
import type { StepFunction } from './user-code/step-types.ts';

export { defineMachineOperator, type MachineOperatorSpec } from './operators/machine-operator.ts';
export type {
  BroadcastContext,
  OperatorContext,
  OperatorDefinition,
  OperatorSpec,
  TypedEvents,
} from './operators/operator-types.ts';
export type { FromShape, Shape } from './operators/shape.ts';
export type { FunctionDefinition, FunctionSpec } from './user-code/function-types.ts';
export type { StepFunction, StepFunctionContext } from './user-code/step-types.ts';

/** An operator for the `operators:` of a pipeline file, as the default export of its module. */
export function defineOperator<
  const S extends Shape = Nothing,
  const O extends Shapes = Nothing,
  const P extends Shape = Nothing,
  const E extends EventShapes = Nothing,
  const B extends Shape = Nothing,
  const K extends KeyName = never,
>(spec: OperatorSpec<S, O, P, E, B, K>): OperatorDefinition<S, O, P, E> {
  return { millrace: 'operator', spec };
}

/** A function for the `functions:` of a pipeline file, as an export of its module: SQL calls it by its name there. */
export function defineFunction<
  const Args extends readonly string[],
  const Returns extends string,
  const Nulls extends boolean = false,
>(spec: FunctionSpec<Args, Returns, Nulls>): FunctionDefinition {
  return { millrace: 'function', spec };
}

/** A step `module: FILE` of a job, as the default export of its module: `defineStep(async (context) => …)`. */
export function defineStep<Params = Readonly<Record<string, unknown>>>(
  run: StepFunction<Params>,
): StepFunction<Params> {
  return run;
}

/** In `events`: a stream whose type is written in TypeScript. Its handlers get all fields that the stream has. */
export function typed<T>(): TypedEvents<T> {
  return { events: 'typed' };
}
