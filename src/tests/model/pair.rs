//! The domain and the plain model side by side: the same steps, and a comparison after each.

use yueke::{
    base::{
        ids::{BookingId, EntryId, OfferId, StudentId},
        time::Timestamp,
        units::Fen,
    },
    domain::schedule::{
        Command, Decision, Event, Policy, Receipt, Rejection,
        command::Evidence,
        policy::ConfirmMode,
        state::{Booking, BookingState, Canceller, SkipReason, Source, Stage, Status},
    },
};

use super::plain::{self, Answer, At, By, Odd, Plain, Rules, Seat};
use crate::harness::desk::{Book, COURSE, account};

/// Names are places in lists; a number that is no place there is brought into its bounds.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// So much time goes by.
    Pass(At),
    /// To the next thing that happens by itself, and so much further.
    ToDue(At),
    /// The clock is set back.
    FallBack(At),
    /// The server is away for so long.
    Restart(At),
    Book(u8, bool, Odd),
    Hold(u8, Odd),
    Release(u8),
    /// Holds a seat and gives it back, again and again.
    Dither(u8),
    Cancel(u8, By),
    Pay(u8),
    Confirm(u8),
    Attend(u8, bool),
    Join(u8),
    /// From the active entry, or from the student's first one ever.
    Leave(u8, bool),
    Begin(u8, Which),
    Accept(u8, Which, Odd),
    Decline(u8, Which),
    Withdraw(Which),
    OfferSeat,
    SetCapacity(u32),
    Move(At, Odd),
    Block,
    Unblock,
    Complete,
    Revoke,
    Skip(u8, bool),
    /// Whether news reaches them from now on.
    Hear(u8, bool),
    SetWaitlist(u32),
}

impl Step {
    fn verb(self) -> String {
        let text = format!("{self:?}").to_lowercase();
        let verb = text.split('(').next().unwrap_or_default();
        verb.trim_start_matches("set").trim_end_matches("seat").to_owned()
    }
}

/// The offer that an answer names.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    Current,
    /// One of the latest few that were sent.
    Latest(u8),
    Any(u8),
}

/// Something wrong with the domain, for the test of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// One seat too many.
    Oversell,
    /// An answer at the deadline is still in time.
    LateAnswer,
    /// A begun confirm is protected for a moment too long.
    LongGrace,
    /// The reminder comes too early.
    EarlyReminder,
    /// Nobody is ever passed over.
    NoSkips,
    /// The queue takes one too many.
    LongQueue,
    /// What was slept through is handled as if nobody had slept.
    NoRestart,
    /// A named offer is not looked for.
    AnyOffer,
    /// A race is offered also to those who cannot hear of it.
    OfferToDeaf,
    /// The policy that leaves people out holds where it was not chosen.
    AlwaysLeaveOut,
}

impl Fault {
    pub const ALL: [Self; 10] = [
        Self::Oversell,
        Self::LateAnswer,
        Self::LongGrace,
        Self::EarlyReminder,
        Self::NoSkips,
        Self::LongQueue,
        Self::NoRestart,
        Self::AnyOffer,
        Self::OfferToDeaf,
        Self::AlwaysLeaveOut,
    ];
}

pub struct Pair {
    pub book: Book,
    plain: Plain,
    now: At,
    opened: At,
    fault: Option<Fault>,
    /// The domain's names of the model's places.
    offers: Vec<OfferId>,
    entries: Vec<EntryId>,
    bookings: Vec<BookingId>,
    /// What was asked, and what was answered.
    pub answers: Vec<String>,
}

const OPENED: At = 1_762_000_000_000;

fn instant(at: At) -> Timestamp {
    Timestamp::from_millis(at)
}

fn student(place: usize) -> StudentId {
    StudentId::from_u128(place as u128 + 1)
}

fn place(student: StudentId) -> usize {
    student.as_u128() as usize - 1
}

fn policy(rules: &Rules) -> Policy {
    Policy {
        window_ms: rules.window,
        cutoff_ms: rules.cutoff,
        grace_ms: rules.grace,
        reminder_ms: rules.reminder,
        hold_ms: rules.hold,
        pay_ms: rules.pay,
        cancel_notice_ms: rules.notice,
        confirm: if rules.teacher_confirms { ConfirmMode::Teacher } else { ConfirmMode::Auto },
        price_fen: Fen(if rules.fee { 100 } else { 0 }),
        skip_unreachable: rules.only_reachable,
        ..Policy::default()
    }
}

