//! One run: a seed makes the classes, the people, the weather, and everything that goes wrong.
//!
//! Time is the runtime's and stands still while anybody works, so a run takes as long as its
//! computing takes. A crash drops the runtime with all that was under way; the disk stays.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use actix::SystemRunner;
use tokio::time::Instant;
use yueke::{
    base::{
        guard::{Guard, switch_off},
        ids::{CourseId, OrgId, ScheduleId, SeededIds, StudentId},
        time::{Clock, HOUR, MINUTE, SECOND, Timestamp, Zone},
        units::Fen,
    },
    domain::schedule::{
        Command, Event, Opened, Policy,
        effects::Effects,
        policy::ConfirmMode,
        state::{Head, Status},
    },
    engine::{Audience, Engine, Parts, Published, Threads, WaitlistSizes},
    store::writer::Writer,
};

use crate::{
    auditor::{Auditor, Window, short},
    client::{Asked, People, Wish},
    compare::difference,
    dice::Dice,
    disk::{Disk, Link, SimJournal, Weather},
    ears::{Ears, Ids},
    habits::{Habits, What},
    pass,
    server::{Reply, Server},
    wall::Wall,
};

const STUDENTS: u128 = 50;
const CLASSES: u128 = 20;
/// How long people are at it, and how long they then only wait for what they were not told yet.
const BUSY: Duration = Duration::from_secs(60);
const CALM: Duration = Duration::from_secs(60);

/// What a run showed.
#[derive(Default)]
pub struct Shown {
    pub violations: Vec<String>,
    pub commits: u64,
    pub judged: u64,
    pub crashes: u32,
    pub story: Vec<String>,
}

struct Sizes(BTreeMap<ScheduleId, u32>);

impl WaitlistSizes for Sizes {
    fn of(&self, head: &Head) -> u32 {
        self.0[&head.id]
    }
}

/// What committed turns tell the outside; the people hear it.
struct Heard {
    news: Mutex<Vec<(ScheduleId, Arc<Effects>)>>,
    auditor: Arc<Mutex<Auditor>>,
}

impl Audience for Heard {
    fn publish(&self, p: &Published) {
        self.auditor.lock().expect("plain data").published(p.head.id, p.at.as_millis());
        self.news.lock().expect("plain data").push((p.head.id, p.effects.clone()));
    }
}

struct World {
    seed: u64,
    dice: Dice,
    disk: Arc<Disk>,
    weather: Weather,
    habits: Habits,
    auditor: Arc<Mutex<Auditor>>,
    wall: Wall,
    sizes: Arc<Sizes>,
    heard: Arc<Heard>,
    people: RefCell<People>,
    ears: Ears,
    /// Requests that have had no definite answer yet.
    open: RefCell<BTreeMap<u32, Asked>>,
    asked: Cell<u32>,
    lives: Cell<u64>,
    /// What is left of the busy time.
    busy: Cell<Duration>,
}

/// Plays the run of a seed, with one guard switched off or none.
pub fn run(seed: u64, guard: Option<Guard>) -> Shown {
    switch_off(guard);
    let world = Rc::new(World::of_seed(seed));
    let mut crashes = 0;
    let panics = crate::panics::so_far();
    loop {
        let runtime = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_time().start_paused(true).build().expect("a runtime")
        };
        let system: SystemRunner = actix::System::with_tokio_rt(runtime);
        let crashed = system.block_on(async {
            world.wall.runs(true);
            let crashed = world.clone().life().await;
            world.wall.runs(false);
            crashed
        });
        drop(system);
        if !crashed || world.is_wrong() {
            break;
        }
        crashes += 1;
        world.disk.machine_stopped();
        world.disk.set_weather(world.weather);
        world.wall.jump(world.dice.range(10..4_000));
        world.auditor.lock().expect("plain data").tell(|| "-- the server crashed".into());
    }
    switch_off(None);
    let mut auditor = world.auditor.lock().expect("plain data");
    for panic in crate::panics::since(panics) {
        auditor.wrong(format!("panicked: {panic}"));
    }
    Shown {
        violations: std::mem::take(&mut auditor.violations),
        commits: auditor.commits,
        judged: auditor.judged,
        crashes,
        story: std::mem::take(&mut auditor.story),
    }
}

