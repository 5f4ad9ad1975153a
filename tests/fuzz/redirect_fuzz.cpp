// What a stranger names in Location: where it leads is a host and a port, or nowhere.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/preflight/web_place.h"
#include "protocol/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace acme;
  const std::string target(reinterpret_cast<const char*>(data), size);
  auto url = protocol::resolve("http://example.com/.well-known/acme-challenge/token", target);
  auto place = url ? agent::web_place(*url) : std::nullopt;
  if (!place) return 0;
  if (place->host.empty() || place->host.find_first_of("/?#@\r\n ") != std::string::npos)
    std::abort();
  return 0;
}
