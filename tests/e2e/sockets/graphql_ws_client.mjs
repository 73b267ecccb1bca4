// The graphql-ws client, told by lines of JSON what to do and telling by lines of JSON what it sees.
// Of its own it does what its makers leave to the user: it keeps the last cursor in the variables that the client sends
// again, and it subscribes anew when the server completes a subscription that is still wanted.
import { createInterface } from 'node:readline';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const RETRIES = 1000;
const RETRY_AFTER_MS = 50;

const say = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);
const stops = new Map();
let client;
let socket;

const deeds = {
  open({ url, token, keepAliveMs }) {
    client = createClient({
      url,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      keepAlive: keepAliveMs,
      retryAttempts: RETRIES,
      retryWait: () => new Promise((resume) => setTimeout(resume, RETRY_AFTER_MS)),
      on: {
        connected(opened) {
          socket = opened;
          say({ is: 'connected' });
        },
        closed: ({ code, reason }) => say({ is: 'closed', code, reason }),
        pong: (isReceived) => isReceived && say({ is: 'pong' }),
      },
    });
  },
  subscribe({ name, query, variables }) {
    const payload = { query, variables };
    const follow = () => stops.set(name, client.subscribe(payload, {
      next({ data, errors }) {
        if (errors) return say({ is: 'error', name, errors });
        const [told] = Object.values(data);
        variables.after = told.cursor;
        say({ is: 'next', name, told });
      },
      error: (errors) => say({ is: 'error', name, errors: errors.code ? `${errors.code} ${errors.reason}` : (errors.message ?? errors) }),
      complete() {
        say({ is: 'complete', name });
        if (stops.has(name)) follow();
      },
    }));
    follow();
  },
  stop({ name }) {
    const stop = stops.get(name);
    stops.delete(name);
    stop();
  },
  // As if the cable were pulled: no close frame.
  drop: () => socket.terminate(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { deed, ...given } = JSON.parse(line);
  deeds[deed](given);
}
process.exit(0);
