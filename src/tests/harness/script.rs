//! Rules as tables of text.
//!
//! ```text
//! policy seats=1 booked=amy waiting=ben,cat start=2025-11-12T19:00
//!   12:30     amy cancels -> cancelled; race#1 until 12:45: ben cat; told ben cat seat_offered
//!   12:44     ben begins  -> begun 12:44, confirm by 12:49
//!   12:45     tick        -> cat waiting 2
//!   12:46     ben accepts -> booked
//!   end seats ben | queue cat | left 0
//! ```
//!
//! On the right of the arrow stands first the answer, then **everything** that happened to the
//! queue and by itself, in order (`race#1`, `turn#1`, `public#1`, `closed#1`, `expired`, `skipped`,
//! `cancelled`, `hold ended`), then whatever the reader should look at (see `look`). Time
//! goes from one due instant to the next, and one at which something happens needs a line of its
//! own; a word that is not known is an error. `stop` and `restart` are those of the server.

use yueke::{
    base::{
        ids::{BookingId, EntryId, OfferId, RoundId, StudentId},
        time::{DAY, HOUR, Timestamp},
        units::Fen,
    },
    domain::schedule::{
        Command, Decision, Event, Policy, Receipt,
        effects::{Notice, Recipient, effects},
        policy::{ConfirmMode, CourseKind, Tier},
        state::{BookingState, Canceller, Cause, EntryEnd, HoldEnd, Payment, RoundEnd, SkipReason, Source, Stage},
    },
};

use super::{
    desk::{Book, COURSE, account},
    words::{clock, instant, is_fact, is_name, label, length, number, range, repeated, told, word},
};

/// Plays the table and compares it with what happens; on a difference it shows the whole table.
pub fn check(table: &str) {
    let mut lines = table.lines().map(str::trim).filter(|l| !l.is_empty());
    let head = lines.next().and_then(|l| l.strip_prefix("policy ")).expect("a table begins with `policy`");
    let mut script = Script::new(head);
    let mut shown = vec![format!("  policy {head}")];
    let mut same = true;
    for line in lines {
        for (is_same, text) in script.line(line) {
            same &= is_same;
            shown.push(text);
        }
    }
    script.book.reload();
    assert!(same, "it went otherwise (- the table, + what happened):\n{}\n", shown.join("\n"));
}

struct Script {
    book: Book,
    /// Times without a date are of the day on which the class was first to start.
    day: Timestamp,
    now: Timestamp,
    running: bool,
    /// In the order in which they are first named: a student's id is the place.
    names: Vec<String>,
    rounds: Vec<(RoundId, Cause)>,
    /// All offers that there ever were: whose, and of which stage and round.
    offers: Vec<(OfferId, StudentId, Stage, usize)>,
    entries: Vec<(EntryId, StudentId)>,
    bookings: Vec<(BookingId, StudentId)>,
    /// Of the current line.
    happened: Vec<(String, Vec<String>)>,
    notices: Vec<Notice>,
}

