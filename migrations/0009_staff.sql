-- Who the staff are is asked at each start and by the console; without this all accounts are read for it.
create index accounts_of_staff on accounts (id) where staff is not null;
