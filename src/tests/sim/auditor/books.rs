//! The auditor's own books of one schedule, and its own reading of what a turn may do.

use std::collections::{BTreeMap, BTreeSet};

use yueke::{
    base::ids::{EntryId, RoundId},
    domain::schedule::{
        Event,
        effects::What,
        state::{
            BookingRow, BookingState, Canceller, Cause, EntryRow, Head, HoldEnd, HoldRow, OfferEnd, OfferRow, RoundEnd,
            RoundRow, SkipReason, Source, Stage, Status,
        },
    },
};

use crate::{disk::Written, ears::Ears};

/// Students, by their ids as text.
type Names = BTreeSet<String>;

/// Ids as text, instants in milliseconds.
#[derive(Clone, Debug)]
pub struct Books {
    pub capacity: u32,
    pub open: bool,
    pub ended: bool,
    pub starts_at: i64,
    pub ends_at: i64,
    pub cutoff_at: i64,
    pub grace: i64,
    /// A freed seat is offered to those alone who can be reached.
    pub skips_deaf: bool,
    pub waitlist: u32,
    pub stamped_at: i64,
    pub bookings: BTreeMap<String, Booking>,
    pub holds: BTreeMap<String, Hold>,
    pub entries: BTreeMap<String, Entry>,
    pub rounds: BTreeMap<String, Round>,
    pub offers: BTreeMap<String, Offer>,
    last_seq: u32,
}

#[derive(Clone, Debug)]
pub struct Booking {
    pub student: String,
    pub state: &'static str,
    pub pay_by: Option<i64>,
}

impl Booking {
    fn has_seat(&self) -> bool {
        self.state != "cancelled"
    }

    pub fn is_active(&self) -> bool {
        ["unpaid", "pending", "confirmed"].contains(&self.state)
    }
}

#[derive(Clone, Debug)]
pub struct Hold {
    pub student: String,
    pub expires_at: i64,
    pub ended: Option<HoldEnd>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub student: String,
    pub seq: u32,
    pub live: bool,
}

#[derive(Clone, Debug)]
pub struct Round {
    pub cause: Cause,
    pub passed: Vec<String>,
    pub ended: Option<RoundEnd>,
}

#[derive(Clone, Debug)]
pub struct Offer {
    pub round: String,
    pub entry: String,
    pub student: String,
    pub stage: Stage,
    pub deadline: i64,
    pub begun_at: Option<i64>,
    pub ended: Option<OfferEnd>,
}

impl Offer {
    fn answer_before(&self, grace: i64) -> i64 {
        self.begun_at.map_or(self.deadline, |begun| self.deadline.max(begun + grace))
    }
}

fn state_name(state: &BookingState) -> &'static str {
    match state {
        BookingState::AwaitingPayment { .. } => "unpaid",
        BookingState::AwaitingTeacher => "pending",
        BookingState::Confirmed { .. } => "confirmed",
        BookingState::Completed { .. } => "completed",
        BookingState::NoShow { .. } => "no_show",
        BookingState::Cancelled { .. } => "cancelled",
    }
}

impl Books {
    pub fn opened(head: &Head, waitlist: u32) -> Self {
        let mut books = Self {
            capacity: 0,
            open: true,
            ended: false,
            starts_at: 0,
            ends_at: 0,
            cutoff_at: 0,
            grace: head.policy.grace_ms,
            skips_deaf: head.policy.skip_unreachable,
            waitlist,
            stamped_at: 0,
            bookings: BTreeMap::new(),
            holds: BTreeMap::new(),
            entries: BTreeMap::new(),
            rounds: BTreeMap::new(),
            offers: BTreeMap::new(),
            last_seq: 0,
        };
        books.read_head(head);
        books
    }

    fn read_head(&mut self, head: &Head) {
        self.capacity = head.capacity;
        self.open = head.status == Status::Open;
        self.ended = matches!(head.status, Status::Completed | Status::Revoked);
        (self.starts_at, self.ends_at) = (head.starts_at.as_millis(), head.ends_at.as_millis());
        self.cutoff_at = self.starts_at - head.policy.cutoff_ms;
    }

