foreach(name IN ITEMS csv rows options)
  dayfour_unit_test(${name} USES dayfour_cli_core)
endforeach()
dayfour_unit_test(kafka USES dayfour_kafka)
