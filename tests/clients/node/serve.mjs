// What the drivers of Node's clients share: a line in, a line out, and what an error of a client tells.
import { createInterface } from "node:readline";

// What clients tell that are made as OpenAI's is, Anthropic's among them.
function failure(error, events) {
  const { status, code, type, message, requestID, headers } = error;
  const retry_after = headers?.get("retry-after");
  return { error: error.constructor.name, status, code, type, message, request_id: requestID, retry_after, events };
}

// Makes each call that is asked for: with what it asks, and a list for the events that come before an error.
export async function serve(made, failed = failure) {
  for await (const line of createInterface({ input: process.stdin })) {
    const events = [];
    let outcome;
    try {
      outcome = { value: await made(JSON.parse(line), events) };
    } catch (error) {
      outcome = failed(error, events);
    }
    process.stdout.write(JSON.stringify(outcome) + "\n");
  }
}
