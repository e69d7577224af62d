-- What became of the grants on an account, for the person whose account it is; and roughly where each was given and used.
create table grant_events (
    id {identity},
    at {int} not null,
    account {int} not null references accounts (id) on delete cascade,
    application {bytes} not null,
    name {text} not null,
    step {text} not null,
    actor {text} not null,
    scope {int} not null,
    place {text} not null
){strict};
create index grant_events_by_account on grant_events (account, id);
create index grant_events_by_use on grant_events (account, application, step, id);
create index grant_events_by_age on grant_events (at);
alter table consents add column granted_from {text} not null default '';
alter table consents add column last_used_from {text} not null default '';
