foreach(name IN ITEMS decimal inbound inbound_members inbound_corpus)
  dayfour_unit_test(${name} USES dayfour_event dayfour_base)
endforeach()
