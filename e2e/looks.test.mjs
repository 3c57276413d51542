// Every page, in both themes and sizes: pictures to look at, and axe without findings.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';
import { connect, form, invite, register } from './steps.mjs';

let portal;
let client;
let advisor;

before(async () => {
  portal = await Portal.open();
  client = await Browser.open(portal);
  advisor = await Browser.open(portal);
});

after(async () => {
  await client?.close();
  await advisor?.close();
  await portal?.close();
});

async function pages(browser, list) {
  const findings = [];
  for (const [name, address] of list) {
    await browser.page.goto(address);
    findings.push(...(await browser.look(name)));
  }
  assert.deepEqual(findings, []);
}

test('before signing in', async () => {
  await pages(client, [['sign-in', '/sign-in'], ['invitation', portal.invitation], ['not-found', '/nowhere']]);
});

test('a client of nine accounts', async () => {
  await client.signIn(portal.client);
  await client.page.goto('/accounts');
  const hrefs = await client.page.locator('main a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  const connection = hrefs.find((href) => /^\/connections\/[^/]+\?status$/.test(href));
  const account = async (name) => client.page.getByRole('link', { name }).first().getAttribute('href');
  await pages(client, [
    ['account-brokerage', await account(/Joint brokerage/)],
    ['account-mortgage', (await client.page.goto('/accounts'), await account(/Home mortgage/))],
    ['home', '/'],
    ['accounts', '/accounts'],
    ['connection', connection],
    ['update-login', connection.replace('?status', '/login')],
    ['disconnect', connection.replace('?status', '/disconnect')],
    ['add', '/accounts/add'],
    ['search-empty', '/accounts/add/search'],
    ['search', '/accounts/add/search?q=fidelity'],
    ['search-nothing', '/accounts/add/search?q=qqqqzzzz'],
    ['notice', form('larkspur')],
    ['login', form('evergreen')],
    ['login-three-fields', form('briarwood')],
    ['connected-already', form('lakeshore')],
    ['by-hand', '/accounts/add/by-hand'],
    ['fix-nothing', '/fix'],
    ['settings', '/settings'],
    ['not-found-signed-in', '/nowhere'],
    ['help-adding', '/help/adding-accounts'],
    ['help-troubleshooting', '/help/troubleshooting'],
  ]);
});

test('the steps, the questions, the review, the troubles', async () => {
  const newcomer = await Browser.open(portal);
  const findings = [];
  await register(newcomer, portal.invitation);
  findings.push(...(await newcomer.look('onboarding')));
  await newcomer.page.goto(portal.invitation);
  findings.push(...(await newcomer.look('invitation-used')));
  await connect(newcomer, 'ironbridge', 'quinn.rounds', 'sandbox-girder-3001');
  await newcomer.page.getByLabel(/maiden name/).waitFor();
  findings.push(...(await newcomer.look('question')));
  await newcomer.page.goto('/');
  findings.push(...(await newcomer.look('home-with-question')));
  await connect(newcomer, 'copperleaf', 'robin.code', 'sandbox-kettle-5001');
  await newcomer.page.locator('input[autocomplete="one-time-code"]').waitFor();
  findings.push(...(await newcomer.look('code')));
  await connect(newcomer, 'evergreen', 'alex.wealth', 'sandbox-maple-1002');
  await newcomer.page.getByRole('heading', { name: /accounts? found/ }).waitFor();
  findings.push(...(await newcomer.look('review')));
  await newcomer.button(/^Add account/).click();
  await newcomer.page.waitForURL(/status/);
  findings.push(...(await newcomer.look('connected')));
  await connect(newcomer, 'foxglove', 'pat.wrong', 'wrong-password');
  await newcomer.page.getByText('The institution rejected your credentials').first().waitFor();
  findings.push(...(await newcomer.look('rejected')));
  await connect(newcomer, 'tidewater', 'ira.never', 'sandbox-shell-1103');
  await newcomer.page.getByText('No accounts found at the institution').first().waitFor();
  findings.push(...(await newcomer.look('no-accounts')));
  await connect(newcomer, 'kestrel', 'casey.locked', 'sandbox-falcon-7001');
  await newcomer.page.getByText(/locked/i).first().waitFor();
  findings.push(...(await newcomer.look('locked')));
  await portal.breaks({ institution: 'press160', fault: 'slow', seconds: 8 });
  await connect(newcomer, 'press160', 'pen.160', 'sandbox-type-2160');
  findings.push(...(await newcomer.look('working')));
  await portal.heals();
  await newcomer.page.goto('/');
  findings.push(...(await newcomer.look('home-with-troubles')));
  await newcomer.page.goto('/accounts');
  findings.push(...(await newcomer.look('accounts-with-troubles')));
  await newcomer.page.goto('/fix');
  findings.push(...(await newcomer.look('fix')));
  assert.deepEqual(findings, []);
  assert.deepEqual(newcomer.troubles, []);
  await newcomer.close();
});

test('the advisor’s pages', async () => {
  await advisor.signIn(portal.advisor);
  await advisor.page.goto('/advisor');
  const household = await advisor.page.getByRole('link', { name: /Lindqvist/ }).first().getAttribute('href');
  await pages(advisor, [['advisor', '/advisor'], ['advisor-household', household], ['advisor-invitations', '/advisor/invitations'], ['advisor-settings', '/settings'], ['advisor-not-found', '/connections/nowhere']]);
  await invite(advisor);
  await advisor.page.getByLabel('Link for Tomas Reyes').waitFor();
  assert.deepEqual(await advisor.look('advisor-link'), []);
});

test('there was no trouble', () => {
  assert.deepEqual(client.troubles, []);
  assert.deepEqual(advisor.troubles, []);
});
