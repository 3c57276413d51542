// The search for an institution: with the keyboard, with a screen reader's attributes, with a finger, without JavaScript.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Browser, PHONE, WIDE } from './browser.mjs';
import { Portal } from './portal.mjs';

const SEARCH = '/accounts/add/search';
let portal;
let client;
let page;
let field;

before(async () => {
  portal = await Portal.open();
  client = await Browser.open(portal);
  await client.signIn(portal.client);
  page = client.page;
  field = page.getByRole('combobox', { name: /Name of the institution/ });
});

after(async () => {
  await client?.close();
  await portal?.close();
});

/** The search page, with something typed into it and its answer there. */
async function typed(text) {
  await page.goto(SEARCH);
  await field.pressSequentially(text);
  await answered(text);
}

/** The answer to a text stands when the address has it. */
const answered = (text) => page.waitForURL((url) => (url.searchParams.get('q') ?? '') === text);

const options = () => page.locator('#results .opt:visible');

/** The option that the arrow keys are at. */
async function active() {
  const id = await field.getAttribute('aria-activedescendant');
  return id && page.locator(`#${id}`);
}

test('a choice with the keyboard alone', async () => {
  await page.goto(SEARCH);
  await page.keyboard.type('fidelity');
  await answered('fidelity');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const second = await active();
  assert.equal(await second.innerText(), await options().nth(1).innerText());
  assert.equal(await second.getAttribute('aria-selected'), 'true');
  assert.equal(await page.locator('[aria-selected="true"]').count(), 1);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  assert.equal(await active(), null, 'back in the field');
  assert.ok(await field.evaluate((input) => input === document.activeElement), 'the focus never left it');
  await page.keyboard.press('ArrowUp');
  assert.equal(await (await active()).innerText(), await options().last().innerText());
  await page.keyboard.press('Home');
  assert.match(await (await active()).innerText(), /Fidelity Investments/);
  const href = await (await active()).getAttribute('href');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${href}`);
  assert.match(await client.text(), /Back to the results for “fidelity”/);
});

test('the rest of a brand opens with a key and with a click', async () => {
  await typed('fidelity');
  const hidden = await page.locator('#results li[hidden]').count();
  assert.ok(hidden > 1);
  const more = page.getByRole('option', { name: `Show ${hidden} more of Fidelity` });
  while (!(await more.getAttribute('aria-selected')).includes('true')) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await more.waitFor({ state: 'detached' });
  assert.match(await (await active()).innerText(), /Fidelity/);
  assert.equal(await page.locator('#results li[hidden]').count(), 0);
  await typed('fidelity');
  await page.locator('#results .opens').click();
  await page.waitForFunction(() => document.activeElement.matches('#results .opt'));
});

test('what a screen reader is told', async () => {
  await page.goto(SEARCH);
  await page.evaluate(() => {
    window.told = [];
    const said = document.getElementById('said');
    new MutationObserver(() => window.told.push(said.textContent)).observe(said, { childList: true });
  });
  await field.pressSequentially('fidelity');
  await answered('fidelity');
  assert.equal(await field.getAttribute('aria-autocomplete'), 'list');
  assert.equal(await field.getAttribute('aria-expanded'), 'true');
  const box = page.locator(`#${await field.getAttribute('aria-controls')}`);
  assert.equal(await box.getAttribute('role'), 'listbox');
  const group = page.getByRole('group', { name: /^Fidelity: \d+ entries.*Which address do you use to log in/ });
  assert.ok((await group.getByRole('option').count()) > 3);
  assert.equal(await box.getByRole('link').count(), 0, 'nothing to press within the list');
  await page.getByRole('status').filter({ hasText: /^\d+ results for fidelity$/ }).waitFor({ state: 'attached' });
  const told = (await page.evaluate(() => window.told)).filter(Boolean);
  assert.equal(new Set(told).size, told.length, `nothing twice: ${told}`);
  // Once the focus leaves, it is a list of links that Tab goes through.
  await page.keyboard.press('Tab');
  assert.equal(await field.getAttribute('aria-expanded'), 'false');
  assert.match(await page.evaluate(() => document.activeElement.innerText), /Fidelity Investments/);
  assert.ok((await page.locator('#results').getByRole('link').count()) > 3);
});

test('Escape leaves the option, then clears the field', async () => {
  await typed('vanguard');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  assert.equal(await active(), null);
  assert.equal(await field.inputValue(), 'vanguard');
  await page.keyboard.press('Escape');
  await answered('');
  await page.getByText('Often chosen').waitFor();
});

