import assert from "node:assert/strict";
import test from "node:test";

import { interfaces } from "../src/component.js";
import * as sdk from "../src/index.js";

const CTX = {
  requestId: "r",
  route: "",
  dialect: "openai",
  operation: "chat",
  model: null,
  principal: { id: "ann", tenant: null, attributes: [["team", "red"]] },
  streaming: false,
  attempt: 0,
  deadlineMs: -1,
};

function configured(plugin, config = {}) {
  const made = interfaces(plugin);
  return { ...made, wants: made.lifecycle.configure(JSON.stringify(config)) };
}

test("the hooks that are written are subscribed, of objects and of classes", () => {
  class Two {
    moderateInput() {}
    completed() {}
  }
  assert.deepEqual(configured(new Two()).wants.hooks, ["moderate_input", "completed"]);
  const wants = configured({ transformUpstream() {} }).wants;
  assert.deepEqual(
    [wants.hooks, wants.headers, wants.requestBody, wants.responseBody],
    [["transform_upstream"], { tag: "whole" }, { tag: "whole" }, { tag: "nothing" }],
  );
});

test("a subscription narrows", () => {
  const plugin = {
    configure: () => ({
      without: ["admit"],
      headers: ["x-a"],
      requestBody: ["/model"],
      responseBody: "nothing",
      bodyDigest: true,
      windows: { mode: "carry", maxMatch: 4294967295 },
      dialects: ["anthropic"],
    }),
    admit() {},
    transformResponse() {},
  };
  assert.deepEqual(configured(plugin).wants, {
    hooks: ["transform_response"],
    headers: { tag: "fields", val: ["x-a"] },
    requestBody: { tag: "fields", val: ["/model"] },
    responseBody: { tag: "nothing" },
    bodyDigest: true,
    windows: { mode: "carry", min: 0, max: 0, overlap: 0, maxMatch: -1, maxHoldMs: 0 },
    dialects: ["anthropic"],
  });
});

test("what is wrong with a configuration is one sentence", () => {
  const refused = (plugin) => {
    try {
      configured(plugin);
    } catch (error) {
      return error;
    }
  };
  assert.equal(
    refused({
      configure() {
        throw new Error("no words");
      },
    }),
    "no words",
  );
  assert.match(refused({ configure: () => ({ request_body: [] }) }), /"request_body" is no part of one/);
  assert.match(refused({ configure: () => ({ hooks: ["moderate_input"] }) }), /no hook "moderate_input"/);
  assert.match(refused({ configure: () => ({ hooks: ["admit"] }) }), /which the plugin does not have/);
  assert.match(refused({ configure: () => ({ requestBody: "all" }) }), /"requestBody"/);
  assert.match(refused({ async configure() {} }), /"configure" is async/);
  assert.match(refused({ configure: (config) => config.words.length }), /^TypeError: /);
});

test("a hook without an answer changes nothing", () => {
  const made = configured({
    authenticate() {},
    admit() {},
    transformRequest() {},
    transformEvent() {},
    moderateInput() {},
    completed() {},
  });
  assert.deepEqual(made.auth.authenticate(CTX, { headers: [], client: { address: "::1", names: [] } }), {
    tag: "pass",
  });
  assert.deepEqual(made.admission.admit(CTX, {}), { tag: "admitted", val: null });
  assert.deepEqual(made.transform.request(CTX, [], { tag: "absent" }), { tag: "unchanged" });
  assert.deepEqual(made.transform.events(CTX, [{ name: null, data: "1" }]), [{ tag: "keep" }]);
  assert.deepEqual(made.moderation.input(CTX, []), { judgement: { tag: "allow" }, findings: [], hold: [] });
});

test("a failure is a sentence, and never a verdict", () => {
  const failure = (answer) => {
    try {
      configured({ moderateInput: answer }).moderation.input(CTX, []);
    } catch (error) {
      return error;
    }
  };
  assert.equal(
    failure(() => {
      throw new Error("it fails");
    }),
    "it fails",
  );
  assert.match(
    failure(async () => sdk.allow()),
    /"moderateInput" is async/,
  );
  assert.match(
    failure(() => true),
    /none of its verdicts/,
  );
  assert.match(
    failure(() => null),
    /none of its verdicts/,
  );
  assert.match(
    failure(() => sdk.pass()),
    /none of its verdicts/,
  );
  assert.throws(() => interfaces({ moderateInput() {} }).moderation.input(CTX, []), /before "configure"/);
  assert.throws(() => configured({}).moderation.input(CTX, []), /no hook "moderateInput"/);
  assert.throws(() => configured({}).lifecycle.configure("{}"), /only once/);
});

test("the context is told in the language's own words", () => {
  let seen;
  configured({
    completed: (ctx) => {
      seen = ctx;
    },
  }).observe.completed(CTX, { usage: {}, findings: [], error: null });
  assert.equal(seen.model, undefined);
  assert.deepEqual(seen.principal, { id: "ann", tenant: undefined, attributes: { team: "red" } });
  assert.equal(seen.deadlineMs, 4294967295);
});

test("a body is looked into lazily, once, by pointers", () => {
  const whole = new sdk.Body({ tag: "whole", val: '{"a": [1, {"b/c": 2}], "__proto__": 3}' });
  assert.equal(whole.get("/a/1/b~1c"), 2);
  assert.equal(whole.get("/a/length"), undefined);
  assert.equal(whole.get("/toString"), undefined);
  assert.equal(whole.get("/a/01"), undefined);
  assert.equal(whole.get(""), whole.json());
  const fields = new sdk.Body({ tag: "fields", val: [{ pointer: "/model", value: '"m"' }] });
  assert.deepEqual([fields.get("/model"), fields.get("/x"), fields.text], ["m", undefined, undefined]);
  assert.throws(() => fields.json(), /subscribe to all of it/);
  new sdk.Body({ tag: "whole", val: "no json" });
});
