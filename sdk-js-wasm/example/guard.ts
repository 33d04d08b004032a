// Refuses requests whose texts have one of the words of the configuration.
import { block, type Context, type Moderation, type Plugin, type Text } from "@tidegate/plugin";

class Guard implements Plugin<{ words: string[] }> {
  words: string[] = [];

  configure(config: { words: string[] }): void {
    this.words = config.words;
  }

  moderateInput(_ctx: Context, texts: Text[]): Moderation | undefined {
    const found = this.words.find((word) => texts.some((text) => text.content.includes(word)));
    return found === undefined ? undefined : block(`the word "${found}" is not allowed`);
  }
}

export default new Guard();
