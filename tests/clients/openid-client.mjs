// openid-client through the password and refresh flow, and through Login with Prosper.
//
// node openid-client.mjs READY_FILE FOLDER_OF_NODE_MODULES
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , readyFile, modules] = process.argv;
const found = createRequire(`${modules}/`).resolve("openid-client");
const oauth = await import(pathToFileURL(found).href);

const sandbox = JSON.parse(readFileSync(readyFile, "utf8"));
const base = sandbox.base_url;
const app = (kind) => sandbox.applications.find((app) => app.kind === kind);
const person = (email) => sandbox.people.find((person) => person.email === email);

const methods = [oauth.ClientSecretPost, oauth.ClientSecretBasic];

function configuration(app, server, method) {
  const config = new oauth.Configuration({ issuer: base, ...server }, app.client_id, app.client_secret, method(app.client_secret));
  // The sandbox speaks plain HTTP on loopback.
  oauth.allowInsecureRequests(config);
  return config;
}

async function investorApi(method) {
  const own = app("personal");
  const owner = person(own.owner);
  const config = configuration(own, { token_endpoint: `${base}/v1/security/oauth/token` }, method);
  const grant = (password) => oauth.genericGrantRequest(config, "password", { username: owner.email, password });
  await assert.rejects(grant("wrong"), { error: "invalid_grant", error_description: "Bad credentials" });

  const first = await grant(owner.password);
  const again = await oauth.refreshTokenGrant(config, first.refresh_token);
  assert.equal(again.refresh_token, first.refresh_token);
  assert.notEqual(again.access_token, first.access_token);
  const account = new URL("/v1/accounts/prosper/", base);
  const answer = await oauth.fetchProtectedResource(config, again.access_token, account, "GET");
  assert.equal(answer.status, 200);
}

async function login(method, pkce) {
  const client = app("login");
  const who = person("mary@example.com");
  const server = {
    authorization_endpoint: `${base}/login/oauth/authorize`,
    token_endpoint: `${base}/login/oauth/access-token`,
  };
  const config = configuration(client, server, method);
  const state = oauth.randomState();
  const parameters = { redirect_uri: client.redirect_uris[0], scope: "user:email", state };
  const checks = { expectedState: state };
  if (pkce) {
    checks.pkceCodeVerifier = oauth.randomPKCECodeVerifier();
    parameters.code_challenge = await oauth.calculatePKCECodeChallenge(checks.pkceCodeVerifier);
    parameters.code_challenge_method = "S256";
  }
  const back = await walk(oauth.buildAuthorizationUrl(config, parameters), who);
  const tokens = await oauth.authorizationCodeGrant(config, back, checks);
  assert.equal(tokens.scope, "user:email");
  const answer = await oauth.fetchProtectedResource(config, tokens.access_token, new URL("/api/v2/user", base), "GET");
  assert.equal((await answer.json()).email, who.email);
  const twice = oauth.authorizationCodeGrant(config, back, checks);
  await assert.rejects(twice, { error: "invalid_grant", error_description: "Invalid code" });
}

// A browser without script: signs in, allows, and stops where it is sent away from Prosper.
async function walk(url, who) {
  const cookies = new Map();
  const send = async (place, init = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(place, { ...init, redirect: "manual", headers: { cookie, ...init.headers } });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(";")[0].split("=");
      cookies.set(name, value);
    }
    return answer;
  };
  let place = new URL(url);
  let answer = await send(place);
  for (let step = 0; step < 20; step++) {
    if (answer.status === 302 || answer.status === 303) {
      place = new URL(answer.headers.get("location"), place);
      if (place.origin !== base) {
        assert.equal(answer.status, 302);
        return place;
      }
      answer = await send(place);
      continue;
    }
    const page = await answer.text();
    assert.equal(answer.status, 200, page);
    const [, action, inside] = page.match(/<form[^>]* action="([^"]*)"[^>]*>(.*?)<\/form>/s);
    const body = new URLSearchParams();
    for (const [tag] of inside.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      body.set(unescape(tag.match(/ name="([^"]*)"/)[1]), unescape(tag.match(/ value="([^"]*)"/)[1]));
    }
    if (inside.includes('name="password"')) {
      body.set("email", who.email);
      body.set("password", who.password);
    } else {
      body.set("decision", "allow");
    }
    place = new URL(unescape(action), place);
    answer = await send(place, { method: "POST", body });
  }
  throw new Error("redirected in circles");
}

function unescape(text) {
  const named = { lt: "<", gt: ">", quot: '"', amp: "&" };
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replace(/&(\w+);/g, (_, name) => named[name]);
}

for (const method of methods) {
  await investorApi(method);
  for (const pkce of [false, true]) {
    await login(method, pkce);
  }
}
console.log("openid-client: ok");
