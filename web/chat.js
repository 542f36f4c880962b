// The chat without its page: channels, timelines and sends, fed by the socket and the API.

import { isPassing } from "./api.js";
import { Outbox } from "./outbox.js";
import { Gateway } from "./socket.js";
import { Timeline } from "./timeline.js";

const PAGE = 50;
const EVENTS = 200;

/**
 * Tells of every change by an event: "channels", "timeline" (its channel's id in `detail`),
 * "connection" (the state in `detail`).
 */
export class Chat extends EventTarget {
  timelines = new Map();
  me = null;
  currentId = null;
  #epoch;
  #filling = new Set();

  constructor(session) {
    super();
    this.session = session;
    this.gateway = new Gateway({
      session,
      position: () => this.#position(),
      frame: (frame) => this.#frame(frame),
      state: (state) => this.#tell("connection", state),
    });
    this.outbox = new Outbox({
      transmit: (frame) => this.gateway.send(frame),
      changed: (channelId) => this.#tell("timeline", channelId),
    });
  }

  start(me) {
    this.me = me;
    this.outbox.restore();
    this.gateway.start();
  }

  stop() {
    this.gateway.stop();
    this.outbox.clear();
    this.timelines.clear();
    this.me = this.currentId = null;
    this.#epoch = undefined;
  }

  get current() {
    return this.timelines.get(this.currentId);
  }

  /** Channels by name. */
  channels() {
    const byName = (one, other) => one.channel.name.localeCompare(other.channel.name);
    return [...this.timelines.values()].sort(byName);
  }

  open(channelId) {
    this.currentId = channelId;
    const timeline = this.current;
    if (timeline) timeline.unread = 0;
    this.#tell("channels");
    this.#tell("timeline", channelId);
    this.#loadWhenOpen();
  }

  /** The person sees what is open. */
  seen() {
    if (!this.current?.unread) return;
    this.current.unread = 0;
    this.#tell("channels");
  }

  send(text) {
    const timeline = this.current;
    if (!timeline) return;
    this.outbox.add(timeline.channel.id, text, timeline.cursor);
    this.#tell("timeline", timeline.channel.id);
  }

