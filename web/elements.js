// Small helpers to build elements. Text from people only ever becomes text.

/** An element with properties and children; strings become text nodes. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

const HUES = 8;

/** A coloured initial, the same for the same person everywhere. */
export function avatar({ id, username, first_name }) {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)) % 65_521;
  const [initial = "?"] = (first_name || username || "?").trim();
  const className = `avatar hue-${sum % HUES}`;
  return element("span", { className, "aria-hidden": "true" }, initial.toLocaleUpperCase());
}
