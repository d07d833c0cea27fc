//! Sessions: one for each login on a device. Access tokens are short; a refresh token is used once
//! and exchanged, and one that is used twice ends its session, because one of the two users is a
//! thief.

use std::{future::Ready, net::IpAddr};

use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, dev::Payload, http::header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{LoggedIn, User, doors, passwords};
use crate::{
    api::people::{Person, load_person},
    args,
    base::{
        ids::{AccountId, IdSource, LoginId, MessageId, OrgId, SessionId, hex, secret_bytes},
        limits::{NAME_CHARS_MAX, REFRESH_TTL, SESSIONS_PER_ACCOUNT_MAX},
        time::{SECOND, Timestamp},
    },
    outbox::Kind,
    store::{
        StoreError,
        sql::{Conn, Row},
    },
    web::{
        error::Problem,
        extract::{AnyBody, Body, Caller, ClientAddress, Ctx, Query, path_id},
        state::App,
    },
};

/// How somebody logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Demo,
    WeChat,
    Password,
    Sms,
    Register,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::WeChat => "wechat",
            Self::Password => "password",
            Self::Sms => "sms",
            Self::Register => "register",
        }
    }
}

/// What became of a login to an account that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Wrong,
    Locked,
    Disabled,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong => "wrong",
            Self::Locked => "locked",
            Self::Disabled => "disabled",
        }
    }
}

/// Who stands at the door, as far as the request tells.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The device's own name for itself (`X-Device`), else the browser's.
    pub device: String,
    /// Only what the device calls itself: many share a browser's name.
    pub named_device: Option<String>,
    pub address: Option<IpAddr>,
}

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = |name: &str| {
            let text = std::str::from_utf8(req.headers().get(name)?.as_bytes()).ok()?;
            let text: String = text.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
            Some(text.trim().to_owned()).filter(|t| !t.is_empty())
        };
        let named_device = read("x-device");
        let device = named_device.clone().or_else(|| read(header::USER_AGENT.as_str())).unwrap_or_default();
        let address = req.extensions().get::<ClientAddress>().and_then(|a| a.0);
        std::future::ready(Ok(Self { device, named_device, address }))
    }
}

impl Visitor {
    pub fn address_text(&self) -> String {
        self.address.map(|a| a.to_canonical().to_string()).unwrap_or_default()
    }

    fn network_text(&self) -> String {
        self.address.map(|a| doors::network(a).to_string()).unwrap_or_default()
    }
}

/// A token of 256 bits that nobody can guess, and what is stored of it.
fn refresh_token() -> (String, String) {
    let token = hex(&secret_bytes::<32>());
    let stored = hash_refresh(&token);
    (token, stored)
}

