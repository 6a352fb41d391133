/** The kinds of source that a stream may have, in the order in which the pipeline file's schema names them: one line each. */
import { generatorSource } from '../fraud/pipeline/generator-source.ts';
import { fileSource } from './file/adapter.ts';
import { httpSource } from './http.ts';
import { jobSource } from './job.ts';
import { kafkaSource } from './kafka/adapter.ts';
import { postgresSource } from './postgres/adapter.ts';

export const SOURCES = [httpSource, jobSource, fileSource, generatorSource, kafkaSource, postgresSource] as const;
