#include "ctl/monitoring.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/text.h"

namespace acme::ctl {
namespace {

constexpr std::size_t kMostWords = 3;  // of those that are told; the others are counted
constexpr std::int64_t kShortLife = 10 * kDay;

struct Problem {
  Verdict verdict;
  std::string words;
};

struct Nearest {
  bool known = false;
  std::int64_t left = 0;
  std::int64_t warning = 0;
  std::int64_t critical = 0;
  std::string id;
};

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "OK";
    case Verdict::warning:
      return "WARNING";
    case Verdict::critical:
      return "CRITICAL";
    default:
      return "UNKNOWN";
  }
}

WallTime time_in(const Json& value) {
  return parse_rfc3339(value.text_or("")).value_or(0);
}

// A "|" begins the performance data.
std::string words_of(const std::string& foreign) {
  std::string text = printable(foreign);
  std::replace(text.begin(), text.end(), '|', '/');
  return text;
}

std::int64_t limit_of(const std::optional<Threshold>& threshold, int otherwise, std::int64_t life) {
  if (threshold && threshold->percent == 0) return threshold->seconds;
  return life * (threshold ? threshold->percent : otherwise) / 100;
}

std::string days(std::int64_t seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", static_cast<double>(seconds) / kDay);
  return text;
}

class Judge {
 public:
  Judge(const Limits& limits, WallTime now) : limits_(limits), now_(now) {}

  void look_at(const Json& certificate) {
    ++count_;
    const std::string id = words_of(certificate["id"].text_or("?"));
    const std::string state = certificate["state"].text_or("?");
    const bool fails = certificate["failures"].number_or(0) > 0;
    const std::string error = fails ? certificate["last_error"].text_or("") : "";
    const std::string why = error.empty() ? "" : ": " + words_of(error);
    if (state == "pending") return add(Verdict::warning, id + " has no certificate yet");
    if (state == "failing") return add(Verdict::critical, id + " cannot be obtained" + why);
    if (state == "expired" || state == "revoked")
      return add(Verdict::critical, id + " is " + state + why);
    look_at_time(certificate, id, why);
    if (state == "renewal failing") add(Verdict::warning, id + " cannot be renewed" + why);
    for (const Json& name : certificate["left_out"].items())
      add(Verdict::warning, id + " lacks " + words_of(name["name"].text_or("?")));
    if (const Json& shown = certificate["shown"];
        shown["state"].text_or("") == "another certificate")
      add(Verdict::warning,
          id + ": another certificate is shown at " + words_of(shown["where"].text_or("?")));
  }

  void add(Verdict verdict, const std::string& words) { problems_.push_back({verdict, words}); }

  Finding finding() {
    if (count_ == 0 && problems_.empty()) return unknown("no certificate is managed here");
    std::stable_sort(problems_.begin(), problems_.end(),
                     [](const Problem& a, const Problem& b) { return a.verdict > b.verdict; });
    const Verdict verdict = problems_.empty() ? Verdict::ok : problems_.front().verdict;
    return {verdict, std::string("ACME ") + word_of(verdict) + " - " + words() + " | " +
                         performance() + "\n"};
  }

 private:
  // A renewal that is planned for later is nobody's neglect, however little time it leaves.
  void look_at_time(const Json& certificate, const std::string& id, const std::string& why) {
    const WallTime end = time_in(certificate["not_after"]);
    if (end == 0) return;
    const std::int64_t life = end - time_in(certificate["not_before"]);
    const std::int64_t left = end - now_;
    const std::int64_t warning = limit_of(limits_.warning, life <= kShortLife ? 33 : 25, life);
    const std::int64_t critical = limit_of(limits_.critical, 10, life);
    if (!nearest_.known || left < nearest_.left) nearest_ = {true, left, warning, critical, id};
    const bool is_planned = !limits_.warning && !limits_.critical &&
                            time_in(certificate["renew_at"]) > now_ && why.empty();
    if (left <= 0) return add(Verdict::critical, id + " is expired" + why);
    if (is_planned || left >= std::max(warning, critical)) return;
    add(left < critical ? Verdict::critical : Verdict::warning,
        id + " ends " + format_relative(left) + why);
  }

  std::string words() const {
    std::string out;
    for (std::size_t i = 0; i < problems_.size() && i < kMostWords; ++i)
      out += (i == 0 ? "" : "; ") + problems_[i].words;
    if (problems_.size() > kMostWords)
      out += "; and " + std::to_string(problems_.size() - kMostWords) + " more";
    if (!out.empty()) return out;
    out = std::to_string(count_) + (count_ == 1 ? " certificate" : " certificates");
    return nearest_.known ? out + ", the next end is that of " + nearest_.id + " " +
                                format_relative(nearest_.left)
                          : out;
  }

  std::string performance() const {
    std::string out =
        "certificates=" + std::to_string(count_) + " problems=" + std::to_string(problems_.size());
    if (nearest_.known)
      out += " days_left=" + days(nearest_.left) + ";" + days(nearest_.warning) + ":;" +
             days(nearest_.critical) + ":";
    return out;
  }

  const Limits& limits_;
  WallTime now_;
  std::size_t count_ = 0;
  std::vector<Problem> problems_;
  Nearest nearest_;
};

}  // namespace

std::optional<Threshold> parse_threshold(std::string_view text) {
  if (text.size() < 2 || text.size() > 7) return std::nullopt;
  const char unit = text.back();
  text.remove_suffix(1);
  std::int64_t number = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  if (unit == 'd') return Threshold{number * kDay, 0};
  if (unit == 'h') return Threshold{number * kHour, 0};
  if (unit == '%' && number > 0 && number < 100) return Threshold{0, static_cast<int>(number)};
  return std::nullopt;
}

Finding judge(const Json& status, const Limits& limits, WallTime now) {
  Judge judge(limits, now);
  if (!status["helper_up"].truth())
    judge.add(Verdict::warning, "no server is running: nothing is renewed");
  for (const Json& clock : status["clocks_off"].items())
    judge.add(Verdict::warning, "this machine's clock is " +
                                    clock_difference(clock["ahead_seconds"].number_or(0)) +
                                    " that of " + words_of(clock["issuer"].text_or("?")));
  for (const Json& certificate : status["certificates"].items()) judge.look_at(certificate);
  return judge.finding();
}

Finding unknown(const std::string& why) {
  return {Verdict::unknown, "ACME UNKNOWN - " + words_of(why) + "\n"};
}

}  // namespace acme::ctl
