// Leaving, coming back, doing things twice, and a server that is killed in the middle.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, PHONE } from './browser.mjs';
import { addAll, answer, connect, form, opened, PASSWORD } from './steps.mjs';

const { portal, client } = await opened();

const code = () => client.page.locator('input[autocomplete="one-time-code"]');

test('leaving in the middle of a question: the home page leads back to it', async () => {
  await connect(client, 'ironbridge', 'quinn.rounds', 'sandbox-girder-3001');
  await client.page.getByLabel(/maiden name/).waitFor();
  await client.page.goto('/');
  await client.page.getByRole('link', { name: /Click to Fix|Answer/ }).first().click();
  await client.page.getByLabel(/maiden name/).waitFor();
});

test('a reload and the back button show the same question', async () => {
  await client.page.reload();
  await client.page.getByLabel(/maiden name/).waitFor();
  await client.page.goto('/accounts');
  await client.page.goBack();
  await client.page.getByLabel(/maiden name/).waitFor();
});

test('two tabs: the second answer is not taken, and both see what is true', async () => {
  const second = await client.context.newPage();
  await second.goto(client.page.url());
  await second.getByLabel(/maiden name/).waitFor();
  await answer(client, /maiden name/, 'Sandberg');
  await client.page.getByLabel(/telescope/).waitFor();
  // The other tab is told by its own stream of events.
  await second.getByLabel(/telescope/).waitFor();
  await second.getByLabel(/telescope/).fill('Galileo');
  await client.page.getByLabel(/telescope/).fill('Galileo');
  // Whoever comes second may find its button gone: its tab has moved on already.
  const press = (page) => page.getByRole('button', { name: 'Continue' }).click({ timeout: 3000 }).catch(() => {});
  await Promise.all([press(second), press(client.page)]);
  await client.page.getByRole('heading', { name: '2 accounts found at Ironbridge Bank (sandbox)' }).waitFor();
  await second.getByRole('heading', { name: '2 accounts found at Ironbridge Bank (sandbox)' }).waitFor();
  await second.close();
  const counted = await portal.counters('ironbridge', 'quinn.rounds');
  assert.equal(counted.answers_wrong, 0, JSON.stringify(counted));
});

test('a double click on the review adds each account once', async () => {
  await client.button(/^Add account/).dblclick();
  await client.page.waitForURL(/status/);
  await client.page.goto('/accounts');
  const text = await client.text();
  assert.equal(text.split('Rainy day savings').length - 1, 1, text);
});

test('a double click on Connect, and the same form sent again, make one connection', async () => {
  await client.page.goto(form('evergreen'));
  await client.page.getByLabel('User ID').fill('alex.plain');
  await client.page.getByLabel('Password', { exact: true }).fill('sandbox-maple-1001');
  await client.button('Connect').dblclick();
  await addAll(client, 3);
  const counted = await portal.counters('evergreen', 'alex.plain');
  await client.page.goto('/accounts');
  const blocks = await client.page.getByRole('heading', { name: /Evergreen Savings Bank/ }).count();
  assert.equal(blocks, 1, JSON.stringify(counted));
});

test('a server killed while a code is awaited goes on where it was', async () => {
  await connect(client, 'copperleaf', 'robin.code', 'sandbox-kettle-5001');
  await code().waitFor();
  const sent = await portal.code();
  await portal.kill();
  await portal.start();
  await client.page.goto(client.page.url());
  await code().waitFor();
  await code().fill(sent);
  await client.button('Continue').click();
  await addAll(client, 2);
  const { codes_sent: codes } = await portal.counters('copperleaf', 'robin.code');
  assert.equal(codes, 1, 'the same code was good');
});

test('a server killed right after Connect connects all the same, once', async () => {
  await client.page.goto(form('press211'));
  await client.page.getByLabel('User ID').fill('pen.211');
  await client.page.getByLabel('Password', { exact: true }).fill('sandbox-type-2211');
  await portal.breaks({ institution: 'press211', fault: 'slow', seconds: 2, count: 1 });
  await client.button('Connect').click();
  await client.page.waitForURL(/\/connections\//);
  const address = client.page.url();
  await portal.kill();
  await portal.start();
  // The lease of the killed server has to run out before another may go on.
  client.context.setDefaultTimeout(180_000);
  await client.page.goto(address);
  await client.page.getByRole('heading', { name: /accounts? found/ }).waitFor();
  client.context.setDefaultTimeout(60_000);
  await client.button(/^Add account/).click();
  await client.page.waitForURL(/status/);
});

test('somebody else signs in at the same time and sees nothing of it', async () => {
  const other = await Browser.open(portal);
  await other.signIn(portal.client);
  await other.page.goto(client.page.url());
  assert.match(await other.text(), /isn't here/);
  await other.page.goto('/accounts');
  assert.doesNotMatch(await other.text(), /Ironbridge/);
  await other.close();
});

test('everything can be done with the keyboard alone, on a phone', async () => {
  const phone = await Browser.open(portal, { viewport: PHONE, storageState: await client.context.storageState() });
  const { page } = phone;
  // Tab until a control of this name has the focus, as a person would.
  const reach = async (name) => {
    for (let presses = 0; presses < 80; presses += 1) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        const label = element.labels?.[0]?.innerText ?? element.getAttribute('aria-label') ?? element.innerText ?? '';
        const outline = getComputedStyle(element);
        return { label: label.trim(), seen: outline.outlineStyle !== 'none' || outline.boxShadow !== 'none' };
      });
      if (name.test(focused.label)) {
        assert.ok(focused.seen, `the focus on ${focused.label} can't be seen`);
        return;
      }
    }
    assert.fail(`${name} is never reached`);
  };
  await page.goto('/');
  await reach(/^Add Account/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/accounts\/add/);
  await reach(/^I have an online login/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/search/);
  await page.getByLabel(/Name of the institution/).focus();
  await page.keyboard.type('foxglove');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: /Foxglove/ }).first().waitFor();
  await reach(/Foxglove/);
  await page.keyboard.press('Enter');
  await page.getByLabel('User ID').waitFor();
  await reach(/User ID/);
  await page.keyboard.type('pat.wrong');
  await page.keyboard.press('Tab');
  await page.keyboard.type('sandbox-thimble-2002');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /2 accounts found/ }).waitFor();
  await reach(/^Add accounts/);
  await page.keyboard.press('Enter');
  await page.getByText(/is connected with 2 accounts/).waitFor();
  assert.deepEqual(phone.troubles, []);
  await phone.close();
});

test('nothing of what was typed is anywhere, after two kills', async () => {
  const secrets = [PASSWORD, 'sandbox-girder-3001', 'Sandberg', 'Galileo', 'sandbox-maple-1001', 'sandbox-kettle-5001'];
  assert.deepEqual(await portal.leaks(secrets), []);
  assert.deepEqual(client.leaks(secrets), []);
});