  /** Loads the page of messages before the oldest one. */
  async loadEarlier() {
    const timeline = this.current;
    if (!timeline || timeline.history !== "loaded" || timeline.reachesStart) return;
    timeline.history = "loading";
    const before = timeline.oldest ?? timeline.liveFrom + 1;
    await this.#attempt(timeline, async () => {
      const page = await this.#messages(timeline, `&before_seq=${before}`);
      this.#putPage(timeline, page);
    });
  }

  browse(query, cursor) {
    const parameters = new URLSearchParams();
    if (query) parameters.set("query", query);
    if (cursor) parameters.set("cursor", cursor);
    return this.session.request("GET", `/v1/channels/browse?${parameters}`);
  }

  async create(fields) {
    this.#enter(await this.session.request("POST", "/v1/channels", fields));
  }

  async join(channelId) {
    this.#enter(await this.session.request("POST", `/v1/channels/${channelId}/join`));
  }

  async leave(channelId) {
    await this.session.request("POST", `/v1/channels/${channelId}/unsubscribe`);
    // With a connection, the event of leaving comes by it, after all that is still before it.
    if (!this.gateway.send({ type: "ping" })) this.#remove(channelId);
  }

  // What the socket says

  #position() {
    const cursors = {};
    for (const [id, { cursor }] of this.timelines) cursors[id] = cursor;
    return this.#epoch === undefined ? {} : { cursors, epoch: this.#epoch };
  }

  #frame(frame) {
    const handlers = {
      ready: () => this.#ready(frame),
      event: () => this.#event(frame),
      resync: () => this.#resync(frame),
      receipt: () => this.outbox.receipt(frame),
      error: () => frame.key && this.outbox.refusal(frame),
    };
    handlers[frame.type]?.();
  }

  #ready({ me, epoch, channels }) {
    this.me = me;
    this.#epoch = epoch;
    const present = new Set(channels.map(({ id }) => id));
    for (const id of this.timelines.keys()) if (!present.has(id)) this.timelines.delete(id);
    for (const channel of channels) {
      const known = this.timelines.get(channel.id);
      // A known channel goes on from its own cursor; what it lacks comes as events.
      if (known) Object.assign(known.channel, { ...channel, last_seq: known.cursor });
      else this.timelines.set(channel.id, new Timeline(channel));
    }
    if (!this.current) this.#openDefault();
    this.#tell("channels");
    this.#loadWhenOpen();
    this.outbox.resendAll();
  }

  #openDefault() {
    const channels = this.channels();
    const first = channels.find(({ channel }) => channel.name === "public") ?? channels[0];
    this.open(first?.channel.id ?? null);
  }

  async #event(event) {
    const timeline = this.timelines.get(event.channel_id);
    if (!timeline) return this.#eventOfNewChannel(event);
    this.#apply(timeline, event);
    if (timeline.hasGap) await this.#fill(timeline);
  }

  /** Having joined or created a channel, here or elsewhere, one gets its events from then on. */
  async #eventOfNewChannel(event) {
    const isMine = (event.user?.id ?? event.actor_id) === this.me.id;
    const isBeginning = event.kind === "member_joined" || event.kind === "channel_created";
    if (!isMine || !isBeginning) return;
    const id = event.channel_id;
    this.#add({ id, name: "", kind: "public", ...event.channel, last_seq: event.seq });
    try {
      const channel = await this.session.request("GET", `/v1/channels/${id}`);
      const timeline = this.timelines.get(id);
      if (timeline) Object.assign(timeline.channel, { ...channel, last_seq: timeline.cursor });
      this.#tell("channels");
    } catch {
      this.gateway.restart();
    }
  }

  #apply(timeline, event) {
    for (const applied of timeline.take(event)) {
      const isMine = applied.actor_id === this.me.id;
      if (applied.kind === "member_left" && applied.user?.id === this.me.id) {
        return this.#remove(applied.channel_id);
      }
      const isUnseen = timeline !== this.current || document.hidden;
      if (applied.kind === "message_created" && !isMine && isUnseen) timeline.unread += 1;
    }
    this.#tell("timeline", event.channel_id);
    this.#tell("channels");
  }

  #resync({ channel }) {
    if (!this.timelines.has(channel.id)) return;
    this.timelines.set(channel.id, new Timeline(channel));
    this.#tell("timeline", channel.id);
    this.#loadWhenOpen();
  }

  /** Reads the events that are missing, until the numbers have no gap any more. */
  async #fill(timeline) {
    if (this.#filling.has(timeline)) return;
    this.#filling.add(timeline);
    try {
      while (timeline.hasGap) {
        const before = timeline.cursor;
        for (const event of await this.#events(timeline, before)) this.#apply(timeline, event);
        if (timeline.cursor === before) throw new Error("the missing events are not there");
      }
    } catch {
      this.gateway.restart();
    } finally {
      this.#filling.delete(timeline);
    }
  }

  // What the API says

  async #loadWhenOpen() {
    const timeline = this.current;
    if (!timeline || timeline.history === "loaded" || timeline.history === "loading") return;
    timeline.history = "loading";
    await this.#attempt(timeline, async () => {
      const page = await this.#messages(timeline, "");
      // The page may be older than where live delivery began; what is between is read too.
      let reached = page.as_of_seq;
      while (reached < timeline.liveFrom) {
        const events = await this.#events(timeline, reached);
        if (!events.length) throw new Error("the newest events are not there");
        for (const event of events) if (event.message) timeline.put(event.message);
        reached = events.at(-1).seq;
      }
      this.#putPage(timeline, page);
    });
  }

  async #attempt(timeline, load) {
    const { id } = timeline.channel;
    try {
      await load();
      timeline.history = "loaded";
    } catch (error) {
      timeline.history = timeline.messages.size ? "loaded" : "failed";
      if (isPassing(error)) setTimeout(() => this.#loadWhenOpen(), 2_000);
    }
    this.#tell("timeline", id);
  }

  #putPage(timeline, { items }) {
    for (const message of items) timeline.put(message);
    timeline.reachesStart = items.length < PAGE;
  }

  #messages(timeline, parameters) {
    const path = `/v1/channels/${timeline.channel.id}/messages?limit=${PAGE}${parameters}`;
    return this.session.request("GET", path);
  }

  async #events(timeline, after) {
    const path = `/v1/channels/${timeline.channel.id}/events?after_seq=${after}&limit=${EVENTS}`;
    return (await this.session.request("GET", path)).items;
  }

  #enter(channel) {
    if (!this.timelines.has(channel.id)) this.#add(channel);
    this.open(channel.id);
  }

  #add(channel) {
    if (!this.timelines.has(channel.id)) this.timelines.set(channel.id, new Timeline(channel));
    this.#tell("channels");
  }

  #remove(channelId) {
    if (!this.timelines.delete(channelId)) return;
    if (this.currentId === channelId) this.#openDefault();
    this.#tell("channels");
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
