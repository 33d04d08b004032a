// Writes the sources that a vendor names beside an answer below its text, and takes vendor fields away.
import { changed, keep, replace, state, unchanged } from "@tidegate/plugin";

/**
 * @typedef {import("@tidegate/plugin").Json} Json
 * @typedef {{ field?: string, title?: string, max?: number, remove?: string[] }} Config
 */

// What every client of chats needs.
const STANDARD = ["choices", "created", "id", "model", "object", "usage"];
// Of one URL. All together are less than what `state` takes.
const LONGEST = 512;
const ADDRESS = /^https?:\/\/[\x21-\x7e]+$/;
const NOTE = "sources";

let field = "citations";
let title = "Sources:";
let max = 10;
/** @type {string[]} */
let removed = [];

/** @type {import("@tidegate/plugin").Plugin<Config>} */
export default {
  configure(config) {
    ({ field = "citations", title = "Sources:", max = 10 } = config);
    removed = [...new Set([field, ...(config.remove ?? [])])];
    const needed = removed.find((name) => STANDARD.includes(name));
    if (needed) throw new Error(`"${needed}" is a field that clients need; take it out of "field" and "remove"`);
    return { responseBody: ["/choices", `/${field}`], dialects: ["openai", "anthropic"] };
  },

  // Of a stream this is called for the head, which has no body.
  transformResponse(ctx, _status, _headers, body) {
    const choices = body.get("/choices");
    if (ctx.operation !== "chat" || !Array.isArray(choices)) return unchanged();
    const list = listOf(sourcesIn(body.get(`/${field}`)));
    /** @type {Record<string, Json>} */
    const set = {};
    for (const [at, choice] of choices.entries()) {
      const { message, finish_reason } = asObject(choice);
      const { content } = asObject(message);
      if (list && typeof content === "string" && content && isAnswer(finish_reason)) {
        set[`/choices/${at}/message/content`] = content + list;
      }
    }
    return changed({ remove: removed.map((name) => `/${name}`), set });
  },

  transformEvent(ctx, event) {
    const chunk = asObject(event.data);
    if (ctx.operation !== "chat" || !Array.isArray(chunk.choices)) return keep();
    const sources = sourcesIn(chunk[field]);
    // Vendors name them with the first event, the last or every one; they are written where the text ends.
    if (sources.length > 0) state.set(NOTE, JSON.stringify(sources));
    const ends = chunk.choices.some((choice) => isEnd(asObject(choice)));
    const list = ends ? listOf(sources.length > 0 ? sources : remembered()) : "";
    if (!list && !removed.some((name) => Object.hasOwn(chunk, name))) return keep();
    const data = Object.fromEntries(Object.entries(chunk).filter(([name]) => !removed.includes(name)));
    data.choices = chunk.choices.map((choice) => (list && isEnd(asObject(choice)) ? ended(asObject(choice), list) : choice));
    return replace([{ name: event.name, data }]);
  },
};

/** The last piece of a choice, with the list behind its text.
 * @param {Record<string, Json>} choice
 * @param {string} list
 */
function ended(choice, list) {
  const delta = asObject(choice.delta);
  const content = typeof delta.content === "string" ? delta.content : "";
  return { ...choice, delta: { ...delta, content: content + list } };
}

/** Whether a choice of an event is the last piece of a text.
 * @param {Record<string, Json>} choice
 */
function isEnd({ finish_reason }) {
  return typeof finish_reason === "string" && isAnswer(finish_reason);
}

/** Behind a call of a tool comes no reader, and what a filter of the vendor's has cut is no answer.
 * @param {Json | undefined} reason
 */
function isAnswer(reason) {
  return reason !== "tool_calls" && reason !== "function_call" && reason !== "content_filter";
}

/** URLs by their numbers, as the text of the answer refers to them. What is no URL keeps its number and is left out.
 * @param {Json | undefined} value
 * @returns {[number, string][]}
 */
function sourcesIn(value) {
  if (!Array.isArray(value)) return [];
  const urls = value.map((entry) => (typeof entry === "string" ? entry : asObject(entry).url));
  /** @type {[number, string][]} */
  const sources = [];
  for (const [at, url] of urls.entries()) {
    if (typeof url === "string" && url.length <= LONGEST && ADDRESS.test(url)) sources.push([at + 1, url]);
  }
  return sources.slice(0, max);
}

/** @returns {[number, string][]} */
function remembered() {
  const note = state.get(NOTE);
  return note ? JSON.parse(new TextDecoder().decode(note)) : [];
}

/** @param {[number, string][]} sources */
function listOf(sources) {
  if (sources.length === 0) return "";
  return `\n\n${title}\n${sources.map(([number, url]) => `[${number}] ${url}`).join("\n")}`;
}

/** What stands in an object; nothing where it is none.
 * @param {Json | undefined} value
 * @returns {Record<string, Json>}
 */
function asObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
