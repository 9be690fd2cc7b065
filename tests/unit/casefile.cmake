dayfour_unit_test(ahead USES scene dayfour_casefile)
dayfour_unit_test(brake USES dayfour_casefile)
dayfour_unit_test(caseload USES dayfour_casefile)
