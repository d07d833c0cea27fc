//! The rules' numbers, fixed for a schedule when it is made, so that a change of the house rules
//! never moves a deadline that someone was already told.

use serde::{Deserialize, Serialize};

use crate::base::{
    time::{DAY, HOUR, MINUTE, Millis},
    units::Fen,
};

/// Lengths of time in milliseconds, money in fen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How long an offer of a freed seat stands, in a race and in a turn.
    pub window_ms: Millis,
    /// The waitlist ends this long before the start.
    pub cutoff_ms: Millis,
    /// How long after `begin` a confirm is still accepted (流程保护).
    pub grace_ms: Millis,
    /// A reminder is sent this long before an offer's deadline; not at all when the window is no longer.
    pub reminder_ms: Millis,
    /// How long a seat hold keeps its seat.
    pub hold_ms: Millis,
    /// How long a fee may stay unpaid.
    pub pay_ms: Millis,
    /// A student may cancel until this long before the start; staff until the start.
    pub cancel_notice_ms: Millis,
    pub confirm: ConfirmMode,
    pub price_fen: Fen,
    /// Added to the price; negative for a discount.
    pub price_modifier_fen: Fen,
    /// What the course was when the schedule was made: with its tier it decides the waitlist's size.
    pub course_kind: CourseKind,
    pub tier: Tier,
    /// A race leaves out who cannot be told of it now, unless nobody in the queue can: an offer that
    /// may be seen by chance is better than none. Who was left out gets no turn in that round
    /// either: the seat must not wait a whole window for someone who cannot hear of it. Their place
    /// in the queue is kept. Not written where it is off, as in all rows from before there was a choice.
    #[serde(default, skip_serializing_if = "is_off")]
    pub skip_unreachable: bool,
}

fn is_off(choice: &bool) -> bool {
    !choice
}

/// 一对一, 班课, 次课, 试听; 0 to 3 in rows and on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CourseKind {
    OneToOne,
    Group,
    Session,
    Trial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Standard,
    Vip,
}

/// Who confirms a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmMode {
    Auto,
    Teacher,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            window_ms: 15 * MINUTE,
            cutoff_ms: 6 * HOUR,
            grace_ms: 5 * MINUTE,
            reminder_ms: 5 * MINUTE,
            hold_ms: 5 * MINUTE,
            pay_ms: 5 * MINUTE,
            cancel_notice_ms: 0,
            confirm: ConfirmMode::Auto,
            price_fen: Fen::ZERO,
            price_modifier_fen: Fen::ZERO,
            course_kind: CourseKind::Group,
            tier: Tier::Standard,
            skip_unreachable: false,
        }
    }
}

impl Policy {
    /// What the student pays: the price and its modifier, never below zero.
    pub fn final_price(&self) -> Fen {
        self.price_fen.plus(self.price_modifier_fen).max(Fen::ZERO)
    }

    /// The first field that is out of bounds, with its bounds in milliseconds.
    pub fn out_of_bounds(&self) -> Option<(&'static str, Millis, Millis)> {
        let bounds = [
            ("window_ms", self.window_ms, MINUTE / 60, 7 * DAY),
            ("cutoff_ms", self.cutoff_ms, 0, 30 * DAY),
            ("grace_ms", self.grace_ms, 0, HOUR),
            ("reminder_ms", self.reminder_ms, 0, DAY),
            ("hold_ms", self.hold_ms, MINUTE / 60, HOUR),
            ("pay_ms", self.pay_ms, MINUTE / 60, DAY),
            ("cancel_notice_ms", self.cancel_notice_ms, 0, 30 * DAY),
        ];
        bounds
            .into_iter()
            .find(|(_, v, min, max)| !(min..=max).contains(&v))
            .map(|(name, _, min, max)| (name, min, max))
    }
}
