-- With the organisation first, this index looked to a planner without statistics as good for a person's records as
-- the primary key, and made each look-up a walk over the whole organisation. A record's own id comes first.
drop index fact.absence_record;
create unique index absence_record on fact.absence (absence_id, source, organisation);
