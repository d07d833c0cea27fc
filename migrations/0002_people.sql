-- People, orgs and courses: ordinary records.

create table orgs (
    id text primary key,
    name text not null,
    zone text not null,
    created_at bigint not null,
    updated_at bigint not null
);

create table accounts (
    id text primary key,
    org_id text not null,
    -- The demo or WeChat login that this account belongs to, such as `dev:student:amy`.
    external_id text,
    username text,
    nickname text not null,
    phone text,
    password_hash text,
    failed_logins bigint not null default 0,
    locked_until bigint,
    disabled_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    last_login_at bigint
);
create unique index accounts_external on accounts (external_id) where external_id is not null;
create unique index accounts_username on accounts (username) where username is not null;
create unique index accounts_phone on accounts (phone) where phone is not null;

create table account_roles (
    account_id text not null,
    role text not null check (role in ('student', 'teacher', 'operator', 'admin', 'owner')),
    created_at bigint not null,
    primary key (account_id, role)
);

create table sessions (
    id text primary key,
    account_id text not null,
    device text not null default '',
    refresh_hash text not null,
    -- The one before: presented again, it ends the session.
    previous_hash text,
    created_at bigint not null,
    updated_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint
);
create unique index sessions_refresh on sessions (refresh_hash);
create index sessions_previous on sessions (previous_hash) where previous_hash is not null;
create index sessions_by_account on sessions (account_id, created_at);

create table teachers (
    id text primary key,
    org_id text not null,
    account_id text not null,
    name text not null,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index teachers_account on teachers (account_id);

create table students (
    id text primary key,
    org_id text not null,
    nickname text not null,
    created_at bigint not null,
    updated_at bigint not null
);

create table account_students (
    account_id text not null,
    student_id text not null,
    -- `self`, `child` …
    relation text not null,
    created_at bigint not null,
    primary key (account_id, student_id)
);
create index account_students_by_student on account_students (student_id);

create table courses (
    id text primary key,
    org_id text not null,
    name text not null,
    kind bigint not null check (kind between 0 and 3),
    tier text not null check (tier in ('standard', 'vip')),
    level bigint not null default 0,
    category text not null default '',
    duration_min bigint not null check (duration_min > 0),
    default_capacity bigint not null,
    price_fen bigint not null check (price_fen >= 0),
    hours_per_session bigint,
    confirm_mode text not null check (confirm_mode in ('auto', 'teacher')),
    -- Null for what the demo made.
    created_by text,
    created_at bigint not null,
    updated_at bigint not null
);
create index courses_by_org on courses (org_id, created_at);

create table waitlist_capacity (
    scope text not null check (scope in ('schedule', 'course', 'type', 'global')),
    -- The schedule's or course's id; a tier or a course kind for `type`; empty for `global`.
    ref text not null,
    capacity bigint not null check (capacity >= 0),
    updated_by text not null,
    updated_at bigint not null,
    primary key (scope, ref)
);

create table class_reminders (
    booking_id text not null,
    starts_at bigint not null,
    minutes_before bigint not null,
    sent_at bigint not null,
    primary key (booking_id, starts_at, minutes_before)
);
