// Who is told of what happens, which programs are run for a new certificate, and where copies of
// it lie: the directives notify, deploy and export.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/event.h"
#include "base/result.h"

namespace acme {

// A program with its arguments, or a URL. Run and asked by the agent.
struct NotifyConfig {
  std::string id;                    // of what the directive says: a queue on disk belongs to it
  std::vector<std::string> command;  // the program's path first; empty: the URL
  std::string url;                   // https; may have a secret in it
  Events events = kAllEvents;

  // For the log: the program, or the URL's origin.
  std::string label() const;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.command, self.url, self.events);
  }
};

// Run by the keeper.
struct DeployConfig {
  std::string id;
  std::vector<std::string> command;
  std::vector<std::string> only;  // certificates by id or by a name of theirs; empty: all

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.id, self.command, self.only);
  }
};

// Copies that a group can read.
struct ExportConfig {
  std::string group;
  std::uint32_t gid = 0;
  std::string dir;
  std::vector<std::string> only;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.group, self.gid, self.dir, self.only);
  }
};

struct HooksConfig {
  std::vector<NotifyConfig> notify;
  std::vector<DeployConfig> deploy;
  std::vector<ExportConfig> exports;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.notify, self.deploy, self.exports);
  }
};

// One directive more. Relative paths are relative to `root`.
Outcome add_hook(HooksConfig& hooks, std::string_view key, const std::vector<std::string>& words,
                 std::string_view root);

}  // namespace acme
