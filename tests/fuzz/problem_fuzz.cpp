// Any answer as an error: problem document, links, Retry-After, account. What
// an operator is told is printable, and what is a number is within its bounds.
#include <cstdint>
#include <cstdlib>

#include "fuzz/answer_text.h"
#include "protocol/account.h"
#include "protocol/failure.h"
#include "protocol/url.h"

namespace {

using namespace acme;
using namespace acme::protocol;

constexpr WallTime kNow = 1'713'221'063;

void check_words(const std::string& words) {
  if (words.size() > 4096) std::abort();
  for (char c : words)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Answer answer = fuzz::answer_from(text);
  for (const char* relation : {"alternate", "up", "index", "terms-of-service"})
    for (const std::string& url : links(answer, relation))
      if (!is_plain_url_text(url)) std::abort();
  if (auto seconds = retry_after(answer, kNow); seconds && (*seconds < 0 || *seconds > kDay))
    std::abort();

  Failure failure = failure_of(answer, kNow);
  check_words(failure.words);
  if (failure.words.empty()) std::abort();
  if (!failure.url.empty() && !is_web_url(failure.url)) std::abort();
  for (const std::string& name : failure.names) check_words(name);
  check_words(read_problem_json(answer.body).in_words());

  auto account = read_account(answer, kNow);
  if (auto* made = std::get_if<Account>(&account); made && !origin(made->url)) std::abort();
  (void)origin(text);
  return 0;
}
