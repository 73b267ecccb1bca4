// A CRM window: shows what it was opened with, and what the agent's console posts into it.
"use strict";

const CONSOLE_ORIGIN = document.body.dataset.consoleOrigin;

// serve.py writes deciphered values into the page; a page without a key reads its own address.
function parameters() {
  const deciphered = JSON.parse(document.getElementById("deciphered").textContent);
  return deciphered ?? [...new URLSearchParams(window.location.search)];
}

// textContent and never innerHTML: a visitor wrote part of this.
function append(parent, tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
  return element;
}

function show(pairs) {
  for (const [name, value] of pairs) {
    const row = append(document.getElementById("parameters"), "tr", "");
    append(row, "td", name);
    append(row, "td", value);
    if (name === "visitorImId") document.getElementById("visitor").textContent = value;
  }
}

function summary(envelope) {
  const { ext, body } = envelope.message;
  const card = ext?.msgtype?.order ?? ext?.msgtype?.track ?? body.order ?? body.track;
  return card ? `${card.title ?? ""} ${card.item_url ?? ""}`.trim() : body.msg;
}

function take(event) {
  // Any page can post to any window: only the console that opened this one is believed.
  if (event.origin !== CONSOLE_ORIGIN || event.source !== window.parent) return;
  let envelope;
  try {
    envelope = JSON.parse(event.data);
  } catch {
    return;
  }
  if (envelope?.version !== 1 || !["easemob.interactive", "easemob.customerMessage"].includes(envelope.type)) return;
  const flag = envelope.type === "easemob.interactive" ? `[${envelope.interactiveFlag}] ` : "";
  append(document.getElementById("posted"), "li", flag + summary(envelope));
  const answer = { easemob: { type: "received", msgId: envelope.message.msgId } };
  event.source.postMessage(JSON.stringify(answer), event.origin);
}

show(parameters());
window.addEventListener("message", take);
