// Drives Anthropic's client for Node: one JSON line a call on standard input, one with its outcome on standard output.
import Anthropic from "@anthropic-ai/sdk";
import { serve } from "./serve.mjs";

const calls = {
  chat: (client, params) => client.messages.create(params),
  async stream(client, params, events) {
    const stream = client.messages.stream(params);
    stream.on("text", (text) => events.push(text));
    return stream.finalMessage();
  },
};

await serve(({ call, url, key, params }, events) => {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 20_000 });
  return calls[call](client, params, events);
});
