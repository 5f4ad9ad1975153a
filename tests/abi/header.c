/* The public header needs nothing before it. */
#include <acmecore/acmecore.h>

/* and may be included twice */
#include <acmecore/acmecore.h>

typedef struct {
  const char *key, *httpd, *nginx;
  int scopes, least, most, repeatable;
  const char *standard, *help;
} directive;

extern const directive acme_test_directives[];
const directive acme_test_directives[] = {
#define ACME_DIRECTIVE(key, httpd, nginx, scopes, least, most, repeatable, standard, help) \
  {key, httpd, nginx, scopes, least, most, repeatable, standard, help},
#include <acmecore/directives.def>
#undef ACME_DIRECTIVE
};

/* Codes and numbers keep their meaning for ever. */
_Static_assert(ACME_OK == 0 && ACME_E_ARGUMENT == -1 && ACME_E_CONFIG == -2 &&
                   ACME_E_MEMORY == -3 && ACME_E_IO == -4 && ACME_E_NOT_FOUND == -5 &&
                   ACME_E_DAMAGED == -6 && ACME_E_UNSUPPORTED == -7 && ACME_E_BUSY == -8 &&
                   ACME_E_REFUSED == -9 && ACME_E_PROTOCOL == -10 && ACME_E_CRYPTO == -11 &&
                   ACME_E_UNSAFE == -12 && ACME_E_INTERNAL == -13,
               "a status changed its number");
_Static_assert(ACME_SERVER_NGINX == 1 && ACME_SERVER_HTTPD == 2 && ACME_AT_MAIN == 1 &&
                   ACME_AT_SITE == 2 && ACME_AT_ISSUER == 4 && ACME_SITE_TLS == 1 &&
                   ACME_SITE_OWN_CERTIFICATE == 2 && ACME_PLAN_OFF == 0 && ACME_PLAN_MANAGED == 1 &&
                   ACME_PLAN_BRIDGE == 2 && ACME_SERVING_ANYHOW == 1 && ACME_TLS_UNTOUCHED == 0 &&
                   ACME_TLS_MANAGED == 1 && ACME_TLS_PLACEHOLDER == 2,
               "a constant changed its number");
