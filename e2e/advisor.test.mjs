// The advisor sees households, values and freshness, and can touch no credential.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';
import { invite } from './steps.mjs';

let portal;
let advisor;
let client;

before(async () => {
  portal = await Portal.open();
  advisor = await Browser.open(portal);
  client = await Browser.open(portal);
  await advisor.signIn(portal.advisor);
  await client.signIn(portal.client);
});

after(async () => {
  await advisor?.close();
  await client?.close();
  await portal?.close();
});

test('the household, its accounts, values and freshness', async () => {
  await advisor.page.goto('/advisor');
  assert.match(await advisor.text(), /Lindqvist/);
  await advisor.page.getByRole('link', { name: /Lindqvist/ }).first().click();
  const text = await advisor.text();
  for (const seen of ['Joint brokerage', 'Home mortgage', 'Lakeshore Credit Union', '9 of 9']) {
    assert.ok(text.includes(seen), `${seen} in ${text}`);
  }
});

test('Refresh is there; what touches a login is not', async () => {
  assert.ok((await advisor.button(/^Refresh/).count()) >= 4);
  for (const name of [/Find New/, /Update login/, /Disconnect/, /Connect/, /Add Account/]) {
    const found = await advisor.page.locator('main').getByRole('button', { name }).count();
    const links = await advisor.page.locator('main').getByRole('link', { name }).count();
    assert.equal(found + links, 0, String(name));
  }
  await advisor.button(/^Refresh/).first().click();
  await advisor.page.waitForURL(/\/advisor\/households\/[^/]+\?refreshed=/);
  // The word goes on by itself, without the page being loaded again.
  const told = advisor.page.locator('#told');
  await told.getByText(/has sent its newest values/).waitFor();
  await told.getByRole('link', { name: 'Show the newest values' }).or(told.locator('strong')).first().waitFor();
  assert.match(await advisor.text(), /Refresh again at/);
});

test('the server refuses what the page does not show', async () => {
  await client.page.goto('/accounts');
  const hrefs = await client.page.locator('a[href^="/connections/"]').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  const id = hrefs.map((href) => href.match(/\/connections\/([0-9a-f-]+)/)?.[1]).find(Boolean);
  assert.ok(id);
  const headers = { origin: portal.address, 'sec-fetch-site': 'same-origin' };
  for (const act of ['find-new', 'login', 'disconnect', 'answer', 'start-again', 'review']) {
    const answer = await advisor.context.request.post(`/connections/${id}/${act}`, { headers, form: { user_id: 'x', password: 'y' }, maxRedirects: 0 });
    assert.ok([403, 404].includes(answer.status()), `${act}: ${answer.status()}`);
  }
  const adds = await advisor.context.request.post('/accounts/add/sandbox-evergreen', { headers, form: { user_id: 'x', password: 'y' }, maxRedirects: 0 });
  assert.ok([403, 404].includes(adds.status()), `add: ${adds.status()}`);
  for (const page of ['/accounts', '/accounts/add', `/connections/${id}`, `/connections/${id}/login`, '/fix']) {
    const answer = await advisor.context.request.get(page, { maxRedirects: 0 });
    assert.ok([303, 403, 404].includes(answer.status()), `${page}: ${answer.status()}`);
  }
});

test('a forged request from elsewhere is refused, a client’s own is not', async () => {
  await client.page.goto('/accounts');
  const form = await client.page.locator('form[action$="/refresh"]').first().getAttribute('action');
  const forged = await client.context.request.post(form, { headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, maxRedirects: 0 });
  assert.equal(forged.status(), 403);
});

test('a client is invited, and the new link works', async () => {
  await invite(advisor);
  const link = (await advisor.page.locator('body').innerHTML()).match(/\/invitation\/[A-Za-z0-9_-]+/);
  assert.ok(link, await advisor.text());
  const guest = await Browser.open(portal);
  await guest.page.goto(link[0]);
  assert.match(await guest.text(), /Elena Marsh/);
  await guest.close();
});

test('there was no trouble', () => {
  assert.deepEqual(advisor.troubles, []);
  assert.deepEqual(client.troubles, []);
});
