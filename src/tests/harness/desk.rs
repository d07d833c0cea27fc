//! A schedule without an engine: what a test needs to ask it something, at any instant it likes.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use yueke::{
    base::{
        ids::{AccountId, BookingNo, CourseId, OrgId, ScheduleId, StudentId, TeacherId},
        time::{Timestamp, Zone},
    },
    domain::schedule::{
        Changes, Command, Decision, Event, Facts, Opened, Policy, Rejection, Schedule,
        command::Evidence,
        state::{Head, SkipReason, Status},
    },
};

pub const TEACHER: TeacherId = TeacherId::from_u128(7);
pub const COURSE: CourseId = CourseId::from_u128(8);

/// What the rules are told from outside: ids count up, and the rest is set by hand.
pub struct Desk {
    drawn: Cell<u128>,
    numbers: Cell<u32>,
    pub waitlist: u32,
    pub skips: BTreeMap<StudentId, SkipReason>,
    /// Whom no news reaches.
    pub deaf: BTreeSet<StudentId>,
    pub running_since: Timestamp,
}

impl Desk {
    pub fn new(waitlist: u32) -> Self {
        let (drawn, numbers) = (Cell::new(1_000), Cell::new(0));
        Self { drawn, numbers, waitlist, skips: BTreeMap::new(), deaf: BTreeSet::new(), running_since: Timestamp::MIN }
    }
}

impl Facts for Desk {
    fn id(&self, _: Timestamp) -> u128 {
        self.drawn.set(self.drawn.get() + 1);
        self.drawn.get()
    }

    fn booking_no(&self, at: Timestamp) -> BookingNo {
        self.numbers.set(self.numbers.get() + 1);
        BookingNo { date: Zone::SHANGHAI.date_number(at), number: self.numbers.get() }
    }

    fn waitlist_capacity(&self, _: &Schedule) -> u32 {
        self.waitlist
    }

    fn skip_reason(&self, _: &Schedule, student: StudentId) -> Option<SkipReason> {
        self.skips.get(&student).copied()
    }

    fn can_hear(&self, student: StudentId) -> bool {
        !self.deaf.contains(&student)
    }

    fn running_since(&self) -> Timestamp {
        self.running_since
    }
}

/// A schedule together with all that ever happened to it. Each step is checked: nothing is broken
/// by it, a refusal changes nothing, and the events, as they would be stored, tell the same story.
pub struct Book {
    pub s: Schedule,
    pub desk: Desk,
    opened: Opened,
    events: Vec<Event>,
    /// The state that the events alone make.
    retold: Schedule,
}

impl Book {
    pub fn new(policy: Policy, capacity: u32, times: [Timestamp; 2], opened_at: Timestamp, waitlist: u32) -> Self {
        let head = Head {
            id: ScheduleId::from_u128(1),
            org: OrgId::from_u128(2),
            course: COURSE,
            teacher: Some(TEACHER),
            starts_at: times[0],
            ends_at: times[1],
            capacity,
            status: Status::Open,
            policy: policy.into(),
        };
        let opened = Opened { head, at: opened_at };
        let s = Schedule::opened(&opened);
        Self { retold: s.clone(), s, desk: Desk::new(waitlist), opened, events: Vec::new() }
    }

    /// What a calendar that was looked at just now says.
    pub fn evidence(&self, conflict: bool) -> Evidence {
        Evidence { starts_at: self.s.head.starts_at, ends_at: self.s.head.ends_at, conflict }
    }

    pub fn handle(&mut self, command: &Command, now: Timestamp) -> Result<Decision, Rejection> {
        let before = self.s.clone();
        let result = self.s.handle(command, self.s.instant(now), &self.desk);
        match &result {
            Ok(decision) => self.check(decision),
            Err(rejection) => assert!(self.s == before, "refused with {rejection:?}, and changed: {command:?}"),
        }
        result
    }

    /// The earliest thing that is due by `now`, found at `now`.
    pub fn settle(&mut self, now: Timestamp) -> Option<Decision> {
        let decision = self.s.settle_due(now, &self.desk)?;
        assert!(!decision.events.is_empty(), "something was due, and nothing happened");
        self.check(&decision);
        Some(decision)
    }

    fn check(&mut self, decision: &Decision) {
        let (mut again, before) = (Changes::default(), self.retold.stamped_at);
        for event in &decision.events {
            let json = serde_json::to_string(event).expect("an event is JSON");
            let read: Event = serde_json::from_str(&json).expect("an event is read back");
            assert!(read == *event, "an event reads back differently: {json}");
            assert!(event.at() >= before, "an event goes back in time: {json}");
            self.retold.apply(&read, &mut again);
        }
        assert!(self.retold == self.s, "the events tell another story:\n{:#?}\n{:#?}", self.retold, self.s);
        assert!(again == decision.changes, "the events touch other rows");
        let wrong = self.s.audit();
        assert!(wrong.is_empty(), "after {:#?}\n{wrong:#?}", decision.events);
        self.events.extend(decision.events.iter().cloned());
    }

    /// Forgets the state and makes it anew from the first event to the last.
    pub fn reload(&mut self) {
        let mut s = Schedule::opened(&self.opened);
        for event in &self.events {
            s.apply(event, &mut Changes::default());
        }
        assert!(s == self.s, "made anew it differs:\n{s:#?}\n{:#?}", self.s);
        self.s = s;
    }
}

pub fn account(student: StudentId) -> AccountId {
    AccountId::from_u128(student.as_u128() + 1_000_000)
}
