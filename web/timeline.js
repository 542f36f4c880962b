// One channel's events, applied once each and in order.

/**
 * What is known of a channel. `cursor` is the number of the last event applied: an event is
 * applied only if its number is the next one, so nothing can be missed or counted twice.
 */
export class Timeline {
  #waiting = new Map();

  constructor(channel) {
    this.channel = channel;
    /** Where live delivery began: history has to reach up to here. */
    this.liveFrom = channel.last_seq;
    this.cursor = channel.last_seq;
    /** Messages by their number. */
    this.messages = new Map();
    /** "unknown", "loading", "loaded" or "failed". */
    this.history = "unknown";
    this.reachesStart = false;
    this.unread = 0;
  }

  /** Takes an event from anywhere, and gives those that could now be applied, in order. */
  take(event) {
    if (event.seq > this.cursor) this.#waiting.set(event.seq, event);
    const applied = [];
    for (let next; (next = this.#waiting.get(this.cursor + 1)); ) {
      this.#waiting.delete(next.seq);
      this.cursor = next.seq;
      this.#apply(next);
      applied.push(next);
    }
    return applied;
  }

  /** Is an event known to exist that has not been applied, because one before it is missing? */
  get hasGap() {
    return this.#waiting.size > 0;
  }

  /** Puts a message where its number says; the same one again changes nothing. */
  put(message) {
    this.messages.set(message.seq, message);
  }

  /** The messages in their order. */
  ordered() {
    return [...this.messages.values()].sort((one, other) => one.seq - other.seq);
  }

  get oldest() {
    return this.messages.size ? Math.min(...this.messages.keys()) : undefined;
  }

  #apply(event) {
    // Of a message that is not loaded only its creation is news.
    const message = event.message;
    if (message && (event.kind === "message_created" || this.messages.has(message.seq))) this.put(message);
    if (event.channel) Object.assign(this.channel, event.channel);
    this.channel.last_seq = event.seq;
  }
}
