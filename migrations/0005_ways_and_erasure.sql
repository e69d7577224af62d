-- Where somebody goes on to who opened an account on the way to an application: a path of ours, kept beside the link.
alter table links add column leads_to {text};

-- What of a row of the log is sealed as a salted digest rather than as it stands, so that it can be withheld later: the
-- salt of a row that has all of it, or what is left of one that has not.
alter table audit add column salt {bytes};
alter table audit add column withheld {bytes};
create index audit_by_actor on audit (actor, id);

-- Of calls that went well there is one row a minute: how many they were, and the id of the last.
alter table app_requests add column calls {int} not null default 0;
