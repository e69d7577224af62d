-- Which sessions open the staff console is kept as what it is, and no longer in front of what the browser says of itself.
alter table sessions add column console {int} not null default 0;
update sessions set console = 1, agent = substr(agent, 17) where agent like 'Staff console · %';
