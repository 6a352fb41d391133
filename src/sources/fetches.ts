/** What a job can fetch, in the order in which the pipeline file's schema names it: one line each. */
import { openMeteoFetch } from '../weather/pipeline/open-meteo.ts';

export const FETCHES = [openMeteoFetch] as const;
