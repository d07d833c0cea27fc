-- What the engine owns. One dialect for SQLite and PostgreSQL: text ids (ULID), bigint
-- milliseconds since 1970 (UTC), integer fen, nullable instants instead of booleans.

create table lease (
    id bigint primary key,
    -- Rises by one at each start of the server; every batch is written under it.
    epoch bigint not null,
    owner text not null,
    taken_at bigint not null
);
insert into lease (id, epoch, owner, taken_at) values (1, 0, '', 0);

create table schedules (
    id text primary key,
    org_id text not null,
    course_id text not null,
    teacher_id text,
    starts_at bigint not null,
    ends_at bigint not null,
    location text not null default '',
    capacity bigint not null check (capacity >= 0),
    status text not null check (status in ('open', 'blocked', 'completed', 'revoked')),
    policy text not null,
    -- The fence: a batch is written only onto the version that it was decided upon.
    version bigint not null,
    epoch bigint not null,
    -- Occupied seats, kept by the journal so that the database itself refuses an oversold class.
    booked bigint not null default 0 check (booked >= 0),
    stamped_at bigint not null,
    -- The earliest stored deadline; null when nothing is due on its own.
    next_due_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    check (ends_at > starts_at),
    check (booked <= capacity)
);
create index schedules_by_start on schedules (org_id, starts_at);
create index schedules_by_teacher on schedules (teacher_id, starts_at) where teacher_id is not null;
create index schedules_by_due on schedules (next_due_at) where next_due_at is not null;
create unique index schedules_teacher_times on schedules (teacher_id, starts_at, ends_at)
    where teacher_id is not null and status <> 'revoked';

create table schedule_events (
    schedule_id text not null,
    version bigint not null,
    epoch bigint not null,
    at bigint not null,
    -- A JSON array: all events of one turn.
    events text not null,
    primary key (schedule_id, version)
);

create table bookings (
    id text primary key,
    booking_no text not null,
    schedule_id text not null,
    student_id text not null,
    booked_by text not null,
    teacher_id text,
    starts_at bigint not null,
    ends_at bigint not null,
    status text not null check (status in ('pending', 'confirmed', 'cancelled', 'completed', 'no_show')),
    payment_status text not null check (payment_status in ('not_required', 'unpaid', 'paid', 'refunded')),
    source text not null,
    price_fen bigint not null,
    final_price_fen bigint not null,
    note text,
    moved_from text,
    free_exit bigint not null default 0,
    pay_deadline bigint,
    created_at bigint not null,
    updated_at bigint not null,
    confirmed_at bigint,
    cancelled_at bigint,
    cancelled_by text,
    cancel_reason text,
    completed_at bigint
);
create unique index bookings_number on bookings (booking_no);
create unique index bookings_active on bookings (schedule_id, student_id) where status in ('pending', 'confirmed');
create index bookings_by_student on bookings (student_id, starts_at);
create index bookings_by_teacher on bookings (teacher_id, starts_at) where teacher_id is not null;

create table seat_holds (
    id text primary key,
    schedule_id text not null,
    student_id text not null,
    account_id text not null,
    status text not null check (status in ('active', 'used', 'released', 'expired')),
    created_at bigint not null,
    updated_at bigint not null,
    expires_at bigint not null,
    ended_at bigint
);
create unique index seat_holds_active on seat_holds (schedule_id, student_id) where status = 'active';
create index seat_holds_by_schedule on seat_holds (schedule_id, created_at);

create table waitlist (
    id text primary key,
    schedule_id text not null,
    student_id text not null,
    account_id text not null,
    seq bigint not null,
    -- Active entries are waiting, notified or in turn as their live offers say.
    status text not null check (status in ('active', 'promoted', 'cancelled', 'expired')),
    end_reason text,
    joined_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    ended_at bigint
);
create unique index waitlist_active on waitlist (schedule_id, student_id) where status = 'active';
create unique index waitlist_order on waitlist (schedule_id, seq);
create index waitlist_by_student on waitlist (student_id, joined_at);

create table waitlist_rounds (
    id text primary key,
    schedule_id text not null,
    released_at bigint not null,
    cause text not null,
    stage text not null check (stage in ('race', 'turn', 'done')),
    deadline bigint not null,
    remind_at bigint,
    -- A JSON array of the entries that get no turn in this round.
    passed text not null,
    outcome text check (outcome in ('won', 'public', 'closed')),
    winner_id text,
    created_at bigint not null,
    updated_at bigint not null,
    ended_at bigint
);
create index waitlist_rounds_by_schedule on waitlist_rounds (schedule_id, released_at);

create table waitlist_offers (
    id text primary key,
    round_id text not null,
    schedule_id text not null,
    waitlist_id text not null,
    student_id text not null,
    stage text not null check (stage in ('race', 'turn')),
    sent_at bigint not null,
    deadline bigint not null,
    begun_at bigint,
    responded_at bigint,
    status text not null
        check (status in ('live', 'accepted', 'declined', 'lost', 'lapsed', 'closed', 'withdrawn')),
    created_at bigint not null,
    updated_at bigint not null
);
create unique index waitlist_offers_once on waitlist_offers (round_id, waitlist_id, stage);
create index waitlist_offers_by_schedule on waitlist_offers (schedule_id, sent_at);
create index waitlist_offers_by_entry on waitlist_offers (waitlist_id, sent_at);

-- The answer that was given under a request key, written in the transaction of its effect.
create table receipts (
    account_id text not null,
    request_key text not null,
    fingerprint text not null,
    status bigint not null,
    body text not null,
    created_at bigint not null,
    primary key (account_id, request_key)
);
create index receipts_by_age on receipts (created_at);

-- What someone should hear of: a row for each turn that tells anybody anything, in the
-- transaction of the turn. The relay turns it into deliveries.
create table outbox (
    id text primary key,
    schedule_id text not null,
    -- A JSON array of notices.
    notices text not null,
    created_at bigint not null,
    attempts bigint not null default 0,
    next_at bigint not null,
    relayed_at bigint,
    error text
);
create index outbox_due on outbox (next_at) where relayed_at is null;

create table messages (
    id text primary key,
    -- One message per notice and reader, however often the relay tries.
    dedupe_key text not null,
    account_id text not null,
    kind text not null,
    -- JSON; title and body are told from it in the reader's language.
    data text not null,
    created_at bigint not null,
    read_at bigint
);
create unique index messages_once on messages (dedupe_key);
create index messages_by_account on messages (account_id, created_at);
