//! What the model says to a wish.

use super::{Answer, At, Booking, By, Entry, HOLDS, HOLDS_WITHIN, Hold, How, Odd, Offer, Plain, Seat, Status};

impl Plain {
    /// The instant at which something that arrives `now` is judged.
    pub fn instant(&self, now: At) -> At {
        now.max(self.stamp)
    }

    /// Asks for something at an instant; a refusal changes nothing.
    pub fn ask(&mut self, now: At, what: impl FnOnce(&mut Self, At) -> Answer) -> Answer {
        let at = self.instant(now);
        let before = self.clone();
        let answer = what(self, at);
        if answer.is_err() {
            *self = before;
            return answer;
        }
        self.follow_up(at);
        if *self != before {
            self.stamp = at;
        }
        answer
    }

    fn check_wish(&self, student: usize, odd: Odd, at: At) -> Result<(), &'static str> {
        if self.booking_of(student).is_some() {
            return Err("already_booked");
        }
        if self.status != Status::Open {
            return Err("schedule_not_open");
        }
        if at >= self.starts {
            return Err("schedule_started");
        }
        check_calendar(odd)
    }

    fn no_seat(&self) -> &'static str {
        if self.live_rounds().is_empty() { "schedule_full" } else { "seat_on_offer" }
    }

    pub fn book(&mut self, student: usize, arranged: bool, odd: Odd, at: At) -> Answer {
        self.check_wish(student, odd, at)?;
        let (hold, offer) = (self.hold_of(student), self.current_offer(student));
        if hold.is_none() && offer.is_none() && self.left() == 0 {
            return Err(self.no_seat());
        }
        if odd == Odd::Course {
            return Err("course_mismatch");
        }
        match (hold, offer) {
            (None, Some(offer)) => {
                self.close_won(offer);
                Ok(self.seat(student, true, true, at))
            }
            _ => {
                hold.into_iter().for_each(|h| self.holds[h].live = false);
                Ok(self.seat(student, arranged, false, at))
            }
        }
    }

    fn seat(&mut self, student: usize, trusted: bool, promoted: bool, at: At) -> String {
        let seat = match &self.rules {
            rules if rules.fee => Seat::Unpaid(at + rules.pay),
            rules if rules.teacher_confirms && !trusted => Seat::Asked,
            _ => Seat::Confirmed,
        };
        let free_exit = promoted && at >= self.starts - self.rules.notice;
        self.held_before[student] = None;
        self.bookings.push(Booking { student, seat, paid: false, trusted, free_exit });
        if let Some(entry) = self.entry_of(student) {
            self.end_entry(entry, How::Withdrawn);
        }
        format!("{seat:?}")
    }

    /// The seat of an offer is its student's: all others lose it, and the entry has reached its end.
    fn close_won(&mut self, offer: usize) {
        let Offer { round, entry, .. } = self.offers[offer];
        let all: Vec<_> = self.live_offers().into_iter().filter(|&o| self.offers[o].round == round).collect();
        for o in all {
            self.end_offer(o, if o == offer { How::Accepted } else { How::Lost });
        }
        self.rounds[round].over = true;
        self.end_entry(entry, How::Withdrawn);
    }

    pub fn hold(&mut self, student: usize, odd: Odd, at: At) -> Answer {
        if let Some(h) = self.hold_of(student) {
            return Ok(format!("until {}", self.holds[h].until));
        }
        self.check_wish(student, odd, at)?;
        if self.held_before[student].is_some_and(|(n, first)| n >= HOLDS && at - first < HOLDS_WITHIN) {
            return Err("hold_limit");
        }
        match self.current_offer(student) {
            Some(offer) => self.close_won(offer),
            None if self.left() == 0 => return Err(self.no_seat()),
            None => {}
        }
        let until = at + self.rules.hold;
        self.holds.push(Hold { student, since: at, until, live: true });
        Ok(format!("until {until}"))
    }

    pub fn release(&mut self, student: usize, at: At) -> Answer {
        self.hold_of(student).into_iter().for_each(|h| self.give_back(h, at));
        Ok(String::new())
    }

    pub fn cancel(&mut self, booking: usize, by: By, at: At) -> Answer {
        let b = self.bookings[booking];
        match b.seat {
            Seat::Present | Seat::Absent | Seat::Cancelled => return Err("booking_ended"),
            Seat::Unpaid(_) | Seat::Asked | Seat::Confirmed if at >= self.starts => return Err("schedule_started"),
            Seat::Unpaid(_) | Seat::Asked | Seat::Confirmed => {}
        }
        if by == By::Student && at >= self.starts - self.rules.notice && !b.free_exit {
            return Err("cancel_too_late");
        }
        self.bookings[booking].seat = Seat::Cancelled;
        self.freed += 1;
        Ok("Cancelled".into())
    }

    pub fn pay(&mut self, booking: usize, at: At) -> Answer {
        let b = self.bookings[booking];
        match b.seat {
            Seat::Cancelled => return Err("payment_late"),
            Seat::Unpaid(_) => {}
            _ if b.paid => return Ok(format!("{:?}", b.seat)),
            _ => return Err("nothing_to_pay"),
        }
        self.bookings[booking].paid = true;
        self.bookings[booking].seat = match self.rules.teacher_confirms && !b.trusted {
            false => Seat::Confirmed,
            // No teacher can answer any more.
            true if at >= self.starts => {
                self.freed += 1;
                Seat::Cancelled
            }
            true => Seat::Asked,
        };
        Ok(format!("{:?}", self.bookings[booking].seat))
    }

    pub fn confirm(&mut self, booking: usize) -> Answer {
        match self.bookings[booking].seat {
            Seat::Cancelled => Err("booking_ended"),
            Seat::Unpaid(_) => Err("payment_due"),
            Seat::Present | Seat::Absent => Err("not_awaiting_confirm"),
            Seat::Asked | Seat::Confirmed => {
                self.bookings[booking].seat = Seat::Confirmed;
                Ok("Confirmed".into())
            }
        }
    }

    pub fn attend(&mut self, booking: usize, present: bool, at: At) -> Answer {
        let seat = &mut self.bookings[booking].seat;
        if *seat == Seat::Cancelled {
            return Err("booking_ended");
        }
        if at < self.starts {
            return Err("schedule_not_started");
        }
        if matches!(seat, Seat::Unpaid(_) | Seat::Asked) {
            return Err("booking_ended");
        }
        *seat = if present { Seat::Present } else { Seat::Absent };
        Ok(format!("{seat:?}"))
    }

    pub fn join(&mut self, student: usize, at: At) -> Answer {
        if self.status != Status::Open || at >= self.cutoff() {
            return Err("waitlist_closed");
        }
        if self.booking_of(student).is_some() {
            return Err("already_booked");
        }
        if self.entry_of(student).is_some() {
            return Err("already_waiting");
        }
        if self.left() > 0 || self.hold_of(student).is_some() {
            return Err("seats_available");
        }
        if self.queue().len() as u32 >= self.waitlist {
            return Err("queue_full");
        }
        self.entries.push(Entry { student, active: true });
        Ok(format!("{}/{}", self.queue().len(), self.waitlist))
    }

    pub fn leave(&mut self, student: usize, entry: Option<usize>) -> Answer {
        let entry = entry.filter(|&e| self.entries[e].active && self.entries[e].student == student);
        self.end_entry(entry.ok_or("unknown_entry")?, How::Declined);
        Ok(String::new())
    }

    /// The live offer that an answer means: the named one, or the current one.
    fn meant(&self, student: usize, entry: Option<usize>, named: Option<usize>) -> Result<usize, &'static str> {
        let is_of = |o: usize| self.entries[self.offers[o].entry].student == student;
        let meant = named.or_else(|| self.current_offer(student));
        let live =
            meant.filter(|&o| self.offers[o].how == How::Live && is_of(o) && Some(self.offers[o].entry) == entry);
        let mut late = self.ended.iter().rev().filter(|&&o| is_of(o) && named.is_none_or(|n| n == o));
        live.ok_or_else(|| match late.next().map(|&o| self.offers[o].how) {
            Some(How::Lost) => "offer_taken",
            Some(How::Lapsed) => "offer_lapsed",
            Some(How::Closed) => "waitlist_closed",
            Some(How::Live | How::Accepted | How::Declined | How::Withdrawn) | None => "no_offer",
        })
    }

    pub fn begin(&mut self, student: usize, entry: Option<usize>, named: Option<usize>, at: At) -> Answer {
        let o = self.meant(student, entry, named)?;
        if self.offers[o].begun.is_none_or(|begun| at >= begun + self.rules.grace) {
            if at >= self.offers[o].deadline {
                return Err("offer_lapsed");
            }
            self.offers[o].begun = Some(at);
        }
        Ok(format!("confirm by {}", self.confirm_by(o)))
    }

    pub fn accept(&mut self, student: usize, entry: Option<usize>, named: Option<usize>, odd: Odd, at: At) -> Answer {
        let o = self.meant(student, entry, named)?;
        check_calendar(odd)?;
        self.close_won(o);
        self.release(student, at)?;
        Ok(self.seat(student, true, true, at))
    }

    pub fn decline(&mut self, student: usize, entry: Option<usize>, named: Option<usize>) -> Answer {
        let o = self.meant(student, entry, named)?;
        if self.offers[o].is_turn {
            self.end_turn(o, How::Declined);
        } else {
            self.end_offer(o, How::Declined);
            let Offer { round, entry, .. } = self.offers[o];
            self.rounds[round].out.push(entry);
        }
        Ok(String::new())
    }

    pub fn withdraw(&mut self, offer: Option<usize>) -> Answer {
        let o = offer.filter(|&o| self.offers[o].how == How::Live).ok_or("unknown_offer")?;
        self.end_offer(o, How::Withdrawn);
        let Offer { round, entry, .. } = self.offers[o];
        self.rounds[round].out.push(entry);
        Ok(String::new())
    }

    pub fn offer_seat(&mut self, at: At) -> Answer {
        if self.status != Status::Open {
            return Err("schedule_not_open");
        }
        if at >= self.cutoff() {
            return Err("waitlist_closed");
        }
        if self.queue().is_empty() {
            return Err("queue_empty");
        }
        if self.left() == 0 {
            return Err("schedule_full");
        }
        self.freed += 1;
        Ok(String::new())
    }

    // ---- the class as a whole

    fn check_running(&self) -> Result<(), &'static str> {
        match self.status {
            Status::Open | Status::Blocked => Ok(()),
            Status::Completed | Status::Revoked => Err("schedule_ended"),
        }
    }

    pub fn set_capacity(&mut self, capacity: u32) -> Answer {
        self.check_running()?;
        if capacity < self.capacity - self.left() {
            return Err("capacity_in_use");
        }
        self.freed += capacity.saturating_sub(self.capacity);
        self.capacity = capacity;
        Ok(String::new())
    }

    pub fn move_to(&mut self, starts: At, odd: Odd, at: At) -> Answer {
        self.check_running()?;
        if starts == self.starts {
            return Ok(String::new());
        }
        if at >= self.starts {
            return Err("schedule_started");
        }
        check_calendar(odd)?;
        self.starts = starts;
        self.fall_due(at);
        Ok(String::new())
    }

    pub fn block(&mut self) -> Answer {
        self.check_running()?;
        self.status = Status::Blocked;
        self.live_offers().into_iter().for_each(|o| self.end_offer(o, How::Withdrawn));
        self.close_rounds();
        Ok(String::new())
    }

    pub fn unblock(&mut self) -> Answer {
        self.check_running()?;
        if self.status == Status::Blocked {
            self.status = Status::Open;
            self.freed += self.left();
        }
        Ok(String::new())
    }

    pub fn complete(&mut self, at: At) -> Answer {
        match self.status {
            Status::Completed => return Ok(String::new()),
            Status::Revoked => return Err("schedule_ended"),
            Status::Open | Status::Blocked if at < self.starts => return Err("schedule_not_started"),
            Status::Open | Status::Blocked => self.end(Status::Completed, at),
        }
        for b in self.bookings.iter_mut().filter(|b| b.seat == Seat::Confirmed) {
            b.seat = Seat::Present;
        }
        Ok(String::new())
    }

    pub fn revoke(&mut self, at: At) -> Answer {
        match self.status {
            Status::Revoked => return Ok(String::new()),
            Status::Completed => return Err("schedule_ended"),
            Status::Open | Status::Blocked => self.end(Status::Revoked, at),
        }
        for b in &mut self.bookings {
            if matches!(b.seat, Seat::Unpaid(_) | Seat::Asked | Seat::Confirmed) {
                b.seat = Seat::Cancelled;
            }
        }
        Ok(String::new())
    }

    fn end(&mut self, status: Status, at: At) {
        self.status = status;
        self.queue().into_iter().for_each(|e| self.end_entry(e, How::Closed));
        self.close_rounds();
        let live: Vec<_> = (0..self.holds.len()).filter(|&h| self.holds[h].live).collect();
        live.into_iter().for_each(|h| self.give_back(h, at));
        self.freed = 0;
    }

    fn close_rounds(&mut self) {
        self.rounds.iter_mut().for_each(|r| r.over = true);
    }
}

fn check_calendar(odd: Odd) -> Result<(), &'static str> {
    match odd {
        Odd::Stale => Err("evidence_stale"),
        Odd::Conflict => Err("time_conflict"),
        Odd::No | Odd::Course => Ok(()),
    }
}
