/**
 * The sections of the pipeline file, in the order in which a printed one has them: one line each, but for those that stand
 * beside their kind of operator.
 */
import { z } from 'zod';
import { duration, name } from '../keys/value-schema.ts';
import { KINDS_WITH_SECTION } from '../operator-kinds/kinds.ts';
import type { SchemaWords } from './section.ts';
import { checksSection } from './sections/checks.ts';
import { commandsSection } from './sections/commands.ts';
import { dataSection } from './sections/data.ts';
import { derivedSection } from './sections/derived.ts';
import { enginesSection } from './sections/engines.ts';
import { featuresSection } from './sections/features.ts';
import { functionsSection } from './sections/functions.ts';
import { httpSection } from './sections/http.ts';
import { jobsSection } from './sections/jobs.ts';
import { joinsSection } from './sections/joins.ts';
import { journalSection } from './sections/journal.ts';
import { kafkaSection } from './sections/kafka.ts';
import { logSection } from './sections/log.ts';
import { nameSection } from './sections/name.ts';
import { operatorsSection } from './sections/operators.ts';
import { poolsSection } from './sections/pools.ts';
import { rulesSection } from './sections/rules.ts';
import { runtimeSection } from './sections/runtime.ts';
import { sinksSection } from './sections/sinks.ts';
import { storesSection } from './sections/stores.ts';
import { streamsSection } from './sections/streams.ts';
import { supervisionSection } from './sections/supervision.ts';
import { tracingSection } from './sections/tracing.ts';
import { viewsSection } from './sections/views.ts';
import { windowsSection } from './sections/windows.ts';

const WORDS: SchemaWords = { z, name, duration };

export const SECTIONS = [
  nameSection,
  dataSection,
  httpSection,
  logSection,
  tracingSection,
  journalSection,
  storesSection,
  runtimeSection,
  supervisionSection,
  functionsSection,
  streamsSection,
  windowsSection,
  joinsSection,
  derivedSection,
  viewsSection,
  operatorsSection,
  featuresSection,
  checksSection,
  poolsSection,
  commandsSection,
  enginesSection,
  jobsSection,
  ...KINDS_WITH_SECTION.map((kind) => kind.section(WORDS)),
  rulesSection,
  kafkaSection,
  sinksSection,
] as const;