test('the latest keystroke wins', async () => {
  await page.goto(SEARCH);
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route('**/search?q=fid', async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  await field.pressSequentially('fid');
  await field.pressSequentially('elity net');
  await answered('fidelity net');
  release();
  // An answer that came after this one would be the newest, so the late one has had its turn.
  await field.press('Backspace');
  await answered('fidelity ne');
  assert.match(await options().first().innerText(), /NetBenefits/);
  assert.equal(await field.inputValue(), 'fidelity ne');
  await page.unroute('**/search?q=fid');
});

test('a letter taken back is answered from what is there', async () => {
  await typed('van');
  await field.press('g');
  await answered('vang');
  let asked = 0;
  const count = (request) => (asked += request.url().includes('/search?') ? 1 : 0);
  page.on('request', count);
  await field.press('Backspace');
  await answered('van');
  page.off('request', count);
  assert.equal(asked, 0);
});

test('nothing moves under a finger that has come down', async () => {
  await typed('fidelity');
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route('**/search?q=fidelity%20b', async (route) => {
    await held;
    await route.continue();
  });
  await field.pressSequentially(' b');
  const third = options().nth(2);
  const name = await third.innerText();
  const href = await third.getAttribute('href');
  const box = await third.boundingBox();
  await page.mouse.move(box.x + box.width / 3, box.y + box.height / 2);
  await page.mouse.down();
  const answer = page.waitForResponse((response) => response.url().includes('fidelity%20b'));
  release();
  await (await answer).finished();
  assert.equal(await options().nth(2).innerText(), name);
  await page.mouse.up();
  await page.waitForURL((url) => href.startsWith(url.pathname) && url.pathname !== SEARCH);
  await page.unroute('**/search?q=fidelity%20b');
});

test('Back, and the link on the page, lead to the results as they were', async () => {
  await typed('fidelity');
  await options().nth(1).click();
  await page.waitForURL(/\/accounts\/add\/fidelity/);
  await page.goBack();
  await page.waitForURL(/search/);
  assert.equal(await page.locator('#q').inputValue(), 'fidelity');
  await page.getByRole('link', { name: /Fidelity NetBenefits/ }).click();
  await client.link(/Back to the results for “fidelity”/).click();
  assert.equal(await page.locator('#q').inputValue(), 'fidelity');
  await page.getByRole('link', { name: /Fidelity NetBenefits/ }).waitFor();
});

test('rows say why they matched, what they are for and how they connect', async () => {
  await typed('fidelity');
  for (const marked of await page.locator('#results mark').allInnerTexts()) {
    assert.ok('fidelity'.includes(marked.toLowerCase()), marked);
  }
  const text = await page.locator('#results').innerText();
  for (const words of ['Workplace', 'nb.fidelity.com or netbenefits.com', 'By hand only, for now', 'New Orleans, LA']) {
    assert.ok(text.includes(words), words);
  }
  await typed('lakeshore');
  const own = options().filter({ hasText: 'Lakeshore Credit Union' }).first();
  assert.match(await own.innerText(), /Connected[\s\S]*Sign in here with your user ID/);
});

test('an address finds the offering, however it is pasted', async () => {
  for (const address of [
    'https://nb.fidelity.com/public/nb/default/home?option=1',
    'nb.fidelity.com/public',
    'www.netbenefits.com',
  ]) {
    await page.goto(SEARCH);
    await field.fill(address);
    await answered(address);
    assert.match(await options().first().innerText(), /Fidelity NetBenefits/, address);
  }
});

test('before anything is typed there are tiles, the household’s own first', async () => {
  await page.goto(SEARCH);
  const tiles = await options().allInnerTexts();
  assert.match(tiles[0], /Connected/);
  const popular = page.getByRole('group', { name: 'Often chosen' }).getByRole('option');
  assert.equal(await popular.count(), 12);
  await page.setViewportSize(PHONE);
  assert.equal(await popular.count(), 8);
  await page.setViewportSize(WIDE);
  await page.keyboard.press('ArrowDown');
  assert.match(await (await active()).innerText(), /Connected/);
  await page.keyboard.type('f');
  await answered('f');
  assert.match(await client.text(), /Two letters are enough/);
});

test('nothing found: four ways on, each of them real', async () => {
  await page.goto(SEARCH);
  const noticed = page.waitForRequest((request) => request.url().endsWith('/search/nothing'));
  await field.pressSequentially('zzqqxxyy');
  await answered('zzqqxxyy');
  const text = await client.text();
  for (const words of ['Nothing found for “zzqqxxyy”', 'Check the spelling', 'Try the address', 'by hand', 'Ask Fernhill Wealth']) {
    assert.ok(text.includes(words), words);
  }
  assert.equal(await field.getAttribute('aria-expanded'), 'false');
  const form = page.locator('form[action="/accounts/add/request"]');
  assert.equal(await form.locator('[name=typed]').inputValue(), 'zzqqxxyy');
  assert.ok(await form.locator('[name=form_key]').inputValue());
  assert.match(await client.link(/Elena Marsh/).getAttribute('href'), /^mailto:/);
  await client.link('into the search field').click();
  assert.equal(await page.evaluate(() => getSelection().toString() || document.activeElement.value), 'zzqqxxyy');
  assert.equal((await noticed).postData(), 'typed=zzqqxxyy');
  // What is chosen afterwards tells what was meant.
  await page.keyboard.type('fidelity');
  await answered('fidelity');
  const chosen = page.waitForRequest((request) => request.url().endsWith('/search/chosen'));
  await options().first().click();
  const told = new URLSearchParams((await chosen).postData() ?? '');
  assert.deepEqual(Object.fromEntries(told), { typed: 'fidelity', offering: 'fidelity-investments', before: 'zzqqxxyy' });
  await page.goto(`${SEARCH}?q=zzqqxxyy`);
  await client.link('Enter it by hand').click();
  await page.waitForURL(/by-hand\?institution=zzqqxxyy/);
  assert.equal(await page.getByLabel(/Institution/).inputValue(), 'zzqqxxyy');
});

test('nothing that stands above moves while somebody types', async () => {
  await page.goto(SEARCH);
  const top = async () => (await page.locator('#found').boundingBox()).y;
  const first = await top();
  for (const text of ['fi', 'fidelity', 'fidelityqqxxzz']) {
    await field.fill(text);
    await answered(text);
    assert.equal(await top(), first, text);
  }
});

test('both themes and sizes, without a finding', async () => {
  const findings = [];
  await page.goto(SEARCH);
  findings.push(...(await client.look('search-tiles')));
  await page.setViewportSize(WIDE);
  await typed('fidelity');
  await page.keyboard.press('ArrowDown');
  findings.push(...(await client.look('search-open')));
  await page.setViewportSize(WIDE);
  for (const [text, name] of [['first national bank', 'namesakes'], ['netbenefits.com', 'address'], ['wels fargo', 'slip']]) {
    await typed(text);
    findings.push(...(await client.look(`search-${name}`)));
  }
  await typed('zzqqxxyy');
  findings.push(...(await client.look('search-none')));
  await page.setViewportSize({ width: 320, height: 640 });
  await typed('fidelity');
  findings.push(...(await client.overflow()));
  assert.deepEqual(findings, []);
});

test('typing on after marking an entry chooses nothing of before', async () => {
  await typed('fid');
  await page.keyboard.press('ArrowDown');
  assert.ok(await field.getAttribute('aria-activedescendant'));
  // The answer to what is typed now doesn't come before Enter.
  let go;
  const held = new Promise((resolve) => (go = resolve));
  const later = (url) => url.searchParams.get('q')?.startsWith('fide');
  await page.route(later, async (route) => {
    await held;
    await route.continue();
  });
  await field.pressSequentially('elity h');
  assert.equal(await field.getAttribute('aria-activedescendant'), null);
  go();
  await page.unroute(later, { behavior: 'wait' });
});

test('without JavaScript it is a form and a list of links', async () => {
  const storageState = await client.context.storageState();
  const plain = await Browser.open(portal, { javaScriptEnabled: false, storageState });
  await plain.page.goto(SEARCH);
  await plain.link(/Chase/).first().waitFor();
  await plain.page.getByLabel(/Name of the institution/).fill('fidelity');
  await plain.button('Search').click();
  const rows = plain.page.locator('#results').getByRole('link');
  const before = await rows.count();
  await plain.link(/more of Fidelity/).click();
  assert.ok((await rows.count()) > before);
  await plain.link(/Fidelity Charitable/).click();
  await plain.link(/Back to the results/).click();
  assert.equal(await plain.page.getByLabel(/Name of the institution/).inputValue(), 'fidelity');
  assert.equal(await plain.page.locator('form[action="/accounts/add/request"]').count(), 1);
  assert.deepEqual(plain.troubles, []);
  await plain.close();
});

test('there was no trouble', () => assert.deepEqual(client.troubles, []));
