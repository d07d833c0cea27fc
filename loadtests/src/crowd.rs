//! Students who come and go on many classes: each books, cancels, joins, leaves, looks and claims,
//! and remembers what they were told, so that it can be held against the rows in the end.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    check::Check,
    client::request,
    desk::{Desk, Student},
    lane::{Lane, Lost, Reply},
    progress::step,
    record::{Ending, Recorder},
    scenarios::{Ground, number},
    truth::{Mine, schedules_of},
};

/// What a student has, as far as they were told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Has {
    #[default]
    Nothing,
    Booking(String),
    Place {
        id: String,
        is_offered: bool,
    },
    /// A request had no answer, or said that its outcome is unknown.
    Unknown,
}

struct Member {
    student: Student,
    /// Index of their class.
    class: usize,
    has: Has,
}

/// How a crowd is made.
#[derive(Clone, Copy)]
pub struct Shape {
    pub classes: usize,
    pub seats: usize,
    pub places: usize,
    pub students_per_class: usize,
    /// How many of a hundred requests only look.
    pub looks: u32,
}

/// All students, and which of them are between two requests.
pub struct Crowd {
    pub classes: Vec<String>,
    shape: Shape,
    inner: Mutex<Inner>,
}

struct Inner {
    members: Vec<Member>,
    idle: VecDeque<usize>,
    rng: StdRng,
    unexpected: Vec<String>,
    acted: usize,
}

/// The same mixture in each run.
const SEED: u64 = 20_251_112;
/// More would only repeat each other.
const UNEXPECTED_MAX: usize = 100;

