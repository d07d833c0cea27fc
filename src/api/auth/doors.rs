//! How often somebody may knock. What costs money is counted from rows, so that a restart forgets
//! none of it; what only slows guessing down is counted in memory.

use std::{net::IpAddr, sync::Mutex};

use crate::{
    args,
    base::{
        ids::{AccountId, OrgId},
        limits::{
            COUNTED_KEYS_MAX, FAILURES_PER_ADDRESS, REGISTRATIONS_PER_ADDRESS, SMS_KEPT, SMS_PER_ACCOUNT,
            SMS_PER_ADDRESS, SMS_PER_DAY, SMS_PER_NUMBER, SMS_PER_ORG,
        },
        phone::Phone,
        rolling::{Rolling, Rule},
        sync::lock,
        time::{DAY, Millis, SECOND, Timestamp},
    },
    store::{Store, StoreError},
    web::error::Problem,
};

/// Who asks for a message, and for which number.
#[derive(Clone, Debug)]
pub struct Wish {
    pub org: OrgId,
    pub phone: Phone,
    /// None where addresses are not limited.
    pub address: Option<String>,
    /// As it names itself; whoever wants to hide leaves it out, and is bounded by all the others.
    pub device: Option<String>,
    pub account: Option<AccountId>,
}

impl Wish {
    /// Many devices bear the name of their model: only at one address is it one of them.
    fn device_at_home(&self) -> Option<(String, String)> {
        self.address.clone().zip(self.device.clone())
    }
}

/// The messages of the last day, by everything that bounds them. Pure: tests drive it with a clock
/// of their own.
pub struct SmsLimits {
    numbers: Rolling<(OrgId, Phone)>,
    addresses: Rolling<String>,
    devices: Rolling<(String, String)>,
    accounts: Rolling<AccountId>,
    orgs: Rolling<OrgId>,
    all: Rolling<()>,
}

impl Default for SmsLimits {
    fn default() -> Self {
        // The daily budget bounds how many keys there can be.
        Self {
            numbers: Rolling::new(SMS_PER_NUMBER, usize::MAX),
            addresses: Rolling::new(SMS_PER_ADDRESS, usize::MAX),
            devices: Rolling::new(SMS_PER_ACCOUNT, usize::MAX),
            accounts: Rolling::new(SMS_PER_ACCOUNT, usize::MAX),
            orgs: Rolling::new(SMS_PER_ORG, usize::MAX),
            all: Rolling::new(SMS_PER_DAY, usize::MAX),
        }
    }
}

impl SmsLimits {
    /// Counts one more message, or tells how long to wait for it.
    pub fn ask(&mut self, wish: &Wish, now: Timestamp) -> Result<(), Millis> {
        let Self { numbers, addresses, devices, accounts, orgs, all } = self;
        let waits = [
            numbers.wait(&(wish.org, wish.phone.clone()), now),
            wish.address.as_ref().map_or(0, |a| addresses.wait(a, now)),
            wish.device_at_home().map_or(0, |d| devices.wait(&d, now)),
            wish.account.map_or(0, |a| accounts.wait(&a, now)),
            orgs.wait(&wish.org, now),
            all.wait(&(), now),
        ];
        match waits.into_iter().max() {
            Some(wait) if wait > 0 => Err(wait),
            Some(_) | None => {
                self.note(wish, now);
                Ok(())
            }
        }
    }

    fn note(&mut self, wish: &Wish, at: Timestamp) {
        self.numbers.note((wish.org, wish.phone.clone()), at);
        wish.address.iter().for_each(|a| self.addresses.note(a.clone(), at));
        wish.device_at_home().into_iter().for_each(|d| self.devices.note(d, at));
        wish.account.iter().for_each(|a| self.accounts.note(*a, at));
        self.orgs.note(wish.org, at);
        self.all.note((), at);
    }

    /// Keys whose day is over are let go.
    fn forget_old(&mut self, now: Timestamp) {
        self.numbers.forget_before(now);
        self.addresses.forget_before(now);
        self.devices.forget_before(now);
        self.accounts.forget_before(now);
    }
}

const FAILURES: &[Rule] = &[FAILURES_PER_ADDRESS];
const REGISTRATIONS: &[Rule] = &[REGISTRATIONS_PER_ADDRESS];

