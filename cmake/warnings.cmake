# Warnings are errors; sanitizers and coverage are switches.
add_compile_options(-Wall -Wextra -Wpedantic -Werror -fstack-protector-strong)
# The library lives in a DSO that httpd unloads: no STB_GNU_UNIQUE symbols.
add_compile_options($<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)
add_compile_definitions($<$<AND:$<NOT:$<CONFIG:Debug>>,$<STREQUAL:${ACME_SANITIZE},>>:_FORTIFY_SOURCE=2>)
if(ACME_SANITIZE)
  add_compile_options(-fsanitize=${ACME_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ACME_SANITIZE})
endif()
if(ACME_COVERAGE)
  add_compile_options(--coverage -O0)
  add_link_options(--coverage)
endif()