    pub fn taken(&self) -> u32 {
        self.bookings.values().filter(|b| b.has_seat()).count() as u32
    }

    pub fn held(&self) -> u32 {
        self.holds.values().filter(|h| h.ended.is_none()).count() as u32
    }

    pub fn offered(&self) -> u32 {
        self.rounds.values().filter(|r| r.ended.is_none()).count() as u32
    }

    pub fn left(&self) -> u32 {
        self.capacity.saturating_sub(self.taken() + self.held() + self.offered())
    }

    /// First in line first.
    pub fn queue(&self) -> Vec<(&String, &Entry)> {
        let mut queue: Vec<_> = self.entries.iter().filter(|(_, e)| e.live).collect();
        queue.sort_by_key(|(_, e)| e.seq);
        queue
    }

    pub fn is_booked(&self, student: &str) -> bool {
        self.bookings.values().any(|b| b.student == student && b.is_active())
    }

    pub fn has_booking(&self, student: &str) -> bool {
        self.bookings.values().any(|b| b.student == student && b.has_seat())
    }

    pub fn holds_seat(&self, student: &str) -> bool {
        self.holds.values().any(|h| h.student == student && h.ended.is_none())
    }

    pub fn waits(&self, student: &str) -> bool {
        self.entries.values().any(|e| e.student == student && e.live)
    }

    pub fn live_offers(&self) -> impl Iterator<Item = (&String, &Offer)> {
        self.offers.iter().filter(|(_, o)| o.ended.is_none())
    }

    pub fn has_offer(&self, student: &str) -> bool {
        self.live_offers().any(|(_, o)| o.student == student)
    }

    /// Takes over one turn and says what is wrong with it.
    pub fn turn(&mut self, w: &Written, ears: &Ears, wrong: &mut Vec<String>) {
        let before = self.clone();
        let at = w.at.as_millis();
        if at < self.stamped_at {
            wrong.push("its time went back".into());
        }
        self.stamped_at = at;
        self.read_head(&w.head);
        w.changes.entries.iter().for_each(|row| self.entry(row, wrong));
        w.changes.holds.iter().for_each(|row| self.hold(row, at, wrong));
        w.changes.rounds.iter().for_each(|row| self.round(row, wrong));
        w.changes.offers.iter().for_each(|row| self.offer(row, at, wrong));
        w.changes.bookings.iter().for_each(|row| self.booking(row, at, wrong));
        self.seats_and_places(w, wrong);
        self.new_seats_had_a_right(&before, w, wrong);
        self.freed_seats_were_offered(&before, w, at, wrong);
        self.races_were_for_those_in_reach(w, ears, wrong);
        self.turns_are_in_line(&before, wrong);
        told(w, wrong);
    }

    fn booking(&mut self, row: &BookingRow, at: i64, wrong: &mut Vec<String>) {
        let b = &row.booking;
        let pay_by = match b.state {
            BookingState::AwaitingPayment { pay_by } => Some(pay_by.as_millis()),
            _ => None,
        };
        let new = Booking { student: b.student.to_string(), state: state_name(&b.state), pay_by };
        if let Some(old) = self.bookings.insert(b.id.to_string(), new.clone()) {
            let fine = match (old.state, new.state) {
                ("unpaid", "pending" | "confirmed") => old.pay_by.is_some_and(|t| at < t),
                ("unpaid" | "pending" | "confirmed", "cancelled") => true,
                ("pending", "confirmed") => at < self.starts_at,
                ("confirmed", "completed" | "no_show") | ("completed", "no_show") | ("no_show", "completed") => {
                    at >= self.starts_at
                }
                _ => false,
            };
            if !fine {
                wrong.push(format!("a booking went from {} to {} at {at}", old.state, new.state));
            }
            if let BookingState::Cancelled { by: Canceller::System, reason, .. } = &b.state
                && reason.as_deref() == Some("payment_timeout")
                && old.pay_by.is_none_or(|t| at < t)
            {
                wrong.push("a payment lapsed before its time".into());
            }
        }
    }

