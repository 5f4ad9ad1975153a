#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "protocol/message.h"

namespace acme::protocol {
namespace {

constexpr std::string_view kUrn = "urn:ietf:params:acme:error:";
constexpr std::size_t kQuoted = 160;  // of a body that is no problem document
constexpr std::size_t kSubproblems = 100;

std::string short_type(const Json& member) {
  std::string type = member.text_or("");
  // One old CA still says "urn:acme:error:…".
  for (std::string_view prefix : {kUrn, std::string_view("urn:acme:error:")})
    if (type.starts_with(prefix)) return type.substr(prefix.size());
  return type;
}

Problem read(const Json& json) {
  Problem problem;
  problem.type = short_type(json["type"]);
  problem.detail = json["detail"].text_or(json["title"].text_or(""));
  problem.instance = json["instance"].text_or("");
  for (const Json& item : json["subproblems"].items()) {
    if (problem.subproblems.size() == kSubproblems) break;
    problem.subproblems.push_back({item["identifier"]["value"].text_or(""),
                                   short_type(item["type"]), item["detail"].text_or("")});
  }
  return problem;
}

std::string quoted_start(std::string_view body) {
  std::string_view start = trim(body);
  if (start.empty()) return "an empty body";
  bool cut = start.size() > kQuoted;
  return "\"" + printable(start.substr(0, kQuoted)) + (cut ? "…\"" : "\"");
}

// "type: detail", where either may be missing.
std::string phrase(std::string_view type, std::string_view detail) {
  std::string out(type);
  if (!type.empty() && !detail.empty()) out += ": ";
  return out += detail;
}

}  // namespace

std::string Problem::in_words() const {
  std::string out = phrase(type, detail);
  std::vector<std::string> parts;
  for (const Sub& sub : subproblems)
    parts.push_back(phrase(sub.identifier, phrase(sub.type, sub.detail)));
  if (!parts.empty()) out += (out.empty() ? "(" : " (") + join(parts, "; ") + ")";
  return printable(out);
}

Problem read_problem(const Answer& answer) {
  Problem problem;
  Result<Json> json = Json::parse(answer.body);
  if (json) problem = read(*json);
  if (problem.type.empty() && problem.detail.empty()) {
    problem.detail = "HTTP status " + std::to_string(answer.status) +
                     " without a problem document: " + quoted_start(answer.body);
  }
  return problem;
}

Problem read_problem_json(std::string_view json_text) {
  Problem problem;
  Result<Json> json = Json::parse(json_text);
  if (json) problem = read(*json);
  if (problem.type.empty() && problem.detail.empty())
    problem.detail = "the CA gave no reason: " + quoted_start(json_text);
  return problem;
}

}  // namespace acme::protocol
