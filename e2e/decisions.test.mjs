// What becomes of accounts after they were found: left until later, left out and added after all, gone and closed; and a
// bank that asks for a code each time.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addAll, answer, connect, connectionOf, enter, form, netWorth, opened, shown } from './steps.mjs';

const { portal, client } = await opened();
const findings = [];

/** Looks at the page in all its sizes and colors. */
const look = async (name) => findings.push(...(await client.look(name)));
const words = (pattern) => shown(client, client.page.getByText(pattern).first());

test('a review that was left is a way to go on with, from the bar too', async () => {
  await connect(client, 'ironbridge', 'quinn.rounds', 'sandbox-girder-3001');
  await answer(client, /maiden name/, 'Sandberg');
  await answer(client, 'What did you call your first telescope?', 'Galileo');
  await shown(client, client.page.getByRole('heading', { name: /^2 accounts found/ }));
  await client.control('Decide later').click();
  await client.page.waitForURL('/accounts');
  assert.match(await client.text(), /2 accounts found at Ironbridge Bank/);
  await look('decisions-left-review');
  await client.page.locator('main').getByRole('link', { name: /^Continue/ }).first().click();
  await addAll(client, 2);
  assert.match(await client.text(), /Connected: 2 accounts added/);
});

test('all accounts left out: what happened, and the way back', async () => {
  await connect(client, 'evergreen', 'alex.plain', 'sandbox-maple-1001');
  await shown(client, client.page.getByRole('heading', { name: /^3 accounts found/ }));
  for (const box of await client.page.getByLabel('Leave it out').all()) await box.check();
  await client.button(/^Add account/).click();
  await words(/You left out 3 accounts, so nothing/);
  await look('decisions-left-out');
  const { account_lists: asked } = await portal.counters('evergreen', 'alex.plain');
  await client.page.getByRole('button', { name: /^Add it.*Free checking/ }).click();
  await shown(client, client.page.getByRole('heading', { name: /^1 account found/ }));
  assert.equal((await portal.counters('evergreen', 'alex.plain')).account_lists, asked, 'nobody was asked for it');
  await client.button(/^Add account/).click();
  await words(/Done\. Evergreen Savings Bank/);
  const row = client.page.locator('.row').filter({ hasText: 'Free checking' });
  assert.match(await row.innerText(), /[\d,]+\.\d\d/, 'its value is fetched once it is wanted');
  await words('You left out 2 accounts');
});

test('an account that is gone is named, told closed, and no longer counts', async () => {
  await connect(client, 'rowan', 'jo.loses', 'sandbox-orchard-1202');
  await addAll(client, 2);
  const id = connectionOf(client);
  const before = await netWorth(client);
  for (let run = 0; run < 3; run += 1) {
    await client.page.goto(`/connections/${id}?status`);
    await client.button(/^Find New/).first().click();
    await client.page.locator('.timeline').first().waitFor({ state: 'attached' });
  }
  await client.page.goto('/');
  assert.match(await client.text(), /Rainy day savings •••9120 is no longer listed at Rowan Valley Bank/);
  await client.page.goto(`/connections/${id}`);
  await shown(client, client.page.getByRole('heading', { name: /^Rainy day savings •••9120 is no longer listed/ }));
  assert.equal(await client.page.getByRole('button', { name: /^Find New/ }).count(), 1);
  assert.doesNotMatch(await client.page.locator('.aside').innerText(), /Everyday checking/, 'what waits is what is gone');
  await look('decisions-missing');
  await client.page.getByRole('button', { name: /^It was closed/ }).click();
  await words(/The account is closed: its history stays/);
  await look('decisions-closed');
  await client.page.goto('/');
  assert.doesNotMatch(await client.text(), /no longer listed/);
  const now = await netWorth(client);
  assert.ok(now <= before, `${now} after ${before}`);
  await client.page.goto(`/connections/${id}?status`);
  await client.page.getByText('You closed 1 account').click();
  await client.page.getByRole('button', { name: /^It is open/ }).click();
  await words(/Rainy day savings •••9120 is no longer listed/);
});

test('a bank that asks for a code each time says why it asks twice, and promises nothing', async () => {
  await connect(client, 'copperleaf', 'robin.always', 'sandbox-kettle-5002');
  const field = client.page.locator('input[autocomplete="one-time-code"]');
  await shown(client, field);
  const first = await portal.code();
  await field.fill(first);
  await client.button('Continue').click();
  await words(/That was right\. Copperleaf Bank \(sandbox\) asks for one more code, sent just now/);
  await look('decisions-one-more-code');
  await shown(client, field);
  await field.fill(await portal.code());
  await client.button('Continue').click();
  await shown(client, client.page.getByRole('heading', { name: /^2 accounts found/ }));
  await client.button(/^Add account/).click();
  await words(/values update when you press Refresh/);
  const text = await client.text();
  assert.doesNotMatch(text, /Next update\s+\w\w\w, |update by themselves/);
  await look('decisions-attended');
  await client.page.goto('/fix');
  assert.doesNotMatch(await client.text(), /asks for a code every time/, 'nothing is to be fixed while it is fresh');
});

test('two logins at one bank have names of their own', async () => {
  await client.page.goto(form('copperleaf'));
  await client.control(/second login/).click();
  await enter(client, 'robin.code', 'sandbox-kettle-5001');
  await shown(client, client.page.locator('input[autocomplete="one-time-code"]'));
  await client.page.goto('/accounts');
  const headings = await client.page.getByRole('heading', { name: /Copperleaf Bank/ }).allInnerTexts();
  assert.equal(new Set(headings).size, 2, headings.join(' | '));
  assert.match(headings.join(' | '), /sandbox, second login/);
  await look('decisions-two-logins');
});

test('an answer in a late window, and the address of a form', async () => {
  await client.page.goto(`${form('ironbridge')}?second=yes`);
  await enter(client, 'quinn.both', 'sandbox-girder-3002');
  await shown(client, client.page.getByText(/In which year/));
  const id = connectionOf(client);
  // A window that stands still, as one whose stream broke off would; what it then tells its console is no trouble of ours.
  const storageState = await client.context.storageState();
  const still = await client.chromium.newContext({ baseURL: portal.address, storageState });
  const late = await still.newPage();
  await late.route('**/events*', (route) => route.abort());
  await late.goto(`/connections/${id}`);
  await client.page.getByLabel(/color|colour/i).fill('green');
  await client.page.getByLabel(/In which year/).fill('1987');
  await client.button('Continue').click();
  await words(/did not accept/);
  await late.getByLabel(/color|colour/i).fill('blue');
  await late.getByLabel(/In which year/).fill('1987');
  await late.getByRole('button', { name: 'Continue' }).click();
  await late.getByText('Answered in another window; this is the next question').waitFor();
  assert.equal(new URL(late.url()).pathname, `/connections/${id}`);
  await still.close();
  // An empty answer stays at the form's address; opened again, it leads to the page.
  await client.button('Continue').click();
  await words('Please answer this.');
  await client.page.goto(`/connections/${id}/answer`);
  await client.page.waitForURL(`**/connections/${id}`);
  await shown(client, client.page.getByText(/In which year/));
});

test('all of it looks right, and nothing went wrong in the browser', () => {
  assert.deepEqual(findings, []);
  assert.deepEqual(client.troubles, []);
});
