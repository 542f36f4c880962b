// What this person sends, kept with its key until the server says what became of it.

const STORED = "warren.outbox";
const RESEND_AFTER_MS = 8_000;
const PASSING = new Set(["unavailable", "not_acknowledged", "too_many_requests", "internal_error"]);

/**
 * Sends under way. Every entry has a key for ever: whatever gets lost on the way, the same
 * key sent again is the same message. Entries survive a reload of the page.
 *
 * An entry's `state` is "sending", "accepted", "committed" or "failed" (with `reason`).
 */
export class Outbox {
  entries = [];
  /** Keys by message id, of entries that have become messages. */
  keys = new Map();

  constructor({ transmit, changed }) {
    Object.assign(this, { transmit, changed });
    setInterval(() => this.#resend(Date.now() - RESEND_AFTER_MS), 1_000);
  }

  restore() {
    const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "[]");
    const resumed = ({ state }) => (state === "failed" ? state : "sending");
    this.entries = stored.map((entry) => ({ ...entry, state: resumed(entry), sentAt: 0 }));
  }

  clear() {
    this.entries = [];
    this.keys.clear();
    sessionStorage.removeItem(STORED);
  }

  add(channelId, text, after) {
    const entry = { key: crypto.randomUUID(), channelId, text, after, at: new Date().toISOString() };
    this.entries.push(Object.assign(entry, { state: "sending", sentAt: 0 }));
    this.#store();
    this.#send(entry);
  }

  retry(key) {
    const entry = this.#find(key);
    if (!entry) return;
    // A rejection is final for its key; everything else is asked again with the same one.
    if (entry.isRejected) Object.assign(entry, { key: crypto.randomUUID(), isRejected: false });
    entry.state = "sending";
    this.#store();
    this.#send(entry);
    this.changed(entry.channelId);
  }

  discard(key) {
    const entry = this.#find(key);
    if (!entry) return;
    this.#remove(entry);
    this.changed(entry.channelId);
  }

  /** Sends all that is undecided again, after a reconnect. */
  resendAll() {
    this.#resend(Infinity);
  }

  receipt({ key, outcome, id, reason }) {
    const entry = this.#find(key);
    if (!entry) return;
    this.#release(key, id);
    entry.id = id;
    entry.state = outcome === "rejected" ? "failed" : outcome;
    if (outcome === "rejected") Object.assign(entry, { reason: reason ?? "rejected", isRejected: true });
    this.#store();
    this.changed(entry.channelId);
  }

  refusal({ key, code, message }) {
    const entry = this.#find(key);
    if (!entry || PASSING.has(code)) return;
    Object.assign(entry, { state: "failed", reason: message || code });
    this.#store();
    this.changed(entry.channelId);
  }

  /**
   * Finds the message that each of a channel's entries has become, so that none is shown
   * twice, and gives the entries that are still on their way.
   *
   * Events may come before the receipt that tells the id; until then an entry is taken to be
   * the person's own next message of the same text.
   */
  underway(channelId, myId, messages) {
    const mine = messages.filter(({ author }) => author.id === myId);
    return this.entries.filter((entry) => {
      if (entry.channelId !== channelId) return false;
      const message = mine.find((candidate) => this.#matches(entry, candidate));
      if (!message) return true;
      this.keys.set(message.id, entry.key);
      if (entry.id) this.#remove(entry);
      return false;
    });
  }

  #matches(entry, message) {
    if (entry.id) return message.id === entry.id;
    const owner = this.keys.get(message.id);
    if (owner) return owner === entry.key;
    return entry.state === "sending" && message.seq > entry.after && message.text === entry.text;
  }

  /** Gives back a message that was taken for the entry's by its text and is another's. */
  #release(key, id) {
    for (const [messageId, owner] of this.keys) {
      if (owner === key && messageId !== id) this.keys.delete(messageId);
    }
  }

  #resend(sentBefore) {
    for (const entry of this.entries) {
      const isUndecided = entry.state === "sending" || entry.state === "accepted";
      if (isUndecided && entry.sentAt < sentBefore) this.#send(entry);
    }
  }

  #send(entry) {
    const frame = { type: "send", channel: entry.channelId, text: entry.text, key: entry.key };
    if (this.transmit(frame)) entry.sentAt = Date.now();
  }

  #remove(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    this.#store();
  }

  #find(key) {
    return this.entries.find((entry) => entry.key === key);
  }

  #store() {
    const kept = this.entries.filter(({ state }) => state !== "committed");
    sessionStorage.setItem(STORED, JSON.stringify(kept));
  }
}
