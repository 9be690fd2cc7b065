include(event.cmake)
