/** The browser of the machine on pages of the service, with everything its console complains of. */
import { type Browser, chromium, type Page } from 'playwright-core';

/** No sandbox, since CI runs as root; nothing that would reach for the network. */
const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: ARGUMENTS });
}

export interface Visit {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, and requests that failed or left this machine. */
  readonly complaints: readonly string[];
}

export async function visit(browser: Browser, url: string): Promise<Visit> {
  const { origin } = new URL(url);
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('data:'))
      complaints.push(`request to ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} for ${response.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}
