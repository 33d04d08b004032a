// Keeps the temperature of requests below a limit.
import { type Body, changed, type Context, type Headers, type Plugin, type Subscription, type Transform } from "@tidegate/plugin";

type Config = { max_temperature: number };

class Temperature implements Plugin<Config> {
  most = 2;

  // Of the body only one place is handed over: what is not asked for costs nothing.
  configure(config: Config): Subscription {
    this.most = config.max_temperature;
    return { requestBody: ["/temperature"], dialects: ["openai", "anthropic"] };
  }

  transformRequest(_ctx: Context, _headers: Headers, body: Body): Transform {
    const asked = body.get("/temperature");
    const set = typeof asked === "number" && asked > this.most ? { "/temperature": this.most } : {};
    return changed({ set, headers: { add: { "x-filtered-by": "{{name}}" } } });
  }
}

export default new Temperature();
