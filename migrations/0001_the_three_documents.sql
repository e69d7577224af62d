-- What Prosper keeps. One text for both engines; the migrator spells a few words for each: {int} a 64-bit integer,
-- {identity} a key that counts by itself, {bytes} a byte string, {text} text, {strict} the end of a table. Instants are microseconds since 1970, booleans 0 or 1.

-- The installation itself: one row.
create table installation (
    one {int} primary key check (one = 1),
    purpose {text} not null check (purpose in ('live', 'sandbox')),
    epoch {int} not null default 0,
    swept_before {int} not null default 0,
    high_water {int} not null default 0,
    clock_set {int} not null default 0,
    last_account {int} not null default 0,
    moved_to {text}
){strict};

-- The short change log that live views follow. The counter is updated last in a unit, so positions commit in order.
create table change_head (
    one {int} primary key check (one = 1),
    position {int} not null,
    timeline {bytes} not null
){strict};
insert into change_head (one, position, timeline) values (1, 0, {random});

create table changes (
    position {int} primary key,
    kind {text} not null,
    subject {bytes} not null,
    at {int} not null
){strict};

-- Sealing and hashing keys, wrapped under the master key, which is not in here.
create table ring_keys (
    id {int} primary key,
    usage {text} not null check (usage in ('seal', 'hash')),
    wrapped {bytes} not null,
    created_at {int} not null,
    retires_at {int}
){strict};

create table spaces (
    id {int} primary key,
    name {text} not null,
    folded_name {text} not null unique,
    support_email {text},
    brand {text},
    logo {bytes},
    created_at {int} not null
){strict};

create table accounts (
    id {int} primary key,
    uid {bytes} not null unique,
    space {int} not null references spaces (id),
    email {text} not null,
    folded_email {text} not null,
    name {text} not null,
    kind {text} not null check (kind in ('individual', 'institutional')),
    investor_type {text} not null,
    password {text} not null,
    status {text} not null,
    status_by {text} not null,
    status_at {int} not null,
    status_reason {text} not null default '',
    status_until {int},
    password_reset_required {int} not null default 0,
    agent {text} not null default 'none',
    epoch {int} not null default 0,
    agent_epoch {int} not null default 0,
    staff {text},
    institution {text},
    phone {text},
    created_at {int} not null
){strict};
create unique index accounts_by_email on accounts (folded_email, space);
create index accounts_by_space on accounts (space, id);
create index accounts_by_agent on accounts (agent) where agent <> 'none';
create index accounts_waiting on accounts (status_at) where status = 'pending_approval';

-- Each request for the agent role, the newest last; decided rows are the history (A-05).
create table agent_requests (
    id {identity},
    account {int} not null references accounts (id),
    form {text} not null,
    message {text} not null default '',
    further_accounts {text} not null default '',
    asked_at {int} not null,
    decided_at {int},
    decision {text},
    decided_by {text},
    reason {text} not null default ''
){strict};
create index agent_requests_by_account on agent_requests (account, id);

create table applications (
    id {bytes} primary key,
    space {int} not null references spaces (id),
    owner {int} not null references accounts (id),
    kind {text} not null,
    name {text} not null,
    phone {text},
    email {text},
    url {text},
    redirect_uris {text} not null default '',
    scopes {int} not null,
    disabled {int} not null default 0,
    require_pkce {int} not null default 0,
    send_issuer {int} not null default 0,
    logo {bytes},
    epoch {int} not null default 0,
    created_at {int} not null
){strict};
create index applications_by_owner on applications (owner, created_at);
create index applications_by_space on applications (space, created_at);

create table client_secrets (
    id {bytes} primary key,
    application {bytes} not null references applications (id) on delete cascade,
    label {text} not null,
    mac {bytes} not null,
    mac_key {int} not null,
    created_at {int} not null,
    expires_at {int},
    last_used_at {int}
){strict};
create index client_secrets_by_application on client_secrets (application, created_at);

-- Consents to Login with Prosper and grants to agents: one for each pair.
create table consents (
    id {bytes} primary key,
    account {int} not null references accounts (id),
    application {bytes} not null references applications (id) on delete cascade,
    scope {int} not null,
    terms {text} not null,
    granted_at {int} not null,
    last_used_at {int}
){strict};
create unique index consents_by_pair on consents (account, application);
create index consents_by_application on consents (application);

