// Drives the AI SDK for Node: one JSON line a call on standard input, one JSON line with its outcome on standard output.
import { createInterface } from "node:readline";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, Output, streamText, tool } from "ai";

globalThis.AI_SDK_LOG_WARNINGS = false;

const shown = async ({ text, reasoningText, toolCalls, finishReason, usage }) => {
  const calls = (await toolCalls).map(({ toolCallId, toolName, input }) => ({ toolCallId, toolName, input }));
  const said = { text: await text, reasoningText: await reasoningText, finishReason: await finishReason };
  return { ...said, toolCalls: calls, usage: await usage };
};

const calls = {
  chat: async (options) => shown(await generateText(options)),
  async structured(options) {
    const result = await generateText(options);
    return { ...(await shown(result)), parsed: result.output };
  },
  async stream(options, events) {
    const result = streamText({ ...options, onError: () => {} });
    for await (const part of result.fullStream) {
      if (part.type === "text-delta") events.push(part.text);
      if (part.type === "error") throw part.error;
    }
    return shown(result);
  },
};

async function outcome({ call, url, key, params }) {
  const provider = createOpenAICompatible({
    name: "tidegate",
    baseURL: url,
    apiKey: key,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  const { model, tools = {}, schema, ...rest } = params;
  const described = Object.entries(tools).map(([name, { description, parameters }]) => [
    name,
    tool({ description, inputSchema: jsonSchema(parameters) }),
  ]);
  const options = { ...rest, model: provider.chatModel(model), maxRetries: 0, tools: Object.fromEntries(described) };
  if (schema) options.output = Output.object({ schema: jsonSchema(schema), name: "answer" });
  const events = [];
  try {
    return { value: await calls[call](options, events) };
  } catch (error) {
    const { name = typeof error, statusCode: status, responseBody = "", responseHeaders } = error;
    const message = `${error.message} ${responseBody}`;
    return { error: name, status, message, retry_after: responseHeaders?.["retry-after"], events };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await outcome(JSON.parse(line))) + "\n");
}
