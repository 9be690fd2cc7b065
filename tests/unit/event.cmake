foreach(name IN ITEMS decimal frozen inbound inbound_members inbound_corpus)
  dayfour_unit_test(${name} USES dayfour_event dayfour_base)
endforeach()