    fn hold(&mut self, row: &HoldRow, at: i64, wrong: &mut Vec<String>) {
        let h = &row.hold;
        let expires_at = h.expires_at.as_millis();
        let new = Hold { student: h.student.to_string(), expires_at, ended: row.ended.map(|(_, end)| end) };
        match new.ended {
            Some(HoldEnd::Used) if at >= expires_at => wrong.push("a hold was used after its end".into()),
            Some(HoldEnd::Expired) if at < expires_at => wrong.push("a hold expired before its end".into()),
            Some(_) | None => {}
        }
        if self.holds.insert(h.id.to_string(), new).is_some_and(|old| old.ended.is_some()) {
            wrong.push("a hold that was over changed".into());
        }
    }

    fn entry(&mut self, row: &EntryRow, wrong: &mut Vec<String>) {
        let e = &row.entry;
        let new = Entry { student: e.student.to_string(), seq: e.seq, live: row.ended.is_none() };
        match self.entries.insert(e.id.to_string(), new) {
            Some(old) if !old.live => wrong.push("a place in the queue that was over changed".into()),
            Some(_) => {}
            None if e.seq <= self.last_seq => wrong.push("someone joined before others who already wait".into()),
            None => self.last_seq = e.seq,
        }
    }

    fn round(&mut self, row: &RoundRow, wrong: &mut Vec<String>) {
        let r = &row.round;
        let new = Round {
            cause: r.cause,
            passed: r.passed.iter().map(ToString::to_string).collect(),
            ended: row.ended.map(|(_, end, _)| end),
        };
        if self.rounds.insert(r.id.to_string(), new).is_some_and(|old| old.ended.is_some()) {
            wrong.push("a round that was over changed".into());
        }
    }

    fn offer(&mut self, row: &OfferRow, at: i64, wrong: &mut Vec<String>) {
        let o = &row.offer;
        let new = Offer {
            round: row.round.to_string(),
            entry: o.entry.to_string(),
            student: o.student.to_string(),
            stage: o.stage,
            deadline: o.deadline.as_millis(),
            begun_at: o.begun_at.map(|t| t.as_millis()),
            ended: row.ended.map(|(_, end)| end),
        };
        let late = at >= new.answer_before(self.grace);
        match new.ended {
            Some(OfferEnd::Accepted | OfferEnd::Declined) if late => wrong
                .push(format!("an offer was answered at {at}, its time was over at {}", new.answer_before(self.grace))),
            Some(OfferEnd::Lapsed) if !late => wrong.push("an offer lapsed before its time".into()),
            Some(_) | None => {}
        }
        let others = self.offers.values().filter(|other| other.round == new.round);
        let winners = others.filter(|other| other.ended == Some(OfferEnd::Accepted)).count();
        if new.ended == Some(OfferEnd::Accepted) && winners > 0 {
            wrong.push("one freed seat has two winners".into());
        }
        if self.offers.insert(o.id.to_string(), new).is_some_and(|old| old.ended.is_some()) {
            wrong.push("an offer that was over changed".into());
        }
    }

    fn seats_and_places(&self, w: &Written, wrong: &mut Vec<String>) {
        let (taken, held, offered) = (self.taken(), self.held(), self.offered());
        if taken + held + offered > self.capacity {
            wrong.push(format!("oversold: {taken} taken, {held} held, {offered} on offer of {}", self.capacity));
        }
        if w.booked != taken {
            wrong.push(format!("its row counts {} seats, there are {taken}", w.booked));
        }
        let twice = |what: &str, students: Vec<&String>| {
            let mut seen = std::collections::BTreeSet::new();
            students.into_iter().find(|s| !seen.insert(*s)).map(|s| format!("{s} has two {what}"))
        };
        let booked = self.bookings.values().filter(|b| b.has_seat()).map(|b| &b.student).collect();
        let held = self.holds.values().filter(|h| h.ended.is_none()).map(|h| &h.student).collect();
        let waiting = self.entries.values().filter(|e| e.live).map(|e| &e.student).collect();
        wrong.extend(twice("bookings", booked));
        wrong.extend(twice("holds", held));
        wrong.extend(twice("places in the queue", waiting));
        if self.queue().len() as u32 > self.waitlist {
            wrong.push(format!("{} wait where {} may", self.queue().len(), self.waitlist));
        }
        for (id, offer) in self.live_offers() {
            if self.rounds.get(&offer.round).is_none_or(|r| r.ended.is_some()) {
                wrong.push(format!("the offer {id} lives on after its round"));
            }
            if self.entries.get(&offer.entry).is_none_or(|e| !e.live) {
                wrong.push(format!("the offer {id} is to someone who does not wait"));
            }
        }
    }

