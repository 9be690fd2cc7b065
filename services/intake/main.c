#include <stdio.h>

#include "common/log.h"
#include "common/program.h"
#include "services/intake/intake.h"

int main(int argc, char **argv)
{
    return program_main(argc, argv, "dayfour-intake", CONF_INTAKE, intake_run);
}