pub struct Doors {
    sms: Mutex<(SmsLimits, Timestamp)>,
    failures: Mutex<Rolling<IpAddr>>,
    registrations: Mutex<Rolling<IpAddr>>,
    /// Held while roles change, so that what is told to the tokens comes in the order of the commits.
    pub roles: tokio::sync::Mutex<()>,
}

impl Doors {
    /// With the messages that were asked for in the last day.
    pub async fn load(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut sms = SmsLimits::default();
        let sql = "select org_id, phone, address, device, account_id, at from sms_sends where at > $1 order by at";
        for row in store.reader().all(sql, args![now - SMS_KEPT]).await? {
            let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
            let wish = Wish {
                org: row.parse("org_id")?,
                phone: row.parse("phone")?,
                address: some(row.text("address")?),
                device: some(row.text("device")?),
                account: row.opt_parse("account_id")?,
            };
            sms.note(&wish, row.at("at")?);
        }
        Ok(Self {
            sms: Mutex::new((sms, now)),
            failures: Mutex::new(Rolling::new(FAILURES, COUNTED_KEYS_MAX)),
            registrations: Mutex::new(Rolling::new(REGISTRATIONS, COUNTED_KEYS_MAX)),
            roles: tokio::sync::Mutex::default(),
        })
    }

    /// One more message, if all bounds allow it.
    pub fn sms(&self, wish: &Wish, now: Timestamp) -> Result<(), Problem> {
        let mut sms = lock(&self.sms);
        let (limits, swept_at) = &mut *sms;
        if now - *swept_at > DAY {
            limits.forget_old(now);
            *swept_at = now;
        }
        limits.ask(wish, now).map_err(too_soon)
    }

    /// Before a password is looked at.
    pub fn guess(&self, from: Option<IpAddr>, now: Timestamp) -> Result<(), Problem> {
        check(&self.failures, from, now)
    }

    /// A password was wrong.
    pub fn guessed_wrong(&self, from: Option<IpAddr>, now: Timestamp) {
        from.into_iter().for_each(|from| lock(&self.failures).note(home(from), now));
    }

    /// One more account, unless too many came from there.
    pub fn register(&self, from: Option<IpAddr>, now: Timestamp) -> Result<(), Problem> {
        check(&self.registrations, from, now)?;
        from.into_iter().for_each(|from| lock(&self.registrations).note(home(from), now));
        Ok(())
    }
}

fn check(counted: &Mutex<Rolling<IpAddr>>, from: Option<IpAddr>, now: Timestamp) -> Result<(), Problem> {
    let wait = from.map_or(0, |from| lock(counted).wait(&home(from), now));
    if wait > 0 { Err(too_soon(wait)) } else { Ok(()) }
}

fn too_soon(wait: Millis) -> Problem {
    Problem::RateLimited { retry_after: ((wait + SECOND - 1) / SECOND).clamp(1, i64::from(u32::MAX)) as u32 }
}

/// What one household or office has: of IPv6 that is a network of its own.
pub fn home(address: IpAddr) -> IpAddr {
    masked(address, 32, 64)
}

/// What stays the same for somebody at one place.
pub fn network(address: IpAddr) -> IpAddr {
    masked(address, 24, 48)
}

