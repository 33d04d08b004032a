// The conformance plugin: it does what its configuration says, and tells what it was given.
//
// tests/conformance/README.md describes the configuration; ../rust is the same plugin in Rust. `calls` asks the services, `seen`
// shows what a call was given, `answers` makes verdicts.
import { kv } from "@tidegate/plugin";

import * as answers from "./answers.js";
import { call } from "./calls.js";
import * as seen from "./seen.js";

class Conformance {
  configure(config) {
    if (config.refuse !== undefined) throw new Error(config.refuse);
    this.plans = config.hooks ?? {};
    return config.hooks ? answers.subscription(config.subscribe ?? {}, this.plans) : undefined;
  }

  /** What the configuration wants of a call, and what the call was given, as JSON text. */
  turn(hook, ctx, told) {
    const plan = this.plans[hook] ?? {};
    const calls = (plan.calls ?? []).map(call);
    if (plan.fail !== undefined) throw new Error(plan.fail);
    while (plan.spin);
    return [plan, JSON.stringify({ ctx: seen.context(ctx), in: told, calls })];
  }

  /** For hooks that answer nothing. */
  storeEcho(hook, ctx, told) {
    const [plan, echo] = this.turn(hook, ctx, told);
    if (plan.answer === "echo") kv.set("echo", echo);
  }

  transform(hook, ctx, told) {
    return answers.transform(...this.turn(hook, ctx, told));
  }

  moderate(hook, ctx, texts, told) {
    const [plan, echo] = this.turn(hook, ctx, told);
    return answers.moderation(plan, texts, echo);
  }

  authenticate(ctx, head) {
    return answers.auth(...this.turn("authenticate", ctx, seen.head(head)));
  }

  admit(ctx, estimate) {
    return answers.admission(...this.turn("admit", ctx, { estimate: seen.usage(estimate) }));
  }

  settle(ctx, ticket, actual) {
    this.storeEcho("settle", ctx, { ticket, actual: seen.usage(actual) });
  }

  transformRequest(ctx, headers, body) {
    return this.transform("transform_request", ctx, seen.message(headers, body));
  }

  transformUpstream(ctx, headers, body) {
    return this.transform("transform_upstream", ctx, seen.message(headers, body));
  }

  transformResponse(ctx, status, headers, body) {
    return this.transform("transform_response", ctx, { status, ...seen.message(headers, body) });
  }

  transformEvent(ctx, event) {
    const [plan, echo] = this.turn("transform_event", ctx, { name: event.name ?? null, data: event.data });
    return answers.event(plan, event, echo);
  }

  moderateInput(ctx, texts) {
    return this.moderate("moderate_input", ctx, texts, { texts: seen.texts(texts) });
  }

  moderateOutput(ctx, texts, last) {
    return this.moderate("moderate_output", ctx, texts, { texts: seen.texts(texts), last });
  }

  completed(ctx, outcome) {
    this.storeEcho("completed", ctx, seen.outcome(outcome));
  }
}

export default new Conformance();
