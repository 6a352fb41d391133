/** Rooms of the engine know no word of the domains that Millrace ships: those are declared through its ports. */

const ENGINE = ['streams', 'partition', 'journal', 'quality', 'keys', 'operators', 'projections', 'data-directory'];

/** What payments, fraud and weather call their things. */
const WORDS =
  /\bfraud|customer|terminal(?!s? (?:of|is))|\bcards?\b|\balerts?\b|\bcases?\b(?= of fraud)|weather|transactionId/i;

/**
 * What serves the engine. An alert is a thing of its own there: an event that a sink gives up or delivers by itself. Which
 * events are alerts is for the domain to say. A terminal is that of whoever runs a command.
 */
const AROUND = [
  ...['service', 'http', 'actors', 'sinks', 'commands', 'run', 'workers', 'channel', 'infer', 'explain'],
  ...['messages', 'sql', 'jobs', 'sources', 'config', 'user-code'],
];
const WORDS_AROUND = /\bfraud|customer|\bcards?\b|open_?cases?\b|weather|transactionId/i;

const EXCEPT: readonly string[] = [
  // They read what earlier versions wrote, when the engine had a field for each domain.
  'partition/earlier-snapshots.ts',
  'data-directory/earlier-derivations.ts',
  // Lists that register what a domain declares, as src/operator-kinds/kinds.ts and src/tables.ts do: an import and its name.
  'channel/channel-table.ts',
  'sources/adapters.ts',
  'sources/fetches.ts',
];

export function domainWords(path: string, text: string): string[] {
  const below = path.slice('src/'.length);
  const room = below.split('/')[0] ?? '';
  const words = ENGINE.includes(room) ? WORDS : AROUND.includes(room) ? WORDS_AROUND : null;
  if (words === null || below.endsWith('.css') || EXCEPT.includes(below)) return [];
  return text.split('\n').flatMap((line, i) => {
    const found = words.exec(line);
    return found === null ? [] : [`${path}:${i + 1} ${found[0]}`];
  });
}
