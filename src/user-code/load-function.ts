/** Functions that users wrote, as rows of the table of functions: each thread loads a module once. */
import { enterFunction, leaveFunction } from '../operators/running.ts';
import { commonType, widening } from '../sql/common-type.ts';
import type { SqlFunction } from '../sql/function.ts';
import { calledAs, callHash, functionCalls } from '../sql/function-calls.ts';
import { typesText } from '../sql/kinds.ts';
import { type SqlType, typeText } from '../sql/type.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { SqlError, type SqlValue } from '../sql/value.ts';
import { type DefinedFunction, readFunction } from './function-definition.ts';
import { resultReader } from './function-result.ts';
import { loadUserModule } from './load-module.ts';

/** As it is now. Throws a ModuleError or a FunctionError. */
export function describeFunction(name: string, module: string, exportName: string): UserFunction {
  const { exported, sha256 } = loadUserModule(module, exportName);
  const { args, returns } = readFunction(exported);
  return { name, module, export: exportName, sha256, args: args.map(typeText), returns: typeText(returns) };
}

const loaded = new Map<string, SqlFunction>();

/** Throws when the module is another now, or can't be had. */
export function loadUserFunction(own: UserFunction): SqlFunction {
  const known = JSON.stringify([own.name, own.module, own.export, own.sha256]);
  const before = loaded.get(known);
  if (before !== undefined) return before;
  const { exported, sha256 } = loadUserModule(own.module, own.export);
  if (sha256 !== own.sha256) {
    throw new Error(
      `Events were derived with the function ${own.name} of another ${own.module} than the one that is there (SHA-256 ${own.sha256.slice(0, 12)}…, now ${sha256.slice(0, 12)}…)`,
    );
  }
  const fn = sqlFunctionOf(own.name, readFunction(exported));
  loaded.set(known, fn);
  return fn;
}

function sqlFunctionOf(name: string, { args, returns, seesNulls, call }: DefinedFunction): SqlFunction {
  const read = resultReader(returns);
  const form = `${name}(${typesText(args)})`;
  const shown = calledAs(name);

  function called(values: readonly SqlValue[]): SqlValue {
    const { stream, partition, cutOff } = functionCalls;
    const hash = callHash(name, values);
    const fault = cutOff.get(hash);
    if (fault !== undefined) throw new SqlError(fault);
    enterFunction(shown, stream, partition, hash);
    try {
      return read(call(...values));
    } catch (error) {
      throw new SqlError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      leaveFunction();
    }
  }

  return {
    name,
    summary: 'Of the pipeline.',
    example: form,
    seesNulls,
    isOfUsers: true,
    resultType(types) {
      const fits = types.length === args.length && args.every((arg, i) => isTaken(types[i]!, arg));
      return fits ? returns : { wrong: `${name} does not take (${typesText(types)}); it is ${form}` };
    },
    call: called,
    prepare(_, types) {
      const wide = args.map((arg, i) => widening(types[i]!, arg));
      return (values) => called(values.map((value, i) => (value === null ? null : wide[i]!(value))));
    },
  };
}

/** Whether a value of the one type is one of the other by itself, as a BIGINT is a DOUBLE. */
function isTaken(type: SqlType, wanted: SqlType): boolean {
  const common = commonType([type, wanted]);
  return common !== undefined && typeText(common) === typeText(wanted);
}
