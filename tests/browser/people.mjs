// The people of the sandbox, each with a browser of their own, and the programs that they run.
import assert from "node:assert/strict";
import http from "node:http";

export class Town {
  constructor({ browser, sandbox, eye, script, modules }) {
    Object.assign(this, { browser, sandbox, eye, script, modules, base: sandbox.base_url });
  }

  app(kind) {
    return this.sandbox.applications.find((app) => app.kind === kind);
  }

  // Somebody of the cast, by the beginning of their name.
  person(name) {
    return this.sandbox.people.find((person) => person.name.startsWith(name));
  }

  // Somebody with a browser that knows nothing yet.
  async somebody(login) {
    const context = await this.browser.newContext({ javaScriptEnabled: this.script, baseURL: this.base });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    this.eye.watch(page);
    return new Somebody(this, page, login);
  }

  // Somebody of the cast who has signed in.
  async signedIn(name) {
    const somebody = await this.somebody(this.person(name));
    await somebody.open("/login");
    await somebody.signIn();
    return somebody;
  }

  // The newest mail to this address.
  async mail(address) {
    const mails = await (await fetch(`${this.base}/sandbox/mail`, { headers: { accept: "application/json" } })).json();
    const found = mails.find((mail) => mail.to === address);
    assert.ok(found, `no mail to ${address}`);
    return found;
  }

  // What a program asks.
  async token(fields) {
    return this.ask("/v1/security/oauth/token", { method: "POST", body: new URLSearchParams(fields) });
  }

  async ask(path, init) {
    const answer = await fetch(new URL(path, this.base), init);
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  }
}

export class Somebody {
  constructor(town, page, login) {
    Object.assign(this, { town, page, login });
  }

  async open(path) {
    return this.page.goto(path);
  }

  async look(name) {
    await this.town.eye.look(this.page, name);
  }

  async signIn() {
    await this.fill({ Email: this.login.email, Password: this.login.password });
    await this.press("Sign in");
  }

  // Types into the fields of these labels.
  async fill(fields) {
    for (const [label, text] of Object.entries(fields)) await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  // Types, and reads what the page says beside the field meanwhile, which is this one thing.
  async saysWhileTyped(label, text, words) {
    const field = this.page.getByLabel(label, { exact: true });
    const said = this.page.getByRole("status");
    await field.fill("");
    assert.equal((await said.innerText()).trim(), "", "of nothing nothing is said");
    await field.pressSequentially(text);
    assert.ok((await said.innerText()).startsWith(words), `of ${text.length} characters: ${await said.innerText()}`);
  }

  async press(name) {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  async follow(name) {
    await this.page.getByRole("link", { name, exact: true }).first().click();
  }

  // Waits until the page says this.
  async reads(text) {
    await this.page.getByText(text).first().waitFor();
  }

  async leave() {
    await this.page.context().close();
  }
}

// Where an application waits for people to come back: a server on loopback, as a program on a desk runs one.
export async function doorstep() {
  const arrived = [];
  const server = http.createServer((request, response) => {
    if (request.url.startsWith("/back")) arrived.push(new URL(request.url, "http://127.0.0.1"));
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><html lang=en><title>Back</title><h1>Welcome back</h1>");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const uri = `http://127.0.0.1:${server.address().port}/back`;
  return { uri, last: () => arrived.at(-1), close: () => server.close() };
}
