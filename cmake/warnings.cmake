# Warnings are errors; sanitizers and coverage are switches.
add_compile_options(-Wall -Wextra -Wpedantic -Werror -fstack-protector-strong)
# The library lives in a DSO that httpd unloads: no STB_GNU_UNIQUE symbols.
add_compile_options($<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)
if(NOT ACME_SANITIZE)
  add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
if(ACME_SANITIZE)
  add_compile_options(-fsanitize=${ACME_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ACME_SANITIZE})
  add_compile_definitions(ACME_SANITIZED)
endif()
if(ACME_COVERAGE)
  # Atomic, because tests with threads otherwise count below zero, which gcovr refuses to read.
  add_compile_options(--coverage -O0 -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
