#include "crypto/pem.h"

#include <algorithm>
#include <optional>

#include "crypto/pem_object.h"

namespace acme {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

// The objects of a text as we write it. OpenSSL's reader takes ten times as long, and is
// asked about all that this one does not understand.
class PlainPem {
 public:
  explicit PlainPem(std::string_view text) : rest_(text) {}

  // Nothing at the end; `understood` is false when it is not the end.
  std::optional<Secret> next() {
    const std::size_t begin = rest_.find(kBegin);
    if (begin == std::string_view::npos) return std::nullopt;
    rest_.remove_prefix(begin + kBegin.size());
    understood = false;
    const std::size_t body = rest_.find("-----\n");
    const std::size_t end = rest_.find(kEnd);
    if (body == std::string_view::npos || end == std::string_view::npos || body > end)
      return std::nullopt;
    const std::string_view name = rest_.substr(0, body + kDashes.size());
    const std::string_view base64 = rest_.substr(name.size() + 1, end - name.size() - 1);
    rest_.remove_prefix(end + kEnd.size());
    if (!rest_.starts_with(name)) return std::nullopt;
    auto der = decode(base64);
    understood = der.has_value();
    return der;
  }

  bool understood = true;

 private:
  static std::optional<Secret> decode(std::string_view lines) {
    Secret base64(lines.size());
    const auto* end =
        std::copy_if(lines.begin(), lines.end(), base64.data(), [](char c) { return c != '\n'; });
    base64.truncate(static_cast<std::size_t>(end - base64.data()));
    const std::size_t padding = base64.size() - (base64.view().find_last_not_of('=') + 1);
    if (base64.empty() || base64.size() % 4 != 0 || padding > 2) return std::nullopt;
    Secret der(base64.size() / 4 * 3);
    if (EVP_DecodeBlock(der.data(), base64.data(), static_cast<int>(base64.size())) !=
        static_cast<int>(der.size()))
      return std::nullopt;
    der.truncate(der.size() - padding);
    return der;
  }

  std::string_view rest_;
};

std::optional<KeyAndChain> read_plain(std::string_view key_pem, std::string_view chain_pem) {
  KeyAndChain out;
  PlainPem keys(key_pem);
  auto key = keys.next();
  if (!key) return std::nullopt;
  out.key = *std::move(key);
  PlainPem certificates(chain_pem);
  while (auto certificate = certificates.next()) out.chain.emplace_back(certificate->view());
  if (!certificates.understood || out.chain.empty()) return std::nullopt;
  return out;
}

ossl::Bio text_bio(std::string_view text) {
  ossl::Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

}  // namespace

Result<KeyAndChain> der_from_pem(std::string_view key_pem, std::string_view chain_pem) {
  if (auto plain = read_plain(key_pem, chain_pem)) return *std::move(plain);
  ossl::QueueGuard guard;
  KeyAndChain out;
  ossl::Bio key = text_bio(key_pem);
  ossl::PemObject key_object;
  if (!key_object.read(key.get())) return ossl::error("the stored key is no PEM file");
  out.key = Secret(key_object.der());
  ossl::Bio chain = text_bio(chain_pem);
  for (;;) {
    ossl::PemObject object;
    if (!object.read(chain.get())) break;
    out.chain.emplace_back(object.der());
  }
  if (out.chain.empty()) return ossl::error("the stored chain is no PEM file");
  return out;
}

}  // namespace acme
