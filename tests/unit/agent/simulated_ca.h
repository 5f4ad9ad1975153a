// A CA with Let's Encrypt's limits, for orders of many names; with outages, and names that are
// dead or forbidden. For simulation.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/registered_domain.h"
#include "base/text.h"
#include "unit/agent/world.h"

namespace acme::test {

// Let's Encrypt's own bucket, in seconds with fractions.
struct TokenBucket {
  double full_at = 0;
  bool has_room(const RateLimit& limit, double now) const {
    return !limit.limits() || std::max(full_at, now) + step(limit) <= now + period(limit) + 1e-9;
  }
  void spend(const RateLimit& limit, double now) {
    if (limit.limits()) full_at = std::max(full_at, now) + step(limit);
  }
  static double period(const RateLimit& limit) { return static_cast<double>(limit.period); }
  static double step(const RateLimit& limit) { return period(limit) / limit.count; }
};

class SimulatedCa {
 public:
  struct Name {
    std::string name;
    std::string status = "pending";
  };
  struct Order {
    std::vector<Name> names;
    std::string status = "pending";
    bool renewal = false;
  };
  struct Pending {
    Millis at;
    HttpRequest request;
    HttpCallback done;
  };
  // What it suggests for a certificate (RFC 9773): its last third, or a time that is past.
  struct Certificate {
    WallTime not_before = 0;
    WallTime not_after = 0;
    WallTime revoked_from = 0;  // it is going to be revoked, and was told so then; 0: it is not
  };
  enum class State { works, unreachable, errors, limits };  // limits: newOrder is answered by 429

  SimulatedCa(FakeEnv& env, std::string base) : base(std::move(base)), env_(env) {}

  const std::string base;
  RateLimits limits;
  std::function<State()> state = [] { return State::works; };
  std::set<std::string> dead;       // names that do not resolve
  std::set<std::string> forbidden;  // names that it does not issue for
  std::map<int, Order> orders;
  std::map<std::string, Certificate> certificates;  // by ARI id, as far as somebody put them in
  std::size_t made = 0;
  std::size_t issued = 0;
  std::size_t limited = 0;  // requests beyond the limits: must stay 0
  std::map<std::string, int> failed_validations;
  std::vector<Pending> pending;

  HttpResult answer(const HttpRequest& request) {
    State now = state();
    if (now == State::unreachable) return HttpError{"connection refused", false, true};
    if (now == State::errors) return answer_of(500, "serverInternal", "out of order");
    if (now == State::limits && request.url == base + "/new-order")
      return problem(429, "rateLimited", "so says the CA", 1800);
    Answer given = serve(request.url.substr(base.size()), request);
    given.url = request.url;
    return given;
  }

 private:
  double seconds() const { return static_cast<double>(env_.boot) / 1000; }

  Answer json(int status, const Json& body) {
    Answer out;
    out.status = status;
    out.body = body.compact();
    out.headers.push_back({"Content-Type", "application/json"});
    out.headers.push_back({"Replay-Nonce", "nonce" + std::to_string(++last_nonce_)});
    return out;
  }
  Answer problem(int status, const char* type, const std::string& detail, double wait = 0) {
    Answer out = answer_of(status, type, detail);
    out.headers.push_back({"Replay-Nonce", "nonce" + std::to_string(++last_nonce_)});
    if (wait > 0)
      out.headers.push_back({"Retry-After", std::to_string(static_cast<int>(std::ceil(wait)))});
    return out;
  }

  Answer serve(const std::string& path, const HttpRequest& request) {
    if (path == "/directory")
      return json(200, Json::object()
                           .set("newNonce", base + "/nonce")
                           .set("newAccount", base + "/account")
                           .set("renewalInfo", base + "/ari")
                           .set("newOrder", base + "/new-order"));
    if (path == "/nonce") return json(200, Json::object());
    if (path.starts_with("/ari/")) return renewal_info(path.substr(5));
    Json body = REQUIRE_OK(Json::parse(request.body));
    if (path == "/account") {
      Answer out = json(201, Json::object().set("status", "valid"));
      out.headers.push_back({"Location", base + "/account/1"});
      return out;
    }
    if (path == "/new-order") return new_order(body["names"]);
    const std::vector<std::string> parts = split(path.substr(1), '/');
    const int id = std::stoi(parts.at(1));
    if (!orders.contains(id)) return problem(404, "malformed", "no such order");
    Order& order = orders[id];
    if (parts[0] == "order") return order_answer(id, 200);
    if (parts[0] == "finalize") return finalize(id, order);
    if (parts[0] == "cert") {
      Answer out = json(200, Json::object());
      out.body = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
      return out;
    }
    Name& name = order.names.at(static_cast<std::size_t>(std::stoi(parts.at(2))));
    if (parts[0] == "chall" && body["what"].text_or("") == "challenge") validate(order, name);
    return parts[0] == "chall" ? json(200, challenge(id, parts[2], name))
                               : json(200, authorization(id, parts[2], name));
  }

