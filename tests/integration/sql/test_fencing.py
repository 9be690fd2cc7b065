"""A service may do these things only while it owns a partition or a shard, and its position is right."""
from harness import NULL, Session, case, equal, refused


def service(w, name):
    w.cluster.login(name[:3], name)
    return w.at(name[:3])


def position(w, topic):
    return w.root.run("select next_offset, epoch from intake.position where topic = '%s'" % topic)


ADVANCE = "select intake.move_positions('{0}', '{{0,1}}', '{{{1}}}', '{{{2}}}', '{{{3}}}', '{{null,null}}')"


@case
def a_batch_moves_positions_only_from_where_they_are(w):
    intake = service(w, "intake")
    intake.run("select * from intake.take_positions('swap', '{0,1}', 'one', '{0,0}')")
    intake.run(ADVANCE.format("swap", "0,0", "1,1", "5,7"))
    for believed in ("0,0", "5,0", "0,7", "6,7", "5,8"):
        refused("CT001", intake, ADVANCE.format("swap", believed, "1,1", "9,9"))
    equal(position(w, "swap"), [("5", "1"), ("7", "1")])
    intake.run(ADVANCE.format("swap", "5,7", "1,1", "6,8"))
    equal(position(w, "swap"), [("6", "1"), ("8", "1")])


@case
def a_batch_moves_positions_only_of_its_owner(w):
    intake = service(w, "intake")
    intake.run("select * from intake.take_positions('owned', '{0,1}', 'one', '{0,0}')")
    intake.run("select * from intake.take_positions('owned', '{1}', 'two', '{0}')")
    for epochs in ("1,1", "2,2", "0,2"):
        refused("CT001", intake, ADVANCE.format("owned", "0,0", epochs, "5,5"))
    equal(position(w, "owned"), [("0", "1"), ("0", "2")])
    intake.run(ADVANCE.format("owned", "0,0", "1,2", "5,5"))


TAKE = "select partition, next_offset, epoch, log_start, last_offset from intake.take_positions('{0}', '{{0,1}}', 'me', '{{{1}}}')"
MOVE = "select intake.move_positions('{0}', '{{0,1}}', '{{{1}}}', '{{{2}}}', '{{{3}}}', '{{{4}}}')"


@case
def the_first_assignment_stores_where_the_log_begins(w):
    intake = service(w, "intake")
    equal(sorted(intake.run(TAKE.format("first", "7,null"))), [("0", "7", "1", "7", NULL), ("1", NULL, "1", NULL, NULL)])
    equal(sorted(intake.run(TAKE.format("first", "5,0"))), [("0", "7", "2", "7", NULL), ("1", "0", "2", "0", NULL)])
    # A beginning beyond the position shows a loss, and is not noted.
    equal(sorted(intake.run(TAKE.format("first", "9,0"))), [("0", "7", "3", "7", NULL), ("1", "0", "3", "0", NULL)])


@case
def a_position_is_moved_with_what_holds_it(w):
    intake = service(w, "intake")
    intake.run(TAKE.format("held", "0,null"))
    look = "select next_offset, last_offset, last_digest from intake.position where topic = 'held' order by partition"
    for believed, epochs in (("-1,-1", "1,1"), ("0,0", "1,1"), ("0,-1", "1,2"), ("1,-1", "1,1")):
        refused("CT001", intake, MOVE.format("held", believed, epochs, "5,5", "null,null"))
    intake.run(MOVE.format("held", "0,-1", "1,1", "5,7", r'"\\x0a","\\x0b"'))
    equal(w.root.run(look), [("5", "4", r"\x0a"), ("7", "6", r"\x0b")])
    intake.run(MOVE.format("held", "5,7", "1,1", "8,9", r'"\\x0c",null'))
    equal(w.root.run(look), [("8", "7", r"\x0c"), ("9", "6", r"\x0b")])


NOTE = "select intake.note_ends('{0}', '{{0,1}}', '{{{1}}}', '{{{2}}}', '{{{3}}}')"


@case
def an_end_is_noted_only_where_nothing_moved(w):
    intake = service(w, "intake")
    intake.run(TAKE.format("ends", "0,null"))
    look = "select seen_end from intake.position where topic = 'ends' order by partition"
    intake.run(NOTE.format("ends", "1,2", "0,-1", "3,3"))
    equal(w.root.run(look), [("3",), (NULL,)])
    intake.run(NOTE.format("ends", "1,1", "1,-1", "4,4"))
    equal(w.root.run(look), [("3",), ("4",)])
    # A beginning up to there shows no loss, and is noted; one beyond is not.
    equal(sorted(intake.run(TAKE.format("ends", "3,5"))), [("0", "0", "2", "3", NULL), ("1", "5", "2", NULL, NULL)])
    # A row that somebody has locked is left out.
    w.root.run("begin")
    w.root.run("select from intake.position where topic = 'ends' and partition = 0 for update")
    intake.run(NOTE.format("ends", "2,2", "0,5", "6,7"))
    w.root.run("rollback")
    equal(w.root.run(look), [("3",), ("7",)])
    # Another position makes it void.
    w.cluster.login("ope", "operator")
    w.at("ope").run("select ops.set_position('ends', 0, 2)")
    equal(w.root.run("select seen_end from ops.position where topic = 'ends' order by partition"), [(NULL,), ("7",)])
    intake.run(TAKE.format("ends", "3,5"))
    equal(w.root.run(look), [(NULL,), ("7",)])


