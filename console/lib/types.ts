// The shapes of the server's answers that this console reads.

export type Role = 'student' | 'teacher' | 'operator' | 'admin' | 'owner';
export type Availability = 'available' | 'pending' | 'booked' | 'blocked' | 'completed' | 'revoked';
export type Stage = 'race' | 'turn';
export type BookingStatus = 'pending' | 'confirmed' | 'cancelled' | 'completed' | 'no_show';
export type PaymentStatus = 'not_required' | 'unpaid' | 'paid' | 'refunded';
export type EntryStatus = 'waiting' | 'notified' | 'in_turn' | 'promoted' | 'cancelled' | 'expired';

export interface Page<T> {
  items: T[];
  total: number;
  page: number;
  page_size: number;
}

export interface About {
  name: string;
  version: string;
  mode: 'demo' | 'production';
  clock: 'machine' | 'manual';
  zone: string;
  server_time: string;
}

export interface User {
  id: string;
  nickname: string;
  roles: Role[];
  teacher_id?: string | null;
}

export interface LoggedIn {
  token: string;
  refresh_token: string;
  expires_in: number;
  user: User;
}

export interface LiveRound {
  stage: Stage;
  deadline: string;
}

/** The live state of a class, as snapshots and frames carry it. */
export interface ScheduleBody {
  id: string;
  course_id: string;
  course_name: string;
  starts_at: string;
  ends_at: string;
  capacity: number;
  seats_taken: number;
  seats_held: number;
  seats_offered: number;
  seats_left: number;
  availability: Availability;
  waitlist: { capacity: number; length: number; open: boolean };
  cutoff_at: string;
  rounds: LiveRound[];
  epoch: number;
  version: number;
  server_time: string;
}

/** A class as lists have it. */
export interface Slot extends ScheduleBody {
  teacher_id: string | null;
  teacher_name: string | null;
  location: string;
  course_kind: number;
  level: number;
  category: string;
  final_price_fen: number;
}

export interface Booking {
  id: string;
  booking_no: string;
  schedule_id: string;
  student_id: string;
  status: BookingStatus;
  payment_status: PaymentStatus;
  price_fen: number;
  final_price_fen: number;
  pay_deadline: string | null;
  source: string;
  starts_at: string;
  ends_at: string;
  created_at: string;
  confirmed_at: string | null;
  cancelled_at: string | null;
  cancelled_by: string | null;
  cancel_reason: string | null;
  completed_at: string | null;
}

export interface RosterBooking extends Booking {
  nickname: string;
  student_note: string | null;
  teacher_note?: string | null;
  booked_by_name: string | null;
}

export interface Offer {
  id: string;
  stage: Stage;
  sent_at: string;
  deadline: string;
  begun_at: string | null;
}

export type PassedWhy = 'time_conflict' | 'no_hours' | 'unreachable' | 'declined' | 'withdrawn';

export interface QueueEntry {
  waitlist_id: string;
  position: number;
  student_id: string;
  nickname: string;
  status: EntryStatus;
  joined_at: string;
  reachable: boolean;
  offer: Offer | null;
  passed: { at: string; why: PassedWhy; text: string } | null;
}

export interface RosterRound {
  id: string;
  stage: Stage;
  released_at: string;
  deadline: string;
  cause: string;
  turn_of: string | null;
}

export interface Roster {
  schedule: Slot;
  bookings: RosterBooking[];
  holds: { student_id: string; nickname: string; expires_at: string }[];
  queue: QueueEntry[];
  rounds: RosterRound[];
  /** False where there are too many to be listed: those first in each list are there. */
  complete: boolean;
}

export interface HistoryItem {
  version: number;
  at: string;
  event: string;
  student_id: string | null;
  nickname: string | null;
  details: Record<string, unknown>;
}

export interface Course {
  id: string;
  name: string;
  kind: number;
  tier: 'standard' | 'vip';
  level: number;
  category: string;
  duration_min: number;
  default_capacity: number;
  price_fen: number;
  hours_per_session: number | null;
  confirm_mode: 'auto' | 'teacher';
}

export interface Teacher {
  id: string;
  name: string;
}

export interface Student {
  id: string;
  nickname: string;
  relation?: string;
  account_id?: string | null;
  account_nickname?: string | null;
}

export interface Account {
  id: string;
  nickname: string;
  roles: Role[];
  disabled: boolean;
  locked_until: string | null;
  phone: string | null;
  username: string | null;
  created_at: string;
  last_login_at: string | null;
}

export interface AccountDetail extends Account {
  sessions: number;
  signature: string;
  students: Student[];
  teacher_id: string | null;
}

export interface LoginRow {
  at: string;
  method: string;
  outcome: string;
  device: string;
  address: string;
}

export interface BatchAnswer {
  created: { id: string | null; starts_at: string; ends_at: string }[];
  refused: { starts_at: string; reason: string; message: string }[];
}

export interface WaitlistSize {
  scope: 'schedule' | 'course' | 'type' | 'global';
  ref?: string;
  capacity: number;
}

export interface WaitingClass {
  schedule_id: string;
  course_name: string;
  teacher_name: string | null;
  starts_at: string;
  cutoff_at: string;
  capacity: number;
  waitlist_length: number;
  waitlist_capacity: number;
  /** Whether that was set for this class alone. */
  own_size: boolean;
  full: boolean;
  suggestion: { kind: 'raise'; capacity: number; text: string } | { kind: 'another_class'; text: string } | null;
}

export interface Waiting extends Omit<QueueEntry, 'passed'> {
  schedule_id: string;
  course_name: string;
  starts_at: string;
  waitlist_length: number;
  waitlist_capacity: number;
  passed: { at: string; reason: PassedWhy } | null;
}

export type NotificationState = 'queued' | 'sent' | 'refused' | 'failed' | 'dropped';

export interface Notification {
  id: string;
  account_id: string;
  nickname: string | null;
  schedule_id: string;
  channel: string;
  kind: string;
  title: string;
  body: string;
  template_id: string;
  state: NotificationState;
  reason: string | null;
  detail: string | null;
  attempts: number;
  happened_at: string;
  next_at: string | null;
  sent_at: string | null;
}

export interface DeliveryRate {
  kind: string;
  template_id: string;
  sent: number;
  queued: number;
  refused: number;
  failed: number;
  dropped: number;
  rate: number | null;
  mean_seconds: number | null;
  reasons: Record<string, number>;
}

export interface HealthSample {
  at: string;
  bookings: number;
  refusals: number;
  turn_p99_ms: number | null;
  commit_p99_ms: number | null;
  sockets: number;
  deadline_lag_ms: number | null;
  journal_queue: number;
}

export interface Health {
  version: string;
  started_at: string;
  server_time: string;
  database: 'sqlite' | 'postgres';
  every_ms: number;
  samples: HealthSample[];
  alerts: { name: string; text: string; since: string }[];
}

export interface AuditAnswer {
  checked: Record<string, number>;
  wrong: { schedule_id?: string | null; text: string }[];
  took_ms: number;
  /** False when time was up before everything was looked at. */
  complete: boolean;
}
