#include "crypto/cert.h"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <new>
#include <optional>
#include <utility>

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/general_names.h"
#include "crypto/openssl.h"
#include "crypto/pem_object.h"

namespace acme {
namespace {

// A CA's clock may run ahead of ours this far.
constexpr std::int64_t kClockTolerance = kHour;

// ---- reading

Result<ossl::Certificate> parse(std::string_view der) {
  auto* at = reinterpret_cast<const unsigned char*>(der.data());
  auto* end = at + der.size();
  if (der.size() > kMaxChainBytes) return fail(Errc::protocol, "a certificate of over 128 KiB");
  ossl::Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate) return fail(Errc::protocol, ossl::error("not a certificate").message);
  if (at != end) return fail(Errc::protocol, "bytes after the end of a certificate");
  return certificate;
}

std::optional<WallTime> to_wall_time(const ASN1_TIME* time) {
  std::tm tm{};
  if (!ASN1_TIME_to_tm(time, &tm)) return std::nullopt;
  return timegm(&tm);
}

std::string one_line(const X509_NAME* name) {
  ossl::Bio out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  return printable(ossl::contents(out.get()));
}

std::string common_name(const X509_NAME* name) {
  int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* utf8 = nullptr;
  int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (size < 0) return {};
  std::string out(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return printable(out);
}

std::vector<std::string> subject_names(const X509* certificate) {
  ossl::GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  return from_general_names(names.get());
}

// The contents octets of the DER INTEGER: with a leading 00 where the first bit is set.
std::string serial_octets(const X509* certificate) {
  unsigned char* der = nullptr;
  int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &der);
  if (size <= 0) return {};
  const unsigned char* at = der;
  long length = 0;
  int tag = 0;
  int tag_class = 0;
  ASN1_get_object(&at, &length, &tag, &tag_class, size);
  std::string out(reinterpret_cast<const char*>(at), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return out;
}

std::string ari_id(X509* certificate) {
  const ASN1_OCTET_STRING* authority = X509_get0_authority_key_id(certificate);
  if (!authority || ASN1_STRING_length(authority) == 0) return {};
  return base64url_encode(ossl::bytes(authority)) + "." +
         base64url_encode(serial_octets(certificate));
}

Result<CertificateInfo> inspect(X509* certificate, std::string_view der) {
  auto not_before = to_wall_time(X509_get0_notBefore(certificate));
  auto not_after = to_wall_time(X509_get0_notAfter(certificate));
  if (!not_before || !not_after) return fail(Errc::protocol, "a certificate with malformed dates");
  CertificateInfo info;
  info.names = subject_names(certificate);
  info.not_before = *not_before;
  info.not_after = *not_after;
  info.serial = hex(ossl::bytes(X509_get0_serialNumber(certificate)));
  info.subject = one_line(X509_get_subject_name(certificate));
  info.issuer = common_name(X509_get_issuer_name(certificate));
  if (info.issuer.empty()) info.issuer = one_line(X509_get_issuer_name(certificate));
  info.ari_id = ari_id(certificate);
  info.fingerprint = hex(sha256(der));
  return info;
}

// ---- PEM

bool at_end_of_pem() {
  return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

// Text is tolerated around the certificates, other bytes are not.
bool is_text(std::string_view pem) {
  auto harmless = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 || byte == '\t' || byte == '\n' || byte == '\r';
  };
  return std::all_of(pem.begin(), pem.end(), harmless);
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

// ---- the chain's checks, one each; the first that fails speaks

Outcome check_size(const std::vector<std::string>& der) {
  std::size_t bytes = 0;
  for (const std::string& certificate : der) bytes += certificate.size();
  if (der.empty()) return fail(Errc::protocol, "the chain is empty");
  if (der.size() > kMaxChainLength)
    return fail(Errc::protocol, "the chain has " + std::to_string(der.size()) +
                                    " certificates; at most " + std::to_string(kMaxChainLength) +
                                    " are accepted");
  if (bytes > kMaxChainBytes)
    return fail(Errc::protocol, "the chain has " + std::to_string(bytes) + " bytes; at most " +
                                    std::to_string(kMaxChainBytes) + " are accepted");
  return {};
}

std::string key_fingerprint(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  int size = key ? i2d_PUBKEY(key, &der) : -1;
  if (size <= 0) return "unreadable";
  std::string out = hex(sha256(std::span<const std::uint8_t>(der, static_cast<std::size_t>(size))));
  OPENSSL_free(der);
  return out;
}

Outcome check_key(const X509* leaf, const PrivateKey& ours) {
  EVP_PKEY* theirs = X509_get0_pubkey(leaf);
  if (theirs && EVP_PKEY_eq(theirs, ours.get()) == 1) return {};
  return fail(Errc::protocol, "the certificate is for another key (SHA-256 of its public key " +
                                  key_fingerprint(theirs) + ", of ours " +
                                  key_fingerprint(ours.get()) + ")");
}

Outcome check_names(const std::vector<std::string>& found, const std::vector<std::string>& asked) {
  std::vector<std::string> wanted = canonical_names(asked);
  if (found == wanted) return {};
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::set_difference(wanted.begin(), wanted.end(), found.begin(), found.end(),
                      std::back_inserter(missing));
  std::set_difference(found.begin(), found.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(extra));
  std::string message = "the certificate's names are not those asked for";
  if (!missing.empty()) message += "; missing: " + printable(join(missing, ", "));
  if (!extra.empty()) message += "; not asked for: " + printable(join(extra, ", "));
  return fail(Errc::protocol, std::move(message));
}

Outcome check_dates(const CertificateInfo& leaf, WallTime now) {
  if (leaf.not_after <= now)
    return fail(Errc::protocol, "the certificate expired on " + format_rfc3339(leaf.not_after) +
                                    "; it is now " + format_rfc3339(now));
  if (leaf.not_before > now + kClockTolerance)
    return fail(Errc::protocol, "the certificate is not valid before " +
                                    format_rfc3339(leaf.not_before) + "; it is now " +
                                    format_rfc3339(now));
  return {};
}

// X509_check_issued compares names, key identifiers and key usage; it does not
// look at the signature.
Outcome check_link(X509* subject, X509* issuer, std::size_t position) {
  auto refuse = [&](const std::string& why) {
    return fail(Errc::protocol, "certificate " + std::to_string(position + 1) +
                                    " of the chain (\"" + one_line(X509_get_subject_name(subject)) +
                                    "\") " + why + " the next (\"" +
                                    one_line(X509_get_subject_name(issuer)) + "\")");
  };
  if (int code = X509_check_issued(issuer, subject); code != X509_V_OK)
    return refuse(std::string("is not issued by (") + X509_verify_cert_error_string(code) + ")");
  if (X509_check_ca(issuer) == 0) return refuse("is issued by what is no CA:");
  EVP_PKEY* key = X509_get0_pubkey(issuer);
  if (!key || X509_verify(subject, key) != 1) return refuse("is not signed by");
  return {};
}

}  // namespace

Result<CertificateInfo> inspect_certificate(std::string_view der) {
  ossl::QueueGuard guard;
  ACME_TRY(ossl::Certificate certificate, parse(der));
  return inspect(certificate.get(), der);
}

Result<std::vector<std::string>> chain_blocks(std::string_view pem) {
  if (pem.empty()) return fail(Errc::protocol, "the certificate chain is empty");
  if (pem.size() > kMaxChainBytes)
    return fail(Errc::protocol, "a certificate chain of over 128 KiB");
  if (!is_text(pem)) return fail(Errc::protocol, "the certificate chain is not text");
  ossl::QueueGuard guard;
  ossl::Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!in) throw std::bad_alloc();
  std::vector<std::string> chain;
  for (;;) {
    ossl::PemObject object;
    if (!object.read(in.get())) break;
    if (!object.is_certificate())
      return fail(Errc::protocol, "the certificate chain has something else in it: \"" +
                                      printable(object.name) + "\"");
    if (chain.size() == kMaxChainLength)
      return fail(Errc::protocol,
                  "the chain has over " + std::to_string(kMaxChainLength) + " certificates");
    chain.emplace_back(object.der());
  }
  if (!at_end_of_pem()) return fail(Errc::protocol, ossl::error("damaged PEM").message);
  // OpenSSL takes a misspelt first line for a comment, and the certificate would be lost.
  if (count(pem, "-----BEGIN") != chain.size())
    return fail(Errc::protocol, "damaged PEM: a BEGIN line without a certificate");
  if (chain.empty()) return fail(Errc::protocol, "no certificate in PEM form");
  return chain;
}

Result<std::vector<std::string>> chain_from_pem(std::string_view pem) {
  ossl::QueueGuard guard;
  ACME_TRY(std::vector<std::string> chain, chain_blocks(pem));
  for (const std::string& der : chain) {
    ACME_TRY([[maybe_unused]] ossl::Certificate parsed, parse(der));
  }
  return chain;
}

std::string chain_to_pem(const std::vector<std::string>& der) {
  ossl::QueueGuard guard;
  ossl::Bio out(BIO_new(BIO_s_mem()));
  if (!out) throw std::bad_alloc();
  for (const std::string& certificate : der) {
    if (PEM_write_bio(out.get(), PEM_STRING_X509, "",
                      reinterpret_cast<const unsigned char*>(certificate.data()),
                      static_cast<long>(certificate.size())) <= 0)
      throw std::bad_alloc();
  }
  return std::string(ossl::contents(out.get()));
}

Result<CertificateInfo> check_chain(const std::vector<std::string>& der,
                                    const ChainExpectation& expected) {
  if (!expected.key || !expected.key->get() || expected.names.empty())
    return fail(Errc::invalid_argument, "a chain cannot be checked without key and names");
  ossl::QueueGuard guard;
  ACME_CHECK(check_size(der));
  std::vector<ossl::Certificate> chain;
  for (const std::string& certificate : der) {
    ACME_TRY(ossl::Certificate parsed, parse(certificate));
    chain.push_back(std::move(parsed));
  }
  ACME_TRY(CertificateInfo leaf, inspect(chain.front().get(), der.front()));
  ACME_CHECK(check_key(chain.front().get(), *expected.key));
  ACME_CHECK(check_names(leaf.names, expected.names));
  ACME_CHECK(check_dates(leaf, expected.now));
  for (std::size_t i = 0; i + 1 < chain.size(); ++i)
    ACME_CHECK(check_link(chain[i].get(), chain[i + 1].get(), i));
  return leaf;
}

bool names_cover(const std::vector<std::string>& names, std::string_view host) {
  std::string exact = canonical_name(host);
  std::size_t dot = exact.find('.');
  bool has_parent = dot != std::string::npos && dot > 0 && address_bytes(exact).empty();
  std::string wildcard = has_parent ? "*" + exact.substr(dot) : std::string();
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    std::string candidate = canonical_name(name);
    return candidate == exact || (has_parent && candidate == wildcard);
  });
}

}  // namespace acme
