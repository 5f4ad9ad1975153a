#include "protocol/failure.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "protocol/url.h"

namespace acme::protocol {
namespace {

using Kind = Failure::Kind;

struct Meaning {
  std::string_view type;
  Kind kind;
};

// RFC 8555 section 6.7, as far as a type says more than the status does.
constexpr std::array kMeanings{
    Meaning{"userActionRequired", Kind::action_required},
    Meaning{"rateLimited", Kind::rate_limited},
    Meaning{"accountDoesNotExist", Kind::account},
    Meaning{"serverInternal", Kind::busy},
    Meaning{"badNonce", Kind::busy},  // the driver has tried again often enough
    Meaning{"connection", Kind::validation},
    Meaning{"dns", Kind::validation},
    Meaning{"incorrectResponse", Kind::validation},
    Meaning{"tls", Kind::validation},
};

const Meaning* meaning_of(std::string_view type) {
  for (const Meaning& meaning : kMeanings)
    if (meaning.type == type) return &meaning;
  return nullptr;
}

Kind kind_of_answer(int status, const Problem& problem) {
  if (status == 0) return Kind::transport;
  const Meaning* meaning = meaning_of(problem.type);
  if (meaning && meaning->kind != Kind::validation) return meaning->kind;
  if (status == 429) return Kind::rate_limited;
  if (status >= 500 || status == 408 || status == 425) return Kind::busy;
  // An account that was deactivated or revoked (RFC 8555 section 7.3.6).
  if (problem.type == "unauthorized" && (status == 401 || status == 403)) return Kind::account;
  if (status < 400 || problem.type.empty()) return Kind::malformed;
  return Kind::refused;
}

// Let's Encrypt names the page that unpauses an account within the detail.
std::string url_within(std::string_view text) {
  std::size_t at = text.find("https://");
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at);
  text = text.substr(0, text.find_first_of(" \t\r\n\"<>"));
  while (!text.empty() && std::string_view(".,;:)]}'").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return is_web_url(text) ? std::string(text) : std::string();
}

std::string url_to_open(Kind kind, const Answer& answer, const Problem& problem) {
  if (kind != Kind::action_required && kind != Kind::rate_limited) return {};
  if (!problem.instance.empty()) {
    std::optional<std::string> url = resolve(answer.url, problem.instance);
    if (url && is_web_url(*url)) return *url;
  }
  if (kind == Kind::rate_limited) return url_within(problem.detail);
  std::vector<std::string> terms = links(answer, "terms-of-service");
  return terms.empty() || !is_web_url(terms[0]) ? std::string() : terms[0];
}

}  // namespace

Failure failure_of(const Answer& answer, WallTime now) {
  Problem problem = read_problem(answer);
  Failure failure;
  failure.kind = kind_of_answer(answer.status, problem);
  failure.words = problem.in_words();
  failure.url = url_to_open(failure.kind, answer, problem);
  failure.retry_after = retry_after(answer, now).value_or(0);
  for (const Problem::Sub& sub : problem.subproblems)
    if (!sub.identifier.empty()) failure.names.push_back(printable(sub.identifier));
  return failure;
}

Failure::Kind kind_of(const Problem& problem) {
  // Within an order nothing but a validation is called unauthorized.
  if (problem.type == "unauthorized") return Kind::validation;
  const Meaning* meaning = meaning_of(problem.type);
  return meaning ? meaning->kind : Kind::refused;
}

bool Failure::can_try_another_type() const {
  return kind == Kind::validation && !validations.empty() && validations.size() == names.size() &&
         std::all_of(validations.begin(), validations.end(),
                     [](const Validation& validation) { return validation.other_left; });
}

Failure malformed(std::string what) {
  Failure failure;
  failure.kind = Kind::malformed;
  failure.words = std::move(what);
  return failure;
}

}  // namespace acme::protocol
