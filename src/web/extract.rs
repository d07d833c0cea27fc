//! What handlers take: who calls, in which language, with which body, under which key.

use std::{borrow::Cow, future::Ready, net::IpAddr, str::FromStr, time::Duration};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    dev::Payload,
    http::header,
    web::{Bytes, BytesMut},
};
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use sha2::Digest;

use super::{
    error::Problem,
    reply::{self, Lang},
    state::App,
    tokens::Claims,
};
use crate::{
    base::{
        ids::{AccountId, StudentId, TeacherId},
        keys::{Keyed, RequestKey, StoredAnswer},
        limits::{BODY_BYTES_MAX, BODY_WITHIN, KEY_CHARS_MAX, PAGE_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX},
        time::{Timestamp, Zone},
    },
    domain::access::Action,
    engine::{Answer, journal::Fault},
};

/// The id of a request, for logs and for people who report a fault.
#[derive(Clone)]
pub struct RequestId(pub std::sync::Arc<str>);

/// Where a request comes from, as far as that is known.
#[derive(Clone, Copy)]
pub struct ClientAddress(pub Option<IpAddr>);

/// What every handler may need of its request.
pub struct Ctx {
    pub app: App,
    pub lang: Lang,
    pub request_id: std::sync::Arc<str>,
}

impl Ctx {
    pub fn of(req: &HttpRequest) -> Self {
        let app = req.app_data::<App>().expect("the server is built with its state").clone();
        let request_id = req.extensions().get::<RequestId>().map(|r| r.0.clone()).unwrap_or_else(|| "".into());
        Self { app, lang: lang_of(req), request_id }
    }

    pub fn zone(&self) -> Zone {
        self.app.config.zone
    }

    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    pub fn ok(&self, data: impl serde::Serialize) -> HttpResponse {
        reply::ok(self.lang, data)
    }

    /// The answer of a write under a request key.
    pub fn keyed(&self, keyed: Keyed) -> Result<HttpResponse, Problem> {
        match keyed {
            Keyed::Answer(answer) => Ok(reply::from_stored(&answer)),
            Keyed::Reused => Err(Problem::KeyReused),
        }
    }

    /// Work of several steps that is not to be left halfway: it goes on when its client has gone.
    pub async fn to_the_end<T: 'static>(
        work: impl Future<Output = Result<T, Problem>> + 'static,
    ) -> Result<T, Problem> {
        actix_web::rt::spawn(work).await.unwrap_or_else(|e| Err(Problem::Internal(Fault::new(e))))
    }

    /// Work of several steps that may be repeated without harm: the first answer under a key is
    /// kept, and given again to whoever asks again; asked again before there is one, it is told so.
    /// A stop before it was kept repeats the work.
    pub async fn once(
        &self,
        key: Option<RequestKey>,
        work: impl Future<Output = Result<StoredAnswer, Problem>>,
    ) -> Result<HttpResponse, Problem> {
        let Some(key) = key else { return work.await.map(|answer| reply::from_stored(&answer)) };
        let _begun = self.app.under_way.begin(&key).ok_or(Problem::InProgress)?;
        if let Some(before) = self.app.store.recall(&key).await? {
            return self.keyed(before);
        }
        let answer = work.await.or_else(|problem| {
            let told = self.stored_problem(&problem);
            if told.is_remembered() { Ok(told) } else { Err(problem) }
        })?;
        let keep = self.app.store.write_keyed(Some(key), self.now(), |_| Box::pin(async { Ok(answer) }));
        self.keyed(keep.await?)
    }

    /// A success that may be kept under a request key.
    pub fn told(&self, data: impl serde::Serialize) -> StoredAnswer {
        reply::stored(200, reply::body(self.lang, 200, data))
    }

    pub fn stored_problem(&self, problem: &Problem) -> StoredAnswer {
        reply::stored_problem(problem, self.lang, &self.request_id)
    }
}

pub fn lang_of(req: &HttpRequest) -> Lang {
    Lang::of(req.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()))
}

impl FromRequest for Ctx {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(req)))
    }
}

/// Someone with a good token.
pub struct Caller {
    pub claims: std::sync::Arc<Claims>,
}

impl Caller {
    pub fn account(&self) -> AccountId {
        self.claims.sub
    }

    pub fn is_staff(&self) -> bool {
        self.claims.roles.is_staff()
    }

    pub fn teacher(&self) -> Option<TeacherId> {
        self.claims.teacher
    }

    pub fn needs(&self, action: Action) -> Result<(), Problem> {
        if self.claims.roles.may(action) { Ok(()) } else { Err(Problem::Forbidden) }
    }

    fn of(req: &HttpRequest) -> Result<Self, Problem> {
        let app = req.app_data::<App>().ok_or(Problem::Unauthorized)?;
        let claims = Self::claims_of(req)?;
        app.limits.caller(claims.sub)?;
        Ok(Self { claims })
    }

