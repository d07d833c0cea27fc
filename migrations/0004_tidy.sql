-- Notices that were relayed are deleted after a while: none created before this instant need be there.
alter table lease add column outbox_kept_from bigint not null default 0;