impl World {
    fn of_seed(seed: u64) -> Self {
        let dice = Dice::of_seed(seed);
        let ears = Ears::default();
        let auditor = Arc::new(Mutex::new(Auditor::who_knows(ears.clone())));
        let disk = Disk::new(dice.clone(), auditor.clone());
        let start = Timestamp::from_millis(1_762_900_000_000);
        let mut sizes = BTreeMap::new();
        for n in 1..=CLASSES {
            let head = class(&dice, n, start);
            let waitlist = dice.range(1..9);
            sizes.insert(head.id, waitlist);
            auditor.lock().expect("plain data").opened(&head, waitlist);
            disk.put_schedule(head.clone(), Event::Opened(Opened { head, at: start }));
        }
        let rough = |dice: &Dice, most: f64| if dice.chance(0.4) { 0.0 } else { dice.range(0.0..most) };
        let weather = Weather {
            lost: rough(&dice, 0.01),
            refused: rough(&dice, 0.02),
            // Some lines are bad.
            reply_lost: if dice.chance(0.2) { 0.3 } else { rough(&dice, 0.08) },
            reads_fail: rough(&dice, 0.02),
            slow: if dice.chance(0.2) { 0.1 } else { rough(&dice, 0.01) },
        };
        disk.set_weather(weather);
        let habits = Habits::of(&dice);
        let heard = Arc::new(Heard { news: Mutex::default(), auditor: auditor.clone() });
        Self {
            seed,
            dice,
            disk,
            weather,
            habits,
            auditor,
            wall: Wall::showing(start),
            sizes: Arc::new(Sizes(sizes)),
            heard,
            people: RefCell::default(),
            ears,
            open: RefCell::default(),
            asked: Cell::new(0),
            lives: Cell::new(0),
            busy: Cell::new(BUSY),
        }
    }

