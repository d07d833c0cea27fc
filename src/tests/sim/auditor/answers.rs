//! What clients were told, held against all states that there were while they waited.

use std::collections::hash_map::Entry;

use yueke::{
    base::ids::{ScheduleId, StudentId, Version},
    engine::Seen,
};

use super::{Auditor, Books, State, short};
use crate::client::Asked;

/// When a question was asked: the answer must have been true at some moment since.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    version: Version,
    commits: u64,
}

impl Window {
    /// For answers of a server that was replaced: true at any time.
    pub fn ever() -> Self {
        Self { version: 0, commits: 0 }
    }
}

impl Auditor {
    pub fn window(&self, schedule: ScheduleId) -> Window {
        Window { version: self.version(schedule), commits: self.commits }
    }

    /// A definite answer: `201 booked …`, `409 schedule_full`.
    pub fn answered(&mut self, asked: &Asked, answer: &str) {
        self.judged += 1;
        self.story.push(format!("{} <- {answer}", asked.line()));
        if let Some(key) = &asked.key {
            match self.answers.entry(key.clone()) {
                Entry::Occupied(before) if before.get() == answer => return,
                Entry::Occupied(before) => {
                    let what = format!("the key {key} was answered `{}` and then `{answer}`", before.get());
                    return self.wrong(what);
                }
                Entry::Vacant(slot) => drop(slot.insert(answer.to_owned())),
            }
        }
        let words: Vec<&str> = answer.split(' ').collect();
        let wrong = match words.as_slice() {
            ["409", reason] => self.refused(asked, reason),
            [_, granted @ ..] => self.granted(asked, granted),
            [] => Some("an empty answer".into()),
        };
        if let Some(wrong) = wrong {
            self.wrong(format!("{} was answered `{answer}`: {wrong}", asked.line()));
        }
    }

    fn granted(&self, asked: &Asked, words: &[&str]) -> Option<String> {
        let books = self.schedules[&asked.schedule].last();
        let student = asked.student.to_string();
        let booking = |id: &str| books.bookings.get(id).filter(|b| b.student == student);
        let fine = match words {
            ["booked" | "booking", id] => booking(id).is_some(),
            ["cancelled", id] => booking(id).is_some_and(|b| b.state == "cancelled"),
            ["accepted", id, entry] => booking(id).is_some() && books.entries.get(*entry).is_some_and(|e| !e.live),
            ["held", id] => books.holds.contains_key(*id),
            ["left", entry] => books.entries.get(*entry).is_some_and(|e| !e.live),
            ["joined", entry, position] => return self.joined(asked, entry, position),
            ["begun", offer] => books.offers.get(*offer).is_some_and(|o| o.begun_at.is_some()),
            ["declined", entry] => books.entries.contains_key(*entry),
            ["released" | "changed" | "offered" | "ticked"] => true,
            _ => false,
        };
        (!fine).then(|| "it is not so on the disk".into())
    }

    /// The position is the one that the committed join gave.
    fn joined(&self, asked: &Asked, entry: &str, position: &str) -> Option<String> {
        let states = &self.schedules[&asked.schedule].states;
        let Some(State { books, .. }) = states.iter().find(|s| s.books.entries.contains_key(entry)) else {
            return Some("it is not on the disk".into());
        };
        let place = books.queue().iter().position(|(id, _)| *id == entry).map(|i| (i + 1).to_string());
        (place.as_deref() != Some(position)).then(|| format!("the place on the disk is {place:?}"))
    }

