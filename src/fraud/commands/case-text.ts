/** A case for a terminal: its facts, why it was raised, what happened, and who did what. */
import { tableText } from '../../commands/command.ts';

type Row = Readonly<Record<string, unknown>>;

/** `file`: what `case show` gives as JSON. */
export function caseText(file: unknown): string {
  const [own] = rowsOf(file, 'case', true);
  const alerts = rowsOf(file, 'alerts');
  const parts = [
    Object.entries(own ?? {})
      .map(([name, value]) => `${name.padEnd(14)} ${shown(name, value)}`)
      .join('\n'),
    ...alerts.map(alertText),
    `Transactions\n${tableText(rowsOf(file, 'transactions').map(withTimes))}`,
    `Actions\n${tableText(rowsOf(file, 'actions').map(withTimes))}`,
  ];
  return parts.join('\n\n');
}

function alertText(alert: Row): string {
  const { alert_id: id, severity, score, model, stream, partition, offset } = alert;
  const reasons: unknown = JSON.parse(String(alert.reasons));
  const lines = Array.isArray(reasons) ? reasons.map((reason: unknown) => `  - ${memberText(reason, 'text')}`) : [];
  return [`Alert ${id}: ${severity}, score ${score} by ${model}, at ${stream}/${partition}/${offset}`, ...lines].join(
    '\n',
  );
}

function memberText(value: unknown, name: string): string {
  return typeof value === 'object' && value !== null
    ? String(Object.entries(value).find(([key]) => key === name)?.[1])
    : '';
}

function rowsOf(file: unknown, name: string, isOne = false): readonly Row[] {
  const found: unknown =
    typeof file === 'object' && file !== null ? Object.entries(file).find(([key]) => key === name)?.[1] : undefined;
  const rows: readonly unknown[] = isOne ? [found] : Array.isArray(found) ? found : [];
  return rows.map((row) => (typeof row === 'object' && row !== null ? Object.fromEntries(Object.entries(row)) : {}));
}

function withTimes(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, shown(name, value)]));
}

function shown(name: string, value: unknown): unknown {
  return /_at$|^at$|_until$/.test(name) && typeof value === 'number' ? new Date(value).toISOString() : value;
}
