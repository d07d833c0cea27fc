//! Consent to messages in WeChat (订阅): what a client asks for at which tap, and what was answered.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    args,
    base::ids::AccountId,
    outbox::{
        Kind,
        wechat::{Choice, Grant, note_choices, read_grants, templates::ASKED_AT_ONCE_MAX},
    },
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx},
    },
};

/// What a tap returned, as `wx.requestSubscribeMessage` hands it to its `success`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Answered {
    /// By template id: `accept`, `reject`, `ban` or `filter`; `errMsg` may stay in it.
    results: BTreeMap<String, String>,
}

/// What this account lets us send, and what to ask for.
#[derive(Serialize, ToSchema)]
pub struct Subscriptions {
    /// False until the account is logged in through WeChat: then nothing can be sent, nor asked.
    linked: bool,
    /// Whether a freed seat could be announced in WeChat now.
    reachable: bool,
    templates: Vec<SubscribedTemplate>,
    /// The templates to ask for at a tap, `join`, `book` or `confirm`: only those that are used up.
    ask: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Serialize, ToSchema)]
pub struct SubscribedTemplate {
    id: String,
    /// The messages that it tells.
    kinds: Vec<&'static str>,
    /// Messages that may still be sent, as far as is known.
    remaining: u32,
    /// The last answer; null when never asked.
    choice: Option<&'static str>,
    /// Since when WeChat has refused for want of consent; null since the last yes.
    refused_at: Option<String>,
}

/// What I let you send, and what to ask me for.
#[utoipa::path(get, path = "/users/subscribe", tag = "people", responses((status = 200, body = Subscriptions)))]
pub async fn get_subscriptions(ctx: Ctx, caller: Caller) -> Result<HttpResponse, Problem> {
    Ok(ctx.ok(subscriptions(&ctx, caller.account()).await?))
}

/// Records what a tap returned: each `accept` is one more message of its template.
#[utoipa::path(post, path = "/users/subscribe", tag = "people", request_body = Answered,
    responses((status = 200, body = Subscriptions), (status = 400), (status = 409)))]
pub async fn subscribe(ctx: Ctx, caller: Caller, body: Body<Answered>) -> Result<HttpResponse, Problem> {
    let choices = choices(&ctx, body.value)?;
    let (account, now) = (caller.account(), ctx.now());
    // Under a request key, one tap counts once.
    let work = async {
        if !is_linked(&ctx, account).await? {
            return Err(Problem::NotLinked);
        }
        let noted =
            ctx.app.store.write(move |tx| Box::pin(async move { note_choices(tx, account, &choices, now).await }));
        noted.await?;
        ctx.app.reach.look_at(account).await?;
        Ok(ctx.told(subscriptions(&ctx, account).await?))
    };
    ctx.once(body.key, work).await
}

fn choices(ctx: &Ctx, answered: Answered) -> Result<Vec<(String, Choice)>, Problem> {
    let known = ctx.app.templates.by_id();
    let mut choices = Vec::new();
    for (template, word) in answered.results {
        if template == "errMsg" {
            continue;
        }
        if !known.contains_key(&*template) {
            return Err(Problem::invalid("results", "包含未知的模板 id", "names a template that is not in use"));
        }
        let choice = Choice::named(&word).ok_or_else(|| {
            Problem::invalid("results", "应为 accept、reject、ban 或 filter", "use accept, reject, ban or filter")
        })?;
        choices.push((template, choice));
    }
    if choices.is_empty() {
        return Err(Problem::invalid("results", "缺少授权结果", "names no template"));
    }
    Ok(choices)
}

async fn is_linked(ctx: &Ctx, account: AccountId) -> Result<bool, Problem> {
    let sql = "select openid from wx_accounts where account_id = $1 limit 1";
    Ok(ctx.app.store.reader().one(sql, args![account]).await?.is_some())
}

async fn subscriptions(ctx: &Ctx, account: AccountId) -> Result<Subscriptions, Problem> {
    let linked = is_linked(ctx, account).await?;
    let grants = read_grants(ctx.app.store.reader(), account).await?;
    let grant = |id: &str| grants.iter().find(|g| g.template == id);
    let (templates, zone) = (&ctx.app.templates, ctx.zone());
    let listed = templates.by_id().into_iter().map(|(id, kinds)| SubscribedTemplate {
        id: id.to_owned(),
        kinds,
        remaining: grant(id).map_or(0, |g| g.remaining),
        choice: grant(id).and_then(|g| g.choice).map(Choice::name),
        refused_at: grant(id).and_then(|g| g.refused_at).map(|at| zone.rfc3339(at)),
    });
    let ask = templates.taps().map(|(tap, ids)| {
        let wanted = ids.into_iter().filter(|id| linked && is_to_be_asked(grant(id))).take(ASKED_AT_ONCE_MAX);
        (tap, wanted.map(str::to_owned).collect())
    });
    let seat = templates.of(Kind::SeatOffered);
    let reachable = linked && seat.and_then(|t| grant(&t.id)).is_some_and(|g| g.remaining > 0);
    Ok(Subscriptions { linked, reachable, templates: listed.collect(), ask: ask.collect() })
}

/// Used up or never given. Whoever was banned cannot be asked; whoever said no may be asked at the
/// next tap that matters, since WeChat lets them say no for good.
fn is_to_be_asked(grant: Option<&Grant>) -> bool {
    grant.is_none_or(|g| g.remaining == 0 && g.choice != Some(Choice::Ban))
}
