//! Whether what comes next could begin, complete or lengthen a match of a pattern: the same automaton as the engine's, run
//! over a text that has not ended.

use regex_automata::nfa::thompson::{BuildError, Compiler, Config, NFA, State, WhichCaptures};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::StateID;

/// A pattern's automaton.
#[derive(Debug)]
pub(super) struct Growth {
    nfa: NFA,
}

/// A way through the automaton: where it is, and where its match would begin.
type Thread = (StateID, usize);

impl Growth {
    pub(super) fn new(pattern: &str) -> Result<Self, Box<BuildError>> {
        let config = Config::new().which_captures(WhichCaptures::None);
        Ok(Self { nfa: Compiler::new().configure(config).build(pattern)? })
    }

    /// Where the first match begins, among those that search after search from `from` on finds, that is not sure yet; the
    /// length of the text where all are. Takes time in proportion to the text and the pattern.
    ///
    /// Threads stand in the order in which the engine prefers them, those that began first before others. One that
    /// matches ends all behind it: they would only have lengthened or overlapped what is found. So what is left at the
    /// end are the threads that the next byte may still decide for.
    pub(super) fn open(&self, text: &str, from: usize) -> usize {
        let bytes = text.as_bytes();
        let mut step = Step::new(&self.nfa, bytes);
        let (mut threads, mut next) = (Vec::new(), Vec::new());
        for at in from..bytes.len() {
            if text.is_char_boundary(at) {
                step.begin(&mut threads, at);
            }
            step.forget();
            next.clear();
            for (state, start) in threads.drain(..) {
                let target = target(self.nfa.state(state), bytes, at);
                if target.is_some_and(|target| step.follow(&mut next, (target, start), at + 1)) {
                    break;
                }
            }
            std::mem::swap(&mut threads, &mut next);
        }
        threads.first().map_or(bytes.len(), |(_, start)| *start)
    }
}

/// Where the byte at `at` leads.
fn target(state: &State, bytes: &[u8], at: usize) -> Option<StateID> {
    match state {
        State::ByteRange { trans } => trans.matches(bytes, at).then_some(trans.next),
        State::Sparse(transitions) => transitions.matches(bytes, at),
        State::Dense(transitions) => transitions.matches(bytes, at),
        _ => None,
    }
}

/// The way from one byte to the next.
struct Step<'a> {
    nfa: &'a NFA,
    bytes: &'a [u8],
    /// For each state the round in which it was last reached: whoever comes later would only repeat it.
    reached: Vec<u32>,
    round: u32,
    stack: Vec<StateID>,
}

impl<'a> Step<'a> {
    fn new(nfa: &'a NFA, bytes: &'a [u8]) -> Self {
        Self { nfa, bytes, reached: vec![0; nfa.states().len()], round: 1, stack: Vec::new() }
    }

    fn forget(&mut self) {
        self.round = self.round.wrapping_add(1);
    }

    /// A match may begin here, too.
    fn begin(&mut self, threads: &mut Vec<Thread>, at: usize) {
        self.follow(threads, (self.nfa.start_anchored(), at), at);
    }

    /// Adds every state that is reached without a byte, in the order of preference; whether a match is among them, which
    /// ends what comes behind.
    fn follow(&mut self, threads: &mut Vec<Thread>, (from, start): Thread, at: usize) -> bool {
        self.stack.clear();
        self.stack.push(from);
        while let Some(state) = self.stack.pop() {
            let Some(reached) = self.reached.get_mut(state.as_usize()) else { continue };
            if std::mem::replace(reached, self.round) == self.round {
                continue;
            }
            match self.nfa.state(state) {
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => threads.push((state, start)),
                State::Look { look, .. } if at == self.bytes.len() && looks_ahead(*look) => {
                    threads.push((state, start));
                }
                State::Look { look, next } => {
                    if self.nfa.look_matcher().matches(*look, self.bytes, at) {
                        self.stack.push(*next);
                    }
                }
                State::Union { alternates } => self.stack.extend(alternates.iter().rev()),
                State::BinaryUnion { alt1, alt2 } => self.stack.extend([*alt2, *alt1]),
                State::Capture { next, .. } => self.stack.push(*next),
                State::Fail => {}
                State::Match { .. } => return true,
            }
        }
        false
    }
}

/// Whether the next character decides.
fn looks_ahead(look: Look) -> bool {
    !matches!(look, Look::Start | Look::StartLF | Look::WordStartHalfAscii | Look::WordStartHalfUnicode)
}

#[cfg(test)]
#[path = "growth_tests.rs"]
mod tests;
