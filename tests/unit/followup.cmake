foreach(name IN ITEMS diff render letter topics)
  dayfour_unit_test(${name} USES followup_words)
endforeach()
