#include "ctl/following.h"

namespace acme::ctl {
namespace {

bool is_same(const Json& a, const Json& b) {
  return a["id"].text_or("") == b["id"].text_or("") && a["key"].text_or("") == b["key"].text_or("");
}

Followed follow_one(const Json& before, const Json& now) {
  const std::string name = now["id"].text_or("?") + " (" + now["key"].text_or("?") + "): ";
  if (now["serial"].text_or("") != before["serial"].text_or(""))
    return {End::obtained, name + "obtained, valid until " + now["not_after"].text_or("?")};
  const std::int64_t failures = now["failures"].number_or(0);
  const bool has_failed =
      failures > 0 && (failures != before["failures"].number_or(0) ||
                       now["last_error_at"].text_or("") != before["last_error_at"].text_or(""));
  if (has_failed) {
    std::string line = name + "failed: " + now["last_error"].text_or("?");
    if (auto next = now["next_try"].text())
      line += "; tried again at " + *next;
    else if (auto planned = now["renew_at"].text())
      line += "; the one in use is valid until " + now["not_after"].text_or("?") +
              " and renewed as planned, at " + *planned;
    return {End::failed, line};
  }
  return {End::under_way, name + now["stage"].text_or("waiting")};
}

}  // namespace

std::vector<Followed> follow(const std::vector<Json>& before, const Json& now) {
  std::vector<Followed> all;
  for (const Json& one : before) {
    Followed followed{End::failed, one["id"].text_or("?") + ": it is configured no more"};
    for (const Json& certificate : now["certificates"].items())
      if (is_same(one, certificate)) followed = follow_one(one, certificate);
    all.push_back(std::move(followed));
  }
  return all;
}

}  // namespace acme::ctl
