-- What people do for themselves: open an account, reset a password, change an address, close and erase an account.

-- Who may open an individual account here: a space that was there before stays closed until somebody opens it.
alter table spaces add column sign_up {text} not null default 'closed' check (sign_up in ('open', 'invitation', 'closed'));

alter table accounts add column password_at {int};
-- When what is known of a person goes, and whether it has gone.
alter table accounts add column erase_at {int};
alter table accounts add column erased {int} not null default 0;
create index accounts_to_erase on accounts (erase_at) where erase_at is not null;

-- The address that a link is about, where that is not the account's own, and its space.
alter table links add column address {text};
alter table links add column space {int};
create index links_by_purpose on links (purpose, expires_at);
