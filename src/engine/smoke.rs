//! temporary
use crate::{
    base::{ids::*, limits::*, time::*},
    domain::schedule::{command::Evidence, state::*, *},
    engine::*,
    store::Store,
};
use std::sync::Arc;
struct Eight;
impl WaitlistSizes for Eight {
    fn of(&self, _: &Head) -> u32 {
        8
    }
}
struct Deaf;
impl Audience for Deaf {
    fn publish(&self, _: &Published) {}
}
#[actix::test]
async fn smoke() {
    for url in [format!("sqlite:///tmp/smoke-{}/y.db", std::process::id())]
        .into_iter()
        .chain(std::env::var("YUEKE_TEST_POSTGRES_URL").ok())
    {
        let clock = Clock::system();
        let store = Store::open(&url, clock.now()).await.unwrap();
        let ids: Arc<dyn IdSource> = Arc::new(SeededIds::from_os());
        let now = clock.now();
        let id = ScheduleId::from_u128(ids.next(now));
        let n = 20_000u32;
        let head = Head {
            id,
            org: OrgId::from_u128(1),
            course: CourseId::from_u128(2),
            teacher: Some(TeacherId::from_u128(9)),
            starts_at: now + 3 * DAY,
            ends_at: now + 3 * DAY + HOUR,
            capacity: n,
            status: Status::Open,
            policy: Arc::new(Policy::default()),
        };
        let epoch = store.epoch();
        store
            .write(move |tx| {
                Box::pin(async move { crate::store::schedules::insert(tx, &Opened { head, at: now }, "", epoch).await })
            })
            .await
            .unwrap();
        let engine = Engine::start(crate::engine::Parts {
            journal: Arc::new(store.clone()),
            clock: clock.clone(),
            ids: ids.clone(),
            sizes: Arc::new(Eight),
            audience: Arc::new(Deaf),
            epoch,
            zone: Zone::SHANGHAI,
            last_booking_no: store.last_booking_no().await.unwrap(),
        });
        let t = std::time::Instant::now();
        let mut tasks = Vec::new();
        for w in 0..256u32 {
            let (engine, ids, clock) = (engine.clone(), ids.clone(), clock.clone());
            tasks.push(tokio::spawn(async move {
                for _ in 0..(n / 256 + 1) {
                    let student = StudentId::from_u128(ids.next(clock.now()));
                    let ev = Evidence { starts_at: now, ends_at: now, conflict: false };
                    let r = engine
                        .submit(
                            id,
                            Order::new(Command::Book {
                                student,
                                account: AccountId::from_u128(5),
                                source: Source::Direct,
                                note: None,
                                expect_course: None,
                                moved_from: None,
                                calendar: ev,
                            }),
                        )
                        .await;
                    if w == 0 {
                        match r {
                            Ok(Answer::Given { outcome: Ok(_), .. }) => {}
                            Ok(Answer::Given { outcome: Err(r), .. }) => println!("{r:?}"),
                            Ok(_) => println!("stored"),
                            Err(Trouble::Unavailable(f) | Trouble::Unknown(f)) => println!("{f}"),
                            Err(_) => println!("trouble"),
                        }
                    }
                }
            }));
        }
        for t in tasks {
            t.await.unwrap();
        }
        let e = t.elapsed();
        dump();
        println!("{n} in {e:?}: {}/s", f64::from(n) / e.as_secs_f64());
        let seen = engine.look(id, None).await.ok().unwrap();
        println!("taken {} left {} version {}", seen.view.taken, seen.view.left, seen.view.version);
        let r = crate::store::audit::audit(store.reader(), &|_, _| {}).await.unwrap();
        println!("{r:?}");
        let r = crate::store::audit::replay(store.reader(), &|_, _| {}).await.unwrap();
        println!("{:?} {}", r.wrong.iter().take(5).collect::<Vec<_>>(), r.events);
    }
}
pub fn dump() {
    for f in prometheus::gather() {
        for m in f.get_metric() {
            let h = m.get_histogram();
            if h.get_sample_count() > 0 {
                println!("{} n={} sum={:.4}", f.name(), h.get_sample_count(), h.get_sample_sum());
            }
        }
    }
}
