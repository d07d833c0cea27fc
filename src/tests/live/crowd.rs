//! Many sockets, and bad ones among them.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{hall::Hall, site::version};
use crate::crash::process::pause;

const SOCKETS: usize = 500;
const CHANGES: usize = 40;

#[actix_web::test]
async fn five_hundred_sockets_all_come_to_the_same_state() {
    let hall = Hall::open(SOCKETS, CHANGES + 10).await;
    let mut sockets = Vec::with_capacity(SOCKETS);
    for batch in (0..SOCKETS).collect::<Vec<_>>().chunks(50) {
        sockets.extend(futures_util::future::join_all(batch.iter().map(|n| hall.watcher(*n))).await);
    }
    let listening = sockets.into_iter().map(|mut socket| {
        tokio::spawn(async move {
            let mut last = (0, 0);
            loop {
                let frame = socket.next_of("frame").await;
                assert!(version(&frame) > last, "{:?} after {last:?}", version(&frame));
                last = version(&frame);
                if frame["data"]["seats_taken"] == CHANGES {
                    return last;
                }
            }
        })
    });
    let listening: Vec<_> = listening.collect();
    for person in 0..CHANGES {
        hall.book(person).await;
    }
    let newest = version(&hall.read().await);
    let began = Instant::now();
    for socket in listening {
        let heard = tokio::time::timeout(Duration::from_secs(10), socket).await.expect("in time").expect("no panic");
        assert_eq!(heard, newest);
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[actix_web::test]
async fn sockets_that_never_read_disturb_nobody() {
    let hall = Hall::open(60, 400).await;
    let mut good = hall.watcher(0).await;
    let mut bad = Vec::new();
    for n in 0..BAD {
        let mut socket = hall.narrow_watcher(n % 10).await;
        // Each asks for far more than it will ever read: its pipe is full, and stays so.
        let long = json!({"type": "subscribe", "topic": "x".repeat(15_000)});
        for _ in 0..500 {
            if tokio::time::timeout(Duration::from_secs(1), socket.say(long.clone())).await.is_err() {
                break;
            }
        }
        bad.push(socket);
    }
    let mut last = (0, 0);
    for person in 0..50 {
        let began = Instant::now();
        hall.book(person).await;
        let frame = good.next_of("frame").await;
        assert!(began.elapsed() < Duration::from_secs(2), "a booking and its frame took {:?}", began.elapsed());
        assert!(version(&frame) > last);
        last = version(&frame);
    }
    assert_eq!(last, version(&hall.read().await));

    // They were really stuck: the server gives up on each, and keeps the good one.
    let began = Instant::now();
    while hall.metric("yueke_sockets_open").await > 1.0 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{} sockets are kept",
            hall.metric("yueke_sockets_open").await
        );
        pause(Duration::from_millis(100)).await;
    }
    assert!(good.until_pong().await.is_empty());
    drop(bad);
}

const BAD: usize = 20;
