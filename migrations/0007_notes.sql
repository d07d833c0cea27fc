-- A class is loaded, and its roster told, by its bookings.
create index bookings_by_schedule on bookings (schedule_id, created_at);
-- What the teacher notes of a student, for the teachers and the staff.
alter table bookings add column teacher_note text;
