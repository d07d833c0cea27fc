use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Semaphore;

use super::*;

const T0: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A WeChat that gives out `token-1` until it is told to go on, and counts.
struct Source {
    clock: Clock,
    tokens: Tokens,
    now: Arc<Mutex<Result<u32, Trouble>>>,
    fetches: Arc<AtomicU32>,
    forced: Arc<AtomicU32>,
    /// An answer leaves only with a permit.
    gate: Arc<Semaphore>,
}

fn source(gate: usize) -> Source {
    let now = Arc::new(Mutex::new(Ok(1)));
    let (fetches, forced, gate) =
        (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(gate)));
    let clock = Clock::manual(T0);
    let fetch: Fetch = {
        let (now, fetches, forced, gate) = (now.clone(), fetches.clone(), forced.clone(), gate.clone());
        Arc::new(move |force| {
            let (now, gate) = (now.clone(), gate.clone());
            fetches.fetch_add(1, Ordering::SeqCst);
            if force {
                forced.fetch_add(1, Ordering::SeqCst);
                if let Ok(number) = &mut *lock(&now) {
                    *number += 1;
                }
            }
            Box::pin(async move {
                gate.acquire().await.expect("never closed").forget();
                lock(&now).clone().map(|n| Fetched { token: format!("token-{n}"), seconds: 7_200 })
            })
        })
    };
    Source { tokens: Tokens::new(clock.clone(), fetch), clock, now, fetches, forced, gate }
}

impl Source {
    fn set(&self, now: Result<u32, Trouble>) {
        *lock(&self.now) = now;
    }

    fn counts(&self) -> (u32, u32) {
        (self.fetches.load(Ordering::SeqCst), self.forced.load(Ordering::SeqCst))
    }

    async fn get(&self) -> Result<String, Trouble> {
        self.tokens.get().await.map(|t| t.reveal().to_owned())
    }

    fn at(&self, seconds: i64) {
        self.clock.move_to(T0 + seconds * SECOND);
    }
}

/// Lets what was spawned go on until it waits.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn down() -> Trouble {
    Trouble::NotReached("down".into())
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_request_and_its_failure() {
    let source = source(0);
    for (now, expected) in [(Err(down()), Err(down())), (Ok(1), Ok("token-1".to_owned()))] {
        source.set(now);
        let before = source.counts().0;
        let all = futures_util::future::join_all((0..100).map(|_| source.get()));
        let (all, ()) = tokio::join!(all, async {
            settle().await;
            source.gate.add_permits(1);
        });
        assert!(all.iter().all(|one| *one == expected), "{all:?}");
        assert_eq!(source.counts().0, before + 1);
    }
}

#[tokio::test]
async fn it_is_renewed_early_while_nobody_waits() {
    let source = source(1);
    assert_eq!(source.get().await.as_deref(), Ok("token-1"));
    source.at(7_200 - 301);
    assert_eq!(source.get().await.as_deref(), Ok("token-1"));
    assert_eq!(source.counts(), (1, 0), "not yet");

    source.at(7_200 - 300);
    source.set(Ok(2));
    for _ in 0..10 {
        assert_eq!(source.get().await.as_deref(), Ok("token-1"), "good, and there at once");
        settle().await;
    }
    assert_eq!(source.counts(), (2, 0), "one request for the next");
    source.gate.add_permits(1);
    settle().await;
    assert_eq!(source.get().await.as_deref(), Ok("token-2"));
    assert_eq!(source.counts(), (2, 0));
}

#[tokio::test]
async fn a_renewal_that_fails_is_tried_again_after_a_pause_and_the_old_one_is_used_to_its_end() {
    let source = source(1);
    source.get().await.expect("a token");
    source.gate.add_permits(100);
    source.set(Err(down()));
    for (second, fetches) in [(6_900, 2), (6_905, 2), (6_909, 2), (6_910, 3), (6_911, 3)] {
        source.at(second);
        assert_eq!(source.get().await.as_deref(), Ok("token-1"));
        settle().await;
        assert_eq!(source.counts().0, fetches, "{second}");
    }
    source.at(7_200);
    assert_eq!(source.get().await, Err(down()), "at its end is late");
}

#[tokio::test]
async fn a_dead_token_is_replaced_once_for_all_who_met_it() {
    let source = source(100);
    source.get().await.expect("a token");
    let dead = source.tokens.get().await.expect("a token");
    source.set(Ok(2));
    let all = futures_util::future::join_all((0..50).map(|_| source.tokens.instead_of(&dead))).await;
    assert!(all.iter().all(|t| t.as_ref().is_ok_and(|t| t.reveal() == "token-2")));
    assert_eq!(source.counts(), (2, 0), "without force");
    let late = source.tokens.instead_of(&dead).await.expect("a token");
    assert_eq!((late.reveal(), source.counts().0), ("token-2", 2), "what is held is another already");
}

#[tokio::test]
async fn force_is_used_only_for_a_token_that_comes_again_and_not_twice_within_30_seconds() {
    let source = source(100);
    let first = source.tokens.get().await.expect("a token");
    let second = source.tokens.instead_of(&first).await.expect("a token");
    assert_eq!((second.reveal(), source.counts()), ("token-2", (3, 1)));
    assert!(source.tokens.instead_of(&second).await.is_err(), "forced just now");
    assert_eq!(source.counts(), (4, 1));
    source.at(30);
    let third = source.tokens.instead_of(&second).await.expect("a token");
    assert_eq!((third.reveal(), source.counts()), ("token-3", (6, 2)));
}

#[tokio::test]
async fn who_joins_a_request_that_brings_the_dead_one_asks_again() {
    let source = source(1);
    let dead = source.tokens.get().await.expect("a token");
    source.at(6_900);
    source.get().await.expect("the old one");
    settle().await;
    let (fresh, ()) = tokio::join!(source.tokens.instead_of(&dead), async {
        settle().await;
        source.gate.add_permits(100);
    });
    assert_eq!(fresh.expect("a token").reveal(), "token-2");
    assert_eq!(source.counts().1, 1);
}

#[tokio::test]
async fn nobody_waits_for_a_request_that_was_given_up() {
    let source = source(0);
    drop(tokio::time::timeout(std::time::Duration::ZERO, source.get()).await);
    source.gate.add_permits(1);
    assert_eq!(source.get().await.as_deref(), Ok("token-1"), "it went on by itself");
    assert_eq!(source.counts().0, 1);
}

#[test]
fn a_token_is_not_shown() {
    assert_eq!(format!("{:?}", Token("abc".into())), "***");
}

#[test]
fn a_request_that_ends_with_its_runtime_is_not_waited_for() {
    let source = source(0);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let first = runtime();
    first.block_on(async {
        let get = source.get();
        tokio::pin!(get);
        assert!(futures_util::poll!(get.as_mut()).is_pending());
    });
    drop(first);
    source.gate.add_permits(1);
    assert_eq!(runtime().block_on(source.get()).as_deref(), Ok("token-1"));
}
