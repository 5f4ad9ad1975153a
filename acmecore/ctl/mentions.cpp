#include "ctl/mentions.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string_view>

#include "base/text.h"

namespace acme::ctl {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kDeepest = 32;  // includes in includes: a circle ends there
constexpr std::size_t kMostFiles = 50'000;

using Words = std::vector<std::string>;

// As both servers read a line, near enough: words, quotes taken off, no comment. nginx's `;` and
// braces are words, so that one that ends is not taken for the next one's value.
Words words_of(std::string_view line, bool httpd) {
  Words words;
  std::string word;
  bool any = false;
  char quote = 0;
  const auto end = [&] {
    if (any) words.push_back(std::move(word));
    word.clear();
    any = false;
  };
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '#' && !any) {
      break;
    } else if (!any && (c == '"' || c == '\'')) {
      quote = c;
      any = true;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      end();
    } else if (!httpd && (c == ';' || c == '{' || c == '}') && !word.ends_with('$')) {
      end();
      words.emplace_back(1, c);
    } else {
      word += c;
      any = true;
    }
  }
  end();
  return words;
}

Words expanded(const std::string& pattern) {
  glob_t found{};
  Words paths;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  globfree(&found);
  return paths;
}

class Reader {
 public:
  Reader(std::string base, bool httpd) : base_(std::move(base)), httpd_(httpd) {}

  // httpd includes a folder with all that is below.
  void read(const std::string& path, unsigned depth) {
    std::error_code error;
    if (depth > kDeepest) return;
    if (!httpd_ || !fs::is_directory(path, error)) return read_file(path, depth);
    std::set<std::string> inside;
    for (const auto& entry : fs::directory_iterator(path, error)) inside.insert(entry.path());
    for (const std::string& each : inside) read(each, depth + 1);
  }

  std::vector<Mention> take() { return std::move(found_); }

 private:
  void read_file(const std::string& path, unsigned depth) {
    std::error_code error;
    if (!fs::is_regular_file(path, error) || ++files_ > kMostFiles) return;
    std::ifstream in(path);
    std::string text;
    unsigned number = 0;
    while (std::getline(in, text)) {
      const unsigned first = ++number;
      std::string more;
      while (httpd_ && text.ends_with('\\') && std::getline(in, more)) {
        text.back() = ' ';
        text += more;
        ++number;
      }
      const Words words = words_of(text, httpd_);
      // httpd counts a continued line by its last one.
      const Line line{path, httpd_ ? number : first, depth};
      if (httpd_)
        look_at_httpd(words, text, line);
      else
        look_at_nginx(words, line);
    }
  }

  struct Line {
    const std::string& file;
    unsigned number;
    unsigned depth;
  };

  void add(Mention::Kind kind, const Line& line, const std::string& what) {
    found_.push_back({kind, line.file, line.number, what});
  }

  void include(const std::string& pattern, const Line& line) {
    for (const std::string& path :
         expanded(pattern.starts_with('/') ? pattern : base_ + "/" + pattern))
      read(path, line.depth + 1);
  }

  void look_at_nginx(const Words& words, const Line& line) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      const bool begins =
          i == 0 || words[i - 1] == ";" || words[i - 1] == "{" || words[i - 1] == "}";
      const std::string value = i + 1 < words.size() ? words[i + 1] : std::string();
      if (begins && word == "include") include(value, line);
      if (begins && word == "load_module" && value.ends_with("ngx_acme_module.so"))
        add(Mention::Kind::loads, line, word);
      if (begins && word == "acme_status") add(Mention::Kind::directive, line, word);
      for (const char* name : {"acme_state", "acme_certificate_key", "acme_certificate"})
        if (uses_variable(word, name)) add(Mention::Kind::uses, line, "$" + std::string(name));
    }
  }

  static bool uses_variable(const std::string& word, const std::string& name) {
    for (const std::string& spelled : {"$" + name, "${" + name}) {
      const std::size_t at = word.find(spelled);
      if (at == std::string::npos) continue;
      const std::size_t end = at + spelled.size();
      const char next = end < word.size() ? word[end] : ' ';
      if (next != '_' && !std::isalnum(static_cast<unsigned char>(next))) return true;
    }
    return false;
  }

  void look_at_httpd(const Words& words, const std::string& text, const Line& line) {
    if (words.size() < 2) return;
    const std::string name = lower(words[0]);
    if (name == "include" || name == "includeoptional") include(words[1], line);
    if (name == "loadmodule" && words[1] == "acme_module")
      add(Mention::Kind::loads, line, "LoadModule");
    if (name == "sethandler" && words[1] == "acme-status")
      add(Mention::Kind::uses, line, "SetHandler acme-status");
    if (text.find("ACME_STATE") != std::string::npos)
      add(Mention::Kind::uses, line, "the variable ACME_STATE");
  }

  const std::string base_;
  const bool httpd_;
  std::size_t files_ = 0;
  std::vector<Mention> found_;
};

}  // namespace

std::vector<Mention> mentions_in(const std::string& file, const std::string& root, bool httpd) {
  if (file.empty()) return {};
  Reader reader(httpd ? root : fs::path(file).parent_path().string(), httpd);
  reader.read(file, 0);
  return reader.take();
}

}  // namespace acme::ctl