@case
def an_operator_holds_up_no_batch(w):
    intake = service(w, "intake")
    intake.run(TAKE.format("open", "0,0"))
    intake.run(MOVE.format("open", "0,0", "1,1", "5,7", r'"\\x0a","\\x0b"'))
    w.cluster.login("opr", "operator")
    operator = w.at("opr")
    operator.run("begin")
    equal(operator.run("select ops.set_position('open', 0, 2)"), [("5",)])
    intake.run("set lock_timeout = '3s'")
    intake.run(MOVE.format("open", "5,7", "1,1", "6,8", "null,null"))
    equal(sorted(intake.run(TAKE.format("open", "0,0"))), [("0", "6", "2", "0", "4"), ("1", "8", "2", "0", "6")])
    operator.run("commit")
    equal(operator.run("select partition, next_offset, owner from ops.position where topic = 'open' order by 1"),
          [("0", "2", "set by hand"), ("1", "8", "me")])
    operator.run("select ops.set_position('open', 0, 3)")
    equal(sorted(intake.run(TAKE.format("open", "0,0"))), [("0", "3", "3", "0", NULL), ("1", "8", "3", "0", "6")])
    equal(w.root.value("select count(*) from intake.position_request where topic = 'open'"), "0")


@case
def who_takes_over_waits_for_the_batch_under_way(w):
    intake = service(w, "intake")
    intake.run("select * from intake.take_positions('waits', '{0,1}', 'one', '{0,0}')")
    intake.run("begin")
    intake.run(ADVANCE.format("waits", "0,0", "1,1", "5,7"))
    other = Session(w.cluster.words, dbname=w.dbname)
    other.send("select partition, next_offset, epoch from intake.take_positions('waits', '{0,1}', 'two', '{0,0}')")
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
def a_claim_that_cannot_be_is_refused(w):
    followup = service(w, "followup")
    shard(w, 43, 1, 5, 3)
    for published in (5, 6, 90):
        refused("CT001", followup, "select followup.advance(43, 1, 5, %d, true)" % published)
    equal(state(w, 43), [("1", "5", "3"), ("4",)])


@case
def what_is_not_confirmed_is_numbered_again(w):
    followup = service(w, "followup")
    shard(w, 44, 1, 6, 3)
    refused("55000", followup, "select followup.recover(44, 1, 20)")
    w.cluster.login("opr", "operator")
    operator = w.at("opr")
    operator.run("begin")
    operator.run("select ops.recover_shard(44)")
    followup.run("set lock_timeout = '3s'")
    followup.run("select followup.advance(44, 1, 6, 3, false)")
    operator.run("commit")
    refused("CT001", followup, "select followup.recover(44, 2, 20)")
    followup.run("select followup.recover(44, 1, 20)")
    equal(state(w, 44), [("1", "22", "19"), ("20",), ("21",)])
    refused("55000", followup, "select followup.recover(44, 1, 30)")
    for position in ("7", "2", "null"):  # the database is not behind
        shard(w, 45, 1, 7, 3) if position == "7" else None
        operator.run("select ops.recover_shard(45)")
        followup.run("select followup.recover(45, 1, %s)" % position)
        equal(state(w, 45), [("1", "7", "3"), ("4",), ("5",), ("6",)])


@case
def people_somebody_else_has_worked_on_are_refused(w):
    intake = service(w, "intake")
    intake.run("select fact.check_count(2, 2)")
    refused("CT002", intake, "select fact.check_count(1, 2)")
    refused("CT002", intake, "select fact.check_count(0, 1)")


PUT = ("with w as (update fact.person p set revision = {1} + 1 where p.person_id = '{0}' and p.revision = {1} returning 1)"
       " select fact.check_count((select count(*) from w), 1)")


@case
def an_intake_that_loaded_before_a_claim_is_refused(w):
    """It has not seen what a clinician entered: as it writes the person, it must load again. So must who saw nobody."""
    intake, amy = service(w, "intake"), w.at("amy")
    look = "select revision from fact.person where person_id = '%s'"
    spell = w.spell()
    person = w.person_of(spell)
    amy.run(f"select oh.record_contact('{spell}', 'declined')")
    entry = w.fact(spell)["entry_id"]
    for entered in ("select 1", f"select oh.claim('{spell}')", f"select oh.retract({entry}, 'a mistake')",
                    f"select oh.opt_out('RW3', '{person}')", f"select oh.opt_in('RW3', '{person}')"):
        amy.run(entered)
        loaded = intake.value(look % person)
        equal(w.take_up(), [person], entered)
        refused("CT002", intake, PUT.format(person, loaded))
        intake.run(PUT.format(person, intake.value(look % person)))
    amy.run("select oh.opt_out('RW3', 'P-unseen')")
    equal(w.take_up(), ["P-unseen"])
    refused("CT002", intake, PUT.format("P-unseen", 0))