fn hash_refresh(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Lets somebody in who has proven who they are. An account that is disabled is answered like a
/// wrong proof.
pub async fn open(ctx: &Ctx, visitor: &Visitor, account: AccountId, method: Method) -> Result<LoggedIn, Problem> {
    open_if(ctx, visitor, account, method, None).await
}

/// The same, if the account's password is still the one whose hash was checked.
pub(super) async fn open_by_password(
    ctx: &Ctx,
    visitor: &Visitor,
    account: AccountId,
    checked: String,
) -> Result<LoggedIn, Problem> {
    open_if(ctx, visitor, account, Method::Password, Some(checked)).await
}

async fn open_if(
    ctx: &Ctx,
    visitor: &Visitor,
    account: AccountId,
    method: Method,
    checked: Option<String>,
) -> Result<LoggedIn, Problem> {
    let (app, at) = (&ctx.app, ctx.now());
    let session = SessionId::from_u128(app.ids.next(at));
    let (token, stored) = refresh_token();
    let arrival = Arrival { session, account, method, visitor: visitor.clone(), at };
    let (ids, org, zone) = (app.ids.clone(), app.org, ctx.zone());
    let person = app.store.write(move |tx| {
        Box::pin(async move {
            let Some(person) = load_person(tx, org, account).await? else {
                arrival.note(tx, &*ids, Outcome::Disabled).await?;
                return Ok(Err(Problem::InvalidCredentials));
            };
            if let Some(checked) = checked
                && let Err(problem) = passwords::note_success(tx, account, &checked, at).await?
            {
                arrival.note(tx, &*ids, Outcome::Wrong).await?;
                return Ok(Err(problem));
            }
            if arrival.is_news(tx).await? {
                arrival.tell(tx, &*ids, zone.rfc3339(at)).await?;
            }
            let Arrival { visitor, .. } = &arrival;
            let sql = "insert into sessions (id, account_id, device, address, refresh_hash, created_at, updated_at, \
                expires_at) values ($1, $2, $3, $4, $5, $6, $6, $7)";
            let (device, address) = (&*visitor.device, visitor.address_text());
            tx.exec(sql, args![session, account, device, address, stored, at, at + REFRESH_TTL]).await?;
            tx.exec("update accounts set last_login_at = $2 where id = $1", args![account, at]).await?;
            arrival.note(tx, &*ids, Outcome::Ok).await?;
            let sql = "update sessions set revoked_at = $2 where id in (select id from sessions where account_id = $1 \
                and revoked_at is null and expires_at > $2 order by created_at desc, id desc limit 1 offset $3) \
                returning id";
            let gave_way = tx.one(sql, args![account, at, SESSIONS_PER_ACCOUNT_MAX]).await?;
            Ok(Ok((person, gave_way.map(|r| r.parse("id")).transpose()?)))
        })
    });
    let (person, gave_way) = person.await??;
    forget(app, gave_way.as_slice());
    logged_in(app, person, session, token).await
}

/// Somebody at the door.
pub struct Arrival {
    pub session: SessionId,
    pub account: AccountId,
    pub method: Method,
    pub visitor: Visitor,
    pub at: Timestamp,
}

impl Arrival {
    /// Into the account's own log.
    pub async fn note(&self, tx: &mut Conn, ids: &dyn IdSource, outcome: Outcome) -> Result<(), StoreError> {
        let Self { session: _, account, method, visitor, at } = self;
        let id = LoginId::from_u128(ids.next(*at));
        let sql = "insert into login_logs (id, account_id, at, method, outcome, address, network, device) \
            values ($1, $2, $3, $4, $5, $6, $7, $8)";
        let (address, network) = (visitor.address_text(), visitor.network_text());
        let args = args![id, *account, *at, method.name(), outcome.name(), address, network, &*visitor.device];
        tx.exec(sql, args).await?;
        Ok(())
    }

    /// A device or a place that this account never logged in from, when it has from others.
    async fn is_news(&self, tx: &mut Conn) -> Result<bool, StoreError> {
        let sql = "select (select count(*) from (select 1 from login_logs where account_id = $1 and outcome = 'ok' \
            limit 1) as a) as known, \
            (select count(*) from (select 1 from login_logs where account_id = $1 and outcome = 'ok' \
            and device = $2 limit 1) as b) as devices, \
            (select count(*) from (select 1 from login_logs where account_id = $1 and outcome = 'ok' \
            and network = $3 limit 1) as c) as networks";
        let args = args![self.account, &*self.visitor.device, self.visitor.network_text()];
        let Some(row) = tx.one(sql, args).await? else { return Ok(false) };
        Ok(row.int("known")? > 0 && (row.int("devices")? == 0 || row.int("networks")? == 0))
    }

    /// Straight into the inbox: it is about no class, and what goes over other channels is.
    async fn tell(&self, tx: &mut Conn, ids: &dyn IdSource, told_at: String) -> Result<(), StoreError> {
        let id = MessageId::from_u128(ids.next(self.at));
        let sql = "insert into messages (id, dedupe_key, account_id, kind, data, created_at) \
            values ($1, $2, $3, $4, $5, $6)";
        let (device, address) = (&self.visitor.device, self.visitor.address_text());
        let data = json!({ "at": told_at, "device": device, "address": address, "session_id": self.session });
        let key = format!("login:{}", self.session);
        tx.exec(sql, args![id, key, self.account, Kind::NewLogin.name(), data.to_string(), self.at]).await?;
        Ok(())
    }
}

async fn logged_in(app: &App, person: Person, session: SessionId, refresh: String) -> Result<LoggedIn, Problem> {
    let Person { account, nickname, roles, teacher } = person;
    let students = app.people.students_of(account).await?;
    Ok(LoggedIn {
        token: app.tokens.sign(account, session, app.org, roles, teacher),
        refresh_token: refresh,
        expires_in: app.tokens.ttl() / SECOND,
        user: User { id: account, nickname, roles: roles.names(), teacher_id: teacher },
        students: students.to_vec(),
    })
}

// ---- exchanging tokens

#[derive(Debug, Deserialize, ToSchema)]
pub struct Refresh {
    refresh_token: String,
}

/// Exchanges a refresh token for new tokens. A token that was exchanged before ends its session.
#[utoipa::path(post, path = "/token/refresh", tag = "login", request_body = Refresh,
    responses((status = 200, body = LoggedIn), (status = 401)))]
