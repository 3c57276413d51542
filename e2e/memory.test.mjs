// What was typed is wiped from the server's memory, and connections refresh by themselves.

import assert from 'node:assert/strict';
import { open, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';
import { addAll, answer, connect, PASSWORD, register } from './steps.mjs';

let portal;
let client;

before(async () => {
  // A "day" of four seconds, to watch connections refresh by themselves.
  portal = await Portal.open({ day: 4 });
  client = await Browser.open(portal);
});

after(async () => {
  await client?.close();
  await portal?.close();
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 200));

/** How often each text stands in the memory of a process. */
async function hits(pid, texts) {
  const counted = Object.fromEntries(texts.map((text) => [text, 0]));
  const maps = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n').filter((line) => /^\S+ rw/.test(line));
  const memory = await open(`/proc/${pid}/mem`);
  for (const line of maps) {
    const [from, to] = line.split(' ')[0].split('-').map((bound) => parseInt(bound, 16));
    const part = Buffer.alloc(Math.min(to - from, 256 * 1024 * 1024));
    const { bytesRead } = await memory.read(part, 0, part.length, from).catch(() => ({ bytesRead: 0 }));
    const read = part.subarray(0, bytesRead);
    for (const text of texts) {
      for (let at = read.indexOf(text); at >= 0; at = read.indexOf(text, at + 1)) counted[text] += 1;
    }
  }
  await memory.close();
  return counted;
}

test('after connecting, no password and no answer is left in memory', async () => {
  await register(client, portal.invitation);
  await connect(client, 'ironbridge', 'quinn.rounds', 'sandbox-girder-3001');
  await answer(client, /maiden name/, 'Sandberg');
  await answer(client, /telescope/, 'Galileo');
  await addAll(client, 2);
  await client.page.goto('about:blank');
  const secrets = [PASSWORD, 'sandbox-girder-3001', 'Sandberg', 'Galileo'];
  const counted = await hits(portal.program.process.pid, [...secrets, 'Ironbridge Bank']);
  assert.ok(counted['Ironbridge Bank'] > 0, 'the search finds what is there');
  for (const secret of secrets) assert.equal(counted[secret], 0, `${secret} is found ${counted[secret]} times`);
});

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
  await client.page.goto('/');
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
    await client.button('Continue').click();
    await client.page.waitForTimeout(1000);
  }
  const { codes_sent: sent } = await portal.counters('copperleaf', 'robin.always');
  const { logins_ok: logins } = await portal.counters('lakeshore', 'ruth.lindqvist');
  // Two "nights" pass, as another institution shows.
  while ((await portal.counters('lakeshore', 'ruth.lindqvist')).logins_ok < logins + 2) {
    await pause();
  }
  assert.equal((await portal.counters('copperleaf', 'robin.always')).codes_sent, sent);
});
