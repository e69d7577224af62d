// Plays the story and looks at every page, in Chromium.
//
// node run.mjs READY_FILE FOLDER_OF_NODE_MODULES CHROMIUM on|off FOLDER_OF_SCREENS
//
// `on` is with script, with axe and with pictures; `off` plays the same story without script.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import { Eye } from "./eye.mjs";
import { tour } from "./pages.mjs";
import { Town } from "./people.mjs";
import { story } from "./story.mjs";

const [, , readyFile, modules, executablePath, mode, screens] = process.argv;
const script = mode === "on";
mkdirSync(screens, { recursive: true });
const { chromium } = (await import(pathToFileURL(createRequire(`${modules}/`).resolve("playwright-core")).href)).default;
// Containers forbid what Chromium's own sandbox needs; nothing but our own pages is opened.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const eye = new Eye({ modules, screens, thorough: script });
try {
  const town = new Town({ browser, sandbox: JSON.parse(readFileSync(readyFile, "utf8")), eye, script, modules });
  await eye.test(await browser.newPage({ javaScriptEnabled: script }));
  await story(town);
  // What the story does not pass is the same page without script.
  if (script) await tour(town);
} finally {
  await browser.close();
}
if (eye.faults.length > 0) {
  console.error(eye.faults.join("\n"));
  process.exit(1);
}
console.log(`${eye.seen.size} pages with script ${mode}: ok`);
