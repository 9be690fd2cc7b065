foreach(module err arena buf utf8 date zone json hash clock loop log conf notify)
  dayfour_unit_test(${module} USES dayfour_base)
endforeach()

dayfour_unit_test(pg_check USES dayfour_pg)
