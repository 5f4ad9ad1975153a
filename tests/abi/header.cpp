// The public header as C++ sees it: alone, twice, with C linkage.
#include <acmecore/acmecore.h>

#include <acmecore/acmecore.h>

extern "C" {
const char* (*acme_test_message)(void) = acme_error_message;
int (*acme_test_resolve)(acme_config*) = acme_config_resolve;
}
