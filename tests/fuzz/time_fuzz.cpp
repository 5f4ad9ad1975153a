// Any bytes as a point in time, as CAs and stores write them: refused, or a time
// that is written and read again as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/time.h"
#include "protocol/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace acme;
  constexpr WallTime kNow = 1'713'221'063;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto time = parse_rfc3339(text)) {
    auto again = parse_rfc3339(format_rfc3339(*time));
    if (!again || *again != *time) std::abort();
  }
  if (auto time = parse_http_date(text)) {
    if (format_rfc3339(*time).empty()) std::abort();
    if (format_relative(*time - kNow).empty()) std::abort();
  }
  protocol::Answer answer;
  answer.status = 429;
  answer.headers.push_back({"Retry-After", std::string(text)});
  if (auto seconds = protocol::retry_after(answer, kNow);
      seconds && (*seconds < 0 || *seconds > kDay))
    std::abort();
  return 0;
}
