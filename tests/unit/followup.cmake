foreach(name IN ITEMS diff render letter topics)
  dayfour_unit_test(${name} USES followup_words)
endforeach()
dayfour_unit_test(sink USES followup_core) # its own producers go before the archive's
