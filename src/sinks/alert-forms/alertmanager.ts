/** Alerts for Alertmanager: the body of `POST /api/v2/alerts` (its api/v2/openapi.yaml, postableAlerts). */
import type { ToldAlert } from './told-alert.ts';

/** Labels tell alerts apart and are few; all else is an annotation. A severity is as the shipped rules have it. */
export function alertmanagerBody(alerts: readonly ToldAlert[], sink: string): string {
  return JSON.stringify(
    alerts.map(({ id, name, severity, summary, details, at, isOver }) => ({
      labels: { alertname: name, severity, alert_id: id, service: 'millrace', sink },
      annotations: { summary, ...(details.length === 0 ? {} : { description: details.join('\n') }) },
      // An alert that is over ends at its time; the beginning is known to Alertmanager.
      ...(isOver ? { endsAt: at } : { startsAt: at }),
    })),
  );
}
