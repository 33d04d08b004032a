// Blocks words in prompts and masks them in answers.
import { allow, block, type Context, type Moderation, type Plugin, redact, type Text } from "@tidegate/plugin";

type Config = { words: string[] };

class Words implements Plugin<Config> {
  words: string[] = [];

  configure(config: Config): void {
    // The longest first: of two words that begin alike, the longer one is meant.
    this.words = config.words.toSorted((one, other) => other.length - one.length);
  }

  moderateInput(_ctx: Context, texts: Text[]): Moderation {
    for (const text of texts) {
      const found = this.find(text.content, 0);
      if (found) return block(`the word "${found.word}" is not allowed`);
    }
    return allow();
  }

  moderateOutput(_ctx: Context, texts: Text[]): Moderation {
    const edits = [];
    const hold = new Map<number, number>();
    for (const text of texts) {
      let end = 0;
      for (let found = this.find(text.content, 0); found; found = this.find(text.content, end)) {
        end = found.at + found.word.length;
        // What has left already is there for context only.
        if (text.size(0, found.at) >= text.released) edits.push(text.edit(found.at, end, "***"));
      }
      if (!text.complete) hold.set(text.id, text.size(this.begun(text.content, end)));
    }
    return redact(edits, { hold });
  }

  /** The first word at or behind an index. */
  find(content: string, from: number): { at: number; word: string } | undefined {
    let first: { at: number; word: string } | undefined;
    for (const word of this.words) {
      const at = content.indexOf(word, from);
      if (at >= 0 && (!first || at < first.at)) first = { at, word };
    }
    return first;
  }

  /** Where the end begins that may become a word with what comes next. */
  begun(content: string, from: number): number {
    for (let at = from; at < content.length; at++) {
      const end = content.slice(at);
      if (this.words.some((word) => word.length > end.length && word.startsWith(end))) return at;
    }
    return content.length;
  }
}

export default new Words();
