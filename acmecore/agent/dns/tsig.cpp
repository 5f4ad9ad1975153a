#include "agent/dns/tsig.h"

#include <ldns/ldns.h>

#include <memory>
#include <optional>

namespace acme::agent::dns {
namespace {

constexpr std::uint16_t kTypeTsig = 250;
constexpr std::uint16_t kClassAny = 255;
constexpr std::uint16_t kFudge = 300;  // seconds that clocks may differ
constexpr std::size_t kHeader = 12;
constexpr std::size_t kAdditionalCount = 10;  // where it stands in the header

enum ErrorCode : std::uint16_t { kBadSig = 16, kBadKey = 17, kBadTime = 18 };

void put(std::string& out, std::uint64_t number, std::size_t size) {
  while (size-- > 0) out += static_cast<char>(number >> (8 * size));
}

std::string_view algorithm_name(HmacHash hash) {
  switch (hash) {
    case HmacHash::sha384:
      return "hmac-sha384";
    case HmacHash::sha512:
      return "hmac-sha512";
    default:
      return "hmac-sha256";
  }
}

// Lower case, not compressed: the canonical form.
Result<std::string> name_on_the_wire(const std::string& name) {
  std::unique_ptr<ldns_rdf, decltype(&ldns_rdf_deep_free)> rdf(ldns_dname_new_frm_str(name.c_str()),
                                                               &ldns_rdf_deep_free);
  if (!rdf) return fail(Errc::invalid_config, "the key's name is none that DNS could know");
  ldns_dname2canonical(rdf.get());
  return std::string(reinterpret_cast<const char*>(ldns_rdf_data(rdf.get())),
                     ldns_rdf_size(rdf.get()));
}

// The fields of a TSIG record that are signed, and those that are not.
struct Record {
  std::string algorithm;  // on the wire
  std::uint64_t time = 0;
  std::uint16_t fudge = kFudge;
  std::string mac;
  std::uint16_t original_id = 0;
  std::uint16_t error = 0;
  std::string other;
};

std::string variables(const std::string& key_name, const Record& record) {
  std::string out = key_name;
  put(out, kClassAny, 2);
  put(out, 0, 4);  // TTL
  out += record.algorithm;
  put(out, record.time, 6);
  put(out, record.fudge, 2);
  put(out, record.error, 2);
  put(out, record.other.size(), 2);
  return out + record.other;
}

// What is read of an answer: any name server's bytes, or anybody's.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }
  std::uint64_t number(std::size_t size) {
    std::uint64_t out = 0;
    for (char byte : take(size)) out = out << 8 | static_cast<unsigned char>(byte);
    return out;
  }
  std::string_view take(std::size_t size) {
    if (!ok_ || bytes_.size() - at_ < size) {
      ok_ = false;
      return {};
    }
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  void skip_name() {
    for (;;) {
      const auto length = static_cast<std::size_t>(number(1));
      if (!ok_ || length == 0) return;
      if (length >= 0xC0) {  // the rest stands elsewhere
        take(1);
        return;
      }
      take(length);
    }
  }
  // A name that is whole where it stands; as it is in a TSIG record (RFC 8945 4.2).
  std::string name() {
    const std::size_t begin = at_;
    std::string out;
    for (;;) {
      const auto length = static_cast<std::size_t>(number(1));
      if (!ok_ || length >= 0xC0 || at_ - begin > 255) {
        ok_ = false;
        return {};
      }
      out += static_cast<char>(length);
      if (length == 0) return out;
      for (char c : take(length))
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

struct Found {
  std::size_t begin = 0;
  Record record;
};

// The last record of a message, where that is a TSIG.
std::optional<Found> find_tsig(std::string_view message) {
  Reader in(message);
  in.take(4);
  const std::uint64_t questions = in.number(2);
  const std::uint64_t records = in.number(2) + in.number(2) + in.number(2);
  for (std::uint64_t i = 0; in.ok() && i < questions; ++i) {
    in.skip_name();
    in.take(4);
  }
  for (std::uint64_t i = 1; in.ok() && i < records; ++i) {
    in.skip_name();
    in.take(8);
    in.take(in.number(2));
  }
  if (!in.ok() || records == 0) return std::nullopt;
  Found found;
  found.begin = in.at();
  in.skip_name();
  if (in.number(2) != kTypeTsig) return std::nullopt;
  in.take(6 + 2);  // class, TTL, length
  Record& record = found.record;
  record.algorithm = in.name();
  record.time = in.number(6);
  record.fudge = static_cast<std::uint16_t>(in.number(2));
  record.mac = in.take(in.number(2));
  record.original_id = static_cast<std::uint16_t>(in.number(2));
  record.error = static_cast<std::uint16_t>(in.number(2));
  record.other = in.take(in.number(2));
  if (!in.ok() || in.at() != message.size()) return std::nullopt;
  return found;
}

std::uint16_t additional_count(std::string_view message) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(message[kAdditionalCount]) << 8 |
                                    static_cast<unsigned char>(message[kAdditionalCount + 1]));
}
void set_additional_count(std::string& message, std::uint16_t count) {
  message[kAdditionalCount] = static_cast<char>(count >> 8);
  message[kAdditionalCount + 1] = static_cast<char>(count & 0xff);
}

}  // namespace

Result<SignedMessage> tsig_sign(std::string message, const TsigKey& key, WallTime now) {
  if (message.size() < kHeader) return fail(Errc::internal, "a DNS message without a header");
  ACME_TRY(const std::string name, name_on_the_wire(key.name));
  Record record;
  ACME_TRY(record.algorithm, name_on_the_wire(std::string(algorithm_name(key.hash))));
  record.time = static_cast<std::uint64_t>(now);
  ACME_TRY(record.mac, hmac(key.hash, key.secret, message + variables(name, record)));

  std::string data = record.algorithm;
  put(data, record.time, 6);
  put(data, record.fudge, 2);
  put(data, record.mac.size(), 2);
  data += record.mac;
  data += message.substr(0, 2);  // the original id
  put(data, 0, 2);               // error
  put(data, 0, 2);               // no other data
  const std::uint16_t count = additional_count(message);
  message += name;
  put(message, kTypeTsig, 2);
  put(message, kClassAny, 2);
  put(message, 0, 4);
  put(message, data.size(), 2);
  message += data;
  set_additional_count(message, static_cast<std::uint16_t>(count + 1));
  return SignedMessage{std::move(message), std::move(record.mac)};
}

Tsig tsig_verify(std::string_view answer, const TsigKey& key, std::string_view request_mac,
                 WallTime now) {
  const std::optional<Found> found = find_tsig(answer);
  if (!found) return Tsig::absent;
  const Record& record = found->record;
  // These two are not signed: there is no key that both know.
  if (record.error == kBadKey) return Tsig::refused_key;
  if (record.error == kBadSig) return Tsig::refused_mac;
  const auto name = name_on_the_wire(key.name);
  const auto algorithm = name_on_the_wire(std::string(algorithm_name(key.hash)));
  if (!name || !algorithm || record.algorithm != *algorithm) return Tsig::bad_signature;

  std::string bytes;
  put(bytes, request_mac.size(), 2);
  bytes += request_mac;
  std::string message(answer.substr(0, found->begin));
  set_additional_count(message, static_cast<std::uint16_t>(additional_count(answer) - 1));
  message[0] = static_cast<char>(record.original_id >> 8);
  message[1] = static_cast<char>(record.original_id & 0xff);
  const auto mac = hmac(key.hash, key.secret, bytes + message + variables(*name, record));
  if (!mac || !equal_bytes(*mac, record.mac)) return Tsig::bad_signature;
  if (record.error == kBadTime) return Tsig::refused_time;
  const auto time = static_cast<WallTime>(record.time);
  if (time > now + record.fudge || time < now - record.fudge) return Tsig::refused_time;
  return Tsig::good;
}

}  // namespace acme::agent::dns
