#include "keeper/deploy.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "keeper/trusted_program.h"

namespace acme::keeper {
namespace {

constexpr Millis kQuiet = 1'000;         // without another certificate
constexpr Millis kLongestWait = 10'000;  // since the first
constexpr Millis kFirstBackoff = 60'000;
constexpr Millis kLongestBackoff = 3'600'000;
constexpr Millis kLook = 20;
constexpr std::size_t kMostAtOnce = 100;

Millis pause_after(std::uint32_t tries) {
  return std::min(kFirstBackoff << std::min(tries - 1, 10U), kLongestBackoff);
}

// An operator who has mended it and reloads the server wants to see it run.
bool was_mended(const std::string& program, WallTime since) {
  struct stat info {};
  return stat(program.c_str(), &info) == 0 && info.st_mtime >= since;
}

void add_word(std::string& list, const std::string& word) {
  list += (list.empty() ? "" : " ") + word;
}

}  // namespace

Deploy::Deploy(const Env& env, Log& log, const Config& config, Store& store,
               const Certificates& certificates)
    : env_(env),
      log_(log),
      config_(config),
      store_(store),
      certificates_(certificates),
      exports_(env, log, config, store, certificates),
      store_complaint_(env, log) {
  for (const DeployConfig& each : config_.hooks.deploy)
    hooks_.push_back(std::make_unique<Hook>(env, log, each));
}

void Deploy::restore() {
  for (const ExportConfig& each : config_.hooks.exports)
    warn_of_strangers(log_, "export", certificates_, each.only);
  for (const DeployConfig& each : config_.hooks.deploy)
    warn_of_strangers(log_, "deploy", certificates_, each.only);
  if (hooks_.empty()) return;
  for (const auto& hook : hooks_)
    if (auto good = check_program(hook->config.command.front()); !good)
      log_.error("deploy: " + good.error().message);
  auto kept = store_.load_deploys(env_.now());
  if (!kept) return;
  for (const auto& hook : hooks_) {
    for (const DeployedRecord& each : kept->deployed)
      if (hook->config.id == each.program) hook->done[each.lineage] = each.version;
    for (const DeployTriesRecord& each : kept->tries) {
      if (hook->config.id != each.program || each.tries == 0) continue;
      hook->tries = each.tries;
      hook->last_try = each.last;
      if (was_mended(hook->config.command.front(), each.last)) continue;
      hook->not_before =
          env_.boottime() + pause_after(each.tries) - (env_.now() - each.last) * 1000;
    }
  }
}

// Certificates that are renewed together do not come in the same second.
void Deploy::installed() {
  const Millis now = env_.boottime();
  if (first_install_ == 0) first_install_ = now;
  quiet_at_ = std::min(now + kQuiet, first_install_ + kLongestWait);
  stale_ = true;
}

bool Deploy::is_quiet() const {
  const Millis now = env_.boottime();
  if (first_install_ == 0 || now >= first_install_ + kLongestWait) return true;
  return now >= quiet_at_ && !certificates_.has_orders();
}

void Deploy::turn() {
  const Millis now = env_.boottime();
  for (const auto& hook : hooks_)
    if (auto outcome = hook->run.take()) end(*hook, *outcome);
  const bool export_again = exports_.next_deadline(now + 1) <= now;
  if (stale_ && !is_quiet() && now >= quiet_at_)  // orders are under way
    quiet_at_ = std::min(now + kQuiet, first_install_ + kLongestWait);
  if ((stale_ && is_quiet()) || export_again) {
    stale_ = false;
    first_install_ = 0;
    exports_.look();
    for (const auto& hook : hooks_) hook->waits = true;
  }
  for (const auto& hook : hooks_)
    if (hook->waits && !hook->run.is_running() && now >= hook->not_before) look(*hook);
}

Deploy::Versions Deploy::wanted(const Hook& hook) const {
  Versions out;
  for (const auto& [lineage, managed] : certificates_.all()) {
    if (!is_meant(managed, hook.config.only) || !exports_.has(managed)) continue;
    auto done = hook.done.find(lineage);
    if (done != hook.done.end() && done->second == version_of(managed)) continue;
    out.emplace(lineage, version_of(managed));
    if (out.size() == kMostAtOnce) break;
  }
  return out;
}

void Deploy::look(Hook& hook) {
  const Versions wanted = this->wanted(hook);
  hook.waits = !wanted.empty();
  if (wanted.empty()) return;
  hook.running = wanted;
  if (auto begun = begin(hook, wanted); !begun) end(hook, begun);
}

// All in it is of the configuration and of the store; nothing is a CA's word.
Outcome Deploy::begin(Hook& hook, const Versions& wanted) {
  ++hook.tries;
  hook.last_try = env_.now();
  save();  // whatever becomes of us
  ACME_CHECK(check_program(hook.config.command.front()));
  Json list = Json::array();
  std::string ids;
  std::string names;
  std::string paths;
  for (const auto& [lineage, version] : wanted) {
    const Managed& managed = certificates_.all().at(lineage);
    const Json json = certificate_json(managed);
    add_word(ids, lineage.certificate);
    for (const std::string& name : managed.config->names) add_word(names, name);
    add_word(paths, json["path"].text_or(""));
    list.append(json);
  }
  HookRun::Program program;
  program.command = hook.config.command;
  program.input = Json::object()
                      .set("version", std::int64_t{1})
                      .set("certificates", std::move(list))
                      .compact() +
                  "\n";
  program.environment = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG=C.UTF-8",
      "HOME=/",
      std::string("ACME_SERVER=") + (config_.server == ServerKind::httpd ? "httpd" : "nginx"),
      "ACME_CERTIFICATES=" + ids,
      "ACME_PATHS=" + paths};
  // What a process may get has an end; JSON has them all.
  if (names.size() < std::size_t{64} << 10) program.environment.push_back("ACME_NAMES=" + names);
  return hook.run.start(std::move(program));
}

