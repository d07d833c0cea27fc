//! One class in one place, one request after the other: what may be answered, and what is then.
//! A third telling of the rules, only of those that concurrent clients can meet within minutes;
//! small, so that a search can keep many of its states.

use std::fmt;

/// A booking or a place in line, by its number among the ids of one history.
pub type Name = u16;

/// Given by a request that was never answered: nobody can say which.
pub const UNTOLD: Name = 0;

#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    Book,
    Cancel(Name),
    Join,
    Leave(Name),
    Accept(Name),
    /// The class, with one's own part in it.
    Look,
    /// One's place in line.
    Place(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Booked(Name),
    Cancelled,
    /// With the position.
    Joined(Name, u8),
    Left,
    Refused(String),
    Seen(View),
    Standing(Standing),
    /// Nothing that the rules know.
    Odd(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub taken: u8,
    pub offered: u8,
    pub left: u8,
    pub line: u8,
    pub booking: Option<Name>,
    pub place: Option<(Name, Standing)>,
}

/// Position and status; 0 and "over" for a place that is no more.
pub type Standing = (u8, &'static str);

#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub seats: u8,
    pub line_max: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Class {
    /// In the order of students, so that equal states look alike.
    booked: Vec<(u8, Name)>,
    line: Vec<(u8, Name)>,
    /// In the order in which their offers were sent.
    rounds: Vec<Round>,
}

/// A freed seat that is promised to those who wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Round {
    /// A bit for each student.
    offers: u64,
    is_turn: bool,
}

fn bit(student: u8) -> u64 {
    1 << student
}

/// A refusal, or something given.
type Answer = Result<Told, &'static str>;

impl Class {
    /// What the class may be after this request was answered like that; nothing when it cannot be
    /// answered so. Without an answer: what it may have become, if it changed.
    pub fn after(&self, rules: Rules, student: u8, ask: &Ask, told: Option<&Told>) -> Vec<Self> {
        let given = match told {
            Some(Told::Booked(name) | Told::Joined(name, _)) => *name,
            _ => UNTOLD,
        };
        let possible = self.answers(rules, student, ask, given).into_iter();
        let fits = |(answer, next): (Answer, Self)| match (told, answer) {
            (None, _) => (next != *self).then_some(next),
            (Some(Told::Refused(why)), Err(reason)) => (why == reason).then_some(next),
            (Some(told), Ok(answer)) => (*told == answer).then_some(next),
            (Some(_), Err(_)) => None,
        };
        possible.filter_map(fits).collect()
    }

    fn answers(&self, rules: Rules, student: u8, ask: &Ask, given: Name) -> Vec<(Answer, Self)> {
        let refused = |reason| vec![(Err(reason), self.clone())];
        match ask {
            Ask::Look => vec![(Ok(Told::Seen(self.view(rules, student))), self.clone())],
            Ask::Place(name) => vec![(Ok(Told::Standing(self.standing(student, *name))), self.clone())],
            Ask::Book if self.is_booked(student) => refused("already_booked"),
            Ask::Book if self.offers_to(student).is_empty() => match (self.left(rules), self.rounds.is_empty()) {
                (0, true) => refused("schedule_full"),
                (0, false) => refused("seat_on_offer"),
                _ => vec![(Ok(Told::Booked(given)), self.changed(rules, 0, |c| c.seat(student, given)))],
            },
            Ask::Book => self.wins(rules, student, given),
            Ask::Accept(name) if self.line.contains(&(student, *name)) && !self.offers_to(student).is_empty() => {
                self.wins(rules, student, given)
            }
            Ask::Accept(_) => refused("no_offer"),
            // Of something that is over: the same answer again.
            Ask::Cancel(name) => match self.booked.contains(&(student, *name)) {
                false => vec![(Ok(Told::Cancelled), self.clone())],
                true => vec![(Ok(Told::Cancelled), self.changed(rules, 1, |c| c.unseat(student)))],
            },
            Ask::Leave(name) => match self.line.contains(&(student, *name)) {
                false => vec![(Ok(Told::Left), self.clone())],
                true => vec![(Ok(Told::Left), self.changed(rules, 0, |c| c.leave(student)))],
            },
            Ask::Join if self.is_booked(student) => refused("already_booked"),
            Ask::Join if self.line.iter().any(|(s, _)| *s == student) => refused("already_waiting"),
            Ask::Join if self.left(rules) > 0 => refused("seats_available"),
            Ask::Join if self.line.len() >= usize::from(rules.line_max) => refused("queue_full"),
            Ask::Join => {
                let next = self.changed(rules, 0, |c| c.line.push((student, given)));
                vec![(Ok(Told::Joined(given, next.line.len() as u8)), next)]
            }
        }
    }

    /// A seat on offer is taken: the one that was offered first. Which that is cannot be said when a
    /// turn and another offer were sent within one millisecond, so any will do then.
    fn wins(&self, rules: Rules, student: u8, given: Name) -> Vec<(Answer, Self)> {
        let mut offers = self.offers_to(student);
        if !offers.iter().any(|r| self.rounds[*r].is_turn) {
            offers.truncate(1);
        }
        let won = |round: usize| {
            self.changed(rules, 0, |c| {
                c.rounds.remove(round);
                c.seat(student, given);
            })
        };
        offers.into_iter().map(|round| (Ok(Told::Booked(given)), won(round))).collect()
    }

    fn changed(&self, rules: Rules, freed: u8, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next.follow_up(rules, freed);
        next
    }

    fn seat(&mut self, student: u8, name: Name) {
        self.leave(student);
        self.booked.push((student, name));
        self.booked.sort_unstable();
    }

    fn unseat(&mut self, student: u8) {
        self.booked.retain(|(s, _)| *s != student);
    }

    fn leave(&mut self, student: u8) {
        self.line.retain(|(s, _)| *s != student);
        self.rounds.iter_mut().for_each(|r| r.offers &= !bit(student));
    }

    /// A round without offers goes to the first in line who has no turn yet, else its seat is public;
    /// each freed seat is offered to all who wait.
    fn follow_up(&mut self, rules: Rules, freed: u8) {
        while let Some(i) = self.rounds.iter().position(|r| r.offers == 0) {
            self.rounds.remove(i);
            let turns = self.rounds.iter().filter(|r| r.is_turn).fold(0, |all, r| all | r.offers);
            if let Some((student, _)) = self.line.iter().find(|(s, _)| turns & bit(*s) == 0) {
                self.rounds.push(Round { offers: bit(*student), is_turn: true });
            }
        }
        for _ in 0..freed {
            if !self.line.is_empty() && self.left(rules) > 0 {
                let offers = self.line.iter().fold(0, |all, (s, _)| all | bit(*s));
                self.rounds.push(Round { offers, is_turn: false });
            }
        }
    }

    fn is_booked(&self, student: u8) -> bool {
        self.booked.iter().any(|(s, _)| *s == student)
    }

    fn left(&self, rules: Rules) -> u8 {
        (rules.seats as usize).saturating_sub(self.booked.len() + self.rounds.len()) as u8
    }

    fn offers_to(&self, student: u8) -> Vec<usize> {
        (0..self.rounds.len()).filter(|r| self.rounds[*r].offers & bit(student) != 0).collect()
    }

    fn standing(&self, student: u8, name: Name) -> Standing {
        let Some(at) = self.line.iter().position(|e| *e == (student, name)) else { return (0, "over") };
        let offers = self.offers_to(student);
        let status = match offers.iter().any(|r| self.rounds[*r].is_turn) {
            true => "in_turn",
            false if offers.is_empty() => "waiting",
            false => "notified",
        };
        (at as u8 + 1, status)
    }

    fn view(&self, rules: Rules, student: u8) -> View {
        let place = self.line.iter().find(|(s, _)| *s == student);
        View {
            taken: self.booked.len() as u8,
            offered: self.rounds.len() as u8,
            left: self.left(rules),
            line: self.line.len() as u8,
            booking: self.booked.iter().find(|(s, _)| *s == student).map(|(_, name)| *name),
            place: place.map(|(_, name)| (*name, self.standing(student, *name))),
        }
    }
}

fn named(list: &[(u8, Name)]) -> String {
    let all: Vec<_> = list.iter().map(|(s, name)| format!("s{s}#{name}")).collect();
    if all.is_empty() { "nobody".into() } else { all.join(" ") }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seated {} | in line {}", named(&self.booked), named(&self.line))?;
        for round in &self.rounds {
            let to: Vec<_> = (0..64).filter(|s| round.offers & bit(*s) != 0).map(|s| format!("s{s}")).collect();
            write!(f, " | {} of {}", if round.is_turn { "turn" } else { "race" }, to.join(" "))?;
        }
        Ok(())
    }
}
