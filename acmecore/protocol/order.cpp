#include "protocol/order.h"

#include <algorithm>

#include "base/text.h"
#include "protocol/ari.h"
#include "protocol/url.h"

namespace acme::protocol {
namespace {

// The order's identifiers are ours, in any order; a CA that lists none is believed.
bool same_names(const std::vector<std::string>& ours, std::vector<std::string> theirs) {
  if (theirs.empty()) return true;
  std::vector<std::string> wanted;
  for (const std::string& name : ours) wanted.push_back(lower(name));
  std::sort(wanted.begin(), wanted.end());
  std::sort(theirs.begin(), theirs.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  theirs.erase(std::unique(theirs.begin(), theirs.end()), theirs.end());
  return wanted == theirs;
}

}  // namespace

Order::Order(OrderSettings settings, const Directory& directory, std::string order_url)
    : settings_(std::move(settings)),
      directory_(directory),
      order_url_(std::move(order_url)),
      resumed_(!order_url_.empty()),
      untouched_(resumed_) {}

std::vector<Wish> Order::begin() {
  Wishes out;
  if (resumed_) {
    stage_ = Stage::resuming;
    post(out, Post::What::fetch, order_url_, Purpose::resume);
  } else if (settings_.profile.required && profile().empty()) {
    Failure failure;
    failure.kind = Failure::Kind::refused;
    failure.words = missing_profile() + ", and it is required";
    fail(std::move(failure), out);
  } else {
    create(out);
  }
  return out;
}

// `replaces` only for a CA that lists renewalInfo (RFC 9773 section 5).
void Order::create(Wishes& out) {
  stage_ = Stage::creating;
  settings_.replaces = settings_.replaces && !directory_.renewal_info.empty();
  post(out, Post::What::new_order, directory_.new_order, Purpose::create);
  std::get<Post>(out.back()).replaces = settings_.replaces;
}

std::vector<Wish> Order::on_answer(std::uint32_t tag, const Answer& answer, WallTime now) {
  Wishes out;
  auto found = asked_.find(tag);
  if (found == asked_.end()) return out;  // a late answer, or that of a deactivation
  Asked asked = found->second;
  asked_.erase(found);
  now_ = now;
  dispatch(asked, answer, out);
  return out;
}

void Order::dispatch(const Asked& asked, const Answer& answer, Wishes& out) {
  switch (asked.purpose) {
    case Purpose::create:
      return on_created(answer, out);
    case Purpose::resume:
      return on_resumed(answer, out);
    case Purpose::poll:
      return on_polled(answer, out);
    case Purpose::authorization:
      return on_authorization(asked.index, answer, out);
    case Purpose::challenge:
      return on_challenge(answer, out);
    case Purpose::finalize:
      return on_finalized(answer, out);
    case Purpose::chain:
      return on_chain(asked.index, answer, out);
  }
}

std::vector<Wish> Order::on_refused(const std::string& why, bool passes) {
  Failure failure;
  failure.kind = passes ? Failure::Kind::environment : Failure::Kind::local;
  failure.words = printable(why);
  return on_failed(std::move(failure));
}

std::vector<Wish> Order::on_failed(Failure failure) {
  Wishes out;
  if (stage_ != Stage::ended) fail(std::move(failure), out);
  return out;
}

std::vector<Wish> Order::on_installed() {
  if (stage_ != Stage::installing) return {};
  stage_ = Stage::ended;
  return {Finished{}};
}

const char* Order::stage() const {
  switch (stage_) {
    case Stage::presenting:
    case Stage::starting:
    case Stage::validating:
    case Stage::looking:
    case Stage::diagnosing:
      return "validating";
    case Stage::finalizing:
    case Stage::issuing:
      return "finalizing";
    case Stage::downloading:
    case Stage::installing:
      return "downloading";
    default:
      return "ordering";
  }
}

std::string Order::profile() const {
  const auto& listed = directory_.profiles;
  const std::string& wanted = settings_.profile.name;
  return std::find(listed.begin(), listed.end(), wanted) == listed.end() ? "" : wanted;
}

std::string Order::missing_profile() const {
  if (settings_.profile.name.empty() || !profile().empty()) return {};
  return "the CA does not offer the profile \"" + settings_.profile.name + "\"" +
         (directory_.profiles.empty()
              ? ", nor any other"
              : "; it offers " + printable(join(directory_.profiles, ", ")));
}

void Order::post(Wishes& out, Post::What what, const std::string& url, Purpose purpose,
                 std::size_t index) {
  asked_[++last_tag_] = {purpose, index};
  out.push_back(Post{what, url, last_tag_});
}

bool Order::outstanding(Purpose purpose) const {
  return std::any_of(asked_.begin(), asked_.end(),
                     [&](const auto& item) { return item.second.purpose == purpose; });
}

bool Order::allowed(const std::string& url) const {
  return directory_.has_origin_of(url);
}

void Order::on_created(const Answer& answer, Wishes& out) {
  if (settings_.replaces && refuses_replacement(answer)) {
    settings_.replaces = false;  // so it is asked once more, and not again
    return create(out);
  }
  if (!answer.ok()) return fail_answer(answer, out);
  const std::string* location = answer.header("location");
  std::optional<std::string> url =
      location ? resolve(answer.url, trim(*location)) : std::optional<std::string>();
  if (!url || !allowed(*url))
    return fail(malformed("the CA's answer to newOrder has no usable Location"), out);
  std::optional<OrderDocument> order = read_order(answer.body);
  if (!order)
    return fail(
        malformed("the CA's answer to newOrder is no order: " + read_problem(answer).in_words()),
        out);
  order_url_ = *url;
  if (std::string wrong = adopt(*order); !wrong.empty()) return fail(malformed(wrong), out);
  out.push_back(Created{order_url_, finalize_url_});
  follow(*order, answer, out);
}

void Order::on_resumed(const Answer& answer, Wishes& out) {
  if (!answer.ok()) return fail_answer(answer, out);
  std::optional<OrderDocument> order = read_order(answer.body);
  if (!order)
    return fail(malformed("the order " + printable(order_url_) +
                          " is answered by no order: " + read_problem(answer).in_words()),
                out);
  bool open = order->status == OrderStatus::pending || order->status == OrderStatus::ready;
  if (open && order->expires != 0 && order->expires <= now_)
    return fail(malformed("the order expired " + format_relative(order->expires - now_)), out);
  if (std::string wrong = adopt(*order); !wrong.empty()) return fail(malformed(wrong), out);
  follow(*order, answer, out);
}

// Takes over what the order lists; what is wrong with it, in words, or nothing.
std::string Order::adopt(const OrderDocument& order) {
  if (!same_names(settings_.names, order.identifiers))
    return "the CA's order is for other names: " + printable(join(order.identifiers, ", "));
  // An order that is past validation needs neither any more.
  bool open = order.status == OrderStatus::pending || order.status == OrderStatus::ready;
  if (open && !allowed(order.finalize))
    return "the CA's order names no usable finalize URL: \"" + printable(order.finalize) + "\"";
  finalize_url_ = order.finalize;
  if (order.authorizations.size() > 2 * settings_.names.size() + 8)
    return "the CA's order lists " + std::to_string(order.authorizations.size()) +
           " authorizations for " + std::to_string(settings_.names.size()) + " names";
  for (const std::string& url : order.authorizations) {
    if (!allowed(url))
      return "the CA's order names an unusable authorization URL: \"" + printable(url) + "\"";
    bool known = std::any_of(authorizations_.begin(), authorizations_.end(),
                             [&](const Authorization& a) { return a.url == url; });
    if (!known) authorizations_.emplace_back().url = url;
  }
  if (order.status == OrderStatus::pending && authorizations_.empty())
    return "the CA's order is pending, but lists no authorization";
  return {};
}

}  // namespace acme::protocol