    fn auditor(&self) -> MutexGuard<'_, Auditor> {
        self.auditor.lock().expect("an auditor does not panic")
    }

    fn is_wrong(&self) -> bool {
        !self.auditor().violations.is_empty()
    }

    async fn start_server(&self) -> Server {
        let epoch = self.disk.take_lease().await;
        self.auditor().tell(|| format!("-- a server starts, epoch {epoch}"));
        let writer = Writer::start(Link(self.disk.clone()), epoch);
        let journal = Arc::new(SimJournal { disk: self.disk.clone(), writer: writer.clone() });
        let wall = self.wall.clone();
        self.lives.set(self.lives.get() + 1);
        let source = SeededIds::from_seed(self.seed ^ (self.lives.get() << 32)).after(self.disk.last_id());
        let engine = Engine::start(Parts {
            journal: journal.clone(),
            clock: Clock::elsewhere(move || wall.now()),
            ids: Arc::new(Ids { source, ears: self.ears.clone() }),
            sizes: self.sizes.clone(),
            audience: self.heard.clone(),
            reach: Arc::new(self.ears.clone()),
            epoch,
            zone: Zone::SHANGHAI,
            last_booking_no: self.disk.last_booking_no(),
            threads: Threads::Own,
        });
        Server { engine, writer, journal }
    }

    /// One life of the server, from its start to a crash or to the end of the run. True for a crash.
    async fn life(self: Rc<Self>) -> bool {
        let mut server = self.start_server().await;
        let mut stale: Option<Server> = None;
        let begun = Instant::now();
        let busy = self.busy.get();
        while begun.elapsed() < busy && !self.is_wrong() {
            pass(Duration::from_micros(self.dice.range(0..60_000))).await;
            self.busy.set(busy.saturating_sub(begun.elapsed()));
            self.people_hear();
            match self.habits.next(&self.dice) {
                What::Crash => return true,
                What::Jump => self.jump(),
                What::Freeze => self.freeze().await,
                What::Replace => match stale.take() {
                    // For a while there are two.
                    None => stale = Some(std::mem::replace(&mut server, self.start_server().await)),
                    Some(old) => old.stop().await,
                },
                What::Rush => self.rush(&server),
                What::Outage => self.outage(),
                What::Tick => self.spurious_tick(&server),
                What::Hear => self.somebody_goes_or_returns(),
                What::Again => self.ask_again(&server),
                What::Staff => self.staff_asks(&server),
                What::Somebody => {
                    // Some still reach the server that was replaced.
                    let to = stale.as_ref().filter(|_| self.dice.chance(0.3)).unwrap_or(&server);
                    self.somebody_asks(to);
                }
            }
        }
        if let Some(old) = stale {
            old.stop().await;
        }
        if !self.is_wrong() {
            self.calm_down(&server).await;
        }
        false
    }

    /// A class opens, and many want it in the same moment.
    fn rush(self: &Rc<Self>, server: &Server) {
        let schedule = self.any_class();
        self.auditor().tell(|| format!("-- a rush at {}", short(&schedule)));
        for _ in 0..self.dice.range(5..40) {
            self.somebody_asks_at(server, schedule);
        }
    }

    /// The database is away for a while.
    fn outage(self: &Rc<Self>) {
        let away = Weather { lost: 1.0, reads_fail: 1.0, ..self.weather };
        let long = Duration::from_millis(self.dice.range(500..12_000));
        self.auditor().tell(|| format!("-- the database is away for {long:?}"));
        self.disk.set_weather(away);
        let world = self.clone();
        actix::spawn(async move {
            pass(long).await;
            // Unless it is calm by now.
            if world.disk.weather() == away {
                world.disk.set_weather(world.weather);
            }
        });
    }

    /// No more faults: everything that was asked gets its answer, and everything due is done.
    async fn calm_down(self: &Rc<Self>, server: &Server) {
        self.disk.set_weather(Weather::default());
        self.auditor().tell(|| "-- calm".into());
        let begun = Instant::now();
        while begun.elapsed() < CALM && !self.is_wrong() {
            pass(Duration::from_secs(1)).await;
            for _ in 0..50 {
                self.ask_again(server);
            }
        }
        // People stop waiting for the last answers; what is due by then has been done.
        pass(Duration::from_secs(20)).await;
        let open: Vec<_> = self.open.borrow().values().map(Asked::line).collect();
        if !open.is_empty() && !self.is_wrong() {
            self.auditor().wrong(format!("{} requests never got an answer, such as {}", open.len(), open[0]));
        }
        self.auditor().nothing_is_overdue(self.wall.now().as_millis());
        for id in self.disk.schedules() {
            let (rows, events) = self.disk.both_ways(id);
            if let Some(place) = difference(&rows, &events)
                && !self.is_wrong()
            {
                self.auditor().wrong(format!("{}: rows and events differ: {place}", short(&id)));
            }
        }
        for id in self.disk.schedules() {
            self.look(server.clone(), StudentId::from_u128(1), id).await;
        }
    }

    fn jump(&self) {
        let by = self.dice.range(-120 * SECOND..120 * SECOND);
        self.wall.jump(by);
        self.auditor().tell(|| format!("-- the clock jumps by {by} ms"));
    }

    /// The process stands still: every timer is late.
    async fn freeze(&self) {
        let long = Duration::from_millis(self.dice.range(100..9_000));
        self.auditor().tell(|| format!("-- the process stands still for {long:?}"));
        tokio::time::advance(long).await;
    }

    fn people_hear(&self) {
        let heard = std::mem::take(&mut *self.heard.news.lock().expect("plain data"));
        let mut people = self.people.borrow_mut();
        heard.iter().for_each(|(schedule, effects)| people.heard(*schedule, effects));
    }

    fn spurious_tick(self: &Rc<Self>, server: &Server) {
        let (engine, id) = (server.engine.clone(), self.any_class());
        actix::spawn(async move { drop(engine.tick(id).await) });
    }

    fn somebody_goes_or_returns(&self) {
        let student = self.any_student();
        let how = if self.ears.toggle(student) { "out of reach" } else { "within reach" };
        self.auditor().tell(|| format!("-- {} is {how}", short(&student)));
    }

    fn any_class(&self) -> ScheduleId {
        // Some are more popular than others.
        let n = self.dice.range(1..CLASSES + 1);
        ScheduleId::from_u128(n.min(self.dice.range(1..CLASSES + 1)))
    }

    fn any_student(&self) -> StudentId {
        StudentId::from_u128(self.dice.range(1..STUDENTS + 1))
    }

    fn somebody_asks(self: &Rc<Self>, server: &Server) {
        self.somebody_asks_at(server, self.any_class());
    }

    fn somebody_asks_at(self: &Rc<Self>, server: &Server, schedule: ScheduleId) {
        let student = self.any_student();
        let wish = self.people.borrow_mut().wish(&self.dice, student, schedule);
        let Some(wish) = wish else {
            let (world, server) = (self.clone(), server.clone());
            actix::spawn(async move { world.look(server, student, schedule).await });
            return;
        };
        let keyed = self.dice.chance(0.8);
        self.ask(server, student, schedule, wish, keyed);
    }

    fn staff_asks(self: &Rc<Self>, server: &Server) {
        let (student, schedule) = (self.any_student(), self.any_class());
        let wish = self.people.borrow_mut().staff_wish(&self.dice, student, schedule);
        self.ask(server, student, schedule, wish, true);
    }

    fn ask(self: &Rc<Self>, server: &Server, student: StudentId, schedule: ScheduleId, wish: Wish, keyed: bool) {
        let number = self.asked.get() + 1;
        self.asked.set(number);
        let (mut booking, mut offer) = (None, None);
        match &wish.command {
            Command::Cancel { booking: id, .. }
            | Command::MarkPaid { booking: id, .. }
            | Command::Confirm { booking: id, .. } => booking = Some(id.to_string()),
            Command::Accept { offer: Some(id), .. }
            | Command::Decline { offer: Some(id), .. }
            | Command::Begin { offer: Some(id), .. }
            | Command::WithdrawOffer { offer: id } => offer = Some(id.to_string()),
            _ => {}
        }
        let since = self.auditor().window(schedule);
        let key = keyed.then(|| format!("key-{number}"));
        let Wish { name, command, punctual } = wish;
        let asked = Asked { number, schedule, student, wish: name, command, key, booking, offer, since };
        if asked.key.is_some() {
            self.open.borrow_mut().insert(number, asked.clone());
        }
        let copies = if keyed && self.dice.chance(0.25) { self.dice.range(2..4) } else { 1 };
        for _ in 0..copies {
            self.send(server, asked.clone(), punctual);
        }
    }

    /// Whoever was not told tries again, under the same key.
    fn ask_again(self: &Rc<Self>, server: &Server) {
        let open: Vec<u32> = self.open.borrow().keys().copied().collect();
        let asked = self.dice.pick(&open).and_then(|n| self.open.borrow().get(&n).cloned());
        if let Some(asked) = asked {
            self.send(server, asked, None);
        }
    }

    fn send(self: &Rc<Self>, server: &Server, asked: Asked, punctual: Option<Timestamp>) {
        let (world, server) = (self.clone(), server.clone());
        actix::spawn(async move {
            match punctual {
                Some(at) => pass(world.wall.now().until(at)).await,
                None => world.network().await,
            }
            match server.handle(&asked).await {
                Reply::Definite(answer) => {
                    let since = if server.is_replaced() { Window::ever() } else { asked.since };
                    world.told(&Asked { since, ..asked }, &answer).await;
                }
                Reply::Unclear(why) => world.auditor().tell(|| format!("{} <- {why}", asked.line())),
            }
        });
    }

    async fn told(&self, asked: &Asked, answer: &str) {
        self.auditor().answered(asked, answer);
        self.network().await;
        // The reply itself may be lost; then they ask again.
        if !self.dice.chance(0.03) {
            self.open.borrow_mut().remove(&asked.number);
            self.people.borrow_mut().was_told(asked, answer);
        }
    }

    /// Requests overtake each other.
    async fn network(&self) {
        let far = self.dice.chance(0.1);
        pass(Duration::from_micros(if far { self.dice.range(0..2_000_000) } else { self.dice.range(0..20_000) })).await;
    }

    async fn look(self: &Rc<Self>, server: Server, student: StudentId, schedule: ScheduleId) {
        let since = self.auditor().window(schedule);
        if let Ok(seen) = server.engine.look(schedule, Some(student)).await {
            let since = if server.is_replaced() { Window::ever() } else { since };
            self.auditor().looked(schedule, student, since, &seen);
            self.people.borrow_mut().saw(student, schedule, &seen);
        }
    }
}

