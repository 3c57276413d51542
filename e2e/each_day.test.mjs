// Connections refresh by themselves each business day, except where a person is asked each time.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';
import { connect, register } from './steps.mjs';

let portal;
let client;

before(async () => {
  // A "day" of four seconds, to watch several pass.
  portal = await Portal.open({ day: 4 });
  client = await Browser.open(portal);
  await register(client, portal.invitation);
});

after(async () => {
  await client?.close();
  await portal?.close();
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 200));

test('connections refresh by themselves, each shortened day', async () => {
  const before = await portal.counters('lakeshore', 'ruth.lindqvist');
  const deadline = Date.now() + 60_000;
  let now = before;
  while (now.logins_ok < before.logins_ok + 2) {
    assert.ok(Date.now() < deadline, `${JSON.stringify(before)} ${JSON.stringify(now)}`);
    await pause();
    now = await portal.counters('lakeshore', 'ruth.lindqvist');
  }
  assert.equal(now.logins_rejected, 0);
});

test('an institution that asks each time is not asked at night', async () => {
  await connect(client, 'copperleaf', 'robin.always', 'sandbox-kettle-5002');
  // It never remembers a program, so it wants a new code for each of the requests that a run takes.
  const field = client.page.locator('input[autocomplete="one-time-code"]');
  const counted = () => portal.counters('copperleaf', 'robin.always');
  for (let codes = 1; !((await counted()).statements > 0); codes += 1) {
    assert.ok(codes <= 5, JSON.stringify(await counted()));
    while ((await counted()).codes_sent < codes && !((await counted()).statements > 0)) await pause();
    if ((await counted()).statements > 0) break;
    await field.waitFor();
    await field.fill(await portal.code());
    // The answered page has gone before the next question is looked for.
    await Promise.all([client.page.waitForEvent('framenavigated'), client.button('Continue').click()]);
  }
  const { codes_sent: sent } = await portal.counters('copperleaf', 'robin.always');
  const { logins_ok: logins } = await portal.counters('lakeshore', 'ruth.lindqvist');
  // Two "nights" pass, as another institution shows.
  while ((await portal.counters('lakeshore', 'ruth.lindqvist')).logins_ok < logins + 2) {
    await pause();
  }
  assert.equal((await portal.counters('copperleaf', 'robin.always')).codes_sent, sent);
});
