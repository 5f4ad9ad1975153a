#include "agent/dns/lookup.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/text.h"

namespace acme::agent::dns {
namespace {

constexpr Millis kPatience = 3000;  // with one server
constexpr std::size_t kRounds = 2;  // through all of them
constexpr std::size_t kLargestAnswer = 65535;

struct Endpoint {
  sockaddr_storage address{};
  socklen_t length = 0;
};

std::optional<Endpoint> endpoint_of(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host(text.substr(0, colon));
  std::uint16_t port = 0;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  Endpoint out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.address);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.length = sizeof *v6;
  } else {
    return std::nullopt;
  }
  return out;
}

// Connected: the system drops what comes from anybody else.
UniqueFd connect_to(std::string_view server) {
  std::optional<Endpoint> endpoint = endpoint_of(server);
  if (!endpoint) return UniqueFd();
  UniqueFd fd(::socket(endpoint->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&endpoint->address),
                      endpoint->length) != 0)
    fd.reset();
  return fd;
}

}  // namespace

struct Lookups::Run {
  std::string host;
  Done done;
  std::size_t tries = 0;
  UniqueFd socket;
  struct Question {
    std::string query;
    std::optional<Addresses> answer;
  };
  std::array<Question, 2> questions;
  std::string last_failure = "no answer";
  Timers::Id timer = 0;

  bool answered() const {
    return std::all_of(questions.begin(), questions.end(),
                       [](const Question& question) { return question.answer.has_value(); });
  }
  bool has_addresses() const {
    return std::any_of(questions.begin(), questions.end(), [](const Question& question) {
      return question.answer && !question.answer->list.empty();
    });
  }
};

Lookups::Lookups(Timers& timers, std::vector<std::string> servers)
    : timers_(timers), servers_(std::move(servers)) {}

Lookups::~Lookups() {
  for (const auto& run : runs_) timers_.cancel(run->timer);
}

void Lookups::find(const std::string& host, Done done) {
  Run& run = *runs_.emplace_back(std::make_unique<Run>());
  run.host = host;
  run.done = std::move(done);
  run.timer = timers_.after(0, [this, &run] { next(run); });
}

// The next server; at the end of all rounds what there is.
void Lookups::next(Run& run) {
  timers_.cancel(run.timer);
  while (run.tries < kRounds * servers_.size()) {
    if (!ask(run)) continue;
    run.timer = timers_.after(kPatience, [this, &run] {
      if (run.has_addresses()) return finish(run);  // one family is enough
      run.last_failure = "no answer";
      next(run);
    });
    return;
  }
  finish(run);
}

bool Lookups::ask(Run& run) {
  run.socket = connect_to(servers_[run.tries++ % servers_.size()]);
  if (!run.socket) return false;
  for (Family family : {Family::v4, Family::v6}) {
    Run::Question& question = run.questions[family == Family::v6];
    question.answer.reset();
    auto query = address_query(run.host, family);
    if (!query) {
      run.last_failure = query.error().message;
      return false;
    }
    question.query = *std::move(query);
    if (::send(run.socket.get(), question.query.data(), question.query.size(), 0) < 0) {
      run.last_failure = std::strerror(errno);
      return false;
    }
  }
  return true;
}

void Lookups::add_to(std::vector<int>& descriptors) const {
  for (const auto& run : runs_)
    if (run->socket) descriptors.push_back(run->socket.get());
}

void Lookups::read() {
  std::vector<Run*> all;
  for (const auto& run : runs_) all.push_back(run.get());
  // Callbacks begin new ones, and nobody else ends one.
  for (Run* run : all)
    if (run->socket && take(*run)) {
      bool failed = !run->has_addresses() && run->tries < kRounds * servers_.size() &&
                    run->last_failure != "NXDOMAIN" && !run->last_failure.empty();
      failed ? next(*run) : finish(*run);
    }
}

// True when there is nothing left to wait for here.
bool Lookups::take(Run& run) {
  static_assert(kLargestAnswer <= 65535);
  std::array<char, kLargestAnswer> buffer;
  for (;;) {
    ssize_t size = ::recv(run.socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {  // refused by the host
      run.last_failure = std::strerror(errno);
      return true;
    }
    for (Run::Question& question : run.questions) {
      if (question.answer) continue;
      question.answer =
          read_addresses({buffer.data(), static_cast<std::size_t>(size)}, question.query);
      if (question.answer) run.last_failure = question.answer->failure;
    }
    if (run.answered()) return true;
  }
}

void Lookups::finish(Run& run) {
  timers_.cancel(run.timer);
  Addresses all;
  for (const Run::Question& question : run.questions) {
    if (!question.answer || question.answer->list.empty()) continue;
    all.ttl = all.list.empty() ? question.answer->ttl : std::min(all.ttl, question.answer->ttl);
    all.list.insert(all.list.end(), question.answer->list.begin(), question.answer->list.end());
  }
  const std::string why = run.last_failure.empty() ? "it has no address" : run.last_failure;
  Result<Addresses> result(std::move(all));
  if (result->list.empty())
    result = fail(Errc::not_found, "the name " + printable(run.host) + " cannot be resolved by " +
                                       join(servers_, ", ") + ": " + why);
  Done done = std::move(run.done);
  std::erase_if(runs_, [&](const auto& each) { return each.get() == &run; });
  done(std::move(result));
}

}  // namespace acme::agent::dns
