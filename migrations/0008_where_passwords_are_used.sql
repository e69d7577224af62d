-- The networks from which an application was given tokens for its owner's password: the first time from each is mailed.
create table password_networks (
    application {bytes} not null,
    network {text} not null,
    first_at {int} not null,
    last_at {int} not null,
    primary key (application, network)
){clustered};
create index password_networks_by_age on password_networks (last_at);
