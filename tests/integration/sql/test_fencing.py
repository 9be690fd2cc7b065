"""What a service may do only while it owns a partition or a shard, and is where it believes to be."""
from harness import Session, case, equal, refused


def service(w, name):
    w.cluster.login(name[:3], name)
    return w.at(name[:3])


def position(w, topic):
    return w.root.run("select next_offset, epoch from intake.position where topic = '%s'" % topic)


ADVANCE = "select intake.advance('{0}', '{{0,1}}', '{{{1}}}', '{{{2}}}', '{{{3}}}')"


@case
def a_batch_moves_positions_only_from_where_they_are(w):
    intake = service(w, "intake")
    intake.run("select * from intake.take_over('swap', '{0,1}', 'one')")
    intake.run(ADVANCE.format("swap", "0,0", "1,1", "5,7"))
    for believed in ("0,0", "5,0", "0,7", "6,7", "5,8"):
        refused("CT001", intake, ADVANCE.format("swap", believed, "1,1", "9,9"))
    equal(position(w, "swap"), [("5", "1"), ("7", "1")])
    intake.run(ADVANCE.format("swap", "5,7", "1,1", "6,8"))
    equal(position(w, "swap"), [("6", "1"), ("8", "1")])


@case
def a_batch_moves_positions_only_of_its_owner(w):
    intake = service(w, "intake")
    intake.run("select * from intake.take_over('owned', '{0,1}', 'one')")
    intake.run("select * from intake.take_over('owned', '{1}', 'two')")
    for epochs in ("1,1", "2,2", "0,2"):
        refused("CT001", intake, ADVANCE.format("owned", "0,0", epochs, "5,5"))
    equal(position(w, "owned"), [("0", "1"), ("0", "2")])
    intake.run(ADVANCE.format("owned", "0,0", "1,2", "5,5"))


@case
def who_takes_over_waits_for_the_batch_under_way(w):
    intake = service(w, "intake")
    intake.run("select * from intake.take_over('waits', '{0,1}', 'one')")
    intake.run("begin")
    intake.run(ADVANCE.format("waits", "0,0", "1,1", "5,7"))
    other = Session(w.cluster.words, dbname=w.dbname)
    other.send("select partition, next_offset, epoch from intake.take_over('waits', '{0,1}', 'two')")
    w.wait_for_lock(other)
    intake.run("commit")
    equal(sorted(other.collect()), [("0", "5", "2"), ("1", "7", "2")])
    other.close()
    refused("CT001", intake, ADVANCE.format("waits", "5,7", "1,1", "6,8"))


def shard(w, number, epoch, next_batch, confirmed):
    w.root.run("insert into followup.shard (shard, owner, epoch, until, next_batch, confirmed_batch)"
               " values (%d, 'me', %d, 'infinity', %d, %d)" % (number, epoch, next_batch, confirmed))
    for batch in range(confirmed + 1, next_batch):
        w.root.run("insert into followup.outbox (shard, batch_no, ord, topic, headers)"
                   " values (%d, %d, 0, 't', '')" % (number, batch))


def state(w, number):
    return (w.root.run("select epoch, next_batch, confirmed_batch from followup.shard where shard = %d" % number)
            + w.root.run("select batch_no from followup.outbox where shard = %d order by 1" % number))


@case
def a_claim_is_its_owners_alone(w):
    followup = service(w, "followup")
    shard(w, 40, 7, 5, 3)
    for epoch in (6, 8, 0):
        refused("CT001", followup, "select followup.advance(40, %d, 5, 4, true)" % epoch)
        refused("CT001", followup, "select followup.advance(40, %d, 5, 4, false)" % epoch)
        refused("CT001", followup, "select followup.check_epoch(40, %d)" % epoch)
    equal(state(w, 40), [("7", "5", "3"), ("4",)])
    followup.run("select followup.check_epoch(40, 7)")


@case
def a_claim_follows_the_batch_it_believes_to_be_the_last(w):
    followup = service(w, "followup")
    shard(w, 41, 7, 5, 3)
    for following in (4, 6):
        refused("CT001", followup, "select followup.advance(41, 7, %d, 4, true)" % following)
    equal(state(w, 41), [("7", "5", "3"), ("4",)])
    followup.run("select followup.advance(41, 7, 5, 3, true)")
    equal(state(w, 41), [("7", "6", "3"), ("4",)])


@case
def a_claim_confirms_what_was_published_and_no_more(w):
    followup = service(w, "followup")
    shard(w, 42, 1, 6, 3)
    followup.run("select followup.advance(42, 1, 6, 4, true)")
    equal(state(w, 42), [("1", "7", "4"), ("5",)])
    followup.run("select followup.advance(42, 1, 7, 2, false)")
    equal(state(w, 42), [("1", "7", "4"), ("5",)], "it never goes back")


@case
def people_somebody_else_has_worked_on_are_refused(w):
    intake = service(w, "intake")
    intake.run("select fact.check_count(2, 2)")
    refused("CT002", intake, "select fact.check_count(1, 2)")
    refused("CT002", intake, "select fact.check_count(0, 1)")
