#include "keeper/checks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kMostProbes = 64;  // of one agent, at a time
constexpr std::size_t kMostSights = 64;  // of one name

const char* verdict_name(ipc::Verdict verdict) {
  switch (verdict) {
    case ipc::Verdict::good:
      return "good";
    case ipc::Verdict::bad:
      return "bad";
    case ipc::Verdict::unknown:
      break;
  }
  return "unknown";
}

Json name_json(const ipc::NameReport& report) {
  Json sights = Json::array();
  for (const ipc::Sight& sight : report.sights)
    sights.append(Json::object()
                      .set("what", printable(sight.what))
                      .set("verdict", verdict_name(sight.verdict))
                      .set("words", printable(sight.words)));
  return Json::object().set("name", printable(report.name)).set("checks", std::move(sights));
}

bool is_asked(const ipc::Check& check, const ipc::NameReport& report) {
  return std::find(check.names.begin(), check.names.end(), report.name) != check.names.end();
}

}  // namespace

std::optional<ipc::ControlAnswer> Checks::ask(const std::string& name, Answer answer) {
  const std::vector<Lineage> lineages = certificates_.lineages_of(name);
  if (lineages.empty())
    return ipc::ControlAnswer{
        false, "no certificate is called " + printable(name) +
                   " or has that name: only names that are configured are looked at"};
  const Lineage& lineage = lineages.front();
  ipc::Check check{++last_, lineage, {lower(name)}};
  if (lineage.certificate == name) check.names = certificates_.find(lineage)->config->names;
  if (!on_new || !on_new(check))
    return ipc::ControlAnswer{false,
                              "the network side of the helper is not running: the server's error "
                              "log tells why; try again"};
  open_.emplace(check.number, Open{check, std::move(answer)});
  return std::nullopt;
}

Result<std::string> Checks::begin_probe() {
  if (!board_) return fail(Errc::no_memory, "there is no memory shared with the server");
  if (tokens_.size() >= kMostProbes) return fail(Errc::refused, "too many probes at a time");
  std::array<std::uint8_t, 64> bytes;
  ACME_CHECK(env_.random(bytes));
  const std::span all(bytes);
  std::string token = base64url_encode(all.first(32));
  std::string answer = token + "." + base64url_encode(all.last(32));
  ACME_CHECK(board_->put_token(token, answer));
  tokens_.insert(std::move(token));
  return answer;
}

Outcome Checks::end_probe(const std::string& token) {
  if (tokens_.erase(token) == 0) return fail(Errc::refused, "that is no token of a probe");
  board_->remove_token(token);
  return {};
}

Outcome Checks::done(const ipc::CheckDone& report) {
  auto found = open_.find(report.number);
  if (found == open_.end()) return fail(Errc::refused, "nobody has asked for that");
  const ipc::Check& check = found->second.check;
  if (report.names.size() > check.names.size())
    return fail(Errc::refused, "more names than were asked for");
  for (const ipc::NameReport& name : report.names)
    if (!is_asked(check, name) || name.sights.size() > kMostSights)
      return fail(Errc::refused, printable(name.name) + " was not asked for so");
  Json names = Json::array();
  for (const ipc::NameReport& name : report.names) names.append(name_json(name));
  Json json = Json::object()
                  .set("certificate", check.lineage.certificate)
                  .set("issuer", printable(report.issuer))
                  .set("names", std::move(names));
  Answer answer = std::move(found->second.answer);
  open_.erase(found);
  answer({true, json.compact()});
  return {};
}

void Checks::forget_agent() {
  for (const std::string& token : tokens_) board_->remove_token(token);
  tokens_.clear();
  for (auto& [number, open] : std::exchange(open_, {}))
    open.answer({false, "the network side of the helper has ended meanwhile: try again"});
}

}  // namespace acme::keeper