Json Deploy::certificate_json(const Managed& managed) const {
  const std::string path = config_.state_path + "/certs/" + managed.lineage.certificate + "/" +
                           std::string(key_type_slug(managed.lineage.key)) + "/current";
  Json names = Json::array();
  for (const std::string& name : managed.config->names) names.append(name);
  Json exports = Json::array();
  for (const std::string& folder : exports_.folders_of(managed)) exports.append(folder);
  return Json::object()
      .set("certificate", managed.lineage.certificate)
      .set("key", key_type_name(managed.lineage.key))
      .set("names", std::move(names))
      .set("path", path)
      .set("fullchain", path + "/fullchain.pem")
      .set("privkey", path + "/privkey.pem")
      .set("exports", std::move(exports))
      .set("not_after", format_rfc3339(managed.stored->not_after));
}

void Deploy::end(Hook& hook, const Outcome& outcome) {
  const Versions run = std::exchange(hook.running, {});
  const std::string& program = hook.config.command.front();
  hook.waits = true;  // more may have come meanwhile
  std::string ids;
  std::vector<Lineage> lineages;
  for (const auto& [lineage, version] : run) {
    lineages.push_back(lineage);
    if (lineages.size() <= 5) add_word(ids, lineage.certificate);
  }
  if (lineages.size() > 5) ids += " and " + std::to_string(lineages.size() - 5) + " more";
  if (!outcome) {
    const Millis pause = pause_after(hook.tries);
    hook.not_before = env_.boottime() + pause;
    hook.complaint.say("the deploy program " + program + " failed: " + outcome.error().message,
                       " (for " + ids + "); it is run again " + format_relative(pause / 1000));
    if (on_failure) on_failure(program, lineages, outcome.error().message);
    return;
  }
  hook.tries = 0;
  hook.not_before = 0;
  hook.complaint.over();
  log_.notice("deployed by " + program + ": " + ids);
  for (const auto& [lineage, version] : run) hook.done[lineage] = version;
  save();
}

void Deploy::save() {
  DeploysRecord all;
  for (const auto& hook : hooks_) {
    for (const auto& [lineage, version] : hook->done)
      if (certificates_.all().contains(lineage))
        all.deployed.push_back({hook->config.id, lineage, version});
    if (hook->tries != 0) all.tries.push_back({hook->config.id, hook->tries, hook->last_try});
  }
  auto saved = store_.save_deploys(all);
  saved ? store_complaint_.over()
        : store_complaint_.say(saved.error().message +
                               "; deploy programs are run again when the "
                               "helper starts again");
}

void Deploy::add_to(std::vector<pollfd>& fds) const {
  for (const auto& hook : hooks_) hook->run.add_to(fds);
}

Millis Deploy::next_deadline(Millis otherwise) const {
  Millis next = exports_.next_deadline(otherwise);
  if (stale_) next = std::min(next, first_install_ == 0 ? env_.boottime() : quiet_at_);
  for (const auto& hook : hooks_) {
    if (hook->run.is_running())
      next = std::min(next, hook->run.deadline());
    else if (hook->waits)
      next = std::min(next, hook->not_before);
  }
  return next;
}

void Deploy::ended(pid_t pid, int status) {
  for (const auto& hook : hooks_) hook->run.ended(pid, status);
}

void Deploy::await(Millis longest) {
  const Millis end_at = env_.boottime() + longest;
  for (const auto& hook : hooks_) {
    while (hook->run.is_running()) {
      const Millis left = end_at - env_.boottime();
      if (left <= 0) return;
      std::vector<pollfd> fds;
      hook->run.add_to(fds);
      poll(fds.data(), fds.size(), static_cast<int>(std::min<Millis>(left, kLook)));
      int status = 0;
      for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) ended(pid, status);
      if (auto outcome = hook->run.take()) end(*hook, *outcome);
    }
  }
}

void Deploy::stop() {
  for (const auto& hook : hooks_) hook->run.stop();
}

}  // namespace acme::keeper
