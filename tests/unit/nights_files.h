/* nights_files - pieces of the files that the tests of nights share. */
#ifndef TESTS_UNIT_NIGHTS_FILES_H
#define TESTS_UNIT_NIGHTS_FILES_H

#define HEAD "Unavailability ID,Employee Number,Assignment Number,Group,Start,End,Reason\n"
#define ONE "2026-09-08T02:00:00Z"
#define TWO "2026-09-09T02:00:00Z"
#define THREE "2026-09-10T02:00:00Z"
#define FOUR "2026-09-11T02:00:00Z"
#define FIVE "2026-09-12T02:00:00Z"
#define SIX "2026-09-13T02:00:00Z"

/* Without ids, and by shift. */
#define NO_IDS(rules)                                                                              \
    "{'source':'/roster/RW3','organisation':'RW3',"                                                \
    "'file':{'pattern':'RW3_*.csv','as_of':'name:%Y%m%d'},'extract':'full','covers_days':30,"      \
    "'columns':{'person_id':'Staff','assignment_id':'Post','category':'Type',"                     \
    "'onset_date':{'column':'From','format':'%d/%m/%Y %H:%M'},"                                    \
    "'last_day':{'column':'To','format':'%d/%m/%Y %H:%M'},"                                        \
    "'reason.code':{'column':'Why','scheme':'esr'}},'rules':{" rules "}}"
#define HEAD2 "Staff,Post,Type,From,To,Why\n"
#define OTHER "A-2,0078,78-1,Sickness,01/09/2026,,S10\n"
#define STAFF "Employee Number,Name,Mobile,Home,Left\n"

#endif
