#include "agent/preflight/preflight.h"

#include <algorithm>

#include "base/text.h"

namespace acme::agent {
namespace {

constexpr std::size_t kAtATime = 8;           // names
constexpr Millis kDirectoryPatience = 5'000;  // of who asks now
constexpr Millis kPatience = 40'000;          // less than the control socket's

}  // namespace

std::string words_of(const ipc::NameReport& report) {
  std::vector<std::string> words;
  for (const ipc::Sight& sight : report.sights)
    if (sight.verdict == ipc::Verdict::bad) words.push_back(sight.words);
  return join(words, "; ");
}

bool Preflight::knows(const std::string& issuer, const std::string& name, Millis since) const {
  auto found = known_.find({issuer, name});
  return found != known_.end() && found->second.at >= since;
}

std::string Preflight::finding(const std::string& issuer, const std::string& name,
                               Millis since) const {
  return knows(issuer, name, since) ? words_of(known_.at({issuer, name}).report) : std::string();
}

Preflight::LookPtr Preflight::make(IssuerSession& session, const IssuerConfig& issuer,
                                   const Lineage& lineage, std::vector<Wanted> names,
                                   Done done) const {
  return std::make_shared<Look>(Look{session, issuer, lineage, std::move(names),
                                     View{services_, names_for_(issuer), is_ours_},
                                     std::move(done)});
}

void Preflight::look(IssuerSession& session, const IssuerConfig& issuer, const Lineage& lineage,
                     std::vector<Wanted> names, Done done) {
  const Millis since = services_.env.boottime() - kLife;
  std::erase_if(names, [&](const Wanted& wanted) {
    return knows(issuer.id, wanted.name, since) || looking_.contains({issuer.id, wanted.name});
  });
  if (names.empty()) return;
  for (const Wanted& wanted : names) looking_.emplace(issuer.id, wanted.name);
  LookPtr look = make(session, issuer, lineage, std::move(names), std::move(done));
  // A CA that gives no directory may still be asked by somebody else; and its order fails.
  session.when_directory(alive_,
                         [this, look](const std::optional<protocol::Failure>&) { start(look); });
}

void Preflight::look_now(IssuerSession& session, const IssuerConfig& issuer, const Lineage& lineage,
                         std::vector<Wanted> names, Done done) {
  LookPtr look = make(session, issuer, lineage, std::move(names), std::move(done));
  auto start_it = [this, look](const auto&...) { start(look); };
  session.when_directory(alive_, start_it);
  services_.timers.after(kDirectoryPatience, start_it);
  services_.timers.after(kPatience, [this, look] { finish(look); });
}

void Preflight::start(const LookPtr& look) {
  if (std::exchange(look->started, true)) return;
  const bool probes = std::any_of(look->names.begin(), look->names.end(),
                                  [](const Wanted& wanted) { return wanted.needs_port80; });
  probes ? begin_probe(look) : queue(look);
}

void Preflight::begin_probe(const LookPtr& look) {
  services_.keeper.ask(ipc::BeginProbe{look->lineage},
                       [this, look, weak = std::weak_ptr(alive_)](const ipc::Reply& reply) {
                         if (weak.expired()) return;
                         (reply.ok ? look->answer : look->hindered) = reply.text;
                         queue(look);
                       });
}

void Preflight::queue(const LookPtr& look) {
  look->open = look->names.size();
  for (const Wanted& wanted : look->names) queue_.emplace_back(look, wanted);
  work();
}

void Preflight::work() {
  while (running_ < kAtATime && !queue_.empty()) {
    auto [look, wanted] = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    check(look, wanted);
  }
}

void Preflight::check(const LookPtr& look, const Wanted& wanted) {
  NameQuestion question{
      wanted.name,
      wanted.needs_address,
      wanted.needs_port80,
      look->issuer.preflight.port,
      look->answer,
      look->hindered,
      {look->session.caa_identities(), look->session.account_url(), look->issuer.challenges}};
  check_name(look->view, std::move(question),
             [this, look, weak = std::weak_ptr(alive_)](ipc::NameReport report) {
               if (!weak.expired()) checked(look, std::move(report));
             });
}

void Preflight::checked(const LookPtr& look, ipc::NameReport report) {
  --running_;
  const Key key{look->issuer.id, report.name};
  looking_.erase(key);
  known_.insert_or_assign(key, Known{report, services_.env.boottime()});
  look->reports.push_back(std::move(report));
  if (--look->open == 0) {
    if (!look->answer.empty())
      services_.keeper.ask(ipc::EndProbe{look->answer.substr(0, look->answer.find('.'))},
                           [](const ipc::Reply&) {});
    finish(look);
  }
  work();
}

// In the order in which they were asked for.
void Preflight::finish(const LookPtr& look) {
  Done done = std::exchange(look->done, nullptr);
  if (!done) return;
  std::vector<ipc::NameReport> reports;
  for (const Wanted& wanted : look->names) {
    auto found = std::find_if(look->reports.begin(), look->reports.end(),
                              [&](const auto& report) { return report.name == wanted.name; });
    if (found != look->reports.end())
      reports.push_back(*found);
    else
      reports.push_back(
          {wanted.name, {{"", ipc::Verdict::unknown, "it took too long: ask for it alone"}}});
  }
  done(std::move(reports));
}

}  // namespace acme::agent
