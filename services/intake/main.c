#include "common/kafka/kafka_check.h"
#include "common/pg/pg.h"
#include "common/runtime/program.h"
#include "services/intake/intake.h"

_Static_assert(KAFKA_WARNING == PROGRAM_WARNING, "one is handed on as the other");

static enum status check(const struct conf *c, char warning[PROGRAM_WARNING], struct err *err)
{
    const struct pg_options o = {.dsn = c->pg_dsn, .allow_insecure = c->allow_insecure};
    enum status s = kafka_check(c, warning, err);
    return s == STATUS_OK ? pg_check_transport(&o, err) : s;
}

int main(int argc, char **argv)
{
    return program_main(argc, argv, "dayfour-intake", CONF_INTAKE, check, intake_run);
}
