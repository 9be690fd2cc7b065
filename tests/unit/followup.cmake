foreach(name IN ITEMS diff render letter states topics)
  dayfour_unit_test(${name} USES followup_words)
endforeach()
dayfour_unit_test(sink USES followup_core) # its own producers go before the archive's
dayfour_unit_test(stand USES intake_core)
