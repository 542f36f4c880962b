// Signing up and logging in: one form, whose password manager hints follow its mode.

import { byId } from "./elements.js";

const NOTES = {
  signup: "Make an account, and you can talk right away.",
  login: "Welcome back.",
};

export class Entry {
  #form = byId("entry-form");
  #mode = "signup";

  /** `entered` takes the user once there is a session. */
  constructor(session, entered) {
    Object.assign(this, { session, entered });
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit(this.#mode);
    };
    byId("sign-up").onclick = () => this.#choose("signup");
    byId("log-in").onclick = () => this.#choose("login");
  }

  show(mode = "signup", note = "") {
    byId("entry").hidden = false;
    this.#form.reset();
    this.#setMode(mode);
    this.#showErrors({});
    if (note) byId("entry-note").textContent = note;
    this.#form.username.focus();
  }

  hide() {
    byId("entry").hidden = true;
    this.#form.reset();
  }

  // The button of the mode submits; the other one changes the mode, and submits as well if
  // everything that it needs is there already.
  #choose(mode) {
    const isFilled = this.#form.username.value && this.#form.password.value;
    const submits = mode === this.#mode || (mode === "login" && isFilled);
    this.#setMode(mode);
    if (submits) this.#submit(mode);
    else this.#form.username.focus();
  }

  #setMode(mode) {
    this.#mode = mode;
    const isSignup = mode === "signup";
    byId("entry-note").textContent = NOTES[mode];
    byId("first-name-field").hidden = !isSignup;
    this.#form.password.autocomplete = isSignup ? "new-password" : "current-password";
    byId("sign-up").classList.toggle("quiet", !isSignup);
    byId("log-in").classList.toggle("quiet", isSignup);
  }

  async #submit(mode) {
    const { username, password, first_name } = Object.fromEntries(new FormData(this.#form));
    this.#showErrors({});
    this.#setBusy(true);
    try {
      const user =
        mode === "signup"
          ? await this.session.signup({ username: username.trim(), password, first_name: first_name.trim() })
          : await this.session.login(username.trim(), password);
      this.entered(user);
    } catch (error) {
      this.#showErrors(error);
    } finally {
      this.#setBusy(false);
    }
  }

  #setBusy(isBusy) {
    for (const id of ["sign-up", "log-in"]) byId(id).disabled = isBusy;
  }

  #showErrors({ errors = [], message = "" }) {
    let hasPlace = false;
    for (const name of ["username", "password", "first_name"]) {
      const found = errors.find(({ field }) => field === name);
      byId(`${name}-error`).textContent = found?.message ?? "";
      this.#form[name].setAttribute("aria-invalid", String(Boolean(found)));
      hasPlace ||= Boolean(found);
    }
    byId("entry-error").textContent = hasPlace ? "" : message;
  }
}
