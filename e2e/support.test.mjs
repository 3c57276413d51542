// From a client who doesn't find an institution, over data support, back to the client. And data support among itself.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';

/** Data support of the demo's firm. */
const SUPPORT = { email: 'noor@fernhill.example', password: 'marble-ferry-juniper-58' };

let portal;
let client;
let desk;

before(async () => {
  portal = await Portal.open();
  client = await Browser.open(portal);
  desk = await Browser.open(portal);
  await client.signIn(portal.client);
  await desk.signIn(SUPPORT);
});

after(async () => {
  await client?.close();
  await desk?.close();
  await portal?.close();
});

async function searched(typed) {
  await client.page.goto(`/accounts/add/search?q=${encodeURIComponent(typed)}`);
  return client.text();
}

test('empty places teach', async () => {
  assert.equal(new URL(desk.page.url()).pathname, '/support/institutions');
  const findings = await desk.look('support-institutions-empty');
  await desk.page.goto('/support/requests');
  assert.match(await desk.text(), /Nobody waits for an institution/);
  findings.push(...(await desk.look('support-requests-empty')));
  await desk.page.goto('/support/searches');
  findings.push(...(await desk.look('support-searches-empty')));
  assert.deepEqual(findings, []);
});

test('a client asks for an institution, and nobody need know who', async () => {
  await client.page.goto('/accounts/add/request?typed=Tidewatr%20Federl');
  const findings = await client.look('request-new');
  await client.page.getByLabel('Web address at which you log in').fill('tidewater.example/login');
  await client.button('Ask for it').click();
  await client.page.waitForURL(/asked=/);
  assert.match(await client.text(), /We’ll look for Tidewatr Federl/);
  findings.push(...(await client.look('request-asked')));
  await desk.page.goto('/support');
  assert.equal(new URL(desk.page.url()).pathname, '/support/requests');
  const text = await desk.text();
  assert.match(text, /Tidewatr Federl/);
  assert.doesNotMatch(text, /Ruth|Lindqvist/);
  findings.push(...(await desk.look('support-requests')));
  assert.deepEqual(findings, []);
});

test('data support adds it; the client is told and finds it by what was typed', async () => {
  await desk.link(/Tidewatr Federl/).first().click();
  const findings = await desk.look('support-request');
  await desk.link('Add Tidewatr Federl').click();
  await desk.page.getByLabel('Name', { exact: true }).fill('Tidewater Federal');
  findings.push(...(await desk.look('support-new')));
  await desk.button('Add it').click();
  await desk.page.waitForURL(/\/support\/institutions\/firm-tidewater-federal-/);
  assert.match(await desk.text(), /Added by Fernhill Wealth/);
  await client.page.goto('/');
  const told = client.page.getByText('Tidewater Federal is in the list of institutions now');
  await told.first().waitFor();
  assert.match(await searched('tidewatr federl'), /Tidewater Federal/);
  await client.page.goto('/accounts/add/request');
  await client.link(/Go on with it/).first().click();
  assert.match(await client.text(), /Tidewater Federal/);
  assert.deepEqual(findings, []);
});

test('searches in vain are listed without anybody, and lead to another name', async () => {
  const headers = { origin: portal.address, 'sec-fetch-site': 'same-origin' };
  for (const typed of ['tideqwxz', 'tideqwxz', 'ruth@lindqvist.example']) {
    const answer = await client.context.request.post('/accounts/add/search/nothing', { headers, form: { typed } });
    assert.equal(answer.status(), 204);
  }
  await desk.page.goto('/support/institutions?q=tidewater');
  const href = await desk.link('Tidewater Federal').getAttribute('href');
  const form = { typed: 'tidewater', before: 'tideqwxz', offering: href.split('/').pop() };
  assert.equal((await client.context.request.post('/accounts/add/search/chosen', { headers, form })).status(), 204);
  await desk.page.goto('/support/searches');
  const text = await desk.text();
  assert.match(text, /tideqwxz/);
  assert.doesNotMatch(text, /lindqvist/i);
  const findings = await desk.look('support-searches');
  await desk.link(/Add it as a name of Tidewater Federal/).first().click();
  assert.match(await desk.page.getByLabel('Other names that people type').inputValue(), /tideqwxz/);
  await desk.button('Save').click();
  await desk.page.getByText('Searched for as “tideqwxz”').waitFor();
  assert.match(await searched('tideqwxz'), /Tidewater Federal/);
  assert.deepEqual(findings, []);
});

test('of two who correct at once, neither loses a word', async () => {
  await desk.page.goto('/support/institutions?q=tidewater');
  await desk.link('Tidewater Federal').click();
  const other = await desk.context.newPage();
  await other.goto(desk.page.url());
  await other.getByLabel('Note to clients').fill('Use the address on your statement.');
  await other.locator('#preview').getByText('Use the address on your statement.').waitFor();
  await other.getByLabel('Why', { exact: true }).first().fill('Clients took the wrong login');
  await other.getByRole('button', { name: 'Save' }).click();
  await other.locator('#history').getByText('Clients took the wrong login').waitFor();
  await other.close();

  await desk.page.getByLabel('Place').fill('Norfolk, VA');
  await desk.page.getByLabel('Why', { exact: true }).first().fill('Where it is');
  await desk.button('Save').click();
  await desk.page.getByText(/saved this institution while you had it open/).waitFor();
  assert.equal(await desk.page.getByLabel('Place').inputValue(), 'Norfolk, VA');
  assert.match(await desk.page.locator('#stale').innerText(), /Use the address on your statement\./);
  const findings = await desk.look('support-institution-stale');
  await desk.page.getByLabel('Note to clients').fill('Use the address on your statement.');
  await desk.button('Save').click();
  await desk.page.locator('#history').getByText('Where it is').waitFor();
  findings.push(...(await desk.look('support-institution')));
  assert.deepEqual(findings, []);
});

test('hidden, clients no longer find it; an earlier version brings it back', async () => {
  await desk.page.locator('#listed-why').fill('It was merged');
  await desk.button('Hide from clients').click();
  await desk.page.getByText('Hidden from clients').first().waitFor();
  assert.doesNotMatch(await searched('tidewater federal'), /tidewater\.example/);
  await desk.page.goto('/support/institutions?show=hidden');
  assert.match(await desk.text(), /Tidewater Federal/);
  const findings = await desk.look('support-hidden');
  await desk.link(/Tidewater Federal/).first().click();
  await desk.button(/^Restore this version/).first().click();
  await desk.page.locator('#history').getByText('Restored').first().waitFor();
  assert.match(await searched('tidewater federal'), /tidewater\.example/);
  await desk.page.goto('/support/institutions');
  findings.push(...(await desk.look('support-changed')));
  await desk.page.goto('/support/institutions?q=fidelity');
  findings.push(...(await desk.look('support-institutions')));
  assert.deepEqual(findings, []);
});

test('there was no trouble', () => {
  assert.deepEqual(client.troubles, []);
  assert.deepEqual(desk.troubles, []);
});
