"""What holds effects to once, taken out one at a time: the guard, what is changed (file, text, what it becomes),
and the tests that must notice, the likeliest first. A test is FOLDER.FILE.CASE; of a model, models.NAME."""
CORE, MORE = "schemas/sql/0001_core.sql", "schemas/sql/0006_followup_more.sql"
LANE, RECOVER, INTAKE = "services/intake/lane.c", "services/intake/recover.c", "services/intake/intake.c"
SHARD, PRODUCER, SINK = ("services/followup/%s.c" % name for name in ("shard", "producer", "sink"))
CLAIM, LEDGER = "services/followup/claim.c", "services/followup/ledger.c"
PG, KAFKA = "common/pg.c", "common/kafka.c"

GUARDS = [
    # --- in
    {"guard": "a batch moves a position only from where it is",
     "changes": [(CORE, "p.partition = v.part and p.next_offset = v.ex and p.epoch = v.ep",
                  "p.partition = v.part and p.epoch = v.ep")],
     "tests": ["sql.fencing.a_batch_moves_positions_only_from_where_they_are"]},
    {"guard": "a batch moves a position only under its owner's epoch",
     "changes": [(CORE, "p.partition = v.part and p.next_offset = v.ex and p.epoch = v.ep",
                  "p.partition = v.part and p.next_offset = v.ex")],
     "tests": ["e2e.outages.a zombie only the database knows",
               "sql.fencing.a_batch_moves_positions_only_of_its_owner"]},
    {"guard": "who is fenced is told: a position that did not move fails the batch",
     "changes": [(CORE, "if n <> cardinality(in_partitions) then", "if false then")],
     "tests": ["sql.fencing.a_batch_moves_positions_only_from_where_they_are"]},
    {"guard": "a take-over raises the epoch",
     "changes": [(CORE, "update intake.position p set epoch = p.epoch + 1, owner",
                  "update intake.position p set owner")],
     "tests": ["sql.fencing.a_batch_moves_positions_only_of_its_owner"]},
    {"guard": "a position moves in the transaction of its effects",
     "changes": [(LANE, "        s = position_send_advance(l->pg, around->topic, l->advances, l->n_advances, err);\n    }\n"
                  "    l->first_load_result = 2;",
                  "        s = position_send_advance(l->pg, around->topic, l->advances, l->n_advances, err);\n    }\n"
                  "    if (s == STATUS_OK) {\n        s = pg_send(l->pg, &pg_commit, NULL, err);\n    }\n"
                  "    if (s == STATUS_OK) {\n        s = pg_send(l->pg, &pg_begin, NULL, err);\n    }\n"
                  "    l->first_load_result = 4;")],
     "tests": ["e2e.crash.intake.loaded"]},
    {"guard": "after any failure it reads on from the stored position, not from where it was",
     "changes": [(RECOVER, "        make_room(in, p[i].partition);\n",
                  "        make_room(in, p[i].partition);\n"
                  "        if (p[i].next_offset < in->progress[p[i].partition].next_offset) {\n"
                  "            p[i].next_offset = in->progress[p[i].partition].next_offset;\n        }\n"),
                 (RECOVER, ".committed = p[i].next_offset,",
                  ".committed = in->progress[p[i].partition].committed > 0\n"
                  "        ? in->progress[p[i].partition].committed : p[i].next_offset,")],
     "tests": ["e2e.outages.sessions cut again and again"]},
    {"guard": "a failed batch is done again from its start",
     "changes": [(LANE, "    l->tries++;\n", "    l->tries++;\n    if (why == STATUS_RETRY && l->take > 1) {\n"
                  "        l->from++;\n        l->take--;\n    }\n")],
     "tests": ["e2e.refusals.intake, records refused"]},
    {"guard": "of a batch done in halves the second follows the first",
     "changes": [(LANE, "    return l->from + l->take < l->storing->n;", "    return l->storing == NULL;")],
     "tests": ["e2e.refusals.all but what cannot be stored"]},
    {"guard": "an error of the server's own is no bad message",
     "changes": [(PG, 'strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0) {\n        return STATUS_REJECT;',
                  'strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 ||\n'
                  '        strcmp(state, "53100") == 0) {\n        return STATUS_REJECT;'),
                 (PG, 'strncmp(state, "53", 2) == 0 ||', 'strcmp(state, "53300") == 0 ||')],
     "tests": ["e2e.refusals.intake, records refused"]},
    {"guard": "only what is stored is told to the group, and moves the position",
     "changes": [(LANE, "    apply_messages(l, around);\n    caseload_derive",
                  "    if (l->tries == 0) {\n        apply_messages(l, around);\n    }\n    caseload_derive")],
     "tests": ["e2e.refusals.intake, records refused", "e2e.outages.rows locked"]},
    {"guard": "a dead letter is stored with the position that passes it",
     "changes": [(LANE, "        s = position_send_dead(l->pg, around->topic, m, l->take, around->now, err);",
                  "        s = l->tries > 0 ? STATUS_OK\n"
                  "            : position_send_dead(l->pg, around->topic, m, l->take, around->now, err);")],
     "tests": ["e2e.refusals.intake, records refused", "e2e.refusals.intake, dead letters refused"]},
    {"guard": "what is handed over from before an assignment is not taken",
     "changes": [(INTAKE, "    if (!p->held || m->offset < p->next_offset) {", "    if (!p->held) {")],
     "tests": ["e2e.refusals.messages handed over again"]},
    # --- out
    {"guard": "a claim is stored only under its owner's epoch",
     "changes": [(MORE, "s.shard = in_shard and s.epoch = in_epoch and s.next_batch = in_next",
                  "s.shard = in_shard and s.next_batch = in_next")],
     "tests": ["sql.fencing.a_claim_is_its_owners_alone"]},
    {"guard": "a claim follows the batch it believes to be the last",
     "changes": [(MORE, "s.shard = in_shard and s.epoch = in_epoch and s.next_batch = in_next",
                  "s.shard = in_shard and s.epoch = in_epoch")],
     "tests": ["sql.fencing.a_claim_follows_the_batch_it_believes_to_be_the_last"]},
    {"guard": "a batch is confirmed only once it is known to be out",
     "changes": [(SHARD, "    around->published = settled ? s->published : s->confirmed;",
                  "    around->published = s->next_batch - 1;\n    (void)settled;")],
     "tests": ["e2e.doubt.a batch waits while cases are derived"]},
    {"guard": "a claim made ahead does not confirm the batch on its way",
     "changes": [(SHARD, "    around->published = settled ? s->published : s->confirmed;",
                  "    around->published = (settled ? s->published : s->confirmed) + (want == WANT_AHEAD ? 1 : 0);")],
     "tests": ["e2e.kill_matrix.produced", "e2e.kill_matrix.flushed"]},
    {"guard": "the topic's position is what recovery goes by, not the database alone",
     "changes": [(SHARD, "        ready(s, position - 1);\n        return STATUS_OK;",
                  "        ready(s, s->confirmed);\n        return STATUS_OK;")],
     "tests": ["e2e.followup.crashed_published"]},
    {"guard": "the position goes out in the transaction of the records",
     "changes": [(PRODUCER, "    if (s == STATUS_OK) {\n        s = send_position(p, position, end, err);\n    }",
                  "    if (s == STATUS_OK && n == 0) {\n        s = send_position(p, position, end, err);\n    }")],
     "tests": ["e2e.followup.crashed_published"]},
    {"guard": "a transaction whose end is not known counts neither as done nor as not done",
     "changes": [(PRODUCER, "        if (s == STATUS_RETRY && is_over(p, end, &s, err) && timed_out(err)) {\n"
                  "            s = STATUS_RESYNC;\n        }",
                  "        if (s == STATUS_RETRY && is_over(p, end, &s, err) && timed_out(err)) {\n"
                  "            s = STATUS_OK;\n        }")],
     "tests": ["e2e.doubt.the end of a transaction is lost"]},
    {"guard": "a producer whose transaction ended in doubt is not used again",
     "changes": [(SINK, "    if (r->status != STATUS_OK) {\n        producer_close(k->producer);\n"
                  "        k->producer = NULL;\n    }",
                  "    if (r->status != STATUS_OK && k->order == SINK_OPEN) {\n"
                  "        producer_close(k->producer);\n        k->producer = NULL;\n    }"),
                 (SINK, "    producer_close(k->producer);\n    k->producer = NULL;\n    const struct producer_options o",
                  "    if (k->producer != NULL) {\n"
                  "        r->status = producer_position(k->producer, &r->position, &r->err);\n        return;\n    }\n"
                  "    const struct producer_options o")],
     "tests": ["unit.sink.a_producer_whose_transaction_ended_in_doubt_is_done_with",
               "e2e.doubt.the end of a transaction is asked for twice"]},
    {"guard": "a producer within whose transaction a connection broke is not used again",
     "changes": [(PRODUCER, "    if (!p->shaken) {", "    if (true) {")],
     "tests": ["e2e.doubt.the end of a transaction is asked for twice"]},
    {"guard": "the position is read as committed",
     "changes": [(PRODUCER, "rd_kafka_AdminOptions_set_require_stable_offsets(o, 1)",
                  "rd_kafka_AdminOptions_set_require_stable_offsets(o, 0)")],
     "tests": ["e2e.doubt.only committed positions count"]},
    {"guard": "a position ahead of what the lease said is looked at again",
     "changes": [(SHARD, "        if (r.position > s->next_batch) {", "        if (false) {")],
     "tests": ["e2e.sleepers.wakes to a topic that is ahead"]},
    {"guard": "what was frozen is published again as it is",
     "changes": [(SHARD, "    if (s->kafka == KAFKA_READY && !s->have_batch && unpublished_batches(s)) {\n"
                  "        return WANT_READ;\n    }", "")],
     "tests": ["e2e.followup.crashed_claimed"]},
    {"guard": "a dead letter that was published is not published again",
     "changes": [(LEDGER, '"update intake.dead_letter d set published_batch = $4"',
                  '"update intake.dead_letter d set published_batch = null where $4::int8 is null and false"')],
     "tests": ["e2e.followup.whole"]},
    {"guard": "people somebody else has worked on meanwhile are done again",
     "changes": [(CORE, "    if in_found <> in_expected then", "    if false then")],
     "tests": ["sql.fencing.people_somebody_else_has_worked_on_are_refused"]},
]
