// The list of messages: rows that are made once, kept by key and put in their order.

import { avatar, byId, element } from "./elements.js";

const GROUP_WITHIN_MS = 5 * 60_000;
const NEAR_END_PX = 80;

const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

export class MessageList {
  #log = byId("log");
  #scroller = byId("scroller");
  #newer = byId("newer");
  #rows = new Map();
  #channelId = null;
  #newest = null;

  constructor(chat) {
    this.chat = chat;
    this.#newer.onclick = () => this.#toEnd();
    this.#scroller.onscroll = () => {
      if (this.#isAtEnd()) this.#newer.hidden = true;
      if (this.#scroller.scrollTop < NEAR_END_PX) chat.loadEarlier();
    };
    byId("earlier").onclick = () => chat.loadEarlier();
  }

  /** Shows the open channel as it now is. */
  render() {
    const timeline = this.chat.current;
    const id = timeline?.channel.id ?? null;
    const isOther = id !== this.#channelId;
    if (isOther) this.#clear(id);
    const wasAtEnd = isOther || this.#isAtEnd();
    const items = timeline ? this.#items(timeline) : [];
    const height = this.#scroller.scrollHeight;
    const wasPrepended = this.#place(items);
    byId("earlier").hidden = !timeline || timeline.history !== "loaded" || timeline.reachesStart;
    byId("empty").hidden = timeline?.history !== "loaded" || items.length > 0;
    this.#log.setAttribute("aria-busy", String(timeline?.history === "loading"));
    if (wasPrepended) this.#scroller.scrollTop += this.#scroller.scrollHeight - height;
    else this.#follow(items, wasAtEnd);
  }

  #clear(id) {
    this.#channelId = id;
    this.#rows.clear();
    this.#log.replaceChildren();
    this.#newest = null;
    this.#newer.hidden = true;
  }

  /** The stored messages in their order, then those on their way. */
  #items(timeline) {
    const { outbox, me } = this.chat;
    const messages = timeline.ordered();
    const underway = outbox.underway(timeline.channel.id, me.id, messages);
    const stored = messages.map((message) => ({
      key: outbox.keys.get(message.id) ?? message.id,
      state: message.author.id === me.id ? "committed" : "",
      at: message.created_at,
      ...message,
    }));
    return [...stored, ...underway.map((entry) => ({ ...entry, author: me }))];
  }

  /** Puts rows in order; says whether the list grew at its beginning only. */
  #place(items) {
    const firstBefore = this.#log.querySelector("article");
    const wanted = [];
    let previous = null;
    for (const item of items) {
      // A clock that is behind the server's must not put what is sent before what is stored.
      const at = new Date(Math.max(Date.parse(item.at), previous?.at ?? 0));
      const isNewDay = !previous || day.format(previous.at) !== day.format(at);
      if (isNewDay) wanted.push(this.#row(`day ${day.format(at)}`, () => dayRow(at)));
      const isContinued =
        !isNewDay && previous.author === item.author.id && at - previous.at < GROUP_WITHIN_MS;
      wanted.push(this.#messageRow(item, at, isContinued));
      previous = { at, author: item.author.id };
    }
    arrange(this.#log, wanted);
    const kept = new Set(wanted);
    for (const [key, row] of this.#rows) if (!kept.has(row)) this.#rows.delete(key);
    const newest = items.at(-1)?.key ?? null;
    const isSameEnd = newest === this.#newest;
    this.#newest = newest;
    return isSameEnd && firstBefore !== null && firstBefore !== this.#log.querySelector("article");
  }

  #row(key, make) {
    if (!this.#rows.has(key)) this.#rows.set(key, make());
    return this.#rows.get(key);
  }

  #messageRow(item, at, isContinued) {
    const row = this.#row(item.key, () => messageRow(item));
    row.classList.toggle("continued", isContinued);
    if (item.id) row.dataset.id = item.id;
    if (item.seq !== undefined) row.dataset.seq = item.seq;
    if (row.dataset.at !== at.toISOString()) showTime(row, at);
    showText(row, item);
    if (row.dataset.state !== item.state) this.#showState(row, item);
    return row;
  }

  #showState(row, { state, key, reason }) {
    row.dataset.state = state;
    const shown = row.querySelector(".state");
    const texts = { sending: "sending…", accepted: "accepted…", committed: "✓", failed: `failed: ${reason}` };
    shown.replaceChildren(texts[state] ?? "");
    shown.title = state;
    if (state === "committed") shown.append(element("span", { className: "hidden" }, " committed"));
    if (state !== "failed") return;
    const { outbox } = this.chat;
    const retry = element("button", { type: "button", className: "quiet", onclick: () => outbox.retry(key) }, "Retry");
    const discard = element("button", { type: "button", className: "quiet", onclick: () => outbox.discard(key) }, "Discard");
    shown.append(" ", retry, discard);
  }

  #follow(items, wasAtEnd) {
    const last = items.at(-1);
    if (!last) return;
    const isOwn = last.state === "sending";
    if (wasAtEnd || isOwn) this.#toEnd();
    else if (!this.#isAtEnd()) this.#newer.hidden = false;
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#newer.hidden = true;
  }
}

/** Makes the children of `parent` be `wanted`, touching only those that differ. */
function arrange(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const row of wanted) {
    if (row === next) next = next.nextElementSibling;
    else parent.insertBefore(row, next);
  }
}

function dayRow(at) {
  return element("p", { className: "day" }, element("span", {}, day.format(at)));
}

function messageRow({ author }) {
  const shownName = author.display_name || author.first_name || author.username;
  const name = element("bdi", { className: "author", title: `@${author.username}` }, shownName);
  const heading = element("header", {}, name, " ", element("time"));
  const body = element("p", { className: "text", dir: "auto" });
  const state = element("span", { className: "state" });
  return element("article", { className: "message" }, avatar(author), element("div", {}, heading, body, state));
}

/** What the message says now, whether it was changed, and how people reacted. */
function showText(row, { text, edited_at, deleted_at, reactions = [] }) {
  const counts = reactions.map(({ emoji, count }) => `${emoji} ${count}`);
  const notes = [...(edited_at && !deleted_at ? ["edited"] : []), ...counts];
  const shown = JSON.stringify([text, deleted_at, notes]);
  if (row.dataset.shown === shown) return;
  row.dataset.shown = shown;
  const body = row.querySelector(".text");
  body.classList.toggle("deleted", Boolean(deleted_at));
  body.replaceChildren(deleted_at ? "This message was deleted." : text);
  if (notes.length) body.append(" ", element("span", { className: "notes" }, notes.join(" · ")));
}

function showTime(row, at) {
  row.dataset.at = at.toISOString();
  const shown = row.querySelector("time");
  Object.assign(shown, { dateTime: row.dataset.at, title: full.format(at), textContent: time.format(at) });
}