impl Pair {
    pub fn new(rules: Rules, capacity: u32, waitlist: u32, students: usize, ahead: At, fault: Option<Fault>) -> Self {
        let is = |f| fault == Some(f);
        let mut policy = policy(&rules);
        policy.grace_ms += At::from(is(Fault::LongGrace));
        policy.reminder_ms += At::from(is(Fault::EarlyReminder));
        policy.skip_unreachable |= is(Fault::AlwaysLeaveOut);
        let starts = OPENED + ahead;
        let times = [instant(starts), instant(starts + 3_600_000)];
        let mut book = Book::new(policy, capacity + u32::from(is(Fault::Oversell)), times, instant(OPENED), waitlist);
        book.desk.waitlist += u32::from(is(Fault::LongQueue));
        let plain = Plain::new(rules, capacity, starts, waitlist, students, OPENED);
        let (offers, entries, bookings, answers) = Default::default();
        Self { book, plain, now: OPENED, opened: OPENED, fault, offers, entries, bookings, answers }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// What differs afterwards, in words.
    pub fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Pass(ms) => self.now += ms,
            Step::ToDue(ms) => self.now = self.plain.due().map_or(self.now, |due| self.now.max(due + ms)),
            Step::FallBack(ms) => self.now = (self.now - ms).max(self.opened),
            Step::Restart(away) => self.restart(away),
            Step::Skip(who, skipped) => self.skip(who, skipped),
            Step::Hear(who, hears) => self.hear(who, hears),
            Step::Dither(who) => {
                self.settle()?;
                for _ in 0..4 {
                    self.ask(Step::Hold(who, Odd::No))?;
                    self.ask(Step::Release(who))?;
                }
            }
            Step::SetWaitlist(n) => {
                self.plain.waitlist = n;
                self.book.desk.waitlist = n + u32::from(self.is(Fault::LongQueue));
            }
            _ => {
                self.settle()?;
                self.ask(step)?;
            }
        }
        self.settle()
    }

    fn restart(&mut self, away: At) {
        self.now += away;
        self.book.reload();
        self.plain.running_since = self.now;
        if !self.is(Fault::NoRestart) {
            self.book.desk.running_since = instant(self.now);
        }
    }

    fn skip(&mut self, who: u8, skipped: bool) {
        self.plain.skipped[usize::from(who)] = skipped;
        let who = student(who.into());
        if skipped && !self.is(Fault::NoSkips) {
            self.book.desk.skips.insert(who, SkipReason::TimeConflict);
        } else {
            self.book.desk.skips.remove(&who);
        }
    }

    fn hear(&mut self, who: u8, hears: bool) {
        self.plain.deaf[usize::from(who)] = !hears;
        let who = student(who.into());
        if hears || self.is(Fault::OfferToDeaf) {
            self.book.desk.deaf.remove(&who);
        } else {
            self.book.desk.deaf.insert(who);
        }
    }

    /// All that is due, one instant after the other.
    fn settle(&mut self) -> Result<(), String> {
        let now = self.now - At::from(self.is(Fault::LateAnswer));
        loop {
            let done = self.book.settle(instant(now));
            done.iter().for_each(|d| self.learn(d));
            let passed = self.plain.pass(self.now);
            self.compare(&format!("{:?}", done.is_some()), &format!("{passed:?}"))?;
            self.answers.push(format!("due: {passed}"));
            if !passed {
                return Ok(());
            }
        }
    }

    fn learn(&mut self, decision: &Decision) {
        for event in &decision.events {
            match event {
                Event::OfferSent { offer, .. } => self.offers.push(*offer),
                Event::Joined { entry, .. } => self.entries.push(*entry),
                Event::Booked { booking, .. } => self.bookings.push(*booking),
                _ => {}
            }
        }
    }

    // ---- wishes

    fn ask(&mut self, step: Step) -> Result<(), String> {
        let Some((command, answer)) = self.translate(step) else { return Ok(()) };
        let (verb, said) = (step.verb(), answer.clone().unwrap_or_else(str::to_owned));
        // Without the instants that it tells.
        let said = said.trim_end_matches(|c: char| c.is_ascii_digit() || c == ')');
        self.answers.push(format!("{verb}: {said}"));
        let now = self.now - At::from(self.is(Fault::LateAnswer));
        let done = self.book.handle(&command, instant(now));
        done.iter().for_each(|d| self.learn(d));
        let done = done.map(|d| told(&d.receipt, &self.plain)).map_err(Rejection::name);
        self.compare(&format!("{done:?}"), &format!("{answer:?}"))
    }

    /// The command for the domain, and what the model says to it; none when there is nothing to
    /// name yet.
    fn translate(&mut self, step: Step) -> Option<(Command, Answer)> {
        let now = self.now;
        let ask = |p: &mut Plain, what: &mut dyn FnMut(&mut Plain, At) -> Answer| p.ask(now, what);
        let booking = |n: u8| (!self.bookings.is_empty()).then(|| usize::from(n) % self.bookings.len());
        Some(match step {
            Step::Book(who, arranged, odd) => {
                let source = if arranged { Source::Arranged } else { Source::Direct };
                let command = self.command_to_book(who, source, odd);
                (command, ask(&mut self.plain, &mut |p, at| p.book(who.into(), arranged, odd, at)))
            }
            Step::Hold(who, odd) => {
                let calendar = self.evidence(odd);
                let who_ = student(who.into());
                let command = Command::Hold { student: who_, account: account(who_), calendar };
                (command, ask(&mut self.plain, &mut |p, at| p.hold(who.into(), odd, at)))
            }
            Step::Release(who) => {
                let command = Command::ReleaseHold { student: student(who.into()) };
                (command, ask(&mut self.plain, &mut |p, at| p.release(who.into(), at)))
            }
            Step::Cancel(n, by) => {
                let n = booking(n)?;
                let (student, booking) = self.booked(n);
                let canceller = if by == By::Student { Canceller::Student } else { Canceller::Teacher };
                let command = Command::Cancel { student, booking, by: canceller, reason: None };
                (command, ask(&mut self.plain, &mut |p, at| p.cancel(n, by, at)))
            }
            Step::Pay(n) => {
                let n = booking(n)?;
                let (student, booking) = self.booked(n);
                (Command::MarkPaid { student, booking }, ask(&mut self.plain, &mut |p, at| p.pay(n, at)))
            }
            Step::Confirm(n) => {
                let n = booking(n)?;
                let (student, booking) = self.booked(n);
                (Command::Confirm { student, booking }, ask(&mut self.plain, &mut |p, _| p.confirm(n)))
            }
            Step::Attend(n, present) => {
                let n = booking(n)?;
                let (student, booking) = self.booked(n);
                let command = Command::Attend { student, booking, present };
                (command, ask(&mut self.plain, &mut |p, at| p.attend(n, present, at)))
            }
            Step::Join(who) => {
                let student = student(who.into());
                let command = Command::Join { student, account: account(student) };
                (command, ask(&mut self.plain, &mut |p, at| p.join(who.into(), at)))
            }
            Step::Leave(..) | Step::Begin(..) | Step::Accept(..) | Step::Decline(..) => self.translate_answer(step),
            Step::Withdraw(which) => {
                let n = self.named(which);
                let offer = n.map_or(OfferId::from_u128(0), |n| self.offers[n]);
                (Command::WithdrawOffer { offer }, ask(&mut self.plain, &mut |p, _| p.withdraw(n)))
            }
            Step::OfferSeat => (Command::OfferSeat, ask(&mut self.plain, &mut Plain::offer_seat)),
            Step::SetCapacity(n) => {
                let capacity = n + u32::from(self.is(Fault::Oversell));
                (Command::SetCapacity { capacity }, ask(&mut self.plain, &mut |p, _| p.set_capacity(n)))
            }
            Step::Move(by, odd) => {
                let starts = self.opened + by;
                (self.command_to_move(starts, odd), ask(&mut self.plain, &mut |p, at| p.move_to(starts, odd, at)))
            }
            Step::Block => (Command::Block, ask(&mut self.plain, &mut |p, _| p.block())),
            Step::Unblock => (Command::Unblock, ask(&mut self.plain, &mut |p, _| p.unblock())),
            Step::Complete => (Command::Complete, ask(&mut self.plain, &mut Plain::complete)),
            Step::Revoke => (Command::Revoke { reason: None }, ask(&mut self.plain, &mut Plain::revoke)),
            Step::Pass(_)
            | Step::ToDue(_)
            | Step::FallBack(_)
            | Step::Restart(_)
            | Step::Dither(_)
            | Step::Skip(..)
            | Step::Hear(..)
            | Step::SetWaitlist(_) => return None,
        })
    }

    fn translate_answer(&mut self, step: Step) -> (Command, Answer) {
        let (Step::Leave(who, _) | Step::Begin(who, _) | Step::Accept(who, ..) | Step::Decline(who, _)) = step else {
            unreachable!("the caller has looked")
        };
        let who = usize::from(who);
        let first = || self.plain.entries.iter().position(|e| e.student == who);
        let place = match step {
            Step::Leave(_, false) => first(),
            _ => self.plain.entry_of(who).or_else(first),
        };
        let entry = place.map_or(EntryId::from_u128(0), |e| self.entries[e]);
        let named = match step {
            Step::Begin(_, which) | Step::Accept(_, which, _) | Step::Decline(_, which) => self.named(which),
            _ => None,
        };
        let offer = named.map(|n| self.offers[n]).filter(|_| !self.is(Fault::AnyOffer));
        let student = student(who);
        let command = match step {
            Step::Leave(..) => Command::Leave { student, entry },
            Step::Begin(..) => Command::Begin { student, entry, offer },
            Step::Accept(_, _, odd) => {
                Command::Accept { student, entry, offer, account: account(student), calendar: self.evidence(odd) }
            }
            _ => Command::Decline { student, entry, offer },
        };
        let answer = self.plain.ask(self.now, |p, at| match step {
            Step::Leave(..) => p.leave(who, place),
            Step::Begin(..) => p.begin(who, place, named, at),
            Step::Accept(_, _, odd) => p.accept(who, place, named, odd, at),
            _ => p.decline(who, place, named),
        });
        (command, answer)
    }

    fn named(&self, which: Which) -> Option<usize> {
        let sent = self.offers.len();
        match which {
            Which::Current => None,
            Which::Latest(n) => sent.checked_sub(1 + usize::from(n) % sent.clamp(1, 6)),
            Which::Any(n) => (sent > 0).then(|| usize::from(n) % sent),
        }
    }

    fn booked(&self, n: usize) -> (StudentId, BookingId) {
        (student(self.plain.bookings[n].student), self.bookings[n])
    }

    fn evidence(&self, odd: Odd) -> Evidence {
        match odd {
            Odd::Stale => Evidence::unknown(),
            Odd::No | Odd::Conflict | Odd::Course => self.book.evidence(odd == Odd::Conflict),
        }
    }

    fn command_to_book(&self, who: u8, source: Source, odd: Odd) -> Command {
        let student = student(who.into());
        let other = yueke::base::ids::CourseId::from_u128(404);
        Command::Book {
            student,
            account: account(student),
            source,
            note: None,
            expect_course: Some(if odd == Odd::Course { other } else { COURSE }),
            moved_from: None,
            calendar: self.evidence(odd),
        }
    }

    fn command_to_move(&self, starts: At, odd: Odd) -> Command {
        let mut checked: Vec<_> = self.book.s.booked_students().collect();
        if odd == Odd::Stale {
            checked.push(StudentId::from_u128(404));
        }
        Command::Reschedule {
            starts_at: instant(starts),
            ends_at: instant(starts + 3_600_000),
            teacher: self.book.s.head.teacher,
            checked,
            conflict: odd == Odd::Conflict,
        }
    }

    // ---- the comparison

    fn compare(&self, done: &str, expected: &str) -> Result<(), String> {
        let (domain, plain) =
            (format!("{done}\n{}", self.domain_state()), format!("{expected}\n{}", self.plain_state()));
        if domain == plain { Ok(()) } else { Err(format!("the domain:\n{domain}\nthe plain model:\n{plain}")) }
    }

    fn domain_state(&self) -> String {
        let (s, is_oversold) = (&self.book.s, u32::from(self.is(Fault::Oversell)));
        let mut text = format!(
            "{:?} at {}, {} seats: {} taken, {} held, {} offered, {} left; due {:?}\n",
            s.head.status,
            s.head.starts_at.as_millis() - self.opened,
            s.head.capacity - is_oversold,
            s.seats_taken(),
            s.seats_held(),
            s.seats_offered(),
            s.seats_left(),
            s.next_due().map(|t| t.as_millis() - self.opened),
        );
        for who in 0..self.plain.skipped.len() {
            let mine = student(who);
            if let Some(b) = s.booking_of(mine) {
                text += &format!("{who} booked {}, paid {}, free exit {}\n", seat(b), is_paid(b), b.free_exit);
            }
            if let Some(h) = s.hold_of(mine) {
                text += &format!("{who} holds {}\n", h.expires_at.as_millis());
            }
            if let Some(o) = s.current_offer(mine) {
                text += &format!("{who} is offered {:?}\n", self.offers.iter().position(|id| *id == o.id));
            }
        }
        for id in s.waiting_students() {
            let entry = s.entry_of(id).expect("they wait").id;
            text += &format!("{} waits, in turn {}\n", place(id), s.is_in_turn(entry));
            for (r, o) in s.offers_of(entry) {
                let begun = o.begun_at.map(Timestamp::as_millis);
                let (is_turn, remind) = (o.stage == Stage::Turn, r.remind_at.map(Timestamp::as_millis));
                text +=
                    &format!("  turn {is_turn} until {} begun {begun:?} remind {remind:?}\n", o.deadline.as_millis());
            }
        }
        text
    }

    fn plain_state(&self) -> String {
        let p = &self.plain;
        let mut text = format!(
            "{:?} at {}, {} seats: {} taken, {} held, {} offered, {} left; due {:?}\n",
            status(p.status),
            p.starts - self.opened,
            p.capacity,
            p.taken(),
            p.held(),
            p.live_rounds().len(),
            p.left(),
            p.due().map(|t| t - self.opened),
        );
        for who in 0..p.skipped.len() {
            if let Some(b) = p.booking_of(who).map(|b| p.bookings[b]) {
                text += &format!("{who} booked {:?}, paid {}, free exit {}\n", b.seat, b.paid, b.free_exit);
            }
            if let Some(h) = p.hold_of(who) {
                text += &format!("{who} holds {}\n", p.holds[h].until);
            }
            if let Some(o) = p.current_offer(who) {
                text += &format!("{who} is offered {:?}\n", Some(o));
            }
        }
        for entry in p.queue() {
            text += &format!("{} waits, in turn {}\n", p.entries[entry].student, p.in_turn(entry));
            for o in p.live_offers().into_iter().map(|o| p.offers[o]).filter(|o| o.entry == entry) {
                let remind = p.rounds[o.round].remind;
                text += &format!("  turn {} until {} begun {:?} remind {remind:?}\n", o.is_turn, o.deadline, o.begun);
            }
        }
        text
    }
}

