// How long a keystroke takes to its answer on the screen: from keydown to the frame after the results were put in.
//
// Prints milliseconds; no test, since a busy machine says nothing. `node keystroke.mjs`, with the programs of
// HELDAWAY_TEST_PROGRAMS (a release build, for figures that mean something).

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';

const WORDS = ['fidelity netbenefits', 'wels fargo', 'first national bank', 'nb.fidelity.com', 'capital one', 'navy fed', 'vangaurd'];
/** Between keystrokes: a quick typist. */
const PAUSE_MS = 120;
const BUDGET_MS = 50;

const portal = await Portal.open();
const client = await Browser.open(portal);
try {
  await client.signIn(portal.client);
  const { page } = client;
  await page.goto('/accounts/add/search');
  await page.evaluate(() => {
    window.took = [];
    let pressed;
    addEventListener('keydown', () => { pressed = performance.now(); }, true);
    new MutationObserver(() => {
      const since = pressed;
      pressed = undefined;
      if (since === undefined) return;
      // The callback after the frame's layout and paint.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.took.push(performance.now() - since);
        port2.postMessage('');
      });
    }).observe(document.getElementById('found'), { childList: true });
  });
  let keys = 0;
  for (const word of WORDS) {
    await page.locator('#q').pressSequentially(word, { delay: PAUSE_MS });
    await page.waitForURL((url) => url.searchParams.get('q') === word);
    keys += word.length;
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.searchParams.has('q'));
  }
  const took = (await page.evaluate(() => window.took)).sort((a, b) => a - b);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(1);
  console.log(`${took.length} answers to ${keys} keys: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms`);
  console.log(`within ${BUDGET_MS} ms: ${((100 * took.filter((ms) => ms < BUDGET_MS).length) / took.length).toFixed(1)} %`);
} finally {
  await client.close();
  await portal.close();
}
