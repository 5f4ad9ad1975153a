#include "agent/dns/providers/api.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "crypto/digest.h"

namespace acme::agent::dns {
namespace {

constexpr Millis kPauses[] = {2'000, 10'000, 30'000};  // before each further try
// The solver waits for ten minutes, and a request may take one.
constexpr Millis kLongest = 8 * kMinute * 1000;
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
  std::string words = settings_.scrubbed(trim(said));
  if (auto seconds = protocol::retry_after(answer, services_.env.now()))
    words += std::string(words.empty() ? "" : "; ") + "it wants to be asked again in " +
             std::to_string(*seconds) + " s only";
  return fail(
      denied ? Errc::refused : Errc::protocol,
      name_ + ": HTTP " + std::to_string(answer.status) + (words.empty() ? "" : ": " + words));
}

void Api::ask(Make make, Done done) {
  attempt({std::move(make), std::move(done), services_.env.boottime() + kLongest});
}

void Api::attempt(Question question) {
  HttpRequest request = question.make();
  request.trust = trust_;
  services_.http.send(
      std::move(request),
      lifetime_.guard([this, question = std::move(question)](HttpResult result) mutable {
        answered(std::move(question), std::move(result));
      }));
}

std::optional<Millis> Api::pause(const Question& question, const HttpResult& result) const {
  const auto* answer = std::get_if<protocol::Answer>(&result);
  const bool again = answer ? passes(answer->status) : std::get<HttpError>(result).worth_a_retry;
  if (!again || question.tries == std::size(kPauses)) return std::nullopt;
  Millis wait = kPauses[question.tries];
  if (answer)
    if (auto seconds = protocol::retry_after(*answer, services_.env.now()))
      wait = std::max<Millis>(*seconds * 1000, 1000);
  if (services_.env.boottime() + wait > question.until) return std::nullopt;
  return wait;
}

void Api::answered(Question question, HttpResult result) {
  const auto* answer = std::get_if<protocol::Answer>(&result);
  const std::string words = answer ? "HTTP " + std::to_string(answer->status)
                                   : settings_.scrubbed(std::get<HttpError>(result).words);
  if (auto wait = pause(question, result)) {
    services_.log.info(name_ + " is asked again in " + std::to_string(*wait / 1000) +
                       " s: " + words);
    ++question.tries;
    services_.timers.after(*wait, lifetime_.guard([this, question = std::move(question)]() mutable {
      attempt(std::move(question));
    }));
    return;
  }
  if (!answer) return question.done(fail(Errc::io, name_ + ": " + words));
  question.done(std::get<protocol::Answer>(std::move(result)));
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
