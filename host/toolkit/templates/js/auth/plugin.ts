// Knows callers by the API key that they send.
import { type Auth, type Context, deny, grant, type Head, pass, type Plugin } from "@tidegate/plugin";

type Config = { keys: Record<string, string> };

class ApiKeys implements Plugin<Config> {
  // The principal of each key.
  keys = new Map<string, string>();

  configure(config: Config): void {
    this.keys = new Map(Object.entries(config.keys));
  }

  authenticate(_ctx: Context, head: Head): Auth {
    const key = head.headers.get("x-api-key");
    if (key === undefined) return pass();
    const principal = this.keys.get(key);
    return principal === undefined ? deny(401, "invalid_api_key", "the API key is not known") : grant(principal);
  }
}

export default new ApiKeys();