    fn account_of(req: &HttpRequest) -> Option<AccountId> {
        Self::claims_of(req).ok().map(|claims| claims.sub)
    }

    fn claims_of(req: &HttpRequest) -> Result<std::sync::Arc<Claims>, Problem> {
        let app = req.app_data::<App>().ok_or(Problem::Unauthorized)?;
        let header = req.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token = header.and_then(|v| v.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let claims = app.tokens.verify(token.map(|(_, t)| t.trim()).ok_or(Problem::Unauthorized)?)?;
        // Another org's people are strangers here, also when one key signs for both.
        if claims.org == app.org { Ok(claims) } else { Err(Problem::Unauthorized) }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::of(req))
    }
}

/// A JSON body, with the request key that may belong to it. An empty body is read as `{}`.
pub struct Body<T> {
    pub value: T,
    pub key: Option<RequestKey>,
}

/// A body that says nothing.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Nothing {}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, come) = (req.clone(), come(req, payload));
        Box::pin(async move {
            let (raw, key) = come.await?;
            Ok(Self { value: parse(&req, &raw)?, key })
        })
    }
}

/// A body that is not looked at, whatever it is; only its request key is.
pub struct AnyBody {
    pub key: Option<RequestKey>,
}

impl FromRequest for AnyBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let come = come(req, payload);
        Box::pin(async move { come.await.map(|(_, key)| Self { key }) })
    }
}

/// The whole body, and the request key that was sent with it.
fn come(
    req: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<(Bytes, Option<RequestKey>), Problem>> + 'static {
    let (req, mut payload) = (req.clone(), payload.take());
    // At the instant at which `Caller` looks at it too, not when a slow body has come.
    let account = Caller::account_of(&req);
    async move {
        let raw = read_all(&req, &mut payload, Duration::from_millis(BODY_WITHIN as u64)).await?;
        let key = account.map(|account| key_of(&req, account, &raw)).transpose()?.flatten();
        Ok((raw, key))
    }
}

async fn read_all(req: &HttpRequest, payload: &mut Payload, within: Duration) -> Result<Bytes, Problem> {
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|n| n > BODY_BYTES_MAX) {
        return Err(Problem::TooLarge);
    }
    let read = async {
        // Grows with what comes: what is announced only may never come.
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::invalid("body", "内容不完整", "it ended too early"))?;
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(Problem::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(within, read).await.map_err(|_| Problem::TooSlow)?
}

fn parse<T: DeserializeOwned>(req: &HttpRequest, raw: &[u8]) -> Result<T, Problem> {
    if raw.is_empty() {
        return from_json(b"{}");
    }
    let is_json = req.content_type().eq_ignore_ascii_case("application/json");
    if is_json { from_json(raw) } else { Err(Problem::NotJson) }
}