fn seat(b: &Booking) -> String {
    let seat = match b.state {
        BookingState::AwaitingPayment { pay_by } => Seat::Unpaid(pay_by.as_millis()),
        BookingState::AwaitingTeacher => Seat::Asked,
        BookingState::Confirmed { .. } => Seat::Confirmed,
        BookingState::Completed { .. } => Seat::Present,
        BookingState::NoShow { .. } => Seat::Absent,
        BookingState::Cancelled { .. } => Seat::Cancelled,
    };
    format!("{seat:?}")
}

fn is_paid(b: &Booking) -> bool {
    b.payment == yueke::domain::schedule::state::Payment::Paid
}

fn status(s: plain::Status) -> Status {
    match s {
        plain::Status::Open => Status::Open,
        plain::Status::Blocked => Status::Blocked,
        plain::Status::Completed => Status::Completed,
        plain::Status::Revoked => Status::Revoked,
    }
}

/// An answer of the domain in the model's words.
fn told(receipt: &Receipt, plain: &Plain) -> String {
    match receipt {
        Receipt::Booked(b) | Receipt::Booking(b) | Receipt::Accepted { booking: b, .. } => seat(b),
        Receipt::Held(h) => format!("until {}", h.expires_at.as_millis()),
        Receipt::Joined { position, .. } => format!("{position}/{}", plain.waitlist),
        Receipt::Begun { confirm_by, .. } => format!("confirm by {}", confirm_by.as_millis()),
        Receipt::HoldReleased
        | Receipt::Left { .. }
        | Receipt::Declined { .. }
        | Receipt::SeatOffered { .. }
        | Receipt::Changed { .. }
        | Receipt::Ticked => String::new(),
    }
}
