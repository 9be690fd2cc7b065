/* LD_PRELOAD: ending a client of the Kafka library never comes to an end, as where a topic was
 * deleted. DAYFOUR_TEST_HANGS names the client.id of those that hang. */
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void rd_kafka_destroy_flags(rd_kafka_t *rk, int flags)
{
    const char *name = getenv("DAYFOUR_TEST_HANGS");
    char id[64] = "";
    size_t size = sizeof id;
    const rd_kafka_conf_t *conf = rd_kafka_conf(rk);
    if (name != NULL && rd_kafka_conf_get(conf, "client.id", id, &size) == RD_KAFKA_CONF_OK &&
        strcmp(id, name) == 0) {
        for (;;) {
            (void)pause();
        }
    }
    union { /* ISO C knows no way from an object pointer to a function */
        void *found;
        void (*call)(rd_kafka_t *, int);
    } real = {.found = dlsym(RTLD_NEXT, "rd_kafka_destroy_flags")};
    real.call(rk, flags);
}
