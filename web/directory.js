// The dialog in which channels are found, joined and created.

import { byId, element } from "./elements.js";

const SEARCH_AFTER_MS = 250;

export class Directory {
  #dialog = byId("directory");
  #list = byId("directory-list");
  #more = byId("more-channels");
  #search = byId("search");
  #cursor;
  #timer = 0;
  #asked = 0;

  constructor(chat) {
    this.chat = chat;
    byId("browse").onclick = () => this.#open();
    byId("close-directory").onclick = () => this.#dialog.close();
    byId("search-form").onsubmit = (event) => {
      event.preventDefault();
      this.#load();
    };
    this.#search.oninput = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#load(), SEARCH_AFTER_MS);
    };
    this.#more.onclick = () => this.#load(this.#cursor);
    byId("create-form").onsubmit = (event) => this.#create(event);
  }

  close() {
    this.#dialog.close();
  }

  #open() {
    this.#search.value = "";
    byId("create-form").reset();
    this.#list.replaceChildren();
    this.#dialog.showModal();
    this.#load();
  }

  async #load(cursor) {
    const asked = ++this.#asked;
    await this.#attempt(async () => {
      const page = await this.chat.browse(this.#search.value.trim(), cursor);
      // An answer that a later question has overtaken is of no interest.
      if (asked !== this.#asked) return;
      const rows = page.items.map((channel) => this.#row(channel));
      if (cursor) this.#list.append(...rows);
      else this.#list.replaceChildren(...rows);
      this.#cursor = page.next_cursor;
      this.#more.hidden = !this.#cursor;
    });
  }

  #row(channel) {
    const isMine = this.chat.timelines.has(channel.id);
    const about = element("div", {}, element("bdi", { className: "name" }, `# ${channel.name}`));
    if (channel.description) about.append(element("p", { dir: "auto" }, channel.description));
    const button = element("button", { type: "button", className: "quiet" }, isMine ? "Open" : "Join");
    button.setAttribute("aria-label", `${button.textContent} ${channel.name}`);
    button.onclick = () => this.#enter(() => (isMine ? this.chat.open(channel.id) : this.chat.join(channel.id)));
    return element("li", {}, about, button);
  }

  #create(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    const fields = { name: form.get("name").trim(), kind: form.has("private") ? "private" : "public" };
    const description = form.get("description").trim();
    if (description) fields.description = description;
    this.#enter(() => this.chat.create(fields));
  }

  #enter(action) {
    return this.#attempt(async () => {
      await action();
      this.#dialog.close();
    });
  }

  async #attempt(action) {
    const shown = byId("directory-error");
    shown.textContent = "";
    try {
      await action();
    } catch (error) {
      shown.textContent = error.errors?.[0]?.message ?? error.message;
    }
  }
}
