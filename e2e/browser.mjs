// Chromium, and what must hold on every page that a walkthrough comes by.

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const SHOTS = path.join(path.dirname(fileURLToPath(import.meta.url)), 'shots');
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const WIDE = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

// Without these Chromium looks for hosts that a test machine can't reach, and says so in its console.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** One person's browser. Collects everything that must not happen, for `troubles`. */
export class Browser {
  static async open(portal, options = {}) {
    const browser = new Browser();
    browser.portal = portal;
    browser.troubles = [];
    browser.bodies = [];
    const executablePath = process.env.HELDAWAY_TEST_BROWSER || '/usr/bin/chromium';
    browser.chromium = await chromium.launch({ executablePath, args: FLAGS });
    browser.context = await browser.chromium.newContext({ viewport: WIDE, baseURL: portal.address, ...options });
    browser.context.setDefaultTimeout(60_000);
    browser.context.on('page', (page) => browser.watch(page));
    browser.page = await browser.context.newPage();
    return browser;
  }

  watch(page) {
    page.on('console', (message) => {
      // What the server refuses on purpose, and a search that is left before its answer came, are told by the browser and by htmx.
      const refused = /Failed to load resource: the server responded with a status of (4\d\d|503)|^htmx:(sendAbort|afterRequest),/;
      if (message.type() === 'error' && !refused.test(message.text())) {
        this.troubles.push(`console on ${page.url()}: ${message.text()}`);
      }
    });
    page.on('pageerror', (error) => this.troubles.push(`script on ${page.url()}: ${error.message}`));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // Leaving a page ends its event stream; killing the server ends everything.
      if (!/ERR_ABORTED|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY/.test(why)) {
        this.troubles.push(`${why} at ${request.url()}`);
      }
    });
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      const known = [this.portal.address, this.portal.sandbox].includes(origin);
      if (!known && protocol.startsWith('http')) this.troubles.push(`asked ${request.url()}`);
    });
    page.on('response', async (response) => {
      if (response.status() >= 500) this.troubles.push(`${response.status()} at ${response.url()}`);
      const type = response.headers()['content-type'] ?? '';
      if (!response.url().startsWith(this.portal.address) || !/html|json/.test(type)) return;
      try {
        this.bodies.push([response.url(), await response.text()]);
      } catch {
        // Redirects and pages that were left have no body any more.
      }
    });
  }

  /** Where `secrets` stand in any page or answer that this browser was given. */
  leaks(secrets) {
    return this.bodies.flatMap(([url, body]) =>
      secrets.filter((secret) => body.includes(secret)).map((secret) => `${url} holds ${secret}`),
    );
  }

  async close() {
    await this.chromium.close();
  }

  // --- what a person does -------------------------------------------------------------------------------------------

  async signIn({ email, password }) {
    await this.page.goto('/sign-in');
    await this.page.getByLabel(/e-mail/i).fill(email);
    await this.page.getByLabel('Password', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  link(name) {
    return this.page.getByRole('link', { name, exact: typeof name === 'string' });
  }

  /** A link or a button of this name, whichever the page has. */
  control(name) {
    return this.link(name).or(this.button(name)).first();
  }

  async text() {
    return this.page.locator('main').innerText();
  }

  // --- what must hold on every page ---------------------------------------------------------------------------------

  /** Pictures of the page in both themes and sizes; findings of axe (in each theme and each size) and of the layout. */
  async look(name) {
    const findings = [];
    await mkdir(SHOTS, { recursive: true });
    for (const [colorScheme, label, size, judged] of [
      ['light', '1280', WIDE, true],
      ['light', '390', PHONE, false],
      ['dark', '390', PHONE, true],
      ['dark', '1280', WIDE, false],
    ]) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await this.page.setViewportSize(size);
      const file = path.join(SHOTS, `${name}-${label}-${colorScheme}.png`);
      await this.page.screenshot({ path: file, fullPage: true });
      const found = [...(judged ? await this.axe() : []), ...(await this.overflow())];
      findings.push(...found.map((finding) => `${name} ${label} ${colorScheme}: ${finding}`));
    }
    return findings;
  }

  /** Findings of axe on the page as it stands. Through the debugger, since the page's own policy forbids to run it. */
  async axe() {
    const debug = await this.context.newCDPSession(this.page);
    const run = async (expression) => {
      const { result, exceptionDetails } = await debug.send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    try {
      await run(`typeof axe === 'undefined' && eval(${JSON.stringify(AXE)}), true`);
      const options = JSON.stringify({ runOnly: RULES, resultTypes: ['violations'] });
      const found = await run(`axe.run(document, ${options}).then((result) => result.violations.map((violation) =>
        violation.id + ': ' + violation.nodes.map((node) => node.target.join(' ') + ' ' + node.html.slice(0, 120)).join(' | ')))`);
      return found;
    } finally {
      await debug.detach();
    }
  }

  /** What is wider than the window. */
  async overflow() {
    return this.page.evaluate(() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return [];
      const wide = [...document.querySelectorAll('body *')].filter((element) => {
        const box = element.getBoundingClientRect();
        return box.right > width + 1 && box.width > 0;
      });
      return [`scrolls sideways: ${wide.slice(-3).map((element) => element.outerHTML.slice(0, 100)).join(' | ')}`];
    });
  }
}
