// A CA's answers by the spoonful, and the wishes that an order makes of them.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "protocol/order.h"
#include "unit/check.h"

namespace acme::protocol {

inline constexpr WallTime kNow = 1'790'000'000;  // 2026-09-21
inline const std::string kCa = "https://ca.example";
inline const std::string kOrderUrl = kCa + "/order/1";
inline const std::string kFinalizeUrl = kCa + "/order/1/finalize";
inline const std::string kCertificateUrl = kCa + "/cert/1";
inline const std::string kPem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

inline Directory directory() {
  Directory d;
  d.new_nonce = kCa + "/new-nonce";
  d.new_account = kCa + "/new-account";
  d.new_order = kCa + "/new-order";
  d.origins = {kCa};
  return d;
}

using Headers = std::vector<Header>;

inline Answer answer(int status, std::string body = {}, Headers headers = {},
                     std::string url = kCa + "/asked") {
  return {status, std::move(url), std::move(headers), std::move(body)};
}

inline Answer problem(int status, const std::string& type, const std::string& detail,
                      Headers headers = {}) {
  Json json = Json::object();
  json.set("type", "urn:ietf:params:acme:error:" + type).set("detail", detail);
  return answer(status, json.compact(), std::move(headers));
}

// The n-th authorization is /authz/n, its challenges are /chall/n/<type>.
inline std::string authorization_url(std::size_t n) {
  return kCa + "/authz/" + std::to_string(n);
}
inline std::string challenge_url(std::size_t n, const std::string& type = "http-01") {
  return kCa + "/chall/" + std::to_string(n) + "/" + type;
}
inline std::string token(std::size_t n) {
  return "token-of-22-characters-" + std::to_string(n);
}

inline Json order_json(const std::string& status, const std::vector<std::string>& names) {
  Json json = Json::object();
  Json identifiers = Json::array();
  Json authorizations = Json::array();
  for (std::size_t i = 0; i < names.size(); ++i) {
    identifiers.append(Json::object().set("type", "dns").set("value", names[i]));
    authorizations.append(authorization_url(i));
  }
  json.set("status", status).set("identifiers", identifiers);
  json.set("authorizations", authorizations).set("finalize", kFinalizeUrl);
  if (status == "valid") json.set("certificate", kCertificateUrl);
  return json;
}

inline Answer order_answer(const std::string& status, const std::vector<std::string>& names,
                           Headers headers = {}) {
  return answer(200, order_json(status, names).compact(), std::move(headers), kOrderUrl);
}

inline Answer created(const std::string& status, const std::vector<std::string>& names) {
  return answer(201, order_json(status, names).compact(), {{"Location", kOrderUrl}});
}

inline Json challenge_json(std::size_t n, const std::string& type,
                           const std::string& status = "pending") {
  Json json = Json::object();
  json.set("type", type).set("status", status).set("url", challenge_url(n, type));
  return json.set("token", token(n));
}

inline Json authorization_json(std::size_t n, const std::string& name, const std::string& status,
                               const std::vector<std::string>& types = {"http-01"}) {
  bool wild = name.starts_with("*.");
  Json json = Json::object();
  json.set("identifier",
           Json::object().set("type", "dns").set("value", wild ? name.substr(2) : name));
  json.set("status", status);
  if (wild) json.set("wildcard", Json::boolean(true));
  Json challenges = Json::array();
  for (const std::string& type : types) challenges.append(challenge_json(n, type));
  return json.set("challenges", challenges);
}

inline Answer authorization(std::size_t n, const std::string& name, const std::string& status,
                            const std::vector<std::string>& types = {"http-01"}) {
  return answer(200, authorization_json(n, name, status, types).compact());
}

inline Answer failed_authorization(std::size_t n, const std::string& name, const std::string& type,
                                   const std::string& detail) {
  Json error = Json::object();
  error.set("type", "urn:ietf:params:acme:error:" + type).set("detail", detail);
  Json json = authorization_json(n, name, "invalid", {});
  Json challenges = Json::array();
  challenges.append(challenge_json(n, "http-01", "invalid").set("error", error));
  return answer(200, json.set("challenges", challenges).compact());
}

// ---- wishes

template <class T>
std::vector<T> all_of(const std::vector<Wish>& wishes) {
  std::vector<T> out;
  for (const Wish& wish : wishes)
    if (const T* item = std::get_if<T>(&wish)) out.push_back(*item);
  return out;
}

template <class T>
T only(const std::vector<Wish>& wishes) {
  std::vector<T> found = all_of<T>(wishes);
  CHECK_EQ(found.size(), 1);
  return found[0];
}

inline std::vector<std::string> urls(const std::vector<Wish>& wishes) {
  std::vector<std::string> out;
  for (const Post& post : all_of<Post>(wishes)) out.push_back(post.url);
  return out;
}

// An order, and the last wishes it made.
struct Bench {
  Order order;
  std::vector<std::string> names;
  std::vector<Wish> wishes;

  explicit Bench(std::vector<std::string> ordered, const std::string& order_url = {},
                 std::vector<ChallengeType> challenges = {ChallengeType::http01},
                 bool alternates = false, std::vector<FailedChallenge> failed = {})
      : order(OrderSettings{ordered, std::move(challenges), alternates, std::move(failed)},
              directory(), order_url),
        names(std::move(ordered)),
        wishes(order.begin()) {}

  // Answers the one Post that was wished for last.
  Bench& answer_with(const Answer& a) {
    Post post = only<Post>(wishes);
    wishes = order.on_answer(post.tag, a, kNow);
    return *this;
  }
  // Answers each of the Posts wished for last; what comes of the last answer counts.
  Bench& answer_all(const std::vector<Answer>& answers) {
    std::vector<Post> posts = all_of<Post>(wishes);
    CHECK_EQ(posts.size(), answers.size());
    for (std::size_t i = 0; i < posts.size(); ++i)
      wishes = order.on_answer(posts[i].tag, answers[i], kNow);
    return *this;
  }
  Bench& time_passes() {
    only<Wait>(wishes);
    wishes = order.on_timer();
    return *this;
  }
  Bench& presented() {
    only<Present>(wishes);
    wishes = order.on_presented();
    return *this;
  }

  // ---- the way to a stage, with answers as they mostly are
  Bench& create() { return answer_with(created("pending", names)); }
  Bench& authorize(const std::vector<std::string>& types = {"http-01"}) {
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < names.size(); ++i)
      answers.push_back(authorization(i, names[i], "pending", types));
    return answer_all(answers);
  }
  Bench& start() {
    presented();
    return answer_all(std::vector<Answer>(all_of<Post>(wishes).size(), answer(200, "{}")));
  }
  Bench& to_polling() {
    create().authorize();
    return start();
  }
  Bench& poll(const std::string& status, Headers headers = {}) {
    time_passes();
    return answer_with(order_answer(status, names, std::move(headers)));
  }
  Bench& to_finalize() { return to_polling().poll("ready"); }
  Bench& to_download() { return to_finalize().answer_with(order_answer("valid", names)); }
  Failure failure() const { return only<Failure>(wishes); }
};

}  // namespace acme::protocol
