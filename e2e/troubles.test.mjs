// When something is wrong: the bar, the page it leads to, the one next step.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addAll, connect, enter, opened } from './steps.mjs';

const { portal, client } = await opened();

const bar = () => client.control(/Click to Fix/);

test('rejected credentials: the bar, the site in a new tab, the form, Connect', async () => {
  await connect(client, 'foxglove', 'pat.wrong', 'sandbox-thimble-0000');
  await client.page.getByText('The institution rejected your credentials').first().waitFor();
  await client.page.goto('/');
  assert.match(await client.text(), /The institution rejected your credentials/);
  await bar().click();
  const site = client.page.locator('main').getByRole('link', { name: /Foxglove Community Bank/ }).first();
  assert.equal(await site.getAttribute('target'), '_blank');
  await enter(client, 'pat.wrong', 'sandbox-thimble-2002');
  await addAll(client, 2);
  const counted = await portal.counters('foxglove', 'pat.wrong');
  assert.equal(counted.logins_rejected, 1, 'a rejected login is never tried again by itself');
});

test('three rejections stop all tries until the client has confirmed the login', async () => {
  await connect(client, 'press211', 'pen.211', 'wrong-1');
  for (const wrong of ['wrong-2', 'wrong-3']) {
    await client.page.getByText(/rejected|did not accept/).first().waitFor();
    await enter(client, 'pen.211', wrong);
  }
  await client.page.getByText(/stopped after 3|We stopped/).first().waitFor();
  const { logins_rejected: rejected } = await portal.counters('press211', 'pen.211');
  assert.equal(rejected, 3);
  await portal.acts('press211', 'pen.211', 'unlock');
  await client.page.goto('/fix');
  if (await bar().count()) await bar().click();
  await client.page.getByLabel('User ID').fill('pen.211');
  await client.page.getByLabel('Password', { exact: true }).fill('sandbox-type-2211');
  await client.button('Connect').click();
  assert.match(await client.text(), /works? at|logged in|confirm/i, 'a confirmation is wanted');
  assert.equal((await portal.counters('press211', 'pen.211')).logins_rejected, 3);
  await client.page.getByLabel('User ID').fill('pen.211');
  await client.page.getByLabel('Password', { exact: true }).fill('sandbox-type-2211');
  await client.page.getByRole('checkbox').check();
  await client.button('Connect').click();
  await client.page.getByRole('heading', { name: /accounts? found/ }).waitFor();
});

test('an institution that is down: Click to Fix, then Refresh', async () => {
  await connect(client, 'evergreen', 'alex.plain', 'sandbox-maple-1001');
  await addAll(client, 3);
  await portal.breaks({ institution: 'evergreen', fault: 'http_503' });
  await client.page.goto('/accounts');
  await client.button(/^Refresh\s+Evergreen/).click();
  await client.page.getByText('Unable to get the recent account values').first().waitFor();
  await client.page.goto('/');
  assert.match(await client.text(), /Unable to get the recent account values/);
  await client.page.goto('/accounts');
  assert.match(await client.text(), /(?:[\d,]+\.\d\d)/, 'the last values stay');
  await portal.heals();
});

test('Refresh by hand says when the next one is possible', async () => {
  await connect(client, 'press220', 'pen.220', 'sandbox-type-2220');
  await client.page.getByRole('heading', { name: /accounts? found/ }).waitFor();
  await client.button(/^Add account/).click();
  await client.page.waitForURL(/status/);
  await client.button(/^Refresh/).first().click();
  await client.page.getByText(/Last success/).waitFor();
  await client.page.getByText(/Next refresh|next one|possible|at \d+:\d\d/i).first().waitFor();
  assert.equal(await client.page.locator('main').getByRole('button', { name: /^Refresh/ }).and(client.page.locator(':enabled')).count(), 0);
});

