foreach(name IN ITEMS text decimal frozen inbound inbound_members inbound_corpus)
  dayfour_unit_test(${name} USES dayfour_event dayfour_base)
endforeach()
