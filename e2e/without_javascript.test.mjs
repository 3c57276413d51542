// The whole way without JavaScript: pages reload themselves, forms are forms.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';
import { addAll, enter, find, register } from './steps.mjs';

let portal;
let client;

before(async () => {
  portal = await Portal.open();
  client = await Browser.open(portal, { javaScriptEnabled: false });
});

after(async () => {
  await client?.close();
  await portal?.close();
});

test('register, search, connect, answer, review', async () => {
  await register(client, portal.invitation);
  await find(client, 'ironbridge', /Ironbridge Bank/);
  await enter(client, 'quinn.both', 'sandbox-girder-3002');
  // The page reloads itself until the questions are there.
  await client.page.locator('form[action$="/answer"]').waitFor();
  const fields = client.page.locator('form[action$="/answer"] input:not([type=hidden])');
  assert.equal(await fields.count(), 2, 'two questions on one page');
  const labels = await client.page.locator('form[action$="/answer"] label').allInnerTexts();
  const first = /colou?r/i.test(labels[0]) ? 'blue' : '1987';
  await fields.nth(0).fill(first);
  await fields.nth(1).fill(first === 'blue' ? '1987' : 'blue');
  await client.button('Continue').click();
  await addAll(client, 2);
});

test('a slow institution: the page reloads itself, and leads on when it is over', async () => {
  await portal.breaks({ institution: 'evergreen', fault: 'slow', seconds: 4, count: 1 });
  await find(client, 'evergreen sav', /Evergreen Savings Bank/);
  await enter(client, 'alex.plain', 'sandbox-maple-1001');
  await addAll(client, 3);
  assert.match(await client.text(), /Everyday checking|checking/i);
});

test('values, search of transactions and paging need no script', async () => {
  await client.page.goto('/accounts');
  await client.page.getByRole('link', { name: /checking/i }).first().click();
  assert.match(await client.text(), /Transactions/);
  const search = client.page.getByLabel(/Search the transactions/);
  await search.fill('zzzz-nothing');
  await search.press('Enter');
  assert.match(await client.text(), /[Nn]o(thing| transactions?)/);
});

test('there was no trouble', () => assert.deepEqual(client.troubles, []));
