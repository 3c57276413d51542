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
    addEventListener('keydown', (event) => { pressed = event.key.length === 1 ? performance.now() : undefined; }, true);
    new MutationObserver(() => {
      const since = pressed;
      pressed = undefined;
      if (since === undefined) return;
      // A message that is sent in the frame's turn comes once the frame is painted.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.took.push(performance.now() - since);
        port2.postMessage('');
      });
    }).observe(document.getElementById('found'), { childList: true });
  });
  for (const [name, words] of [['asked', WORDS], ['kept from before', WORDS]]) {
    await page.evaluate(() => { window.took = []; });
    for (const word of words) {
      await page.locator('#q').pressSequentially(word, { delay: PAUSE_MS });
      await page.waitForURL((url) => url.searchParams.get('q') === word);
      await page.keyboard.press('Escape');
      await page.waitForURL((url) => !url.searchParams.has('q'));
    }
    const took = (await page.evaluate(() => window.took)).sort((a, b) => a - b);
    const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(1);
    const within = ((100 * took.filter((ms) => ms < BUDGET_MS).length) / took.length).toFixed(1);
    console.log(`${name}: ${took.length} answers, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms; within ${BUDGET_MS} ms: ${within} %`);
  }
} finally {
  await client.close();
  await portal.close();
}
