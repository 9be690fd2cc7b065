add_library(nights STATIC nights.c)
target_link_libraries(nights PUBLIC dayfour_feed PRIVATE PkgConfig::CRITERION)
dayfour_target_options(nights)

foreach(name IN ITEMS feed_nights feed_ends feed_moment feed_mapping feed_table feed_rows feed_property
                      feed_state)
  dayfour_unit_test(${name} USES nights dayfour_feed)
endforeach()
