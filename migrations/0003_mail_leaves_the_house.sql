-- Mail is sent: what came of each try.
alter table outbox add column gave_up_at {int};
alter table outbox add column last_error {text} not null default '';
create index outbox_due on outbox (next_attempt_at) where sent_at is null and gave_up_at is null;
