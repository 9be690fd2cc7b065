include(event.cmake)
include(casework.cmake)
