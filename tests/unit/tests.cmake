include(base.cmake)
include(event.cmake)
include(casefile.cmake)
