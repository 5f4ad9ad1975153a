// Authorizations and challenges: all are fetched at once, all challenges are
// made answerable before any is started.
#include <algorithm>

#include "base/text.h"
#include "protocol/order.h"

namespace acme::protocol {

void Order::fetch_authorizations(Stage stage, Wishes& out) {
  stage_ = stage;
  for (std::size_t i = 0; i < authorizations_.size(); ++i) {
    bool known = authorizations_[i].document.status == AuthorizationStatus::valid;
    if (stage == Stage::looking && known) continue;
    post(out, Post::What::fetch, authorizations_[i].url, Purpose::authorization, i);
  }
  if (!outstanding(Purpose::authorization)) on_authorizations_known(out);
}

// "*.example.com" for a wildcard's authorization, which names the base (RFC 8555 7.1.4);
// nothing for a name that was never ordered.
std::string Order::name_of(const AuthorizationDocument& document) const {
  auto ordered = [&](const std::string& name) {
    return std::any_of(settings_.names.begin(), settings_.names.end(),
                       [&](const std::string& n) { return equals_ignoring_case(n, name); });
  };
  std::string wild = "*." + document.identifier;
  if (!document.wildcard && ordered(document.identifier)) return document.identifier;
  return ordered(wild) ? wild : std::string();
}

void Order::on_authorization(std::size_t index, const Answer& answer, Wishes& out) {
  Authorization& authorization = authorizations_[index];
  std::optional<AuthorizationDocument> document;
  if (answer.ok()) document = read_authorization(answer.body);
  // A diagnosis makes the best of what it gets.
  if (!document && stage_ != Stage::diagnosing) {
    if (!answer.ok()) return fail_answer(answer, out);
    return fail(malformed("the CA's authorization " + printable(authorization.url) +
                          " is none: " + read_problem(answer).in_words()),
                out);
  }
  if (document) {
    authorization.name = name_of(*document);
    authorization.document = std::move(*document);
    if (authorization.name.empty() && stage_ != Stage::diagnosing)
      return fail(malformed("the CA asks to authorize a name that was not ordered: \"" +
                            printable(authorization.document.identifier) + "\""),
                  out);
    if (std::optional<std::int64_t> later = retry_after(answer, now_))
      next_look_ = std::max(next_look_, waited_ + *later * 1000);
  }
  if (!outstanding(Purpose::authorization)) on_authorizations_known(out);
}

void Order::on_authorizations_known(Wishes& out) {
  authorizations_read_ = true;
  bool failed = std::any_of(authorizations_.begin(), authorizations_.end(), [](const auto& a) {
    return a.document.status == AuthorizationStatus::invalid ||
           a.document.status == AuthorizationStatus::ended;
  });
  if (failed || stage_ == Stage::diagnosing) return fail_invalid(out);
  if (stage_ == Stage::looking) {
    stage_ = Stage::validating;
    return post(out, Post::What::fetch, order_url_, Purpose::poll);
  }
  if (choose_challenges(out)) present(out);
}

// False when the order ended for want of a challenge.
bool Order::choose_challenges(Wishes& out) {
  for (Authorization& a : authorizations_) {
    if (a.document.status == AuthorizationStatus::valid) continue;
    if (a.document.status != AuthorizationStatus::pending) {
      fail(malformed("the authorization of " + a.name + " has the unknown status \"" +
                     printable(a.document.status_text) + "\""),
           out);
      return false;
    }
    std::optional<Choice> choice = choose(a.document, preference_for(a.name));
    if (!choice || !allowed(choice->challenge->url)) {
      Failure failure;
      failure.kind = Failure::Kind::refused;
      std::vector<std::string> wanted;
      for (ChallengeType type : settings_.challenges) wanted.emplace_back(challenge_name(type));
      if (wanted.empty()) wanted.emplace_back("none that can be answered here");
      failure.words = "for " + a.name + " the CA offers " + offered(a.document) +
                      (choice ? " at a URL that is not its own" : "") + "; configured is " +
                      join(wanted, " ");
      failure.names = {a.name};
      fail(std::move(failure), out);
      return false;
    }
    a.chosen = true;
    a.type = choice->type;
    a.challenge_url = choice->challenge->url;
    a.token = choice->challenge->token;
    a.issuer_domain_names = choice->challenge->issuer_domain_names;
    a.started = choice->challenge->status == "processing";
    a.other_left = other_left(a);
  }
  return true;
}

bool Order::has_failed(const std::string& name, ChallengeType type) const {
  return std::any_of(settings_.failed.begin(), settings_.failed.end(),
                     [&](const FailedChallenge& f) { return f.name == name && f.type == type; });
}

// As configured; a wildcard can be proven in DNS alone (RFC 8555 8.3, RFC 8737 section 3).
std::vector<ChallengeType> Order::possible_for(const std::string& name) const {
  std::vector<ChallengeType> types = settings_.challenges;
  if (name.starts_with("*."))
    std::erase_if(types, [](ChallengeType type) { return !is_dns_challenge(type); });
  return types;
}

// What has failed for this name comes last.
std::vector<ChallengeType> Order::preference_for(const std::string& name) const {
  std::vector<ChallengeType> types = possible_for(name);
  std::stable_partition(types.begin(), types.end(),
                        [&](ChallengeType type) { return !has_failed(name, type); });
  return types;
}

bool Order::other_left(const Authorization& a) const {
  const std::vector<ChallengeType> types = possible_for(a.name);
  return std::any_of(types.begin(), types.end(), [&](ChallengeType type) {
    return type != a.type && !has_failed(a.name, type) && choose(a.document, {type});
  });
}

void Order::present(Wishes& out) {
  untouched_ = false;
  Present wish;
  for (const Authorization& a : authorizations_)
    if (a.chosen)
      wish.challenges.push_back({a.document.identifier, a.token, a.type, a.name.starts_with("*."),
                                 a.issuer_domain_names});
  if (wish.challenges.empty())
    return start_polling(out);  // all valid, the order is about to see it
  stage_ = Stage::presenting;
  out.push_back(std::move(wish));
}

std::vector<Wish> Order::on_presented() {
  Wishes out;
  if (stage_ != Stage::presenting) return out;
  stage_ = Stage::starting;
  for (std::size_t i = 0; i < authorizations_.size(); ++i) {
    const Authorization& a = authorizations_[i];
    if (a.chosen && !a.started)
      post(out, Post::What::start_challenge, a.challenge_url, Purpose::challenge, i);
  }
  if (!outstanding(Purpose::challenge)) start_polling(out);
  return out;
}

void Order::on_challenge(const Answer& answer, Wishes& out) {
  if (!answer.ok()) {
    Failure failure = failure_of(answer, now_);
    bool ours = failure.kind == Failure::Kind::refused ||
                failure.kind == Failure::Kind::malformed ||
                failure.kind == Failure::Kind::validation;
    if (!ours) return fail(std::move(failure), out);
    // A start that was sent twice is refused, too: the order tells which it is.
    if (!start_failure_) start_failure_ = std::move(failure);
  } else if (std::optional<std::int64_t> later = retry_after(answer, now_)) {
    start_retry_after_ = std::max(start_retry_after_.value_or(0), *later);
  }
  if (!outstanding(Purpose::challenge)) start_polling(out);
}

void Order::start_polling(Wishes& out) {
  stage_ = Stage::validating;
  Millis look = next_look_;  // what the authorizations' Retry-After said
  restart_clock();
  next_look_ = std::max(next_look_, look);
  poll_later(start_retry_after_, out);
}

}  // namespace acme::protocol
