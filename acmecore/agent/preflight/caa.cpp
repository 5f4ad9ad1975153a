#include "agent/preflight/caa.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"

namespace acme::agent {
namespace {

using ipc::Sight;
using ipc::Verdict;

constexpr std::size_t kNamed = 5;  // of the CAs that may issue, in a sentence
// Properties that do not concern a certificate for a server, or that are understood.
constexpr std::array<std::string_view, 7> kKnown = {
    "issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"};

struct Issue {
  std::string domain;   // of the CA; empty: nobody
  std::string account;  // RFC 8657; empty: any
  std::vector<std::string> methods;
  bool has_methods = false;
};

// "ca.example; accounturi=https://…; validationmethods=http-01,dns-01"
Issue read_issue(const std::string& value) {
  Issue issue;
  std::vector<std::string> parts = split(value, ';');
  issue.domain = lower(trim(parts.front()));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::size_t equals = parts[i].find('=');
    if (equals == std::string::npos) continue;
    const std::string key = lower(trim(parts[i].substr(0, equals)));
    const std::string text(trim(std::string_view(parts[i]).substr(equals + 1)));
    if (key == "accounturi") issue.account = text;
    if (key != "validationmethods") continue;
    issue.has_methods = true;
    for (const std::string& method : split(text, ',')) issue.methods.push_back(lower(trim(method)));
  }
  return issue;
}

bool is_wildcard(const std::string& name) {
  return name.starts_with("*.");
}

// issuewild counts for wildcards alone, and instead of issue.
std::vector<Issue> issues_for(const std::string& name, const std::vector<dns::CaaValue>& records) {
  auto all_of = [&](std::string_view tag) {
    std::vector<Issue> out;
    for (const dns::CaaValue& record : records)
      if (record.tag == tag) out.push_back(read_issue(record.value));
    return out;
  };
  std::vector<Issue> wild = is_wildcard(name) ? all_of("issuewild") : std::vector<Issue>();
  return wild.empty() ? all_of("issue") : wild;
}

// "one.example, other.example", or "no CA"
std::string allowed(const std::vector<Issue>& issues) {
  std::vector<std::string> names;
  for (const Issue& issue : issues) {
    if (issue.domain.empty()) continue;
    std::string name = printable(issue.domain);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (names.empty()) return "no CA";
  const bool more = names.size() > kNamed;
  if (more) names.resize(kNamed);
  return "only " + join(names, ", ") + (more ? ", …" : "");
}

bool is_among(const std::string& domain, const std::vector<std::string>& identities) {
  return std::any_of(identities.begin(), identities.end(), [&](const std::string& identity) {
    return equals_ignoring_case(identity, domain);
  });
}

// Why an entry that names this CA does not help; empty: it does.
std::string hindrance(const Issue& issue, const CaaExpectation& expected) {
  const std::string ca = printable(issue.domain);
  bool has_method =
      !issue.has_methods ||
      std::any_of(expected.challenges.begin(), expected.challenges.end(), [&](ChallengeType type) {
        return std::find(issue.methods.begin(), issue.methods.end(), challenge_name(type)) !=
               issue.methods.end();
      });
  if (!has_method)
    return "allows " + ca + " to validate only by " + printable(join(issue.methods, ", "));
  if (!issue.account.empty() && !expected.account_url.empty() &&
      issue.account != expected.account_url)
    return "allows " + ca + " to issue only for the account " + printable(issue.account) +
           ", and ours is " + printable(expected.account_url);
  return {};
}

}  // namespace

std::vector<std::string> caa_places(const std::string& name) {
  std::vector<std::string> places;
  std::string_view rest = name;
  if (is_wildcard(name)) rest.remove_prefix(2);
  while (!rest.empty()) {
    places.emplace_back(rest);
    std::size_t dot = rest.find('.');
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  return places;
}

Sight judge_caa(const std::string& name, const std::string& place,
                const std::vector<dns::CaaValue>& records, const CaaExpectation& expected) {
  if (records.empty()) return {"CAA", Verdict::good, "none: every CA may issue"};
  const std::string whose = "CAA of " + place + " ";
  for (const dns::CaaValue& record : records)
    if (record.critical && std::find(kKnown.begin(), kKnown.end(), record.tag) == kKnown.end())
      return {"CAA", Verdict::bad,
              whose + "has the critical property " + printable(record.tag) +
                  ", which no CA may issue without understanding it"};
  const std::vector<Issue> issues = issues_for(name, records);
  if (issues.empty()) return {"CAA", Verdict::good, whose + "leaves it to every CA"};
  if (expected.identities.empty())
    return {"CAA", Verdict::unknown,
            whose + "allows " + allowed(issues) +
                "; the CA's directory does not say which of these names it goes by"};
  std::string why;
  for (const Issue& issue : issues) {
    if (!is_among(issue.domain, expected.identities)) continue;
    const std::string hindered = hindrance(issue, expected);
    if (hindered.empty()) return {"CAA", Verdict::good, whose + "allows " + issue.domain};
    if (why.empty()) why = hindered;
  }
  return {"CAA", Verdict::bad, whose + (why.empty() ? "allows " + allowed(issues) : why)};
}

}  // namespace acme::agent
