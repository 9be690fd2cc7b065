#include "common/program.h"
#include "services/followup/followup.h"

int main(int argc, char **argv)
{
    return program_main(argc, argv, "dayfour-followup", CONF_FOLLOWUP, followup_run);
}
