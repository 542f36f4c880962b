// The page of the chat: channel list, heading, connection and composer.

import { Directory } from "./directory.js";
import { avatar, byId, element } from "./elements.js";
import { MessageList } from "./messages.js";

const TEXT_LIMIT_BYTES = 16_384;
const LONGEST_BOX_PX = 200;

export class Page {
  #list;
  #directory;
  #box = byId("message");
  #sidebar = byId("sidebar");
  #offlineTimer = 0;

  /** `leave` is called when the person logs out. */
  constructor(chat, leave) {
    this.chat = chat;
    this.#list = new MessageList(chat);
    this.#directory = new Directory(chat);
    this.#listen();
    this.#wireComposer();
    byId("log-out").onclick = leave;
    byId("leave").onclick = () => this.#leaveChannel();
    byId("open-sidebar").onclick = () => this.#showSidebar(true);
    byId("close-sidebar").onclick = () => this.#showSidebar(false);
  }

  show() {
    byId("chat").hidden = false;
    const { me } = this.chat;
    byId("me").replaceChildren(avatar(me), element("bdi", {}, me.first_name || me.username));
    this.#renderChannels();
    this.#list.render();
  }

  hide() {
    byId("chat").hidden = true;
    this.#directory.close();
    this.#box.value = "";
    this.#renderChannels();
    this.#list.render();
  }

  #listen() {
    const { chat } = this;
    chat.addEventListener("channels", () => this.#renderChannels());
    chat.addEventListener("timeline", ({ detail }) => detail === chat.currentId && this.#list.render());
    chat.addEventListener("connection", ({ detail }) => this.#showConnection(detail));
    addEventListener("visibilitychange", () => document.hidden || chat.seen());
    addEventListener("keydown", ({ key }) => key === "Escape" && this.#showSidebar(false));
  }

  #renderChannels() {
    const { chat } = this;
    const focused = document.activeElement?.closest("#channels button")?.dataset.id;
    const rows = chat.channels().map((timeline) => this.#channelRow(timeline));
    byId("channels").replaceChildren(...rows);
    if (focused) byId("channels").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    const channel = chat.current?.channel;
    byId("channel-name").textContent = channel ? `${sign(channel)} ${channel.name}` : "";
    byId("channel-description").textContent = channel?.description ?? "";
    byId("leave").hidden = byId("composer").hidden = !channel;
    byId("log").setAttribute("aria-label", channel ? `Messages in ${channel.name}` : "Messages");
    const unread = chat.channels().reduce((sum, timeline) => sum + timeline.unread, 0);
    document.title = unread ? `(${unread}) Warren` : "Warren";
  }

  #channelRow({ channel, unread }) {
    const label = element("bdi", {}, `${sign(channel)} ${channel.name}`);
    const button = element("button", { type: "button", className: "channel" }, label);
    button.dataset.id = channel.id;
    if (channel.id === this.chat.currentId) button.setAttribute("aria-current", "true");
    if (unread) {
      const spoken = element("span", { className: "hidden" }, " unread");
      button.append(element("span", { className: "badge" }, String(unread), spoken));
    }
    button.onclick = () => {
      this.chat.open(channel.id);
      this.#showSidebar(false);
      this.#box.focus();
    };
    return element("li", {}, button);
  }

  #wireComposer() {
    this.#box.oninput = () => this.#fitBox();
    this.#box.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId("composer").requestSubmit();
    };
    byId("composer").onsubmit = (event) => {
      event.preventDefault();
      this.#send();
    };
  }

  #send() {
    const text = this.#box.value.trim();
    if (!text) return;
    const isTooLong = new TextEncoder().encode(text).length > TEXT_LIMIT_BYTES;
    byId("composer-error").textContent = isTooLong ? "This message is too long." : "";
    if (isTooLong) return;
    this.chat.send(text);
    this.#box.value = "";
    this.#fitBox();
    this.#box.focus();
  }

  #fitBox() {
    this.#box.style.height = "auto";
    this.#box.style.height = `${Math.min(this.#box.scrollHeight + 2, LONGEST_BOX_PX)}px`;
  }

  async #leaveChannel() {
    const channel = this.chat.current?.channel;
    if (!channel || !confirm(`Leave ${channel.name}?`)) return;
    try {
      await this.chat.leave(channel.id);
    } catch (error) {
      byId("composer-error").textContent = error.message;
    }
  }

  #showSidebar(isOpen) {
    if (this.#sidebar.classList.contains("open") === isOpen) return;
    this.#sidebar.classList.toggle("open", isOpen);
    byId("open-sidebar").setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.#sidebar.querySelector("[aria-current], button")?.focus();
    else byId("open-sidebar").focus();
  }

  // A connection that is back within a second is not worth a word.
  #showConnection(state) {
    clearTimeout(this.#offlineTimer);
    const shown = byId("connection");
    if (state === "ready") return shown.replaceChildren();
    if (!shown.textContent) this.#offlineTimer = setTimeout(() => (shown.textContent = "Connecting…"), 1_000);
  }
}

function sign({ kind }) {
  return kind === "private" ? "🔒" : "#";
}
