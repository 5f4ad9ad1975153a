// How an order ends when it does not end well.
#include <algorithm>

#include "base/text.h"
#include "protocol/order.h"

namespace acme::protocol {
namespace {

using Kind = Failure::Kind;
constexpr std::size_t kNamesInWords = 5;

// The CA or this machine is in trouble, or the CA waits for something: more requests would not
// help.
bool is_trouble(Kind kind) {
  return kind == Kind::busy || kind == Kind::transport || kind == Kind::rate_limited ||
         kind == Kind::account || kind == Kind::action_required || kind == Kind::environment ||
         kind == Kind::dns;
}

// A name that does not resolve, or that the CA may not issue for, cannot be proven in any way.
bool fails_every_type(const Problem& problem) {
  return problem.type == "dns" || problem.type == "caa" || problem.type == "rejectedIdentifier";
}

// This CA may not issue for the name, however it is proven.
bool is_forbidden(const AuthorizationDocument& document) {
  for (const auto& challenge : document.challenges)
    if (challenge.error)
      return challenge.error->type == "caa" || challenge.error->type == "rejectedIdentifier";
  return false;
}

// "http-01: unauthorized: The key authorization file …"
std::string reason(const AuthorizationDocument& document) {
  for (const auto& challenge : document.challenges)
    if (challenge.error)
      return printable(challenge.type.substr(0, 40)) + ": " + challenge.error->in_words();
  return "the authorization is " + printable(document.status_text) + ", without a reason";
}

// Many names share the room of one log line.
std::string in_one_line(const std::vector<std::string>& parts) {
  std::size_t shown = std::min(parts.size(), kNamesInWords);
  std::size_t room = shown == 1 ? std::string::npos : 1000 / std::max<std::size_t>(shown, 1);
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i != 0) out += "; ";
    out += parts[i].size() > room ? printable(parts[i].substr(0, room)) + "…" : parts[i];
  }
  if (shown < parts.size()) out += "; and " + std::to_string(parts.size() - shown) + " more";
  return out;
}

}  // namespace

void Order::fail_answer(const Answer& answer, Wishes& out) {
  fail(failure_of(answer, now_), out);
}

void Order::fail(Failure failure, Wishes& out) {
  bool trouble = is_trouble(failure.kind);
  failure.order_kept = keep_after(failure);
  bool order_is_to_blame =
      dead_ || failure.kind == Kind::account || (!trouble && failure.kind != Kind::local);
  failure.order_gone = untouched_ && !failure.order_kept && order_is_to_blame;
  if (!trouble && !failure.order_kept) deactivate_pending(out);
  asked_.clear();
  waiting_ = false;
  stage_ = Stage::ended;
  out.push_back(std::move(failure));
}

// An order is worth a second try when its own state is not what failed: it was
// paid for with the CA's rate limits, and once finalized it is a certificate.
bool Order::keep_after(const Failure& failure) const {
  if (order_url_.empty() || dead_ || failure.kind == Kind::account) return false;
  switch (failure.kind) {
    case Kind::transport:
    case Kind::rate_limited:
    case Kind::action_required:
    case Kind::dns:          // the CA has not looked
    case Kind::environment:  // what is issued waits at the CA until there is room for it
      return true;
    case Kind::busy:
      return !resumed_ || untouched_;  // an order that stays stuck is given up
    default:
      break;
  }
  bool finalized =
      stage_ == Stage::issuing || stage_ == Stage::downloading || stage_ == Stage::installing;
  // An answer that cannot be read may have been that of a certificate.
  finalized |= stage_ == Stage::finalizing && failure.kind == Kind::malformed;
  return finalized && !resumed_;
}

void Order::deactivate_pending(Wishes& out) {
  for (const Authorization& a : authorizations_)
    if (a.document.status == AuthorizationStatus::pending)
      out.push_back(Post{Post::What::deactivate, a.url, ++last_tag_});
}

// Which challenge failed: the one that was chosen, or, where an earlier run did
// that, the one that says so.
void Order::note_validation(const Authorization& a, Failure& failure) const {
  std::optional<ChallengeType> type;
  if (a.chosen) type = a.type;
  for (const auto& challenge : a.document.challenges) {
    if (!challenge.error && challenge.status != "invalid") continue;
    if (challenge.error && fails_every_type(*challenge.error)) return;
    if (!type) type = parse_challenge_type(challenge.type);
  }
  if (type && !a.name.empty()) failure.validations.push_back({a.name, *type, a.other_left});
}

// The order is invalid: which names failed, and why, in the CA's words.
void Order::fail_invalid(Wishes& out) {
  dead_ = true;
  Failure failure;
  failure.kind = Kind::validation;
  std::vector<std::string> parts;
  bool validated = false;
  for (const Authorization& a : authorizations_) {
    AuthorizationStatus status = a.document.status;
    if (status != AuthorizationStatus::invalid && status != AuthorizationStatus::ended) continue;
    std::string name = a.name.empty() ? printable(a.document.identifier) : a.name;
    failure.names.push_back(name);
    parts.push_back(name + ": " + reason(a.document));
    validated |= status == AuthorizationStatus::invalid;
    failure.forbidden |= is_forbidden(a.document);
    if (status == AuthorizationStatus::invalid) note_validation(a, failure);
  }
  if (!validated) failure.kind = order_error_ ? kind_of(*order_error_) : Kind::refused;
  if (order_error_ && parts.empty()) {
    parts.push_back(order_error_->in_words());
    for (const Problem::Sub& sub : order_error_->subproblems)
      if (!sub.identifier.empty()) failure.names.push_back(printable(sub.identifier));
  }
  failure.words =
      parts.empty() ? "the CA made the order invalid without saying why" : in_one_line(parts);
  fail(std::move(failure), out);
}

}  // namespace acme::protocol
