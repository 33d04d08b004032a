//! The bytes of a provider's stream as the bytes of a client's, piece by piece.

use tidegate_contract::{Dialect, Usage};

use super::answer::Event;
use super::api::{Api, Envelope, Speech};
use super::codec::{DecodeEvents, EncodeEvents};
use super::question::Task;
use super::refused::Unreadable;
use super::translate::{Between, Translation};
use crate::bedrock::frames;
use crate::openai::asked_usage::usage_alone;
use crate::sse::{Decoder, Frame, SseEvent};

/// A stream on its way from one API to another. What it writes are server-sent events.
pub struct StreamTranslation {
    frames: Frames,
    words: Option<Words>,
    /// Whether comments, which keep a connection open, go on; not every client's reader knows them.
    comments: bool,
    /// Whether an event that says nothing but what was used is for the gateway alone, and what it said.
    counted: Option<Option<Usage>>,
    read: Vec<Frame>,
    written: Vec<SseEvent>,
}

/// How the provider tells where an event ends.
enum Frames {
    /// As server-sent events.
    Sse(Decoder),
    /// In AWS's frames.
    Aws(frames::Decoder),
    /// In AWS's frames, each with a chunk of another API's in it.
    Chunks(frames::Decoder),
}

/// A change of words; there is none where both sides speak the same API.
struct Words {
    decoder: Box<dyn DecodeEvents>,
    encoder: Box<dyn EncodeEvents>,
    events: Vec<Event>,
    ended: bool,
    /// What the provider said last that was used; the client may not want to be told.
    usage: Option<Usage>,
}

impl StreamTranslation {
    pub(super) fn new(translation: &Translation) -> Self {
        let words = match &translation.between {
            Between::Conversation(client, provider, asked) => Some(Words {
                decoder: provider.api.codec().decode_events(),
                encoder: client.codec().encode_events(asked),
                events: Vec::new(),
                ended: false,
                usage: None,
            }),
            Between::Kept | Between::Count(..) | Between::Embedding(..) => None,
        };
        let comments = matches!(translation.client.api().dialect(), Dialect::OpenAi | Dialect::Anthropic);
        Self {
            frames: Frames::of(translation.provider),
            words,
            comments,
            counted: None,
            read: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Of a stream in OpenAI's words whose usage the gateway asked for, but not its client.
    pub fn with_usage_taken_out() -> Self {
        Self {
            frames: Frames::Sse(Decoder::default()),
            words: None,
            comments: true,
            counted: Some(None),
            read: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Takes the next piece, and adds what it means for the client to `out`.
    ///
    /// # Errors
    /// Where it is none of the provider's API; the stream cannot be read on.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let framed = self.frames.feed(piece, &mut self.read);
        self.pass(out)?;
        framed
    }

    /// The provider has closed the stream; adds what is still to be said. A stream that is not whole gets no end.
    ///
    /// # Errors
    /// As for [`StreamTranslation::feed`].
    pub fn close(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let framed = self.frames.finish(&mut self.read);
        self.pass(out)?;
        framed?;
        if let Some(words) = &mut self.words {
            words.close(&mut self.written);
            self.write(out);
        }
        Ok(())
    }

    /// What the provider says was used, and whether it has said all; `None` where what is written says it.
    pub fn usage(&self) -> Option<(Usage, bool)> {
        if let Some(counted) = self.counted {
            return counted.map(|usage| (usage, true));
        }
        let words = self.words.as_ref()?;
        words.usage.map(|usage| (usage, words.ended))
    }

    fn pass(&mut self, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        let mut frames = std::mem::take(&mut self.read);
        let mut passed = Ok(());
        for frame in frames.drain(..) {
            match (frame, &mut self.words) {
                (Frame::Event(event), Some(words)) => {
                    passed = passed.and(words.event(&event, &mut self.written))
                }
                (Frame::Event(event), None) => pass_event(event, &mut self.counted, out),
                (frame @ Frame::Fields(_), None) => frame.write(out),
                (frame @ Frame::Comment(_), _) if self.comments => frame.write(out),
                (Frame::Fields(_) | Frame::Comment(_), _) => {}
            }
            self.write(out);
        }
        self.read = frames;
        passed
    }

    fn write(&mut self, out: &mut Vec<u8>) {
        self.written.drain(..).for_each(|event| event.write(out));
    }
}

/// As it is, but for what the gateway alone asked for.
fn pass_event(event: SseEvent, counted: &mut Option<Option<Usage>>, out: &mut Vec<u8>) {
    if let Some(counted) = counted
        && let Some(usage) = usage_alone(&event)
    {
        *counted = Some(usage);
        return;
    }
    Frame::Event(event).write(out);
}

impl Frames {
    fn of(provider: Task) -> Self {
        match provider {
            Task::Converse(Speech { envelope: Envelope::BedrockInvoke, .. }) => {
                Self::Chunks(frames::Decoder::default())
            }
            Task::Converse(Speech { api: Api::Converse, .. }) => Self::Aws(frames::Decoder::default()),
            _ => Self::Sse(Decoder::default()),
        }
    }

    fn feed(&mut self, piece: &[u8], read: &mut Vec<Frame>) -> Result<(), Unreadable> {
        let unreadable = |error: &dyn std::fmt::Display| Unreadable(error.to_string());
        let (decoder, is_chunked) = match self {
            Self::Sse(decoder) => return decoder.feed(piece, read).map_err(|error| unreadable(&error)),
            Self::Aws(decoder) => (decoder, false),
            Self::Chunks(decoder) => (decoder, true),
        };
        let mut events = Vec::new();
        let framed = decoder.feed(piece, &mut events).map_err(|error| unreadable(&error));
        for event in events {
            let opened = if is_chunked { frames::chunks::open(event) } else { Ok(event) };
            read.push(Frame::Event(opened.map_err(|error| unreadable(&error))?));
        }
        framed
    }

    fn finish(&mut self, read: &mut Vec<Frame>) -> Result<(), Unreadable> {
        match self {
            Self::Sse(decoder) => decoder.finish(read).map_err(|error| Unreadable(error.to_string())),
            Self::Aws(decoder) | Self::Chunks(decoder) if decoder.is_cut() => {
                Err(Unreadable("the stream ends within a frame".into()))
            }
            Self::Aws(_) | Self::Chunks(_) => Ok(()),
        }
    }
}

impl Words {
    fn event(&mut self, event: &SseEvent, out: &mut Vec<SseEvent>) -> Result<(), Unreadable> {
        if self.ended {
            return Ok(());
        }
        let read = self.decoder.decode(event, &mut self.events);
        self.write(out);
        read
    }

    fn close(&mut self, out: &mut Vec<SseEvent>) {
        if !self.ended {
            self.decoder.close(&mut self.events);
            self.write(out);
        }
    }

    fn write(&mut self, out: &mut Vec<SseEvent>) {
        for event in self.events.drain(..) {
            if self.ended {
                return;
            }
            if let Event::Usage(usage) = &event {
                self.usage = Some(*usage);
            }
            self.ended = matches!(event, Event::End | Event::Error(_));
            self.encoder.encode(event, out);
        }
    }
}
