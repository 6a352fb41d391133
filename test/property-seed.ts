/**
 * Every run of the suite draws the same random inputs, so that a failure is one of the change at hand. `FC_SEED=random`
 * draws others each time: for rounds by hand, which look for what nobody thought of.
 */
import fc from 'fast-check';

const { FC_SEED } = process.env;

if (FC_SEED !== 'random') fc.configureGlobal({ seed: Number(FC_SEED ?? 20261129) });
