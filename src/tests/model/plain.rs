//! The rules of one class, told a second time and as plainly as can be: lists of everything that
//! ever was, no index, no event, every number recounted whenever it is asked for. It shares no
//! code with the domain, so a slip in one of them shows as a difference between the two.
//!
//! Students, entries, offers, rounds and bookings are their places in the lists; instants and
//! lengths of time are milliseconds.

mod wishes;

pub type At = i64;

/// A deadline handled later than this is handled as of now.
const LATE: At = 5_000;
const HOLDS: u32 = 3;
const HOLDS_WITHIN: At = 30 * 60_000;

#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    pub window: At,
    pub cutoff: At,
    pub grace: At,
    pub reminder: At,
    pub hold: At,
    pub pay: At,
    pub notice: At,
    pub teacher_confirms: bool,
    pub fee: bool,
    /// A seat is raced for by those alone who can be told of it, if there are any.
    pub only_reachable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Status {
    Open,
    Blocked,
    Completed,
    Revoked,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    Live,
    Accepted,
    Declined,
    Lost,
    Lapsed,
    Closed,
    Withdrawn,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    pub round: usize,
    pub entry: usize,
    pub is_turn: bool,
    pub deadline: At,
    pub begun: Option<At>,
    pub how: How,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    pub over: bool,
    /// Entries that get no turn in it.
    pub out: Vec<usize>,
    pub remind: Option<At>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    pub student: usize,
    pub active: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seat {
    Unpaid(At),
    Asked,
    Confirmed,
    Present,
    Absent,
    Cancelled,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Booking {
    pub student: usize,
    pub seat: Seat,
    pub paid: bool,
    /// Arranged by staff or promoted: no teacher is asked.
    pub trusted: bool,
    pub free_exit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hold {
    pub student: usize,
    pub since: At,
    pub until: At,
    pub live: bool,
}

/// What is odd about a wish for a seat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Odd {
    No,
    /// The calendar was looked at for other times.
    Stale,
    Conflict,
    /// The caller thought of another course.
    Course,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Student,
    Staff,
}

pub type Answer = Result<String, &'static str>;

#[derive(Clone, Debug, PartialEq)]
pub struct Plain {
    pub rules: Rules,
    pub status: Status,
    pub capacity: u32,
    pub starts: At,
    pub waitlist: u32,
    pub skipped: Vec<bool>,
    pub deaf: Vec<bool>,
    pub running_since: At,
    /// The instant of the latest change.
    pub stamp: At,
    pub bookings: Vec<Booking>,
    pub holds: Vec<Hold>,
    /// Holds that ended without a booking: how many since when, by student.
    pub held_before: Vec<Option<(u32, At)>>,
    pub entries: Vec<Entry>,
    pub rounds: Vec<Round>,
    pub offers: Vec<Offer>,
    /// In the order in which they ended.
    pub ended: Vec<usize>,
    freed: u32,
}

impl Plain {
    pub fn new(rules: Rules, capacity: u32, starts: At, waitlist: u32, students: usize, now: At) -> Self {
        Self {
            rules,
            status: Status::Open,
            capacity,
            starts,
            waitlist,
            skipped: vec![false; students],
            deaf: vec![false; students],
            running_since: At::MIN,
            stamp: now,
            bookings: Vec::new(),
            holds: Vec::new(),
            held_before: vec![None; students],
            entries: Vec::new(),
            rounds: Vec::new(),
            offers: Vec::new(),
            ended: Vec::new(),
            freed: 0,
        }
    }

    // ---- what is there

    pub fn booking_of(&self, student: usize) -> Option<usize> {
        (0..self.bookings.len())
            .find(|&b| self.bookings[b].student == student && self.bookings[b].seat != Seat::Cancelled)
    }

    pub fn hold_of(&self, student: usize) -> Option<usize> {
        (0..self.holds.len()).find(|&h| self.holds[h].student == student && self.holds[h].live)
    }

    pub fn queue(&self) -> Vec<usize> {
        (0..self.entries.len()).filter(|&e| self.entries[e].active).collect()
    }

    pub fn entry_of(&self, student: usize) -> Option<usize> {
        self.queue().into_iter().find(|&e| self.entries[e].student == student)
    }

    pub fn live_rounds(&self) -> Vec<usize> {
        (0..self.rounds.len()).filter(|&r| !self.rounds[r].over).collect()
    }

    pub fn live_offers(&self) -> Vec<usize> {
        // By round, and by place in line within it.
        let mut live: Vec<_> = (0..self.offers.len()).filter(|&o| self.offers[o].how == How::Live).collect();
        live.sort_by_key(|&o| (self.offers[o].round, self.offers[o].entry));
        live
    }

    fn offers_of(&self, entry: usize) -> Vec<usize> {
        self.live_offers().into_iter().filter(|&o| self.offers[o].entry == entry).collect()
    }

    pub fn current_offer(&self, student: usize) -> Option<usize> {
        let of = self.live_offers().into_iter().filter(|&o| self.entries[self.offers[o].entry].student == student);
        of.min_by_key(|&o| (self.offers[o].deadline, self.offers[o].round))
    }

    pub fn taken(&self) -> u32 {
        self.bookings.iter().filter(|b| b.seat != Seat::Cancelled).count() as u32
    }

    pub fn held(&self) -> u32 {
        self.holds.iter().filter(|h| h.live).count() as u32
    }

    pub fn left(&self) -> u32 {
        self.capacity - self.taken() - self.held() - self.live_rounds().len() as u32
    }

    fn confirm_by(&self, offer: usize) -> At {
        let o = self.offers[offer];
        o.begun.map_or(o.deadline, |begun| o.deadline.max(begun + self.rules.grace))
    }

    fn cutoff(&self) -> At {
        self.starts - self.rules.cutoff
    }

    fn protected(&self, entry: usize, at: At) -> bool {
        self.offers_of(entry).into_iter().any(|o| self.offers[o].begun.is_some() && self.confirm_by(o) > at)
    }

    pub fn in_turn(&self, entry: usize) -> bool {
        self.offers_of(entry).into_iter().any(|o| self.offers[o].is_turn)
    }

    // ---- time

    /// The next instant at which something happens by itself.
    pub fn due(&self) -> Option<At> {
        let mut all: Vec<At> = self.live_offers().into_iter().map(|o| self.confirm_by(o)).collect();
        all.extend(self.live_rounds().into_iter().filter_map(|r| self.rounds[r].remind));
        all.extend(self.holds.iter().filter(|h| h.live).map(|h| h.until));
        all.extend(self.bookings.iter().filter_map(|b| match b.seat {
            Seat::Unpaid(pay_by) => Some(pay_by),
            Seat::Asked => Some(self.starts),
            Seat::Confirmed | Seat::Present | Seat::Absent | Seat::Cancelled => None,
        }));
        let cutoff = self.cutoff();
        all.extend(self.queue().into_iter().any(|e| !self.protected(e, cutoff)).then_some(cutoff));
        all.into_iter().min()
    }

    /// Does all that is due at the earliest instant by `now`; false when nothing is.
    pub fn pass(&mut self, now: At) -> bool {
        let Some(due) = self.due().filter(|&due| due <= now) else { return false };
        let slept = due < self.running_since || now - due > LATE;
        let at = if slept { now } else { due }.max(self.stamp);
        self.stamp = at;
        self.fall_due(at);
        self.follow_up(at);
        true
    }

    fn fall_due(&mut self, at: At) {
        for r in self.live_rounds() {
            self.rounds[r].remind = self.rounds[r].remind.filter(|&t| t > at);
        }
        let over = self.live_offers().into_iter().filter(|&o| self.confirm_by(o) <= at);
        let (turns, races): (Vec<_>, Vec<_>) = over.partition(|&o| self.offers[o].is_turn);
        races.into_iter().for_each(|o| self.end_offer(o, How::Lapsed));
        turns.into_iter().for_each(|o| self.end_turn(o, How::Lapsed));
        self.close_queue(at);
        for h in 0..self.holds.len() {
            if self.holds[h].live && self.holds[h].until <= at {
                self.give_back(h, at);
            }
        }
        for b in 0..self.bookings.len() {
            let due = match self.bookings[b].seat {
                Seat::Unpaid(pay_by) => pay_by <= at,
                Seat::Asked => self.starts <= at,
                Seat::Confirmed | Seat::Present | Seat::Absent | Seat::Cancelled => false,
            };
            if due {
                self.bookings[b].seat = Seat::Cancelled;
                self.freed += 1;
            }
        }
    }

    fn close_queue(&mut self, at: At) {
        if at < self.cutoff() {
            return;
        }
        let over: Vec<_> = self.queue().into_iter().filter(|&e| !self.protected(e, at)).collect();
        over.into_iter().for_each(|e| self.end_entry(e, How::Closed));
    }

    /// What follows from a change: the end of the queue, next stages, new rounds.
    fn follow_up(&mut self, at: At) {
        self.close_queue(at);
        let goes_on = self.status == Status::Open && at < self.cutoff();
        while let Some(r) = self.live_rounds().into_iter().find(|&r| !self.has_offers(r)) {
            match self.queue().into_iter().find(|&e| goes_on && !self.rounds[r].out.contains(&e) && !self.in_turn(e)) {
                None => self.rounds[r].over = true,
                Some(e) if self.skipped[self.entries[e].student] => self.rounds[r].out.push(e),
                Some(e) => self.send(r, vec![e], true, at),
            }
        }
        for _ in 0..std::mem::take(&mut self.freed) {
            let all = self.queue();
            if goes_on && !all.is_empty() && self.left() > 0 {
                let out = self.not_told(&all);
                let told = all.into_iter().filter(|e| !out.contains(e)).collect();
                self.rounds.push(Round { over: false, out, remind: None });
                self.send(self.rounds.len() - 1, told, false, at);
            }
        }
    }

    /// Of a queue, those with whom a race does without.
    fn not_told(&self, queue: &[usize]) -> Vec<usize> {
        let mut deaf = queue.to_vec();
        deaf.retain(|&e| self.deaf[self.entries[e].student]);
        if !self.rules.only_reachable || deaf.len() == queue.len() {
            deaf.clear();
        }
        deaf
    }

    fn has_offers(&self, round: usize) -> bool {
        self.live_offers().into_iter().any(|o| self.offers[o].round == round)
    }

    fn send(&mut self, round: usize, to: Vec<usize>, is_turn: bool, at: At) {
        let deadline = (at + self.rules.window).min(self.cutoff());
        let remind = deadline - self.rules.reminder;
        self.rounds[round].remind = (self.rules.reminder > 0 && remind > at).then_some(remind);
        for entry in to {
            self.offers.push(Offer { round, entry, is_turn, deadline, begun: None, how: How::Live });
        }
    }

    // ---- endings

    fn end_offer(&mut self, offer: usize, how: How) {
        self.offers[offer].how = how;
        self.ended.push(offer);
    }

    fn end_entry(&mut self, entry: usize, offers: How) {
        self.offers_of(entry).into_iter().for_each(|o| self.end_offer(o, offers));
        self.entries[entry].active = false;
    }

    /// A turn that is not taken is the end of the entry, with all that it was offered.
    fn end_turn(&mut self, offer: usize, how: How) {
        let entry = self.offers[offer].entry;
        for other in self.offers_of(entry).into_iter().filter(|&o| o != offer) {
            self.end_offer(other, How::Withdrawn);
        }
        self.end_offer(offer, how);
        self.entries[entry].active = false;
    }

    fn give_back(&mut self, hold: usize, at: At) {
        let Hold { student, since, .. } = self.holds[hold];
        self.holds[hold].live = false;
        let before = self.held_before[student].filter(|&(_, first)| at - first < HOLDS_WITHIN);
        self.held_before[student] = Some(before.map_or((1, since), |(n, first)| (n + 1, first)));
        self.freed += 1;
    }
}
