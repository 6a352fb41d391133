/** Logging in on the page of a real process, in a real browser, and a page of another site that tries to use the session. */
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { startService, temporaryDirectory } from '../integration/millrace.ts';
import { complaintsOf, openBrowser, violations } from './browser.ts';

const VIEWER_TOKEN = 'vera-5b1f0c77a9d3e264';
const ADMIN_TOKEN = 'otto-0c6d1e88f3a7b925';

const logIn = async (page: Page, token: string): Promise<void> => {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
};

it('one is sent to log in and back, does what the role lets one do, is not used by another site, and logs out', async () => {
  const directory = temporaryDirectory();
  const tokens = { VIEWER_TOKEN, ADMIN_TOKEN };
  const service = await startService(['--config', 'test/operate/login.yaml', '--data', directory], tokens);
  const runs = async (): Promise<number> => {
    const authorization = `Bearer ${VIEWER_TOKEN}`;
    return JSON.parse(await (await fetch(`${service.url}/api/v1/runs`, { headers: { authorization } })).text()).length;
  };
  const browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 390, height: 760 } });
  const page = await context.newPage();
  const complaints = complaintsOf(page);

  await page.goto(`${service.url}/jobs?a=b`);
  await page.waitForURL('**/login?next=**');
  expect(await violations(page)).toEqual([]);
  await logIn(page, 'a-guess-of-a-token');
  await page.getByText('The token is not the right one.').waitFor();
  await logIn(page, VIEWER_TOKEN);
  await page.waitForURL('**/jobs?a=b');
  expect(await page.evaluate('document.cookie')).toBe('');
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'vera' }).waitFor();
  expect(await violations(page)).toEqual([]);

  // A viewer's button answers with what it needs.
  await page.getByRole('button', { name: 'Run now' }).click();
  await page.getByText('This needs the role').waitFor();
  await page.getByRole('button', { name: 'vera' }).click();
  await page.waitForURL('**/login?next=**');
  await logIn(page, ADMIN_TOKEN);
  await page.waitForURL('**/jobs?a=b');
  expect(await runs()).toBe(0);
  await page.getByRole('button', { name: 'Run now' }).click();
  await expect.poll(runs, { timeout: 30_000 }).toBe(1);
  // A refusal is shown by the browser as a failure to load.
  expect(complaints.filter((each) => !/status of 40[13]/.test(each))).toEqual([]);

  // Another site has the browser post a form, and run a script.
  const target = `${service.url}/api/v1/jobs/probe/runs`;
  const evil = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<form id="f" method="post" action="${target}" enctype="text/plain" target="t"><input name='{"a":"' value='"}'></form>
      <iframe name="t"></iframe><script>f.submit(); fetch('${target}', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' })
      .catch(() => {}).then(() => { document.title = 'tried'; })</script>`);
  });
  await new Promise<void>((resolve) => evil.listen(0, 'localhost', resolve));
  const at = evil.address();
  if (at === null || typeof at === 'string') throw new Error('the other site has no port');
  const other = await context.newPage();
  const answers: number[] = [];
  other.on('response', (response) => {
    if (response.url() === target) answers.push(response.status());
  });
  await other.goto(`http://localhost:${at.port}/`);
  await other.waitForFunction("document.title === 'tried'");
  await expect.poll(() => answers.length).toBeGreaterThan(0);
  expect(answers.filter((status) => status !== 403)).toEqual([]);
  expect(await runs()).toBe(1);

  // A link from there leads in all the same: the session is found once the browser is here.
  await other.evaluate(`location.href = '${service.url}/streams'`);
  await other.waitForURL(`${service.url}/streams`);
  await other.getByText('Live', { exact: true }).waitFor();

  await browser.close();
  evil.close();
  service.child.kill('SIGINT');
  await service.ended;
});