fn masked(address: IpAddr, v4: u32, v6: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(a) => IpAddr::V4((u32::from(a) & (u32::MAX << (32 - v4))).into()),
        IpAddr::V6(a) => IpAddr::V6((u128::from(a) & (u128::MAX << (128 - v6))).into()),
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;
    use crate::base::time::{HOUR, MINUTE};

    fn wish(number: u64) -> Wish {
        let phone = Phone::parse(&format!("13{number:09}")).unwrap();
        Wish { org: OrgId::from_u128(1), phone, address: None, device: None, account: None }
    }

    fn at(ms: Millis) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + ms)
    }

    #[test]
    fn a_number_hears_once_a_minute_five_times_an_hour_ten_times_a_day() {
        let mut limits = SmsLimits::default();
        let mut sent = Vec::new();
        for second in 0..2 * DAY / SECOND {
            if limits.ask(&wish(1), at(second * SECOND)).is_ok() {
                sent.push(second * SECOND);
            }
        }
        assert_eq!(sent[..6], [0, MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE, HOUR]);
        assert_eq!(sent[10], DAY, "the eleventh is the next day's");
        for (rule, from) in SMS_PER_NUMBER.iter().flat_map(|rule| sent.iter().map(move |from| (rule, *from))) {
            let within = sent.iter().filter(|s| (from..from + rule.within).contains(*s)).count();
            assert!(within <= rule.at_most, "{rule:?} from {from}: {within}");
        }
    }

    #[test]
    fn each_bound_is_of_its_own() {
        let common = [
            (Wish { address: Some("203.0.113.7".into()), ..wish(0) }, SMS_PER_ADDRESS),
            (Wish { address: Some("203.0.113.7".into()), device: Some("phone".into()), ..wish(0) }, SMS_PER_ACCOUNT),
            (Wish { account: Some(AccountId::from_u128(1)), ..wish(0) }, SMS_PER_ACCOUNT),
            (wish(0), SMS_PER_ORG),
        ];
        for (same, rules) in common {
            let mut limits = SmsLimits::default();
            let asked = (0..5_000).map(|n| Wish { phone: wish(n).phone, ..same.clone() });
            let sent = asked.filter(|w| limits.ask(w, at(0)).is_ok()).count();
            assert_eq!(sent, rules[0].at_most, "{same:?}");
        }
    }

    #[test]
    fn owners_of_one_model_share_no_bound() {
        let mut limits = SmsLimits::default();
        let iphone = |n: u64, address: Option<String>| Wish { device: Some("iPhone 15".into()), address, ..wish(n) };
        let few = SMS_PER_ACCOUNT[0].at_most as u64;
        for n in 0..20 * few {
            let wish = iphone(n, Some(format!("address {}", n / few)));
            assert!(limits.ask(&wish, at(0)).is_ok(), "{n}");
        }
        assert!(limits.ask(&iphone(1_000, Some("address 7".into())), at(0)).is_err());
        for n in 2_000..2_000 + 2 * few {
            assert!(limits.ask(&iphone(n, None), at(0)).is_ok(), "where addresses are not limited");
        }
    }

    /// A hundred thousand requests over two days, from many addresses, devices, accounts, to many
    /// numbers, and half of them as an attacker would send who changes all that at each.
    #[test]
    fn no_attack_costs_more_than_the_budget() {
        let mut rng = StdRng::seed_from_u64(7);
        let mut limits = SmsLimits::default();
        let mut sent: Vec<Timestamp> = Vec::new();
        for n in 0..100_000_u64 {
            let now = at(n as i64 * 2 * DAY / 100_000);
            let attack = rng.random_bool(0.5);
            let one_of = |rng: &mut StdRng, few: u64| if attack { n } else { rng.random_range(0..few) };
            let wish = Wish {
                org: OrgId::from_u128(u128::from(rng.random_range(0..3_u64))),
                address: Some(format!("address {}", one_of(&mut rng, 500))),
                device: Some(format!("device {}", one_of(&mut rng, 500))),
                account: Some(AccountId::from_u128(u128::from(one_of(&mut rng, 500)))),
                ..wish(one_of(&mut rng, 2_000))
            };
            if limits.ask(&wish, now).is_ok() {
                sent.push(now);
            }
            if n % 1_000 == 0 {
                limits.forget_old(now);
            }
        }
        let budget = SMS_PER_DAY[0].at_most;
        assert!(sent.len() > budget, "the second day has a budget too: {}", sent.len());
        for (i, from) in sent.iter().enumerate() {
            let within = sent[i..].iter().take_while(|s| **s - *from < DAY).count();
            assert!(within <= budget, "{within} within a day");
        }
    }

    /// The twin: without the bound on all, the same attack costs many times as much.
    #[test]
    fn without_the_budget_the_attack_is_seen() {
        let mut limits = SmsLimits { all: Rolling::new(&[], usize::MAX), ..SmsLimits::default() };
        let sent = (0..20_000_u64)
            .filter(|n| {
                let org = OrgId::from_u128(u128::from(n % 10));
                limits.ask(&Wish { org, ..wish(*n) }, at(*n as i64)).is_ok()
            })
            .count();
        assert!(sent > SMS_PER_DAY[0].at_most, "{sent}");
    }

    #[test]
    fn places_are_told_by_their_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("203.0.113.77"), "203.0.113.0");
        assert_eq!(of("::ffff:203.0.113.77"), "203.0.113.0");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
        assert_eq!(home("2001:db8:1:2:3:4:5:6".parse().unwrap()).to_string(), "2001:db8:1:2::");
        assert_eq!(home("203.0.113.77".parse().unwrap()).to_string(), "203.0.113.77");
    }
}