    /// Whoever newly sits here had a free seat, a hold or an offer.
    fn new_seats_had_a_right(&self, before: &Self, w: &Written, wrong: &mut Vec<String>) {
        let mut free = before.left();
        for event in &w.events {
            let Event::Booked { student, source, .. } = event else { continue };
            let student = student.to_string();
            let won = |o: &&Offer| o.student == student && o.ended == Some(OfferEnd::Accepted);
            let accepted =
                self.offers.iter().filter(|(id, _)| before.offers.get(*id).is_none_or(|o| o.ended.is_none()));
            let accepted = accepted.map(|(_, o)| o).any(|o| won(&o));
            match source {
                Source::Race | Source::Turn if accepted => {}
                Source::Race | Source::Turn if before.holds_seat(&student) => {}
                Source::Race | Source::Turn => wrong.push(format!("{student} was promoted without an offer")),
                Source::Direct | Source::Arranged | Source::Moved => {
                    if before.holds_seat(&student) || accepted {
                        continue;
                    }
                    match free.checked_sub(1) {
                        Some(rest) => free = rest,
                        None => wrong.push(format!("{student} was given a seat that was not free")),
                    }
                }
            }
        }
    }

    /// Every freed seat opens a round of its own, in the very turn that frees it.
    fn freed_seats_were_offered(&self, before: &Self, w: &Written, at: i64, wrong: &mut Vec<String>) {
        let waiting = self.queue().len();
        let counted = self.open && at < self.cutoff_at && waiting > 0;
        let opened: Vec<_> = self.rounds.iter().filter(|(id, _)| !before.rounds.contains_key(*id)).collect();
        let given_up = w.events.iter().filter(|e| match e {
            Event::BookingCancelled { .. } => true,
            Event::HoldEnded { end, .. } => *end != HoldEnd::Used,
            _ => false,
        });
        let mut freed = given_up.count() + self.capacity.saturating_sub(before.capacity) as usize;
        if !before.open && self.open {
            freed += before.left() as usize;
        }
        let by_hand = opened.iter().filter(|(_, r)| r.cause == Cause::Manual).count();
        if counted && opened.len() != freed + by_hand {
            wrong.push(format!("{freed} seats were freed for {waiting} who wait, {} were offered", opened.len()));
        }
        if !counted && !opened.is_empty() {
            wrong.push("a seat was offered where nobody may take it".into());
        }
    }

    /// A new race is offered to all who wait; where it matters who can be reached, to them alone,
    /// unless there is nobody. All others stand in its row as passed over, and hear why.
    fn races_were_for_those_in_reach(&self, w: &Written, ears: &Ears, wrong: &mut Vec<String>) {
        let opened = w.events.iter().filter_map(|e| match e {
            Event::RoundOpened { round, .. } => Some(*round),
            _ => None,
        });
        for round in opened {
            let deaf: Names = ears.deaf_at(round).iter().map(ToString::to_string).collect();
            let waiting: Names = self.queue().into_iter().map(|(_, e)| e.student.clone()).collect();
            let out: Names = waiting.intersection(&deaf).cloned().collect();
            let out = if self.skips_deaf && out != waiting { out } else { Names::new() };
            let offers = self.offers.values().filter(|o| o.round == round.to_string() && o.stage == Stage::Race);
            let offered: Names = offers.map(|o| o.student.clone()).collect();
            let left_out = left_out_of(round, w);
            let passed: Names = left_out.iter().map(|(student, _)| student.clone()).collect();
            left_out.iter().for_each(|(_, entry)| self.is_out_and_told(w, &round.to_string(), *entry, wrong));
            let racers: Names = waiting.difference(&out).cloned().collect();
            if offered != racers {
                wrong.push(format!("a freed seat was offered to {offered:?}, it was for {racers:?}"));
            }
            if passed != out {
                wrong.push(format!("{passed:?} were taken to be out of reach, {out:?} were"));
            }
        }
    }

