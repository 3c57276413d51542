// A client registers and connects: search, notice, questions, codes, review.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';
import { addAll, answer, connect, connectionOf, enter, find, form, netWorth, NEW_PASSWORD, PASSWORD, register } from './steps.mjs';

let portal;
let client;
const typed = new Set([PASSWORD, NEW_PASSWORD]);

before(async () => {
  portal = await Portal.open();
  client = await Browser.open(portal);
});

after(async () => {
  await client?.close();
  await portal?.close();
});

test('an invitation registers once, with a password that is not easy to guess', async () => {
  await client.page.goto(portal.invitation);
  await client.page.getByLabel('Password', { exact: true }).fill('password123');
  await client.page.getByText('Easy to guess').waitFor();
  await client.button('Create my login').click();
  assert.match(await client.text(), /easy to guess/i);
  assert.equal(new URL(client.page.url()).pathname, new URL(portal.invitation).pathname);
  await register(client, portal.invitation);
  assert.match(await client.text(), /Add your accounts/);

  const other = await Browser.open(portal);
  await other.page.goto(portal.invitation);
  assert.equal(await other.page.getByLabel('Password', { exact: true }).count(), 0, 'the link was used');
  await other.close();
});

test('the search shows names and addresses and asks to compare', async () => {
  await client.page.goto('/accounts/add/search');
  await client.page.getByLabel(/Name of the institution/).pressSequentially('fidelity', { delay: 20 });
  const results = client.page.getByRole('option', { name: /Fidelity NetBenefits/ });
  await results.waitFor();
  const text = await client.text();
  for (const [name, address] of [
    ['Fidelity Investments', 'digital.fidelity.com'],
    ['Fidelity NetBenefits', 'nb.fidelity.com'],
    ['Fidelity Bank', 'bankwithfidelity.com'],
  ]) {
    assert.ok(text.includes(name) && text.includes(address), `${name} at ${address}`);
  }
  assert.match(text, /Compare the address/i);
});

test('an institution that cannot be connected yet says so, and tells when', async () => {
  await client.page.getByRole('option', { name: /Fidelity NetBenefits/ }).click();
  await client.page.waitForURL(/netbenefits/);
  assert.match(await client.text(), /by hand/i);
  await client.control(/Tell me when/).click();
  assert.match(await client.text(), /We will tell you|We tell you|You will be told/i);
});

test('a plain login: test it first, connect, review, done', async () => {
  await find(client, 'evergreen sav', /Evergreen Savings Bank/);
  const site = client.page.locator('main').getByRole('link', { name: /Evergreen Savings Bank/ }).first();
  assert.equal(await site.getAttribute('target'), '_blank');
  assert.match(await site.getAttribute('rel'), /noopener.*noreferrer/);
  assert.match(await client.text(), /Test your login first/);
  typed.add('sandbox-maple-1001');
  await enter(client, 'alex.plain', 'sandbox-maple-1001');
  await addAll(client, 3);
  await client.page.goto('/accounts');
  const text = await client.text();
  assert.match(text, /Evergreen Savings Bank/);
  assert.match(text, /last updated/i);
});

test('a notice is read and confirmed once', async () => {
  await find(client, 'larkspur', /Larkspur Federal/);
  assert.match(await client.text(), /Direct download/);
  assert.equal(await client.button('Connect').count(), 0);
  await client.button('Continue').click();
  typed.add('sandbox-meadow-9501');
  await client.button('Connect').waitFor();
  await client.page.goto(form('larkspur'));
  await enter(client, 'val.notice', 'sandbox-meadow-9501');
  await client.page.getByRole('heading', { name: /accounts? found/ }).waitFor();
});

test('two rounds of security questions in the words of the institution', async () => {
  await connect(client, 'ironbridge', 'quinn.rounds', 'sandbox-girder-3001');
  ['sandbox-girder-3001', 'Sandberg', 'Galileo'].forEach((secret) => typed.add(secret));
  await answer(client, /maiden name/, 'Sandberg');
  await answer(client, 'What did you call your first telescope?', 'Galileo');
  await addAll(client, 2);
});

test('an access code: a wrong one may be tried again', async () => {
  await connect(client, 'copperleaf', 'robin.code', 'sandbox-kettle-5001');
  typed.add('sandbox-kettle-5001');
  const field = client.page.locator('input[autocomplete="one-time-code"]');
  await field.waitFor();
  const code = await portal.code();
  await field.fill(code === '111111' ? '222222' : '111111');
  await client.button('Continue').click();
  await client.page.getByText(/did not accept/).first().waitFor();
  await field.fill(await portal.code());
  await client.button('Continue').click();
  await addAll(client, 2);
});

