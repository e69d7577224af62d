// The story of account registration, as the documents tell it, and Login with Prosper.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

import { enterConsole } from "./pages.mjs";
import { doorstep } from "./people.mjs";

export async function story(town) {
  const staff = await staffSignsIn(town);
  await individual(town);
  await opensAnAccount(town);
  await optionOne(town, staff);
  const agent = await optionTwo(town, staff);
  await declinedAndAsksAgain(town, staff);
  await investorGrantsAndWithdraws(town, agent);
  await loginWithProsper(town);
  await staff.leave();
}

async function staffSignsIn(town) {
  const staff = await town.signedIn("Margaret");
  await staff.open("/console/sign-in");
  await staff.look("console-sign-in");
  await staff.fill({ Password: "not this one" });
  await staff.press("Open the console");
  await staff.look("console-sign-in-wrong");
  await enterConsole(staff);
  return staff;
}

// "Sign in to your Prosper account and register your app."
async function individual(town) {
  const mary = await town.somebody(town.person("Mary"));
  await mary.open("/oauth#/settings");
  await mary.look("sign-in");
  await mary.press("Sign in");
  await mary.look("sign-in-empty");
  await mary.fill({ Email: mary.login.email, Password: "not this one" });
  await mary.press("Sign in");
  await mary.look("sign-in-wrong");
  await mary.signIn();
  await mary.look("api-settings-none");
  await mary.press("Register app");
  await mary.look("api-settings-wrong");
  await mary.fill({ "Company name": "Mary Jackson", "Phone number": "+1 415 555 0100" });
  await mary.press("Register app");
  await mary.look("api-settings-registered");
  const [id, secret] = await mary.page.locator(".secret code").allTextContents();
  const answer = await town.token({ grant_type: "password", client_id: id, client_secret: secret, username: mary.login.email, password: mary.login.password });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  await mary.follow("Manage this app");
  await mary.look("app-own");
  await runsWhatIsToBePasted(mary, { CLIENT_SECRET: secret, PASSWORD: mary.login.password });
  assert.equal((await town.token({ grant_type: "refresh_token", client_id: id, client_secret: secret, refresh_token: "no" })).status, 400);
  await mary.press("Add a secret");
  await mary.look("app-secret-added");
  await mary.page.locator("table a").first().click();
  await mary.look("app-ask-revoke-secret");
  await mary.press("Revoke the secret");
  await mary.look("app-secret-revoked");
  await findsTheReason(mary);
  await editsTheApp(mary);
  await mary.leave();
}

// The programs on the page do what they say, as they stand there.
async function runsWhatIsToBePasted(owner, environment) {
  const { modules } = owner.town;
  const venv = path.join(modules, "../venv/bin/python");
  const programs = {
    curl: ["sh", "-c"],
    python: [existsSync(venv) ? venv : "python3", "-c"],
    javascript: [process.execPath, "--input-type=module", "-e"],
  };
  for (const [language, [program, ...flags]] of Object.entries(programs)) {
    await owner.page.locator("nav[aria-label=Language] a", { hasText: new RegExp(`^${language}$`, "i") }).click();
    const code = await owner.page.locator(`pre[data-for=${language}]`).first().textContent();
    const ran = spawnSync(program, [...flags, code], { encoding: "utf8", env: { ...process.env, ...environment } });
    assert.equal(ran.status, 0, `${code}\n${ran.stderr}`);
    assert.match(ran.stdout, /access_token/, code);
  }
}

// What was refused is looked up by the id that the answer carried. It is written down about once a second.
async function findsTheReason(owner) {
  const app = new URL(owner.page.url()).pathname;
  const until = Date.now() + 60_000;
  do {
    await owner.open(app);
  } while (!(await owner.page.getByText("Missing/Invalid refresh token").count()) && Date.now() < until);
  await owner.look("app-requests-few");
  const [id] = await owner.page.locator("section[aria-labelledby=requests] td:last-child code").allTextContents();
  await owner.open(`${app}/requests`);
  await owner.look("app-requests");
  await owner.fill({ "Request id": id });
  await owner.press("Look it up");
  await owner.reads("Missing/Invalid refresh token");
  await owner.fill({ "Request id": "0000000000000000" });
  await owner.press("Look it up");
  await owner.look("app-requests-none");
  await owner.open(app);
}

async function editsTheApp(owner) {
  await owner.page.getByRole("link", { name: "Edit name, contact and logo" }).click();
  await owner.look("app-profile");
  await owner.fill({ "Phone number": "12" });
  await owner.press("Save");
  await owner.look("app-profile-wrong");
  await owner.fill({ "Phone number": "+1 415 555 0199" });
  await owner.press("Save");
  await owner.reads("Saved.");
  await owner.page.getByRole("link", { name: "Edit name, contact and logo" }).click();
  await owner.page.getByLabel("Picture").setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: PNG });
  await owner.press("Set the logo");
  await owner.look("app-with-logo");
}

// One pixel, green.
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkyP5fDwAEfAH4o1m1xAAAAABJRU5ErkJggg==",
  "base64",
);