test('no accounts at the institution: Find New', async () => {
  await connect(client, 'tidewater', 'ira.empty', 'sandbox-shell-1101');
  await client.page.getByText('No accounts found at the institution').first().waitFor();
  await client.button(/Find New/).first().click();
  await client.page.getByRole('heading', { name: '1 account found at Tidewater Community Bank (sandbox)' }).waitFor();
  await client.button(/^Add account/).click();
  await client.page.waitForURL(/status/);
});

test('a locked login and an expired password are mended at the institution', async () => {
  await connect(client, 'kestrel', 'casey.locked', 'sandbox-falcon-7001');
  await client.page.getByText(/locked/i).first().waitFor();
  await portal.acts('kestrel', 'casey.locked', 'unlock');
  await connect(client, 'juniper', 'drew.expired', 'sandbox-berry-8002');
  await client.page.getByText(/new password/i).first().waitFor();
  await portal.acts('juniper', 'drew.expired', 'change_password');
  await enter(client, 'drew.expired', 'sandbox-berry-8002-new');
  await client.page.getByRole('heading', { name: /accounts? found/ }).waitFor();
});

test('a login that was changed at the institution is updated on the same connection', async () => {
  await client.page.goto('/accounts');
  const everyday = (await client.text()).split('Everyday checking').length - 1;
  await client.page.getByRole('link', { name: /Update login\s+of Evergreen/ }).click();
  await enter(client, 'alex.plain', 'sandbox-maple-1001');
  await client.page.getByText(/is current again|works again|up to date|Current/).first().waitFor();
  await client.page.goto('/accounts');
  assert.equal(await client.page.getByRole('heading', { name: /Evergreen Savings Bank/ }).count(), 1, 'one connection');
  assert.equal((await client.text()).split('Everyday checking').length - 1, everyday, 'no account twice');
});

test('garbage is our trouble, not the client’s: no password is asked', async () => {
  await connect(client, 'babel', await loginOf('babel'), 'anything');
  await client.page.getByText('Unable to get the recent account values').first().waitFor();
  assert.equal(await client.page.getByLabel('Password', { exact: true }).count(), 0);
});

async function loginOf(institution) {
  const personas = await portal.ask('GET', '/api/personas');
  return personas.find((persona) => persona.institution === institution).login;
}

test('a new account is told on the home page until somebody decided about it', async () => {
  await connect(client, 'rowan', 'jo.gains', 'sandbox-orchard-1201');
  await addAll(client, 1);
  // Started in another tab that is closed: its page would lead on to the review as soon as the run ends.
  const tab = await client.context.newPage();
  await tab.goto('/accounts');
  await tab.locator('section.conn', { hasText: 'Rowan Valley Bank' }).getByRole('button', { name: /^Refresh/ }).click();
  await tab.waitForURL(/\/connections\//);
  await tab.close();
  const news = () => client.page.getByRole('link', { name: /^New account at Rowan Valley Bank.*Rainy day savings/ });
  const deadline = Date.now() + 60_000;
  await client.page.goto('/');
  while ((await news().count()) === 0) {
    assert.ok(Date.now() < deadline, await client.text());
    await client.page.waitForTimeout(250);
    await client.page.goto('/');
  }
  await news().click();
  await client.page.getByLabel('Leave it out').first().check();
  await client.page.locator('main form').filter({ has: client.page.getByLabel('Leave it out') }).locator('button[type=submit]').last().click();
  await client.page.waitForURL(/status/);
  await client.page.goto('/');
  assert.equal(await news().count(), 0);
});

test('Disconnect destroys the login and keeps accounts and history', async () => {
  await client.page.goto('/accounts');
  await client.page.getByRole('link', { name: /Disconnect\s+Evergreen/ }).click();
  assert.match(await client.text(), /stay|keep|kept/i);
  await client.button(/^Disconnect/).click();
  await client.page.goto('/accounts');
  assert.match(await client.text(), /Everyday checking/);
});

test('there was no trouble of our own', () => assert.deepEqual(client.troubles, []));
