foreach(name IN ITEMS diff render letter)
  dayfour_unit_test(${name} USES followup_words)
endforeach()
