-- Moves that were left halfway are looked for again and again.
create index bookings_moved on bookings (moved_from) where moved_from is not null;
