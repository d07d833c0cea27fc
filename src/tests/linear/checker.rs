//! Whether what concurrent clients were told can be put into one order that the model allows and
//! that keeps what was answered before something else was asked (Wing and Gong's search, with
//! Lowe's memory of what was tried). A request without an answer may have happened at any time
//! since, or never.

use std::{collections::HashSet, fmt};

use super::model::{Ask, Class, Rules, Told};

/// Of one history.
pub const OPS_MAX: usize = 512;
/// States of the search that are remembered; a history that needs more is not shown to be right.
const TRIED_MAX: usize = 400_000;

/// Times are microseconds.
#[derive(Clone, Debug)]
pub struct Op {
    pub student: u8,
    pub ask: Ask,
    pub told: Option<Told>,
    pub from: u64,
    /// `u64::MAX` without an answer.
    pub to: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Linearizable,
    /// With the furthest that any order came.
    Violation(Box<Class>),
    GaveUp,
}

type Done = [u64; OPS_MAX / 64];

fn has(done: &Done, i: usize) -> bool {
    done[i / 64] & (1 << (i % 64)) != 0
}

fn with(mut done: Done, i: usize) -> Done {
    done[i / 64] |= 1 << (i % 64);
    done
}

pub fn check(rules: Rules, ops: &[Op]) -> Verdict {
    assert!(ops.len() <= OPS_MAX, "a history of {} operations", ops.len());
    let mut ops: Vec<&Op> = ops.iter().collect();
    ops.sort_by_key(|op| op.from);
    let answered = ops.iter().filter(|op| op.told.is_some()).count();
    let mut tried: HashSet<(Done, Class)> = HashSet::new();
    let mut open = vec![(Done::default(), Class::default())];
    let (mut furthest, mut count_of_furthest) = (Class::default(), 0);
    while let Some((done, class)) = open.pop() {
        let (done, class) = observe(rules, &ops, done, class);
        if tried.len() >= TRIED_MAX {
            return Verdict::GaveUp;
        }
        if !tried.insert((done, class.clone())) {
            continue;
        }
        let count = (0..ops.len()).filter(|i| has(&done, *i) && ops[*i].told.is_some()).count();
        if count == answered {
            return Verdict::Linearizable;
        }
        if count > count_of_furthest {
            (furthest, count_of_furthest) = (class.clone(), count);
        }
        // What is put last is tried first: whoever was answered first.
        let mut next = may_be_next(&ops, &done);
        next.sort_by_key(|i| std::cmp::Reverse(ops[*i].to));
        for i in next {
            let after = class.after(rules, ops[i].student, &ops[i].ask, ops[i].told.as_ref());
            open.extend(after.into_iter().map(|class| (with(done, i), class)));
        }
    }
    Verdict::Violation(Box::new(furthest))
}

/// Whoever was asked for before anything that is still to come was answered.
fn may_be_next(ops: &[&Op], done: &Done) -> Vec<usize> {
    let (mut next, mut first_answer) = (Vec::new(), u64::MAX);
    for (i, op) in ops.iter().enumerate().filter(|(i, _)| !has(done, *i)) {
        if op.from > first_answer {
            break;
        }
        first_answer = first_answer.min(op.to);
        next.push(i);
    }
    next
}

/// What only tells how things are is put as early as it is true: it stands in nobody's way.
fn observe(rules: Rules, ops: &[&Op], mut done: Done, class: Class) -> (Done, Class) {
    loop {
        let fits = |i: &usize| {
            let op = ops[*i];
            op.is_observation() && !class.after(rules, op.student, &op.ask, op.told.as_ref()).is_empty()
        };
        match may_be_next(ops, &done).into_iter().find(fits) {
            Some(i) => done = with(done, i),
            None => return (done, class),
        }
    }
}

impl Op {
    fn is_observation(&self) -> bool {
        matches!(self.told, Some(Told::Seen(_) | Told::Standing(_) | Told::Refused(_)))
    }
}

/// The shortest beginning that is wrong already, without what it would be wrong without, as well.
pub fn smallest(rules: Rules, ops: &[Op]) -> Vec<Op> {
    let is_wrong = |ops: &[Op]| matches!(check(rules, ops), Verdict::Violation(_));
    let mut ends: Vec<u64> = ops.iter().filter(|op| op.told.is_some()).map(|op| op.to).collect();
    ends.sort_unstable();
    let shortest = ends.partition_point(|end| !is_wrong(&until(ops, *end)));
    let mut story = ends.get(shortest).map_or_else(|| ops.to_vec(), |end| until(ops, *end));
    for i in (0..story.len()).rev().filter(|_| story.len() < OPS_MAX).collect::<Vec<_>>() {
        let mut without = story.clone();
        without.remove(i);
        if story[i].is_observation() && is_wrong(&without) {
            story = without;
        }
    }
    story
}

/// What was known at that moment.
fn until(ops: &[Op], end: u64) -> Vec<Op> {
    let known = |op: &Op| match op.to <= end {
        true => op.clone(),
        false => Op { told: None, to: u64::MAX, ..op.clone() },
    };
    ops.iter().filter(|op| op.from <= end).map(known).collect()
}

/// For a person: when, who, what, and the answer.
pub fn story(rules: Rules, ops: &[Op]) -> String {
    let mut ops = ops.to_vec();
    ops.sort_by_key(|op| op.from);
    let Rules { seats, line_max } = rules;
    let mut lines = vec![format!("{seats} seats, {line_max} may wait; milliseconds")];
    lines.extend(ops.iter().map(Op::to_string));
    lines.push(match check(rules, &ops) {
        Verdict::Violation(class) => format!("no order explains it; at the furthest: {class}"),
        Verdict::GaveUp => "the search was given up".into(),
        Verdict::Linearizable => "an order explains it".into(),
    });
    lines.join("\n")
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |t: u64| if t == u64::MAX { "open".into() } else { format!("{:.3}", t as f64 / 1_000.0) };
        let told = self.told.as_ref().map_or("no answer".into(), |told| format!("{told:?}"));
        let (from, to) = (ms(self.from), ms(self.to));
        write!(f, "{from:>10} – {to:<10} s{:<3} {:<12} {told}", self.student, format!("{:?}", self.ask))
    }
}
