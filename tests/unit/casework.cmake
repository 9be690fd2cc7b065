add_library(scene STATIC scene.c)
target_link_libraries(scene PUBLIC dayfour_casework PRIVATE PkgConfig::CRITERION)
dayfour_target_options(scene)
target_compile_definitions(scene PRIVATE SOURCE_DIR="${PROJECT_SOURCE_DIR}")

foreach(name IN ITEMS settings wording pathway calendar apply period_peers derive task task_ends entry timeline
                      timeline_ends prompts hr scenarios properties)
  dayfour_unit_test(${name} USES scene dayfour_casework)
endforeach()
