//! One socket: a single task that reads what the client says, and writes what it should see.
//!
//! Nothing here waits for a slow peer longer than [`WRITE_MAX`], and nothing is kept for one: of
//! a schedule only the newest state is sent, and events have a bounded queue. A peer that went
//! away without a word is found by pings that nobody answers.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, rt, web::Payload};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Session};
use bytestring::ByteString;
use tokio::{
    sync::Notify,
    time::{Instant, Interval, MissedTickBehavior, interval_at, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Live,
    boards::{Outlet, Watched},
    frame::{self, Kind},
    hub::Ear,
    inbound::{Nonsense, Said, Topic, Whose},
    logins::Login,
    tickets::Viewer,
    wire::Lifeline,
};
use crate::{
    base::{
        ids::ScheduleId,
        limits::{SOCKET_AUTH_WITHIN, SOCKET_FRAME_BYTES_MAX, SOCKET_SILENT_MAX, SOCKET_TOPICS_MAX, SOCKET_WRITE_MAX},
        metrics,
        time::Timestamp,
    },
    domain::schedule::Rejection,
    engine::Trouble,
};

// These are about the wire, not about the rules, so they follow the machine's clock.
const AUTH_WITHIN: Duration = Duration::from_millis(SOCKET_AUTH_WITHIN as u64);
const WRITE_MAX: Duration = Duration::from_millis(SOCKET_WRITE_MAX as u64);
/// Without a word from the client; answers to pings do not count.
const SILENT_MAX: Duration = Duration::from_millis(SOCKET_SILENT_MAX as u64);
/// How often a socket looks after itself: login, silence, life.
const BEAT: Duration = Duration::from_secs(10);
/// A peer that was not heard for this long is pinged at each beat …
const PING_AFTER: Duration = Duration::from_secs(20);
/// … and given up after this: within a minute, two or more pings unanswered.
const DEAD_AFTER: Duration = Duration::from_secs(45);
/// Rows or an actor that take longer than this to give a snapshot are not waited for.
const SNAPSHOT_WITHIN: Duration = Duration::from_secs(8);
/// How long the peer may take to answer a close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

const BAD_MESSAGE: CloseCode = CloseCode::Other(4400);
const NOT_AUTHENTICATED: CloseCode = CloseCode::Other(4401);

/// Accepts a socket; the caller has looked at its origin.
pub fn upgrade(request: &HttpRequest, payload: Payload, live: &Live) -> actix_web::Result<HttpResponse> {
    let (response, out, incoming) = actix_ws::handle(request, payload)?;
    let incoming = incoming
        .max_frame_size(SOCKET_FRAME_BYTES_MAX)
        .aggregate_continuations()
        .max_continuation_size(SOCKET_FRAME_BYTES_MAX);
    rt::spawn(run(live.clone(), out, incoming, Lifeline::of(request)));
    Ok(response)
}

async fn run(live: Live, out: Session, mut incoming: AggregatedMessageStream, lifeline: Option<Lifeline>) {
    let _open = Open::count();
    let end = match authenticate(&live, out.clone(), &mut incoming).await {
        Ok((viewer, login)) => {
            let mut socket = Socket::new(live, viewer, login, out.clone());
            socket.run(&mut incoming).await
        }
        Err(end) => end,
    };
    if let End::Close(code, why) = end {
        close(out, incoming, code, why).await;
    }
    if let Some(lifeline) = lifeline {
        lifeline.cut();
    }
}

/// Says goodbye, and gives the peer a moment to answer it.
async fn close(out: Session, mut incoming: AggregatedMessageStream, code: CloseCode, why: &str) {
    let goodbye = async {
        let reason = CloseReason { code, description: Some(why.to_owned()) };
        if out.close(Some(reason)).await.is_ok() {
            while let Some(Ok(_)) = incoming.recv().await {}
        }
    };
    // Past this the connection is cut anyway.
    let _ = timeout(CLOSE_WITHIN, goodbye).await;
}

/// Counts the open sockets.
struct Open;

impl Open {
    fn count() -> Self {
        metrics::SOCKETS_OPEN.inc();
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::SOCKETS_OPEN.dec();
    }
}

/// How a socket ends.
enum End {
    Close(CloseCode, &'static str),
    /// The peer is gone, or takes nothing any more.
    Gone,
}

const LOGIN_ENDED: End = End::Close(NOT_AUTHENTICATED, "login ended");

/// The first frame must be a good ticket, and soon.
async fn authenticate(
    live: &Live,
    out: Session,
    incoming: &mut AggregatedMessageStream,
) -> Result<(Viewer, Arc<Login>), End> {
    let refused = || End::Close(NOT_AUTHENTICATED, "not authenticated");
    let first = tokio::select! {
        first = timeout(AUTH_WITHIN, first_text(&out, incoming)) => first.map_err(|_| refused())??,
        () = live.0.closing.cancelled() => return Err(End::Close(CloseCode::Restart, "restarting")),
    };
    let Ok(Said::Auth { ticket }) = Said::parse(&first) else {
        return Err(refused());
    };
    let viewer = live.0.tickets.redeem(&ticket).ok_or_else(refused)?;
    // Entered first, looked at then: an end in between is seen by one of the two.
    let login = live.0.logins.enter(viewer.session);
    let now = live.0.engine.clock().now();
    if now >= viewer.expires_at || !live.0.sessions.still_valid(viewer.session) {
        return Err(refused());
    }
    write(&mut out.clone(), frame::ready(now, live.0.zone)).await?;
    Ok((viewer, login))
}

async fn first_text(out: &Session, incoming: &mut AggregatedMessageStream) -> Result<ByteString, End> {
    loop {
        match incoming.recv().await {
            Some(Ok(AggregatedMessage::Text(text))) => return Ok(text),
            Some(Ok(AggregatedMessage::Ping(bytes))) => out.clone().pong(&bytes).await.map_err(|_| End::Gone)?,
            Some(Ok(AggregatedMessage::Pong(_))) => {}
            Some(Ok(AggregatedMessage::Binary(_))) => return Err(End::Close(NOT_AUTHENTICATED, "not authenticated")),
            Some(Ok(AggregatedMessage::Close(_))) | None => return Err(End::Close(CloseCode::Normal, "")),
            Some(Err(_)) => return Err(End::Close(BAD_MESSAGE, "bad message")),
        }
    }
}

async fn write(out: &mut Session, text: ByteString) -> Result<(), End> {
    match timeout(WRITE_MAX, out.text(text)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

struct Socket {
    live: Live,
    viewer: Viewer,
    login: Arc<Login>,
    out: Session,
    topics: Topics,
    behind: Arc<Notify>,
    /// Only while it listens to `me` or `coach`.
    ear: Option<Ear>,
    beat: Interval,
    /// Its own, because all sockets would wait for each other at the lock of a shared one.
    closing: CancellationToken,
    /// When anything at all came from the peer.
    heard_at: Instant,
    /// When the client last said something of its own accord.
    spoke_at: Instant,
}

/// What a socket does next.
enum Step {
    Incoming(Option<Result<AggregatedMessage, actix_ws::ProtocolError>>),
    /// A schedule has news that the fan-out could not get rid of.
    Behind,
    Event(Option<ByteString>),
    Beat,
    LoginEnded,
    Closing,
}

impl Socket {
    fn new(live: Live, viewer: Viewer, login: Arc<Login>, out: Session) -> Self {
        let now = Instant::now();
        let mut beat = interval_at(now + BEAT, BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let topics = Topics::default();
        let closing = live.0.closing.child_token();
        Self {
            live,
            viewer,
            login,
            out,
            topics,
            behind: Arc::default(),
            ear: None,
            beat,
            closing,
            heard_at: now,
            spoke_at: now,
        }
    }

    async fn run(&mut self, incoming: &mut AggregatedMessageStream) -> End {
        loop {
            let done = match self.next(incoming).await {
                Step::Incoming(message) => self.incoming(message).await,
                Step::Behind => self.catch_up_all().await,
                Step::Event(Some(event)) => self.send(event).await,
                Step::Event(None) => Err(End::Close(CloseCode::Again, "too slow")),
                Step::Beat => self.look_after_itself().await,
                Step::LoginEnded => Err(LOGIN_ENDED),
                Step::Closing => Err(End::Close(CloseCode::Restart, "restarting")),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn next(&mut self, incoming: &mut AggregatedMessageStream) -> Step {
        let Self { behind, ear, beat, login, closing, .. } = self;
        let step = async {
            tokio::select! {
                message = incoming.recv() => Step::Incoming(message),
                () = behind.notified() => Step::Behind,
                event = hear(ear) => Step::Event(event),
                _ = beat.tick() => Step::Beat,
                () = closing.cancelled() => Step::Closing,
            }
        };
        tokio::select! {
            // Before anything that could still be told.
            biased;
            () = login.ended() => Step::LoginEnded,
            step = step => step,
        }
    }

    async fn send(&mut self, text: ByteString) -> Result<(), End> {
        if self.login.is_ended() {
            return Err(LOGIN_ENDED);
        }
        write(&mut self.out, text).await
    }

    fn now(&self) -> Timestamp {
        self.live.0.engine.clock().now()
    }

    async fn look_after_itself(&mut self) -> Result<(), End> {
        if self.now() >= self.viewer.expires_at || !self.live.0.sessions.still_valid(self.viewer.session) {
            return Err(LOGIN_ENDED);
        }
        if self.spoke_at.elapsed() >= SILENT_MAX {
            return Err(End::Close(CloseCode::Away, "silent"));
        }
        let unheard = self.heard_at.elapsed();
        if unheard >= DEAD_AFTER {
            return Err(End::Gone);
        }
        if unheard >= PING_AFTER {
            let pinged = timeout(WRITE_MAX, self.out.ping(b"")).await;
            pinged.ok().and_then(Result::ok).ok_or(End::Gone)?;
        }
        Ok(())
    }

    // ---- what the client says

    async fn incoming(
        &mut self,
        message: Option<Result<AggregatedMessage, actix_ws::ProtocolError>>,
    ) -> Result<(), End> {
        self.heard_at = Instant::now();
        match message {
            Some(Ok(AggregatedMessage::Text(text))) => {
                self.spoke_at = self.heard_at;
                self.said(&text).await
            }
            Some(Ok(AggregatedMessage::Ping(bytes))) => {
                self.spoke_at = self.heard_at;
                let answered = timeout(WRITE_MAX, self.out.pong(&bytes)).await;
                answered.ok().and_then(Result::ok).ok_or(End::Gone)
            }
            Some(Ok(AggregatedMessage::Pong(_))) => Ok(()),
            Some(Ok(AggregatedMessage::Close(_))) => Err(End::Close(CloseCode::Normal, "")),
            Some(Ok(AggregatedMessage::Binary(_))) | Some(Err(_)) => Err(End::Close(BAD_MESSAGE, "bad message")),
            None => Err(End::Gone),
        }
    }

    async fn said(&mut self, text: &str) -> Result<(), End> {
        match Said::parse(text) {
            Err(Nonsense) => Err(End::Close(BAD_MESSAGE, "bad message")),
            Ok(Said::Ping) => self.send(frame::pong(self.now(), self.live.0.zone)).await,
            // Once is enough; a second one cannot change who looks.
            Ok(Said::Auth { .. }) => self.refuse("already_authenticated", None).await,
            Ok(Said::Unsubscribe { topic }) => {
                self.unsubscribe(&topic);
                Ok(())
            }
            Ok(Said::Subscribe { topic, student }) => self.subscribe(&topic, student).await,
        }
    }

    async fn refuse(&mut self, reason: &str, topic: Option<&str>) -> Result<(), End> {
        self.send(frame::error(reason, topic)).await
    }

    fn unsubscribe(&mut self, topic: &str) {
        match Topic::parse(topic) {
            Some(Topic::Schedule(schedule)) => self.topics.remove(schedule),
            Some(Topic::Me) => self.ear.iter_mut().for_each(Ear::forget_students),
            Some(Topic::Coach) => self.ear.iter_mut().for_each(Ear::forget_teacher),
            None => {}
        }
        if self.ear.as_ref().is_some_and(Ear::is_idle) {
            self.ear = None;
        }
    }

    async fn subscribe(&mut self, topic: &str, whose: Whose) -> Result<(), End> {
        match Topic::parse(topic) {
            Some(Topic::Schedule(schedule)) => self.subscribe_schedule(schedule, topic, whose).await,
            Some(Topic::Me) => self.subscribe_me().await,
            Some(Topic::Coach) => self.subscribe_coach().await,
            None => self.refuse("not_found", Some(topic)).await,
        }
    }

    async fn subscribe_schedule(&mut self, schedule: ScheduleId, topic: &str, whose: Whose) -> Result<(), End> {
        let student = match whose {
            Whose::Own => self.viewer.students.first().copied(),
            Whose::Student(s) if self.viewer.is_staff || self.viewer.students.contains(&s) => Some(s),
            Whose::Student(_) | Whose::Nobody => return self.refuse("forbidden", Some(topic)).await,
        };
        if self.topics.is_full_for(schedule) {
            return self.refuse("too_many_topics", Some(topic)).await;
        }
        let live = self.live.clone();
        // Boxed: only a socket that subscribes right now pays for it.
        let watched = match timeout(SNAPSHOT_WITHIN, Box::pin(live.0.boards.watch(schedule))).await {
            Ok(Ok(watched)) => watched,
            Ok(Err(Trouble::Refused(Rejection::UnknownSchedule))) => {
                return self.refuse("not_found", Some(topic)).await;
            }
            Ok(Err(_)) | Err(_) => return self.refuse("unavailable", Some(topic)).await,
        };
        // A subscription that is renewed must not speak between its two snapshots.
        self.topics.remove(schedule);
        // Listen first, look then: what comes after the look is not missed.
        let outlet = Arc::new(Outlet::new(student, self.login.clone(), self.out.clone(), self.behind.clone()));
        watched.tell(&outlet);
        let Some((state, mine)) = watched.read(student) else {
            return self.refuse("unavailable", Some(topic)).await;
        };
        if state.view.head.org != self.viewer.org {
            return self.refuse("not_found", Some(topic)).await;
        }
        let course = state.view.head.course;
        let name = || self.live.0.names.name(course);
        let snapshot = frame::frame(Kind::Snapshot, &state, mine.as_ref(), self.now(), name, self.live.0.zone);
        self.send(snapshot).await?;
        outlet.give_back((state.epoch, state.view.version));
        self.topics.list.push(Subscription { watched, outlet });
        self.catch_up(self.topics.list.len() - 1).await
    }

    async fn catch_up_all(&mut self) -> Result<(), End> {
        for topic in 0..self.topics.list.len() {
            self.catch_up(topic).await?;
        }
        Ok(())
    }

    /// Writes the newest state, if it was not written; whatever came in between is skipped.
    async fn catch_up(&mut self, topic: usize) -> Result<(), End> {
        loop {
            let Subscription { watched, outlet } = &self.topics.list[topic];
            let Some((state, mine)) = watched.read(outlet.student) else { return Ok(()) };
            let version = (state.epoch, state.view.version);
            outlet.take();
            if version <= outlet.told() {
                outlet.give_back(outlet.told());
                return Ok(());
            }
            let live = self.live.clone();
            let name = || live.0.names.name(state.view.head.course);
            let frame = frame::frame(Kind::Frame, &state, mine.as_ref(), self.now(), name, live.0.zone);
            self.send(frame).await?;
            let Subscription { outlet, .. } = &self.topics.list[topic];
            // The fan-out kept away meanwhile, so look again.
            outlet.give_back(version);
        }
    }

    fn ear(&mut self) -> &mut Ear {
        self.ear.get_or_insert_with(|| self.live.0.hub.ear())
    }

    async fn subscribe_me(&mut self) -> Result<(), End> {
        let students = self.viewer.students.clone();
        self.ear().hear_students(&students);
        let snapshot = self.live.0.snapshots.me(self.viewer.clone());
        self.send_snapshot("me", snapshot).await
    }

    async fn subscribe_coach(&mut self) -> Result<(), End> {
        let Some(teacher) = self.viewer.teacher else {
            return self.refuse("forbidden", Some("coach")).await;
        };
        self.ear().hear_teacher(teacher);
        let snapshot = self.live.0.snapshots.coach(teacher);
        self.send_snapshot("coach", snapshot).await
    }

    /// Read after the listening began, so between snapshot and events nothing is missing.
    async fn send_snapshot(
        &mut self,
        topic: &str,
        snapshot: impl Future<Output = Result<String, crate::engine::journal::Fault>>,
    ) -> Result<(), End> {
        let version = self.live.0.hub.next_version();
        match timeout(SNAPSHOT_WITHIN, snapshot).await {
            Ok(Ok(data)) => {
                let epoch = self.live.0.engine.epoch();
                self.send(frame::snapshot(topic, epoch, version, self.now(), &data, self.live.0.zone)).await
            }
            failed => {
                if let Ok(Err(fault)) = failed {
                    tracing::warn!(%fault, topic, "a snapshot could not be read");
                }
                self.unsubscribe(topic);
                self.refuse("unavailable", Some(topic)).await
            }
        }
    }
}

async fn hear(ear: &mut Option<Ear>) -> Option<ByteString> {
    match ear {
        Some(ear) => ear.next().await,
        None => std::future::pending().await,
    }
}

/// A schedule that a socket watches.
struct Subscription {
    watched: Watched,
    outlet: Arc<Outlet>,
}

/// All schedules that a socket watches, without a task or a timer for each.
#[derive(Default)]
struct Topics {
    list: Vec<Subscription>,
}

impl Topics {
    fn is_full_for(&self, schedule: ScheduleId) -> bool {
        self.list.len() >= SOCKET_TOPICS_MAX && !self.list.iter().any(|s| s.watched.schedule() == schedule)
    }

    fn remove(&mut self, schedule: ScheduleId) {
        self.list.retain(|s| {
            let other = s.watched.schedule() != schedule;
            if !other {
                // The fan-out may hold it a moment longer.
                s.outlet.take();
            }
            other
        });
    }
}

#[cfg(test)]
mod tests;
