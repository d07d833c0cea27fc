//! What was sent to people in WeChat, and what became of it: for those who answer when somebody asks
//! why they heard nothing.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    args,
    base::{
        ids::{AccountId, DeliveryId, ScheduleId},
        time::SECOND,
    },
    domain::access::Action,
    outbox::notices::{Kind, tell},
    store::sql::{Arg, Row},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Nothing, Query, path_id},
    },
};

const STATES: [&str; 5] = ["queued", "sent", "refused", "failed", "dropped"];

#[derive(Serialize, ToSchema)]
pub struct Notification {
    #[schema(value_type = String)]
    id: DeliveryId,
    #[schema(value_type = String)]
    account_id: AccountId,
    nickname: Option<String>,
    #[schema(value_type = String)]
    schedule_id: ScheduleId,
    channel: String,
    kind: String,
    title: String,
    body: String,
    template_id: String,
    /// `queued`, `sent`, `refused` (nobody takes it), `failed` (given up) or `dropped` (of no use any more).
    state: String,
    /// Why it is not sent, as in `no_grant` or `offer_ended`.
    reason: Option<String>,
    /// What WeChat said.
    detail: Option<String>,
    attempts: u32,
    happened_at: String,
    /// When it is tried next; null once it is dealt with.
    next_at: Option<String>,
    sent_at: Option<String>,
    /// WeChat's own number of it.
    remote_id: Option<String>,
}

const COLUMNS: &str = "d.id, d.account_id, a.nickname, d.schedule_id, d.channel, d.kind, d.data, d.template_id, d.state, \
    d.reason, d.detail, d.attempts, d.happened_at, d.next_at, d.sent_at, d.remote_id";
const FROM: &str = "deliveries d left join accounts a on a.id = d.account_id";

fn read(ctx: &Ctx, row: &Row) -> Result<Notification, Problem> {
    let (kind, state, zone) = (row.text("kind")?, row.text("state")?, ctx.zone());
    // What could not be read is shown as well: it was given up for that.
    let data: Value = serde_json::from_str(row.text("data")?).unwrap_or_default();
    let (title, body) = tell(kind, &data, ctx.lang, zone);
    let text = |column| row.opt_text(column).map(|t| t.map(str::to_owned));
    let at = |column| row.opt_at(column).map(|at| at.map(|at| zone.rfc3339(at)));
    Ok(Notification {
        id: row.parse("id")?,
        account_id: row.parse("account_id")?,
        nickname: text("nickname")?,
        schedule_id: row.parse("schedule_id")?,
        channel: row.text("channel")?.to_owned(),
        kind: kind.to_owned(),
        title,
        body,
        template_id: row.text("template_id")?.to_owned(),
        state: state.to_owned(),
        reason: text("reason")?,
        detail: text("detail")?,
        attempts: row.count("attempts")?,
        happened_at: zone.rfc3339(row.at("happened_at")?),
        next_at: at("next_at")?.filter(|_| state == "queued"),
        sent_at: at("sent_at")?,
        remote_id: text("remote_id")?,
    })
}

/// The filters of a list, as conditions with their values.
struct Filters {
    conditions: String,
    args: Vec<Arg>,
}

impl Filters {
    fn of(ctx: &Ctx, query: &Query) -> Result<Self, Problem> {
        // Another org's people are not ours to look at.
        let mut filters = Self { conditions: "a.org_id = $1".into(), args: args![ctx.app.org] };
        if let Some(state) = query.get("state") {
            if !STATES.contains(&state) {
                let zh = format!("应为 {}", STATES.join("、"));
                return Err(Problem::invalid("state", zh, format!("use one of {}", STATES.join(", "))));
            }
            filters.add("d.state =", state);
        }
        if let Some(kind) = query.get("kind") {
            let kind = Kind::named(kind).ok_or_else(|| Problem::invalid("kind", "没有该通知类型", "no such kind"))?;
            filters.add("d.kind =", kind.name());
        }
        for (name, condition) in [("account_id", "d.account_id ="), ("schedule_id", "d.schedule_id =")] {
            if let Some(id) = query.get(name) {
                filters.add(condition, id);
            }
        }
        for (name, condition) in [("from", "d.created_at >="), ("to", "d.created_at <")] {
            if let Some(at) = query.instant(name, ctx.zone())? {
                filters.add(condition, at);
            }
        }
        Ok(filters)
    }

    fn add(&mut self, condition: &str, value: impl Into<Arg>) {
        self.args.push(value.into());
        self.conditions += &format!(" and {condition} ${}", self.args.len());
    }
}

/// What was sent in WeChat, newest first.
#[utoipa::path(get, path = "/notifications", tag = "operators",
    params(("state" = Option<String>, Query), ("kind" = Option<String>, Query), ("account_id" = Option<String>, Query),
        ("schedule_id" = Option<String>, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, body = [Notification]), (status = 403)))]
pub async fn list_notifications(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    caller.needs(Action::SeeDeliveries)?;
    let page = query.page()?;
    let Filters { conditions, args } = Filters::of(&ctx, &query)?;
    let reader = ctx.app.store.reader();
    let sql = format!("select count(*) as n from {FROM} where {conditions}");
    let total = reader.one(&sql, args.clone()).await?.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!(
        "select {COLUMNS} from {FROM} where {conditions} order by d.id desc limit {} offset {}",
        page.limit(),
        page.offset()
    );
    let rows = reader.all(&sql, args).await?;
    let items = rows.iter().map(|row| read(&ctx, row)).collect::<Result<Vec<_>, _>>()?;
    Ok(ctx.ok(page.of(items, total)))
}

