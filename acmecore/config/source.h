// What a configuration was made of, kept where a part of it may change while the
// server runs: the directives and sites in the order in which they were said.
// Said again to a new Builder (`replay`), with the domain files as they are then,
// they come to what the server's next reload would come to, by the same code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/archive.h"
#include "base/secret.h"

namespace acme {

// A domain file when it was read: any write and any other file in its place is seen.
struct DomainFileState {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed = 0;        // ctime, in nanoseconds; 0: there was none
  std::uint32_t certificates = 0;  // that it had

  bool same_file(const DomainFileState& other) const {
    return path == other.path && device == other.device && inode == other.inode &&
           size == other.size && changed == other.changed;
  }

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.path, self.device, self.inode, self.size, self.changed, self.certificates);
  }
};
DomainFileState state_of_domain_file(const std::string& path);

struct ConfigSource {
  std::string root;
  Secret steps;                        // an external account's key may stand among them
  std::vector<DomainFileState> files;  // none: nothing is kept
  // By site: whether the server has asked for its certificates ('1') or has nothing of ours.
  std::string sites;
  std::string digest = {};  // of the steps: what is kept of them in the store

  ConfigSource() = default;
  ConfigSource(const ConfigSource& other)
      : root(other.root),
        steps(other.steps.clone()),
        files(other.files),
        sites(other.sites),
        digest(other.digest) {}
  ConfigSource(ConfigSource&&) = default;
  ConfigSource& operator=(const ConfigSource& other) { return *this = ConfigSource(other); }
  ConfigSource& operator=(ConfigSource&&) = default;
  ~ConfigSource() = default;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.root, self.steps, self.files, self.sites, self.digest);
  }
};

// One thing that was said to a Builder.
struct ConfigStep {
  enum class Kind : std::uint8_t { site_scope, issuer_scope, directive, site, listener } kind;
  std::uint32_t scope = 0;          // directive, site; of a listener the site
  std::string word = {};            // of an issuer's block its name, of a directive its key, of
                                    // a listener its address
  std::vector<std::string> values;  // of a directive; of a site its names
  std::string file = {};
  std::uint32_t line = 0;  // of a listener its flags
  bool tls = false;        // site
  bool own_certificate = false;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.scope, self.word, self.values, self.file, self.line, self.tls,
            self.own_certificate);
  }
};

// Kept as bytes: of ten thousand servers that is a piece of memory, not ten thousand.
class ConfigSteps {
 public:
  // In the order of ConfigStep's fields.
  void add(ConfigStep::Kind kind, std::uint32_t scope, const std::string& word,
           const std::vector<std::string>& values, const std::string& file, std::uint32_t line,
           bool tls = false, bool own_certificate = false) {
    unread_(kind, scope, word, values, file, line, tls, own_certificate);
  }
  const Secret& bytes();

 private:
  ArchiveWriter unread_;
  Secret bytes_;
};

class Builder;
// Everything but what the server knows about itself (Builder::set_facts), which no certificate
// depends on. A domain file that cannot be read is an error.
Outcome replay(std::string_view steps, Builder& builder);

}  // namespace acme
