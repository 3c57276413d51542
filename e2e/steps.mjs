// What clients do, step by step, by the words they see.

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Browser } from './browser.mjs';
import { Portal } from './portal.mjs';

/** Typed by walkthroughs; none of them may be found anywhere afterwards. */
export const PASSWORD = 'violet-anchor-thunder-9';
export const NEW_PASSWORD = 'saddle-polaroid-brook-4';

/** A portal and a client who has just registered, for all tests of a file; closed after the last one. */
export async function opened() {
  const portal = await Portal.open();
  let client;
  after(async () => {
    await client?.close();
    await portal.close();
  });
  client = await Browser.open(portal);
  await register(client, portal.invitation);
  return { portal, client };
}

export async function register(browser, invitation, { password = PASSWORD } = {}) {
  await browser.page.goto(invitation);
  await browser.page.getByLabel('Password', { exact: true }).fill(password);
  await browser.button('Create my login').click();
  await browser.page.waitForURL('/');
}

/** From the home page to the login form of an institution, through the search. */
export async function find(browser, typed, name) {
  await browser.page.goto('/');
  await browser.control('Add Account').click();
  await browser.page.getByRole('link', { name: /I have an online login to this account/ }).click();
  await browser.page.getByLabel(/Name of the institution/).fill(typed);
  await browser.page.getByLabel(/Name of the institution/).press('Enter');
  await browser.page.getByRole('link', { name }).first().click();
}

/** Types the institution's login and presses Connect. */
export async function enter(browser, login, password, more = {}) {
  await browser.page.getByLabel('User ID').fill(login);
  await browser.page.getByLabel('Password', { exact: true }).fill(password);
  for (const [label, text] of Object.entries(more)) await browser.page.getByLabel(label).fill(text);
  await browser.button('Connect').click();
  await browser.page.waitForURL(/\/connections\//);
}

/** The path of an institution's login form. */
export const form = (institution) => `/accounts/add/sandbox-${institution}`;

export async function connect(browser, institution, login, password) {
  await browser.page.goto(form(institution));
  await enter(browser, login, password);
}

/** Answers the open question. */
export async function answer(browser, label, text) {
  await shown(browser, browser.page.getByLabel(label));
  await browser.page.getByLabel(label).fill(text);
  await browser.button('Continue').click();
}

/** Waits for something to be there; when it never is, tells what is there instead. */
export async function shown(browser, wanted) {
  try {
    await wanted.waitFor();
  } catch (error) {
    throw new Error(`${error.message}\n${browser.page.url()}\n${await browser.text()}`);
  }
}

/** Waits for the accounts that were found and adds them all. */
export async function addAll(browser, count) {
  await shown(browser, browser.page.getByRole('heading', { name: new RegExp(`^${count} accounts? found`) }));
  await browser.button(/^Add account/).click();
  await browser.page.waitForURL(/status/);
  await browser.page.getByText(/is connected with/).waitFor();
}

/** The id of the connection whose page is open. */
export function connectionOf(browser) {
  const found = new URL(browser.page.url()).pathname.match(/\/connections\/([0-9a-f-]+)/);
  assert.ok(found, browser.page.url());
  return found[1];
}

/** An amount as the pages write it, as a number. */
export function amount(text) {
  const found = text.replace(/,/g, '').match(/[−-]?\d+\.\d\d/);
  assert.ok(found, `no amount in ${text}`);
  return Number(found[0].replace('−', '-'));
}

export async function netWorth(browser) {
  await browser.page.goto('/');
  const head = await browser.text();
  return amount(head.slice(head.indexOf('Net worth')));
}

/** Makes the link for a client of a new household, as an advisor. */
export async function invite(advisor) {
  await advisor.page.goto('/advisor/invitations');
  const main = advisor.page.locator('main');
  await main.getByLabel('Household').fill('The Reyes household');
  await main.getByLabel('Client’s name').fill('Tomas Reyes');
  await main.getByLabel('Client’s e-mail').fill('tomas@reyes.example');
  await main.getByRole('button', { name: 'Make the link' }).click();
}
