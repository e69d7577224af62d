// What is demanded of every page that is looked at: no violation that axe can find, nothing wider than the screen, no
// complaint of the browser; in light and dark, on a phone and on a desktop. A picture of each is kept.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 850 } };
const NARROW = { width: 360, height: 780 };
// Nobody of the cast has an address like this, and somebody will.
const LONG = `${"maximiliane".repeat(5)}@${"subsidiary".repeat(6)}.example`;
const THEMES = ["light", "dark"];
// A theme changes colours and nothing else: in the dark, only the rules that look at them are asked again.
const COLOURS = ["color-contrast", "link-in-text-block"];

const BAD = `<!doctype html><html lang="en"><style>:root { color-scheme: light dark }
@media (prefers-color-scheme: dark) { body { color: #333; background: #222 } }</style>
<img src="data:,"><p style="width: 5000px">wide</p><input name="field" aria-label="Field" aria-invalid="true"></html>`;

export class Eye {
  // `thorough` runs axe and keeps pictures in `screens`; without it, the page is only watched.
  constructor({ modules, screens, thorough }) {
    this.axe = readFileSync(createRequire(`${modules}/`).resolve("axe-core/axe.min.js"), "utf8");
    this.screens = screens;
    this.thorough = thorough;
    this.faults = [];
    this.seen = new Set();
  }

  // Notes what the browser complains of. An answer that is an error by intent is none of it.
  watch(page) {
    page.on("console", (message) => {
      const intended = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !intended) this.faults.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.faults.push(`${page.url()}: ${error}`));
    page.on("response", (answer) => {
      if (answer.status() >= 500) this.faults.push(`${answer.status()} ${answer.url()}`);
    });
  }

  // Looks at the page as it stands, without loading it again: some are shown once.
  async look(page, name) {
    if (this.seen.has(name)) throw new Error(`${name} was looked at before: give this page a name of its own`);
    this.seen.add(name);
    const note = (mode, fault) => this.faults.push(`${name}, ${mode}: ${fault}`);
    await this.form(page, (fault) => note("form", fault));
    if (!this.thorough) return;
    await page.evaluate(this.axe);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        const mode = `${size}-${theme}`;
        const { violations, over } = await page.evaluate(examine, theme === "dark" ? COLOURS : null);
        for (const violation of violations) note(mode, violation);
        if (over > 0) note(mode, `${over} pixels wider than the screen`);
        await page.screenshot({ path: path.join(this.screens, `${name}-${mode}.png`), fullPage: true });
      }
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize(NARROW);
    const over = await page.evaluate(stretch, LONG);
    if (over > 0) note("long addresses on a narrow phone", `${over} pixels wider than the screen`);
    await page.setViewportSize(SIZES.desktop);
  }

  // An eye that sees nothing would be content with everything: this page has one fault of each kind.
  async test(page) {
    await page.setContent(BAD);
    await this.look(page, "bad");
    const seen = this.faults.splice(0).join("\n");
    const kinds = ["one h1", "title", "no words say why", ...(this.thorough ? ["image-alt", "dark: color-contrast", "wider than"] : [])];
    for (const kind of kinds) {
      if (!seen.includes(kind)) throw new Error(`the eye does not see "${kind}" in\n${seen}`);
    }
    this.seen.clear();
  }

  // A title of its own, one heading of the first order, and what was typed wrong said beside its field.
  async form(page, note) {
    if ((await page.locator("h1").count()) !== 1) note("a page has one h1");
    if (!(await page.title()).trim()) note("a page has a title");
    for (const field of await page.locator("[aria-invalid=true]").all()) {
      const beside = (await field.getAttribute("aria-describedby")) ?? "";
      const words = await Promise.all(beside.split(" ").filter(Boolean).map((id) => page.locator(`[id="${id}"]`).textContent()));
      if (!words.join("").trim()) note(`${await field.getAttribute("name")} is wrong, and no words say why`);
    }
  }
}

// Runs in the page.
async function examine(rules) {
  const only = rules ? { runOnly: { type: "rule", values: rules } } : {};
  const { violations } = await axe.run(document, { resultTypes: ["violations"], preload: false, ...only });
  const said = violations.map((found) => {
    const where = found.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} (${node.failureSummary?.split("\n")[1]?.trim()})`);
    return `${found.id}: ${where.join("; ")}`;
  });
  const { scrollWidth, clientWidth } = document.documentElement;
  return { violations: said, over: scrollWidth - clientWidth };
}

// Runs in the page: puts the longest address there is in the place of every address and of whoever decides, tells how much
// wider than the screen the page becomes, and puts back what stood there.
function stretch(long) {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const stood = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (/\S@\S/.test(node.data) || node.parentElement.closest(".who strong, .self .truncate")) stood.push([node, node.data]);
  }
  for (const [node] of stood) node.data = node.data.includes("@") ? node.data.replace(/\S+@\S+/g, long) : long;
  const { scrollWidth, clientWidth } = document.documentElement;
  for (const [node, text] of stood) node.data = text;
  return scrollWidth - clientWidth;
}
