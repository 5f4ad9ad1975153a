# A room is one folder of acmecore, built as one static library `acme_<room>`.
# Which room may include which is checked by tests/structure; here the same
# table is what they are linked with.
#
#   acme_room(store ROOMS base crypto LIBRARIES OpenSSL::Crypto)
function(acme_room name)
  cmake_parse_arguments(ARG "" "" "ROOMS;LIBRARIES;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/acmecore/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  foreach(pattern IN LISTS ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${pattern})
  endforeach()
  add_library(acme_${name} STATIC ${sources})
  target_include_directories(acme_${name} PUBLIC ${CMAKE_SOURCE_DIR}/acmecore
                                                 ${CMAKE_SOURCE_DIR}/acmecore/include)
  acme_measure(acme_${name} ${name})
  if(ACME_PRECOMPILE)
    acme_precompile(acme_${name} acme_base)
  endif()
  list(TRANSFORM ARG_ROOMS PREPEND acme_)
  target_link_libraries(acme_${name} PUBLIC ${ARG_ROOMS} ${ARG_LIBRARIES})
endfunction()

# A room's library, or a test of it, which has the code of its headers.
function(acme_measure target room)
  if(room IN_LIST ACME_COVERAGE)
    # Atomic, because tests with threads otherwise count below zero, which gcovr refuses to read.
    target_compile_options(${target} PRIVATE --coverage -fprofile-update=atomic)
  endif()
endfunction()

# The first of those that share it makes it; all of them are compiled with the same flags.
function(acme_precompile target first)
  if(target STREQUAL first)
    target_precompile_headers(${target} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
  else()
    target_precompile_headers(${target} REUSE_FROM ${first})
  endif()
endfunction()
