// A provider for a DNS host that there is not; docs/DNS_PROVIDERS.md shows this file.
#pragma once

#include "agent/dns/providers/api.h"

namespace acme::agent::dns {

class Example final : public Provider {
 public:
  Example(const ProviderServices& services, Settings settings)
      : services_(services),
        settings_(std::move(settings)),
        api_(services_, settings_, "Example") {}

  void set(const TxtRecord& record, Done done) override {
    Json body = Json::object();
    body.set("type", "TXT").set("name", record.name).set("text", record.value);
    ask(HttpRequest::Method::post, "/zones/" + url_encoded(record.zone) + "/records", body,
        [this, done = std::move(done)](Result<protocol::Answer> answer) {
          if (!answer) return done(std::move(answer).error());
          if (!answer->ok()) return done(api_.failure(*answer, answer->body));
          auto json = Json::parse(answer->body);  // what remove() gets again
          done(json ? (*json)["id"].text_or("") : std::string());
        });
  }

  void remove(const TxtRecord& record, const std::string& id, Done done) override {
    ask(HttpRequest::Method::del,
        "/zones/" + url_encoded(record.zone) + "/records/" + url_encoded(id), {},
        [this, done = std::move(done)](Result<protocol::Answer> answer) {
          if (!answer) return done(std::move(answer).error());
          const bool gone = answer->ok() || answer->status == 404;
          done(gone ? Result<std::string>(std::string()) : api_.failure(*answer, answer->body));
        });
  }

 private:
  void ask(HttpRequest::Method method, const std::string& path, const Json& body, Api::Done done) {
    api_.ask(
        [this, method, path, body] {  // for each try
          HttpRequest request = api_request(method, "https://dns.example" + path, body);
          request.headers.push_back(
              header_line("Authorization: Bearer ", settings_.secret("token")->view()));
          return request;
        },
        std::move(done));
  }

  const ProviderServices services_;
  const Settings settings_;
  Api api_;
};

}  // namespace acme::agent::dns