    fn is_out_and_told(&self, w: &Written, round: &str, entry: EntryId, wrong: &mut Vec<String>) {
        if !self.rounds[round].passed.contains(&entry.to_string()) {
            wrong.push(format!("the row of round {round} does not say that {entry} is out of it"));
        }
        let notices = w.notices.as_ref().map(|n| n.notices.as_slice()).unwrap_or_default();
        let news = What::OfferSkipped { waitlist_id: entry, reason: SkipReason::Unreachable };
        if notices.iter().filter(|n| n.what == news).count() != 1 {
            wrong.push(format!("{entry} was left out and is not told once"));
        }
    }

    /// A turn is given to the first in line who has none and was not passed over in this round.
    fn turns_are_in_line(&self, before: &Self, wrong: &mut Vec<String>) {
        let new = self.live_offers().filter(|(id, o)| o.stage == Stage::Turn && !before.offers.contains_key(*id));
        for (_, offer) in new {
            let Some(seq) = self.entries.get(&offer.entry).map(|e| e.seq) else { continue };
            let passed = &self.rounds[&offer.round].passed;
            if passed.contains(&offer.entry) {
                wrong.push(format!("{} was given a turn of a round that they are out of", offer.student));
            }
            let in_turn = |entry: &str| self.live_offers().any(|(_, o)| o.entry == entry && o.stage == Stage::Turn);
            for (entry, first) in self.queue().into_iter().filter(|(_, e)| e.seq < seq) {
                if !passed.contains(entry) && !in_turn(entry) {
                    wrong.push(format!("{} was given the turn of {}", offer.student, first.student));
                }
            }
        }
    }

    /// The first deadline that nobody handled, if it passed a while ago.
    pub fn overdue(&self, now: i64) -> Option<String> {
        let late = |what: &str, at: i64| (at + 3_000 < now).then(|| format!("{what} was due at {at}, it is {now}"));
        let offers = self.live_offers().find_map(|(_, o)| late("an offer", o.answer_before(self.grace)));
        let holds = self.holds.values().filter(|h| h.ended.is_none()).find_map(|h| late("a hold", h.expires_at));
        let fees = self.bookings.values().filter(|b| b.state == "unpaid").filter_map(|b| b.pay_by);
        let fees = fees.into_iter().find_map(|t| late("a fee", t));
        let queue = (!self.queue().is_empty()).then(|| self.cutoff_at + self.grace);
        offers.or(holds).or(fees).or_else(|| late("the queue's end", queue?))
    }
}

/// Who was passed over as out of reach, as the events tell it.
fn left_out_of(round: RoundId, w: &Written) -> Vec<(String, EntryId)> {
    let passed = w.events.iter().filter_map(|e| match e {
        Event::EntryPassed { round: of, student, entry, reason: Some(SkipReason::Unreachable), .. } => {
            (*of == round).then(|| (student.to_string(), *entry))
        }
        _ => None,
    });
    passed.collect()
}

/// Whatever somebody should hear of stands in the outbox of the very turn.
fn told(w: &Written, wrong: &mut Vec<String>) {
    let notices = w.notices.as_ref().map(|n| n.notices.as_slice()).unwrap_or_default();
    for row in &w.changes.bookings {
        let id = row.booking.id;
        let tells = |what: &What| match what {
            What::BookingPending { booking_id, .. }
            | What::BookingConfirmed { booking_id, .. }
            | What::BookingCancelled { booking_id, .. }
            | What::BookingAttended { booking_id, .. } => *booking_id == id,
            _ => false,
        };
        if !notices.iter().any(|n| tells(&n.what)) {
            wrong.push(format!("nobody will hear what became of booking {id}"));
        }
    }
    for row in w.changes.offers.iter().filter(|row| row.ended.is_none() && row.offer.begun_at.is_none()) {
        let tells = |what: &What| matches!(what, What::SeatOffered { offer_id, .. } if *offer_id == row.offer.id);
        if !notices.iter().any(|n| tells(&n.what)) {
            wrong.push(format!("nobody will hear of offer {}", row.offer.id));
        }
    }
}