fn class(dice: &Dice, n: u128, start: Timestamp) -> Head {
    let id = ScheduleId::from_u128(n);
    // Some begin while the run lasts; many at the same hour.
    let starts_at =
        start + dice.pick(&[2 * MINUTE, 3 * MINUTE, HOUR, HOUR, HOUR + 30 * MINUTE, 3 * HOUR]).unwrap_or(HOUR);
    let policy = Policy {
        window_ms: dice.range(2..20) * SECOND,
        cutoff_ms: dice.pick(&[0, 30 * SECOND, 30 * MINUTE]).unwrap_or(0),
        grace_ms: dice.pick(&[0, 3 * SECOND, 8 * SECOND]).unwrap_or(0),
        reminder_ms: dice.pick(&[0, SECOND, 5 * SECOND]).unwrap_or(0),
        hold_ms: dice.range(2..20) * SECOND,
        pay_ms: dice.range(3..30) * SECOND,
        confirm: if dice.chance(0.3) { ConfirmMode::Teacher } else { ConfirmMode::Auto },
        price_fen: if dice.chance(0.3) { Fen(9_900) } else { Fen::ZERO },
        skip_unreachable: dice.chance(0.4),
        ..Policy::default()
    };
    Head {
        id,
        org: OrgId::from_u128(1),
        course: CourseId::from_u128(1),
        teacher: None,
        starts_at,
        ends_at: starts_at + HOUR,
        capacity: dice.range(1..5),
        status: Status::Open,
        policy: Arc::new(policy),
    }
}
