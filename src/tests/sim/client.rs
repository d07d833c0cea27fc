//! Fifty people and what they wish: what they know comes from what they were told.

use std::{collections::BTreeMap, sync::Arc};

use sha2::{Digest, Sha256};
use yueke::{
    base::{
        ids::{AccountId, BookingId, EntryId, OfferId, ScheduleId, StudentId},
        keys::{RequestKey, StoredAnswer},
        time::Timestamp,
    },
    domain::schedule::{
        Command, Receipt, Rejection,
        command::Evidence,
        effects::{Effects, Recipient, What},
        state::{Canceller, Source},
    },
    engine::{Order, Seen},
};

use super::{auditor::Window, auditor::short, dice::Dice};

/// One request, sent once or several times.
#[derive(Clone)]
pub struct Asked {
    pub number: u32,
    pub schedule: ScheduleId,
    pub student: StudentId,
    pub wish: &'static str,
    pub command: Command,
    pub key: Option<String>,
    pub booking: Option<String>,
    pub offer: Option<String>,
    pub since: Window,
}

impl Asked {
    pub fn line(&self) -> String {
        format!("#{} {} {} {}", self.number, short(&self.student), self.wish, short(&self.schedule))
    }

    pub fn request_key(&self) -> Option<RequestKey> {
        let digest = Sha256::digest(format!("{:?}", self.command));
        let fingerprint: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        let account = account_of(self.student);
        self.key.as_ref().map(|k| RequestKey { account, key: k.as_str().into(), fingerprint: fingerprint.into() })
    }

    pub fn order(&self) -> Order {
        Order::keyed(
            self.command.clone(),
            self.request_key(),
            Box::new(|outcome, _, _| StoredAnswer {
                status: if outcome.is_ok() { 201 } else { 409 },
                body: Arc::from(words(outcome)),
            }),
        )
    }
}

fn account_of(student: StudentId) -> AccountId {
    AccountId::from_u128(student.as_u128() + 1_000)
}

/// An outcome in words that the auditor reads.
pub fn words(outcome: &Result<Receipt, Rejection>) -> String {
    let granted = match outcome {
        Err(rejection) => return format!("409 {}", rejection.name()),
        Ok(receipt) => match receipt {
            Receipt::Booked(b) => format!("booked {}", b.id),
            Receipt::Held(h) => format!("held {}", h.id),
            Receipt::HoldReleased => "released".into(),
            Receipt::Booking(b) if !b.is_active() => format!("cancelled {}", b.id),
            Receipt::Booking(b) => format!("booking {}", b.id),
            Receipt::Joined { entry, position, .. } => format!("joined {entry} {position}"),
            Receipt::Left { entry, .. } => format!("left {}", entry.id),
            Receipt::Begun { offer, .. } => format!("begun {offer}"),
            Receipt::Accepted { booking, entry, .. } => format!("accepted {} {}", booking.id, entry.id),
            Receipt::Declined { entry, .. } => format!("declined {}", entry.id),
            Receipt::SeatOffered { .. } => "offered".into(),
            Receipt::Changed { .. } => "changed".into(),
            Receipt::Ticked => "ticked".into(),
        },
    };
    format!("201 {granted}")
}

/// What one person knows of one class.
#[derive(Clone, Default)]
pub struct Known {
    pub booking: Option<BookingId>,
    pub entry: Option<EntryId>,
    pub offer: Option<(OfferId, Timestamp)>,
}

#[derive(Default)]
pub struct People {
    known: BTreeMap<(StudentId, ScheduleId), Known>,
}

/// A wish with the name that it has in the story.
pub struct Wish {
    pub name: &'static str,
    pub command: Command,
    /// Whether it goes out at once, to hit a deadline at its very millisecond.
    pub punctual: Option<Timestamp>,
}

impl People {
    fn of(&mut self, student: StudentId, schedule: ScheduleId) -> &mut Known {
        self.known.entry((student, schedule)).or_default()
    }

