// What the order's status asks for: polling, finalize, the download.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "protocol/order.h"

namespace acme::protocol {
namespace {

constexpr Millis kSecond = 1000;
constexpr Millis kFirstInterval = 25;
constexpr Millis kLongestInterval = 5 * kSecond;
// An order that takes so long is not watched from second to second any more.
constexpr Millis kLong = 10 * 60 * kSecond;
constexpr Millis kLongInterval = 60 * kSecond;
// When authorizations are looked at beside a pending order.
constexpr Millis kFirstLook = 10 * kSecond;
constexpr Millis kLookEvery = 30 * kSecond;
// Validations are over within minutes; issuance may wait for a person.
constexpr Millis kValidationPatience = 60 * 60 * kSecond;
constexpr Millis kIssuancePatience = 7 * 24 * 60 * 60 * kSecond;
constexpr int kFinalizeTries = 10;
constexpr int kCertificateMisses = 5;
constexpr std::size_t kAlternates = 8;

bool holds_certificate(std::string_view body) {
  return body.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos;
}

}  // namespace

void Order::restart_clock() {
  interval_ = kFirstInterval;
  waited_ = 0;
  next_look_ = kFirstLook;
}

Millis Order::next_interval(std::optional<std::int64_t> retry_after) {
  Millis own = std::max(interval_, kFirstInterval);
  interval_ = std::min(2 * own, kLongestInterval);
  Millis floor = waited_ >= kLong ? kLongInterval : 0;
  if (retry_after && *retry_after > 0) return std::max(*retry_after * kSecond, floor);
  return std::max(own, floor);
}

void Order::poll_later(std::optional<std::int64_t> retry_after, Wishes& out) {
  bool validating = stage_ == Stage::validating;
  if (waited_ >= (validating ? kValidationPatience : kIssuancePatience)) {
    Failure failure;
    failure.kind = Failure::Kind::busy;
    failure.words = validating ? "the CA has not decided about the challenges for an hour"
                               : "the CA has not issued the certificate for a week";
    return fail(std::move(failure), out);
  }
  Millis wait = next_interval(retry_after);
  waited_ += wait;
  waiting_ = true;
  out.push_back(Wait{wait});
}

std::vector<Wish> Order::on_timer() {
  Wishes out;
  if (!waiting_) return out;
  waiting_ = false;
  if (stage_ == Stage::validating && waited_ >= next_look_) {
    next_look_ = waited_ + kLookEvery;
    fetch_authorizations(Stage::looking, out);
  } else {
    post(out, Post::What::fetch, order_url_, Purpose::poll);
  }
  return out;
}

void Order::on_polled(const Answer& answer, Wishes& out) {
  if (!answer.ok()) return fail_answer(answer, out);
  std::optional<OrderDocument> order = read_order(answer.body);
  if (!order)
    return fail(malformed("the CA answers for the order with something else: " +
                          read_problem(answer).in_words()),
                out);
  follow(*order, answer, out);
}

void Order::follow(const OrderDocument& order, const Answer& answer, Wishes& out) {
  std::optional<std::int64_t> later = retry_after(answer, now_);
  switch (order.status) {
    case OrderStatus::pending:
      if (!authorizations_read_) return fetch_authorizations(Stage::authorizing, out);
      if (start_failure_) return fail(*std::exchange(start_failure_, std::nullopt), out);
      stage_ = Stage::validating;  // also when finalize came too early
      return poll_later(later, out);
    case OrderStatus::ready:
      return finalize(out);
    case OrderStatus::processing:
      untouched_ = false;
      stage_ = Stage::issuing;
      return poll_later(later, out);
    case OrderStatus::valid:
      return download(order, answer, out);
    case OrderStatus::invalid:
      order_error_ = order.error;
      return fetch_authorizations(Stage::diagnosing, out);
    case OrderStatus::unknown:
      return fail(
          malformed("the order has the unknown status \"" + printable(order.status_text) + "\""),
          out);
  }
}

void Order::finalize(Wishes& out) {
  if (finalize_tries_ == kFinalizeTries) {
    Failure failure;
    failure.kind = Failure::Kind::busy;
    failure.words = "the CA calls the order ready, but does not let it be finalized";
    return fail(std::move(failure), out);
  }
  if (!allowed(finalize_url_)) return fail(malformed("the order names no finalize URL"), out);
  if (finalize_tries_++ == 0) restart_clock();
  untouched_ = false;
  stage_ = Stage::finalizing;
  post(out, Post::What::finalize, finalize_url_, Purpose::finalize);
}

void Order::on_finalized(const Answer& answer, Wishes& out) {
  if (!answer.ok()) {
    // The order lags behind its authorizations; or finalize was sent twice, and
    // the first was heard. The order itself tells.
    if (read_problem(answer).type == "orderNotReady")
      return poll_later(retry_after(answer, now_), out);
    Failure failure = failure_of(answer, now_);
    if (read_problem(answer).type == "unauthorized") failure.kind = Failure::Kind::refused;
    return fail(std::move(failure), out);
  }
  stage_ = Stage::issuing;
  std::optional<OrderDocument> order = read_order(answer.body);
  // What was accepted is not lost over an odd answer.
  bool asks_again = !order || order->status == OrderStatus::unknown ||
                    order->status == OrderStatus::ready || order->status == OrderStatus::pending;
  if (asks_again) return poll_later(retry_after(answer, now_), out);
  follow(*order, answer, out);
}

void Order::download(const OrderDocument& order, const Answer& answer, Wishes& out) {
  untouched_ = false;
  if (order.certificate.empty() && ++certificate_misses_ < kCertificateMisses) {
    stage_ = Stage::issuing;
    return poll_later(retry_after(answer, now_), out);
  }
  if (!allowed(order.certificate))
    return fail(malformed("the order is valid, but names no usable certificate URL: \"" +
                          printable(order.certificate) + "\""),
                out);
  stage_ = Stage::downloading;
  chains_.assign(1, {});
  post(out, Post::What::fetch, order.certificate, Purpose::chain, 0);
}

void Order::on_chain(std::size_t index, const Answer& answer, Wishes& out) {
  bool good = answer.ok() && holds_certificate(answer.body);
  if (good) chains_[index] = answer.body;
  if (index == 0 && !good) {
    if (!answer.ok()) return fail_answer(answer, out);
    const std::string* type = answer.header("content-type");
    return fail(malformed("the certificate came as " + printable(type ? *type : "nothing") +
                          " without PEM: " + read_problem(answer).in_words()),
                out);
  }
  if (index == 0 && settings_.fetch_alternates) {
    for (const std::string& url : links(answer, "alternate")) {
      if (!allowed(url) || chains_.size() > kAlternates) continue;
      post(out, Post::What::fetch, url, Purpose::chain, chains_.size());
      chains_.emplace_back();
    }
  }
  if (outstanding(Purpose::chain)) return;
  // An alternate that did not come is no reason to do without the certificate.
  chains_.erase(std::remove(chains_.begin(), chains_.end(), std::string()), chains_.end());
  stage_ = Stage::installing;
  out.push_back(Install{std::move(chains_)});
}

}  // namespace acme::protocol
