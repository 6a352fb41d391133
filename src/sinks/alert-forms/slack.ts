/**
 * Alerts for an incoming webhook of Slack: attachments, with the fields that Alertmanager's own notifier sends (notify/slack in
 * prometheus/alertmanager).
 */
import type { Severity, ToldAlert } from './told-alert.ts';

const COLORS: Readonly<Record<Severity, string>> = { critical: 'danger', warning: 'warning', info: '#439FE0' };

export function slackBody(alerts: readonly ToldAlert[]): string {
  return JSON.stringify({
    username: 'Millrace',
    attachments: alerts.map(({ name, severity, summary, details, isOver }) => {
      const title = escaped(`[${isOver ? 'RESOLVED' : 'FIRING'}] ${name} (${severity})`);
      return {
        title,
        text: [summary, ...details.map((detail) => `• ${detail}`)].map(escaped).join('\n'),
        fallback: `${title}: ${escaped(summary)}`,
        color: isOver ? 'good' : COLORS[severity],
        mrkdwn_in: ['fallback', 'pretext', 'text'],
      };
    }),
  });
}

/** What Slack would read as markup of its own, such as `<!channel>`: api.slack.com/reference/surfaces/formatting#escaping. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
