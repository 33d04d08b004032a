use super::*;
use crate::{Ask, Question, Task, Translation};

fn translation(client: Embed, provider: Embedder, body: &str) -> Translation {
    let ask = Ask {
        client: Question::Embed(client),
        body: body.as_bytes(),
        model: Some("m"),
        stream: false,
        rename: None,
        betas: &[],
        id: "ID",
        now: 0,
        drops: false,
        rewrites: false,
    };
    ask.translate(Task::Embed(provider)).unwrap().translation
}

fn openai(provider: Embedder, body: &str) -> Translation {
    translation(Embed::OpenAi, provider, body)
}

fn answered(translation: &Translation, answer: &str, tokens: Option<u64>) -> Result<String, String> {
    let answer = translation.answer(Bytes::from(answer.to_owned()), tokens);
    answer.map(|body| String::from_utf8(body.to_vec()).unwrap()).map_err(|unreadable| unreadable.to_string())
}

#[test]
fn numbers_keep_their_digits() {
    let vertex = openai(Embedder::Vertex, r#"{"model":"m","input":"a"}"#);
    let digits = "[1.0, -0.10, 2E-5,\n 0.123456789012345678901234567890]";
    let answer = format!(r#"{{"predictions": [{{"embeddings": {{"values": {digits}}}}}]}}"#);
    assert!(answered(&vertex, &answer, None).unwrap().contains(digits));
}

#[test]
fn tokens_of_the_head_count_where_the_body_tells_none() {
    let bedrock = openai(Embedder::Bedrock, r#"{"model":"cohere.embed-v4:0","input":"a"}"#);
    let told = |answer: &str| answered(&bedrock, answer, Some(7)).unwrap();
    assert!(told(r#"{"embeddings":[[1]]}"#).contains(r#""prompt_tokens":7,"total_tokens":7"#));
    assert!(told(r#"{"embedding":[1],"inputTextTokenCount":3}"#).contains(r#""prompt_tokens":3"#));
}

#[test]
fn an_answer_without_a_vector_for_each_text_is_none() {
    let gemini = openai(Embedder::Gemini, r#"{"model":"m","input":["a","b"]}"#);
    let wrong = answered(&gemini, r#"{"embeddings":[{"values":[1]}]}"#, None);
    assert_eq!(wrong.unwrap_err(), "it has 1 vectors for 2 texts");
    let nothing = openai(Embedder::Bedrock, r#"{"model":"cohere.embed-v4:0","input":"a"}"#);
    assert!(answered(&nothing, "{}", None).unwrap_err().contains("no \"embedding\""));
}

#[test]
fn what_is_no_vector_is_no_answer() {
    let base64 = r#"{"model":"m","input":"a","encoding_format":"base64"}"#;
    let gemini = openai(Embedder::Gemini, base64);
    for values in [r#"["x"]"#, "null", "{}", "7"] {
        let answer = format!(r#"{{"embedding":{{"values":{values}}}}}"#);
        assert!(answered(&gemini, &answer, None).is_err(), "{values}");
    }
    let studio = translation(Embed::Gemini, Embedder::OpenAi, r#"{"content":{"parts":[{"text":"a"}]}}"#);
    for embedding in ["AAAA", "?", "AACAPw"] {
        let answer = format!(r#"{{"data":[{{"embedding":"{embedding}"}}]}}"#);
        assert!(answered(&studio, &answer, None).is_err(), "{embedding}");
    }
}

#[test]
fn floats_come_back_from_base64_as_they_went() {
    let openai = openai(Embedder::OpenAi, r#"{"model":"m","input":"a"}"#);
    let kept = answered(&openai, "anything at all", None);
    assert_eq!(kept.unwrap(), "anything at all");
    let there = Vector::Base64("zczMPQAAgL4=".into()).numbers().unwrap();
    assert_eq!(there.get(), "[0.1,-0.25]");
    let back = Vector::of(&there).unwrap().base64().unwrap();
    assert_eq!(back, "zczMPQAAgL4=");
}
