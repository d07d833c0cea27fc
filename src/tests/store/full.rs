//! A full disk: what cannot be written is refused, nothing that was acknowledged is lost, and all
//! goes on by itself once there is room.

use yueke::{args, engine::journal::AppendError, store::Store};

use super::{
    database::Database,
    scene::{Mailbox, Scene, append, append_all, at, load},
};

/// The writing connection gets no more pages than this beyond those it has.
async fn leave_room(store: &Store, pages: i64) {
    let limited = store.write(move |tx| {
        Box::pin(async move {
            let row = tx.one("select * from pragma_page_count", args![]).await?;
            let count = row.map_or(Ok(0), |r| r.int("page_count"))?;
            tx.script(&format!("pragma max_page_count = {}", count + pages)).await?;
            Ok(())
        })
    });
    limited.await.expect("a limit needs no page");
}

#[actix_web::test]
async fn a_full_disk_refuses_and_heals() {
    let db = Database::sqlite();
    let store = db.open(at("09:00:00")).await;
    let mut mailbox = Mailbox::open();
    let mut scenes = Vec::new();
    for seed in 1..=8 {
        scenes.push(Scene::plain(&store, &mailbox, seed, 200).await);
    }
    leave_room(&store, 3).await;

    let mut acknowledged = 0;
    let mut refused = 0;
    for n in 0..60 {
        let batches: Vec<_> = scenes
            .iter_mut()
            .map(|s| {
                let book = s.book(n);
                s.one(&book)
            })
            .collect();
        for outcome in append_all(&store, &mut mailbox, batches).await {
            match outcome {
                Ok(()) => acknowledged += 1,
                Err(AppendError::Refused(fault)) => {
                    assert!(fault.to_string().contains("full"), "{fault}");
                    refused += 1;
                }
                // Decided on top of what was refused.
                Err(AppendError::Stale) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    assert!(acknowledged > 0 && refused > 0, "{acknowledged} written, {refused} refused");
    assert_eq!(db.count("bookings").await, acknowledged);
    db.assert_sound().await;

    leave_room(&store, 1 << 20).await;
    for scene in &mut scenes {
        scene.s = load(&store, scene.s.head.id).await;
        let next = scene.one(&scene.book(100));
        append(&store, &mut mailbox, next).await.expect("there is room again");
    }
    assert_eq!(db.count("bookings").await, acknowledged + 8);
    db.assert_sound().await;
}