/// A request about to be sent.
struct Act {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Crowd {
    /// Plans the classes and makes the students; nobody has anything yet.
    pub async fn gather(ground: &Ground, desk: &mut Desk, shape: Shape) -> anyhow::Result<Arc<Self>> {
        let course = desk.course_with_places("crowd", shape.places).await?;
        let mut classes = Vec::new();
        for i in 0..shape.classes {
            if i % 100 == 0 {
                step(&format!("class {i} of {} …", shape.classes));
            }
            classes.push(desk.schedule(&course, shape.seats, (i / 200) as i64).await?);
        }
        step("students …");
        let count = shape.classes * shape.students_per_class;
        let students = desk.students(&format!("crowd{}-", ground.run), count).await?;
        let member = |(i, student)| Member { student, class: i % shape.classes, has: Has::Nothing };
        let members: Vec<Member> = students.into_iter().enumerate().map(member).collect();
        let (idle, rng) = ((0..members.len()).collect(), StdRng::seed_from_u64(SEED));
        let inner = Mutex::new(Inner { members, idle, rng, unexpected: Vec::new(), acted: 0 });
        Ok(Arc::new(Self { classes, shape, inner }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics while it is held")
    }

    /// A student of this class.
    pub fn student_of(&self, class: usize) -> Student {
        // Members are dealt to the classes in turn.
        self.member(class)
    }

    /// The student with this number; their class is the rest by the number of classes.
    pub fn member(&self, number: usize) -> Student {
        self.lock().members[number].student.clone()
    }

    /// One idle student does the next thing; latency counts from `due`.
    pub async fn act(&self, lane: &mut Lane, due: Instant, recorder: &Recorder) {
        let who = self.lock().idle.pop_front().expect("there are no more lanes than students");
        // What was answered is remembered there.
        let _ = self.act_as(who, lane, due, recorder).await;
        self.lock().idle.push_back(who);
    }

    /// Some student of this class does the next thing; nobody else of the class may be acting.
    pub async fn act_in(&self, class: usize, lane: &mut Lane, recorder: &Recorder) {
        let who = self.lock().rng.random_range(0..self.shape.students_per_class);
        let _ = self.act_as(class + who * self.shape.classes, lane, Instant::now(), recorder).await;
    }

    /// This student does the next thing; they must not be acting already.
    pub async fn act_as(&self, who: usize, lane: &mut Lane, due: Instant, recorder: &Recorder) -> Result<Reply, Lost> {
        let act = self.next(who);
        let result = lane.send(&act.bytes).await;
        recorder.note(act.name, Ending::of(&result), due.elapsed());
        self.heard(who, act.name, &result);
        result
    }

    /// What this student does next.
    fn next(&self, who: usize) -> Act {
        let mut inner = self.lock();
        let Inner { members, rng, acted, .. } = &mut *inner;
        *acted += 1;
        let member = &members[who];
        let class = &self.classes[member.class];
        let act = |name, method, path: &str, body: Option<Value>| {
            let path = format!("/api/v1{path}");
            Act { name, bytes: request(method, &path, Some(&member.student.token), body.as_ref()) }
        };
        let looks = rng.random_range(0..100) < self.shape.looks;
        match &member.has {
            Has::Place { id, is_offered: true } => {
                act("claim", "PUT", &format!("/waitlist/{id}/respond"), Some(json!({ "action": "accept" })))
            }
            Has::Unknown => act("look", "GET", &format!("/schedules/{class}"), None),
            Has::Nothing | Has::Booking(_) | Has::Place { .. } if looks => {
                act("look", "GET", &format!("/schedules/{class}"), None)
            }
            // Some go straight to the waitlist; where there are seats they are told so.
            Has::Nothing if self.shape.places > 0 && rng.random_range(0..4) == 0 => {
                act("join", "POST", "/waitlist/join", Some(json!({ "course_schedule_id": class })))
            }
            Has::Nothing => act("book", "POST", "/bookings", Some(json!({ "schedule_id": class }))),
            Has::Booking(id) => act("cancel", "DELETE", &format!("/bookings/{id}"), Some(json!({}))),
            Has::Place { id, is_offered: false } => act("leave", "DELETE", &format!("/waitlist/{id}"), Some(json!({}))),
        }
    }

    /// Remembers what the answer says.
    fn heard(&self, who: usize, name: &'static str, result: &Result<Reply, Lost>) {
        let mut inner = self.lock();
        let has = inner.members[who].has.clone();
        let (has, unexpected) = after(name, has, result);
        inner.members[who].has = has;
        if let Some(unexpected) = unexpected
            && inner.unexpected.len() < UNEXPECTED_MAX
        {
            inner.unexpected.push(format!("{name}: {unexpected}"));
        }
    }

    /// Holds what everybody was told against the rows. Nothing is under way any more.
    pub async fn judge(&self, ground: &Ground, desk: &mut Desk) -> anyhow::Result<Vec<Check>> {
        step("reading the rows …");
        let (who, has, unexpected, acted) = {
            let inner = self.lock();
            let who = inner.members.iter().map(|m| (m.student.clone(), self.classes[m.class].clone()));
            let has: Vec<(usize, Has)> = inner.members.iter().map(|m| (m.class, m.has.clone())).collect();
            (who.collect(), has, inner.unexpected.clone(), inner.acted)
        };
        let rows: Vec<Mine> = schedules_of(ground.address, who).await?.iter().map(Mine::of).collect();
        let mut classes = Vec::new();
        for class in &self.classes {
            let now = desk.get(&format!("/schedules/{class}")).await?;
            classes.push(Class {
                capacity: number(&now, "capacity")?,
                taken: number(&now, "seats_taken")?,
                offered: number(&now, "seats_offered")?,
                waiting: number(&now["waitlist"], "length")?,
            });
        }
        Ok(checks(&has, &rows, &classes, &unexpected, acted))
    }
}

/// What an answer makes of what a student has, and what of it nobody expects.
fn after(name: &str, has: Has, result: &Result<Reply, Lost>) -> (Has, Option<String>) {
    let reply = match result {
        Ok(reply) => reply,
        Err(lost) => return (Has::Unknown, Some(lost.to_string())),
    };
    let id = |field: &str| reply.data()[field].as_str().unwrap_or_default().to_owned();
    let reason = || reply.text("reason");
    match (name, reply.status) {
        ("book", 201) => (Has::Booking(id("id")), None),
        ("join", 200) => (Has::Place { id: id("waitlist_id"), is_offered: false }, None),
        ("cancel" | "leave", 200) => (Has::Nothing, None),
        ("claim", 200) => {
            let booking = reply.data()["booking"]["id"].as_str().unwrap_or_default().to_owned();
            (Has::Booking(booking), None)
        }
        ("look", 200) => (looked(has, &reply.data()), None),
        (_, 503) if reason() == "outcome_unknown" => (Has::Unknown, None),
        // Nothing happened.
        (_, 429 | 503) => (has, None),
        ("book", 409) if ["schedule_full", "seat_on_offer"].contains(&reason().as_str()) => (has, None),
        ("join", 409) if ["queue_full", "seats_available"].contains(&reason().as_str()) => (has, None),
        ("claim", 409) if ["offer_taken", "no_offer", "offer_lapsed"].contains(&reason().as_str()) => match has {
            Has::Place { id, .. } => (Has::Place { id, is_offered: false }, None),
            other => (other, None),
        },
        _ => (has, Some(reply.to_string())),
    }
}

/// A look tells of an offer, and what became of a request without an answer.
fn looked(has: Has, schedule: &Value) -> Has {
    match has {
        Has::Place { id, .. } => Has::Place { id, is_offered: !schedule["mine"]["offer"].is_null() },
        Has::Unknown => match Mine::of(schedule) {
            Mine { booking: Some(id), .. } => Has::Booking(id),
            Mine { booking: None, place: Some((id, _)) } => Has::Place { id, is_offered: false },
            Mine { booking: None, place: None } => Has::Nothing,
        },
        Has::Nothing | Has::Booking(_) => has,
    }
}

struct Class {
    capacity: u64,
    taken: u64,
    offered: u64,
    waiting: u64,
}

fn checks(has: &[(usize, Has)], rows: &[Mine], classes: &[Class], unexpected: &[String], acted: usize) -> Vec<Check> {
    let contradiction = |(i, ((_, has), row)): (usize, (&(usize, Has), &Mine))| {
        let place = row.place.as_ref().map(|(id, _)| id);
        let is_same = match has {
            Has::Nothing => row.booking.is_none() && place.is_none(),
            Has::Booking(id) => row.booking.as_ref() == Some(id) && place.is_none(),
            Has::Place { id, .. } => row.booking.is_none() && place == Some(id),
            Has::Unknown => true,
        };
        (!is_same).then(|| format!("student {i} was told {has:?}, but has {row:?}"))
    };
    let contradictions: Vec<String> = has.iter().zip(rows).enumerate().filter_map(contradiction).collect();
    let (mut oversold, mut miscounted, mut misplaced) = (Vec::new(), Vec::new(), Vec::new());
    let mut by_class: Vec<Vec<&Mine>> = vec![Vec::new(); classes.len()];
    has.iter().zip(rows).for_each(|((class, _), row)| by_class[*class].push(row));
    for (i, class) in classes.iter().enumerate() {
        let of_class = || by_class[i].iter();
        if class.taken + class.offered > class.capacity {
            oversold
                .push(format!("class {i}: {} of {} seats, {} on offer", class.taken, class.capacity, class.offered));
        }
        let booked = of_class().filter(|r| r.booking.is_some()).count() as u64;
        if booked != class.taken {
            miscounted.push(format!("class {i}: {booked} booked, but {} seats taken", class.taken));
        }
        let mut places: Vec<u64> = of_class().filter_map(|r| Some(r.place.as_ref()?.1)).collect();
        places.sort_unstable();
        if places != (1..=class.waiting).collect::<Vec<_>>() {
            misplaced.push(format!("class {i}: positions {places:?} of {}", class.waiting));
        }
    }
    vec![
        Check::none("answers that the rows contradict", has.len(), &contradictions),
        Check::none("classes with more sold than there is", classes.len(), &oversold),
        Check::none("classes that count otherwise than their students", classes.len(), &miscounted),
        Check::none("classes whose positions are not 1, 2, 3 …", classes.len(), &misplaced),
        Check::none("answers that nobody expects", acted, unexpected),
    ]
}

#[cfg(test)]
mod tests;