/// Sends a message again that was refused, given up or dropped. Whether it is still of use is
/// looked at once more when it goes out.
#[utoipa::path(post, path = "/notifications/{id}/resend", tag = "operators",
    responses((status = 200, body = Notification), (status = 404), (status = 409)))]
pub async fn resend(ctx: Ctx, caller: Caller, req: HttpRequest, body: Body<Nothing>) -> Result<HttpResponse, Problem> {
    caller.needs(Action::SeeDeliveries)?;
    let (id, now): (DeliveryId, _) = (path_id(&req, "id")?, ctx.now());
    let (org, by) = (ctx.app.org, caller.account());
    let work = async {
        let queued = ctx.app.store.write(move |tx| {
            Box::pin(async move {
                // A refusal that is known would only be repeated: WeChat is to be asked anew.
                let sql = "update subscriptions set refused_at = null, updated_at = $2 where refused_at is not null \
                    and (account_id, template_id) in (select account_id, template_id from deliveries \
                    where id = $1 and state in ('refused', 'failed', 'dropped')) \
                    and account_id in (select id from accounts where org_id = $3)";
                tx.exec(sql, args![id, now, org]).await?;
                let sql = "update deliveries set state = 'queued', reason = null, detail = null, attempts = 0, \
                    next_at = $2, updated_at = $2 where id = $1 and state in ('refused', 'failed', 'dropped') \
                    and account_id in (select id from accounts where org_id = $3)";
                Ok(tx.exec(sql, args![id, now, org]).await?)
            })
        });
        let queued = queued.await?;
        let sql = format!("select {COLUMNS} from {FROM} where d.id = $1 and a.org_id = $2");
        let row = ctx.app.store.reader().one(&sql, args![id, org]).await?.ok_or(Problem::NotFound)?;
        if queued == 0 {
            return Err(Problem::AlreadySent);
        }
        tracing::info!(delivery = %id, %by, "a message is sent again by hand");
        if let Some(postman) = &ctx.app.outbox.postman {
            postman.wake();
        }
        Ok(ctx.told(read(&ctx, &row)?))
    };
    ctx.once(body.key, work).await
}

/// What became of the messages of one kind.
#[derive(Serialize, ToSchema)]
pub struct KindRate {
    kind: String,
    template_id: String,
    queued: u64,
    sent: u64,
    refused: u64,
    failed: u64,
    dropped: u64,
    /// Of those that were sent or should have been, the part that was: null while there are none.
    rate: Option<f64>,
    /// Seconds from what happened to WeChat's taking the message, on average.
    mean_seconds: Option<f64>,
    /// Why the others were not sent, by reason.
    reasons: std::collections::BTreeMap<String, u64>,
}

/// Delivery by template: how many were sent, and why the others were not.
#[utoipa::path(get, path = "/stats/notification", tag = "operators",
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, body = [KindRate]), (status = 403)))]
pub async fn rates(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    caller.needs(Action::SeeDeliveries)?;
    let Filters { conditions, args } = Filters::of(&ctx, &query)?;
    let sql = format!(
        "select d.kind, d.template_id, d.state, coalesce(d.reason, '') as reason, count(*) as n, \
         coalesce(cast(sum(d.sent_at - d.happened_at) as bigint), 0) as waited from {FROM} where {conditions} \
         group by d.kind, d.template_id, d.state, coalesce(d.reason, '') order by d.kind, d.template_id"
    );
    let mut rates: Vec<KindRate> = Vec::new();
    for row in ctx.app.store.reader().all(&sql, args).await? {
        let (kind, template, n) = (row.text("kind")?, row.text("template_id")?, row.version("n")?);
        if rates.last().is_none_or(|r| r.kind != kind || r.template_id != template) {
            rates.push(KindRate::new(kind, template));
        }
        let Some(rate) = rates.last_mut() else { continue };
        let count = match row.text("state")? {
            "queued" => &mut rate.queued,
            "sent" => &mut rate.sent,
            "refused" => &mut rate.refused,
            "failed" => &mut rate.failed,
            "dropped" => &mut rate.dropped,
            other => return Err(row.bad("state", other).into()),
        };
        *count += n;
        match row.text("reason")? {
            "" => {}
            reason => *rate.reasons.entry(reason.to_owned()).or_default() += n,
        }
        if row.text("state")? == "sent" {
            rate.mean_seconds = Some(row.int("waited")? as f64 / n as f64 / SECOND as f64);
        }
    }
    rates.iter_mut().for_each(KindRate::settle);
    let total = rates.len() as u64;
    Ok(ctx.ok(query.page()?.of(rates, total)))
}

impl KindRate {
    fn new(kind: &str, template: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            template_id: template.to_owned(),
            queued: 0,
            sent: 0,
            refused: 0,
            failed: 0,
            dropped: 0,
            rate: None,
            mean_seconds: None,
            reasons: Default::default(),
        }
    }

    /// What was dropped as of no use any more was not to be delivered.
    fn settle(&mut self) {
        let due = self.sent + self.refused + self.failed;
        self.rate = (due > 0).then(|| self.sent as f64 / due as f64);
    }
}
