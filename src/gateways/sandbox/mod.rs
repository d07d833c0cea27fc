//! A WeChat of our own, for tests and demos: its server API as strict as the real one, the phone
//! on which people consent and read their messages, and a control panel for what may go wrong.
//!
//! It keeps everything in memory. Only openids outlive it, because one can be read back.

mod api;
mod codes;
mod control;
mod faults;
pub mod openid;
mod page;
mod phone;
mod picture;
mod quotas;
mod rules;
mod state;
mod tokens;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use actix_web::{
    HttpResponse,
    body::MessageBody,
    dev::{Response, ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web::{self, Data, PayloadConfig, ServiceConfig},
};
use serde::Deserialize;
use tokio::sync::Notify;

pub use self::openid::openid_of;
use self::{api::UnderWay, faults::Faults, openid::is_name, state::World};
use crate::base::{secret::Secret, sync::lock, time::Clock};

/// Whose mini-program this WeChat serves.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    pub appid: String,
    pub secret: Secret,
    pub templates: Vec<SandboxTemplate>,
    /// The published pages; where there are none, every page is.
    pub pages: Vec<String>,
    /// Whether people have a unionid too.
    pub open_platform: bool,
}

impl SandboxSettings {
    /// With every page published, and people without a unionid.
    pub fn new(appid: &str, secret: &str, templates: Vec<SandboxTemplate>) -> Self {
        Self {
            appid: appid.to_owned(),
            secret: Secret(secret.to_owned()),
            templates,
            pages: Vec::new(),
            open_platform: false,
        }
    }
}

/// A message template: its content has a line for each field, `会议时间:{{date2.DATA}}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SandboxTemplate {
    pub id: String,
    pub title: String,
    pub content: String,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    settings: SandboxSettings,
    clock: Clock,
    /// Locked before the world where both are.
    faults: Mutex<Faults>,
    world: Mutex<World>,
    under_way: UnderWay,
    /// Whoever hangs looks again.
    changed: Notify,
    /// Who hangs now, one for each.
    hanging: Arc<()>,
}

/// No request of WeChat's is as large.
const BODY_BYTES_MAX: usize = 64 << 10;

impl Sandbox {
    pub fn new(settings: SandboxSettings, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            clock,
            faults: Mutex::default(),
            world: Mutex::new(World::new(settings.clone())),
            settings,
            under_way: UnderWay::default(),
            changed: Notify::new(),
            hanging: Arc::default(),
        }))
    }

    /// Mounts everything below `prefix`, as in `/sandbox`; empty for the root.
    pub fn configure(&self, prefix: &str) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
        let (sandbox, prefix) = (self.clone(), prefix.trim_end_matches('/').to_owned());
        move |config: &mut ServiceConfig| {
            let mut scope = web::scope(&prefix)
                .app_data(Data::new(sandbox.clone()))
                .app_data(PayloadConfig::new(BODY_BYTES_MAX))
                .configure(api::configure)
                .configure(phone::configure)
                .configure(control::configure)
                .configure(page::configure)
                .default_service(web::to(page::not_found));
            if !prefix.is_empty() {
                scope = scope.route("", web::get().to(page::with_slash));
            }
            config.service(scope.wrap(from_fn(in_own_words)));
        }
    }

    /// Somebody has a phone here from now on, also before any message; false where nobody can be called so.
    pub fn appear(&self, person: &str) -> bool {
        let fits = is_name(person);
        if fits {
            lock(&self.0.world).appear(person, self.0.clock.now());
        }
        fits
    }

    /// So many messages of this template may still come, whatever was so before: a consent that was
    /// given to an earlier sandbox. False where the openid is nobody's, or the template unknown.
    pub fn grant(&self, openid: &str, template: &str, messages: u32) -> bool {
        lock(&self.0.world).grant(openid, template, messages, self.0.clock.now())
    }

    /// A text message (短信) arrives at this number.
    pub fn sms(&self, number: &str, text: &str) {
        lock(&self.0.world).sms(number, text, self.0.clock.now());
    }
}

/// A server around us tells the errors of handlers in words of its own; ours are answers.
async fn in_own_words(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let (req, response) = next.call(req).await?.into_parts();
    Ok(ServiceResponse::new(req, HttpResponse::from(Response::from(response))))
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox({})", self.0.settings.appid)
    }
}
