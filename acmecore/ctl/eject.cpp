#include "ctl/eject.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/key_type.h"
#include "base/text.h"

namespace acme::ctl {
namespace {

struct Words {
  const char* server;
  const char* module;
  const char* chain;
  const char* key;
  const char* end;
  const char* block;
  const char* loads;
  const char* own_lines;
  const char* last_step;
};
constexpr Words kNginx = {"nginx",
                          "ngx_acme_module",
                          "ssl_certificate     ",
                          "ssl_certificate_key ",
                          ";",
                          "server",
                          "load_module",
                          "ssl_certificate and ssl_certificate_key",
                          "nginx -t && nginx -s reload"};
constexpr Words kHttpd = {"httpd",
                          "mod_acme",
                          "SSLCertificateFile    ",
                          "SSLCertificateKeyFile ",
                          "",
                          "<VirtualHost>",
                          "LoadModule",
                          "SSLCertificateFile and SSLCertificateKeyFile",
                          "apachectl configtest && apachectl graceful"};

std::string text_of(const Json& value) {
  return printable(value.text_or("?"));
}

std::string names_in(const Json& list) {
  std::vector<std::string> names;
  for (const Json& name : list.items()) names.push_back(text_of(name));
  return join(names, " ");
}

std::string place_of(const Json& row) {
  return text_of(row["file"]) + ":" + std::to_string(row["line"].number_or(0));
}

// Both servers take a quoted path.
std::string quoted(const std::string& path) {
  return path.find_first_of(" ;{}#'\"") == std::string::npos ? path : "\"" + path + "\"";
}

// httpd has its virtual hosts the other way round.
bool is_before(const Json& site, const Json& other) {
  const auto key = [](const Json& row) {
    return std::pair(row["file"].text_or(""), row["line"].number_or(0));
  };
  return key(site) < key(other);
}

class Writer {
 public:
  Writer(const Ejection& ejection, WallTime now)
      : from_(ejection),
        now_(now),
        words_(ejection.status["server"].text_or("") == "httpd" ? kHttpd : kNginx) {
    for (const Json& certificate : ejection.status["certificates"].items())
      lineages_[certificate["id"].text_or("?")].push_back(certificate);
  }

  std::string write() {
    introduce();
    out_ +=
        "#\n# 1. Write these lines into these blocks. All lines are numbered as the server has "
        "read "
        "them last:\n# where you work from the end of a file upwards they stay right.\n";
    std::vector<Json> sites = from_.layout["sites"].items();
    std::stable_sort(sites.begin(), sites.end(), is_before);
    for (const Json& site : sites) write_site(site);
    write_unused();
    out_ += "\n# 2. Remove what is the module's.\n#\n";
    write_removals();
    out_ += std::string("#\n# 3. ") + words_.last_step + "\n";
    return out_;
  }

 private:
  void introduce() {
    out_ += std::string("# ") + words_.server + " without " + words_.module +
            ": nothing renews these certificates any more.\n";
    const Json* first = nullptr;
    std::string end;
    for (const auto& [id, lineages] : lineages_)
      for (const Json& lineage : lineages)
        if (auto text = lineage["not_after"].text(); text && (!first || *text < end)) {
          first = &lineage;
          end = *text;
        }
    if (first) {
      auto time = parse_rfc3339(end);
      out_ += "# The first one that ends is " + text_of((*first)["id"]) + ": " + printable(end) +
              (time ? " (" + format_relative(*time - now_) + ")" : "") + "\n";
    }
    if (!from_.store.empty())
      out_ += "# The files stay in the module's store, " + printable(from_.store) +
              ".\n# Keep it (a purge of the package takes it away), or have copies written by "
              "acmectl eject FOLDER.\n";
  }

  // Every kind of key that the certificate has been issued for.
  std::string lines_of(const std::string& id, const std::string& before) {
    std::string out;
    auto found = lineages_.find(id);
    if (found == lineages_.end()) return before + "# " + printable(id) + ": not in the store\n";
    for (const Json& lineage : found->second) {
      if (!lineage["serial"].text()) {
        out += "# no certificate (" + text_of(lineage["key"]) + ") yet\n";
        continue;
      }
      const std::string folder = from_.folder_of(lineage);
      out += before + words_.chain + quoted(folder + "/fullchain.pem") + words_.end + "\n";
      out += before + words_.key + quoted(folder + "/privkey.pem") + words_.end + "\n";
      if (auto end = lineage["not_after"].text())
        out += "# " + printable(id) + " (" + text_of(lineage["key"]) + ") ends " + printable(*end) +
               "\n";
    }
    return out;
  }

