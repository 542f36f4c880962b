// The TypeScript client of Warren: `openapi-fetch` over the types of the OpenAPI
// document, with an access token and with refusals that can be thrown.

import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, operations, paths } from "./schema.js";

/** The shapes of the document by name: `Schemas["Message"]`. */
export type Schemas = components["schemas"];

/** Why the server refused (RFC 9457); `code` is stable. */
export type Problem = Schemas["Problem"];

/** Has a method for each HTTP method; paths, parameters, bodies and answers are typed. */
export type Warren = Client<paths>;

/** An access token, or where the present one is to be had. */
export type Token = string | (() => string | undefined | Promise<string | undefined>);

export interface Options {
  /** The server, such as `https://chat.example.org`; by default the page's own. */
  baseUrl?: string;
  /** Goes with each request. Without one, only signing up and in is possible. */
  token?: Token;
  /** Instead of the global one. */
  fetch?: (request: Request) => Promise<Response>;
}

/** A client of one server. */
export function createWarren({ baseUrl = "", token, fetch }: Options = {}): Warren {
  const client = createClient<paths>(fetch ? { baseUrl, fetch } : { baseUrl });
  if (token !== undefined) client.use(bearer(token));
  return client;
}

/** The server refused: `problem` says why. It is absent if something before
 * Warren answered, such as a proxy. */
export class ProblemError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;

  constructor(status: number, body: unknown) {
    const problem = isProblem(body) ? body : undefined;
    super(problem ? `${problem.code}: ${problem.detail}` : `the server answered ${status}`);
    this.name = "ProblemError";
    this.status = status;
    this.problem = problem;
  }
}

/** What a call answers: `const me = await answer(warren.GET("/v1/me"))`.
 *
 * @throws {ProblemError} if the server refuses. */
export async function answer<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ProblemError(response.status, error);
  return data as T;
}

function bearer(token: Token): Middleware {
  return {
    async onRequest({ request }) {
      const current = typeof token === "string" ? token : await token();
      if (current !== undefined) request.headers.set("Authorization", `Bearer ${current}`);
      return request;
    },
  };
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body;
}
