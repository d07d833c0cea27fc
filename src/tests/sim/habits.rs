//! What goes wrong in a run, and how often.

use super::dice::Dice;

/// What happens next.
#[derive(Clone, Copy)]
pub enum What {
    Crash,
    Jump,
    Freeze,
    Replace,
    Rush,
    Outage,
    Tick,
    /// Somebody goes out of reach, or comes back.
    Hear,
    Again,
    Staff,
    Somebody,
}

/// How often what happens in this run; some things in some runs never, so that they hide nothing.
pub struct Habits(Vec<(What, u32)>);

impl Habits {
    pub fn of(dice: &Dice) -> Self {
        let rare = |most: u32| if dice.chance(0.4) { 0 } else { dice.range(1..most + 1) };
        Self(vec![
            (What::Crash, rare(6)),
            (What::Jump, rare(4)),
            (What::Freeze, rare(4)),
            (What::Replace, rare(6)),
            (What::Rush, rare(6)),
            (What::Outage, rare(3)),
            (What::Tick, rare(60)),
            (What::Hear, rare(80)),
            (What::Again, 100),
            (What::Staff, 60),
            (What::Somebody, 760),
        ])
    }

    pub fn next(&self, dice: &Dice) -> What {
        let mut n = dice.range(0..self.0.iter().map(|(_, weight)| weight).sum());
        for (what, weight) in &self.0 {
            match n.checked_sub(*weight) {
                Some(rest) => n = rest,
                None => return *what,
            }
        }
        What::Somebody
    }
}
