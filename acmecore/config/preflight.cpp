#include "config/preflight.h"

#include <charconv>

#include "base/text.h"

namespace acme {
namespace {

constexpr std::string_view kPort = "port=";

}  // namespace

Result<PreflightConfig> parse_preflight(const Values& words) {
  PreflightConfig preflight;
  ACME_TRY(preflight.on, parse_switch(words.front()));
  if (words.size() == 1) return preflight;
  std::string_view text = words[1];
  if (!text.starts_with(kPort))
    return fail(Errc::invalid_config,
                "\"" + printable(text) +
                    "\" is not known here: write port=N where the CA asks for http-01 at another "
                    "port than 80, or nothing");
  text.remove_prefix(kPort.size());
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), preflight.port);
  if (error != std::errc() || end != text.data() + text.size() || preflight.port == 0)
    return fail(Errc::invalid_config, "\"" + printable(text) + "\" is no port");
  return preflight;
}

}  // namespace acme
