// Cloudflare's API (v4): the zone's id by its name, a record made, the same deleted by its id.
// One token may do all, or a second one reads the zones; or there is the account's global key.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/dns/providers/api.h"
#include "base/text.h"

namespace acme::agent::dns {
namespace {

using protocol::Answer;
using Method = HttpRequest::Method;

constexpr std::string_view kBaseUrl = "https://api.cloudflare.com/client/v4";
constexpr std::int64_t kTtl = 120;
// Its error codes: a record like it is there; none of that id.
constexpr std::int64_t kThere[] = {81057, 81058};
constexpr std::int64_t kGone[] = {81044};

template <std::size_t N>
bool has_code(const Json& body, const std::int64_t (&codes)[N]) {
  for (const Json& error : body["errors"].items())
    if (std::find(std::begin(codes), std::end(codes), error["code"].number_or(0)) !=
        std::end(codes))
      return true;
  return false;
}

// "10000 Authentication error"
std::string errors_in_words(const Json& body) {
  std::vector<std::string> all;
  for (const Json& error : body["errors"].items())
    all.push_back(std::to_string(error["code"].number_or(0)) + " " +
                  error["message"].text_or("without a word"));
  return join(all, "; ");
}

// Becomes a part of a URL.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

// The API shows a TXT record's text with or without quotes, as it was made.
std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    return text.substr(1, text.size() - 2);
  return text;
}

class Cloudflare final : public Provider {
 public:
  Cloudflare(const ProviderServices& services, Settings settings)
      : services_(services),
        settings_(std::move(settings)),
        api_(services_, settings_, "Cloudflare"),
        base_(settings_.text("base_url", kBaseUrl)),
        ttl_(settings_.number("ttl", kTtl)) {}

  void set(const TxtRecord& record, Done done) override {
    with_zone(record.zone, [this, record, done = std::move(done)](Result<std::string> zone) {
      if (!zone) return done(std::move(zone).error());
      create(record, *zone, done);
    });
  }

  void remove(const TxtRecord& record, const std::string& id, Done done) override {
    const std::size_t slash = id.find('/');
    if (slash != std::string::npos && is_id(id.substr(0, slash)) && is_id(id.substr(slash + 1)))
      return erase(record, id.substr(0, slash), {id.substr(slash + 1)}, std::move(done));
    with_zone(record.zone, [this, record, done = std::move(done)](Result<std::string> zone) {
      if (!zone) return done(std::move(zone).error());
      find(record, *zone, done);
    });
  }

 private:
  using ZoneDone = std::function<void(Result<std::string>)>;
  struct Zone {
    std::string id;  // empty: being looked for
    std::vector<ZoneDone> waiting;
  };

  HttpRequest request(Method method, const std::string& path, const Json& body,
                      std::string_view token) const {
    HttpRequest out = api_request(method, base_ + path, body);
    if (const Secret* secret = settings_.secret(token)) {
      out.headers.push_back(header_line("Authorization: Bearer ", secret->view()));
    } else if (const Secret* key = settings_.secret("key")) {
      out.headers.push_back(header_line("X-Auth-Email: ", settings_.text("email")));
      out.headers.push_back(header_line("X-Auth-Key: ", key->view()));
    }
    return out;
  }
  void ask(Method method, std::string path, Json body, std::string_view token, Api::Done done) {
    api_.ask([this, method, path = std::move(path), body = std::move(body),
              token] { return request(method, path, body, token); },
             std::move(done));
  }
  Error failure(const Answer& answer, const Json& body, const std::string& what,
                const std::string& permission) const {
    Error error = api_.failure(answer, errors_in_words(body));
    error.message += ", when " + what;
    if (error.code == Errc::refused)
      error.message += settings_.has("key")
                           ? ": is the global key that of " + settings_.text("email") + "?"
                           : ": the token needs the permission " + permission;
    return error;
  }

  // ---- the zone's id

  void with_zone(const std::string& name, ZoneDone done) {
    if (settings_.has("zone_id"))
      return call_later(services_.timers, lifetime_, std::move(done),
                        Result<std::string>(settings_.text("zone_id")));
    Zone& zone = zones_[name];
    if (!zone.id.empty())
      return call_later(services_.timers, lifetime_, std::move(done), Result<std::string>(zone.id));
    zone.waiting.push_back(lifetime_.guard(std::move(done)));
    if (zone.waiting.size() > 1) return;
    ask(Method::get, "/zones?name=" + url_encoded(name) + "&per_page=50", {},
        settings_.has("zone_token") ? "zone_token" : "token",
        [this, name](Result<Answer> answer) { found_zone(name, read_zone(name, answer)); });
  }

