#include "agent/preflight/name_check.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "agent/preflight/port80.h"
#include "base/ip_address.h"
#include "base/text.h"

namespace acme::agent {
namespace {

using dns::RecordType;
using ipc::Sight;
using ipc::Verdict;

constexpr std::size_t kAddresses = 8;  // of each family: more than any CA tries

// One of A and AAAA.
struct Family {
  RecordType type;
  std::vector<std::string> list = {};
  std::string failure = {};  // the name servers' code
  std::string error = {};    // there was no answer
  bool answered() const { return failure.empty() && error.empty(); }
};

class NameCheck : public std::enable_shared_from_this<NameCheck> {
 public:
  NameCheck(const View& view, NameQuestion question, std::function<void(ipc::NameReport)> done)
      : view_(view), question_(std::move(question)), done_(std::move(done)) {}

  void begin() {
    open_ = 1;
    const bool address = is_ip(question_.name);
    const bool wildcard = question_.name.starts_with("*.");
    if (address && question_.needs_port80) look_at({question_.name});
    if (!address && !wildcard && question_.needs_address) find_addresses();
    if (!address) {
      ++open_;
      places_ = caa_places(question_.name);
      climb(0);
    }
    // Never before begin() has returned.
    view_.services.timers.after(0, [self = shared_from_this()] { self->end(); });
  }

 private:
  void end() {
    if (--open_ > 0) return;
    ipc::NameReport report{question_.name, std::move(sights_)};
    if (caa_) report.sights.push_back(*std::move(caa_));
    done_(std::move(report));
  }

  // ---- addresses

  void find_addresses() {
    finding_ = families_.size();
    for (Family& family : families_) {
      ++open_;
      view_.find(question_.name, family.type,
                 [self = shared_from_this(), &family](Result<dns::Answer> answer) {
                   self->found(family, std::move(answer));
                   self->end();
                 });
    }
  }

  void found(Family& family, Result<dns::Answer> answer) {
    if (!answer) {
      family.error = answer.error().message;
    } else {
      if (answer->failure != "NXDOMAIN") family.failure = answer->failure;
      unknown_to_dns_ |= answer->failure == "NXDOMAIN";
      for (const dns::Record& record : answer->answers) add(family, record);
    }
    if (--finding_ == 0) found_all();
  }

  static void add(Family& family, const dns::Record& record) {
    if (record.type != family.type || family.list.size() == kAddresses) return;
    auto address = canonical_ip(record.value);
    if (address && std::find(family.list.begin(), family.list.end(), *address) == family.list.end())
      family.list.push_back(*std::move(address));
  }

  void found_all() {
    std::vector<std::string> addresses;
    for (const Family& family : families_)
      addresses.insert(addresses.end(), family.list.begin(), family.list.end());
    look_at(addresses);
    const bool answered = std::all_of(families_.begin(), families_.end(),
                                      [](const Family& family) { return family.answered(); });
    if (answered && addresses.empty())
      sights_.push_back({"address", Verdict::bad,
                         question_.name + " has no address" +
                             (unknown_to_dns_ ? ": DNS does not know the name (NXDOMAIN)" : "")});
    if (answered) return;
    for (const Family& family : families_) tell_unanswered(family, addresses.empty());
  }

  // A CA gets no further than we do where the name servers themselves say that they cannot; that
  // none answers us may be our own trouble.
  void tell_unanswered(const Family& family, bool no_address) {
    if (family.answered()) return;
    const char* what = family.type == RecordType::a ? "A" : "AAAA";
    if (!family.error.empty()) return sights_.push_back({what, Verdict::unknown, family.error});
    const bool broken = family.failure == "SERVFAIL" && no_address;
    sights_.push_back({what, broken ? Verdict::bad : Verdict::unknown,
                       "the name servers answer to " + std::string(what) + " of " + question_.name +
                           " with " + printable(family.failure)});
  }

  void look_at(const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses) {
      const std::size_t place = sights_.size();
      const bool v6 = address.find(':') != std::string::npos;
      sights_.push_back({(v6 ? "AAAA " : "A ") + address, Verdict::good, "an address of the name"});
      if (!question_.needs_port80) continue;
      if (question_.answer.empty()) {
        sights_[place].verdict = Verdict::unknown;
        sights_[place].words = question_.hindered;
        continue;
      }
      ++open_;
      probe_port80(view_, {question_.name, address, question_.port, question_.answer},
                   [self = shared_from_this(), place](Sight sight) {
                     self->sights_[place] = std::move(sight);
                     self->end();
                   });
    }
  }

  // ---- CAA

  void climb(std::size_t step) {
    if (step == places_.size()) return settle(judge_caa(question_.name, "", {}, question_.caa));
    view_.find(places_[step], RecordType::caa,
               [self = shared_from_this(), step](Result<dns::Answer> answer) {
                 self->on_caa(step, answer);
               });
  }

  void on_caa(std::size_t step, const Result<dns::Answer>& answer) {
    const std::string& place = places_[step];
    if (!answer) return settle({"CAA", Verdict::unknown, answer.error().message});
    if (!answer->failure.empty() && answer->failure != "NXDOMAIN")
      return settle({"CAA", answer->failure == "SERVFAIL" ? Verdict::bad : Verdict::unknown,
                     "the name servers answer to CAA of " + place + " with " +
                         printable(answer->failure) +
                         (answer->failure == "SERVFAIL" ? ": CAs refuse then" : "")});
    std::vector<dns::CaaValue> records;
    for (const dns::Record& record : answer->answers)
      if (record.type == RecordType::caa) records.push_back(record.caa);
    if (records.empty()) return climb(step + 1);
    settle(judge_caa(question_.name, place, records, question_.caa));
  }

  void settle(Sight sight) {
    caa_ = std::move(sight);
    end();
  }

  View view_;
  NameQuestion question_;
  std::function<void(ipc::NameReport)> done_;
  std::size_t open_ = 0;  // that are waited for
  std::vector<Sight> sights_;
  std::vector<Family> families_ = {{RecordType::a}, {RecordType::aaaa}};
  std::size_t finding_ = 0;
  bool unknown_to_dns_ = false;
  std::vector<std::string> places_;
  std::optional<Sight> caa_;
};

}  // namespace

void check_name(const View& view, NameQuestion question,
                std::function<void(ipc::NameReport)> done) {
  std::make_shared<NameCheck>(view, std::move(question), std::move(done))->begin();
}

}  // namespace acme::agent
