// The beginning: a session is continued or asked for, then the chat is shown.

import { Session } from "./api.js";
import { Chat } from "./chat.js";
import { Entry } from "./entry.js";
import { Page } from "./page.js";

const RETRY_AFTER_MS = 2_000;

const session = new Session();
const chat = new Chat(session);
const page = new Page(chat, logOut);
const entry = new Entry(session, enter);

session.onEnd = () => close("Your session has ended. Please log in again.");

function enter(user) {
  entry.hide();
  chat.start(user);
  page.show();
}

function close(note) {
  chat.stop();
  page.hide();
  entry.show("login", note);
}

async function logOut() {
  try {
    await session.logout();
  } catch {
    // The session is forgotten here in any case; on the server it ends by itself.
  }
  close("You are logged out.");
}

async function begin() {
  try {
    const user = await session.resume();
    if (user) enter(user);
    else if (!chat.me) entry.show();
  } catch {
    setTimeout(begin, RETRY_AFTER_MS);
  }
}

begin();
