-- Used codes are named by when they were drawn, and lie in that order: one tree, of which one end grows and the other is
-- swept, instead of a table and two indexes, one of them written all over.
create table redemptions_in_order (
    code {bytes} primary key,
    application {bytes} not null,
    account {int} not null,
    used_at {int} not null,
    code_expires_at {int} not null,
    token_expires_at {int} not null,
    revoked {int} not null default 0
){clustered};
insert into redemptions_in_order (code, application, account, used_at, code_expires_at, token_expires_at, revoked)
    select code, application, account, used_at, code_expires_at, token_expires_at, revoked from redemptions;
drop table redemptions;
alter table redemptions_in_order rename to redemptions;
