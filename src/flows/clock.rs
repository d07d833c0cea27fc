//! Moving a manual clock: every deadline on the way is handled at its own instant and in order.

use futures_util::future::BoxFuture;

use crate::{
    base::time::Timestamp,
    engine::{Engine, Trouble, journal::Fault},
};

/// Something besides schedules that happens at instants of its own, such as class reminders.
pub trait Alarm: Send + Sync {
    /// The earliest instant in `(after, until]` at which it has something to do.
    fn next(&self, after: Timestamp, until: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, Fault>>;

    /// Does what there is to do as of `now`, durably.
    fn run(&self, now: Timestamp) -> BoxFuture<'_, Result<(), Fault>>;
}

#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error("the clock is the machine's own")]
    NotManual,
    #[error("a clock moves forward only")]
    Backwards,
    #[error("the clock stopped on the way, at a deadline that could not be handled: {0}")]
    Stuck(Fault),
}

/// Moves the manual clock to `to`, by way of every stored deadline. All effects are committed
/// when this returns.
pub async fn move_clock(engine: &Engine, alarm: &dyn Alarm, to: Timestamp) -> Result<(), MoveError> {
    let clock = engine.clock();
    if !clock.is_manual() {
        return Err(MoveError::NotManual);
    }
    if to < clock.now() {
        return Err(MoveError::Backwards);
    }
    let mut stuck_at = None;
    loop {
        let now = clock.now();
        let due = engine.next_due(to).await.map_err(MoveError::Stuck)?;
        let alarm_at = alarm.next(now, to).await.map_err(MoveError::Stuck)?;
        let Some(at) = due.map(|(_, at)| at).into_iter().chain(alarm_at).min() else { break };
        if at > now {
            // Told before the clock goes on: news of an offer is of no use after its end.
            alarm.run(now).await.map_err(MoveError::Stuck)?;
            clock.move_to(at);
        }
        if let Some((schedule, _)) = due.filter(|(_, due)| *due <= at) {
            if stuck_at.replace((schedule, at)) == Some((schedule, at)) {
                return Err(MoveError::Stuck(Fault::new(format!("schedule {schedule} stays due"))));
            }
            engine.tick(schedule).await.map_err(stuck)?;
        } else {
            alarm.run(clock.now()).await.map_err(MoveError::Stuck)?;
        }
    }
    alarm.run(clock.now()).await.map_err(MoveError::Stuck)?;
    clock.move_to(to);
    alarm.run(clock.now()).await.map_err(MoveError::Stuck)
}

fn stuck(trouble: Trouble) -> MoveError {
    MoveError::Stuck(match trouble {
        Trouble::Unavailable(fault) | Trouble::Unknown(fault) => fault,
        Trouble::Refused(rejection) => Fault::new(rejection.name()),
        Trouble::Busy | Trouble::Closing | Trouble::KeyReused | Trouble::InProgress | Trouble::Bounced(_) => {
            Fault::new("the engine is busy")
        }
    })
}
