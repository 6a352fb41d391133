/** `millrace dlq … --topic`: dead letters in a topic, listed, shown, and replayed from the journal or sent again. */
import { lettersIn, sendAgain, type TopicLetter } from '../topics/dead-letters.ts';
import { answered, limitOf } from './ask.ts';
import { clusterError, clusterOf } from './cluster.ts';
import { configOf, type OptionValues, text } from './command.ts';
import { UsageError } from './exit.ts';
import { withService } from './with-service.ts';

type Shown = Readonly<Record<string, unknown>>;

export async function listed(
  values: OptionValues,
  topic: string,
  standard: number,
): Promise<{ rows: Shown[]; isCut: boolean }> {
  const limit = limitOf(values, standard);
  const found = chosen(values, [], await read(values, topic, limit));
  return { rows: found.slice(0, limit).map(rowOf), isCut: found.length > limit };
}

export async function shown(values: OptionValues, topic: string, ids: readonly string[]): Promise<Shown[]> {
  const all = await read(values, topic, null);
  return all
    .filter(({ id }) => ids.includes(id))
    .map((letter) => ({
      ...rowOf(letter),
      journal_id: letter.journalId,
      raw_hex: letter.original?.toString('hex') ?? '',
    }));
}

export type Replayed = {
  readonly id: string;
  readonly outcome: string;
  readonly detail: string;
};

/**
 * A letter that the journal has too is replayed from there, so that it is taken once whatever happens. Another one is refused,
 * or with `--resend` sent to the topic that it came from.
 */
export async function replayed(
  values: OptionValues,
  topic: string,
  ids: readonly string[],
  isDryRun: boolean,
): Promise<Replayed[]> {
  const letters = chosen(values, ids, await read(values, topic, null));
  const rows = await withService(values, async () => {
    const known = await inJournal(values, letters);
    const own = letters.filter((letter) => known.get(letter.journalId ?? '') === 'waiting');
    const request = { ids: own.flatMap(({ journalId }) => journalId ?? []), dryRun: isDryRun };
    const outcomes = new Map(
      own.length === 0
        ? []
        : (await answered(values, { command: 'dlq replay', request, defaultTimeout: '30m' })).rows.map(
            (row) => [row.id, row] as const,
          ),
    );
    return letters.map((letter): Replayed => {
      const outcome = outcomes.get(letter.journalId ?? '');
      if (outcome !== undefined)
        return { id: letter.id, outcome: String(outcome.outcome), detail: String(outcome.detail) };
      if (known.get(letter.journalId ?? '') === 'replayed') {
        return { id: letter.id, outcome: 'replayed before', detail: `as ${letter.journalId} of the journal` };
      }
      return { id: letter.id, ...elsewhere(values, letter, isDryRun) };
    });
  });
  const again = letters.filter(({ id }) => rows.some((row) => row.id === id && row.outcome === SENT));
  if (again.length > 0 && !isDryRun) {
    const cluster = clusterOf(await configOf(values), values);
    await sendAgain(cluster, again, Date.now(), told).catch((error: unknown) => {
      throw clusterError(error, cluster, values);
    });
  }
  return rows;
}

const SENT = 'sent again';

function elsewhere(values: OptionValues, letter: TopicLetter, isDryRun: boolean): Omit<Replayed, 'id'> {
  const { topic, isCut } = letter;
  if (values.resend !== true) {
    const what = topic === null ? '' : `; --resend sends its bytes to ${topic} again`;
    return { outcome: 'refused', detail: `the journal of this data directory does not have it${what}` };
  }
  if (topic === null) return { outcome: 'refused', detail: 'it does not say which topic it came from' };
  if (isCut) return { outcome: 'refused', detail: 'its original is longer than what was kept of it' };
  return { outcome: isDryRun ? 'would be sent again' : SENT, detail: `to ${topic}` };
}

/** Of letters that the journal has, the very same: whether they wait, or were replayed. */
async function inJournal(
  values: OptionValues,
  letters: readonly TopicLetter[],
): Promise<Map<string, 'waiting' | 'replayed'>> {
  const ids = letters.flatMap(({ journalId }) => journalId ?? []);
  if (ids.length === 0) return new Map();
  const { rows } = await answered(values, { command: 'dlq show', request: { ids }, defaultTimeout: '5m' });
  const known = new Map<string, 'waiting' | 'replayed'>();
  for (const { journalId, original, reason } of letters) {
    const row = rows.find(({ id }) => id === journalId);
    const isSame = row?.reason === reason && String(row.raw_hex).toLowerCase() === (original?.toString('hex') ?? '');
    if (isSame && journalId !== null) known.set(journalId, row.replayed_at === null ? 'waiting' : 'replayed');
  }
  return known;
}

async function read(values: OptionValues, topic: string, newest: number | null): Promise<readonly TopicLetter[]> {
  const cluster = clusterOf(await configOf(values), values);
  const { letters, others } = await lettersIn(cluster, topic, newest, told).catch((error: unknown) => {
    throw clusterError(error, cluster, values);
  });
  if (others > 0) {
    told(
      `${others} records of ${topic} are no dead letters: they lack the header __connect.errors.exception.class.name`,
    );
  }
  return letters;
}

function chosen(values: OptionValues, ids: readonly string[], letters: readonly TopicLetter[]): readonly TopicLetter[] {
  const [stream, reason] = [text(values, 'stream'), text(values, 'reason')];
  if (values.replayed === true) throw new UsageError('--replayed is of the journal, which knows what was replayed');
  return letters.filter(
    (letter) =>
      (ids.length === 0 || ids.includes(letter.id)) &&
      (stream === undefined || letter.stream === stream) &&
      (reason === undefined || letter.reason === reason),
  );
}

/** As the journal's are shown. */
function rowOf({ id, stream, topic, position, reason, detail, atMs }: TopicLetter): Shown {
  return { id, stream, source: topic ?? '', position, reason, detail, committed_at: atMs, replayed_at: null };
}

function told(line: string): void {
  process.stderr.write(`millrace: ${line}\n`);
}
