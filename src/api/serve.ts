/** Puts a running service behind its HTTP port. */

import type { Setting } from '../config/settings.ts';
import { backtest } from '../fraud/desk/backtest.ts';
import { backtestRoute } from '../fraud/desk/backtest-route.ts';
import { customerRoutes } from '../fraud/desk/customer-routes.ts';
import { createDesk } from '../fraud/desk/desk.ts';
import { createDriftWatch, type DriftWatch } from '../fraud/desk/drift-watch.ts';
import { createModelDesk, type ModelDesk } from '../fraud/desk/model-desk.ts';
import { modelRoutes } from '../fraud/desk/model-routes.ts';
import { deskRoutes } from '../fraud/desk/routes.ts';
import type { DeclaredRule } from '../fraud/desk/rule-report.ts';
import { modelIds } from '../fraud/lab/model-files.ts';
import { declaredRulesOf } from '../fraud/operator.ts';
import type { Route } from '../http/route.ts';
import { type HttpServer, startHttp } from '../http/server.ts';
import type { Overview } from '../http/view.ts';
import { backfillSlotsOf } from '../jobs/backfill.ts';
import type { Row } from '../projections/store.ts';
import type { Service } from '../service.ts';
import { caseRoute } from './case-route.ts';
import { jobRoutes } from './job-routes.ts';
import { lookRoutes } from './look-routes.ts';
import { runRoutes } from './run-routes.ts';
import { createView } from './view.ts';

export interface Served {
  readonly url: string;
  overview(): Overview;
  /** Takes nothing more, and waits for requests under way as long as an orderly stop may take. */
  close(): Promise<void>;
  /** After the service has stopped, and so has committed what was taken in: the last answers leave. */
  end(): Promise<void>;
}

/** Rejects, with what to do, when the port can't be had. `settings` are shown as they are. */
export async function serve(service: Service, settings: readonly Setting[] = []): Promise<Served> {
  const view = createView(service);
  const { host, port, token, tokens, hosts, tls, sessionAgeMs, maxBodyBytesInFlight } = service.config.http;
  const models = modelsOf(service);
  const slotsOf = (name: string): number => {
    const job = service.config.jobs.find((each) => each.name === name);
    return job === undefined ? 0 : backfillSlotsOf(job, service.config.pools);
  };
  let http: HttpServer;
  try {
    const limits = { hosts, sessionAgeMs, maxBodyBytesInFlight };
    http = await startHttp({
      view,
      host,
      port,
      logger: service.logger,
      domainRoutes: (deadlineMs) => [
        ...jobRoutes(service.jobs),
        ...runRoutes(service.config.dataDir, view.asked, deadlineMs, slotsOf),
        ...lookRoutes(service, settings, deadlineMs),
        caseRoute((id) => view.caseFile(id), deadlineMs),
        ...(service.config.fraud === null ? [] : customerRoutes(view.asked, deadlineMs)),
        ...domainRoutesOf(service, models, view.ruleReport, deadlineMs),
      ],
      ...limits,
      ...(token === null ? {} : { token }),
      ...(tls === null ? {} : { tls }),
      ...(service.tracing === null ? {} : { tracing: service.tracing }),
      credentials: tokens,
    });
  } catch (error) {
    await view.close();
    throw error;
  }
  const stopWatching = models?.drift.start();
  return {
    url: http.url,
    overview: () => view.overview(),
    async close() {
      stopWatching?.();
      await view.close();
      await http.close(service.config.supervision.shutdownMs);
    },
    async end() {
      await http.end();
      await view.end();
    },
  };
}

/** Which models score, and how far the days are from their training; null where the pipeline has no fraud detection. */
function modelsOf(service: Service): { readonly desk: ModelDesk; readonly drift: DriftWatch } | null {
  const { fraud } = service.config;
  if (fraud === null) return null;
  const desk = createModelDesk(service);
  return { desk, drift: createDriftWatch(service, desk, fraud.stream) };
}

/** Those of cases and rules, where the pipeline has them. */
function domainRoutesOf(
  service: Service,
  models: ReturnType<typeof modelsOf>,
  report: (declared: readonly DeclaredRule[]) => Promise<readonly Row[]>,
  deadlineMs: number,
): readonly Route[] {
  const { fraud, rules, dataDir } = service.config;
  if (fraud === null || models === null) return [];
  const endOf = (name: string): number | undefined =>
    service.pipeline.units.find(({ log }) => log.name === name)?.log.durableOffset();
  const declared = declaredRulesOf(rules, fraud.stream);
  const named = declared.map(({ rule, written, enabled }) => ({ name: rule.name, where: written, enabled }));
  return [
    ...deskRoutes(createDesk(service), () => report(named), deadlineMs),
    ...modelRoutes(models.desk, models.drift, dataDir, deadlineMs),
    backtestRoute(
      declared.map(({ rule }) => rule),
      () => modelIds(dataDir),
      (asked) => backtest({ dataDir, endOf, ...asked }),
    ),
  ];
}
