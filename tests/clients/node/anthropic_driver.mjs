// Drives Anthropic's client for Node: one JSON line a call on standard input, one with its outcome on standard output.
import { createInterface } from "node:readline";
import Anthropic from "@anthropic-ai/sdk";

const calls = {
  chat: (client, params) => client.messages.create(params),
  async stream(client, params, events) {
    const stream = client.messages.stream(params);
    stream.on("text", (text) => events.push(text));
    return stream.finalMessage();
  },
};

async function outcome({ call, url, key, params }) {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 20_000 });
  const events = [];
  try {
    return { value: await calls[call](client, params, events) };
  } catch (error) {
    const { status, type, message, requestID, headers } = error;
    const retry_after = headers?.get("retry-after");
    return { error: error.constructor.name, status, type, message, request_id: requestID, retry_after, events };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await outcome(JSON.parse(line))) + "\n");
}
