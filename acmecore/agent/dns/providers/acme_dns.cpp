// acme-dns: a name server for challenges alone, to which `_acme-challenge.…` is an alias. Each
// name has its registration there, whose last two values are served.
#include <algorithm>
#include <optional>
#include <vector>

#include "agent/dns/providers/api.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

// As lego, acme-dns-client and acme-dns-certbot keep them.
struct Registration {
  std::string owner;  // "example.com"
  std::string fulldomain;
  std::string subdomain;
  Secret username;
  Secret password;
  std::string server;  // without a final slash; empty: base_url=
};

std::string name_in(const Json& json) {
  std::string name = lower(json.text_or(""));
  while (name.ends_with('.')) name.pop_back();
  return name;
}

Result<std::vector<Registration>> read_registrations(std::string_view text) {
  auto json = Json::parse(text);
  if (!json || !json->is_object())
    return fail(Errc::invalid_config,
                "registrations= is no JSON object with a registration for each name");
  std::vector<Registration> out;
  for (const std::string& key : json->keys()) {
    const Json entry = (*json)[key];
    Registration one;
    one.owner = lower(key);
    one.fulldomain = name_in(entry["fulldomain"]);
    one.subdomain = entry["subdomain"].text_or("");
    one.username = Secret(entry["username"].text_or(""));
    one.password = Secret(entry["password"].text_or(""));
    one.server = entry["server_url"].text_or("");
    while (one.server.ends_with('/')) one.server.pop_back();
    if (one.subdomain.empty() || one.username.empty() || one.password.empty())
      return fail(Errc::invalid_config, "the registration of " + printable(key) +
                                            " has no username, password or subdomain");
    out.push_back(std::move(one));
  }
  return out;
}

class AcmeDns final : public Provider {
 public:
  AcmeDns(const ProviderServices& services, Settings settings,
          std::vector<Registration> registrations)
      : services_(services),
        settings_(std::move(settings)),
        registrations_(std::move(registrations)),
        api_(services_, settings_, "acme-dns") {}

  void set(const TxtRecord& record, Done done) override {
    const auto registration = registration_for(record);
    if (!registration)
      return call_later(services_.timers, lifetime_, std::move(done),
                        Result<std::string>(registration.error()));
    update(**registration, record, std::move(done));
  }
  // The next two values push it out.
  void remove(const TxtRecord&, const std::string&, Done done) override {
    call_later(services_.timers, lifetime_, std::move(done), Result<std::string>(std::string()));
  }
  std::size_t values_at_a_time() const override { return 2; }

 private:
  // Where the alias leads to says it best.
  Result<const Registration*> registration_for(const TxtRecord& record) const {
    const Registration* found = nullptr;
    for (const Registration& one : registrations_)
      if (one.fulldomain == record.name || (!found && one.owner == record.owner)) {
        found = &one;
        if (one.fulldomain == record.name) break;
      }
    const std::string owner = printable(record.owner);
    if (!found)
      return fail(Errc::not_found, "acme-dns has no registration for " + owner +
                                       " in registrations=: register the name, and add it");
    if (!found->fulldomain.empty() && found->fulldomain != record.name)
      return fail(Errc::invalid_config, "the challenge of " + owner + " leads to " +
                                            printable(record.name) + ", but is registered as " +
                                            printable(found->fulldomain) +
                                            ": make _acme-challenge." + owner + " a CNAME of that");
    if (found->server.empty() && !settings_.has("base_url"))
      return fail(Errc::invalid_config, "the registration of " + owner +
                                            " has no server_url: write base_url= of the acme-dns "
                                            "server");
    return found;
  }

  void update(const Registration& registration, const TxtRecord& record, Done done) {
    Json body = Json::object();
    body.set("subdomain", registration.subdomain).set("txt", record.value);
    const std::string base =
        registration.server.empty() ? settings_.text("base_url") : registration.server;
    api_.ask(
        [&registration, base, body] {
          HttpRequest request = api_request(HttpRequest::Method::post, base + "/update", body);
          request.headers.push_back(header_line("X-Api-User: ", registration.username.view()));
          request.headers.push_back(header_line("X-Api-Key: ", registration.password.view()));
          return request;
        },
        [this, owner = record.owner, done = std::move(done)](Result<protocol::Answer> answer) {
          if (!answer) return done(std::move(answer).error());
          if (answer->ok()) return done(std::string());
          auto body = Json::parse(answer->body);
          Error error = api_.failure(*answer, body ? (*body)["error"].text_or("") : "");
          error.message += ", when setting the record of " + printable(owner);
          if (error.code == Errc::refused)
            error.message +=
                ": username and password of its registration are wrong, or it is for "
                "other addresses (allowfrom)";
          done(std::move(error));
        });
  }

  const ProviderServices services_;
  const Settings settings_;
  const std::vector<Registration> registrations_;
  Api api_;
  Lifetime lifetime_;
};

}  // namespace

Made make_acme_dns(const ProviderServices& services, Settings settings) {
  const Secret* text = settings.secret("registrations");
  if (!text) return fail(Errc::invalid_config, "the DNS provider acme-dns has no registrations=");
  ACME_TRY(std::vector<Registration> registrations, read_registrations(text->view()));
  for (const Registration& one : registrations) {
    settings.add_secret(one.username.view());
    settings.add_secret(one.password.view());
  }
  return Made(std::make_unique<AcmeDns>(services, std::move(settings), std::move(registrations)));
}

}  // namespace acme::agent::dns
