//! What a reservation is known by until it is settled.

use tidegate_pipeline::Counted;

/// Between its parts; in none of them.
const AND: char = ' ';

/// The id of a reservation, what was expected of the request, and what it counts.
///
/// The id is the gateway's own: that of the request is the client's, who could repeat it. What it counts is part of it since
/// the limits of a principal may be others by the time that it is settled.
pub(super) struct Ticket(pub(super) String);

impl Ticket {
    pub(super) fn new(
        estimated_input: u64,
        estimated_cost: u64,
        counted: impl Iterator<Item = Counted>,
    ) -> Self {
        let (high, low) = (fastrand::u64(..), fastrand::u64(..));
        let places: Vec<_> = counted.filter_map(place).map(|place| place.to_string()).collect();
        Self(format!(
            "{high:016x}{low:016x}{AND}{estimated_input}{AND}{estimated_cost}{AND}{}",
            places.join(",")
        ))
    }

    pub(super) fn id(&self) -> &str {
        self.part(0)
    }

    pub(super) fn estimated_input(&self) -> u64 {
        self.part(1).parse().unwrap_or_default()
    }

    pub(super) fn estimated_cost(&self) -> u64 {
        self.part(2).parse().unwrap_or_default()
    }

    /// What was reserved, in its order.
    pub(super) fn counted(&self) -> impl Iterator<Item = Counted> {
        let places = self.part(3).split(',').filter_map(|place| place.parse::<usize>().ok());
        places.filter_map(|place| Counted::ALL.get(place).copied())
    }

    fn part(&self, number: usize) -> &str {
        self.0.split(AND).nth(number).unwrap_or_default()
    }
}

fn place(counted: Counted) -> Option<usize> {
    Counted::ALL.iter().position(|other| *other == counted)
}
