/* Both functions judge the library's finished configuration, so that aliases and defaults count
 * too. kafka_conf_new() calls kafka_check_transport() for every client. Nothing here connects. */
#include "common/kafka/kafka_check.h"

#include <stdio.h>
#include <string.h>

#include "common/kafka/kafka.h"
#include "common/runtime/transport.h"

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* As the library has it in the end: aliases and defaults included. */
static void property(const rd_kafka_conf_t *rconf, const char *name, char *out, size_t size)
{
    out[0] = '\0';
    (void)rd_kafka_conf_get(rconf, name, out, &size);
}

static enum status insecure(const char *name, const char *why, struct err *err)
{
    return err_set(err, STATUS_FATAL, "config",
                   "kafka.prop.%s: %s; set allow_insecure = true to do it all the same", name, why);
}

enum status kafka_check_transport(const rd_kafka_conf_t *rconf, const struct conf *c,
                                  struct err *err)
{
    if (c->allow_insecure || transport_all_local(c->kafka_brokers)) {
        return STATUS_OK;
    }
    char value[64];
    property(rconf, "security.protocol", value, sizeof value);
    if (strcmp(value, "ssl") != 0 && strcmp(value, "sasl_ssl") != 0) {
        return insecure("security.protocol",
                        "must be ssl or sasl_ssl with brokers on other machines", err);
    }
    property(rconf, "enable.ssl.certificate.verification", value, sizeof value);
    if (strcmp(value, "true") != 0) {
        return insecure("enable.ssl.certificate.verification",
                        "must be true with brokers on other machines", err);
    }
    property(rconf, "ssl.endpoint.identification.algorithm", value, sizeof value);
    if (strcmp(value, "https") != 0) {
        return insecure("ssl.endpoint.identification.algorithm",
                        "must be https with brokers on other machines", err);
    }
    return STATUS_OK;
}

enum status kafka_check(const struct conf *c, char warning[KAFKA_WARNING], struct err *err)
{
    rd_kafka_conf_t *rconf = NULL;
    warning[0] = '\0';
    enum status s = kafka_conf_new(&rconf, c, "dayfour-check", NULL, true, err);
    if (s != STATUS_OK) {
        return s;
    }
    char protocol[64];
    char mechanism[64];
    property(rconf, "security.protocol", protocol, sizeof protocol);
    property(rconf, "sasl.mechanisms", mechanism, sizeof mechanism);
    if (starts(protocol, "sasl") && starts(mechanism, "SCRAM") &&
        rd_kafka_version() < KAFKA_SCRAM_MENDED) {
        (void)snprintf(warning, KAFKA_WARNING,
                       "kafka.prop.sasl.mechanism: %s of librdkafka %s is refused by current"
                       " brokers; use certificates, or librdkafka 2.6.1 or later",
                       mechanism, rd_kafka_version_str());
    }
    rd_kafka_conf_destroy(rconf);
    return STATUS_OK;
}
