/**
 * A run: the service on a simulated machine, step by step, while chance breaks what can break. Then everything is well
 * again, the input ends, and what was promised must come true within bounds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { healAll, strike } from './chaos.ts';
import { createClients } from './clients.ts';
import { injectCrashes } from './crash.ts';
import { simulateHangs } from './hang.ts';
import { createInput } from './input.ts';
import { checkBounds, checkEnd, isSettled } from './invariants.ts';
import { createOracle, type Oracle } from './oracle.ts';
import { drawPlan, type Plan } from './plan.ts';
import type { Bug } from './planted.ts';
import { type Process, startProcess } from './process.ts';
import { type Remains, remainsOf } from './remains.ts';
import { scenario } from './scenario.ts';
import { createStoreFiles } from './stores.ts';
import { setTripwire } from './tripwire.ts';
import { createWorld, type Violation } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Steps under fire; those until everything has settled come on top. */
  readonly steps: number;
  readonly plan?: Plan;
  /** One to be found; none is planted where it is absent. */
  readonly bug?: Bug;
  /** Looks at the logs of a run in which everything held. */
  readonly inspect?: (remains: Remains) => Promise<void>;
  /** Told of every line of the trace. */
  readonly onLine?: (line: string) => void;
}

export interface Outcome {
  readonly seed: number;
  readonly steps: number;
  readonly digest: string;
  readonly violation: (Violation & { readonly step: number }) | null;
  readonly processes: number;
  /** Machines that were made to throw. */
  readonly crashes: number;
  /** Failures of actors that stand in the log. */
  readonly actorsFailed: number;
  readonly inputs: number;
  readonly deadLetters: number;
  readonly commits: number;
  readonly alerts: number;
  /** Answers to clients of the HTTP ingest. */
  readonly answers: Readonly<Record<string, number>>;
  readonly runs: number;
  /** How long it was for the service. */
  readonly simulatedMs: number;
  readonly recent: readonly string[];
}

/** How soon a process is started again. */
const RESTART_MS = 5_000;
/** Steps and time in which a healed world must settle. */
const SETTLE_STEPS = 30_000;

export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const { seed, steps, plan: given, bug = {}, onLine = () => {} } = options;
  const directory = mkdtempSync(join(tmpdir(), 'millrace-simulation-'));
  const world = createWorld(seed, onLine);
  const plan = given ?? drawPlan(seed, world.random('chaos'));
  const config = scenario('/', plan.partitions, plan.threads, plan.durability);
  const input = createInput(plan.partitions, world.random('input'));
  const oracle = createOracle(world, config, input);
  const files = createStoreFiles(directory, world);
  let crashed = 0;
  const crashes = injectCrashes((kind) => {
    crashed += 1;
    world.trace.note(`crash ${kind}`);
  });
  const hangs = simulateHangs(config.supervision.stuckAfterMs);
  const clients = createClients(world, oracle);
  const removeTripwire = setTripwire((what) => world.broken('nothing reaches around the ports', what));
  const startedAtMs = world.scheduler.nowMs();
  let generation = 0;
  const start = (): Process =>
    startProcess({ world, plan, config, input, oracle, files, hangs, generation: ++generation, bug });
  let process = start();
  let starting = false;
  let step = 0;

  /** What is dead is started again, on what it left behind. */
  function revive(): void {
    if (process.ended() === null || starting) return;
    starting = true;
    const random = world.random('chaos');
    const dice = random.below(6);
    if (dice === 0) files.delete();
    if (dice === 1) files.setBack();
    if (dice === 2) files.keep();
    world.scheduler.schedule({
      owner: world.outside,
      delayMs: RESTART_MS * random.uniform(),
      label: 'start',
      run() {
        starting = false;
        process = start();
      },
    });
  }

  async function takeStep(): Promise<boolean> {
    const task = world.scheduler.next();
    if (task === null) {
      world.broken('there is always something to do', stateOf(process));
      return false;
    }
    step += 1;
    world.trace.note(`${step} ${world.scheduler.nowMs()} ${task.label}`);
    task.run();
    await microtasks();
    checkBounds(world, process);
    return world.violation() === null;
  }

  try {
    clients.start(() => process);
    const ports = {
      crashes,
      kill: () => process.kill(),
      stop: () => process.stop(),
      endThread: () => process.endThread(),
    };
    while (step < steps && (await takeStep())) {
      strike(world, plan, ports);
      revive();
    }
    if (world.violation() === null) {
      healAll(world, crashes);
      input.finish();
      clients.stop();
      const last = step + SETTLE_STEPS;
      while (!isSettled(process, input, oracle, plan) && (await takeStep())) {
        revive();
        if (step >= last) world.broken('what is well again settles', unsettled(process, oracle));
      }
    }
    if (world.violation() === null) {
      process.stop();
      const stopping = process;
      const last = step + SETTLE_STEPS;
      while (stopping.ended() === null && (await takeStep())) {
        if (step >= last) world.broken('an orderly stop comes to its end', stateOf(process));
      }
    }
    const remains = remainsOf(world, config, oracle, directory);
    if (world.violation() === null) await checkEnd(world, { input, oracle, clients, files, remains });
    const violation = world.violation();
    if (violation === null) await options.inspect?.(remains);
    return {
      seed,
      steps: step,
      digest: world.trace.digest(),
      violation: violation === null ? null : { ...violation, step },
      processes: generation,
      crashes: crashed,
      actorsFailed: oracle.operations.counts.actorsFailed,
      inputs: oracle.counts.inputs,
      deadLetters: oracle.counts.deadLetters,
      commits: oracle.counts.commits,
      alerts: oracle.alerts.size,
      answers: Object.fromEntries([...clients.answers].sort()),
      runs: oracle.operations.counts.runs,
      simulatedMs: world.scheduler.nowMs() - startedAtMs,
      recent: world.trace.recent(),
    };
  } finally {
    process.kill();
    removeTripwire();
    hangs.restore();
    bug.undo?.();
    crashes.restore();
    rmSync(directory, { recursive: true, force: true });
  }
}

const { setImmediate: afterMicrotasks } = globalThis;

/** All that the step has made ready runs before the next one. */
function microtasks(): Promise<void> {
  return new Promise((resolve) => afterMicrotasks(resolve));
}

function stateOf(process: Process): string {
  const root = process.service()?.root;
  return root === undefined ? 'no service' : JSON.stringify({ state: root.state(), children: root.children?.() });
}

function unsettled(process: Process, oracle: Oracle): string {
  const open = oracle.operations.openRuns();
  const undelivered = [...oracle.alerts].filter((alertId) => oracle.operations.outcome(alertId) === undefined);
  return `open runs ${open.join(' ')}, alerts without an outcome ${undelivered.join(' ')}, ${stateOf(process)}`;
}
