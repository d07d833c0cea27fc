//! The inbox: what was told to an account, in the words of whoever reads it.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    args,
    base::ids::MessageId,
    outbox::notices::tell,
    store::sql::{Arg, Row},
    web::{
        error::Problem,
        extract::{Body, Caller, Ctx, Nothing, Query, path_id},
    },
};

#[derive(Serialize, ToSchema)]
pub struct Message {
    #[schema(value_type = String)]
    id: MessageId,
    kind: String,
    title: String,
    body: String,
    #[schema(value_type = Object)]
    data: Value,
    created_at: String,
    read_at: Option<String>,
}

fn read(ctx: &Ctx, row: &Row) -> Result<Message, Problem> {
    let kind = row.text("kind")?;
    let data: Value = serde_json::from_str(row.text("data")?).map_err(|e| row.bad("data", e))?;
    let zone = ctx.zone();
    let (title, body) = tell(kind, &data, ctx.lang, zone);
    Ok(Message {
        id: row.parse("id")?,
        kind: kind.to_owned(),
        title,
        body,
        data,
        created_at: zone.rfc3339(row.at("created_at")?),
        read_at: row.opt_at("read_at")?.map(|at| zone.rfc3339(at)),
    })
}

const COLUMNS: &str = "id, kind, data, created_at, read_at";

/// My messages, newest first; `kind` chooses, `unread=1` leaves out what was read.
#[utoipa::path(get, path = "/messages", tag = "inbox",
    params(("kind" = Option<String>, Query), ("unread" = Option<String>, Query)),
    responses((status = 200, body = [Message])))]
pub async fn list_messages(ctx: Ctx, caller: Caller, query: Query) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let (mut filters, mut args): (String, Vec<Arg>) = ("account_id = $1".into(), args![caller.account()]);
    if let Some(kind) = query.get("kind") {
        args.push(kind.into());
        filters.push_str(" and kind = $2");
    }
    if query.get("unread").is_some_and(|v| v == "1" || v == "true") {
        filters.push_str(" and read_at is null");
    }
    let reader = ctx.app.store.reader();
    let sql = format!("select count(*) as n from messages where {filters}");
    let total = reader.one(&sql, args.clone()).await?.map_or(Ok(0), |r| r.version("n"))?;
    let sql = format!(
        "select {COLUMNS} from messages where {filters} order by created_at desc, id desc limit {} offset {}",
        page.limit(),
        page.offset()
    );
    let rows = reader.all(&sql, args).await?;
    let items = rows.iter().map(|row| read(&ctx, row)).collect::<Result<Vec<_>, _>>()?;
    Ok(ctx.ok(page.of(items, total)))
}

/// Marks a message as read; the first time counts.
#[utoipa::path(put, path = "/messages/{id}/read", tag = "inbox", responses((status = 200, body = Message), (status = 404)))]
pub async fn mark_read(
    ctx: Ctx,
    caller: Caller,
    req: HttpRequest,
    body: Body<Nothing>,
) -> Result<HttpResponse, Problem> {
    let (id, account, now): (MessageId, _, _) = (path_id(&req, "id")?, caller.account(), ctx.now());
    let sql = format!(
        "update messages set read_at = coalesce(read_at, $3) where id = $1 and account_id = $2 returning {COLUMNS}"
    );
    let work = async {
        let row =
            ctx.app.store.write(move |tx| Box::pin(async move { Ok(tx.one(&sql, args![id, account, now]).await?) }));
        Ok(ctx.told(read(&ctx, &row.await?.ok_or(Problem::NotFound)?)?))
    };
    ctx.once(body.key, work).await
}

/// Marks everything as read.
#[utoipa::path(post, path = "/messages/read-all", tag = "inbox", responses((status = 200)))]
pub async fn mark_all_read(ctx: Ctx, caller: Caller, body: Body<Nothing>) -> Result<HttpResponse, Problem> {
    let (account, now) = (caller.account(), ctx.now());
    let sql = "update messages set read_at = $2 where account_id = $1 and read_at is null";
    let work = async {
        let read = ctx.app.store.write(move |tx| Box::pin(async move { Ok(tx.exec(sql, args![account, now]).await?) }));
        Ok(ctx.told(serde_json::json!({ "read": read.await? })))
    };
    ctx.once(body.key, work).await
}
