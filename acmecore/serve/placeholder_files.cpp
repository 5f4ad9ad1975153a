#include "serve/placeholder_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "crypto/cert.h"
#include "store/store.h"

namespace acme::serve {
namespace {

constexpr std::string_view kKeyFile = "key.pem";
constexpr const char* kNoName = "placeholder.invalid";

Result<Directory> emptied_folder(const Env& env, const std::string& state_path, Log& log) {
  ACME_TRY(Store store, Store::open(env, state_path, Store::Mode::read_write, log));
  return store.emptied_placeholders();
}

// Not made durable: the next start makes another one.
Outcome write_all(const Env& env, int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t n = env.write(fd, bytes.data(), bytes.size());
    if (n == -EINTR) continue;
    if (n <= 0)
      return fail(Errc::io, "cannot write " + path + ": " +
                                std::strerror(n < 0 ? static_cast<int>(-n) : EIO));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Outcome write_new(const Directory& folder, const std::string& name, std::string_view bytes) {
  int fd = folder.env().open_at(folder.fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                                0600);
  if (fd < 0) return folder.error("create", name, -fd);
  UniqueFd file(fd);
  return write_all(folder.env(), fd, bytes, folder.path_of(name));
}

}  // namespace

Outcome PlaceholderFiles::make_key() {
  if (key_.get()) return {};
  ACME_TRY(key_, PrivateKey::generate(KeyType::ecdsa256));
  return {};
}

Result<std::string> PlaceholderFiles::pem_for(const std::vector<std::string>& names) const {
  ACME_TRY(std::string der, make_placeholder(key_, names, env_.now()));
  // Twice: mod_ssl looks for the issuer's certificate, which is the same, when
  // it is asked for stapling, and complains where it finds none.
  return chain_to_pem({der, der});
}

// The first failure is told, and decides for all that follow.
Outcome PlaceholderFiles::open_folder(const std::string& state_path) {
  if (looked_for_folder_) return {};
  looked_for_folder_ = true;
  ACME_TRY(Secret key, key_.pem());
  auto folder = emptied_folder(env_, state_path, log_);
  Outcome written =
      folder ? write_new(*folder, std::string(kKeyFile), key.view()) : Outcome(folder.error());
  if (written) {
    folder_.emplace(std::move(*folder));
  } else {
    log_.error("placeholder certificates cannot be stored (" + written.error().message +
               "): one without a name, in memory, stands for all");
  }
  return {};
}

Result<const PlaceholderFiles::Paths*> PlaceholderFiles::of_certificate(
    const std::string& state_path, const std::string& id, const std::vector<std::string>& names) {
  if (auto it = made_.find(id); it != made_.end()) return &it->second;
  ACME_CHECK(make_key());
  ACME_CHECK(open_folder(state_path));
  if (!folder_) return anonymous();
  ACME_TRY(std::string pem, pem_for(names));
  const std::string file = id + ".crt";  // no id's file is the key's
  if (auto written = write_new(*folder_, file, pem); !written) {
    log_.error("a placeholder certificate cannot be stored: " + written.error().message);
    return anonymous();
  }
  Paths paths{folder_->path_of(file), folder_->path_of(kKeyFile)};
  return &made_.emplace(id, std::move(paths)).first->second;
}

Result<const PlaceholderFiles::Paths*> PlaceholderFiles::anonymous() {
  if (!memory_) {
    ACME_CHECK(make_key());
    ACME_TRY(std::string pem, pem_for({kNoName}));
    ACME_TRY(Secret key, key_.pem());
    int fd = env_.memory_file("acme-placeholder");
    if (fd < 0)
      return fail(Errc::no_memory,
                  std::string("memfd_create for a placeholder certificate: ") + std::strerror(-fd));
    UniqueFd memory(fd);
    if (fchmod(fd, 0600) < 0) return fail(Errc::io, "fchmod of a placeholder certificate");
    ACME_CHECK(write_all(env_, fd, pem, "a placeholder certificate"));
    ACME_CHECK(write_all(env_, fd, key.view(), "a placeholder certificate"));
    memory_ = std::move(memory);
    anonymous_.certificate = anonymous_.key = "/proc/self/fd/" + std::to_string(memory_.get());
  }
  return &anonymous_;
}

}  // namespace acme::serve