  Result<std::string> read_zone(const std::string& name, const Result<Answer>& answer) const {
    if (!answer) return answer.error();
    auto parsed = Json::parse(answer->body);
    const Json body = parsed ? *parsed : Json();
    if (!answer->ok() || !body["success"].truth())
      return failure(*answer, body, "looking for the zone " + printable(name),
                     "Zone / Zone / Read (for zone_token=, where there is one)");
    std::vector<Json> zones;
    for (const Json& zone : body["result"].items())
      if (equals_ignoring_case(zone["name"].text_or(""), name)) zones.push_back(zone);
    if (zones.size() > 1)  // one account's zone serves, another's of that name may wait
      std::erase_if(zones, [](const Json& zone) { return zone["status"].text_or("") != "active"; });
    if (zones.size() != 1)
      return fail(Errc::not_found,
                  body["result"].items().size() > 1
                      ? "Cloudflare shows several zones " + printable(name) +
                            ": give the right one's id by zone_id= (and its name by zone=)"
                      : "Cloudflare shows no zone " + printable(name) +
                            " to this token: is it in the account, and has the token the "
                            "permission Zone / Zone / Read for it?");
    std::string id = zones.front()["id"].text_or("");
    if (!is_id(id)) return fail(Errc::protocol, "Cloudflare shows a zone without a sound id");
    return id;
  }

  void found_zone(const std::string& name, const Result<std::string>& id) {
    Zone& zone = zones_[name];
    const std::vector<ZoneDone> waiting = std::exchange(zone.waiting, {});
    if (id) zone.id = *id;
    for (const ZoneDone& done : waiting) done(id);
  }

  // ---- its records

  void create(const TxtRecord& record, const std::string& zone, Done done) {
    Json body = Json::object();
    body.set("type", "TXT").set("name", record.name).set("content", record.value);
    body.set("ttl", ttl_);
    ask(Method::post, "/zones/" + zone + "/dns_records", body, "token",
        [this, record, zone, done = std::move(done)](Result<Answer> answer) {
          done(created(record, zone, answer));
        });
  }

  Result<std::string> created(const TxtRecord& record, const std::string& zone,
                              const Result<Answer>& answer) const {
    if (!answer) return answer.error();
    auto parsed = Json::parse(answer->body);
    const Json body = parsed ? *parsed : Json();
    if (has_code(body, kThere)) return std::string();  // to be found by its name
    if (!answer->ok() || !body["success"].truth())
      return failure(*answer, body, "setting " + printable(record.name),
                     "Zone / DNS / Edit for " + printable(record.zone));
    const std::string id = body["result"]["id"].text_or("");
    return is_id(id) ? zone + "/" + id : std::string();
  }

  void find(const TxtRecord& record, const std::string& zone, Done done) {
    ask(Method::get,
        "/zones/" + zone + "/dns_records?type=TXT&name=" + url_encoded(record.name) +
            "&per_page=100",
        {}, "token", [this, record, zone, done = std::move(done)](Result<Answer> answer) mutable {
          if (!answer) return done(std::move(answer).error());
          auto parsed = Json::parse(answer->body);
          const Json body = parsed ? *parsed : Json();
          if (!answer->ok() || !body["success"].truth())
            return done(failure(*answer, body, "looking for " + printable(record.name),
                                "Zone / DNS / Edit for " + printable(record.zone)));
          std::vector<std::string> ids;
          for (const Json& found : body["result"].items())
            if (unquoted(found["content"].text_or("")) == record.value &&
                is_id(found["id"].text_or("")))
              ids.push_back(found["id"].text_or(""));
          if (ids.empty()) return done(std::string());
          erase(record, zone, std::move(ids), std::move(done));
        });
  }

  // One after the other, the last one first.
  void erase(const TxtRecord& record, const std::string& zone, std::vector<std::string> ids,
             Done done) {
    const std::string path = "/zones/" + zone + "/dns_records/" + ids.back();
    ids.pop_back();
    ask(Method::del, path, {}, "token",
        [this, record, zone, ids = std::move(ids),
         done = std::move(done)](Result<Answer> answer) mutable {
          if (!answer) return done(std::move(answer).error());
          auto parsed = Json::parse(answer->body);
          const Json body = parsed ? *parsed : Json();
          const bool gone = answer->status == 404 || has_code(body, kGone);
          if (!gone && (!answer->ok() || !body["success"].truth()))
            return done(failure(*answer, body, "removing " + printable(record.name),
                                "Zone / DNS / Edit for " + printable(record.zone)));
          if (ids.empty()) return done(std::string());
          erase(record, zone, std::move(ids), std::move(done));
        });
  }

  const ProviderServices services_;
  const Settings settings_;
  Api api_;
  const std::string base_;
  const std::int64_t ttl_;
  std::map<std::string, Zone> zones_;  // by name
  Lifetime lifetime_;
};

}  // namespace

Made make_cloudflare(const ProviderServices& services, Settings settings) {
  if (!settings.has("token") && !(settings.has("email") && settings.has("key")))
    return fail(Errc::invalid_config, "the DNS provider cloudflare has no token");
  return Made(std::make_unique<Cloudflare>(services, std::move(settings)));
}

}  // namespace acme::agent::dns
