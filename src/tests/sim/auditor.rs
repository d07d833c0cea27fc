//! An auditor of its own: it keeps its own books from what reaches the disk, by its own reading
//! of the rules, and judges every commit and every answer. It calls nothing of the domain; of
//! the domain's types it only reads fields.

mod answers;
mod books;

use std::collections::{BTreeMap, HashMap};

use yueke::{
    base::ids::{Epoch, ScheduleId, Version},
    domain::schedule::{Event, state::Head},
};

pub use self::{answers::Window, books::Books};
use super::{disk::Written, ears::Ears};

#[derive(Default)]
pub struct Auditor {
    ears: Ears,
    schedules: BTreeMap<ScheduleId, Ledger>,
    /// Every answer that was ever given under a request key.
    answers: HashMap<String, String>,
    stored: HashMap<(String, String), String>,
    booking_numbers: HashMap<String, String>,
    pub violations: Vec<String>,
    /// Commits so far: the auditor's own clock.
    pub commits: u64,
    pub judged: u64,
    /// What happened, for whoever has to find out why.
    pub story: Vec<String>,
}

/// All states that a schedule ever was in, by version.
struct Ledger {
    states: Vec<State>,
}

struct State {
    version: Version,
    books: Books,
    /// The count of commits when the server let the outside know of it; none while it has not.
    told_at: Option<u64>,
}

impl Ledger {
    fn last(&self) -> &Books {
        &self.states.last().expect("a schedule begins with a state").books
    }

    fn version(&self) -> Version {
        self.states.last().expect("a schedule begins with a state").version
    }
}

impl Auditor {
    pub fn who_knows(ears: Ears) -> Self {
        Self { ears, ..Self::default() }
    }

    pub fn opened(&mut self, head: &Head, waitlist: u32) {
        let books = Books::opened(head, waitlist);
        self.schedules.insert(head.id, Ledger { states: vec![State { version: 1, books, told_at: Some(0) }] });
    }

    pub fn wrong(&mut self, what: String) {
        self.story.push(format!("!! {what}"));
        self.violations.push(what);
    }

    pub fn tell(&mut self, line: impl FnOnce() -> String) {
        self.story.push(line());
    }

    /// One turn reached the disk.
    pub fn committed(&mut self, w: &Written, lease: Epoch) {
        self.commits += 1;
        self.story.push(format!(
            "   disk: {} v{} epoch {} {}",
            short(&w.schedule),
            w.expected + u64::from(!w.events.is_empty()),
            w.epoch,
            w.events.iter().map(summary).collect::<Vec<_>>().join(", ")
        ));
        let mut wrong = Vec::new();
        if w.epoch != lease {
            wrong.push(format!("written under epoch {} while the lease is {lease}", w.epoch));
        }
        if let Some(r) = &w.receipt {
            let slot = (r.account.clone(), r.key.clone());
            if self.stored.insert(slot, r.answer.body.to_string()).is_some() {
                wrong.push(format!("a second effect under the key {}", r.key));
            }
        }
        for row in w.changes.bookings.iter() {
            let (no, id) = (row.booking.no.to_string(), row.booking.id.to_string());
            let first = self.booking_numbers.entry(no.clone()).or_insert_with(|| id.clone());
            if *first != id {
                wrong.push(format!("two bookings have the number {no}"));
            }
        }
        if !w.events.is_empty() {
            let ledger = self.schedules.get_mut(&w.schedule).expect("a schedule of this run");
            if ledger.version() != w.expected {
                wrong.push(format!("decided upon version {}, written onto {}", w.expected, ledger.version()));
            }
            let mut next = ledger.last().clone();
            next.turn(w, &self.ears, &mut wrong);
            ledger.states.push(State { version: w.expected + 1, books: next, told_at: None });
            self.check_overlaps(w, &mut wrong);
        }
        for what in wrong {
            self.wrong(format!("{}: {what}", short(&w.schedule)));
        }
    }

    /// Nobody is in two classes at once.
    fn check_overlaps(&self, w: &Written, wrong: &mut Vec<String>) {
        let here = self.schedules[&w.schedule].last();
        for row in &w.changes.bookings {
            let student = row.booking.student.to_string();
            if !here.is_booked(&student) {
                continue;
            }
            for (id, other) in self.schedules.iter().filter(|(id, _)| **id != w.schedule) {
                let other = other.last();
                if other.is_booked(&student) && other.starts_at < here.ends_at && here.starts_at < other.ends_at {
                    wrong.push(format!("{student} is also booked on {} at that time", short(id)));
                }
            }
        }
    }

    /// The server says what a committed turn did.
    pub fn published(&mut self, schedule: ScheduleId, at: i64) {
        let Some(ledger) = self.schedules.get_mut(&schedule) else { return };
        if let Some(state) = ledger.states.iter_mut().find(|s| s.told_at.is_none() && s.books.stamped_at == at) {
            state.told_at = Some(self.commits);
        }
    }

    pub fn version(&self, id: ScheduleId) -> Version {
        self.schedules[&id].version()
    }

    /// When all is quiet nothing is overdue and no seat is on offer to nobody.
    pub fn nothing_is_overdue(&mut self, now: i64) {
        let late: Vec<_> = self
            .schedules
            .iter()
            .filter_map(|(id, l)| Some(format!("{}: {}", short(id), l.last().overdue(now)?)))
            .collect();
        late.into_iter().for_each(|what| self.wrong(what));
    }
}

/// The end of an id: all of a run begin alike.
pub fn short(id: &impl std::fmt::Display) -> String {
    let text = id.to_string();
    text[text.len() - 4..].to_owned()
}

fn summary(event: &Event) -> String {
    let text = format!("{event:?}");
    let name = text.split([' ', '(', '{']).next().unwrap_or_default();
    match event {
        Event::OfferSent { student, round, stage, .. } => {
            format!("{name} {} {stage:?} of {}", short(student), short(round))
        }
        Event::OfferEnded { student, round, end, .. } => {
            format!("{name} {} {end:?} of {}", short(student), short(round))
        }
        Event::EntryPassed { student, round, reason, .. } => {
            format!("{name} {} {reason:?} of {}", short(student), short(round))
        }
        Event::Booked { student, .. }
        | Event::BookingCancelled { student, .. }
        | Event::Held { student, .. }
        | Event::Joined { student, .. } => format!("{name} {}", short(student)),
        _ => name.to_owned(),
    }
}