/// Reads a body, which is one JSON object and nothing else. Names the field that is wrong, and what
/// it should be; not what was sent, which may be a password, or as long as a body may be.
pub fn from_json<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Problem> {
    // An array would be read as the fields in their order, which is nobody's contract.
    if raw.trim_ascii_start().first().is_some_and(|b| *b != b'{') {
        return Err(Problem::invalid("body", "应为 JSON 对象", "must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(raw);
    let parsed = serde_path_to_error::deserialize(&mut json);
    let value = parsed.map_err(|e| {
        let whole = e.inner().to_string();
        let inner = whole.rfind(", expected ").map_or(&*whole, |at| &whole[at + 2..]);
        let path = e.path().to_string();
        // A missing field is named by the message, not by the path.
        let missing = inner.strip_prefix("missing field `").and_then(|m| m.split('`').next());
        // `.` is all of it, `?` is where no field was reached; a field may also have an empty name.
        let nowhere = path.is_empty() || path == "." || path == "?";
        let field = missing.unwrap_or(if nowhere { "body" } else { &path }).to_owned();
        let zh = if missing.is_some() { "缺少该字段".to_owned() } else { format!("格式错误（{inner}）") };
        Problem::invalid(field, zh, inner.to_owned())
    })?;
    json.end().map_err(|e| Problem::invalid("body", "JSON 之后有多余内容", e.to_string()))?;
    // What nobody asked for was skipped unread.
    std::str::from_utf8(raw).map_err(|_| Problem::invalid("body", "应为 UTF-8", "must be UTF-8"))?;
    Ok(value)
}

/// The request key, if one was sent, bound to the caller and to this very request. Whoever has no
/// account yet has no keys: logging in ignores them.
pub fn key_of(req: &HttpRequest, account: AccountId, raw: &[u8]) -> Result<Option<RequestKey>, Problem> {
    let Some(header) = req.headers().get("idempotency-key") else { return Ok(None) };
    let bad = || {
        let en = "use 1 to 255 printable ASCII characters";
        Problem::invalid("Idempotency-Key", "请使用1–255个可见 ASCII 字符", en)
    };
    let key = header.to_str().map_err(|_| bad())?;
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !key.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(bad());
    }
    let mut hash = sha2::Sha256::new();
    // The same request under `/api` and `/api/v1` is the same request.
    let path = req.path().strip_prefix("/api/v1").or_else(|| req.path().strip_prefix("/api")).unwrap_or(req.path());
    for part in [req.method().as_str().as_bytes(), path.as_bytes(), req.query_string().as_bytes(), raw] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let fingerprint: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok(Some(RequestKey { account, key: key.into(), fingerprint: fingerprint.into() }))
}

/// A typed part of the path; what is no id is not found.
pub fn path_id<T: FromStr>(req: &HttpRequest, name: &str) -> Result<T, Problem> {
    req.match_info().get(name).and_then(|v| v.parse().ok()).ok_or(Problem::NotFound)
}

/// `?name=value`, decoded; unknown names are ignored.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands after the `?`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(text);
        let pairs = pairs.map_err(|e| Problem::invalid("query", "无法解析", e.to_string()))?.into_inner();
        // PostgreSQL cannot store it, so nothing has it.
        match pairs.iter().find(|(_, value)| value.contains('\0')) {
            Some((name, _)) => {
                let name = if name.is_empty() { "query" } else { name };
                Err(Problem::invalid(name.to_owned(), "含有非法字符", "contains a NUL character"))
            }
            None => Ok(Self(pairs)),
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    pub fn page(&self) -> Result<Page, Problem> {
        let number = |name: &'static str, default: u32, max: u32| match self.get(name).map(str::parse::<u32>) {
            None => Ok(default),
            Some(Ok(n)) if (1..=max).contains(&n) => Ok(n),
            Some(_) => Err(Problem::invalid(name, format!("应为1到{max}的整数"), format!("use 1 to {max}"))),
        };
        Ok(Page {
            page: number("page", 1, PAGE_MAX)?,
            page_size: number("page_size", PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?,
        })
    }

    /// An instant, or a local date (its first instant).
    pub fn instant(&self, name: &'static str, zone: Zone) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let at = Timestamp::parse(text).or_else(|| zone.day(text).map(|(from, _)| from));
        at.map(Some).ok_or_else(|| bad_instant(name))
    }

    pub fn student(&self) -> Result<Option<StudentId>, Problem> {
        self.get("student_id").map(|v| v.parse().map_err(|_| Problem::NotFound)).transpose()
    }
}

pub fn bad_instant(name: impl Into<Cow<'static, str>>) -> Problem {
    Problem::invalid(
        name,
        "应为 RFC 3339 时间，如 2025-11-12T19:00:00+08:00",
        "use RFC 3339, such as 2025-11-12T19:00:00+08:00",
    )
}

impl FromRequest for Query {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::parse(req.query_string()))
    }
}

#[derive(Clone, Copy)]
pub struct Page {
    pub page: u32,
    pub page_size: u32,
}

impl Page {
    pub fn limit(self) -> i64 {
        i64::from(self.page_size)
    }

    pub fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.page_size)
    }

    pub fn of<T>(self, items: Vec<T>, total: u64) -> reply::Listed<T> {
        reply::Listed { items, total, page: self.page, page_size: self.page_size }
    }
}

/// An engine's answer as HTTP: what is stored as it is, a refusal as its problem, a receipt as `f` says.
pub fn answer(answer: Answer) -> Result<HttpResponse, Problem> {
    match answer {
        Answer::Stored(stored) => Ok(reply::from_stored(&stored)),
        Answer::Given { outcome: Err(rejection), .. } => Err(Problem::Rule(rejection)),
        Answer::Given { outcome: Ok(_), .. } => unreachable!("orders from the web are rendered where they are decided"),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{error::PayloadError, test::TestRequest};
    use futures_util::stream;

    use super::*;

    fn payload(chunks: impl futures_util::Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
        Payload::Stream { payload: Box::pin(chunks) }
    }

    #[actix_web::test]
    async fn a_body_comes_in_time_or_is_not_waited_for() {
        let req = TestRequest::default().insert_header((header::CONTENT_LENGTH, 100)).to_http_request();
        let begun = || stream::iter([Ok(Bytes::from_static(b"{}"))]);
        let whole = read_all(&req, &mut payload(begun()), Duration::from_secs(60)).await;
        assert_eq!(whole.unwrap(), "{}");
        let stuck = read_all(&req, &mut payload(begun().chain(stream::pending())), Duration::ZERO).await;
        assert!(matches!(stuck, Err(Problem::TooSlow)));
    }
}