    /// There must have been a state, since the question was asked, in which the refusal was due.
    fn refused(&self, asked: &Asked, reason: &str) -> Option<String> {
        let student = asked.student.to_string();
        let busy = || self.was_busy_elsewhere(asked, &student);
        let offer_is_over = |b: &Books| match &asked.offer {
            Some(offer) => b.offers.get(offer).is_none_or(|o| o.ended.is_some()),
            None => !b.has_offer(&student),
        };
        let booking_is_over =
            |b: &Books| asked.booking.as_ref().is_none_or(|id| b.bookings.get(id).is_none_or(|b| !b.is_active()));
        let was = |so: &dyn Fn(&Books) -> bool| self.states_since(asked).any(so);
        let due = match reason {
            // Whoever offers a seat by hand needs one that is not on offer yet.
            "schedule_full" => was(&|b| b.left() == 0 && (b.offered() == 0 || asked.wish == "offer seat")),
            "seat_on_offer" => was(&|b| b.left() == 0 && b.offered() > 0),
            "already_booked" => was(&|b| b.has_booking(&student)),
            "already_waiting" => was(&|b| b.waits(&student)),
            "seats_available" => was(&|b| b.left() > 0 || b.holds_seat(&student)),
            "queue_full" => was(&|b| b.queue().len() as u32 >= b.waitlist),
            "queue_empty" => was(&|b| b.queue().is_empty()),
            "offer_taken" | "no_offer" => was(&offer_is_over),
            "offer_lapsed" => asked.wish == "begin" || was(&offer_is_over),
            "booking_ended" => was(&booking_is_over),
            "unknown_offer" => was(&offer_is_over),
            "schedule_not_open" => was(&|b| !b.open),
            "schedule_ended" => was(&|b| b.ended),
            "time_conflict" => busy(),
            // What depends on the time of day alone, or on a count of the past.
            "waitlist_closed"
            | "schedule_started"
            | "schedule_not_started"
            | "cancel_too_late"
            | "hold_limit"
            | "payment_late"
            | "payment_due"
            | "nothing_to_pay"
            | "not_awaiting_confirm"
            | "capacity_in_use"
            | "unknown_entry" => true,
            _ => return Some("no such refusal".into()),
        };
        (!due).then(|| "there was no moment at which this was true".into())
    }

    fn states_since(&self, asked: &Asked) -> impl Iterator<Item = &Books> {
        let states = &self.schedules[&asked.schedule].states;
        states.iter().filter(move |s| s.version >= asked.since.version).map(|s| &s.books)
    }

    fn was_busy_elsewhere(&self, asked: &Asked, student: &str) -> bool {
        let here = self.schedules[&asked.schedule].last();
        self.schedules.iter().filter(|(id, _)| **id != asked.schedule).any(|(_, ledger)| {
            ledger.states.iter().enumerate().any(|(i, State { books: other, .. })| {
                // What ended it counts from when the server knew, which is a moment after it was so.
                let ended = ledger.states.get(i + 1).and_then(|next| next.told_at);
                ended.is_none_or(|t| t >= asked.since.commits)
                    && other.is_booked(student)
                    && other.starts_at < here.ends_at
                    && here.starts_at < other.ends_at
            })
        })
    }

    /// An authoritative read: a state that there was since, as it was.
    pub fn looked(&mut self, schedule: ScheduleId, student: StudentId, since: Window, seen: &Seen) {
        self.judged += 1;
        let (view, mine) = (&seen.view, &seen.mine);
        let name = short(&schedule);
        self.story.push(format!("{} looks at {name} <- v{} {} left", short(&student), view.version, view.left));
        let ledger = &self.schedules[&schedule];
        let Some(State { books, .. }) = ledger.states.iter().find(|s| s.version == view.version) else {
            return self.wrong(format!("{name}: version {} was shown and is not on the disk", view.version));
        };
        let shown = (view.taken, view.held, view.offered, view.left, view.waitlist_len, view.head.capacity);
        let kept =
            (books.taken(), books.held(), books.offered(), books.left(), books.queue().len() as u32, books.capacity);
        let student = student.to_string();
        let place = books.queue().iter().position(|(_, e)| e.student == student).map(|i| i as u32 + 1);
        let mut wrong = Vec::new();
        if view.version < since.version {
            wrong.push(format!("version {} was shown after {} was", view.version, since.version));
        }
        if shown != kept {
            wrong.push(format!("{shown:?} was shown, {kept:?} is on the disk"));
        }
        if mine.place.as_ref().map(|p| p.position) != place {
            wrong.push(format!("the place {:?} was shown, it was {place:?}", mine.place));
        }
        if mine.booking.is_some() != books.is_booked(&student) || mine.hold.is_some() != books.holds_seat(&student) {
            wrong.push("a seat was shown that was not theirs, or theirs was not".into());
        }
        if mine.offer.is_some() != books.has_offer(&student) {
            wrong.push("an offer was shown that was not theirs, or theirs was not".into());
        }
        wrong.into_iter().for_each(|what| self.wrong(format!("{name}: {what}")));
    }
}
