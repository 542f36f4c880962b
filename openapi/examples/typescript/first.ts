// A first program: sign up, join a channel, say something twice, read it once.

import { randomUUID } from "node:crypto";
import { answer, createWarren, ProblemError } from "warren-client";

const baseUrl = process.env["WARREN_URL"] ?? "http://127.0.0.1:8080";
const username = `ann-${randomUUID().slice(0, 8)}`;
const person = { username, password: "correct horse battery", first_name: "Ann" };

const stranger = createWarren({ baseUrl });
const session = await answer(stranger.POST("/v1/signup", { body: person }));
const warren = createWarren({ baseUrl, token: session.access_token });

const path = { channel: "public" };
await answer(warren.POST("/v1/channels/{channel}/join", { params: { path } }));

// The same key: one message, however often it is sent.
const header = { "Idempotency-Key": randomUUID() };
const send = () =>
  answer(
    warren.POST("/v1/channels/{channel}/messages", {
      params: { path, header },
      body: { text: "Hello from TypeScript" },
    }),
  );
const [first, second] = [await send(), await send()];
console.log(`sent ${first.id} as number ${first.seq}, and again as ${second.seq}`);

const query = { after_seq: (first.seq ?? 1) - 1 };
const list = await answer(
  warren.GET("/v1/channels/{channel}/messages", { params: { path, query } }),
);
for (const message of list.items.filter((message) => message.id === first.id)) {
  console.log(`${message.author.username}: ${message.text}`);
}

try {
  await answer(warren.GET("/v1/channels/{channel}", { params: { path: { channel: "nowhere" } } }));
} catch (error) {
  if (!(error instanceof ProblemError)) throw error;
  console.log(`refused: ${error.status} ${error.problem?.code}`);
}
