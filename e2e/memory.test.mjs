// What was typed is wiped from the server's memory.
//
// The days of this portal are as long as real ones: where they are shortened, a refresh may be signing on at the moment of the look,
// and its login is rightly open for that step.

import assert from 'node:assert/strict';
import { open, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';
import { addAll, answer, connect, PASSWORD, register } from './steps.mjs';

let portal;
let client;

before(async () => {
  portal = await Portal.open();
  client = await Browser.open(portal);
});

after(async () => {
  await client?.close();
  await portal?.close();
});

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