create table authorization_keys (
    id {bytes} primary key,
    consent {bytes} not null references consents (id) on delete cascade,
    mac {bytes} not null,
    mac_key {int} not null,
    created_at {int} not null
){strict};
create index authorization_keys_by_consent on authorization_keys (consent);

-- Consent forms that were answered: a form token works once (R-17).
create table used_forms (
    id {bytes} primary key,
    expires_at {int} not null
){strict};
create index used_forms_by_expiry on used_forms (expires_at);

-- What one password request, one use of an authorization key or one client-credentials request issued.
create table families (
    id {bytes} primary key,
    application {bytes} not null,
    account {int},
    consent {bytes},
    scope {int} not null,
    refresh_mac {bytes},
    refresh_mac_key {int},
    created_at {int} not null,
    expires_at {int} not null,
    account_epoch {int} not null,
    application_epoch {int} not null,
    agent_epoch {int} not null,
    installation_epoch {int} not null
){strict};
create index families_by_expiry on families (expires_at);

-- Codes that were used. A row that exists *is* the single use.
create table redemptions (
    code {bytes} primary key,
    application {bytes} not null,
    account {int} not null,
    used_at {int} not null,
    code_expires_at {int} not null,
    token_expires_at {int} not null,
    revoked {int} not null default 0
){strict};
create index redemptions_by_expiry on redemptions (token_expires_at);

create table sessions (
    id {bytes} primary key,
    account {int} not null references accounts (id),
    mac {bytes} not null,
    mac_key {int} not null,
    created_at {int} not null,
    seen_at {int} not null,
    expires_at {int} not null,
    account_epoch {int} not null,
    installation_epoch {int} not null,
    address {text} not null default '',
    agent {text} not null default ''
){strict};
create index sessions_by_account on sessions (account);
create index sessions_by_expiry on sessions (expires_at);

-- Wrong passwords in a row, by space and what was typed, whether such an account exists or not (T-13).
create table sign_in_failures (
    space {int} not null,
    folded_email {text} not null,
    failures {int} not null,
    locked_until {int} not null,
    at {int} not null,
    primary key (space, folded_email)
){strict};

-- Links that work once: the first staff account, a validated email address.
create table links (
    id {bytes} primary key,
    purpose {text} not null,
    account {int},
    mac {bytes} not null,
    mac_key {int} not null,
    created_at {int} not null,
    expires_at {int} not null
){strict};
create index links_by_account on links (account, purpose);

-- Mail to be sent, written with the change it tells of. Its body is sealed: it may hold a link that works.
create table outbox (
    id {identity},
    recipient {text} not null,
    subject {text} not null,
    body {bytes} not null,
    account {int},
    created_at {int} not null,
    sent_at {int},
    attempts {int} not null default 0,
    next_attempt_at {int} not null
){strict};
create index outbox_by_recipient on outbox (recipient, created_at);

create table audit (
    id {identity},
    at {int} not null,
    actor {text} not null,
    action {text} not null,
    subject {text} not null,
    before {text} not null default '',
    after {text} not null default '',
    request_id {text} not null default '',
    address {text} not null default '',
    seal {int}
){strict};
create index audit_by_subject on audit (subject, id);
create index audit_by_seal on audit (seal, id);

-- The chain over the audit log: each seal covers a batch of rows and the seal before it, under a key that is not in here.
create table audit_seals (
    number {int} primary key,
    from_id {int} not null,
    to_id {int} not null,
    row_count {int} not null,
    sealed_at {int} not null,
    mac {bytes} not null
){strict};

-- A link at which the owner of an application that staff registered draws its secret: one for each, the newest.
create table handovers (
    application {bytes} primary key references applications (id) on delete cascade,
    id {bytes} not null,
    mac {bytes} not null,
    mac_key {int} not null,
    created_at {int} not null,
    expires_at {int} not null
){strict};

-- Requests of each application and what became of them, so that its owner can look one up (W-03).
create table app_requests (
    request_id {text} primary key,
    application {bytes} not null,
    at {int} not null,
    surface {text} not null,
    outcome {text} not null,
    detail {text} not null default ''
){strict};
create index app_requests_by_application on app_requests (application, at);
create index app_requests_by_time on app_requests (at);
