// Any bytes that somebody else wrote, through what all foreign text goes through:
// the escape, URLs by both readers, base64url.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "base/url.h"
#include "crypto/digest.h"
#include "protocol/message.h"
#include "protocol/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace acme;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const std::string shown = printable(text);
  if (shown.size() > 600) std::abort();
  for (char c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) std::abort();
  // Nothing is left to escape; what was cut is cut once more.
  if (shown.size() <= 500 && printable(shown) != shown) std::abort();

  // What may be signed for is not more than what may be talked to.
  if (auto strict = https_origin(text)) {
    auto lenient = protocol::origin(text);
    if (!lenient || lower(*lenient) != *strict) std::abort();
    if (https_origin(*strict) != strict) std::abort();
  }
  if (auto url = protocol::resolve("https://ca.example/a/b", text); url && url->empty())
    std::abort();

  if (auto bytes = base64url_decode(text)) {
    auto again = base64url_decode(base64url_encode(*bytes));
    if (!again || *again != *bytes) std::abort();
  }
  return 0;
}
