import assert from "node:assert/strict";

// Every page that the story does not pass: one line each. Who looks (nobody, or a person of the cast by the beginning of
// their name), where, and under which name its pictures are kept. A fourth word is a button: it is pressed with nothing
// filled in, and the page that comes back is looked at too.
const PAGES = [
  ["nobody", "/", "front"],
  ["nobody", "/welcome", "welcome"],
  ["nobody", "/docs", "docs"],
  ["nobody", "/docs/errors", "docs-errors"],
  ["nobody", "/login?next=%2Foauth&lost=form", "sign-in-form-lost"],
  ["nobody", "/nothing-here", "problem-not-found"],
  ["nobody", "/login/oauth/authorize?client_id=LOGIN&redirect_uri=LOGIN_URI&scope=everything", "problem-refused"],
  ["nobody", "/sign-up?next=AUTHORIZE", "sign-up-to-app"],
  ["nobody", "/forgot?next=AUTHORIZE", "forgot-to-app", "Send the link"],
  ["nobody", "/logout", "sign-out-nobody"],
  ["nobody", "/verify-email?link=old", "verify-dead"],
  ["nobody", "/setup", "setup-closed"],
  ["nobody", "/reset?link=old", "reset-no-link"],
  ["nobody", "/change-email?link=old", "change-email-dead"],
  ["nobody", "/undo-email?link=old", "undo-email-dead"],
  ["nobody", "/sandbox", "sandbox"],
  ["nobody", "/sandbox/mail", "sandbox-mailbox"],
  ["Mary", "/account", "account"],
  ["Mary", "/account/settings", "settings"],
  ["Mary", "/account/password", "password", "Change the password"],
  ["Mary", "/account/email", "email", "Send the link"],
  ["Mary", "/account/sessions", "sessions"],
  ["Mary", "/account/sessions/end-all", "sessions-end-all"],
  ["Mary", "/account/close", "close", "Close the account"],
  ["Mary", "/account/connected-apps/history", "grant-history"],
  ["Mary", "/account/agent-request", "agent-request-individual"],
  ["Mary", "/logout", "sign-out"],
  ["Mary", "/console", "console-to-others"],
  ["Ida", "/account/finish", "finish"],
  ["Hedy", "/oauth", "api-settings-agent"],
  ["Hedy", "/account/agent-request", "agent-request-approved"],
  ["Katherine", "/oauth/apps/LOGIN", "app-login"],
  ["Katherine", "/oauth/apps/PARTNER", "app-partner"],
  ["Katherine", "/oauth/apps/PARTNER/requests", "app-requests-counted"],
  ["Katherine", "/oauth/apps/PARTNER/disable", "app-ask-disable"],
  ["Katherine", "/oauth/apps/PARTNER/delete", "app-ask-delete"],
  ["Katherine", "/oauth/apps/PARTNER/secrets/revoke", "app-ask-revoke-all"],
  ["Margaret", "/console", "console-requests"],
  ["Margaret", "/console/accounts", "console-accounts"],
  ["Margaret", "/console/accounts?q=nobody-of-that-name", "console-accounts-none"],
  ["Margaret", "/console/accounts/5", "console-account"],
  ["Margaret", "/console/erasures", "console-erasures"],
  ["Margaret", "/console/accounts/WAITS", "console-account-erasure"],
  ["Margaret", "/console/applications", "console-applications"],
  ["Margaret", "/console/applications/LOGIN", "console-application"],
  ["Margaret", "/console/applications/new", "console-register", "Register and send the link"],
  ["Margaret", "/console/spaces", "console-spaces", "Make the space"],
  ["Margaret", "/console/spaces/1", "console-space", "Set the logo"],
  ["Margaret", "/console/keys", "console-keys"],
  ["Margaret", "/console/mail", "console-mail"],
  ["Margaret", "/console/mail/1", "console-mail-item"],
  ["Margaret", "/console/audit", "console-audit"],
];

// Who cannot use their account sees why on signing in: a page for each status.
const STANDINGS = ["Clara", "Dora", "Emil", "Ines", "Otto", "Paula", "Piet", "Ida", "Susan", "Theo", "Uma", "Rita"];

export async function tour(town) {
  const asked = `/login/oauth/authorize?client_id=${town.app("login").client_id}&redirect_uri=${encodeURIComponent(town.app("login").redirect_uris[0])}&scope=user:email&state=x`;
  const ids = { AUTHORIZE: encodeURIComponent(asked), LOGIN_URI: encodeURIComponent(town.app("login").redirect_uris[0]), LOGIN: town.app("login").client_id, PARTNER: town.app("partner").client_id, WAITS: await waitsToBeErased(town) };
  await calls(town);
  let looker = null;
  for (const [who, path, name, button] of PAGES) {
    if (looker?.name !== who) {
      await looker?.somebody.leave();
      looker = { name: who, somebody: who === "nobody" ? await town.somebody() : await town.signedIn(who) };
      if (who === "Margaret") await enterConsole(looker.somebody);
    }
    await looker.somebody.open(path.replace(/AUTHORIZE|LOGIN_URI|LOGIN|PARTNER|WAITS/g, (id) => ids[id]));
    await looker.somebody.look(name);
    if (button) {
      await looker.somebody.press(button);
      await looker.somebody.look(`${name}-wrong`);
    }
  }
  await looker.somebody.leave();
  for (const name of STANDINGS) {
    const somebody = await town.signedIn(name);
    await somebody.look(`standing-${somebody.login.status.replaceAll(" ", "-")}${somebody.login.password_reset_required ? "-reset" : ""}`);
    await somebody.leave();
  }
}

// Somebody waits to be erased: the number of their account. Staff plan it, on its page.
async function waitsToBeErased(town) {
  const staff = await town.signedIn("Margaret");
  await enterConsole(staff);
  await staff.open("/console/accounts?q=Theo");
  const href = await staff.page.locator("main a[href^='/console/accounts/']").first().getAttribute("href");
  await staff.open(href);
  await staff.page.getByRole("button", { name: /^Erase after / }).click();
  await staff.page.getByRole("button", { name: "Call the erasure off", exact: true }).waitFor();
  await staff.leave();
  return href.match(/[0-9]+/)[0];
}

// The partner's program calls a few times within a minute, and its page counts them once they are written down.
async function calls(town) {
  const { client_id, client_secret } = town.app("partner");
  const owner = await town.signedIn("Katherine");
  for (let tries = 0; tries < 20; tries += 1) {
    const answer = await town.token({ grant_type: "client_credentials", client_id, client_secret });
    assert.equal(answer.status, 200);
    await owner.page.waitForTimeout(500);
    await owner.open(`/oauth/apps/${client_id}/requests`);
    if (await owner.page.getByText(/^[0-9]+ calls$/).count()) return owner.leave();
  }
  assert.fail("no page counts the calls");
}

// The console asks for the password once more.
export async function enterConsole(staff) {
  await staff.open("/console/sign-in");
  await staff.fill({ Password: staff.login.password });
  await staff.press("Open the console");
}
