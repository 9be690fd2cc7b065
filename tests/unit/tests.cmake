include(base.cmake)
include(event.cmake)