  bool is_there(const Json& certificate) {
    for (const Json& lineage : lineages_[certificate["id"].text_or("?")])
      if (lineage["serial"].text()) return true;
    return false;
  }

  void write_site(const Json& site) {
    const bool main = site["main"].truth();
    out_ += "\n# In " + place_of(site) + ", " +
            (main ? "the server configuration outside of every <VirtualHost>" : words_.block);
    const std::string names = names_in(site["names"]);
    out_ += (names.empty() ? "" : " " + names) + ":\n";
    const std::vector<Json> certificates = site["certificates"].items();
    std::optional<std::size_t> served;  // to those who ask for no name, as now
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      used_.insert(certificates[i]["id"].text_or("?"));
      if (!served && is_there(certificates[i])) served = i;
    }
    if (!served) {
      out_ += std::string("# no certificate yet. ") + words_.server +
              " does not start with a TLS server that has none: leave this one out.\n";
      return;
    }
    if (site["own_certificate"].truth())
      out_ += std::string("# Its own ") + words_.own_lines + ", if it has any, go.\n";
    out_ += lines_of(certificates[*served]["id"].text_or("?"), "");
    if (certificates.size() > 1) write_others(certificates, *served);
  }

  // What a block cannot do by itself: the module chooses by the name that is asked for.
  void write_others(const std::vector<Json>& certificates, std::size_t served) {
    out_ += "# That one is for: " + names_in(certificates[served]["names"]) +
            "\n# The module chose among " + std::to_string(certificates.size()) +
            " certificates by name. A block alone cannot: for each of the others copy\n# it, with "
            "these names and lines, and take the names out of this one.\n";
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      if (i == served) continue;
      out_ += "#   for: " + names_in(certificates[i]["names"]) + "\n";
      out_ += lines_of(certificates[i]["id"].text_or("?"), "#   ");
    }
  }

  void write_unused() {
    for (const auto& [id, lineages] : lineages_) {
      if (used_.contains(id)) continue;
      out_ += "\n# Of no block here: " + printable(id) + ", for " +
              names_in(lineages.front()["names"]) + "\n" + lines_of(id, "#   ");
    }
  }

  void write_removals() {
    // In the order of file and line: so they are found.
    std::set<std::tuple<std::string, std::int64_t, std::string>> rows;
    for (const Json& directive : from_.layout["directives"].items())
      rows.emplace(
          text_of(directive["file"]), directive["line"].number_or(0),
          text_of(directive["name"]) + (directive["block"].truth() ? ", its whole block" : ""));
    bool loaded = false;
    std::string uses;
    for (const Mention& mention : from_.mentions) {
      loaded |= mention.kind == Mention::Kind::loads;
      if (mention.kind == Mention::Kind::uses)
        uses += "# " + printable(mention.file) + ":" + std::to_string(mention.line) + ": " +
                mention.what + " means nothing any more: write something else, or nothing\n";
      else
        rows.emplace(printable(mention.file), mention.line, mention.what);
    }
    for (const auto& [file, line, what] : rows)
      out_ += "# " + file + ":" + std::to_string(line) + ": " + what + "\n";
    if (!loaded)
      out_ += std::string("# and the line ") + words_.loads + " that loads " + words_.module +
              ", which was not found in " + text_of(from_.layout["file"]) +
              " and what it includes\n";
    out_ += uses;
  }

  const Ejection& from_;
  const WallTime now_;
  const Words& words_;
  std::map<std::string, std::vector<Json>> lineages_;  // by id
  std::set<std::string> used_;
  std::string out_;
};

}  // namespace

std::string folder_in_store(const std::string& state_path, const Json& certificate) {
  const auto key = parse_key_type(certificate["key"].text_or(""));
  return state_path + "/certs/" + printable(certificate["id"].text_or("?")) + "/" +
         (key ? std::string(key_type_slug(*key)) : "?") + "/current";
}

std::string static_lines(const Ejection& ejection, WallTime now) {
  return Writer(ejection, now).write();
}

}  // namespace acme::ctl
