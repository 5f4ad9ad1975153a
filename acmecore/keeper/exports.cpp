#include "keeper/exports.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "keeper/runtime_path.h"
#include "store/atomic_file.h"

namespace acme::keeper {
namespace {

constexpr Millis kFirstBackoff = 60'000;
constexpr Millis kLongestBackoff = 3'600'000;
constexpr const char* kVersions = ".versions";

// The first kind of key has the certificate's name, every other one its own beside it.
std::string folder_name(const Managed& managed) {
  const std::string& id = managed.lineage.certificate;
  if (managed.lineage.key == managed.config->keys.front()) return id;
  return id + "." + std::string(key_type_slug(managed.lineage.key));
}

struct Mode {
  mode_t bits;
  gid_t group;
};

// Where the file system knows no groups there is nothing that may be read.
Outcome give(int fd, Mode mode, const std::string& path) {
  const auto failed = [&](const char* call) {
    return fail(Errc::io, path + ": " + call + ": " + std::strerror(errno));
  };
  if (fchown(fd, static_cast<uid_t>(-1), mode.group) < 0) return failed("chgrp");
  if (fchmod(fd, mode.bits) < 0) return failed("chmod");
  return {};
}

Outcome give_file(const Directory& dir, const char* name, gid_t group) {
  UniqueFd file(dir.env().open_at(dir.fd(), name, O_RDONLY, 0));
  if (!file) return dir.error("open", name, -file.get());
  return give(file.get(), {0640, group}, dir.path_of(name));
}

// All but those that the link leads to, and led to before.
void prune(const Directory& versions, const std::string& keep, const std::string& before) {
  auto entries = versions.list();
  if (!entries) return;
  for (const DirectoryEntry& entry : *entries)
    if (entry.name != keep && entry.name != before)
      if (auto ignored = remove_tree(versions, entry.name); !ignored) return;
}

}  // namespace

namespace {

bool is_among(const Managed& managed, const std::vector<std::string>& only) {
  const auto& names = managed.config->names;
  return std::any_of(only.begin(), only.end(), [&](const std::string& name) {
    return lower(managed.lineage.certificate) == name ||
           std::find(names.begin(), names.end(), name) != names.end();
  });
}

}  // namespace

bool is_meant(const Managed& managed, const std::vector<std::string>& only) {
  return managed.stored && !managed.waits_for_reload && (only.empty() || is_among(managed, only));
}

void warn_of_strangers(Log& log, const char* what, const Certificates& certificates,
                       const std::vector<std::string>& only) {
  const auto& all = certificates.all();
  for (const std::string& name : only)
    if (std::none_of(all.begin(), all.end(),
                     [&](const auto& each) { return is_among(each.second, {name}); }))
      log.warning(std::string(what) + ": for=" + printable(name) +
                  ": no certificate is called so or has that name");
}

// CAs promise serial numbers of their own to each certificate; who made these here is not asked.
std::string version_of(const Managed& managed) {
  return managed.stored->serial + " of " + format_rfc3339(managed.stored->stored);
}

Exports::Exports(const Env& env, Log& log, const Config& config, Store& store,
                 const Certificates& certificates)
    : env_(env),
      config_(config),
      log_(log),
      store_(store),
      certificates_(certificates),
      complaint_(env, log) {
  for (const ExportConfig& each : config_.hooks.exports) targets_.push_back({&each, {}});
}

void Exports::look() {
  look_at_ = 0;
  Outcome outcome;
  for (Target& target : targets_) {
    for (const auto& [lineage, managed] : certificates_.all()) {
      if (!is_meant(managed, target.config->only)) continue;
      std::string& done = target.done[lineage];
      if (done == version_of(managed)) continue;
      Outcome written = write(*target.config, managed);
      if (written) done = version_of(managed);
      if (!written && outcome) outcome = written;
    }
  }
  if (outcome) {
    backoff_ = 0;
    return complaint_.over();
  }
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  look_at_ = env_.boottime() + backoff_;
  complaint_.say("a certificate cannot be exported: " + outcome.error().message,
                 "; tried again " + format_relative(backoff_ / 1000));
}

Millis Exports::next_deadline(Millis otherwise) const {
  return look_at_ == 0 ? otherwise : std::min(otherwise, look_at_);
}

bool Exports::has(const Managed& managed) const {
  return std::all_of(targets_.begin(), targets_.end(), [&](const Target& target) {
    if (!is_meant(managed, target.config->only)) return true;
    auto done = target.done.find(managed.lineage);
    return done != target.done.end() && done->second == version_of(managed);
  });
}

std::vector<std::string> Exports::folders_of(const Managed& managed) const {
  std::vector<std::string> out;
  for (const Target& target : targets_)
    if (is_meant(managed, target.config->only))
      out.push_back(target.config->dir + "/" + folder_name(managed));
  return out;
}

// The version is whole, with its rights, before the link leads to it. One that is there already,
// after a restart, is not written again, but another group may be configured.
Outcome Exports::write(const ExportConfig& config, const Managed& managed) {
  ACME_CHECK(open_runtime_path(env_, config.dir, "the folder of exports"));
  ACME_TRY(const Directory top,
           Directory::open_trusted(env_, config.dir, Directory::Missing::fail));
  ACME_TRY(const Version version, store_.load_current(managed.lineage));
  const std::string folder = folder_name(managed);
  const std::string target = std::string(kVersions) + "/" + folder + "/" + version.name;
  auto link = top.read_link(folder);
  const bool is_there = link && *link == target && top.has(target);
  if (!link && top.has(folder))
    return fail(Errc::io, top.path_of(folder) +
                              " is there and is no export: move it away, or choose another dir=");

  ACME_TRY(const Directory all, top.make(kVersions));
  ACME_TRY(const Directory versions, all.make(folder));
  ACME_CHECK(give(all.fd(), {0750, config.gid}, all.path()));
  ACME_CHECK(give(versions.fd(), {0750, config.gid}, versions.path()));
  if (!is_there) ACME_CHECK(remove_tree(versions, version.name));  // what a crash left
  ACME_TRY(const Directory made, versions.make(version.name));
  if (!is_there) ACME_CHECK(write_file(made, "fullchain.pem", version.chain_pem));
  if (!is_there) ACME_CHECK(write_file(made, "privkey.pem", version.key_pem.view()));
  ACME_CHECK(give_file(made, "fullchain.pem", config.gid));
  ACME_CHECK(give_file(made, "privkey.pem", config.gid));
  ACME_CHECK(give(made.fd(), {0750, config.gid}, made.path()));
  if (is_there) return {};
  ACME_CHECK(made.sync());
  ACME_CHECK(versions.sync());
  ACME_CHECK(replace_link(top, folder, target));
  prune(versions, version.name, link ? link->substr(link->rfind('/') + 1) : std::string());
  log_.info(managed.lineage.certificate + ": exported to " + top.path_of(folder) + " for group " +
            config.group);
  return {};
}

}  // namespace acme::keeper