pub async fn refresh(ctx: Ctx, body: Body<Refresh>) -> Result<HttpResponse, Problem> {
    let (app, at, presented) = (ctx.app.clone(), ctx.now(), hash_refresh(&body.value.refresh_token));
    // To its end: a session that was ended in its row must be ended for the tokens as well.
    let exchanged = Ctx::to_the_end(async move { exchange(&app, at, presented).await });
    Ok(ctx.ok(exchanged.await?))
}

async fn exchange(app: &App, at: Timestamp, presented: String) -> Result<LoggedIn, Problem> {
    let org = app.org;
    let (token, stored) = refresh_token();
    let exchanged = app.store.write(move |tx| {
        Box::pin(async move {
            let sql = "select id, account_id, refresh_hash, expires_at, revoked_at from sessions \
                where refresh_hash = $1 or previous_hash = $1";
            let Some(row) = tx.one(sql, args![&*presented]).await? else { return Ok(Exchange::Refused) };
            let session: SessionId = row.parse("id")?;
            if row.opt_at("revoked_at")?.is_some() || row.at("expires_at")? <= at {
                return Ok(Exchange::Refused);
            }
            // Looked at here, so that nobody is disabled between the look and the new token.
            let Some(person) = load_person(tx, org, row.parse("account_id")?).await? else {
                return Ok(Exchange::Refused);
            };
            if row.text("refresh_hash")? != presented {
                tx.exec("update sessions set revoked_at = $2 where id = $1", args![session, at]).await?;
                return Ok(Exchange::Reused(session));
            }
            let sql = "update sessions set previous_hash = refresh_hash, refresh_hash = $2, updated_at = $3, \
                expires_at = $4 where id = $1";
            tx.exec(sql, args![session, stored, at, at + REFRESH_TTL]).await?;
            Ok(Exchange::Done(session, person))
        })
    });
    match exchanged.await? {
        Exchange::Done(session, person) => logged_in(app, person, session, token).await,
        Exchange::Refused => Err(Problem::Unauthorized),
        Exchange::Reused(session) => {
            forget(app, &[session]);
            tracing::warn!(%session, "a refresh token was used twice: its session is ended");
            Err(Problem::Unauthorized)
        }
    }
}

enum Exchange {
    Done(SessionId, Person),
    Refused,
    Reused(SessionId),
}

// ---- ending sessions

/// Which of an account's sessions.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    One(SessionId),
    AllBut(SessionId),
    All,
}

/// In its own transaction or in that of what ends them; whoever calls it hands the result to
/// [`forget`] after the commit.
pub async fn revoke(
    tx: &mut Conn,
    account: AccountId,
    which: Which,
    at: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let (only, but) = match which {
        Which::One(session) => (session.to_string(), String::new()),
        Which::AllBut(session) => (String::new(), session.to_string()),
        Which::All => (String::new(), String::new()),
    };
    let sql = "update sessions set revoked_at = $2 where account_id = $1 and revoked_at is null \
        and ($3 = '' or id = $3) and id <> $4 returning id";
    let rows = tx.all(sql, args![account, at, only, but]).await?;
    Ok(rows.iter().map(|r| r.parse("id")).collect::<Result<_, _>>()?)
}

/// From now on their tokens are not good, and their sockets are told nothing.
pub fn forget(app: &App, ended: &[SessionId]) {
    for session in ended {
        app.tokens.end_session(*session);
        app.live.end_session(*session);
    }
}

