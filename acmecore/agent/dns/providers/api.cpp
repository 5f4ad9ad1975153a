#include "agent/dns/providers/api.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "crypto/digest.h"

namespace acme::agent::dns {
namespace {

constexpr Millis kPauses[] = {2'000, 10'000, 30'000};  // before each further try
constexpr std::int64_t kLongestHold = 5 * kMinute;
constexpr std::size_t kMostAnswerBytes = 256 * 1024;

bool passes(int status) {
  return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

}  // namespace

Api::Api(const ProviderServices& services, const Settings& settings, std::string name)
    : services_(services), settings_(settings), name_(std::move(name)) {
  if (settings_.has("ca_certificate"))
    trust_ = std::make_shared<const Trust>(Trust{settings_.text("ca_certificate"), true});
}

Error Api::failure(const protocol::Answer& answer, std::string_view said) const {
  const bool denied = answer.status == 401 || answer.status == 403;
  const std::string words = settings_.scrubbed(trim(said));
  return fail(
      denied ? Errc::refused : Errc::protocol,
      name_ + ": HTTP " + std::to_string(answer.status) + (words.empty() ? "" : ": " + words));
}

void Api::attempt(Make make, Done done, std::size_t tries) {
  HttpRequest request = make();
  request.trust = trust_;
  services_.http.send(std::move(request),
                      lifetime_.guard([this, make = std::move(make), done = std::move(done),
                                       tries](HttpResult result) mutable {
                        answered(std::move(make), std::move(done), tries, std::move(result));
                      }));
}

void Api::answered(Make make, Done done, std::size_t tries, HttpResult result) {
  const auto* answer = std::get_if<protocol::Answer>(&result);
  const auto* error = std::get_if<HttpError>(&result);
  const bool again =
      tries < std::size(kPauses) && (answer ? passes(answer->status) : error->worth_a_retry);
  Millis pause = again ? kPauses[tries] : 0;
  if (again && answer)
    if (auto seconds = protocol::retry_after(*answer, services_.env.now())) {
      if (*seconds > kLongestHold)
        return done(failure(
            *answer, "it wants to be asked again in " + std::to_string(*seconds) + " s only"));
      pause = std::max<Millis>(*seconds * 1000, 1000);
    }
  if (!again) {
    if (answer) return done(std::get<protocol::Answer>(std::move(result)));
    return done(fail(Errc::io, name_ + ": " + settings_.scrubbed(error->words)));
  }
  services_.log.info(
      name_ + " is asked again in " + std::to_string(pause / 1000) + " s: " +
      (answer ? "HTTP " + std::to_string(answer->status) : settings_.scrubbed(error->words)));
  services_.timers.after(pause, lifetime_.guard([this, make = std::move(make),
                                                 done = std::move(done), tries]() mutable {
    attempt(std::move(make), std::move(done), tries + 1);
  }));
}

HttpRequest api_request(HttpRequest::Method method, std::string url, const Json& body) {
  HttpRequest request;
  request.method = method;
  request.plain_http = url.starts_with("http://");
  request.url = std::move(url);
  request.content_type = "application/json";
  request.most_body_bytes = kMostAnswerBytes;
  if (body.present()) request.body = body.compact();
  return request;
}

Secret header_line(std::string_view name_and_beginning, std::string_view value) {
  Secret line(name_and_beginning.size() + value.size());
  std::memcpy(line.data(), name_and_beginning.data(), name_and_beginning.size());
  if (!value.empty())
    std::memcpy(line.data() + name_and_beginning.size(), value.data(), value.size());
  return line;
}

Secret basic_authorization(std::string_view user, std::string_view password) {
  const Secret both = header_line(std::string(user) + ":", password);
  std::string text = base64url_encode(both.span());
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.resize((text.size() + 3) / 4 * 4, '=');
  Secret line = header_line("Authorization: Basic ", text);
  explicit_bzero(text.data(), text.size());
  return line;
}

std::string url_encoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

}  // namespace acme::agent::dns
