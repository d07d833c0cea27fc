-- How people log in, and from where.

-- Names and numbers belong to an org: the same ones may be somebody else's in another.
drop index accounts_external;
drop index accounts_username;
drop index accounts_phone;
create unique index accounts_external on accounts (org_id, external_id) where external_id is not null;
create unique index accounts_username on accounts (org_id, username) where username is not null;
-- As in `+8613800000000`.
create unique index accounts_phone on accounts (org_id, phone) where phone is not null;

-- Made by `yueke account` before there was an org.
update accounts set org_id = (select min(id) from orgs) where org_id = '' and exists (select 1 from orgs);

alter table accounts add column signature text not null default '';
-- The account that this one became a part of; never one that is itself a part of another. The row
-- stays, because bookings and events name it.
alter table accounts add column merged_into text;
-- When the roles last changed, so that a token that was given before says too little or too much.
alter table accounts add column roles_changed_at bigint;
create index accounts_merged on accounts (merged_into) where merged_into is not null;
create index accounts_by_org on accounts (org_id, created_at);

alter table sessions add column address text not null default '';
create index sessions_by_age on sessions (expires_at);

-- WeChat's name for a person in our mini-program.
create table wx_accounts (
    org_id text not null,
    openid text not null,
    -- The same person in all of a company's programs, where WeChat tells it; so it may stand in
    -- several rows, of the same account.
    unionid text,
    account_id text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (org_id, openid)
);
create index wx_accounts_by_union on wx_accounts (org_id, unionid) where unionid is not null;
create index wx_accounts_by_account on wx_accounts (account_id);

-- Who logged in, or tried to, to an account that there is.
create table login_logs (
    id text primary key,
    account_id text not null,
    at bigint not null,
    method text not null check (method in ('demo', 'wechat', 'password', 'sms', 'register')),
    outcome text not null check (outcome in ('ok', 'wrong', 'locked', 'disabled')),
    address text not null,
    -- The address without its last part: what stays the same for somebody at one place.
    network text not null,
    device text not null
);
create index login_logs_by_account on login_logs (account_id, at);
create index login_logs_by_age on login_logs (at);

-- Names and numbers that no account has, tried with a password: counted and locked like accounts,
-- so that neither the answer nor the time it takes tells which ones there are.
create table unknown_logins (
    -- Keyed with the server's secret: people type passwords where their names belong.
    name_hash text primary key,
    failures bigint not null,
    locked_until bigint,
    updated_at bigint not null
);
create index unknown_logins_by_age on unknown_logins (updated_at);

-- The one code that a number may be proven with, for each purpose.
create table sms_codes (
    org_id text not null,
    phone text not null,
    purpose text not null check (purpose in ('login', 'bind', 'reset', 'register', 'merge')),
    -- Keyed with the server's secret: six digits are soon tried out.
    code_hash text not null,
    tries bigint not null default 0,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint,
    primary key (org_id, phone, purpose)
);
create index sms_codes_by_age on sms_codes (expires_at);

-- Every message that was asked for, so that its bounds outlive a restart.
create table sms_sends (
    id text primary key,
    org_id text not null,
    phone text not null,
    purpose text not null,
    address text not null,
    device text not null,
    account_id text,
    at bigint not null
);
create index sms_sends_by_age on sms_sends (at);
