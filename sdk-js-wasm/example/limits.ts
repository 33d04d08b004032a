// Refuses a caller's requests beyond a number a minute.
import { admit, type Context, kv, log, type Plugin, refuse, ServiceError } from "@tidegate/plugin";

let limit = 60;

const plugin: Plugin<{ limit?: number }> = {
  configure(config) {
    limit = config.limit ?? limit;
  },

  admit(ctx: Context) {
    try {
      const calls = kv.increment(`calls:${ctx.principal?.id ?? ""}`, 1, { ttlMs: 60_000 });
      return calls > limit ? refuse(429, "too_many_requests", `more than ${limit} requests a minute`) : admit();
    } catch (error) {
      if (error instanceof ServiceError) log.warn("not counted", { code: error.code });
      throw error;
    }
  },
};

export default plugin;
