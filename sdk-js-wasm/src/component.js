// Between the exported interfaces of the contract and the author's plugin.
import { subscription } from "./subscription.js";
import { Body, Event, Headers, Text, context, head, outcome, usage } from "./told.js";
import { Verdict, admit, allow, keep, pass, unchanged } from "./verdicts.js";

/** One sentence of whatever was thrown. */
function sentence(error) {
  if (!(error instanceof Error)) return String(error);
  return error.name === "Error" || error.name === "ServiceError" ? error.message : `${error.name}: ${error.message}`;
}

/** A failure is a thrown string: the engines make an error of the contract of it. */
function failing(call) {
  try {
    return call();
  } catch (error) {
    throw sentence(error);
  }
}

/** The exported interfaces for a plugin: an object with hooks as methods. */
export function interfaces(plugin) {
  if (plugin === null || typeof plugin !== "object")
    throw new Error("the default export is no plugin: an object with hooks, or an instance of a class");
  let configured = false;

  function ask(hook, kind, otherwise, ...told) {
    if (!configured) throw new Error('a hook was called before "configure"');
    if (typeof plugin[hook] !== "function") throw new Error(`this plugin has no hook "${hook}"`);
    const answer = plugin[hook](...told);
    if (kind === undefined) return refusePromise(hook, answer);
    const verdict = answer === undefined ? otherwise() : answer;
    if (verdict instanceof Verdict && verdict.kind === kind) return verdict.value;
    refusePromise(hook, answer);
    throw new Error(`"${hook}" answers with something that is none of its verdicts`);
  }

  return {
    lifecycle: {
      configure: (config) =>
        failing(() => {
          if (configured) throw new Error("an instance is configured only once");
          const asked = plugin.configure?.(JSON.parse(config));
          refusePromise("configure", asked);
          const wants = subscription(plugin, asked);
          configured = true;
          return wants;
        }),
    },
    auth: {
      authenticate: (ctx, from) => failing(() => ask("authenticate", "auth", pass, context(ctx), head(from))),
    },
    admission: {
      admit: (ctx, estimate) => failing(() => ask("admit", "admission", admit, context(ctx), usage(estimate))),
      settle: (ctx, ticket, actual) =>
        failing(() => ask("settle", undefined, undefined, context(ctx), ticket, usage(actual))),
    },
    transform: {
      request: (ctx, headers, body) =>
        failing(() =>
          ask("transformRequest", "transform", unchanged, context(ctx), new Headers(headers), new Body(body)),
        ),
      upstream: (ctx, headers, body) =>
        failing(() =>
          ask("transformUpstream", "transform", unchanged, context(ctx), new Headers(headers), new Body(body)),
        ),
      response: (ctx, status, headers, body) =>
        failing(() =>
          ask("transformResponse", "transform", unchanged, context(ctx), status, new Headers(headers), new Body(body)),
        ),
      events: (ctx, events) =>
        failing(() => {
          const known = context(ctx);
          return events.map((event) => ask("transformEvent", "event", keep, known, new Event(event)));
        }),
    },
    moderation: {
      input: (ctx, texts) =>
        failing(() =>
          ask(
            "moderateInput",
            "moderation",
            allow,
            context(ctx),
            texts.map((text) => new Text(text)),
          ),
        ),
      output: (ctx, texts, last) =>
        failing(() =>
          ask(
            "moderateOutput",
            "moderation",
            allow,
            context(ctx),
            texts.map((text) => new Text(text)),
            last,
          ),
        ),
    },
    observe: {
      completed: (ctx, from) => failing(() => ask("completed", undefined, undefined, context(ctx), outcome(from))),
    },
  };
}

function refusePromise(hook, answer) {
  if (typeof answer?.then === "function")
    throw new Error(`"${hook}" is async; services answer at once, and so must hooks`);
}
