#include "services/followup/shard/claim_core.h"

enum status claim_flush(struct claim *c, enum step next, struct err *err)
{
    states_claim(&c->state, next);
    return pg_flush(c->pg, err);
}

enum status claim_commit(struct claim *c, enum step next, struct err *err)
{
    pg_send(c->pg, &pg_commit, NULL);
    return claim_flush(c, next, err);
}
