// Drives OpenAI's client for Node: one JSON line a call on standard input, one JSON line with its outcome on standard output.
import { createInterface } from "node:readline";
import OpenAI from "openai";

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

async function outcome({ call, url, key, params }) {
  const client = new OpenAI({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 20_000 });
  const events = [];
  try {
    return { value: await calls[call](client, params, events) };
  } catch (error) {
    const { status, code, type, message, requestID, headers } = error;
    const retry_after = headers?.get("retry-after");
    return { error: error.constructor.name, status, code, type, message, request_id: requestID, retry_after, events };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await outcome(JSON.parse(line))) + "\n");
}