impl Script {
    fn new(head: &str) -> Self {
        let (mut policy, mut seats, mut waitlist) = (Policy::default(), 6, 8);
        let (mut booked, mut waiting, mut start) = (String::new(), String::new(), "2025-11-12T19:00");
        for word in head.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or_else(|| panic!("unknown word `{word}`"));
            match name {
                "seats" => seats = number(value),
                "waitlist" => waitlist = number(value),
                "start" => start = value,
                "booked" => booked = value.replace(',', " "),
                "waiting" => waiting = value.replace(',', " "),
                "window" => policy.window_ms = length(value),
                "cutoff" => policy.cutoff_ms = length(value),
                "grace" => policy.grace_ms = length(value),
                "reminder" => policy.reminder_ms = length(value),
                "hold" => policy.hold_ms = length(value),
                "pay" => policy.pay_ms = length(value),
                "notice" => policy.cancel_notice_ms = length(value),
                "price" => policy.price_fen = Fen(i64::from(number(value))),
                "discount" => policy.price_modifier_fen = Fen(-i64::from(number(value))),
                "unreachable" if value == "skip" => policy.skip_unreachable = true,
                "confirm" if value == "teacher" => policy.confirm = ConfirmMode::Teacher,
                "tier" if value == "vip" => policy.tier = Tier::Vip,
                "kind" if value == "one_to_one" => policy.course_kind = CourseKind::OneToOne,
                _ => panic!("unknown word `{word}`"),
            }
        }
        let start = Timestamp::parse(&format!("{start}:00+08:00")).expect("start=2025-11-12T19:00");
        let opened_at = start - DAY;
        let book = Book::new(policy, seats, [start, start + 2 * HOUR], opened_at, waitlist);
        let mut script = Self {
            book,
            day: start,
            now: opened_at,
            running: true,
            names: Vec::new(),
            rounds: Vec::new(),
            offers: Vec::new(),
            entries: Vec::new(),
            bookings: Vec::new(),
            happened: Vec::new(),
            notices: Vec::new(),
        };
        script.fill(&booked, &waiting);
        script
    }

    /// All this has happened before the table begins.
    fn fill(&mut self, booked: &str, waiting: &str) {
        for (names, verb) in [(booked, "books"), (waiting, "joins")] {
            if names.is_empty() {
                continue;
            }
            let answer = self.play(&format!("{names} {verb}"));
            assert!(!answer.contains("refused"), "the table cannot begin so: {answer}");
            if answer.contains("pay by") {
                self.play(&format!("{names} pays"));
            }
            if verb == "books" && self.book.s.head.policy.confirm == ConfirmMode::Teacher {
                self.play(&format!("teacher confirms {names}"));
            }
        }
    }

    /// The line as it stands and as it went, and before it whatever the table does not mention.
    fn line(&mut self, line: &str) -> Vec<(bool, String)> {
        if let Some(looks) = line.strip_prefix("end ") {
            let looks: Vec<_> = looks.split('|').map(str::trim).collect();
            let seen: Vec<_> = looks.iter().map(|l| self.look(l)).collect();
            return told(&format!("end {}", looks.join(" | ")), &format!("end {}", seen.join(" | ")));
        }
        let (order, expected) = line.split_once("->").unwrap_or_else(|| panic!("no arrow in `{line}`"));
        let (at, command) = order.trim().split_once(' ').unwrap_or_else(|| panic!("no command in `{line}`"));
        let mut shown = self.pass_until(self.instant(at));
        let answer = self.play(command.trim());

        let expected: Vec<_> = expected.split(';').map(str::trim).filter(|e| !e.is_empty()).collect();
        let mut went: Vec<_> = (!answer.is_empty()).then_some(answer).into_iter().collect();
        let facts = std::mem::take(&mut self.happened);
        went.extend(facts.into_iter().map(|(what, who)| format!("{what}: {}", who.join(" "))));
        let before = usize::from(!matches!(command.trim(), "tick" | "stop" | "restart"));
        let looks = expected.iter().skip(before).filter(|clause| !is_fact(clause));
        let seen: Vec<_> = looks.map(|look| self.look(look)).collect();
        went.extend(seen);
        let went: Vec<_> = went.iter().map(|w| w.trim_end_matches(": ")).filter(|w| !w.is_empty()).collect();
        let order = order.trim();
        shown.extend(told(&format!("{order} -> {}", expected.join("; ")), &format!("{order} -> {}", went.join("; "))));
        self.notices.clear();
        shown
    }

    /// Everything that is due by `now`, each at its own instant; what happens at `now` itself
    /// belongs to the line that is about to be played.
    fn pass_until(&mut self, now: Timestamp) -> Vec<(bool, String)> {
        assert!(now >= self.now, "time goes forward");
        let mut unmentioned = Vec::new();
        while let Some(due) = self.book.s.next_due().filter(|&due| due <= now && self.running) {
            let decision = self.book.settle(due).expect("it is due");
            self.note(&decision, "");
            if due < now {
                let facts = std::mem::take(&mut self.happened);
                let facts: Vec<_> = facts.into_iter().map(|(what, who)| format!("{what}: {}", who.join(" "))).collect();
                if !facts.is_empty() {
                    unmentioned.push((false, format!("+ {} tick -> {}", self.clock(due), facts.join("; "))));
                }
                self.notices.clear();
            }
        }
        self.now = now;
        unmentioned
    }

    // ---- what is done

    fn play(&mut self, command: &str) -> String {
        let words: Vec<_> = command.split_whitespace().collect();
        match words[..] {
            ["tick"] => String::new(),
            ["stop"] => {
                self.running = false;
                String::new()
            }
            ["restart"] => {
                self.restart();
                String::new()
            }
            ["busy", name] => self.skip(name, SkipReason::TimeConflict),
            ["nohours", name] => self.skip(name, SkipReason::NoHours),
            [ref names @ .., "cannot", "hear"] => self.hear(names, false),
            [ref names @ .., "can", "hear"] => self.hear(names, true),
            ["waitlist", n] => {
                self.book.desk.waitlist = number(n);
                "set".into()
            }
            _ => {
                let commands = self.commands(&words);
                let answers: Vec<_> = commands.into_iter().map(|c| self.ask(&c)).collect();
                repeated(&answers)
            }
        }
    }

    fn restart(&mut self) {
        self.book.reload();
        self.running = true;
        self.book.desk.running_since = self.now;
        while let Some(decision) = self.book.settle(self.now) {
            self.note(&decision, "");
        }
    }

    fn skip(&mut self, name: &str, reason: SkipReason) -> String {
        let student = self.student(name);
        self.book.desk.skips.insert(student, reason);
        "set".into()
    }

    /// Whether news would reach them.
    fn hear(&mut self, names: &[&str], hears: bool) -> String {
        for name in names {
            let student = self.student(name);
            if hears {
                self.book.desk.deaf.remove(&student)
            } else {
                self.book.desk.deaf.insert(student)
            };
        }
        "set".into()
    }

    fn ask(&mut self, command: &Command) -> String {
        let due = self.book.s.next_due().filter(|&due| due <= self.now);
        assert!(due.is_none() || !self.running, "due before the next command: {due:?}");
        match self.book.handle(command, self.now) {
            Err(rejection) => format!("refused {}", rejection.name()),
            Ok(decision) => {
                let quiet = if matches!(command, Command::ReleaseHold { .. }) { "hold ended" } else { "" };
                self.note(&decision, quiet);
                self.answer(&decision.receipt)
            }
        }
    }

    /// `amy ben books`, `operator blocks`, `teacher confirms amy`.
    fn commands(&mut self, words: &[&str]) -> Vec<Command> {
        if let ["operator" | "teacher" | "system", ..] = words {
            return self.staff(words);
        }
        let names = words.iter().take_while(|w| is_name(w)).count();
        let people: Vec<_> = words[..names].iter().flat_map(|w| range(w)).collect();
        assert!(!people.is_empty(), "unknown words `{}`", words.join(" "));
        people.iter().map(|name| self.wish(name, &words[names..])).collect()
    }

    fn wish(&mut self, name: &str, words: &[&str]) -> Command {
        let student = self.student(name);
        let (account, calendar) = (account(student), self.book.evidence(self.is_busy(student)));
        let (entry, booking) = (self.entry(student), self.booking(student));
        let offer = |named: &[&str]| named.first().map(|label| self.offer(student, label));
        match words {
            ["books", how @ ..] => {
                let source = match how {
                    [] | ["course", _] => Source::Direct,
                    ["arranged"] => Source::Arranged,
                    ["moved"] => Source::Moved,
                    _ => panic!("unknown words `{}`", words.join(" ")),
                };
                let other_course = how.len() == 2;
                let expect_course = Some(if other_course { yueke::base::ids::CourseId::from_u128(9) } else { COURSE });
                let moved_from = (source == Source::Moved).then_some(BookingId::from_u128(5));
                Command::Book { student, account, source, note: None, expect_course, moved_from, calendar }
            }
            ["holds"] => Command::Hold { student, account, calendar },
            ["releases"] => Command::ReleaseHold { student },
            ["cancels"] => Command::Cancel { student, booking, by: Canceller::Student, reason: None },
            ["pays"] => Command::MarkPaid { student, booking },
            ["joins"] => Command::Join { student, account },
            ["leaves"] => Command::Leave { student, entry },
            ["begins", named @ ..] => Command::Begin { student, entry, offer: offer(named) },
            ["accepts", named @ ..] => Command::Accept { student, entry, offer: offer(named), account, calendar },
            ["declines", named @ ..] => Command::Decline { student, entry, offer: offer(named) },
            _ => panic!("unknown words `{}`", words.join(" ")),
        }
    }

    fn staff(&mut self, words: &[&str]) -> Vec<Command> {
        let by = match words[0] {
            "teacher" => Canceller::Teacher,
            "operator" => Canceller::Operator,
            _ => Canceller::System,
        };
        if let ["blocks" | "unblocks" | "completes" | "revokes" | "offers" | "moves" | "sets", ..] = words[1..] {
            return vec![self.run(&words[1..])];
        }
        let people: Vec<_> = words[2..].iter().filter(|w| is_name(w)).flat_map(|w| range(w)).collect();
        let people: Vec<_> = people.iter().map(|name| self.student(name)).collect();
        assert!(!people.is_empty(), "unknown words `{}`", words.join(" "));
        let one = |student: StudentId| {
            let booking = self.booking(student);
            match words[1..] {
                ["cancels", ..] => Command::Cancel { student, booking, by, reason: None },
                ["confirms", ..] => Command::Confirm { student, booking },
                ["marks", _, "present"] => Command::Attend { student, booking, present: true },
                ["marks", _, "absent"] => Command::Attend { student, booking, present: false },
                ["withdraws", _, label] => Command::WithdrawOffer { offer: self.offer(student, label) },
                ["removes", ..] => Command::Leave { student, entry: self.entry(student) },
                _ => panic!("unknown words `{}`", words.join(" ")),
            }
        };
        people.into_iter().map(one).collect()
    }

    /// What is done to the schedule as a whole.
    fn run(&self, words: &[&str]) -> Command {
        match words {
            ["blocks"] => Command::Block,
            ["unblocks"] => Command::Unblock,
            ["completes"] => Command::Complete,
            ["revokes"] => Command::Revoke { reason: None },
            ["offers"] => Command::OfferSeat,
            ["sets", "capacity", n] => Command::SetCapacity { capacity: number(n) },
            ["moves", "start", at, how @ ..] => {
                let starts_at = self.instant(at);
                let s = &self.book.s;
                let checked = if how == ["unchecked"] { Vec::new() } else { s.booked_students().collect() };
                let (ends_at, teacher, conflict) = (starts_at + 2 * HOUR, s.head.teacher, how == ["conflicting"]);
                Command::Reschedule { starts_at, ends_at, teacher, checked, conflict }
            }
            _ => panic!("unknown words `{}`", words.join(" ")),
        }
    }

    // ---- what happened

    fn note(&mut self, decision: &Decision, quiet: &str) {
        for event in &decision.events {
            if let Some((what, who)) = self.fact(event).filter(|(what, _)| what != quiet) {
                match self.happened.last_mut().filter(|(last, _)| *last == what) {
                    Some((_, all)) => all.extend(who),
                    None => self.happened.push((what, who.into_iter().collect())),
                }
            }
        }
        self.notices.extend(effects(&self.book.s, &decision.events, &decision.changes).notices);
    }

    /// What the table has to mention: all that was not asked for by its own words.
    fn fact(&mut self, event: &Event) -> Option<(String, Option<String>)> {
        match event {
            Event::Booked { booking, student, .. } => {
                self.bookings.push((*booking, *student));
                None
            }
            Event::Joined { entry, student, .. } => {
                self.entries.push((*entry, *student));
                None
            }
            Event::RoundOpened { round, cause, .. } => {
                self.rounds.push((*round, *cause));
                None
            }
            Event::OfferSent { round, offer, student, stage, deadline, .. } => {
                let round = self.round(*round);
                self.offers.push((*offer, *student, *stage, round));
                let what = format!("{} until {}", label(*stage, round), self.clock(*deadline));
                Some((what, Some(self.name(*student))))
            }
            Event::RoundEnded { round, end, .. } => match end {
                RoundEnd::Won => None,
                RoundEnd::Public => Some((format!("public#{}", self.round(*round)), None)),
                RoundEnd::Closed => Some((format!("closed#{}", self.round(*round)), None)),
            },
            Event::EntryEnded { student, end, .. } => match end {
                EntryEnd::Promoted | EntryEnd::Left => None,
                EntryEnd::TurnPassed | EntryEnd::Cutoff | EntryEnd::ScheduleEnded => {
                    Some(("expired".into(), Some(self.name(*student))))
                }
            },
            Event::EntryPassed { student, reason, .. } => {
                let what = format!("skipped {}", word(&(*reason)?));
                Some((what, Some(self.name(*student))))
            }
            Event::BookingCancelled { student, by: Canceller::System, reason, .. } => {
                let what = format!("cancelled {}", reason.as_deref().unwrap_or("by system"));
                Some((what, Some(self.name(*student))))
            }
            Event::HoldEnded { student, end, .. } => match end {
                HoldEnd::Used => None,
                HoldEnd::Released | HoldEnd::Expired => Some(("hold ended".into(), Some(self.name(*student)))),
            },
            Event::Opened(_)
            | Event::StatusChanged { .. }
            | Event::CapacityChanged { .. }
            | Event::Rescheduled { .. }
            | Event::BookingPaid { .. }
            | Event::BookingConfirmed { .. }
            | Event::BookingCancelled { .. }
            | Event::BookingAttended { .. }
            | Event::Held { .. }
            | Event::OfferBegun { .. }
            | Event::RoundReminded { .. }
            | Event::OfferEnded { .. } => None,
        }
    }

    fn answer(&self, receipt: &Receipt) -> String {
        match receipt {
            Receipt::Booked(b) | Receipt::Booking(b) | Receipt::Accepted { booking: b, .. } => {
                self.booking_words(&b.state, b.payment)
            }
            Receipt::Held(hold) => format!("held until {}", self.clock(hold.expires_at)),
            Receipt::HoldReleased => "released".into(),
            Receipt::Joined { position, length, capacity, .. } => {
                assert_eq!(position, length, "whoever joins is the last");
                format!("waiting {position}/{capacity}")
            }
            Receipt::Left { .. } => "left".into(),
            Receipt::Begun { begun_at, confirm_by, .. } => {
                format!("begun {}, confirm by {}", self.clock(*begun_at), self.clock(*confirm_by))
            }
            Receipt::Declined { ended, position, .. } => match (ended, position) {
                (None, Some(position)) => format!("declined, still {position}"),
                (Some(_), None) => "declined, out".into(),
                other => panic!("declined and {other:?}"),
            },
            Receipt::SeatOffered { offers } => format!("offered {offers}"),
            Receipt::Changed { status, cancelled: 0 } => word(status),
            Receipt::Changed { status, cancelled } => format!("{}, {cancelled} cancelled", word(status)),
            Receipt::Ticked => "ticked".into(),
        }
    }

    fn booking_words(&self, state: &BookingState, payment: Payment) -> String {
        match state {
            BookingState::AwaitingPayment { pay_by } => format!("pay by {}", self.clock(*pay_by)),
            BookingState::AwaitingTeacher => "ask teacher".into(),
            BookingState::Confirmed { .. } => "booked".into(),
            BookingState::Completed { .. } => "present".into(),
            BookingState::NoShow { .. } => "absent".into(),
            BookingState::Cancelled { .. } if payment == Payment::Refunded => "cancelled and refunded".into(),
            BookingState::Cancelled { .. } => "cancelled".into(),
        }
    }

    // ---- what is looked at

    fn look(&mut self, look: &str) -> String {
        let words: Vec<_> = look.split_whitespace().collect();
        let s = &self.book.s;
        match words[..] {
            ["told", .., kind] => self.told(kind),
            ["seats", ..] => format!("seats {}", self.all(s.booked_students())),
            ["holds", ..] => {
                let holders = s.present_students().into_iter().filter(|&x| s.hold_of(x).is_some());
                format!("holds {}", self.all(holders))
            }
            ["queue", ..] => format!("queue {}", self.all(s.waiting_students())),
            ["offers", ..] => format!("offers {}", self.live_offers()),
            ["left", _] => format!("left {}", s.seats_left()),
            ["offered", _] => format!("offered {}", s.seats_offered()),
            ["due", _] => format!("due {}", s.next_due().map_or("never".into(), |t| self.clock(t))),
            ["status", _] => format!("status {}", word(&s.head.status)),
            ["availability", _] => {
                format!("availability {:?}", s.view(self.now, self.book.desk.waitlist).availability).to_lowercase()
            }
            ["waitlist", _] => {
                let open = s.waitlist_open(self.now);
                format!("waitlist {}", if open { "open" } else { "closed" })
            }
            [cause, _] if cause.starts_with("cause#") => {
                let round: usize = cause[6..].parse().expect("cause#1");
                format!("{cause} {}", word(&self.rounds[round - 1].1))
            }
            ["current", name, ..] => self.current(name),
            [name, ..] if is_name(name) => self.standing(name),
            _ => panic!("unknown words `{look}`"),
        }
    }

    fn told(&self, kind: &str) -> String {
        let is = |n: &&Notice| serde_json::to_value(n).expect("a notice is JSON")["kind"] == *kind;
        let who = self.notices.iter().filter(is).map(|n| match n.to {
            Recipient::Student(student) => self.name(student),
            Recipient::Teacher(_) => "teacher".into(),
        });
        let who: Vec<_> = who.collect();
        format!("told {} {kind}", if who.is_empty() { "nobody".into() } else { who.join(" ") })
    }

    fn live_offers(&self) -> String {
        let s = &self.book.s;
        let waiting = s.waiting_students().filter_map(|student| s.entry_of(student));
        let live = waiting.flat_map(|e| s.offers_of(e.id).map(|(round, o)| (self.round(round.id), o.stage, o.student)));
        let mut live: Vec<_> = live.collect();
        // Stable: within a round they stay in the order of the queue.
        live.sort_by_key(|&(round, ..)| round);
        let one = |&(round, stage, student): &_| format!("{}:{}", label(stage, round), self.name(student));
        let live: Vec<_> = live.iter().map(one).collect();
        if live.is_empty() { "none".into() } else { live.join(" ") }
    }

    fn current(&mut self, name: &str) -> String {
        let student = self.student(name);
        let Some(offer) = self.book.s.current_offer(student) else { return format!("current {name} none") };
        let (_, _, stage, round) = self.offers.iter().find(|o| o.0 == offer.id).expect("every offer was noted");
        format!("current {name} {} until {}", label(*stage, *round), self.clock(offer.deadline))
    }

    fn standing(&mut self, name: &str) -> String {
        let student = self.student(name);
        let mine = self.book.s.mine(student);
        if let Some(place) = mine.place {
            let status = format!("{:?}", place.status).replace("InTurn", "in_turn").to_lowercase();
            return format!("{name} {status} {}", place.position);
        }
        let exit = if mine.booking.as_ref().is_some_and(|b| b.free_exit) { ", may step back" } else { "" };
        let here = mine.booking.map(|b| self.booking_words(&b.state, b.payment) + exit);
        let here = here.or_else(|| mine.hold.map(|h| format!("holds until {}", self.clock(h.expires_at))));
        format!("{name} {}", here.unwrap_or("out".into()))
    }

    // ---- who and when

    fn student(&mut self, name: &str) -> StudentId {
        assert!(is_name(name), "unknown word `{name}`");
        let known = self.names.iter().position(|n| n == name);
        let place = known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        StudentId::from_u128(place as u128 + 1)
    }

    fn name(&self, student: StudentId) -> String {
        self.names[student.as_u128() as usize - 1].clone()
    }

    fn all(&self, students: impl Iterator<Item = StudentId>) -> String {
        let names: Vec<_> = students.map(|s| self.name(s)).collect();
        if names.is_empty() { "nobody".into() } else { names.join(" ") }
    }

    fn is_busy(&self, student: StudentId) -> bool {
        self.book.desk.skips.get(&student) == Some(&SkipReason::TimeConflict)
    }

    /// The latest, whether it has ended or not.
    fn booking(&self, student: StudentId) -> BookingId {
        self.bookings.iter().rev().find(|b| b.1 == student).map_or(BookingId::from_u128(0), |b| b.0)
    }

    fn entry(&self, student: StudentId) -> EntryId {
        self.entries.iter().rev().find(|e| e.1 == student).map_or(EntryId::from_u128(0), |e| e.0)
    }

    /// `race#1` of this student, ended or not.
    fn offer(&self, student: StudentId, named: &str) -> OfferId {
        let mut all = self.offers.iter().rev();
        let found = all.find(|(_, of, stage, round)| *of == student && label(*stage, *round) == named);
        found.unwrap_or_else(|| panic!("`{named}` was never offered to {}", self.name(student))).0
    }

    /// Counted from 1 in the order of release.
    fn round(&self, id: RoundId) -> usize {
        1 + self.rounds.iter().position(|r| r.0 == id).expect("every round was noted")
    }

    fn instant(&self, text: &str) -> Timestamp {
        instant(text, self.day)
    }

    fn clock(&self, at: Timestamp) -> String {
        clock(at, self.day)
    }
}
