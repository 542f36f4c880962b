// The gateway: one WebSocket that is opened again whenever it is lost.

const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 20_000;

/**
 * Keeps a connection. `token` gives an access token, `position` what the hello resumes from,
 * `frame` takes each server frame, `state` hears "connecting", "ready" and "offline".
 */
export class Gateway {
  #socket = null;
  #running = false;
  #failures = 0;
  #retryTimer = 0;
  #pingTimer = 0;
  #pongTimer = 0;
  #isReady = false;

  constructor({ session, position, frame, state }) {
    Object.assign(this, { session, position, frame, state });
    addEventListener("online", () => this.#running && !this.#isReady && this.restart());
  }

  start() {
    this.#running = true;
    this.#failures = 0;
    this.#connect();
  }

  stop() {
    this.#running = false;
    this.#drop();
  }

  /** Opens a new connection now; it resumes where the old one stood. */
  restart() {
    if (!this.#running) return;
    this.#drop();
    this.#connect();
  }

  /** Sends a frame if there is a connection that is ready; says whether it was. */
  send(frame) {
    if (!this.#isReady || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  async #connect() {
    this.state("connecting");
    // Whoever drops this attempt puts another object in its place.
    const attempt = (this.#socket = { close() {} });
    try {
      const token = await this.session.token();
      if (this.#socket !== attempt) return;
      this.#open(token);
    } catch (error) {
      if (this.#socket === attempt && error.status !== 401) this.#retry();
    }
  }

  #open(token) {
    const url = new URL("/v1/ws", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.#socket = new WebSocket(url));
    const current = (handle) => (event) => this.#socket === socket && handle(event);
    socket.onopen = current(() => socket.send(JSON.stringify({ type: "hello", token, ...this.position() })));
    socket.onmessage = current(({ data }) => this.#receive(JSON.parse(data)));
    socket.onclose = current(() => this.#retry());
    // A server that takes the connection and then says nothing is as good as none.
    this.#pongTimer = setTimeout(() => this.#retry(), PONG_WITHIN_MS);
  }

  #receive(frame) {
    clearTimeout(this.#pongTimer);
    if (frame.type === "ready") {
      this.#isReady = true;
      this.#failures = 0;
      this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    }
    if (frame.type === "error" && frame.code === "unauthenticated") this.session.distrust();
    this.frame(frame);
    if (frame.type === "ready") this.state("ready");
  }

  #ping() {
    clearTimeout(this.#pongTimer);
    if (this.send({ type: "ping" })) this.#pongTimer = setTimeout(() => this.restart(), PONG_WITHIN_MS);
  }

  #retry() {
    this.#drop();
    if (!this.#running) return;
    this.state("offline");
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
    // Half of it by chance, so that a restarted server does not meet all clients at once.
    const delay = longest / 2 + (Math.random() * longest) / 2;
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
  }

  #drop() {
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pingTimer);
    clearTimeout(this.#pongTimer);
    const socket = this.#socket;
    this.#socket = null;
    this.#isReady = false;
    socket?.close();
  }
}
