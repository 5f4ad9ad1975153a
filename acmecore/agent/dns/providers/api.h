// Requests to a DNS host's API: those that may succeed a little later are tried again, errors
// come in words.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "agent/dns/providers/parts.h"
#include "base/json.h"
#include "protocol/message.h"

namespace acme::agent::dns {

class Api {
 public:
  using Make = std::function<HttpRequest()>;
  using Done = std::function<void(Result<protocol::Answer>)>;

  // `name`: whose API it is, for messages. Both outlive this.
  Api(const ProviderServices& services, const Settings& settings, std::string name);

  // `make` is called for each try. An answer is the last one, whatever its status; an error is
  // that there is none.
  void ask(Make make, Done done);

  // "Cloudflare: HTTP 403: Authentication error"; `said`: what the body has to say.
  Error failure(const protocol::Answer& answer, std::string_view said) const;

 private:
  struct Question {
    Make make;
    Done done;
    Millis until = 0;  // after which nothing is tried any more
    std::size_t tries = 0;
  };
  void attempt(Question question);
  void answered(Question question, HttpResult result);
  // How long to wait before the next try, where there is one.
  std::optional<Millis> pause(const Question& question, const HttpResult& result) const;

  const ProviderServices& services_;
  const Settings& settings_;
  std::string name_;
  std::shared_ptr<const Trust> trust_;  // by ca_certificate=
  Lifetime lifetime_;
};

// For what a host of the name servers' network sends: a small answer, from a URL that may be
// http://.
HttpRequest api_request(HttpRequest::Method method, std::string url, const Json& body = {});
Secret header_line(std::string_view name_and_beginning, std::string_view value);
Secret basic_authorization(std::string_view user, std::string_view password);
std::string url_encoded(std::string_view text);

}  // namespace acme::agent::dns
