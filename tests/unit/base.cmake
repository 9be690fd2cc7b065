foreach(module err arena buf utf8 shown date zone hash base64)
  dayfour_unit_test(${module} USES dayfour_base)
endforeach()

dayfour_unit_test(json USES dayfour_json)

foreach(module clock loop log conf notify helper web_key)
  dayfour_unit_test(${module} USES dayfour_runtime)
endforeach()

dayfour_unit_test(pg_check USES dayfour_pg)
dayfour_unit_test(pg_pipeline USES dayfour_pg)
