/** Puts a running service behind its HTTP port. */

import { createDesk } from '../fraud/desk/desk.ts';
import { deskRoutes } from '../fraud/desk/routes.ts';
import { type HttpServer, startHttp } from '../http/server.ts';
import type { Overview } from '../http/view.ts';
import type { Service } from '../service.ts';
import { caseRoute } from './case-route.ts';
import { createView } from './view.ts';

export interface Served {
  readonly url: string;
  overview(): Overview;
  /** Takes nothing more, and waits for requests under way as long as an orderly stop may take. */
  close(): Promise<void>;
  /** After the service has stopped, and so has committed what was taken in: the last answers leave. */
  end(): Promise<void>;
}

/** Rejects, with what to do, when the port can't be had. */
export async function serve(service: Service): Promise<Served> {
  const view = createView(service);
  const { host, port, token, hosts, maxBodyBytesInFlight } = service.config.http;
  let http: HttpServer;
  try {
    const limits = { hosts, maxBodyBytesInFlight };
    http = await startHttp({
      view,
      host,
      port,
      logger: service.logger,
      domainRoutes: (deadlineMs) => [
        caseRoute((id) => view.caseFile(id), deadlineMs),
        ...(service.config.fraud === null ? [] : deskRoutes(createDesk(service), view.ruleReport, deadlineMs)),
      ],
      ...limits,
      ...(token === null ? {} : { token }),
    });
  } catch (error) {
    await view.close();
    throw error;
  }
  return {
    url: http.url,
    overview: () => view.overview(),
    async close() {
      await view.close();
      await http.close(service.config.supervision.shutdownMs);
    },
    async end() {
      await http.end();
      await view.end();
    },
  };
}
