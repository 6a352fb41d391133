/** The pages of the reference that the code gives: they are in the site alone, since a copy in docs/ would grow old. */

import { type Chapter, type DocumentPage, readPage } from './pages.ts';
import { apiText } from './reference/api.ts';
import { commandsText } from './reference/commands.ts';
import { configText } from './reference/config.ts';
import { describedApi } from './reference/described-api.ts';
import { metricsText } from './reference/metrics.ts';
import { tablesText } from './reference/tables.ts';

const PLACE = 'docs/reference/';

/** The API's page is of a service that runs for it, of dist. */
export async function referencePages(): Promise<DocumentPage[]> {
  return [
    page('config.md', 'Keys of the pipeline file', configText()),
    page('commands.md', 'The command line', await commandsText()),
    page('api.md', 'Paths of the API', apiText(await describedApi())),
    page('tables.md', 'Tables', tablesText()),
    page('metrics.md', 'Metrics', metricsText()),
  ];
}

export function referenceChapter(pages: readonly DocumentPage[]): Chapter {
  return { title: 'Reference', entries: pages.map(({ path, title }) => ({ path, name: title })) };
}

function page(name: string, title: string, text: string): DocumentPage {
  return readPage(`${PLACE}${name}`, `# ${title}\n\n${text}`);
}
