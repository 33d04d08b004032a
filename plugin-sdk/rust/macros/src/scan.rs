//! Finds the type and the functions of an impl block.

use proc_macro::{Delimiter, TokenStream, TokenTree};

/// `impl Plugin for plugin { fn … }`
pub(crate) struct Block {
    pub(crate) plugin: String,
    pub(crate) functions: Vec<String>,
}

const SHAPE: &str = "#[tidegate_plugin::plugin] stands before \"impl Plugin for YourType { … }\"";

/// Reads a block; generic ones are refused, since a component holds one plugin.
pub(crate) fn block(item: TokenStream) -> Result<Block, &'static str> {
    let tokens: Vec<TokenTree> = item.into_iter().collect();
    let start = tokens.iter().position(|token| is_word(token, "impl")).ok_or(SHAPE)?;
    if matches!(tokens.get(start + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == '<') {
        return Err("a plugin has no type parameters: one component holds one plugin");
    }
    let of = tokens.iter().position(|token| is_word(token, "for")).ok_or(SHAPE)?;
    let Some((TokenTree::Group(body), before)) = tokens.split_last() else { return Err(SHAPE) };
    if body.delimiter() != Delimiter::Brace || of < start || of + 1 >= before.len() {
        return Err(SHAPE);
    }
    let plugin = before[of + 1..].iter().cloned().collect::<TokenStream>().to_string();
    Ok(Block { plugin, functions: functions(body.stream()) })
}

/// Names behind `fn` at the top of the block; bodies are groups of their own and are not entered.
fn functions(body: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let pairs = tokens.windows(2).filter(|pair| is_word(&pair[0], "fn"));
    pairs.map(|pair| pair[1].to_string()).collect()
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}
