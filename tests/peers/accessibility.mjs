// Opens a page of a file in Chromium, in light, dark and on a phone, and prints as JSON what axe finds, what the page
// asked of the network, what it said, and what its slider, moved by keyboard, shows.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [file, browserPath] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const found = { violations: [], requests: [], messages: [], wide: [], slider: null };
for (const [name, width, colorScheme] of [["light", 1100, "light"], ["dark", 1100, "dark"], ["phone", 375, "light"]]) {
  // The page's own policy forbids scripts that are not its own; axe comes in beside it.
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
  const page = await context.newPage();
  page.on("request", r => { if (!r.url().startsWith("file:")) found.requests.push(r.url()); });
  page.on("console", m => found.messages.push(m.text()));
  page.on("pageerror", e => found.messages.push(String(e)));
  page.on("dialog", d => { found.messages.push("dialog " + d.message()); d.dismiss(); });
  await page.goto("file://" + file);
  await page.addScriptTag({ content: axe });
  const result = await page.evaluate(() => axe.run(document));
  for (const v of result.violations)
    found.violations.push(`${name}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" | ")}`);
  if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth))
    found.wide.push(name);
  await context.close();
}
// As a reader has it: with the policy in force.
const page = await browser.newPage();
page.on("console", m => found.messages.push(m.text()));
await page.goto("file://" + file);
const slider = page.locator("input[type=range]").first();
if (await slider.count()) {
  await slider.focus();
  const before = await page.locator("output").first().textContent();
  await page.keyboard.press("ArrowRight");
  found.slider = { before, after: await page.locator("output").first().textContent(), value: await slider.inputValue() };
}
await browser.close();
console.log(JSON.stringify(found));
