//! A moderation filter between the events of a stream: their texts go to it, and what it lets go comes back into them.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::Value;
use tidegate_pipeline::{Denied, Session, StreamModeration, StreamText};
use tidegate_providers::{Change, EditStream, Extent, Piece, Reading};

use super::item::Item;

/// One filter with its own reading of the stream.
pub(super) struct Judge {
    moderation: StreamModeration,
    editor: Box<dyn EditStream>,
    /// Events that were read and not written.
    waiting: VecDeque<Read>,
    waiting_bytes: usize,
    /// The most that may wait, in bytes.
    most: usize,
    /// The next number for a text that the editor knows under another.
    own: u32,
    /// Whether any text was edited or held, so that events may have to be cleaned.
    touched: bool,
    /// Whether something left that the filter has yet to see.
    unseen: bool,
}

/// An event that was read.
struct Read {
    item: Item,
    reading: Reading,
    places: Vec<Place>,
    over: bool,
}

/// What is written in place of a piece.
#[derive(Clone, Copy)]
enum Place {
    /// What may leave of a text up to here.
    Upto(u32, u64),
    /// All of a text that has left.
    Again(u32),
}

impl Judge {
    pub(super) fn new(moderation: StreamModeration, editor: Box<dyn EditStream>, most: usize) -> Self {
        let moderation = moderation.remembering(editor.repeats());
        Self {
            moderation,
            editor,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            most,
            own: u32::MAX,
            touched: false,
            unseen: false,
        }
    }

    /// Takes in what has come, and gives what may go on; `last` where nothing more comes.
    pub(super) async fn pass(
        &mut self,
        items: Vec<Item>,
        session: &mut Session,
        last: bool,
    ) -> Result<Vec<Item>, Denied> {
        let now = Instant::now();
        let mut out = Vec::new();
        let mut over = last;
        for item in items {
            over |= self.read(item, now, &mut out);
        }
        if over {
            self.moderation.complete_all();
        }
        if self.waiting_bytes > self.most {
            return Err(self.moderation.overflow(self.most));
        }
        if self.moderation.only_watches() {
            self.write(&mut out);
            self.unseen = true;
            if last {
                self.see(session, true).await?;
            }
            return Ok(out);
        }
        self.moderation.judge(session, now, over).await?;
        if over || !self.moderation.holds_all() {
            self.write(&mut out);
            if last {
                self.let_rest_go(&mut out);
            }
        } else {
            self.write_silent(&mut out);
        }
        Ok(out)
    }

    /// Shows a filter that only watches what has left.
    pub(super) async fn see(&mut self, session: &mut Session, last: bool) -> Result<(), Denied> {
        if std::mem::take(&mut self.unseen) {
            self.moderation.judge(session, Instant::now(), last).await?;
        }
        Ok(())
    }

    /// When text has waited long enough.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.moderation.due_at()
    }

    /// Has text judged that has waited long enough, although nothing has come.
    pub(super) async fn wake(&mut self, session: &mut Session) -> Result<Vec<Item>, Denied> {
        self.moderation.judge(session, Instant::now(), false).await?;
        let mut out = Vec::new();
        self.let_rest_go(&mut out);
        Ok(out)
    }

    /// Bytes of texts that have come.
    pub(super) fn text_bytes(&self) -> u64 {
        self.moderation.came()
    }

    /// Whether the stream is over with it.
    fn read(&mut self, mut item: Item, now: Instant, out: &mut Vec<Item>) -> bool {
        if item.data().is_none() {
            out.push(item.bare());
            return false;
        }
        if item.is_done() {
            self.wait(Read { item, reading: Reading::default(), places: Vec::new(), over: true });
            return true;
        }
        // What is no object has no place where a filter could look.
        let Some(tree) = item.tree() else { return false };
        let reading = self.editor.read(tree);
        let places = reading.pieces.iter().map(|piece| self.add(piece, now)).collect();
        for id in &reading.ends {
            self.moderation.complete(*id);
        }
        let over = reading.over;
        self.wait(Read { item, reading, places, over });
        over
    }

    fn wait(&mut self, read: Read) {
        self.waiting_bytes += read.item.size();
        self.waiting.push_back(read);
    }

    fn add(&mut self, piece: &Piece, now: Instant) -> Place {
        let text = self.editor.text(piece.text);
        let text = StreamText { role: text.role, kind: text.kind };
        if piece.extent == Extent::Part || !self.moderation.has(piece.text) {
            return Place::Upto(piece.text, self.moderation.add(piece.text, text, &piece.content, now));
        }
        if self.moderation.came_as(piece.text, &piece.content) {
            return Place::Again(piece.text);
        }
        // It says something else than its parts did: nobody has judged that.
        let id = self.own;
        self.own -= 1;
        let upto = self.moderation.add(id, text, &piece.content, now);
        self.moderation.complete(id);
        Place::Upto(id, upto)
    }

    /// Writes events at the front that say nothing to be judged.
    fn write_silent(&mut self, out: &mut Vec<Item>) {
        while let Some(read) = self
            .waiting
            .pop_front_if(|read| read.reading.pieces.is_empty() && read.reading.ends.is_empty() && !read.over)
        {
            self.write_one(read, out);
        }
    }

    fn write(&mut self, out: &mut Vec<Item>) {
        while let Some(read) = self.waiting.pop_front() {
            self.write_one(read, out);
        }
    }

    fn write_one(&mut self, read: Read, out: &mut Vec<Item>) {
        let Read { mut item, reading, places, over } = read;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(item.size());
        let ends = if over { self.moderation.ids() } else { reading.ends.clone() };
        for id in ends {
            let in_piece = places.iter().any(|place| matches!(place, Place::Upto(text, _) if *text == id));
            if !in_piece {
                self.carry(id, out);
            }
        }
        let Some(tree) = item.tree() else {
            out.push(item);
            return;
        };
        let mut changed = false;
        for (piece, place) in reading.pieces.iter().zip(places) {
            changed |= self.put(tree, piece, place);
        }
        self.touched |= changed;
        let moderation = &self.moderation;
        let change = |id: u32| match (moderation.is_edited(id), moderation.is_moved(id)) {
            (true, _) => Change::Edited,
            (false, true) => Change::Held,
            (false, false) => Change::Same,
        };
        if !self.editor.clean(tree, &reading, &change) {
            return;
        }
        // Of a stream in which nothing changed, there is nothing to clean.
        if self.touched {
            item.mark_changed();
        }
        out.push(item);
    }

    /// Whether something else stands there now.
    fn put(&mut self, tree: &mut Value, piece: &Piece, place: Place) -> bool {
        let content = match place {
            Place::Upto(id, upto) => self.moderation.take(id, upto),
            Place::Again(id) => self.moderation.taken(id).to_owned(),
        };
        let changed = content != piece.content;
        if changed {
            self.editor.put(tree, piece, &content);
        }
        changed
    }

    /// Writes what may leave of a text and has no event of its own any more.
    fn carry(&mut self, id: u32, out: &mut Vec<Item>) {
        let rest = self.moderation.take(id, u64::MAX);
        if !rest.is_empty() {
            self.touched = true;
            out.push(Item::made(self.editor.carrier(id, &rest)));
        }
    }

    fn let_rest_go(&mut self, out: &mut Vec<Item>) {
        for id in self.moderation.ids() {
            self.carry(id, out);
        }
    }
}
