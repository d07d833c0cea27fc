//! What stands in the rows in the end, read by each person for themselves.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::{desk::Student, lane::Lane};

/// Connections that read at once.
const LANES: usize = 32;

/// What one person has on a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mine {
    /// Of their active booking.
    pub booking: Option<String>,
    /// Of their active place, with its position.
    pub place: Option<(String, u64)>,
}

impl Mine {
    /// From the body of a schedule.
    pub fn of(schedule: &Value) -> Self {
        let mine = &schedule["mine"];
        let id = |value: &Value| value["id"].as_str().map(str::to_owned);
        let entry = &mine["waitlist_entry"];
        let place = id(entry).map(|id| (id, entry["position"].as_u64().unwrap_or_default()));
        Self { booking: id(&mine["booking"]), place }
    }
}

/// Each of these people looks at their class; in their order.
pub async fn schedules_of(address: SocketAddr, who: Vec<(Student, String)>) -> anyhow::Result<Vec<Value>> {
    let mut lanes: Vec<Vec<(usize, Student, String)>> = (0..LANES).map(|_| Vec::new()).collect();
    let count = who.len();
    for (i, (student, schedule)) in who.into_iter().enumerate() {
        lanes[i % LANES].push((i, student, schedule));
    }
    let mut tasks = JoinSet::new();
    for people in lanes {
        tasks.spawn(async move {
            let (mut lane, mut seen) = (Lane::to(address), Vec::with_capacity(people.len()));
            for (i, student, schedule) in people {
                seen.push((i, lane.look(&format!("/api/v1/schedules/{schedule}"), &student.token).await?));
            }
            anyhow::Ok(seen)
        });
    }
    let mut all = vec![Value::Null; count];
    while let Some(part) = tasks.join_next().await {
        for (i, schedule) in part?? {
            all[i] = schedule;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_tells_what_is_mine() {
        let body = serde_json::json!({ "mine": { "booking": null, "waitlist_entry": { "id": "e", "position": 3 } } });
        assert_eq!(Mine::of(&body), Mine { booking: None, place: Some(("e".into(), 3)) });
        assert_eq!(Mine::of(&Value::Null), Mine::default());
    }
}
