/** Rooms of the engine know no word of the domains that Millrace ships: those are declared through its ports. */

const ENGINE = ['streams', 'partition', 'journal', 'quality', 'keys', 'operators', 'projections', 'data-directory'];

/** What payments, fraud and weather call their things. */
const WORDS =
  /\bfraud|customer|terminal(?!s? (?:of|is))|\bcards?\b|\balerts?\b|\bcases?\b(?= of fraud)|weather|transactionId/i;

/** Files that read what earlier versions wrote, when the engine had a field for each domain. */
const EXCEPT = ['partition/earlier-snapshots.ts', 'data-directory/earlier-derivations.ts'];

export function domainWords(path: string, text: string): string[] {
  const below = path.slice('src/'.length);
  if (!ENGINE.includes(below.split('/')[0] ?? '') || EXCEPT.includes(below)) return [];
  return text.split('\n').flatMap((line, i) => {
    const found = WORDS.exec(line);
    return found === null ? [] : [`${path}:${i + 1} ${found[0]}`];
  });
}
