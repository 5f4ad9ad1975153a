// lego's HTTP convention: POST /present and /cleanup to a service of the operator's.
#include "agent/dns/providers/api.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

class HttpReq final : public Provider {
 public:
  HttpReq(const ProviderServices& services, Settings settings, std::string endpoint)
      : services_(services),
        settings_(std::move(settings)),
        endpoint_(std::move(endpoint)),
        raw_(settings_.text("mode") == "raw"),
        api_(services_, settings_, printable(endpoint_)) {}

  void set(const TxtRecord& record, Done done) override {
    post("/present", record, std::move(done));
  }
  void remove(const TxtRecord& record, const std::string&, Done done) override {
    post("/cleanup", record, std::move(done));
  }

 private:
  void post(const std::string& path, const TxtRecord& record, Done done) {
    if (raw_ && record.key_authorization.empty())
      return call_later(
          services_.timers, lifetime_, std::move(done),
          Result<std::string>(fail(Errc::unsupported,
                                   "httpreq's raw mode needs the key authorization of " +
                                       printable(record.owner) + ", which is not known any more")));
    Json body = Json::object();
    if (raw_)
      body.set("domain", record.owner)
          .set("token", record.key_authorization.substr(0, record.key_authorization.find('.')))
          .set("keyAuth", record.key_authorization);
    else
      body.set("fqdn", record.name + ".").set("value", record.value);
    api_.ask(
        [this, path, body] {
          HttpRequest request = api_request(HttpRequest::Method::post, endpoint_ + path, body);
          if (const Secret* password = settings_.secret("password"))
            request.headers.push_back(
                basic_authorization(settings_.text("username"), password->view()));
          return request;
        },
        [this, done = std::move(done)](Result<protocol::Answer> answer) {
          if (!answer) return done(std::move(answer).error());
          if (!answer->ok()) return done(api_.failure(*answer, answer->body));
          done(std::string());
        });
  }

  const ProviderServices services_;
  const Settings settings_;
  const std::string endpoint_;
  const bool raw_;
  Api api_;
  Lifetime lifetime_;
};

}  // namespace

Made make_httpreq(const ProviderServices& services, Settings settings) {
  ACME_TRY(std::string endpoint, settings.required("endpoint"));
  return Made(std::make_unique<HttpReq>(services, std::move(settings), std::move(endpoint)));
}

}  // namespace acme::agent::dns
