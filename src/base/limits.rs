//! Every bound of the program. Where one follows from another, the derivation stands beside it.

use super::{
    rolling::Rule,
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
};

// People's input.
pub const NAME_CHARS_MAX: usize = 200;
pub const NOTE_CHARS_MAX: usize = 2_000;
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// From its first byte to its last: 50 KiB a second for the largest.
pub const BODY_WITHIN: Millis = 20 * SECOND;
pub const KEY_CHARS_MAX: usize = 255;
pub const PAGE_SIZE_MAX: u32 = 100;
pub const PAGE_SIZE_DEFAULT: u32 = 20;
/// `page * page_size` stays far from overflow and deep offsets stay affordable.
pub const PAGE_MAX: u32 = 100_000;
/// From the first to the last of a list of classes: two months, with the hour that a change of clocks adds.
pub const LIST_SPAN_MAX: Millis = 62 * DAY + HOUR;
/// Classes that are planned with one request.
pub const BATCH_MAX: usize = 200;
/// Of one account: a family, not a school.
pub const STUDENTS_PER_ACCOUNT_MAX: usize = 20;
/// Bookings, holds and places in line of one roster; a page of the queue tells the rest.
pub const ROSTER_ROWS_MAX: i64 = 2_000;
pub const PRICE_FEN_MAX: i64 = 100_000_000;

// One schedule.
pub const CAPACITY_MAX: u32 = 1_000_000;
pub const WAITLIST_CAPACITY_MAX: u32 = 10_000;
pub const DURATION_MAX: Millis = DAY;
/// A class may be planned at most this far ahead.
pub const AHEAD_MAX: Millis = 2 * 366 * DAY;
/// Rounds that may be live at once on one schedule; a further freed seat goes public at once.
/// Bounds the offers of one turn to `ROUNDS_LIVE_MAX * WAITLIST_CAPACITY_MAX` in the worst case.
pub const ROUNDS_LIVE_MAX: usize = 32;
/// Ended offers that an actor remembers so that a late answer gets its true reason; older ones answer `no_offer`.
pub const ENDED_OFFERS_MAX: usize = 4_096;
/// Holds that one student may take on one schedule within [`HOLD_WINDOW`] before they must book.
pub const HOLDS_PER_STUDENT_MAX: usize = 3;
pub const HOLD_WINDOW: Millis = 30 * MINUTE;

// The engine.
/// Messages that wait for one actor before the next is refused with 503.
pub const MAILBOX_MAX: usize = 4_096;
/// Batches on their way to the disk; the journal refuses beyond.
pub const JOURNAL_QUEUE_MAX: usize = 16_384;
/// Batches in one transaction.
pub const GROUP_BATCHES_MAX: usize = 1_024;
/// A deadline handled within this of its instant is stamped with the instant itself; handled
/// later than that (the database was away, the clock jumped), with the instant of handling, so
/// that nobody's turn is eaten by an outage.
pub const LATE_MAX: Millis = 5 * SECOND;
/// An actor without a message, a watcher or an open batch for this long is retired.
pub const IDLE_RETIRE: Millis = 2 * MINUTE;
/// Deadlines further away than this are found again by the sweep instead of being kept in memory.
pub const WAKE_HORIZON: Millis = 10 * MINUTE;
/// Twice per horizon, so that no deadline falls between two sweeps.
pub const SWEEP_EVERY: Millis = WAKE_HORIZON / 2;
/// What may be due is looked at again this long after looking failed, instead of at the next sweep.
pub const LOOK_AGAIN: Millis = SECOND;
/// From a look at a class to its answer: longer than the database's own bound on a statement, so that
/// only one that does nothing at all is given up.
pub const LOOK_WITHIN: Millis = 12 * SECOND;
/// The same, for one statement that reads.
pub const READ_WITHIN: Millis = 12 * SECOND;
/// Schedules that are known to be this org's.
pub const OUR_SCHEDULES_MAX: usize = 100_000;
/// Calendars of students kept in memory.
pub const CALENDARS_MAX: usize = 200_000;

/// Answers under request keys that an actor remembers after they were stored, for those who
/// looked for them in vain just before.
pub const STORED_ANSWERS_MAX: usize = 64;

// What is kept, and for how long.
/// Answers under a request key.
pub const RECEIPT_KEPT: Millis = 48 * HOUR;
/// Notices after they were relayed: long enough to find out why somebody heard nothing.
pub const OUTBOX_KEPT: Millis = 7 * DAY;
/// Messages to WeChat and what became of them: a term, for whoever complains at its end.
pub const DELIVERY_KEPT: Millis = 180 * DAY;
/// Marks of reminders, after the class began.
pub const REMINDER_KEPT: Millis = DAY;
/// Logins after they expired, for whoever asks who was logged in.
pub const SESSION_KEPT: Millis = 30 * DAY;

