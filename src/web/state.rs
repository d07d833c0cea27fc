//! What every handler shares.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use quick_cache::sync::Cache;

use super::{limit::Limits, tokens::Tokens};
use crate::{
    api::{auth::doors::Doors, courses::Courses, health::Health, people::People, reach::Reachable, sizes::Sizes},
    base::{
        ids::{IdSource, OrgId, ScheduleId},
        keys::UnderWay,
        time::Clock,
    },
    config::Config,
    engine::Engine,
    gateways::{sandbox::Sandbox, sms::SmsSender, wechat::WeChat},
    live::Live,
    outbox::{Outbox, wechat::Templates},
    store::Store,
};

pub type DemoOpenid = Arc<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<AppState>);

pub struct AppState {
    pub config: Config,
    pub clock: Clock,
    pub ids: Arc<dyn IdSource>,
    pub store: Store,
    pub engine: Engine,
    pub live: Live,
    pub outbox: Outbox,
    pub tokens: Arc<Tokens>,
    pub limits: Limits,
    pub people: People,
    pub doors: Doors,
    pub wechat: WeChat,
    pub sms: Arc<dyn SmsSender>,
    /// The openid of a demo person, by role and name, where a sandbox stands in for WeChat.
    pub demo_openid: Option<DemoOpenid>,
    pub courses: Arc<Courses>,
    pub sizes: Arc<Sizes>,
    /// The org of this installation.
    pub org: OrgId,
    /// Schedules that were found to be this org's, so that an order need not ask again.
    pub our_schedules: Cache<ScheduleId, ()>,
    /// Which template of the mini-program tells what.
    pub templates: Arc<Templates>,
    /// In demo mode, the WeChat within the server.
    pub sandbox: Option<Sandbox>,
    pub reach: Arc<Reachable>,
    pub readiness: Readiness,
    pub under_way: UnderWay,
    /// A permit for each password that is being checked.
    pub passwords: Arc<tokio::sync::Semaphore>,
    /// Held from finding a teacher free to planning a class for them, so that two plans at once
    /// cannot miss each other.
    pub planning: tokio::sync::Mutex<()>,
    /// Held while a booking moves, so that it cannot move to two places at once: the claim and
    /// the giving up are on different schedules.
    pub moving: tokio::sync::Mutex<()>,
    /// Held by the one audit that somebody waits for.
    pub auditing: tokio::sync::Mutex<()>,
    pub health: Health,
}

/// Off while the server starts and from the moment it begins to stop.
#[derive(Default)]
pub struct Readiness(AtomicBool);

impl Readiness {
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::SeqCst);
    }

    pub fn get(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl App {
    pub fn new(state: AppState) -> Self {
        Self(Arc::new(state))
    }
}

impl Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}
