import { defineStep } from '/work/wt/steps2/dist/millrace.js';
export default defineStep(async ({ params, log }) => { log.info('hi', { n: params.n }); return { events: [{ place: 'berlin', observedAt: new Date(0), temperatureCelsius: 1, precipitationMm: 0, windSpeedMetersPerSecond: 1, revision: 1, temperature: 1 }] }; });
