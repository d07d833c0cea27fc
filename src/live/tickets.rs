//! Tickets for sockets: fetched over HTTPS by someone with a token, sent once in a first frame.
//! So no token ever stands in a URL or in a log.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

use crate::base::{
    ids::{AccountId, OrgId, SessionId, StudentId, TeacherId, hex, secret_bytes},
    limits::TICKET_TTL,
    sync::lock,
    time::{Clock, Timestamp},
};

/// Who looks through a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub account: AccountId,
    pub org: OrgId,
    pub session: SessionId,
    /// When the token that fetched the ticket ends; the socket ends with it.
    pub expires_at: Timestamp,
    /// The account's students, the one that is meant when none is named first.
    pub students: Box<[StudentId]>,
    pub teacher: Option<TeacherId>,
    /// May see any student's part of a schedule of their org.
    pub is_staff: bool,
}

/// Tickets of one account that are good at once; the oldest gives way. A client needs one.
const PER_ACCOUNT_MAX: usize = 8;
/// Tickets that are good at once: a reconnect storm of 100,000 clients within one ticket's life.
const TICKETS_MAX: usize = 100_000;
/// Twice the 128 bits that cannot be guessed.
const SECRET_BYTES: usize = 32;

type Secret = [u8; SECRET_BYTES];

pub struct Tickets {
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    viewers: HashMap<Secret, (Viewer, Timestamp)>,
    by_account: HashMap<AccountId, VecDeque<Secret>>,
    /// In the order of issue, which is the order of expiry.
    order: VecDeque<(Timestamp, AccountId, Secret)>,
}

impl Tickets {
    pub fn new(clock: Clock) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    /// None when too many are out already: the caller refuses for now.
    pub fn issue(&self, viewer: Viewer) -> Option<String> {
        let now = self.clock.now();
        let mut kept = lock(&self.kept);
        kept.drop_expired(now);
        if kept.order.len() >= TICKETS_MAX {
            return None;
        }
        let secret: Secret = secret_bytes();
        let account = viewer.account;
        let expires_at = now + TICKET_TTL;
        let mine = kept.by_account.entry(account).or_default();
        mine.push_back(secret);
        let oldest = if mine.len() > PER_ACCOUNT_MAX { mine.pop_front() } else { None };
        if let Some(oldest) = oldest {
            kept.viewers.remove(&oldest);
        }
        kept.viewers.insert(secret, (viewer, expires_at));
        kept.order.push_back((expires_at, account, secret));
        Some(hex(&secret))
    }

    /// Good once, and before its time is over.
    pub fn redeem(&self, ticket: &str) -> Option<Viewer> {
        let secret = unhex(ticket)?;
        let now = self.clock.now();
        let mut kept = lock(&self.kept);
        let (viewer, expires_at) = kept.viewers.remove(&secret)?;
        kept.forget(viewer.account, &secret);
        (now < expires_at).then_some(viewer)
    }
}

impl Kept {
    fn drop_expired(&mut self, now: Timestamp) {
        while let Some(&(_, account, secret)) = self.order.front().filter(|(expires_at, ..)| *expires_at <= now) {
            self.order.pop_front();
            self.viewers.remove(&secret);
            self.forget(account, &secret);
        }
    }

    fn forget(&mut self, account: AccountId, secret: &Secret) {
        if let Some(mine) = self.by_account.get_mut(&account) {
            mine.retain(|s| s != secret);
            if mine.is_empty() {
                self.by_account.remove(&account);
            }
        }
    }
}

fn unhex(text: &str) -> Option<Secret> {
    let mut secret = [0; SECRET_BYTES];
    let digits = text.as_bytes();
    if digits.len() != 2 * SECRET_BYTES {
        return None;
    }
    for (byte, pair) in secret.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::MINUTE;

    fn viewer(account: u128) -> Viewer {
        Viewer {
            account: AccountId::from_u128(account),
            org: OrgId::from_u128(1),
            session: SessionId::from_u128(2),
            expires_at: Timestamp::from_millis(MINUTE),
            students: Box::new([StudentId::from_u128(3)]),
            teacher: None,
            is_staff: false,
        }
    }

    fn tickets() -> (Clock, Tickets) {
        let clock = Clock::manual(Timestamp::from_millis(0));
        (clock.clone(), Tickets::new(clock))
    }

    #[test]
    fn a_ticket_is_good_once() {
        let (_, tickets) = tickets();
        let ticket = tickets.issue(viewer(1)).unwrap();
        assert_eq!(tickets.redeem(&ticket), Some(viewer(1)));
        assert_eq!(tickets.redeem(&ticket), None);
    }

    #[test]
    fn a_ticket_ends_after_half_a_minute() {
        let (clock, tickets) = tickets();
        let (first, second) = (tickets.issue(viewer(1)).unwrap(), tickets.issue(viewer(1)).unwrap());
        clock.move_to(Timestamp::from_millis(TICKET_TTL - 1));
        assert!(tickets.redeem(&first).is_some());
        clock.move_to(Timestamp::from_millis(TICKET_TTL));
        assert!(tickets.redeem(&second).is_none());
    }

    #[test]
    fn one_account_cannot_take_the_room_of_all() {
        let (clock, tickets) = tickets();
        let issued: Vec<_> = (0..=PER_ACCOUNT_MAX).map(|_| tickets.issue(viewer(1)).unwrap()).collect();
        assert!(tickets.redeem(&issued[0]).is_none());
        assert!(tickets.redeem(&issued[1]).is_some());
        clock.move_to(Timestamp::from_millis(TICKET_TTL));
        tickets.issue(viewer(2)).unwrap();
        let kept = lock(&tickets.kept);
        assert_eq!((kept.viewers.len(), kept.by_account.len(), kept.order.len()), (1, 1, 1));
    }

    #[test]
    fn what_is_no_ticket_is_refused() {
        let (_, tickets) = tickets();
        for bad in ["", "abc", &"候补".repeat(10), &"g".repeat(64), &"0".repeat(64)] {
            assert_eq!(tickets.redeem(bad), None, "{bad}");
        }
    }
}
