// Drives OpenAI's client for Node: one JSON line a call on standard input, one JSON line with its outcome on standard output.
import OpenAI from "openai";
import { serve } from "./serve.mjs";

const calls = {
  chat: (client, params) => client.chat.completions.create(params),
  completion: (client, params) => client.completions.create(params),
  embeddings: (client, params) => client.embeddings.create(params),
  models: async (client) => (await client.models.list()).data,
  model: (client, { model }) => client.models.retrieve(model),
  response: (client, params) => client.responses.create(params),
  // The answer at the end of the stream; nothing else is one.
  async "response-stream"(client, params, events) {
    for await (const event of await client.responses.create({ ...params, stream: true })) {
      if (event.type === "response.output_text.delta") events.push(event.delta);
      if (event.type === "response.failed") throw new Error(event.response.error.message);
      if (["response.completed", "response.incomplete"].includes(event.type)) return event.response;
    }
    throw new Error("no response at the end");
  },
  async stream(client, params, events) {
    const stream = await client.chat.completions.create({ ...params, stream: true });
    for await (const event of stream) events.push(event);
    return events;
  },
};

await serve(({ call, url, key, params }, events) => {
  const client = new OpenAI({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 20_000 });
  return calls[call](client, params, events);
});