test('an expired code starts again without the password', async () => {
  // There is a connection to this bank already, so the page offers to repair that one or to add a second login.
  await client.page.goto(form('copperleaf'));
  await client.control(/second login/).click();
  await enter(client, 'robin.quick', 'sandbox-kettle-5003');
  typed.add('sandbox-kettle-5003');
  const field = client.page.locator('input[autocomplete="one-time-code"]');
  await field.waitFor();
  const late = await portal.code();
  await portal.passes(120);
  await field.fill(late);
  await client.button('Continue').click();
  // The bank sends a new code at once; the password isn't asked again.
  await client.page.getByText(/That code had run out/).first().waitFor();
  assert.equal(await client.page.getByLabel('Password', { exact: true }).count(), 0);
  const next = await portal.code();
  assert.notEqual(next, late);
  await field.fill(next);
  await client.button('Continue').click();
  await client.page.getByRole('heading', { name: /accounts? found/ }).waitFor();
});

test('an account by hand counts, and keeps the history of its values', async () => {
  const before = await netWorth(client);
  await client.page.goto('/accounts');
  await client.control('Add').click();
  await client.page.getByRole('link', { name: /Enter it by hand/ }).click();
  await client.page.getByLabel('What is it?').selectOption({ label: 'Home or other real estate' });
  await client.page.getByLabel('Name', { exact: true }).fill('14 Alder Lane');
  await client.page.getByLabel(/^Value/).fill('512000');
  await client.button('Add Account').click();
  await client.page.getByText('14 Alder Lane').first().waitFor();
  assert.equal(await netWorth(client), before + 512_000);
  await client.page.getByRole('link', { name: /14 Alder Lane/ }).first().click();
  const value = client.page.locator('form[action$="/value"]');
  await value.getByLabel(/^(New )?[Vv]alue|worth/).first().fill('520000');
  await value.getByRole('button').click();
  assert.equal(await netWorth(client), before + 520_000);
});

test('a found account is linked to one kept by hand, which keeps its name', async () => {
  await client.page.goto('/accounts/add/by-hand');
  await client.page.getByLabel('What is it?').selectOption({ label: 'Checking' });
  await client.page.getByLabel('Name', { exact: true }).fill('Our old checking');
  await client.page.getByLabel(/^Value/).fill('1000');
  await client.button('Add Account').click();
  await connect(client, 'press230', 'pen.230', 'sandbox-type-2230');
  typed.add('sandbox-type-2230');
  await client.page.getByRole('heading', { name: /accounts? found/ }).waitFor();
  const found = client.page.locator('#found > li').filter({ hasText: /checking/i }).first();
  await found.getByLabel(/It is an account that I have here/).check();
  await found.getByLabel('Which one?').selectOption({ label: await optionOf(found, 'Our old checking') });
  await client.button(/^Add account/).click();
  await client.page.waitForURL(/status/);
  const names = await client.text();
  assert.match(names, /Our old checking/);
  const id = connectionOf(client);
  await client.page.goto('/accounts');
  assert.equal((await client.text()).split('Our old checking').length - 1, 1, 'it is there once');
  assert.ok(id);
});

async function optionOf(found, name) {
  const options = await found.getByLabel('Which one?').locator('option').allInnerTexts();
  return options.find((option) => option.includes(name));
}

test('the password is changed, and the growing delay locks guessers out', async () => {
  await client.page.goto('/settings');
  await client.page.getByLabel('Present password').fill(PASSWORD);
  await client.page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD);
  await client.button('Change password').click();
  await client.page.getByText(/password (was|is|has been) changed|new password/i).first().waitFor();
  await client.page.goto('/settings');
  await client.button('Sign out').click();
  const email = 'ada@okafor.example';
  const tellings = [];
  for (const guess of [PASSWORD, ...Array(6).fill('wrong-guess-entirely')]) {
    await client.page.goto('/sign-in');
    await client.page.getByLabel(/e-mail/i).fill(email);
    await client.page.getByLabel('Password', { exact: true }).fill(guess);
    await client.button('Sign in').click();
    tellings.push(await client.text());
  }
  const stranger = await Browser.open(portal);
  const strange = [];
  for (let n = 0; n < 7; n += 1) {
    await stranger.page.goto('/sign-in');
    await stranger.page.getByLabel(/e-mail/i).fill('nobody@nowhere.example');
    await stranger.page.getByLabel('Password', { exact: true }).fill('wrong-guess-entirely');
    await stranger.button('Sign in').click();
    strange.push(await stranger.text());
  }
  // The first refusal is word for word the same; how long to wait afterwards depends on how fast one types.
  assert.equal(strange[0], tellings[0]);
  for (const told of [tellings, strange]) assert.ok(told.some((text) => /You can try again/.test(text)), told.at(-1));
  await stranger.close();
});

test('nothing went wrong in the browser, and no secret is anywhere', async () => {
  assert.deepEqual(client.troubles, []);
  const secrets = [...typed];
  assert.deepEqual(client.leaks(secrets), []);
  assert.deepEqual(await portal.leaks(secrets), []);
});
