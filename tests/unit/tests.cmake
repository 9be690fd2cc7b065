include(base.cmake)
include(event.cmake)
include(casework.cmake)
include(casefile.cmake)
