// Where what is ours stands in the server's configuration: which site uses which certificate, and
// which lines are directives of the module. For `acmectl eject`. There is no value of a directive
// in it, so no secret; it may lie in the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/archive.h"

namespace acme {

struct DirectivePlace {
  std::string name;  // as the operator wrote it; "acme_issuer" of a block, its contents left out
  std::string file;
  std::uint32_t line = 0;  // nginx: where it ends
  bool is_block = false;

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.name, self.file, self.line, self.is_block);
  }
};

struct SitePlace {
  std::string file;
  std::uint32_t line = 0;  // where its block begins
  std::vector<std::string> names;
  std::vector<std::string> certificates;  // ids; the first is the site's own
  bool is_main = false;                   // httpd's main server, which has no block
  bool own_certificate = false;           // the operator gave it a file, too

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.file, self.line, self.names, self.certificates, self.is_main,
            self.own_certificate);
  }
};

// Rows as bytes: of ten thousand servers that is a piece of memory, not ten thousand.
struct ConfigLayout {
  std::string file;        // where the server begins to read; empty: not known
  std::string root;        // what httpd's relative paths are relative to
  std::string directives;  // DirectivePlace, one after another
  std::string sites;       // SitePlace, only those that use certificates of ours

  template <class Self, class Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.file, self.root, self.directives, self.sites);
  }
};

// Rows that break off end there.
template <class Row>
std::vector<Row> rows_of(const std::string& bytes) {
  std::vector<Row> rows;
  ArchiveReader reader(bytes);
  while (reader.ok() && !reader.at_end()) {
    Row row;
    reader(row);
    if (reader.ok()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace acme
