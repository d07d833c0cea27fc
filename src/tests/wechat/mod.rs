//! WeChat of our own over real HTTP, and our client against it and against worse.

mod gateway;
mod hostile;
mod kill;
mod panel;
mod production;
mod sandbox;

use std::{future::Future, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle, web::ServiceConfig};
use serde_json::{Value, json};
use yueke::{
    base::{
        secret::Secret,
        time::{Clock, SECOND, Timestamp},
    },
    gateways::{
        sandbox::{Sandbox, SandboxSettings, SandboxTemplate},
        wechat::{Settings, SubscribeMessage, WeChat},
    },
};

pub const APPID: &str = "wx0123456789abcdef";
pub const SECRET: &str = "the-secret-of-a-mini-program";
pub const FREED: &str = "template-of-a-freed-seat";
pub const BOOKED: &str = "template-of-a-booking";
/// As long as nothing is meant to take long.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn settings() -> SandboxSettings {
    let template = |id: &str, title: &str, content: &str| SandboxTemplate {
        id: id.to_owned(),
        title: title.to_owned(),
        content: content.to_owned(),
    };
    SandboxSettings {
        pages: vec!["pages/home/index".into(), "pages/offer/index".into()],
        ..SandboxSettings::new(
            APPID,
            SECRET,
            vec![
                template(FREED, "候补名额提醒", "课程:{{thing1.DATA}}\n截止时间:{{time2.DATA}}\n"),
                template(BOOKED, "预约成功通知", "课程:{{thing1.DATA}}\n单号:{{character_string3.DATA}}\n"),
            ],
        )
    }
}

/// A sandbox that is up.
pub struct Wx {
    pub sandbox: Sandbox,
    pub clock: Clock,
    pub base: String,
    pub http: reqwest::Client,
    server: ServerHandle,
}

impl Wx {
    pub async fn start() -> Self {
        Self::start_with(settings()).await
    }

    pub async fn start_with(settings: SandboxSettings) -> Self {
        let clock = Clock::manual(Timestamp::parse("2025-11-12T08:00:00+08:00").expect("an instant"));
        let sandbox = Sandbox::new(settings, clock.clone());
        let (base, server) = serve(sandbox.configure("/sandbox"));
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        Self { sandbox, clock, base: format!("{base}/sandbox"), http, server }
    }

    pub async fn stop(self) {
        self.server.stop(false).await;
    }

    pub fn wechat(&self) -> WeChat {
        self.wechat_within(PATIENCE)
    }

    pub fn wechat_within(&self, within: Duration) -> WeChat {
        wechat_at(&self.base, &self.clock, within)
    }

    pub fn pass(&self, seconds: i64) {
        assert!(self.clock.move_to(self.clock.now() + seconds * SECOND));
    }

    pub async fn get(&self, path: &str) -> Value {
        json_of(self.http.get(format!("{}{path}", self.base))).await.1
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        json_of(self.http.post(format!("{}{path}", self.base)).json(&body)).await.1
    }

    pub async fn control(&self, wishes: Value) {
        let (status, shown) = json_of(self.http.put(format!("{}/control", self.base)).json(&wishes)).await;
        assert_eq!(status, 200, "{shown}");
    }

    /// How often this call gave this answer.
    pub async fn answered(&self, call: &str, code: i64) -> u64 {
        self.get("/control").await["answered"][call][code.to_string()].as_u64().unwrap_or_default()
    }

    pub async fn login_code(&self, person: &str) -> (String, String) {
        let answer = self.post(&format!("/phone/{person}/login-code"), json!({})).await;
        let text = |name: &str| answer[name].as_str().expect(name).to_owned();
        (text("code"), text("openid"))
    }

    /// So many messages of each template may come.
    pub async fn consent(&self, person: &str, times: usize) {
        for _ in 0..times {
            let choices = json!({ "choices": { FREED: "accept", BOOKED: "accept" } });
            let answer = self.post(&format!("/phone/{person}/subscribe"), choices).await;
            assert_eq!(answer["errMsg"], "requestSubscribeMessage:ok");
        }
    }

    pub async fn messages(&self, person: &str) -> Vec<Value> {
        self.get(&format!("/phone/{person}/messages")).await["messages"].as_array().expect("messages").clone()
    }

    pub fn openid(&self, person: &str) -> String {
        yueke::gateways::sandbox::openid_of(APPID, person)
    }

    pub fn freed(&self, person: &str) -> SubscribeMessage {
        SubscribeMessage {
            openid: self.openid(person),
            template_id: FREED.into(),
            page: Some("pages/offer/index?entry=1&a=b".into()),
            state: "formal",
            lang: "zh_CN",
            data: [("thing1", "书法入门"), ("time2", "19:30")].map(|(k, v)| (k.into(), v.into())).into(),
        }
    }
}

pub fn wechat_at(url: &str, clock: &Clock, within: Duration) -> WeChat {
    let settings = Settings { url: url.to_owned(), appid: APPID.into(), secret: Secret(SECRET.into()) };
    WeChat::with_patience(settings, clock.clone(), within).expect("good settings")
}

/// Serves beside the test; the address, and what stops it.
pub fn serve(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> (String, ServerHandle) {
    let server = HttpServer::new(move || App::new().configure(configure.clone())).workers(2).disable_signals();
    let server = server.bind(("127.0.0.1", 0)).expect("a free port");
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    (format!("http://{address}"), handle)
}

async fn json_of(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or_else(|e| panic!("{status}, {e}: {text}")))
}

/// All at once.
pub async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(futures).await
}