async fn end(ctx: &Ctx, account: AccountId, which: Which) -> Result<usize, Problem> {
    let (app, at) = (ctx.app.clone(), ctx.now());
    Ctx::to_the_end(async move {
        let ended = app.store.write(move |tx| Box::pin(async move { revoke(tx, account, which, at).await })).await?;
        forget(&app, &ended);
        Ok(ended.len())
    })
    .await
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Logout {
    /// On all devices.
    everywhere: bool,
}

/// Ends this session, or all of the account's. Acts at once.
#[utoipa::path(post, path = "/logout", tag = "login", request_body = Logout, responses((status = 200)))]
pub async fn logout(ctx: Ctx, caller: Caller, body: Body<Logout>) -> Result<HttpResponse, Problem> {
    let which = if body.value.everywhere { Which::All } else { Which::One(caller.claims.sid) };
    end(&ctx, caller.account(), which).await?;
    Ok(ctx.ok(()))
}

#[derive(Serialize, ToSchema)]
pub struct SessionRow {
    #[schema(value_type = String)]
    id: SessionId,
    device: String,
    /// Where the login came from.
    address: String,
    created_at: String,
    /// When it last got a token.
    last_used_at: String,
    current: bool,
}

/// The devices on which I am logged in.
#[utoipa::path(get, path = "/sessions", tag = "login", responses((status = 200, body = [SessionRow])))]
pub async fn list_sessions(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let (page, reader) = (query.page()?, ctx.app.store.reader());
    let (account, now) = (caller.account(), ctx.now());
    let total = count_live(&ctx.app, account, now).await?;
    let sql = format!(
        "select id, device, address, created_at, updated_at from sessions where {LIVE} \
         order by created_at desc, id desc limit $3 offset $4"
    );
    let rows = reader.all(&sql, args![account, now, page.limit(), page.offset()]).await?;
    let read = |r: &Row| -> Result<SessionRow, Problem> {
        let id: SessionId = r.parse("id")?;
        let told = |name| Ok::<_, Problem>(ctx.zone().rfc3339(r.at(name)?));
        Ok(SessionRow {
            id,
            device: r.text("device")?.to_owned(),
            address: r.text("address")?.to_owned(),
            created_at: told("created_at")?,
            last_used_at: told("updated_at")?,
            current: id == caller.claims.sid,
        })
    };
    let items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(ctx.ok(page.of(items, total)))
}

const LIVE: &str = "account_id = $1 and revoked_at is null and expires_at > $2";

/// How many devices an account is logged in on.
pub async fn count_live(app: &App, account: AccountId, now: Timestamp) -> Result<u64, Problem> {
    let sql = format!("select count(*) as n from sessions where {LIVE}");
    Ok(app.store.reader().one(&sql, args![account, now]).await?.map_or(Ok(0), |r| r.version("n"))?)
}

/// Logs one of my devices out.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "login", responses((status = 200), (status = 404)))]
pub async fn end_session(ctx: Ctx, caller: Caller, req: HttpRequest, body: AnyBody) -> Result<HttpResponse, Problem> {
    let id = path_id(&req, "id")?;
    let work = async {
        let ended = end(&ctx, caller.account(), Which::One(id)).await?;
        if ended == 0 { Err(Problem::NotFound) } else { Ok(ctx.told(())) }
    };
    ctx.once(body.key, work).await
}

// ---- the log of logins

#[derive(Serialize, ToSchema)]
pub struct LoginRow {
    at: String,
    /// `wechat`, `password`, `sms`, `register` or `demo`.
    method: String,
    /// `ok`, `wrong`, `locked` or `disabled`.
    outcome: String,
    address: String,
    device: String,
}

/// My logins of the last half year, newest first, and the tries of whoever had not my password.
#[utoipa::path(get, path = "/logins", tag = "login", responses((status = 200, body = [LoginRow])))]
pub async fn list_logins(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    logins_of(&ctx, caller.account(), &query).await
}

pub async fn logins_of(ctx: &Ctx, account: AccountId, query: &Query) -> Result<HttpResponse, Problem> {
    let (page, reader) = (query.page()?, ctx.app.store.reader());
    let sql = "select count(*) as n from login_logs where account_id = $1";
    let total = reader.one(sql, args![account]).await?.map_or(Ok(0), |r| r.version("n"))?;
    let sql = "select at, method, outcome, address, device from login_logs where account_id = $1 \
        order by at desc, id desc limit $2 offset $3";
    let rows = reader.all(sql, args![account, page.limit(), page.offset()]).await?;
    let read = |r: &Row| -> Result<LoginRow, Problem> {
        let text = |name| Ok::<_, Problem>(r.text(name)?.to_owned());
        let at = ctx.zone().rfc3339(r.at("at")?);
        let (method, outcome) = (text("method")?, text("outcome")?);
        Ok(LoginRow { at, method, outcome, address: text("address")?, device: text("device")? })
    };
    let items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(ctx.ok(page.of(items, total)))
}

/// The openid of a demo person, where a sandbox stands in for WeChat: so the phone on the sandbox's
/// page is theirs.
pub async fn link_openid(
    tx: &mut Conn,
    org: OrgId,
    account: AccountId,
    openid: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "insert into wx_accounts (org_id, openid, account_id, created_at, updated_at) \
        values ($1, $2, $3, $4, $4) on conflict (org_id, openid) do nothing";
    tx.exec(sql, args![org, openid, account, at]).await?;
    Ok(())
}
