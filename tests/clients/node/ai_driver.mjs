// Drives the AI SDK for Node: one JSON line a call on standard input, one JSON line with its outcome on standard output.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, Output, streamText, tool } from "ai";
import { serve } from "./serve.mjs";

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

function made({ call, url, key, params }, events) {
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
  return calls[call](options, events);
}

function failed(error, events) {
  const { name = typeof error, statusCode: status, responseBody = "", responseHeaders } = error;
  const message = `${error.message} ${responseBody}`;
  return { error: name, status, message, retry_after: responseHeaders?.["retry-after"], events };
}

await serve(made, failed);
