// The sample page's script, on a document that holds no more than it asks for. What happens comes on stdin, what is seen goes to stdout.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const { script, search, deciphered, consoleOrigin, events } = JSON.parse(readFileSync(0, "utf8"));
const elements = {};
const made = (tag) => ({ tag, textContent: "", children: [], append(child) { this.children.push(child); } });
const byId = (id) => (elements[id] ??= made(id));
byId("deciphered").textContent = JSON.stringify(deciphered);

const answers = [];
const parent = { postMessage: (data, origin) => answers.push([data, origin]) };
const listeners = [];
const window = { location: { search }, parent, addEventListener: (_, listener) => listeners.push(listener) };
const document = { body: { dataset: { consoleOrigin } }, getElementById: byId, createElement: made };
vm.runInNewContext(readFileSync(script, "utf8"), { window, document, URLSearchParams, JSON });

for (const { fromParent, ...event } of events) {
  for (const listener of listeners) listener({ ...event, source: fromParent ? parent : { postMessage: parent.postMessage } });
}
const texts = (id) => byId(id).children.map((each) => each.children.length ? each.children.map((cell) => cell.textContent) : each.textContent);
process.stdout.write(JSON.stringify({ visitor: byId("visitor").textContent, parameters: texts("parameters"), posted: texts("posted"), answers }));