// Somebody who has no account yet, and then forgets the password of it.
async function opensAnAccount(town) {
  const login = { email: "annie@example.com", password: "nine quiet paper boats" };
  const annie = await town.somebody(login);
  await annie.open("/login");
  await annie.follow("Open an account");
  await annie.look("sign-up");
  await annie.press("Open the account");
  await annie.look("sign-up-wrong");
  await annie.saysWhileTyped("Password", "nine", "Not long enough yet");
  await annie.saysWhileTyped("Password", login.password, "Long enough");
  await annie.look("sign-up-filled-in");
  await annie.fill({ "Your full name": "Annie Easley", Email: login.email, Password: login.password });
  await annie.press("Open the account");
  await annie.look("sign-up-sent");
  await annie.open((await town.mail(login.email)).links[0]);
  await annie.press("Yes, confirm it");
  await annie.look("sign-up-confirmed");
  await annie.open("/forgot");
  await annie.look("forgot");
  await annie.press("Send the link");
  await annie.look("forgot-wrong");
  await annie.fill({ Email: login.email });
  await annie.press("Send the link");
  await annie.look("forgot-sent");
  const [link] = (await town.mail(login.email)).links;
  await annie.open(link);
  await annie.look("reset");
  await annie.press("Set the password");
  await annie.look("reset-wrong");
  await annie.fill({ "New password": "ten loud paper boats" });
  await annie.press("Set the password");
  await annie.look("reset-done");
  await annie.open(link);
  await annie.look("reset-dead");
  login.password = "ten loud paper boats";
  await annie.open("/login");
  await annie.signIn();
  await annie.reads("Annie Easley");
  await annie.leave();
}

// "I already have an institutional account set up with Prosper."
async function optionOne(town, staff) {
  const katherine = await town.signedIn("Katherine");
  await katherine.open("/oauth#/settings");
  await katherine.look("api-settings-without-role");
  await katherine.follow("Ask for the role");
  await katherine.look("agent-request");
  await katherine.fill({ "Further accounts (optional)": "no address" });
  await katherine.press("Ask for the role");
  await katherine.look("agent-request-wrong");
  await katherine.fill({ "Further accounts (optional)": "", "Message (optional)": "Please grant third party role" });
  await katherine.press("Ask for the role");
  await katherine.look("agent-request-in-review");
  await decides(staff, "Orbit Capital & Sons", "Approve", "console-review-existing");
  assert.match((await town.mail(katherine.login.email)).text, /agent/);
  await registersAgentApp(katherine, "Orbit Capital & Sons", "https://orbit.example/prosper");
  await katherine.leave();
}

// "I want to use a new account to register my app."
async function optionTwo(town, staff) {
  const login = { email: "desk@meridian.example", password: "seven plain wooden chairs" };
  const agent = await town.somebody(login);
  await agent.open("/account/common/inst_register.aspx");
  await agent.look("inst-register");
  await agent.press("Register the institution");
  await agent.look("inst-register-wrong");
  await agent.page.getByRole("radio", { name: "Third Party Agent" }).check();
  await agent.fill({ "Institution name": "Meridian Advisors", "Your full name": "Dorothy Vaughan", Email: login.email, Password: login.password });
  await agent.press("Register the institution");
  await agent.look("inst-registered");
  const [link] = (await town.mail(login.email)).links;
  await agent.open(link);
  await agent.look("verify");
  await agent.press("Yes, confirm it");
  await agent.look("verified");
  await agent.follow("See where it stands");
  await agent.signIn();
  await agent.look("standing-in-review");
  await decides(staff, "Meridian Advisors", "Approve", "console-review-new");
  const approved = await town.somebody(login);
  await approved.open("/login");
  await approved.signIn();
  const door = await doorstep();
  const app = await registersAgentApp(approved, "Meridian Advisors", `${door.uri}?from=prosper`, "agent");
  await agent.leave();
  await approved.leave();
  return { ...app, door };
}

async function registersAgentApp(agent, company, redirect, picture = null) {
  await agent.open("/oauth#/settings");
  const form = agent.page.locator("form#register-agent");
  const fields = { "Company name": company, "Phone number": "+1 415 555 0101", Email: "apps@agents.example", "Company URL": "https://agents.example", "Redirect URL": "nowhere" };
  for (const [label, text] of Object.entries(fields)) await form.getByLabel(label, { exact: true }).fill(text);
  await agent.press("Register agent app");
  if (picture) await agent.look(`${picture}-app-wrong`);
  await form.getByLabel("Redirect URL", { exact: true }).fill(redirect);
  await agent.press("Register agent app");
  if (picture) await agent.look(`${picture}-app-registered`);
  const [id, secret] = await agent.page.locator(".secret code").allTextContents();
  const link = await agent.page.locator("pre", { hasText: "YOUR_STATE" }).textContent();
  await agent.follow("Manage this app");
  if (picture) await agent.look(`${picture}-app`);
  return { id, secret, link: link.trim(), company };
}