// Messages in WeChat.
/// On their way at once: at a tenth of a second each, some two thousand a second.
pub const MESSAGES_AT_ONCE_MAX: usize = 256;

// Watching the server.
/// A look at the metrics.
pub const HEALTH_EVERY: Millis = 10 * SECOND;
/// Looks that are kept: an hour of them.
pub const HEALTH_SAMPLES_MAX: usize = 360;
/// What an audit that somebody waits for may take; a browser gives up after twenty seconds.
pub const AUDIT_WITHIN: Millis = 8 * SECOND;

// Sockets.
pub const SOCKET_FRAME_BYTES_MAX: usize = 16 << 10;
pub const SOCKET_TOPICS_MAX: usize = 256;
pub const SOCKET_QUEUE_MAX: usize = 256;
pub const SOCKET_AUTH_WITHIN: Millis = 5 * SECOND;
pub const SOCKET_SILENT_MAX: Millis = 90 * SECOND;
pub const SOCKET_WRITE_MAX: Millis = 10 * SECOND;
pub const TICKET_TTL: Millis = 30 * SECOND;

// Logging in.
/// Passwords checked at once; each check takes 19 MiB and a core, so this many take 152 MiB.
pub const PASSWORDS_AT_ONCE_MAX: usize = 8;
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longer than anybody's passphrase, and short enough to hash.
pub const PASSWORD_CHARS_MAX: usize = 128;
pub const USERNAME_CHARS_MIN: usize = 3;
pub const USERNAME_CHARS_MAX: usize = 32;
/// Wrong passwords from one address, whoever they are for: more is somebody who tries one password
/// on many names. A school behind one address mistypes less.
pub const FAILURES_PER_ADDRESS: Rule = Rule { at_most: 60, within: 15 * MINUTE };
/// Accounts registered from one address.
pub const REGISTRATIONS_PER_ADDRESS: Rule = Rule { at_most: 30, within: HOUR };
/// Addresses that are counted at once.
pub const COUNTED_KEYS_MAX: usize = 100_000;
/// Who logged in when and from where: half a year, as China's Cybersecurity Law asks (article 21).
pub const LOGIN_LOG_KEPT: Millis = 183 * DAY;

/// Names that no account has, after somebody last tried one.
pub const UNKNOWN_LOGIN_KEPT: Millis = 7 * DAY;

// Codes by SMS. Each message costs money, so every way to ask for one has its bounds.
pub const SMS_CODE_TTL: Millis = 5 * MINUTE;
/// Guesses at one code.
pub const SMS_TRIES_MAX: i64 = 5;
pub const SMS_RESEND: Millis = MINUTE;
/// What the providers themselves allow one number.
pub const SMS_PER_NUMBER: &[Rule] =
    &[Rule { at_most: 1, within: SMS_RESEND }, Rule { at_most: 5, within: HOUR }, Rule { at_most: 10, within: DAY }];
/// Many people share an address, at school and on mobile networks.
pub const SMS_PER_ADDRESS: &[Rule] = &[Rule { at_most: 30, within: HOUR }, Rule { at_most: 100, within: DAY }];
/// An account, and a device that tells its name.
pub const SMS_PER_ACCOUNT: &[Rule] = &[Rule { at_most: 5, within: HOUR }, Rule { at_most: 10, within: DAY }];
pub const SMS_PER_ORG: &[Rule] = &[Rule { at_most: 1_500, within: DAY }];
/// The budget: whatever else is asked for, no day costs more than this many messages.
pub const SMS_PER_DAY: &[Rule] = &[Rule { at_most: 2_000, within: DAY }];
/// Longer than the longest of these stretches.
pub const SMS_KEPT: Millis = 2 * DAY;
/// A provider that does not answer within this is given up.
pub const SMS_WITHIN: Millis = 8 * SECOND;

// Sessions.
/// Of one account; the oldest gives way. A mini-program logs in at each launch, a person on a few devices.
pub const SESSIONS_PER_ACCOUNT_MAX: i64 = 500;
pub const TOKEN_TTL: Millis = 2 * HOUR;
/// In demo mode a manual clock is moved over days in one step, and a login should outlive that.
pub const DEMO_TOKEN_TTL: Millis = 30 * DAY;
pub const REFRESH_TTL: Millis = 30 * DAY;
