#include "config/hooks.h"

#include <grp.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/text.h"
#include "base/url.h"
#include "config/values.h"

namespace acme {
namespace {

Error wrong(std::string message) {
  return fail(Errc::invalid_config, std::move(message));
}

// FNV-1a of the words, as in certificates.cpp: no adversary chooses them.
std::string digest_of(const Values& words) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::string& word : words)
    for (std::size_t i = 0; i <= word.size(); ++i)  // with the NUL that ends it
      hash = (hash ^ static_cast<unsigned char>(word.c_str()[i])) * 0x100000001b3u;
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += kHex[(hash >> shift) & 15];
  return out;
}

// Takes "key=value" from the words; nothing where it does not stand there.
Result<std::optional<std::string>> take(Values& words, std::string_view key) {
  const std::string start = std::string(key) + "=";
  std::optional<std::string> value;
  for (auto it = words.begin(); it != words.end();) {
    if (!it->starts_with(start)) {
      ++it;
      continue;
    }
    if (value) return wrong(start + " is given twice: keep one");
    value = it->substr(start.size());
    if (value->empty()) return wrong(start + " is empty: write a value, or leave it out");
    it = words.erase(it);
  }
  return value;
}

Result<std::vector<std::string>> take_names(Values& words) {
  ACME_TRY(const auto text, take(words, "for"));
  std::vector<std::string> names;
  if (!text) return names;
  for (const std::string& name : split(*text, ',')) {
    if (name.empty()) return wrong("for= has an empty name between its commas");
    names.push_back(lower(name));
  }
  return names;
}

Result<Events> take_events(Values& words) {
  ACME_TRY(const auto text, take(words, "events"));
  if (!text) return kAllEvents;
  Events events = 0;
  for (const std::string& name : split(*text, ',')) {
    const auto event = parse_event(name);
    if (!event)
      return wrong("\"" + printable(name) +
                   "\" is no event: write some of issued, renewed, failed, expiring, revoked, "
                   "action_required, with commas between");
    events |= bit_of(*event);
  }
  return events;
}

Result<std::vector<std::string>> parse_command(Values words, std::string_view root) {
  if (words.empty()) return wrong("there is no program: write its path, then its arguments");
  for (const std::string& word : words)
    if (word.find('\0') != std::string::npos) return wrong("a word has a NUL byte in it");
  ACME_TRY(words.front(), parse_path(root, words.front()));
  return words;
}

Result<NotifyConfig> parse_notify(Values words, std::string_view root) {
  NotifyConfig notify;
  notify.id = digest_of(words);
  ACME_TRY(notify.events, take_events(words));
  if (words.empty()) return wrong("there is nobody to tell: write a program's path or a URL");
  if (words.front().find("://") == std::string::npos) {
    ACME_TRY(notify.command, parse_command(std::move(words), root));
    return notify;
  }
  if (words.size() > 1)
    return wrong("\"" + printable(words[1]) +
                 "\" stands behind a URL, which has no arguments: leave it out");
  ACME_TRY(notify.url, parse_url(words.front()));
  return notify;
}

Result<DeployConfig> parse_deploy(Values words, std::string_view root) {
  DeployConfig deploy;
  deploy.id = digest_of(words);
  ACME_TRY(deploy.only, take_names(words));
  ACME_TRY(deploy.command, parse_command(std::move(words), root));
  return deploy;
}

Result<std::uint32_t> find_group(const std::string& name) {
  std::vector<char> buffer(1024);
  group entry{};
  group* found = nullptr;
  int error = 0;
  while ((error = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found)) == ERANGE)
    buffer.resize(buffer.size() * 2);
  if (!found)
    return wrong("there is no group \"" + printable(name) + "\": make it (groupadd --system " +
                 printable(name) + "), or write the name of one that exists");
  return static_cast<std::uint32_t>(found->gr_gid);
}

Result<ExportConfig> parse_export(Values words, std::string_view root) {
  ExportConfig out;
  ACME_TRY(const auto group, take(words, "group"));
  ACME_TRY(const auto dir, take(words, "dir"));
  ACME_TRY(out.only, take_names(words));
  if (!words.empty())
    return wrong("\"" + printable(words.front()) +
                 "\" is not known here: write group=, dir= and, if not all certificates are meant, "
                 "for=");
  if (!group || !dir)
    return wrong(std::string("there is no ") +
                 (group ? "dir=: write the folder" : "group=: write the group") +
                 (group ? " that the copies are to lie in" : " that may read the copies"));
  out.group = *group;
  ACME_TRY(out.gid, find_group(*group));
  ACME_TRY(out.dir, parse_path(root, *dir));
  return out;
}

template <class List>
Outcome add(List& list, typename List::value_type item) {
  list.push_back(std::move(item));
  return {};
}

bool is_known(const auto& list, const std::string& id) {
  return std::any_of(list.begin(), list.end(), [&](const auto& each) { return each.id == id; });
}

}  // namespace

std::string NotifyConfig::label() const {
  if (!command.empty()) return command.front();
  return https_origin(url).value_or("https");
}

Outcome add_hook(HooksConfig& hooks, std::string_view key, const std::vector<std::string>& words,
                 std::string_view root) {
  if (key == "export") {
    ACME_TRY(ExportConfig item, parse_export(words, root));
    for (const ExportConfig& other : hooks.exports)
      if (other.dir == item.dir)
        return wrong("two exports into " + item.dir + ": give each a folder of its own");
    return add(hooks.exports, std::move(item));
  }
  if (key == "deploy") {
    ACME_TRY(DeployConfig item, parse_deploy(words, root));
    if (is_known(hooks.deploy, item.id)) return wrong("the same stands there twice: keep one");
    return add(hooks.deploy, std::move(item));
  }
  ACME_TRY(NotifyConfig item, parse_notify(words, root));
  if (is_known(hooks.notify, item.id)) return wrong("the same stands there twice: keep one");
  return add(hooks.notify, std::move(item));
}

}  // namespace acme