async function decides(staff, institution, decision, picture) {
  await staff.open("/console");
  await staff.page.getByRole("link", { name: `Review ${institution}` }).click();
  await staff.look(picture);
  await staff.press(decision);
  await staff.reads(decision === "Approve" ? "Approved. They are told by mail." : "Declined. They are told");
}

async function declinedAndAsksAgain(town, staff) {
  await staff.open("/console");
  await staff.page.getByRole("link", { name: "Review Compiler Partners" }).click();
  await staff.press("Decline");
  await staff.look("console-review-wrong");
  await staff.fill({ "Reason (optional)": "Please name the person who signs for the company." });
  await staff.press("Decline");
  await staff.look("console-declined");
  const grace = await town.signedIn("Grace");
  await grace.open("/account/agent-request");
  await grace.look("agent-request-declined");
  await grace.fill({ "Message (optional)": "Grace Hopper signs for the company." });
  await grace.press("Ask for the role");
  await grace.look("agent-request-again");
  await decides(staff, "Compiler Partners", "Approve", "console-review-again");
  await grace.leave();
}

// "They'll be in touch with a link for you to grant them permission to access your Prosper account."
async function investorGrantsAndWithdraws(town, agent) {
  const ada = await town.somebody(town.person("Ada"));
  const link = agent.link.replace("YOUR_STATE", encodeURIComponent("a b&c"));
  await ada.open(link);
  await ada.look("sign-in-for-agent");
  await ada.signIn();
  await ada.look("consent-agent");
  await ada.press("Deny");
  await ada.reads("Welcome back");
  assert.equal(agent.door.last().searchParams.get("error"), "access_denied", agent.door.last().href);
  await ada.open(link);
  await ada.press("Allow");
  await ada.reads("Welcome back");
  const back = agent.door.last().searchParams;
  assert.equal(back.get("from"), "prosper");
  assert.equal(back.get("state"), "a b&c", agent.door.last().href);
  const key = back.get("auth_key");
  assert.ok(key, agent.door.last().href);
  const grant = { grant_type: "authorization_key", client_id: agent.id, client_secret: agent.secret, auth_key: key };
  const tokens = await town.token(grant);
  assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
  const account = () => town.ask("/v1/accounts/prosper/", { headers: { authorization: `bearer ${tokens.body.access_token}` } });
  assert.equal((await account()).status, 200);
  await ada.open(link);
  await ada.look("consent-agent-again");
  await ada.open("/account/connected-apps");
  await ada.look("connected-apps");
  await ada.follow(`Withdraw ${agent.company}`);
  await ada.look("connected-ask-withdraw");
  await ada.press("Withdraw");
  await ada.look("connected-withdrawn");
  assert.equal((await account()).status, 401);
  assert.notEqual((await town.token(grant)).status, 200);
  agent.door.close();
  await ada.leave();
}

// Sign in, consent, and the code arrives where the application waits on loopback.
async function loginWithProsper(town) {
  const app = town.app("login");
  const door = await doorstep();
  const owner = await town.signedIn("Katherine");
  await owner.open(`/oauth/apps/${app.client_id}`);
  const uris = owner.page.getByLabel("Redirect URIs, one on each line", { exact: true });
  const kept = await uris.inputValue();
  await uris.fill("https://orbit.example/*");
  await owner.press("Save");
  await owner.look("app-redirects-wrong");
  await uris.fill(`${kept.trim()}\n${door.uri}`);
  await owner.press("Save");
  await owner.look("app-redirects-saved");
  await owner.fill({ Address: `${door.uri}/?lang=en&state=mine` });
  await owner.press("Compare");
  await owner.look("app-tester-differs");
  await owner.fill({ Address: `${door.uri}?lang=en` });
  await owner.press("Compare");
  await owner.look("app-tester-matches");
  await owner.leave();
  const mary = await town.somebody(town.person("Mary"));
  const query = new URLSearchParams({ client_id: app.client_id, redirect_uri: door.uri, scope: "user:email", state: "s/1+2" });
  await mary.open(`/login/oauth/authorize?${query}`);
  await mary.look("sign-in-for-login");
  await mary.signIn();
  await mary.look("consent-login");
  await mary.press("Allow");
  await mary.reads("Welcome back");
  const back = door.last().searchParams;
  assert.equal(back.get("state"), "s/1+2", door.last().href);
  const body = new URLSearchParams({ client_id: app.client_id, client_secret: app.client_secret, code: back.get("code") });
  const tokens = await town.ask("/login/oauth/access-token", { method: "POST", body });
  assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
  const profile = await town.ask("/api/v2/user", { headers: { authorization: `Bearer ${tokens.body.access_token}` } });
  assert.equal(profile.body.email, mary.login.email);
  // What was allowed once is not asked again.
  await mary.open(`/login/oauth/authorize?${query}`);
  await mary.reads("Welcome back");
  assert.notEqual(door.last().searchParams.get("code"), back.get("code"));
  door.close();
  await mary.leave();
}
