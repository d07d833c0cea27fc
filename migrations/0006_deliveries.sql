-- Messages on their way to the outside, and what people let us send.

create table subscriptions (
    account_id text not null,
    template_id text not null,
    -- Messages that may still be sent, as far as we know: WeChat's own count is the truth.
    remaining bigint not null check (remaining >= 0),
    -- What the last tap said; null when nobody was asked yet.
    choice text check (choice in ('accept', 'reject', 'ban', 'filter')),
    asked_at bigint,
    -- WeChat knew of no grant when we sent; null again after the next yes.
    refused_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (account_id, template_id)
);

create table deliveries (
    id text primary key,
    -- One per notice and reader, however often the relay tries.
    dedupe_key text not null,
    channel text not null check (channel in ('wechat')),
    account_id text not null,
    schedule_id text not null,
    -- What must still stand when it is sent.
    offer_id text,
    booking_id text,
    kind text not null,
    template_id text not null,
    -- JSON, as in messages.
    data text not null,
    state text not null check (state in ('queued', 'sent', 'refused', 'failed', 'dropped')),
    reason text,
    -- What the other side said.
    detail text,
    attempts bigint not null default 0,
    next_at bigint not null,
    happened_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    sent_at bigint,
    -- The other side's id of the message.
    remote_id text
);
create unique index deliveries_once on deliveries (dedupe_key);
create index deliveries_due on deliveries (state, next_at, id) where state = 'queued';
create index deliveries_by_account on deliveries (account_id, id);
create index deliveries_by_schedule on deliveries (schedule_id, id);
create index deliveries_by_state on deliveries (state, id);
create index deliveries_by_age on deliveries (created_at);
