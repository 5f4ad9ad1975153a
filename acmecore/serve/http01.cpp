// http-01 (RFC 8555 section 8.3). Asked for each request of the server, so the
// common answer, "not ours", costs a comparison.
#include "acmecore/acmecore.h"
#include "serve/serving.h"

namespace acme::serve {
namespace {

constexpr std::string_view kPrefix = ACME_HTTP01_PREFIX;
constexpr std::size_t kLongestToken = 256;

}  // namespace

Result<std::string> Serving::http01(std::string_view path) const {
  // An empty message: nothing is allocated for what is no failure.
  if (path.size() <= kPrefix.size() || path.size() > kPrefix.size() + kLongestToken ||
      !path.starts_with(kPrefix))
    return fail(Errc::not_found, {});
  return shelf_.key_authorization(path.substr(kPrefix.size()));
}

}  // namespace acme::serve
