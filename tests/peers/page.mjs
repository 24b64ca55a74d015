// Drives the web page in headless Chromium: reads one command per line, {"scenario", "url", …}, and answers with lines,
// {"seen": …} in between and {"done": …} or {"failed": …} at the end.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const answer = line => process.stdout.write(JSON.stringify(line) + '\n');

/** Tells what was seen, and goes on when the test says so. */
async function seen(what) {
  answer({ seen: what });
  await lines.next();
}

async function violations(page) {
  // The driver is not the page: its script comes in past the page's policy.
  await page.evaluate(axe);
  return page.evaluate(async () => (await globalThis.axe.run(document)).violations
    .map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`));
}

const words = page => page.locator('.text').first().innerText();
const finished = page => page.locator('#write').waitFor({ state: 'visible' });

async function writeOn(page, text) {
  await page.locator('#text').fill(text);
  await page.keyboard.press('Control+Enter');
}

const scenarios = {
  async conversation(page, { prompt }) {
    await page.locator('#tools input').first().waitFor();
    await page.locator('#text').focus();
    await page.keyboard.type(prompt);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const chip = page.locator('.chip.busy button');
    await chip.waitFor();
    await seen({ text: await words(page), status: await page.locator('#status').innerText() });
    await finished(page);
    const done = { text: await words(page), status: await page.locator('#status').innerText() };
    await page.locator('.chip button').focus();
    done.unfoldedBefore = await page.locator('.details dl').isVisible();
    await page.keyboard.press('Enter');
    done.details = await page.locator('.details dl').innerText();
    await page.locator('.strip').focus();
    await page.keyboard.press('End');
    done.lastToken = await page.locator('.strip').getAttribute('aria-valuetext');
    done.lastRead = await page.locator('.read').innerText();
    await page.keyboard.press('Home');
    done.firstToken = await page.locator('.strip').getAttribute('aria-valuetext');
    done.started = await page.locator('.call.started').count();
    done.tokens = (await page.locator('.token').allTextContents()).join('');
    await page.locator('.token').last().hover();
    done.pointedAt = await page.locator('.strip').innerText();
    await page.getByText('Copy as curl').click();
    done.curl = await page.evaluate(() => navigator.clipboard.readText());
    await page.getByText('Copy as C#').click();
    done.csharp = await page.evaluate(() => navigator.clipboard.readText());
    done.violations = await violations(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    done.violations.push(...await violations(page));
    await page.setViewportSize({ width: 360, height: 740 });
    done.violations.push(...await violations(page));
    done.width = await page.evaluate(() => document.documentElement.scrollWidth);
    return done;
  },

  async kept(page, { prompt }) {
    await page.locator('#tools input').first().waitFor();
    await writeOn(page, prompt);
    await page.locator('.facts', { hasText: 'tokens' }).waitFor();
    const text = await words(page);
    await page.reload();
    const before = await page.locator('article').count();
    await page.locator('#kept .open').click();
    const reopened = await words(page);
    page.on('dialog', dialog => dialog.accept());
    await page.locator('#kept .quiet').click();
    const stored = await page.evaluate(() => localStorage.getItem('toolformer.conversations'));
    return { text, before, reopened, stored };
  },

  async compared(page, { prompt }) {
    await page.locator('#tools input').first().waitFor();
    await page.locator('#compare').check();
    await writeOn(page, prompt);
    await page.locator('.facts', { hasText: 'tokens' }).nth(1).waitFor();
    const boxes = await Promise.all([0, 1].map(i => page.locator('.column').nth(i).boundingBox()));
    return { texts: await page.locator('.text').allInnerTexts(), chips: await page.locator('.chip').count(),
      areBeside: boxes[0].y === boxes[1].y && boxes[0].x + boxes[0].width <= boxes[1].x,
      violations: await violations(page) };
  },

  async settings(page, { prompt, off }) {
    await page.locator('#tools input').first().waitFor();
    const tools = await page.locator('#tools .pill').allInnerTexts();
    await page.locator('#settings-box summary').click();
    await page.getByRole('switch', { name: off }).uncheck();
    await page.locator('#start-top-k').fill('3');
    await page.locator('#max-calls').fill('2');
    const [request] = await Promise.all([page.waitForRequest('**/v1/completions'), writeOn(page, prompt)]);
    await finished(page);
    return { tools, body: request.postDataJSON() };
  },

  async goingOn(page, { prompt, more }) {
    await page.locator('#tools input').first().waitFor();
    const prompts = [];
    page.on('request', request => request.method() === 'POST' && prompts.push(request.postDataJSON().prompt));
    for (const [i, text] of [prompt, more, more].entries()) {
      if (i === 2)
        await page.locator('#go-on').check();
      await writeOn(page, text);
      await page.locator('.facts', { hasText: 'tokens' }).nth(i).waitFor();
    }
    await page.getByText('Take back').last().click();
    return { prompts, back: await page.locator('#text').inputValue(), texts: await page.locator('article').count() };
  },

  async shut(page, { prompt }) {
    await page.locator('#tools input').first().waitFor();
    await writeOn(page, prompt);
    await page.locator('.facts', { hasText: 'tokens' }).waitFor();
    await page.locator('#status', { hasText: 'keeps nothing' }).waitFor();
    return { text: await words(page) };
  },

  async stopped(page, { prompt }) {
    await page.locator('#tools input').first().waitFor();
    await writeOn(page, prompt);
    await page.locator('.chip.busy button').waitFor();
    await page.keyboard.press('Escape');
    await finished(page);
    return { text: await words(page), facts: await page.locator('.facts').innerText(),
      status: await page.locator('#status').innerText() };
  },

  /** Writes and reports the trouble; `wait` lets the test do something to the server first. */
  async trouble(page, { prompt, wait, retry }) {
    await page.locator('#tools input').first().waitFor();
    if (wait === 'before')
      await seen({});
    await writeOn(page, prompt);
    if (wait === 'during') {
      await page.locator('.chip.busy button').waitFor();
      await seen({});
    }
    await page.locator('.trouble').waitFor();
    const done = { trouble: await page.locator('.trouble').innerText(), violations: await violations(page) };
    if (retry) {
      await seen({});
      await page.getByText('Try again').click();
      await page.locator('.facts', { hasText: 'tokens' }).waitFor();
      done.text = await words(page);
    }
    return done;
  },

  async key(page, { key, prompt }) {
    await page.locator('#key-form').waitFor();
    const done = { violations: await violations(page) };
    await page.locator('#key').fill(key + 'x');
    await page.keyboard.press('Enter');
    await page.locator('#status', { hasText: 'not known' }).waitFor();
    await page.locator('#key').fill(key);
    await page.keyboard.press('Enter');
    await page.locator('#tools input').first().waitFor();
    await writeOn(page, prompt);
    await page.locator('.facts', { hasText: 'tokens' }).waitFor();
    await page.getByText('Copy as curl').click();
    done.copied = await page.evaluate(() => navigator.clipboard.readText());
    done.kept = await page.evaluate(() => JSON.stringify(localStorage));
    done.text = await words(page);
    return done;
  },

  async hostile(page, { prompt }) {
    await page.locator('#tools input').first().waitFor();
    await writeOn(page, prompt);
    await page.locator('.facts', { hasText: 'tokens' }).waitFor();
    await page.locator('.chip button').click();
    return { text: await words(page), images: await page.locator('img, iframe, #turns a').count(),
      ran: await page.evaluate(() => globalThis.ran === true) };
  },

  /** A run's report, a page by itself: legible by light, by dark and on a phone; its slider moved by keyboard. */
  async report(page) {
    const done = { violations: [], wide: [] };
    const views = [['light', 1100, 'light'], ['dark', 1100, 'dark'], ['phone', 375, 'light']];
    for (const [name, width, colorScheme] of views) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await page.evaluate(() => document.querySelectorAll('details').forEach(folded => { folded.open = true; }));
      done.violations.push(...(await violations(page)).map(v => `${name}: ${v}`));
      if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth))
        done.wide.push(name);
    }
    if (await page.locator('input[type=range]').count() > 0) {
      const said = () => page.locator('output').first().textContent();
      await page.locator('input[type=range]').first().focus();
      done.before = await said();
      await page.keyboard.press('ArrowRight');
      done.after = await said();
    }
    return done;
  },

  /** For the pictures in docs/, and for looking at the page. */
  async pictures(page, { prompt, folder, width, height, dark, compare, name, fold }) {
    await page.setViewportSize({ width: width ?? 1180, height: height ?? 760 });
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
    await page.reload();
    await page.locator('#tools input').first().waitFor({ state: 'attached' });
    if (compare)
      await page.locator('#compare').check();
    for (const text of [prompt].flat()) {
      await writeOn(page, text);
      await page.locator('#stop').waitFor();
      await finished(page);
      await page.locator('#compare').uncheck(); // One comparison is enough to see.
    }
    if (fold)
      await page.locator('.chip button').last().click();
    await page.locator('.call.started').last().hover();
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${folder}/${name}.png` });
    return { text: await page.locator('#turns').innerText() };
  },
};

for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const command = JSON.parse(line.value);
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'],
    viewport: { width: 1180, height: 760 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const strangers = [], faults = [];
    page.on('request', request => {
      if (!request.url().startsWith(command.url) && !request.url().startsWith('data:'))
        strangers.push(request.url());
    });
    page.on('pageerror', error => faults.push(String(error)));
    page.on('console', message => message.type() === 'error' && !/Failed to load resource/.test(message.text())
      && faults.push(message.text()));
    if (command.isShut)
      await page.addInitScript(() => ['localStorage', 'sessionStorage'].forEach(name => Object.defineProperty(
        globalThis, name, { get: () => { throw new DOMException('denied', 'SecurityError'); } })));
    await page.goto(command.url);
    answer({ done: { ...await scenarios[command.scenario](page, command), strangers, faults } });
  } catch (error) {
    answer({ failed: String(error?.stack ?? error) });
  } finally {
    await context.close();
  }
}
await browser.close();
