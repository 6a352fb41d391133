/** What a job can fetch, in the order in which the pipeline file's schema names it: one line each. */
import { openMeteoFetch } from '../weather/pipeline/open-meteo.ts';
import { declaredFetch } from './declared-fetch/adapter.ts';

export const FETCHES = [openMeteoFetch, declaredFetch] as const;
