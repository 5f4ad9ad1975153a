// Any files in the folder of another ACME client: what can be read of it is keys and
// texts, the rest is said; and it reaches the keeper as it was read.
//
// The first byte chooses the client; then come files, each after a line "== its path".
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/archive.h"
#include "crypto/key.h"
#include "ctl/import_report.h"
#include "ctl/import_source.h"
#include "fuzz/answer_text.h"

namespace {

using namespace acme;
namespace fs = std::filesystem;

constexpr const char* kClients[] = {"certbot", "mod_md", "nginx-acme"};

struct Folder {
  Folder() {
    char made[] = "/tmp/acme-fuzz-XXXXXX";
    if (!mkdtemp(made)) std::abort();
    path = made;
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

bool is_inside(std::string_view path) {
  return !path.empty() && path.size() < 200 && path.front() != '/' &&
         path.find("..") == std::string_view::npos && path.find('\0') == std::string_view::npos;
}

void write_files(const std::string& folder, std::string_view text) {
  for (int files = 0; files < 20 && !text.empty(); ++files) {
    std::string_view line = fuzz::take_until(text, '\n');
    const std::size_t end = std::min(text.find("\n== "), text.size());
    const std::string_view contents = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with("== ") || !is_inside(line.substr(3))) continue;
    const fs::path path = fs::path(folder) / line.substr(3);
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
    std::ofstream(path, std::ios::binary) << contents;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const Folder folder;
  const std::string path = folder.path + "/x";
  fs::create_directory(path);
  write_files(path, {reinterpret_cast<const char*>(data) + 1, size - 1});
  auto source = ctl::read_source(kClients[data[0] % 3], path);
  fs::remove_all(path);
  if (!source) return source.error().message.empty() ? std::abort(), 0 : 0;
  for (const ipc::ForeignAccount& account : source->import.accounts)
    if (account.account_url.empty()) std::abort();
  auto arrived = decode<ipc::Import>(encode(source->import).view());
  if (!arrived || arrived->certificates.size() != source->import.certificates.size()) std::abort();
  for (char c : ctl::import_table(Json::array(), *source, 0))
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') std::abort();
  return 0;
}
