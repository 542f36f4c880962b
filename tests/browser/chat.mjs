// Two people in two browsers with profiles of their own sign up on the page,
// find themselves in `public`, and chat both ways. The arguments are the
// addresses that their browsers open. Ends with an error unless all of it works.
//
// MODULES names the folder with playwright-core, PROFILES an existing folder
// for the browsers' files.

import { createRequire } from "node:module";
import { join } from "node:path";

const LIMIT_MS = 30_000;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

const [firstAddress, secondAddress] = process.argv.slice(2);
const modules = process.env.MODULES;
const profiles = process.env.PROFILES;
if (!firstAddress || !secondAddress || !modules || !profiles) {
  throw new Error("usage: MODULES=… PROFILES=… node chat.mjs ADDRESS ADDRESS");
}
const { chromium } = createRequire(join(modules, "package.json"))("playwright-core");

class Person {
  static async open(name, address) {
    const context = await chromium.launchPersistentContext(join(profiles, name), {
      executablePath: CHROMIUM,
      headless: true,
      args: FLAGS,
    });
    context.setDefaultTimeout(LIMIT_MS);
    const page = context.pages()[0] ?? (await context.newPage());
    const person = new Person(name, context, page);
    page.on("dialog", (dialog) => {
      person.dialogs.push(dialog.message());
      dialog.dismiss();
    });
    page.on("pageerror", (error) => person.errors.push(error.message));
    await page.goto(address);
    return person;
  }

  constructor(name, context, page) {
    this.name = name;
    this.context = context;
    this.page = page;
    this.dialogs = [];
    this.errors = [];
    this.log = page.getByRole("log");
  }

  async signUp() {
    const username = `${this.name}-${Math.random().toString(36).slice(2, 10)}`;
    const form = this.page.locator("form").filter({ has: this.page.getByLabel("First name") });
    if (!(await form.isVisible())) {
      await this.page.getByRole("button", { name: "Sign up" }).first().click();
    }
    await form.getByLabel("Username").fill(username);
    await form.getByLabel("Password").fill("correct horse battery");
    await form.getByLabel("First name").fill(this.name);
    await form.getByRole("button", { name: "Sign up" }).click();
    await this.page.getByText("public").first().waitFor();
    await this.page.getByLabel("Message", { exact: true }).waitFor();
  }

  async say(text) {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.getByRole("button", { name: "Send" }).click();
  }

  async sees(text) {
    try {
      await this.log.getByText(text, { exact: true }).waitFor();
    } catch {
      throw new Error(`${this.name} does not see ${text}; the log: ${await this.log.innerText()}`);
    }
    const count = await this.log.getByText(text, { exact: true }).count();
    check(count === 1, `${this.name} sees ${text} ${count} times`);
  }

  async isUnharmed() {
    check((await this.log.locator("img, script").count()) === 0, "markup became elements");
    check(this.dialogs.length === 0, `a script ran: ${this.dialogs}`);
    check(this.errors.length === 0, `${this.name}'s page failed: ${this.errors}`);
  }
}

function check(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

async function chat(ann, bob) {
  await Promise.all([ann.signUp(), bob.signUp()]);
  const said = [
    [ann, "hello from ann"],
    [bob, "hello from bob"],
    [ann, "a rabbit 🐇 and a family 👩‍👩‍👧‍👦"],
    [bob, "<img src=x onerror=alert(1)>"],
    [ann, "<script>alert(2)</script>"],
    [bob, "\u202emirrored\u202c and done"],
  ];
  for (const [speaker, text] of said) {
    await speaker.say(text);
    await Promise.all([ann.sees(text), bob.sees(text)]);
  }
  await Promise.all([ann.isUnharmed(), bob.isUnharmed()]);
}

const people = await Promise.all([Person.open("ann", firstAddress), Person.open("bob", secondAddress)]);
try {
  await chat(...people);
  console.log("two people chatted");
} finally {
  await Promise.all(people.map((person) => person.context.close()));
}