  Answer renewal_info(const std::string& id) {
    auto found = certificates.find(id);
    if (found == certificates.end()) return problem(404, "malformed", "no such certificate");
    const Certificate& certificate = found->second;
    WallTime start = certificate.not_after - (certificate.not_after - certificate.not_before) / 3;
    if (certificate.revoked_from != 0) start = certificate.revoked_from - kDay;
    Answer out = json(
        200, Json::object().set("suggestedWindow", Json::object()
                                                       .set("start", format_rfc3339(start))
                                                       .set("end", format_rfc3339(start + kHour))));
    out.headers.push_back({"Retry-After", "86400"});
    return out;
  }

  static std::string key_of(const Order& order) {
    std::string key;
    for (const Name& name : order.names) key += name.name + " ";
    return key;
  }
  static std::set<std::string> domains_of(const Order& order) {
    std::set<std::string> out;
    for (const Name& name : order.names) out.insert(agent::registered_domain(name.name));
    return out;
  }

  Answer new_order(const Json& names) {
    Order order;
    for (const Json& name : names.items()) {
      order.names.push_back({name.text_or("")});
      if (forbidden.contains(order.names.back().name))
        return problem(403, "rejectedIdentifier", "policy forbids " + order.names.back().name);
    }
    const double now = seconds();
    order.renewal = known_.contains(key_of(order));
    bool room = orders_.has_room(limits.orders, now) &&
                sets_[key_of(order)].has_room(limits.duplicates, now);
    if (!order.renewal)
      for (const std::string& domain : domains_of(order))
        room = room && domains_[domain].has_room(limits.certificates, now);
    if (!room) {
      ++limited;
      return problem(429, "rateLimited", "too many of something", 3600);
    }
    orders_.spend(limits.orders, now);
    ++made;
    const int id = ++last_order_;
    orders[id] = std::move(order);
    Answer out = order_answer(id, 201);
    out.headers.push_back({"Location", base + "/order/" + std::to_string(id)});
    return out;
  }

  void validate(Order& order, Name& name) {
    if (name.status != "pending") return;
    name.status = dead.contains(name.name) ? "invalid" : "valid";
    if (name.status == "invalid") {
      order.status = "invalid";
      ++failed_validations[name.name];
    }
    if (order.status == "pending" &&
        std::all_of(order.names.begin(), order.names.end(),
                    [](const Name& each) { return each.status == "valid"; }))
      order.status = "ready";
  }

  Answer finalize(int id, Order& order) {
    if (order.status == "ready") {
      order.status = "valid";
      ++issued;
      const double now = seconds();
      TokenBucket& same = sets_[key_of(order)];
      if (!same.has_room(limits.duplicates, now)) ++limited;
      same.spend(limits.duplicates, now);
      if (!order.renewal) {
        for (const std::string& domain : domains_of(order)) {
          if (!domains_[domain].has_room(limits.certificates, now)) ++limited;
          domains_[domain].spend(limits.certificates, now);
        }
      }
      known_.insert(key_of(order));
    }
    return order_answer(id, 200);
  }

  Answer order_answer(int id, int status) {
    const Order& order = orders[id];
    const std::string number = std::to_string(id);
    Json identifiers = Json::array();
    Json authorizations = Json::array();
    for (std::size_t i = 0; i < order.names.size(); ++i) {
      identifiers.append(Json::object().set("type", "dns").set("value", order.names[i].name));
      authorizations.append(base + "/authz/" + number + "/" + std::to_string(i));
    }
    Json body = Json::object();
    body.set("status", order.status)
        .set("identifiers", std::move(identifiers))
        .set("authorizations", std::move(authorizations))
        .set("finalize", base + "/finalize/" + number);
    if (order.status == "valid") body.set("certificate", base + "/cert/" + number);
    return json(status, body);
  }
  Json challenge(int id, const std::string& index, const Name& name) {
    Json out = Json::object();
    out.set("type", "http-01")
        .set("url", base + "/chall/" + std::to_string(id) + "/" + index)
        .set("token", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa" + std::to_string(id) + "-" + index)
        .set("status", name.status);
    if (name.status == "invalid")
      out.set("error", Json::object()
                           .set("type", "urn:ietf:params:acme:error:dns")
                           .set("detail", "NXDOMAIN looking up A for " + name.name));
    return out;
  }
  Json authorization(int id, const std::string& index, const Name& name) {
    return Json::object()
        .set("status", name.status)
        .set("identifier", Json::object().set("type", "dns").set("value", name.name))
        .set("challenges", Json::array().append(challenge(id, index, name)));
  }

  FakeEnv& env_;
  int last_order_ = 0;
  int last_nonce_ = 0;
  TokenBucket orders_;
  std::map<std::string, TokenBucket> domains_;
  std::map<std::string, TokenBucket> sets_;
  std::set<std::string> known_;
};

}  // namespace acme::test
