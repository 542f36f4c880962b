// The HTTP API: one function for every request, and the session's tokens.

/** How long before its end an access token is renewed, in milliseconds. */
const RENEW_BEFORE_MS = 60_000;
const REQUEST_TIMEOUT_MS = 15_000;
const REFRESH_TOKEN = "warren.refresh_token";

/** An answer of the 4xx or 5xx family, as RFC 9457 describes it. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code ?? "unknown";
    this.errors = body.errors ?? [];
  }
}

/** Is it worth trying the same again later? True for outages, false for refusals. */
export function isPassing(error) {
  return !(error instanceof Problem) || error.status === 429 || error.status >= 500;
}

/**
 * A session with the server. The access token lives in memory only; the refresh token in the
 * tab's session storage, so that a reload keeps the session and a closed tab ends it.
 */
export class Session {
  #accessToken = null;
  #expiresAt = 0;
  #renewal = null;

  /** Called once when the server says that the session is over. */
  onEnd = () => {};

  signup(fields) {
    return this.#open("/v1/signup", fields);
  }

  login(username, password) {
    return this.#open("/v1/login", { username, password });
  }

  /** Continues the session of before a reload; gives the user, or null if there is none. */
  async resume() {
    if (!sessionStorage.getItem(REFRESH_TOKEN)) return null;
    const answer = await this.#renewOnce();
    return answer?.user ?? null;
  }

  async logout() {
    try {
      await this.request("POST", "/v1/logout");
    } finally {
      this.#forget();
    }
  }

  /** An access token that is good for at least a little while. */
  async token() {
    if (Date.now() > this.#expiresAt - RENEW_BEFORE_MS) await this.#renewOnce();
    if (!this.#accessToken) throw new Problem(401, { title: "There is no session.", code: "unauthenticated" });
    return this.#accessToken;
  }

  /** The server refused the access token: the next one asked for is a new one. */
  distrust() {
    this.#expiresAt = 0;
  }

  /** Sends a request with the session's token; gives the answer's JSON, or null without one. */
  async request(method, path, body) {
    const first = await this.token();
    try {
      return await call(method, path, body, first);
    } catch (error) {
      if (error.status !== 401) throw error;
      if (this.#accessToken === first) this.distrust();
      return call(method, path, body, await this.token());
    }
  }

  async #open(path, body) {
    const answer = await call("POST", path, body);
    this.#keep(answer);
    return answer.user;
  }

  // A refresh token may be used once, so there is only one renewal at a time.
  #renewOnce() {
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #renew() {
    const refresh_token = sessionStorage.getItem(REFRESH_TOKEN);
    if (!refresh_token) return null;
    try {
      const answer = await call("POST", "/v1/token/refresh", { refresh_token });
      this.#keep(answer);
      return answer;
    } catch (error) {
      if (isPassing(error)) throw error;
      this.#forget();
      this.onEnd();
      return null;
    }
  }

  #keep({ access_token, refresh_token, expires_in }) {
    this.#accessToken = access_token;
    this.#expiresAt = Date.now() + expires_in * 1000;
    sessionStorage.setItem(REFRESH_TOKEN, refresh_token);
  }

  #forget() {
    this.#accessToken = null;
    this.#expiresAt = 0;
    sessionStorage.removeItem(REFRESH_TOKEN);
  }
}

async function call(method, path, body, token) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
    credentials: "omit",
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  return response.status === 204 ? null : response.json();
}