    /// What a socket would have shown them.
    pub fn heard(&mut self, schedule: ScheduleId, effects: &Effects) {
        for notice in &effects.notices {
            let Recipient::Student(student) = notice.to else { continue };
            let known = self.of(student, schedule);
            match &notice.what {
                What::SeatOffered { waitlist_id, offer_id, deadline, .. } => {
                    known.entry = Some(*waitlist_id);
                    known.offer = Some((*offer_id, *deadline));
                }
                What::BookingConfirmed { booking_id, .. } | What::BookingPending { booking_id, .. } => {
                    known.booking = Some(*booking_id);
                }
                _ => {}
            }
        }
    }

    pub fn saw(&mut self, student: StudentId, schedule: ScheduleId, seen: &Seen) {
        let known = self.of(student, schedule);
        known.booking = seen.mine.booking.as_ref().map(|b| b.id).or(known.booking);
        known.entry = seen.mine.place.as_ref().map(|p| p.entry.id).or(known.entry);
        known.offer = seen.mine.offer.as_ref().map(|o| (o.id, o.deadline)).or(known.offer);
    }

    pub fn was_told(&mut self, asked: &Asked, answer: &str) {
        let known = self.of(asked.student, asked.schedule);
        match answer.split(' ').collect::<Vec<_>>().as_slice() {
            [_, "booked", id] | [_, "accepted", id, _] => known.booking = id.parse().ok(),
            [_, "joined", id, _] => known.entry = id.parse().ok(),
            _ => {}
        }
    }

    /// Something that this person may want now; `None` is to look.
    pub fn wish(&mut self, dice: &Dice, student: StudentId, schedule: ScheduleId) -> Option<Wish> {
        let known = self.of(student, schedule).clone();
        let account = account_of(student);
        let calendar = Evidence::unknown();
        let book = Command::Book {
            student,
            account,
            source: Source::Direct,
            note: None,
            expect_course: None,
            moved_from: None,
            calendar,
        };
        let wish = |name, command| Some(Wish { name, command, punctual: None });
        if let (Some(entry), Some((offer, deadline))) = (known.entry, known.offer)
            && dice.chance(0.6)
        {
            let offer_id = Some(offer);
            if dice.chance(0.15) {
                return wish("decline", Command::Decline { student, entry, offer: offer_id });
            }
            if dice.chance(0.2) {
                return wish("begin", Command::Begin { student, entry, offer: offer_id });
            }
            let command = Command::Accept { student, entry, offer: offer_id, account, calendar };
            // Some confirm at the last moment, and a moment too late.
            let last = deadline + dice.range(-1..2);
            return Some(Wish { name: "accept", command, punctual: dice.chance(0.5).then_some(last) });
        }
        if let Some(booking) = known.booking
            && dice.chance(0.5)
        {
            return match dice.range(0..10) {
                0 => wish("pay", Command::MarkPaid { student, booking }),
                1 | 2 => wish("pay", Command::MarkPaid { student, booking }),
                _ => {
                    let by = Canceller::Student;
                    wish("cancel", Command::Cancel { student, booking, by, reason: None })
                }
            };
        }
        if let Some(entry) = known.entry
            && dice.chance(0.08)
        {
            return wish("leave", Command::Leave { student, entry });
        }
        match dice.range(0..20) {
            0..8 => wish("book", book),
            8..14 => wish("join", Command::Join { student, account }),
            14..16 => wish("hold", Command::Hold { student, account, calendar }),
            16 => wish("release", Command::ReleaseHold { student }),
            _ => None,
        }
    }

    /// Something that the staff may want.
    pub fn staff_wish(&mut self, dice: &Dice, student: StudentId, schedule: ScheduleId) -> Wish {
        let known = self.of(student, schedule).clone();
        let (name, command) = match (dice.range(0..14), known.booking, known.offer) {
            (0..3, Some(booking), _) => {
                let by = Canceller::Operator;
                ("staff cancels", Command::Cancel { student, booking, by, reason: None })
            }
            (3..5, Some(booking), _) => ("teacher confirms", Command::Confirm { student, booking }),
            (5, _, Some((offer, _))) => ("withdraw", Command::WithdrawOffer { offer }),
            (0..7, ..) => ("offer seat", Command::OfferSeat),
            (7..12, ..) => ("capacity", Command::SetCapacity { capacity: dice.range(1..6) }),
            (12, ..) => ("block", Command::Block),
            _ => ("unblock", Command::Unblock),
        };
        Wish { name, command, punctual: None }
    }
}
