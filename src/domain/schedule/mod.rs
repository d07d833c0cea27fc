//! One schedule (课次): its seats, holds, waitlist and release rounds.
//!
//! ```text
//! a seat:     free ──hold──▶ held ──book──▶ taken ──cancel──┐
//!              ▲  └───────────book─────────▶                │
//!              │                                            ▼
//!              └──(nobody waits, or past the cutoff)──── released
//!              ▲                                            │ someone waits
//!              └──(nobody wants it)── on offer ◀────────────┘
//!                                       │ race: all who wait; first confirm wins
//!                                       │ turn: one after the other, first in line first
//!                                       └──confirm──▶ taken
//!
//! an entry:   waiting ⇄ notified (race) ─┬─▶ promoted
//!                 └──▶ in turn ──────────┤
//!                                        ├─▶ cancelled (left)
//!                                        └─▶ expired (its turn passed, or the cutoff)
//! ```
//!
//! A change goes one way only: [`turn::Turn`] checks a [`command::Command`], emits [`event::Event`]s,
//! and [`state::Schedule::apply`] is the only code that changes the state. `apply` cannot fail, so
//! replaying the events of a schedule gives the same state and the same rows.
//!
//! A turn mutates the state while it decides, instead of returning events for someone else to
//! apply: a cancellation releases a seat, which opens a round, which sends offers, and each step
//! has to see the one before. Copying the state for that would cost a popular class with 100,000
//! seats a copy per booking. In return every command checks everything before it emits anything,
//! so a rejection leaves the state as it was; the property test holds it to that.

pub mod audit;
pub mod command;
pub mod due;
pub mod effects;
pub mod event;
pub mod policy;
pub mod rejection;
mod rounds;
mod seats;
pub mod state;
pub mod turn;
pub mod view;
mod waitlist;

pub use command::{Command, Receipt};
pub use event::{Event, Opened};
pub use policy::Policy;
pub use rejection::Rejection;
pub use state::{Changes, Schedule};
pub use turn::{Decision, Facts};
